/* Would the packet pass? A line a ruleset: its JSON, and the answer for a call to UDP port 51820. */
#include "unit.h"
#include <stdio.h>
#include "sick.h"
#include "wall.h"

#define BASE(policy)                                                                               \
	"{'chain':{'family':'inet','table':'t','name':'in','type':'filter','hook':'input',"        \
	"'policy':'" policy "'}},"
#define RULE_IN(chain, expr)                                                                       \
	"{'rule':{'family':'inet','table':'t','chain':'" chain "','expr':[" expr "]}},"
#define RULE(expr)             RULE_IN("in", expr)
#define MATCH(op, left, right) "{'match':{'op':'" op "','left':" left ",'right':" right "}},"
#define UDP_PORT               "{'payload':{'protocol':'udp','field':'dport'}}"
#define TCP_PORT               "{'payload':{'protocol':'tcp','field':'dport'}}"
#define SOURCE                 "{'payload':{'protocol':'ip','field':'saddr'}}"
#define SOURCE6                "{'payload':{'protocol':'ip6','field':'saddr'}}"
#define TARGET                 "{'payload':{'protocol':'ip','field':'daddr'}}"
#define META(key)              "{'meta':{'key':'" key "'}}"
#define STATE                  "{'ct':{'key':'state'}}"
#define ACCEPT                 "{'accept':null}"
#define DROP                   "{'drop':null}"
#define PORTS                                                                                      \
	"{'set':{'family':'inet','table':'t','name':'ports','elem':[{'range':[100,200]},51820]}},"

static const struct {
	const char *rules;
	enum wall_verdict call;   /* a new datagram to our port, from anybody */
	enum wall_verdict answer; /* one that belongs to ours */
} cases[] = {
	{"", WALL_PASSES, WALL_PASSES},
	{BASE("accept"), WALL_PASSES, WALL_PASSES},
	{BASE("drop"), WALL_DROPS, WALL_DROPS},
	{BASE("drop") RULE(MATCH("==", UDP_PORT, "51820") ACCEPT), WALL_PASSES, WALL_PASSES},
	{BASE("drop") RULE(MATCH("==", UDP_PORT, "51821") ACCEPT), WALL_DROPS, WALL_DROPS},
	{BASE("drop") RULE(MATCH("==", TCP_PORT, "51820") ACCEPT), WALL_DROPS, WALL_DROPS},
	/* A packet that has no such field does not match, whatever the operator. */
	{BASE("drop") RULE(MATCH("!=", TCP_PORT, "1") ACCEPT), WALL_DROPS, WALL_DROPS},
	{BASE("drop") RULE(MATCH("!=", UDP_PORT, "1") ACCEPT), WALL_PASSES, WALL_PASSES},
	{BASE("drop") RULE(MATCH("==", UDP_PORT, "{'range':[51820,51830]}") ACCEPT), WALL_PASSES,
		WALL_PASSES},
	{BASE("drop") RULE(MATCH("==", UDP_PORT, "{'range':[51821,51830]}") ACCEPT), WALL_DROPS,
		WALL_DROPS},
	{BASE("drop") RULE(MATCH(">=", UDP_PORT, "51820") ACCEPT), WALL_PASSES, WALL_PASSES},
	{BASE("drop") RULE(MATCH(">", UDP_PORT, "51820") ACCEPT), WALL_DROPS, WALL_DROPS},
	{BASE("drop") RULE(MATCH("<", UDP_PORT, "51820") ACCEPT), WALL_DROPS, WALL_DROPS},
	{BASE("drop") RULE(MATCH("==", UDP_PORT, "{'set':[53,51820]}") ACCEPT), WALL_PASSES,
		WALL_PASSES},
	{BASE("drop") RULE(MATCH("!=", UDP_PORT, "{'set':[53,51820]}") ACCEPT), WALL_DROPS,
		WALL_DROPS},
	{PORTS BASE("drop") RULE(MATCH("==", UDP_PORT, "'@ports'") ACCEPT), WALL_PASSES,
		WALL_PASSES},
	{BASE("drop") RULE(MATCH("==", UDP_PORT, "'@ports'") ACCEPT), WALL_DROPS, WALL_DROPS},
	{BASE("drop") RULE(MATCH("==", META("iifname"), "'eth*'") ACCEPT), WALL_PASSES,
		WALL_PASSES},
	{BASE("drop") RULE(MATCH("==", META("iif"), "'lo'") ACCEPT), WALL_DROPS, WALL_DROPS},
	{BASE("drop") RULE(MATCH("==", META("l4proto"), "{'set':['tcp','udp']}") ACCEPT),
		WALL_PASSES, WALL_PASSES},
	{BASE("drop") RULE(MATCH("==", META("l4proto"), "17") ACCEPT), WALL_PASSES, WALL_PASSES},
	{BASE("drop") RULE(MATCH("==", META("nfproto"), "'ipv6'") ACCEPT), WALL_DROPS, WALL_DROPS},
	{BASE("drop") RULE(MATCH("==", SOURCE6, "'fd00::1'") ACCEPT), WALL_DROPS, WALL_DROPS},
	{BASE("drop") RULE(MATCH("==", TARGET, "{'prefix':{'addr':'192.0.2.0','len':24}}") ACCEPT),
		WALL_PASSES, WALL_PASSES},
	{BASE("drop") RULE(MATCH("==", TARGET, "{'prefix':{'addr':'192.0.3.0','len':24}}") ACCEPT),
		WALL_DROPS, WALL_DROPS},
	{BASE("drop") RULE(MATCH("==", TARGET, "{'range':['192.0.2.9','192.0.2.10']}") ACCEPT),
		WALL_PASSES, WALL_PASSES},
	/* Who calls is not known; who answers is. */
	{BASE("drop") RULE(MATCH("==", SOURCE, "'203.0.113.1'") ACCEPT), WALL_UNCLEAR, WALL_PASSES},
	{BASE("drop") RULE(MATCH("==", SOURCE, "'203.0.113.2'") ACCEPT), WALL_UNCLEAR, WALL_DROPS},
	{BASE("drop") RULE(MATCH("==", STATE, "{'set':['established','related']}") ACCEPT),
		WALL_DROPS, WALL_PASSES},
	{BASE("drop") RULE(MATCH("in", STATE, "['established','related']") ACCEPT), WALL_DROPS,
		WALL_PASSES},
	{BASE("accept") RULE(MATCH("in", STATE, "'invalid'") DROP), WALL_PASSES, WALL_PASSES},
	{BASE("drop") RULE("{'vmap':{'key':" STATE ",'data':{'set':[['established'," ACCEPT
			   "],['invalid'," DROP "]]}}}"),
		WALL_DROPS, WALL_PASSES},
	{BASE("drop") RULE("{'counter':{'packets':0,'bytes':0}},{'log':{'prefix':'x'}}," ACCEPT),
		WALL_PASSES, WALL_PASSES},
	{BASE("accept") RULE("{'reject':{'type':'icmp'}}"), WALL_DROPS, WALL_DROPS},
	/* What is not understood: both ways. */
	{BASE("drop") RULE("{'xt':null}," ACCEPT), WALL_UNCLEAR, WALL_UNCLEAR},
	{BASE("drop") RULE("{'limit':{'rate':5}}," ACCEPT), WALL_UNCLEAR, WALL_UNCLEAR},
	{BASE("accept") RULE("{'xt':{'type':'target','name':'NEWS'}}"), WALL_UNCLEAR, WALL_UNCLEAR},
	{BASE("accept") RULE("{'xt':{'type':'target','name':'REJECT'}}"), WALL_DROPS, WALL_DROPS},
	{BASE("accept") RULE("{'xt':{'type':'match','name':'comment'}}," DROP), WALL_DROPS,
		WALL_DROPS},
	{BASE("accept") RULE("{'queue':null}"), WALL_UNCLEAR, WALL_UNCLEAR},
	/* Though unclear before, it comes to the same. */
	{BASE("drop") RULE("{'xt':null}," DROP), WALL_DROPS, WALL_DROPS},
	{BASE("accept") RULE("{'xt':null}," ACCEPT), WALL_PASSES, WALL_PASSES},
	/* Chains. */
	{BASE("drop") RULE("{'jump':{'target':'sub'}}") RULE_IN("sub", ACCEPT), WALL_PASSES,
		WALL_PASSES},
	{BASE("accept") RULE("{'jump':{'target':'sub'}}")
			RULE_IN("sub", MATCH("==", UDP_PORT, "51820") DROP),
		WALL_DROPS, WALL_DROPS},
	{BASE("drop") RULE("{'jump':{'target':'sub'}}") RULE(ACCEPT)
			RULE_IN("sub", "{'return':null}"),
		WALL_PASSES, WALL_PASSES},
	{BASE("drop") RULE("{'jump':{'target':'sub'}}") RULE(ACCEPT), WALL_PASSES, WALL_PASSES},
	{BASE("drop") RULE("{'goto':{'target':'sub'}}") RULE(ACCEPT)
			RULE_IN("sub", "{'return':null}"),
		WALL_DROPS, WALL_DROPS},
	{BASE("accept") RULE("{'jump':{'target':'in'}}"), WALL_UNCLEAR, WALL_UNCLEAR},
	/* Another chain at the same hook has its own say; one of another hook or family has none. */
	{BASE("accept") RULE(ACCEPT) "{'chain':{'family':'ip','table':'u','name':'in','type':'"
				     "filter','hook':'input','policy':'drop'}},",
		WALL_DROPS, WALL_DROPS},
	{"{'chain':{'family':'ip6','table':'u','name':'in','type':'filter','hook':'input','policy':"
	 "'drop'}},",
		WALL_PASSES, WALL_PASSES},
	{"{'chain':{'family':'ip','table':'u','name':'in','type':'filter','hook':'forward','policy'"
	 ":'drop'}},",
		WALL_PASSES, WALL_PASSES},
};

/* JSON with single quotes. */
static json_t *load(const char *text)
{
	char *copy = NULL;
	json_t *rules;

	assert_true(asprintf(&copy, "[%s{'metainfo':{}}]", text) > 0);
	for (char *at = copy; *at; at++)
		if (*at == '\'')
			*at = '"';
	/* Lists end in a comma before the bracket: take it away. */
	for (char *at = copy; (at = strstr(at, ",]")); at++)
		*at = ' ';
	rules = json_loads(copy, 0, NULL);
	if (!rules)
		print_message("%s\n", copy);
	assert_non_null(rules);
	free(copy);
	return rules;
}

static void expect(
	const json_t *rules, struct wall_packet packet, enum wall_verdict verdict, size_t i)
{
	static const enum wall_hook hooks[] = {WALL_PREROUTING, WALL_INPUT};
	struct wall_answer answer;

	packet.family = IP_V4;
	packet.iif = "eth0";
	packet.dst = sick_addr("192.0.2.10");
	packet.proto = "udp";
	packet.dport = 51820;
	packet.is_local_dst = true;
	wall_ask(rules, &packet, hooks, 2, &answer);
	if (answer.verdict != verdict)
		print_message("case %zu: %s\n%s\n", i, cases[i].rules, answer.rule);
	assert_int_equal(answer.verdict, verdict);
	assert_true((answer.verdict != WALL_PASSES) == (answer.rule[0] != 0));
}

static void tells_what_passes(void **unused)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *rules = load(cases[i].rules);

		expect(rules, (struct wall_packet){0}, cases[i].call, i);
		expect(rules,
			(struct wall_packet){
				.src = sick_addr("203.0.113.1"), .sport = 51820, .is_reply = true},
			cases[i].answer, i);
		json_decref(rules);
	}
	(void)unused;
}

static void names_the_rule(void **unused)
{
	static const enum wall_hook hook = WALL_INPUT;
	struct wall_packet packet = {
		.family = IP_V4, .iif = "eth0", .proto = "udp", .dport = 51820};
	struct wall_answer answer;
	json_t *rules = load(BASE("drop") RULE(MATCH("==", UDP_PORT, "53") ACCEPT));

	wall_ask(rules, &packet, &hook, 1, &answer);
	assert_string_equal(answer.rule, "table inet t, chain in, policy drop");
	assert_int_equal(answer.keeper, WALL_NFT);
	json_decref(rules);
	(void)unused;
}

static void sees_masquerades(void **unused)
{
	static const char nat[] =
		"{'chain':{'family':'ip','table':'n','name':'out','type':'nat','hook':'postrouting'"
		"}},"
		"{'rule':{'family':'ip','table':'n','chain':'out','expr':["
		"{'match':{'op':'==','left':{'meta':{'key':'oifname'}},'right':'eth0'}},"
		"{'masquerade':null}]}},";
	struct wall_packet packet = {.family = IP_V4, .oif = "eth0", .src = sick_addr("10.0.0.3")};
	json_t *rules = load(nat), *none = load(BASE("drop"));

	assert_true(wall_has_masquerade(rules));
	assert_true(wall_masquerades(rules, &packet));
	packet.oif = "eth1";
	assert_false(wall_masquerades(rules, &packet));
	assert_false(wall_has_masquerade(none));
	json_decref(rules);
	json_decref(none);
	(void)unused;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_what_passes),
		cmocka_unit_test(names_the_rule),
		cmocka_unit_test(sees_masquerades),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
