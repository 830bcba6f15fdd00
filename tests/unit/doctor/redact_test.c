/* What is taken out of a text, a case a line. */
#include "unit.h"
#include "redact.h"
#include "sick.h"

static const struct {
	const char *text, *redacted;
} cases[] = {
	{"", ""},
	{"the MTU of wg0 is 1420", "the MTU of wg0 is 1420"},
	{"key " SICK_OWN_KEY ", and", "key [key], and"},
	{SICK_PEER_KEY, "[key]"},
	{"(" SICK_OTHER_KEY ")" SICK_OTHER_KEY, "([key])[key]"},
	{"to 203.0.113.50:51820.", "to 203.0.x.x:51820."},
	{"203.0.113.0/24", "203.0.x.x/24"},
	{"10.0.0.2/32, 192.168.1.5:1, 172.16.0.1, 127.0.0.1",
		"10.0.0.2/32, 192.168.1.5:1, 172.16.0.1, 127.0.0.1"},
	{"172.32.0.1 and 100.64.0.1", "172.32.x.x and 100.64.0.1"},
	{"[2001:db8:113::50]:51820", "[2001:db8:x]:51820"},
	{"fd00::2/64 fe80::1 ::/0 ::1", "fd00::2/64 fe80::1 ::/0 ::1"},
	{"at vpn.example.org:51820: gone", "at [name]:51820: gone"},
	{"at VPN.example.org.", "at [name]."},
	{"at myvpn.example.org", "at myvpn.example.org"},
	{"version 1.2.3, 5 s ago; 12:30", "version 1.2.3, 5 s ago; 12:30"},
};

static void takes_out_who_we_are(void **unused)
{
	const char *const names[] = {"vpn.example.org", NULL};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct textbuf out = {0};

		redact_add(&out, cases[i].text, names, 2);
		assert_string_equal(out.text ? out.text : "", cases[i].redacted);
		textbuf_fini(&out);
	}
	(void)unused;
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(takes_out_who_we_are)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
