/* What configuration files say: values, and every error with its place. */
#include "unit.h"

#include <errno.h>
#include "confsettings.h"
#include "keytext.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define KEY          "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
#define PEER         "[Peer]\nPublicKey = " KEY "\n"

/* Parses text and gives what conf_error_print() says of every error. */
static int errors_of(const char *text, size_t len, enum conf_dialect dialect, struct textbuf *out)
{
	struct conf_document doc;
	struct conf_settings settings;
	struct conf_errors errors;
	int status;

	assert_int_equal(conf_document_parse(&doc, (struct span){text, len}), 0);
	status = conf_document_settings(&doc, dialect, &settings, &errors);
	textbuf_clear(out);
	textbuf_add(out, "");
	for (size_t i = 0; i < errors.count; i++)
		conf_error_print(out, "f", &errors.list[i]);
	conf_errors_fini(&errors);
	conf_settings_fini(&settings);
	conf_document_fini(&doc);
	return status;
}

static void says_what_is_wrong_and_where(void **state)
{
	static const struct {
		const char *text;
		const char *messages;
	} cases[] = {
		{"ListenPort = 1\n", "f:1:1: `ListenPort=1' stands before the first section\n"},
		{"foo\n", "f:1:1: `foo' stands before the first section\n"},
		{"[Interface]\n  Listen Prt = 1\n", "f:2:3: `ListenPrt=1' is no key of this "
						    "section; did you mean `ListenPort'?\n"},
		{"[Interface]\nfoo = 1\n", "f:2:1: `foo=1' is no key of this section; expected "
					   "PrivateKey, ListenPort or "
					   "FwMark in [Interface]\n"},
		{"[Interface]\nEndpoint = 1.2.3.4:5\n", "f:2:1: `Endpoint=1.2.3.4:5' belongs to "
							"the other section; expected PrivateKey, "
							"ListenPort or FwMark in [Interface]\n"},
		{"[Interface]\nfoo\n",
			"f:2:1: `foo' is neither a section nor a key with a value\n"},
		{"[Interface]\nFwMark =  # none\n", "f:2:1: `FwMark=' has no value; expected a "
						    "number from 0 to 0xffffffff, or `off'\n"},
		{"[Interface]\nListenPort = 65536\n",
			"f:2:14: `65536' is too large (in ListenPort); expected a port from 0 to "
			"65535\n"},
		{"[Interface]\nMTU = 1420\n",
			"f:2:1: `MTU=1420' is a key of wg-quick, not of wg\n"},
		{"[Interface]\nPrivateKey = abc\n",
			"f:2:14: `(hidden)' does not have the length of a key (in PrivateKey); "
			"expected a "
			"key of 44 base64 characters, as `wg genkey' prints it\n"},
		{"[Interface]\nPrivatKey = " KEY "\n",
			"f:2:1: `PrivatKey=(hidden)' is no key of this section; did you mean "
			"`PrivateKey'?\n"},
		{"[Peers]\nPublicKey = x\n",
			"f:1:1: `[Peers]' is no section; did you mean `[Peer]'?\n"},
		{"[Peer\n", "f:1:1: `[Peer' is no section; did you mean `[Peer]'?\n"},
		{"[WireGuard]\nfoo\n",
			"f:1:1: `[WireGuard]' is no section; expected [Interface] or [Peer]\n"},
		{"[Peer]\n",
			"f:1:1: this peer has no PublicKey; expected a line `PublicKey = ...'\n"},
		{"[Peer]\nPublicKey = AAAA\n",
			"f:2:13: `AAAA' does not have the length of a key (in PublicKey); expected "
			"a key "
			"of 44 base64 characters, as `wg genkey' prints it\n"},
		{PEER "AllowedIPs = 10.0.0.0/8, 10.1/16\n",
			"f:3:26: `10.1' is not an IP address (in AllowedIPs); expected IP "
			"addresses with "
			"optional /BITS, separated by commas\n"},
		{PEER "AllowedIPs = 10.0.0.0/ 33\n",
			"f:3:24: `10.0.0.0/33' has no such prefix length (in AllowedIPs); expected "
			"IP "
			"addresses with optional /BITS, separated by commas\n"},
		{PEER "AllowedIPs = 10.0.0.0/8,\n", "f:3:25: is empty (in AllowedIPs); expected IP "
						    "addresses with optional /BITS, "
						    "separated by commas\n"},
		{PEER "AllowedIPs = 10.0.0.1/8\n", "f:3:14: `10.0.0.1/8' has bits set behind its "
						   "prefix length; they are ignored\n"},
		{PEER "Endpoint = 1.2.3.4\n", "f:3:19: `1.2.3.4' lacks a port (in Endpoint); "
					      "expected HOST:PORT or [IPV6]:PORT\n"},
		{PEER "PersistentKeepalive = never\n",
			"f:3:23: `never' is not a number (in PersistentKeepalive); expected "
			"seconds from 0 "
			"to 65535, or `off'\n"},
		{PEER "ListenPort = 1\nFoo = 2\n",
			"f:3:1: `ListenPort=1' belongs to the other section; expected PublicKey, "
			"PresharedKey, AllowedIPs, Endpoint or PersistentKeepalive in [Peer]\n"
			"f:4:1: `Foo=2' is no key of this section; expected PublicKey, "
			"PresharedKey, "
			"AllowedIPs, Endpoint or PersistentKeepalive in [Peer]\n"},
		{"", ""},
		{"[Peer]\n#: = x\nPublicKey = " KEY "\n", ""},
		{"# only this\r\n\r\n", ""},
		{"[inter FACE]\r\nlistenPORT\t=\t5 1\r\n", ""},
	};
	struct textbuf out = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int status = errors_of(cases[i].text, strlen(cases[i].text), CONF_WG, &out);
		bool is_fine = !out.len || strstr(out.text, "they are ignored");

		assert_string_equal(out.text, cases[i].messages);
		assert_int_equal(status, is_fine ? 0 : -EINVAL);
	}
	textbuf_fini(&out);
}

static void takes_no_damaged_file_for_an_empty_one(void **state)
{
	static const char text[] = "[Interface]\nListenPort = 1\0\n";
	struct textbuf out = {0};

	(void)state;
	assert_int_equal(errors_of(text, sizeof(text) - 1, CONF_WG, &out), -EINVAL);
	assert_string_equal(out.text, "f:2:15: a zero byte: the file is damaged, or not text\n");
	textbuf_fini(&out);
}

static void skips_quick_keys_for_quick(void **state)
{
	static const char text[] = "[Interface]\nAddress = x\nDNS=1\nMtu=2\nTable=off\nPreUp=a\n"
				   "PostUp=a\nPreDown=a # b\nPostDown=a\nSaveConfig=true\n";
	struct textbuf out = {0};

	(void)state;
	assert_int_equal(errors_of(text, sizeof(text) - 1, CONF_QUICK, &out), 0);
	assert_int_equal(errors_of("[Interface]\nAdress=1\n", 21, CONF_QUICK, &out), -EINVAL);
	assert_string_equal(
		out.text, "f:2:1: `Adress=1' is no key of this section; did you mean `Address'?\n");
	textbuf_fini(&out);
}

static const char full[] =
	"[Interface]\nPrivateKey = " KEY "\nListenPort=domain\nListenPort=1\n"
	"FwMark=0x10\n[Peer]\n# laptop\nPublicKey=" KEY "\nPresharedKey=" KEY "\n"
	"Allowed IPs = 10.0.0.0/8 , fd00::1\nAllowedIPs=::/0\nEndpoint=vpn.example.org:51820\n"
	"PersistentKeepalive=25\n" PEER
	"Endpoint=a:1\nEndpoint=[::1]:5\n[Interface]\nListenPort=www\n";

static void gives_values(void **state)
{
	struct conf_document doc;
	struct conf_settings settings;
	struct conf_errors errors;
	const struct peer_settings *peer;

	(void)state;
	assert_int_equal(conf_document_parse(&doc, span_of(full)), 0);
	assert_int_equal(conf_document_settings(&doc, CONF_WG, &settings, &errors), 0);
	assert_int_equal(errors.count, 0);
	assert_int_equal(settings.device.has, DEVICE_HAS_PRIVATE_KEY | DEVICE_HAS_FWMARK);
	assert_string_equal(settings.listen_port, "www");
	assert_int_equal(settings.device.fwmark, 16);
	assert_int_equal(settings.device.peers_count, 2);
	peer = &settings.device.peers[0];
	assert_int_equal(peer->has, PEER_HAS_PRESHARED_KEY | PEER_HAS_KEEPALIVE);
	assert_int_equal(peer->allowed_ips_count, 3);
	assert_int_equal(peer->allowed_ips[1].prefix.bits, 128);
	assert_string_equal(settings.peers[0].endpoint, "vpn.example.org:51820");
	assert_int_equal(settings.peers[0].endpoint_line, 12);
	assert_string_equal(settings.peers[0].name, "laptop");
	assert_int_equal(settings.device.peers[1].has, PEER_HAS_ENDPOINT);
	assert_null(settings.peers[1].endpoint);
	assert_string_equal(settings.peers[1].name, "");
	conf_errors_fini(&errors);
	conf_settings_fini(&settings);
	conf_document_fini(&doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_is_wrong_and_where),
		cmocka_unit_test(takes_no_damaged_file_for_an_empty_one),
		cmocka_unit_test(skips_quick_keys_for_quick),
		cmocka_unit_test(gives_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
