/*
 * The machine's own firewall, asked about a packet that is made up: would it pass? Pure: rules come
 * as nft's JSON (or as the text of iptables-save), and no system is asked. What a rule matches may be
 * unknown, by a match that is not understood or a field that the packet leaves open: then both ways
 * are followed, and the answer may be "cannot tell".
 */
#ifndef CULVERT_DOCTOR_WALL_H
#define CULVERT_DOCTOR_WALL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include "addr.h"

/* The hooks of nft, by name. */
enum wall_hook { WALL_PREROUTING, WALL_INPUT, WALL_FORWARD, WALL_OUTPUT, WALL_POSTROUTING };

/* A packet, as far as it is known; what is not is NULL, IP_NONE or 0. */
struct wall_packet {
	uint8_t family; /* enum ip_family; always known */
	const char *iif, *oif;
	struct ip_addr src, dst;
	const char *proto; /* "udp", "icmp", "icmpv6"; NULL: any */
	uint16_t sport, dport;
	bool is_reply; /* ct state established, else new */
	bool has_mark;
	uint32_t mark;
	bool is_local_dst; /* to an address of this machine */
};

enum wall_verdict {
	WALL_PASSES,
	WALL_DROPS,
	WALL_UNCLEAR, /* may pass or not: something could not be understood */
};

enum { WALL_RULE_MAX = 119 };

/* What the rules belong to: who has to be told. */
enum wall_keeper { WALL_NFT, WALL_IPTABLES, WALL_UFW, WALL_FIREWALLD };

struct wall_answer {
	enum wall_verdict verdict;
	enum wall_keeper keeper;      /* of what decided */
	char rule[WALL_RULE_MAX + 1]; /* "table inet filter, chain input, policy drop" */
	char family[8], table[64], chain[64];
};

/* Would the packet pass all filters of these hooks, one after the other? */
void wall_ask(const json_t *ruleset, const struct wall_packet *packet, const enum wall_hook *hooks,
	size_t hooks_count, struct wall_answer *answer);

/* Is there a rule that hides such a packet behind another address (masquerade, snat)? */
bool wall_masquerades(const json_t *ruleset, const struct wall_packet *packet);

/* Does any rule at all do so? */
bool wall_has_masquerade(const json_t *ruleset);

#endif
