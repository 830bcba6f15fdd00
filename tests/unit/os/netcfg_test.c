/*
 * Links, addresses, routes and rules against the kernel of this machine, in a network namespace
 * of the test's own; skipped where none can be had.
 */
#include "unit.h"
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include "ifaddr.h"
#include "iflink.h"
#include "iproute.h"
#include "iprule.h"
#include "link.h"

#define LINK "culvert-t0"

static int open_namespace(void **state)
{
	static struct rtnl rtnl;

	*state = NULL;
	if (unshare(CLONE_NEWNET) < 0)
		return 0;
	assert_int_equal(rtnl_open(&rtnl), 0);
	*state = &rtnl;
	return 0;
}

static int close_namespace(void **state)
{
	if (*state)
		rtnl_close(*state);
	return 0;
}

static struct rtnl *rtnl_or_skip(void **state)
{
	if (!*state)
		skip();
	return *state;
}

static struct ip_prefix prefix4(uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint8_t bits)
{
	return (struct ip_prefix){.addr = {.family = IP_V4, .b = {a, b, c, d}}, .bits = bits};
}

static struct ip_prefix prefix6(uint8_t last, uint8_t bits)
{
	return (struct ip_prefix){
		.addr = {.family = IP_V6, .b = {0xfd, [15] = last}}, .bits = bits};
}

static void makes_and_lists_links(void **state)
{
	struct rtnl *rtnl = rtnl_or_skip(state);
	struct iflink *links;
	size_t count, seen = 0;

	assert_int_equal(iflink_create(rtnl, LINK, "veth"), 0);
	assert_int_equal(iflink_create(rtnl, LINK, "veth"), -EEXIST);
	assert_int_equal(iflink_create(rtnl, "culvert-t1", "no-such-kind"), -EOPNOTSUPP);
	assert_int_equal(iflink_create(rtnl, "", "veth"), -EINVAL);
	assert_int_equal(iflink_create(rtnl, "sixteen-letters-", "veth"), -EINVAL);
	assert_int_equal(iflink_list(rtnl, &links, &count), 0);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(links[i].name, LINK) != 0)
			continue;
		seen++;
		assert_string_equal(links[i].kind, "veth");
		assert_int_equal(links[i].mtu, 1500);
		assert_int_equal(links[i].index, if_nametoindex(LINK));
		assert_false(links[i].is_up);
	}
	assert_int_equal(seen, 1);
	free(links);
}

static void adds_and_takes_addresses(void **state)
{
	struct rtnl *rtnl = rtnl_or_skip(state);
	struct ip_prefix wanted[] = {
		prefix4(10, 1, 2, 3, 24), prefix4(10, 1, 2, 4, 32), prefix6(9, 64)};
	uint32_t index = if_nametoindex(LINK);
	struct link_addr *addrs;
	size_t count, seen;

	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(ifaddr_add(rtnl, index, &wanted[i]), 0);
		assert_int_equal(ifaddr_add(rtnl, index, &wanted[i]), -EEXIST);
	}
	for (int round = 0; round < 2; round++) {
		assert_int_equal(ifaddr_list(rtnl, &addrs, &count), 0);
		seen = 0;
		for (size_t i = 0; i < count; i++)
			for (size_t j = 0; j < 3; j++)
				seen += addrs[i].ifindex == index &&
					ip_addr_equal(&addrs[i].prefix.addr, &wanted[j].addr) &&
					addrs[i].prefix.bits == wanted[j].bits &&
					!addrs[i].kernel_made;
		free(addrs);
		assert_int_equal(seen, round ? 2 : 3);
		if (!round)
			assert_int_equal(ifaddr_delete(rtnl, index, &wanted[1]), 0);
	}
	assert_int_equal(ifaddr_delete(rtnl, index, &wanted[1]), -EADDRNOTAVAIL);
}

static size_t count_routes(struct rtnl *rtnl, const struct iproute *wanted)
{
	struct iproute *routes;
	size_t count, seen = 0;

	assert_int_equal(iproute_list(rtnl, &routes, &count), 0);
	for (size_t i = 0; i < count; i++)
		seen += ip_addr_equal(&routes[i].dst.addr, &wanted->dst.addr) &&
			routes[i].dst.bits == wanted->dst.bits &&
			routes[i].table == wanted->table && routes[i].ifindex == wanted->ifindex &&
			routes[i].is_unicast && !routes[i].kernel_made;
	free(routes);
	return seen;
}

static void adds_and_takes_routes(void **state)
{
	struct rtnl *rtnl = rtnl_or_skip(state);
	uint32_t index = if_nametoindex(LINK);
	struct iproute routes[] = {
		{.dst = prefix4(192, 168, 7, 0, 24), .table = IPROUTE_TABLE_MAIN, .ifindex = index},
		{.dst = prefix4(0, 0, 0, 0, 0), .table = 51820, .ifindex = index},
		{.dst = {.addr = {.family = IP_V6}}, .table = 70000, .ifindex = index},
		{.dst = prefix6(0x80, 121), .table = IPROUTE_TABLE_MAIN, .ifindex = index},
	};

	assert_int_equal(link_set_mtu(rtnl, index, 1400), 0);
	assert_int_equal(link_set_up(rtnl, index, true), 0);
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		assert_int_equal(iproute_add(rtnl, &routes[i]), 0);
		assert_int_equal(iproute_add(rtnl, &routes[i]), -EEXIST);
		assert_int_equal(count_routes(rtnl, &routes[i]), 1);
		assert_int_equal(iproute_delete(rtnl, &routes[i]), 0);
		assert_int_equal(iproute_delete(rtnl, &routes[i]), -ESRCH);
		assert_int_equal(count_routes(rtnl, &routes[i]), 0);
	}
}

static void asks_the_way(void **state)
{
	struct rtnl *rtnl = rtnl_or_skip(state);
	struct ip_prefix inside = prefix4(10, 1, 2, 77, 32), outside = prefix4(9, 9, 9, 9, 32);
	struct iproute answer;

	assert_int_equal(iproute_lookup(rtnl, &inside.addr, NULL, 0, &answer), 0);
	assert_int_equal(answer.ifindex, if_nametoindex(LINK));
	assert_int_equal(answer.mtu, 0);
	assert_int_equal(iproute_lookup(rtnl, &outside.addr, NULL, 0, &answer), -ENETUNREACH);
}

static size_t count_rules(struct rtnl *rtnl, const struct iprule *wanted)
{
	struct iprule *rules;
	size_t count, seen = 0;

	assert_int_equal(iprule_list(rtnl, &rules, &count), 0);
	for (size_t i = 0; i < count; i++)
		seen += rules[i].family == wanted->family && rules[i].is_plain &&
			rules[i].is_not == wanted->is_not &&
			rules[i].has_mark == wanted->has_mark && rules[i].mark == wanted->mark &&
			rules[i].table == wanted->table && rules[i].priority == wanted->priority &&
			rules[i].suppress_prefixlen == wanted->suppress_prefixlen;
	free(rules);
	return seen;
}

static void adds_and_takes_rules(void **state)
{
	struct rtnl *rtnl = rtnl_or_skip(state);
	struct iprule rules[] = {
		{IP_V4, true, true, true, 32765, 51820, 51820, IPRULE_NO_SUPPRESS},
		{IP_V6, true, true, true, 32765, 0xffffffff, 51820, IPRULE_NO_SUPPRESS},
		{IP_V4, true, false, false, 32764, 0, IPROUTE_TABLE_MAIN, 0},
		{IP_V6, true, false, false, 32764, 0, IPROUTE_TABLE_MAIN, 0},
	};
	struct iprule local = {
		IP_V4, true, false, false, 0, 0, IPROUTE_TABLE_LOCAL, IPRULE_NO_SUPPRESS};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		assert_int_equal(iprule_add(rtnl, &rules[i]), 0);
		assert_int_equal(count_rules(rtnl, &rules[i]), 1);
		assert_int_equal(iprule_delete(rtnl, &rules[i]), 0);
		assert_int_equal(iprule_delete(rtnl, &rules[i]), -ENOENT);
	}
	assert_int_equal(count_rules(rtnl, &local), 1);
}

static void deletes_the_link(void **state)
{
	struct rtnl *rtnl = rtnl_or_skip(state);

	assert_int_equal(link_delete(rtnl, if_nametoindex(LINK)), 0);
	assert_int_equal(if_nametoindex(LINK), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_and_lists_links),
		cmocka_unit_test(adds_and_takes_addresses),
		cmocka_unit_test(adds_and_takes_routes),
		cmocka_unit_test(asks_the_way),
		cmocka_unit_test(adds_and_takes_rules),
		cmocka_unit_test(deletes_the_link),
	};

	return cmocka_run_group_tests_name("netcfg", tests, open_namespace, close_namespace);
}
