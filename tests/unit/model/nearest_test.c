/* Did you mean: slips are found, other words are not. */
#include "unit.h"
#include "nearest.h"

static void finds_what_was_meant(void **state)
{
	static const char *const words[] = {"PrivateKey", "ListenPort", "FwMark", "AllowedIPs",
		"Endpoint", "a", "show", "showconf"};
	static const struct {
		const char *text;
		const char *nearest;
	} cases[] = {
		{"PrivatKey", "PrivateKey"},
		{"privatekey", "PrivateKey"},
		{"PrivaetKey", "PrivateKey"},
		{"AllowedIP", "AllowedIPs"},
		{"AlowedIps", "AllowedIPs"},
		{"ListenPorts", "ListenPort"},
		{"Port", NULL},
		{"Endpoit", "Endpoint"},
		{"shwo", "show"},
		{"showcnof", "showconf"},
		{"showcfg", NULL},
		{"", NULL},
		{"b", NULL},
		{"completely-different", NULL},
		{"PrivateKeyPrivateKeyPrivateKeyPrivateKey", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t found = nearest_find(span_of(cases[i].text), words, 8);

		assert_int_equal(found < 8, cases[i].nearest != NULL);
		if (cases[i].nearest)
			assert_string_equal(words[found], cases[i].nearest);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_was_meant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
