/* Rules as iptables-save prints them, a case a line, and the answer for a call to UDP port 51820. */
#include "unit.h"
#include "iptables.h"
#include "sick.h"
#include "wall.h"

#define FILTER(policy)                                                                             \
	"# Generated\n*filter\n:INPUT " policy " [0:0]\n:FORWARD ACCEPT [0:0]\n:SUB - [0:0]\n"

static const struct {
	const char *text;
	enum wall_verdict call, answer;
} cases[] = {
	{"", WALL_PASSES, WALL_PASSES},
	{FILTER("ACCEPT"), WALL_PASSES, WALL_PASSES},
	{FILTER("DROP"), WALL_DROPS, WALL_DROPS},
	{FILTER("DROP") "-A INPUT -p udp -m udp --dport 51820 -j ACCEPT\n", WALL_PASSES,
		WALL_PASSES},
	{FILTER("DROP") "-A INPUT -p tcp -m tcp --dport 51820 -j ACCEPT\n", WALL_DROPS, WALL_DROPS},
	{FILTER("DROP") "-A INPUT ! -p tcp -j ACCEPT\n", WALL_PASSES, WALL_PASSES},
	{FILTER("DROP") "-A INPUT -p udp -m multiport --dports 53,51000:52000 -j ACCEPT\n",
		WALL_PASSES, WALL_PASSES},
	{FILTER("DROP") "-A INPUT -p udp -m multiport ! --dports 53,51820 -j ACCEPT\n", WALL_DROPS,
		WALL_DROPS},
	{FILTER("DROP") "-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n",
		WALL_DROPS, WALL_PASSES},
	{FILTER("DROP") "-A INPUT -m state --state NEW -j ACCEPT\n", WALL_PASSES, WALL_DROPS},
	{FILTER("DROP") "-A INPUT -i eth+ -j ACCEPT\n", WALL_PASSES, WALL_PASSES},
	{FILTER("DROP") "-A INPUT ! -i eth0 -j ACCEPT\n", WALL_DROPS, WALL_DROPS},
	{FILTER("DROP") "-A INPUT -s 203.0.113.0/24 -j ACCEPT\n", WALL_UNCLEAR, WALL_PASSES},
	{FILTER("DROP") "-A INPUT -d 192.0.2.10/32 -j ACCEPT\n", WALL_PASSES, WALL_PASSES},
	{FILTER("ACCEPT") "-A INPUT -m comment --comment \"no -j ACCEPT \\\" here\" -j DROP\n",
		WALL_DROPS, WALL_DROPS},
	{FILTER("ACCEPT") "-A INPUT -m recent --name x --rcheck -j DROP\n", WALL_UNCLEAR,
		WALL_UNCLEAR},
	{FILTER("ACCEPT") "-A INPUT -j REJECT --reject-with icmp-port-unreachable\n", WALL_DROPS,
		WALL_DROPS},
	{FILTER("ACCEPT") "-A INPUT -j LOG --log-prefix \"a b\"\n", WALL_PASSES, WALL_PASSES},
	{FILTER("ACCEPT") "-A INPUT -j SUB\n-A SUB -p udp -j DROP\n", WALL_DROPS, WALL_DROPS},
	{FILTER("ACCEPT") "-A INPUT -j SUB\n-A INPUT -j DROP\n-A SUB -p tcp -j ACCEPT\n",
		WALL_DROPS, WALL_DROPS},
	{FILTER("ACCEPT") "-A INPUT -g SUB\n-A INPUT -j DROP\n", WALL_PASSES, WALL_PASSES},
	{"*raw\n:PREROUTING DROP [0:0]\nCOMMIT\n", WALL_DROPS, WALL_DROPS},
	{FILTER("ACCEPT") "-A INPUT\n-A\n:\ngarbage\n", WALL_PASSES, WALL_PASSES},
};

static enum wall_verdict ask(const json_t *rules, bool is_reply)
{
	static const enum wall_hook hooks[] = {WALL_PREROUTING, WALL_INPUT};
	struct wall_packet packet = {.family = IP_V4,
		.iif = "eth0",
		.dst = sick_addr("192.0.2.10"),
		.proto = "udp",
		.dport = 51820,
		.is_reply = is_reply};
	struct wall_answer answer;

	if (is_reply)
		packet.src = sick_addr("203.0.113.1");
	wall_ask(rules, &packet, hooks, 2, &answer);
	return answer.verdict;
}

static void tells_what_passes(void **unused)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *rules = json_array();

		assert_true(iptables_add(rules, "ip", "", cases[i].text));
		if (ask(rules, false) != cases[i].call || ask(rules, true) != cases[i].answer)
			print_message("case %zu: %s\n", i, cases[i].text);
		assert_int_equal(ask(rules, false), cases[i].call);
		assert_int_equal(ask(rules, true), cases[i].answer);
		json_decref(rules);
	}
	(void)unused;
}

static void takes_the_place_of_nfts(void **unused)
{
	json_t *rules = json_loads(
		"[{\"chain\":{\"family\":\"ip\",\"table\":\"filter\",\"name\":\"INPUT\"}},"
		"{\"rule\":{\"family\":\"ip\",\"table\":\"filter\",\"chain\":\"INPUT\","
		"\"expr\":[{\"xt\":null}]}},"
		"{\"rule\":{\"family\":\"ip\",\"table\":\"mine\",\"chain\":\"x\","
		"\"expr\":[{\"drop\":null}]}}]",
		0, NULL);

	assert_true(iptables_is_hidden(rules, "ip"));
	assert_false(iptables_is_hidden(rules, "ip6"));
	iptables_remove(rules, "ip");
	assert_int_equal(json_array_size(rules), 1);
	assert_false(iptables_is_hidden(rules, "ip"));
	json_decref(rules);
	(void)unused;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_what_passes),
		cmocka_unit_test(takes_the_place_of_nfts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
