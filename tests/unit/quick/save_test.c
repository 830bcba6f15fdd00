/* Saving a state into a document: what changes, and above all what does not. */
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "quick_world.h"
#include "save.h"

#define KEY_A "QFRpBgpZ1oGJmJ0OzZvbqD6vZqvIDmVSpvsWgqfTNmQ="
#define KEY_1 "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="
#define KEY_2 "TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0="

/* The file, another file whose meaning is the interface's state, and what is saved. */
static const struct {
	const char *name, *file, *state, *saved;
} cases[] = {
	{"nothing changed",
		"[interface]\nprivatekey=" KEY_A
		"  # mine\n#: Name = x\n\taddress\t= 10.0.0.1/24\n",
		"[Interface]\nPrivateKey = " KEY_A "\nAddress = 10.0.0.1/24\n",
		"[interface]\nprivatekey=" KEY_A
		"  # mine\n#: Name = x\n\taddress\t= 10.0.0.1/24\n"},
	{"another spelling of the same",
		"[Interface]\nAddress = 10.0.0.1\n[Peer]\nPublicKey = " KEY_1
		"\nAllowedIPs = 10.1.2.3/16 ,fd00::1/64\nPersistentKeepalive = 0\n",
		"[Interface]\nAddress = 10.0.0.1/32\n[Peer]\nPublicKey = " KEY_1
		"\nAllowedIPs = fd00::/64, 10.1.0.0/16\n",
		"[Interface]\nAddress = 10.0.0.1\n[Peer]\nPublicKey = " KEY_1
		"\nAllowedIPs = 10.1.2.3/16 ,fd00::1/64\n"},
	{"addresses", "[Interface]\n# a\nAddress = 10.0.0.1/24 # b\nMTU = 1400\n",
		"[Interface]\nAddress = 10.0.0.2/24, fd00::1/64\nMTU = 1400\n",
		"[Interface]\n# a\nAddress = 10.0.0.2/24\nAddress = fd00::1/64\nMTU = 1400\n"},
	{"no address any more",
		"[Interface]\nAddress = 10.0.0.1/24\nAddress = 10.0.0.2/24\nDNS = 1.1.1.1, "
		"x.example\n",
		"[Interface]\n", "[Interface]\nDNS = 1.1.1.1, x.example\n"},
	{"the first address", "# c\n[Interface]\nListenPort = 5\n",
		"[Interface]\nAddress = 10.0.0.1/24\nListenPort = 5\n",
		"# c\n[Interface]\nAddress = 10.0.0.1/24\nListenPort = 5\n"},
	{"port and mark", "[Interface]\nListenPort = 5 # p\n",
		"[Interface]\nListenPort = 6\nFwMark = 0x10\n",
		"[Interface]\nListenPort = 6 # p\nFwMark = 0x10\n"},
	{"an MTU is not added", "[Interface]\n", "[Interface]\nMTU = 1300\n", "[Interface]\n"},
	{"an MTU is changed", "[Interface]\nMTU = 1400 # m\n", "[Interface]\nMTU = 1300\n",
		"[Interface]\nMTU = 1300 # m\n"},
	{"a peer goes",
		"[Interface]\n# one\n[Peer]\nPublicKey = " KEY_1
		"\n\n# two\n[Peer]\nPublicKey = " KEY_2 "\n",
		"[Interface]\n[Peer]\nPublicKey = " KEY_2 "\n",
		"[Interface]\n# one\n# two\n[Peer]\nPublicKey = " KEY_2 "\n"},
	{"a peer comes", "[Interface]\n",
		"[Interface]\n[Peer]\nPublicKey = " KEY_1 "\nAllowedIPs = 10.0.0.2/32\n",
		"[Interface]\n\n[Peer]\nPublicKey = " KEY_1 "\nAllowedIPs = 10.0.0.2/32\n"},
	{"allowed IPs on several lines",
		"[Interface]\n[Peer]\nPublicKey = " KEY_1
		"\nAllowedIPs = 10.1.0.0/16 # a\nAllowedIPs = 10.2.0.0/16 # b\n# end\n",
		"[Interface]\n[Peer]\nPublicKey = " KEY_1
		"\nAllowedIPs = 10.2.0.0/16, 10.3.0.0/16\n",
		"[Interface]\n[Peer]\nPublicKey = " KEY_1
		"\nAllowedIPs = 10.2.0.0/16, 10.3.0.0/16 # a\n# end\n"},
	{"a name stays", "[Interface]\n[Peer]\nPublicKey = " KEY_1 "\nEndpoint = hub.example:5\n",
		"[Interface]\n[Peer]\nPublicKey = " KEY_1 "\nEndpoint = 192.0.2.9:7\n",
		"[Interface]\n[Peer]\nPublicKey = " KEY_1 "\nEndpoint = hub.example:5\n"},
	{"an address does not",
		"[Interface]\n[Peer]\nPublicKey = " KEY_1 "\nEndpoint = 192.0.2.1:5 # e\n",
		"[Interface]\n[Peer]\nPublicKey = " KEY_1 "\nEndpoint = 192.0.2.9:7\n",
		"[Interface]\n[Peer]\nPublicKey = " KEY_1 "\nEndpoint = 192.0.2.9:7 # e\n"},
	{"keepalive goes", "[Interface]\n[Peer]\nPersistentKeepalive = 25\nPublicKey = " KEY_1 "\n",
		"[Interface]\n[Peer]\nPublicKey = " KEY_1 "\n",
		"[Interface]\n[Peer]\nPublicKey = " KEY_1 "\n"},
	{"hooks and unknown lines stay",
		"[Interface]\nPostUp = [[ a ]] # b\nSaveConfig = false\nTable = off\n",
		"[Interface]\n",
		"[Interface]\nPostUp = [[ a ]] # b\nSaveConfig = false\nTable = off\n"},
};

/* A running interface as the file says: its device holds what a get would tell. */
static void run_as(struct state *state, struct wish *wish, const char *text)
{
	struct step_list plan = {0};

	wish_init(wish, text);
	world_init(state, "wg0");
	world_up(&plan, wish, state);
	step_list_fini(&plan);
	settings_fini(&state->device);
	state->device = wish->settings.device;
	settings_init(&wish->settings.device);
}

static void saves(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct conf_document doc;
		struct textbuf out;
		struct state state;
		struct wish wish;

		run_as(&state, &wish, cases[i].state);
		assert_int_equal(conf_document_parse(&doc, span_of(cases[i].file)), 0);
		assert_int_equal(save_merge(&doc, &state), 0);
		textbuf_init(&out);
		conf_document_print(&out, &doc);
		if (strcmp(out.text, cases[i].saved) != 0)
			print_error("%s:\n%s\n", cases[i].name, out.text);
		assert_string_equal(out.text, cases[i].saved);
		textbuf_fini(&out);
		conf_document_fini(&doc);
		state_fini(&state);
		wish_fini(&wish);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(saves)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
