/* The routing trie: tables of prefixes and addresses, one line a case. */
#include "unit.h"
#include "allowedips_fixture.h"

#include <arpa/inet.h>
#include <stdlib.h>

static struct ip_addr addr_of(const char *text)
{
	struct ip_addr addr = {.family = strchr(text, ':') != NULL ? IP_V6 : IP_V4};

	if (inet_pton(addr.family == IP_V6 ? AF_INET6 : AF_INET, text, addr.b) != 1)
		fail_msg("address %s", text);
	return addr;
}

static struct ip_prefix prefix_of(const char *text)
{
	char addr[64] = {0};
	const char *slash = strchr(text, '/');

	memcpy(addr, text, (size_t)(slash - text));
	return (struct ip_prefix){addr_of(addr), (uint8_t)atoi(slash + 1)};
}

enum { A, B, C, D, E, F, G, H, OWNERS };

struct route {
	const char *prefix;
	uint32_t owner;
};

static const struct route routes[] = {
	{"10.10.0.0/16", A}, {"10.10.32.0/19", B}, {"10.10.32.128/25", C}, {"10.10.32.200/32", D},
	{"10.10.0.0/17", E}, {"192.0.2.77/26", F}, /* masks itself to .64 */
	{"192.0.2.255/30", G}, {"198.51.100.0/24", H}, {"198.51.100.0/24", G}, /* moves */
	{"203.0.113.4/31", H}, {"203.0.113.5/32", A}, {"0.0.0.0/1", B}, {"128.0.0.0/2", C},
	{"10.0.0.0/8", D}, {"2001:db8::/32", A}, {"2001:db8:1::/48", B},
	{"2001:db8:1:0:8000::/65", C}, /* one bit into the second word */
	{"2001:db8:1::/64", D}, {"2001:db8:1::1/128", E},
	{"2001:db8:1::ffff:ffff:ffff:ffff/127", F},
	{"2001:db8:ffff:ffff:ffff:ffff:ffff:ffff/33", G},  /* masks itself to 2001:db8:8000:: */
	{"fe80::1/10", H}, {"::ffff:10.10.32.200/128", H}, /* a v6 prefix, no alias of the v4 one */
};

static const struct {
	const char *addr;
	uint32_t owner;
} addresses[] = {
	{"10.10.255.1", A},
	{"10.10.128.0", A},
	{"10.10.127.255", E},
	{"10.10.0.0", E},
	{"10.10.31.255", E},
	{"10.10.32.0", B},
	{"10.10.63.255", B},
	{"10.10.64.0", E},
	{"10.10.32.127", B},
	{"10.10.32.128", C},
	{"10.10.32.255", C},
	{"10.10.32.199", C},
	{"10.10.32.200", D},
	{"10.10.32.201", C},
	{"10.9.255.255", D},
	{"10.11.0.0", D},
	{"9.255.255.255", B},
	{"127.255.255.255", B},
	{"0.0.0.0", B},
	{"128.0.0.0", C},
	{"191.255.255.255", C},
	{"192.0.0.0", ALLOWEDIPS_NONE},
	{"255.255.255.255", ALLOWEDIPS_NONE},
	{"192.0.2.63", ALLOWEDIPS_NONE},
	{"192.0.2.64", F},
	{"192.0.2.127", F},
	{"192.0.2.128", ALLOWEDIPS_NONE},
	{"192.0.2.251", ALLOWEDIPS_NONE},
	{"192.0.2.252", G},
	{"198.51.100.1", G},
	{"203.0.113.3", ALLOWEDIPS_NONE},
	{"203.0.113.4", H},
	{"203.0.113.5", A},
	{"203.0.113.6", ALLOWEDIPS_NONE},
	{"2001:db8::", A},
	{"2001:db8:0:ffff:ffff:ffff:ffff:ffff", A},
	{"2001:db8:7fff::", A},
	{"2001:db8:8000::", G},
	{"2001:db8:ffff::1", G},
	{"2001:db9::", ALLOWEDIPS_NONE},
	{"2001:db7:ffff::", ALLOWEDIPS_NONE},
	{"2001:db8:1:1::", B},
	{"2001:db8:1:0:7fff:ffff::", D},
	{"2001:db8:1:0:8000::", C},
	{"2001:db8:1::", D},
	{"2001:db8:1::1", E},
	{"2001:db8:1::2", D},
	{"2001:db8:1:0:ffff:ffff:ffff:fffd", C},
	{"2001:db8:1:0:ffff:ffff:ffff:fffe", F},
	{"2001:db8:1:0:ffff:ffff:ffff:ffff", F},
	{"fe80::", H},
	{"febf:ffff::1", H},
	{"fec0::", ALLOWEDIPS_NONE},
	{"::ffff:10.10.32.200", H},
	{"::ffff:10.10.32.201", ALLOWEDIPS_NONE},
	{"::", ALLOWEDIPS_NONE},
};

enum {
	ROUTES = sizeof(routes) / sizeof(routes[0]),
	ADDRESSES = sizeof(addresses) / sizeof(addresses[0]),
};

static struct allowedips *routes_create(struct allowedips_list lists[OWNERS])
{
	struct allowedips *table = table_create(ROUTES);

	for (uint32_t i = 0; i < OWNERS; i++)
		lists[i] = ALLOWEDIPS_LIST_INIT;
	for (size_t i = 0; i < ROUTES; i++) {
		struct ip_prefix prefix = prefix_of(routes[i].prefix);

		assert_true(insert(table, lists, &prefix, routes[i].owner));
	}
	return table;
}

static void finds_the_longest_prefix(void **state)
{
	struct allowedips_list lists[OWNERS];
	struct allowedips *table = routes_create(lists);

	(void)state;
	assert_int_equal(allowedips_count(table), ROUTES - 1);
	for (size_t i = 0; i < ADDRESSES; i++) {
		struct ip_addr addr = addr_of(addresses[i].addr);

		if (lookup(table, &addr) != addresses[i].owner)
			fail_msg("%s", addresses[i].addr);
	}
	test_free(table);
}

static void falls_back_when_prefixes_leave(void **state)
{
	static const struct {
		const char *prefix;
		uint32_t owner;
		bool removed;
		const char *addr;
		uint32_t then;
	} steps[] = {
		{"10.10.32.200/32", C, false, "10.10.32.200", D}, /* not C's */
		{"10.10.32.200/31", D, false, "10.10.32.200", D}, /* not exactly */
		{"10.10.32.200/32", D, true, "10.10.32.200", C},
		{"10.10.32.200/32", D, false, "10.10.32.200", C}, /* gone already */
		{"10.10.32.255/25", C, true, "10.10.32.200", B},  /* host bits are ignored */
		{"10.10.0.0/17", E, true, "10.10.32.200", B},
		{"10.10.32.0/19", B, true, "10.10.32.200", A},
		{"10.10.0.0/16", A, true, "10.10.32.200", D},
		{"10.0.0.0/8", D, true, "10.10.32.200", B},
		{"0.0.0.0/1", B, true, "10.10.32.200", ALLOWEDIPS_NONE},
		{"0.0.0.0/0", B, false, "128.0.0.0", C},
		{"2001:db8:1::1/128", E, true, "2001:db8:1::1", D},
		{"2001:db8:1::/64", D, true, "2001:db8:1::1", B},
		{"2001:db8:1:0:8000::/65", C, true, "2001:db8:1:0:ffff:ffff:ffff:ffff", F},
		{"2001:db8:1:0:ffff:ffff:ffff:fffe/127", F, true,
			"2001:db8:1:0:ffff:ffff:ffff:ffff", B},
		{"2001:db8:1::/48", B, true, "2001:db8:1::1", A},
	};
	struct allowedips_list lists[OWNERS];
	struct allowedips *table = routes_create(lists);

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct ip_prefix prefix = prefix_of(steps[i].prefix);
		struct ip_addr addr = addr_of(steps[i].addr);
		uint32_t owner = steps[i].owner, room = allowedips_room(table);

		if (allowedips_remove(table, &prefix, owner, &lists[owner]) != steps[i].removed ||
			lookup(table, &addr) != steps[i].then)
			fail_msg("step %zu", i);
		assert_int_equal(allowedips_room(table), room + (steps[i].removed ? 1 : 0));
	}
	test_free(table);
}

static void default_routes_hold_everything(void **state)
{
	static const char *const addrs[] = {
		"0.0.0.0", "255.255.255.255", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"};
	struct allowedips_list lists[OWNERS];
	struct allowedips *table = routes_create(lists);
	struct ip_prefix all_v4 = prefix_of("255.0.0.0/0"), all_v6 = prefix_of("ff::/0");

	(void)state;
	allowedips_remove_all(table, &lists[B]);
	assert_true(insert(table, lists, &all_v6, F));
	for (size_t i = 0; i < 4; i++) {
		struct ip_addr addr = addr_of(addrs[i]);

		assert_int_equal(lookup(table, &addr), i < 2 ? ALLOWEDIPS_NONE : F);
	}
	assert_true(insert(table, lists, &all_v4, E));
	for (size_t i = 0; i < 4; i++) {
		struct ip_addr addr = addr_of(addrs[i]);

		assert_int_equal(lookup(table, &addr), i < 2 ? E : F);
	}
	assert_int_equal(allowedips_find(table, &all_v4), E);
	test_free(table);
}

static void lists_in_the_order_of_insertion(void **state)
{
	static const char *const texts[] = {"192.168.4.0/24", "192.168.4.4/32", "::/0",
		"10.0.0.0/8", "fd00::1/128", "0.0.0.0/0"};
	struct allowedips *table = table_create(6);
	struct allowedips_list lists[2] = {ALLOWEDIPS_LIST_INIT, ALLOWEDIPS_LIST_INIT};
	struct ip_prefix p[7];

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		p[i] = prefix_of(texts[i]);
		assert_true(insert(table, lists, &p[i], 0));
	}
	assert_list(table, &lists[0], p, 6);
	/* The first again, the table being full: to the end. */
	assert_true(insert(table, lists, &p[0], 0));
	p[6] = p[0];
	assert_list(table, &lists[0], p + 1, 6);
	/* Again in the last place. */
	assert_true(insert(table, lists, &p[6], 0));
	assert_list(table, &lists[0], p + 1, 6);
	/* One from the middle goes to another owner. */
	assert_true(insert(table, lists, &p[1], 1));
	assert_list(table, &lists[0], p + 2, 5);
	assert_list(table, &lists[1], p + 1, 1);
	test_free(table);
}

static void refuses_when_full(void **state)
{
	struct allowedips *table = table_create(2);
	struct allowedips_list lists[2] = {ALLOWEDIPS_LIST_INIT, ALLOWEDIPS_LIST_INIT};
	struct ip_prefix p[3] = {
		prefix_of("10.0.0.1/32"), prefix_of("10.0.0.2/32"), prefix_of("10.0.0.3/32")};

	(void)state;
	assert_int_equal(allowedips_room(table), 2);
	assert_true(insert(table, lists, &p[0], 0));
	assert_true(insert(table, lists, &p[1], 0));
	assert_int_equal(allowedips_room(table), 0);
	assert_false(insert(table, lists, &p[2], 0));
	assert_false(insert(table, lists, &p[2], 1));
	assert_list(table, &lists[0], p, 2);
	assert_list(table, &lists[1], NULL, 0);
	assert_int_equal(allowedips_find(table, &p[2]), ALLOWEDIPS_NONE);
	assert_int_equal(allowedips_lookup_v4(table, p[2].addr.b), ALLOWEDIPS_NONE);
	/* To move what is there needs no room. */
	assert_true(insert(table, lists, &p[0], 1));
	assert_int_equal(allowedips_lookup_v4(table, p[0].addr.b), 1);
	test_free(table);
}

static void holds_nothing_when_it_may_not(void **state)
{
	struct allowedips *table = table_create(0);
	struct allowedips_list list = ALLOWEDIPS_LIST_INIT;
	struct ip_prefix prefix = prefix_of("0.0.0.0/0");

	(void)state;
	assert_false(allowedips_insert(table, &prefix, 0, &list));
	assert_int_equal(allowedips_lookup_v4(table, prefix.addr.b), ALLOWEDIPS_NONE);
	test_free(table);
}

/* The longest chain that there is: every prefix length of one address, twice over. */
static void goes_as_deep_as_an_address(void **state)
{
	enum { DEPTH = 129 + 33 };
	struct allowedips *table = table_create(DEPTH);
	static struct allowedips_list lists[DEPTH];
	struct ip_prefix v6 = prefix_of("5555:5555:5555:5555:5555:5555:5555:5555/128");
	struct ip_prefix v4 = prefix_of("85.85.85.85/32");

	(void)state;
	for (uint32_t i = 0; i < DEPTH; i++) {
		struct ip_prefix p = i < 129 ? v6 : v4;

		p.bits = (uint8_t)(i < 129 ? i : i - 129);
		lists[i] = ALLOWEDIPS_LIST_INIT;
		assert_true(insert(table, lists, &p, i));
	}
	for (uint32_t bits = 128;; bits--) {
		assert_int_equal(allowedips_lookup_v6(table, v6.addr.b), bits);
		allowedips_remove_all(table, &lists[bits]);
		if (bits == 0)
			break;
	}
	assert_int_equal(allowedips_lookup_v6(table, v6.addr.b), ALLOWEDIPS_NONE);
	assert_int_equal(allowedips_lookup_v4(table, v4.addr.b), DEPTH - 1);
	assert_int_equal(allowedips_count(table), 33);
	test_free(table);
}

static void may_be_moved(void **state)
{
	struct allowedips_list lists[OWNERS];
	struct allowedips *table = routes_create(lists);
	size_t size = allowedips_size(ROUTES);
	struct allowedips *moved = test_malloc(size);
	struct ip_prefix more = prefix_of("192.0.2.0/24");

	(void)state;
	memcpy(moved, table, size);
	memset(table, 0xa5, size);
	test_free(table);
	for (size_t i = 0; i < ADDRESSES; i++) {
		struct ip_addr addr = addr_of(addresses[i].addr);

		assert_int_equal(lookup(moved, &addr), addresses[i].owner);
	}
	assert_true(insert(moved, lists, &more, A));
	assert_int_equal(allowedips_lookup_v4(moved, more.addr.b), A);
	for (uint32_t i = 0; i < OWNERS; i++)
		allowedips_remove_all(moved, &lists[i]);
	assert_int_equal(allowedips_room(moved), ROUTES);
	test_free(moved);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_longest_prefix),
		cmocka_unit_test(falls_back_when_prefixes_leave),
		cmocka_unit_test(default_routes_hold_everything),
		cmocka_unit_test(lists_in_the_order_of_insertion),
		cmocka_unit_test(refuses_when_full),
		cmocka_unit_test(holds_nothing_when_it_may_not),
		cmocka_unit_test(goes_as_deep_as_an_address),
		cmocka_unit_test(may_be_moved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
