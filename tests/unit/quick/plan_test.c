/* The planner on hand-made snapshots: what it would do, told as commands. */
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "quick_world.h"

#define INTERFACE "[Interface]\nPrivateKey = QFRpBgpZ1oGJmJ0OzZvbqD6vZqvIDmVSpvsWgqfTNmQ=\n"
#define PEER      "[Peer]\nPublicKey = xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=\n"
#define PEER_2    "[Peer]\nPublicKey = TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0=\n"
#define FULL      INTERFACE "Address = 10.0.0.2/24, fd00::2/64\n" PEER "AllowedIPs = 0.0.0.0/0, ::/0\n"

#define START "ip link add dev wg0 type wireguard\nwg addconf wg0 /dev/fd/63\n"
#define UP    "ip link set mtu 1420 up dev wg0\n"

/* A file and what `up` does with it. */
static const struct {
	const char *file, *commands;
} up_cases[] = {
	{INTERFACE, START UP},
	{INTERFACE "Address = 10.0.0.1/24\n" PEER "AllowedIPs = 10.0.0.2/32\n",
		START "ip -4 address add 10.0.0.1/24 dev wg0\n" UP},
	{INTERFACE "Address = 10.0.0.1\n" PEER "AllowedIPs = 10.0.0.2/32\n", START
		"ip -4 address add 10.0.0.1 dev wg0\n" UP "ip -4 route add 10.0.0.2/32 dev wg0\n"},
	{INTERFACE "MTU = 1280\n", START "ip link set mtu 1280 up dev wg0\n"},
	/* Longest first, then by text, the greatest first; a wider one already there covers. */
	{INTERFACE PEER "AllowedIPs = 10.0.0.0/8, 10.1.0.0/16, 10.20.0.0/16, fd00::/64\n" PEER_2
			"AllowedIPs = 192.168.0.0/24\n",
		START UP "ip -6 route add fd00::/64 dev wg0\n"
			 "ip -4 route add 192.168.0.0/24 dev wg0\n"
			 "ip -4 route add 10.20.0.0/16 dev wg0\n"
			 "ip -4 route add 10.1.0.0/16 dev wg0\n"
			 "ip -4 route add 10.0.0.0/8 dev wg0\n"},
	{INTERFACE "Address = 10.0.0.1/16\n" PEER "AllowedIPs = 10.0.7.0/24, 10.0.0.0/15\n",
		START "ip -4 address add 10.0.0.1/16 dev wg0\n" UP
		      "ip -4 route add 10.0.0.0/15 dev wg0\n"},
	{INTERFACE "Table = off\n" PEER "AllowedIPs = 0.0.0.0/0, 10.0.0.0/8\n", START UP},
	{INTERFACE "Table = 77\n" PEER "AllowedIPs = 0.0.0.0/0, 10.0.0.0/8\n",
		START UP "ip -4 route add 10.0.0.0/8 dev wg0 table 77\n"
			 "ip -4 route add 0.0.0.0/0 dev wg0 table 77\n"},
	{FULL, START "ip -4 address add 10.0.0.2/24 dev wg0\n"
		     "ip -6 address add fd00::2/64 dev wg0\n" UP "wg set wg0 fwmark 51820\n"
		     "ip -6 rule add not fwmark 51820 table 51820\n"
		     "ip -6 rule add table main suppress_prefixlength 0\n"
		     "ip -6 route add ::/0 dev wg0 table 51820\n"
		     "nft -f /dev/fd/63\n"
		     "ip -4 rule add not fwmark 51820 table 51820\n"
		     "ip -4 rule add table main suppress_prefixlength 0\n"
		     "ip -4 route add 0.0.0.0/0 dev wg0 table 51820\n"
		     "nft -f /dev/fd/63\n"
		     "sysctl -q net.ipv4.conf.all.src_valid_mark=1\n"},
	{INTERFACE "FwMark = 0x99\n" PEER "AllowedIPs = ::/0\n",
		START UP "ip -6 rule add not fwmark 153 table 153\n"
			 "ip -6 rule add table main suppress_prefixlength 0\n"
			 "ip -6 route add ::/0 dev wg0 table 153\n"
			 "nft -f /dev/fd/63\n"},
	{INTERFACE "DNS = 10.0.0.1, corp.example\n", START UP "resolvconf -a wg0 -m 0 -x\n"},
	{INTERFACE "DNS = corp.example\n", START UP},
	{INTERFACE "PreUp = echo %i%i\nPostUp = a # b\nPostUp = c\nPreDown = d\n",
		"ip link add dev wg0 type wireguard\necho wg0wg0\nwg addconf wg0 /dev/fd/63\n" UP
		"a # b\nc\n"},
};

static void plans_up(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof(up_cases) / sizeof(up_cases[0]); i++) {
		struct step_list plan = {0};
		struct state state;
		struct wish wish;

		world_init(&state, "wg0");
		wish_init(&wish, up_cases[i].file);
		world_up(&plan, &wish, &state);
		world_expect(world_text(&plan, "wg0"), up_cases[i].commands);
		step_list_fini(&plan);
		wish_fini(&wish);
		state_fini(&state);
	}
}

/* After `up`: a reload of the same file has nothing to do, and `down` restores every bit. */
static void down_is_the_inverse_of_up(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof(up_cases) / sizeof(up_cases[0]); i++) {
		struct step_list up = {0}, again = {0}, down = {0};
		struct state state;
		struct wish wish;
		char *before;

		world_init(&state, "wg0");
		before = world_print(&state);
		wish_init(&wish, up_cases[i].file);
		world_up(&up, &wish, &state);
		world_journal(&state, &up);
		plan_routes(&again, PLAN_RELOAD, &wish.wanted, &state);
		world_expect(world_text(&again, "wg0"), "");
		plan_down(&down, &wish.options, &state);
		world_apply(&state, &down);
		world_expect(world_print(&state), before);
		free(before);
		step_list_fini(&up);
		step_list_fini(&again);
		step_list_fini(&down);
		wish_fini(&wish);
		state_fini(&state);
	}
}

/* Cut off after any step, what the journal and the system show is enough to take all back. */
static void undoes_up_cut_off_anywhere(void **unused)
{
	struct step_list whole = {0};
	struct wish wish;
	struct state model;

	(void)unused;
	world_init(&model, "wg0");
	wish_init(&wish, FULL);
	world_up(&whole, &wish, &model);
	for (size_t done = 0; done <= whole.count; done++) {
		/* The step after the last one done stands in the journal, too. */
		size_t journaled = done < whole.count ? done + 1 : done;
		struct step_list first = {whole.steps, done, 0, false};
		struct step_list begun = {whole.steps, journaled, 0, false};
		struct step_list down = {0};
		struct state state;
		char *before;

		world_init(&state, "wg0");
		before = world_print(&state);
		world_apply(&state, &first);
		world_journal(&state, &begun);
		plan_down(&down, NULL, &state);
		world_apply(&state, &down);
		world_expect(world_print(&state), before);
		free(before);
		step_list_fini(&down);
		state_fini(&state);
	}
	step_list_fini(&whole);
	wish_fini(&wish);
	state_fini(&model);
}

static void second_tunnel_takes_the_next_table(void **unused)
{
	struct step_list first = {0}, second = {0};
	struct state state;
	struct wish wish;
	char *text;

	(void)unused;
	world_init(&state, "wg0");
	wish_init(&wish, INTERFACE PEER "AllowedIPs = 0.0.0.0/0\n");
	world_up(&first, &wish, &state);
	settings_fini(&state.device);
	state.has_device = false;
	snprintf(state.ifname, sizeof(state.ifname), "wg1");
	world_up(&second, &wish, &state);
	text = world_text(&second, "wg1");
	assert_non_null(strstr(text, "wg set wg1 fwmark 51821\n"));
	assert_non_null(strstr(text, "ip -4 rule add not fwmark 51821 table 51821\n"));
	assert_non_null(strstr(text, "suppress_prefixlength 0\n"));
	free(text);
	step_list_fini(&first);
	step_list_fini(&second);
	wish_fini(&wish);
	state_fini(&state);
}

/* Rules as they may stand, the mark that goes, and which rules go with it (by priority). */
static const struct {
	const char *name;
	struct {
		uint32_t priority, mark; /* mark 0: a suppressing rule */
	} rules[6];
	uint32_t mark;
	const char *commands;
} rule_cases[] = {
	{"one tunnel", {{32765, 5}, {32764, 0}}, 5,
		"ip -4 rule delete table 5\nip -4 rule delete table main suppress_prefixlength "
		"0\n"},
	{"the first of two", {{32765, 5}, {32764, 0}, {32763, 6}, {32762, 0}}, 5,
		"ip -4 rule delete table 5\nip -4 rule delete table main suppress_prefixlength "
		"0\n"},
	{"the second of two", {{32765, 5}, {32764, 0}, {32763, 6}, {32762, 0}}, 6,
		"ip -4 rule delete table 6\nip -4 rule delete table main suppress_prefixlength "
		"0\n"},
	{"two that share one", {{32765, 5}, {32764, 6}, {32763, 0}}, 5,
		"ip -4 rule delete table 5\n"},
	{"the last that shared", {{32764, 6}, {32763, 0}}, 6,
		"ip -4 rule delete table 6\nip -4 rule delete table main suppress_prefixlength "
		"0\n"},
	{"no suppressing rule", {{32765, 5}}, 5, "ip -4 rule delete table 5\n"},
	{"a suppressing rule behind", {{32764, 5}, {32765, 0}}, 5, "ip -4 rule delete table 5\n"},
	{"not there", {{32765, 6}, {32764, 0}}, 5, ""},
};

static void deletes_only_its_own_rules(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof(rule_cases) / sizeof(rule_cases[0]); i++) {
		struct step_list plan = {0};
		struct state state;

		world_init(&state, "wg0");
		for (size_t j = 0; j < 6 && rule_cases[i].rules[j].priority; j++) {
			uint32_t mark = rule_cases[i].rules[j].mark;
			struct step step = {.kind = STEP_RULE_ADD,
				.family = IP_V4,
				.mark = mark,
				.table = mark ? mark : IPROUTE_TABLE_MAIN,
				.priority = rule_cases[i].rules[j].priority};

			assert_true(state_apply(&state, &step));
		}
		plan_default_down(&plan, &state, IP_V4, rule_cases[i].mark);
		world_expect(world_text(&plan, "wg0"), rule_cases[i].commands);
		step_list_fini(&plan);
		state_fini(&state);
	}
}

/* Which outer MTU is known: of the way to the endpoints, of the default route. */
static void computes_the_mtu(void **unused)
{
	static const struct {
		uint32_t given, path, fallback, mtu;
	} cases[] = {{0, 0, 0, 1420}, {0, 0, 1500, 1420}, {0, 1400, 1500, 1320},
		{0, 9000, 1500, 8920}, {1280, 9000, 1500, 1280}, {0, 100, 0, 1420}, {0, 148, 0, 68},
		{0, 147, 0, 1420}};

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct options options = {.mtu = cases[i].given};
		struct device_settings device = {0};
		struct wanted wanted = {.options = &options, .device = &device};
		struct step_list plan = {0};
		struct state state;

		world_init(&state, "wg0");
		state.path_mtu = cases[i].path;
		state.default_mtu = cases[i].fallback;
		plan_stage(&plan, STAGE_LINK, PLAN_UP, &wanted, &state);
		assert_int_equal(plan.steps[0].kind, STEP_LINK_UP);
		assert_int_equal(plan.steps[0].value, cases[i].mtu);
		step_list_fini(&plan);
		state_fini(&state);
	}
}

static void leaves_out_what_needs_IPv6(void **unused)
{
	struct step_list plan = {0};
	struct state state;
	struct wish wish;

	(void)unused;
	world_init(&state, "wg0");
	state.is_ipv6_off = state.is_ipv6_off_for_all = true;
	wish_init(&wish, INTERFACE "Address = 10.0.0.1/32, fd00::1/64\n" PEER
				   "AllowedIPs = 10.9.0.0/16, ::/0, fd01::/64\n");
	world_up(&plan, &wish, &state);
	world_expect(world_text(&plan, "wg0"),
		START "ip -4 address add 10.0.0.1/32 dev wg0\n"
		      "Warning: IPv6 is disabled here, fd00::1/64 is left out\n" UP
		      "Warning: IPv6 is disabled here, IPv6 routes are left out\n"
		      "ip -4 route add 10.9.0.0/16 dev wg0\n");
	step_list_fini(&plan);
	wish_fini(&wish);
	state_fini(&state);
}

static void sysctl_that_is_right_is_not_touched(void **unused)
{
	struct wish wish;

	(void)unused;
	wish_init(&wish, INTERFACE PEER "AllowedIPs = 0.0.0.0/0\n");
	for (int value = -1; value <= 1; value += 2) {
		struct step_list plan = {0};
		struct state state;
		char *text;

		world_init(&state, "wg0");
		state.valid_mark = value;
		world_up(&plan, &wish, &state);
		text = world_text(&plan, "wg0");
		assert_null(strstr(text, "sysctl"));
		free(text);
		step_list_fini(&plan);
		state_fini(&state);
	}
	wish_fini(&wish);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plans_up),
		cmocka_unit_test(down_is_the_inverse_of_up),
		cmocka_unit_test(undoes_up_cut_off_anywhere),
		cmocka_unit_test(second_tunnel_takes_the_next_table),
		cmocka_unit_test(deletes_only_its_own_rules),
		cmocka_unit_test(computes_the_mtu),
		cmocka_unit_test(leaves_out_what_needs_IPv6),
		cmocka_unit_test(sysctl_that_is_right_is_not_touched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
