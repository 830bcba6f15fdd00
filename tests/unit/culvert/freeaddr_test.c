/* Free addresses: against a search that looks at each address in turn. */
#include "unit.h"
#include <stdio.h>
#include "freeaddr.h"
#include "values.h"

static struct ip_prefix prefix(const char *text)
{
	struct ip_prefix value;

	assert_int_equal(value_parse_prefix(span_of(text), &value, NULL).code, VALUE_OK);
	return value;
}

static const struct {
	const char *network;
	const char *used;  /* by spaces */
	const char *found; /* NULL: full */
} cases[] = {
	{"10.0.0.0/24", "", "10.0.0.1"},
	{"10.0.0.0/24", "10.0.0.1/32", "10.0.0.2"},
	{"10.0.0.0/24", "10.0.0.2/32", "10.0.0.1"},
	{"10.0.0.0/24", "10.0.0.1/32 10.0.0.2/31 10.0.0.5/32", "10.0.0.4"},
	{"10.0.0.0/24", "10.0.0.0/25", "10.0.0.128"},
	{"10.0.0.0/24", "10.0.0.0/25 10.0.0.128/26 10.0.0.192/27", "10.0.0.224"},
	{"10.0.0.0/30", "10.0.0.1/32", "10.0.0.2"},
	{"10.0.0.0/30", "10.0.0.1/32 10.0.0.2/32", NULL},
	{"10.0.0.0/31", "10.0.0.0/32", "10.0.0.1"},
	{"10.0.0.0/31", "", "10.0.0.0"},
	{"10.0.0.0/31", "10.0.0.0/31", NULL},
	{"10.0.0.0/24", "10.0.0.0/24", NULL},
	{"10.0.255.0/24",
		"10.0.255.0/25 10.0.255.128/26 10.0.255.192/27 10.0.255.224/28 "
		"10.0.255.240/29 10.0.255.248/30 10.0.255.252/31",
		"10.0.255.254"},
	{"255.255.255.0/24", "255.255.255.0/25 255.255.255.128/25", NULL},
	{"fd00::/64", "", "fd00::1"},
	{"fd00::/64", "fd00::1/128", "fd00::2"},
	{"fd00::/64", "fd00::/65", "fd00:0:0:0:8000::"},
	{"fd00::ffff:ffff:0/112", "fd00::ffff:ffff:0/113", "fd00::ffff:ffff:8000"},
	{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:fff0/124",
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:fff0/124", NULL},
	{"10.0.0.0/24", "fd00::1/128 192.168.0.0/16 10.0.0.1/32", "10.0.0.2"},
};

static void named_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ip_prefix network = prefix(cases[i].network);
		struct prefix_set used = {0};
		struct ip_addr found, wanted;
		char words[256], *rest = words, *word;
		bool is_found;

		snprintf(words, sizeof(words), "%s", cases[i].used);
		while ((word = strsep(&rest, " ")))
			if (*word) {
				struct ip_prefix one = prefix(word);

				assert_int_equal(prefix_set_add(&used, &one), 0);
			}
		is_found = freeaddr_find(&network, &used, &found);
		if (is_found != (cases[i].found != NULL))
			fail_msg("%s without %s: %d", cases[i].network, cases[i].used, is_found);
		if (is_found) {
			assert_int_equal(
				value_parse_address(span_of(cases[i].found), &wanted), VALUE_OK);
			if (!ip_addr_equal(&found, &wanted))
				fail_msg("%s without %s: not %s", cases[i].network, cases[i].used,
					cases[i].found);
		}
		prefix_set_fini(&used);
	}
}

/* Filled one by one, every address comes once and in order. */
static void fills_a_network(void **state)
{
	struct ip_prefix network = prefix("10.1.2.0/24");
	struct prefix_set used = {0};
	struct ip_addr addr;
	unsigned count = 0;

	(void)state;
	while (freeaddr_find(&network, &used, &addr)) {
		struct ip_prefix one = {addr, 32};

		assert_int_equal(addr.b[3], ++count);
		assert_int_equal(prefix_set_add(&used, &one), 0);
	}
	assert_int_equal(count, 254);
	prefix_set_fini(&used);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(named_cases),
		cmocka_unit_test(fills_a_network),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
