/*
 * The state of a system as far as wg-quick minds it: what a snapshot finds, what the planner
 * reads, and what a step changes. Values only: a test makes one by hand, and state_apply() foretells
 * what a step would do, so that a whole plan can be told without doing any of it.
 */
#ifndef CULVERT_QUICK_STATE_H
#define CULVERT_QUICK_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "ifaddr.h"
#include "iflink.h"
#include "iproute.h"
#include "iprule.h"
#include "settings.h"
#include "step.h"

/* Steps of one run, in the order done: the content of a journal. */
struct step_list {
	struct step *steps; /* owned, with their texts */
	size_t count, room;
	bool is_short; /* memory ran out: steps are missing */
};

struct state {
	char ifname[IFLINK_NAME_MAX + 1];
	struct iflink *links;
	size_t links_count;
	struct link_addr *addrs; /* of all links */
	size_t addrs_count;
	struct iproute *routes; /* of all tables */
	size_t routes_count;
	struct iprule *rules;
	size_t rules_count;
	bool has_device; /* the link is a WireGuard interface, and `device` is what it holds */
	struct device_settings device;
	uint32_t path_mtu;    /* the smallest towards the endpoints; 0: none known */
	uint32_t default_mtu; /* of the default route; 0: there is none */
	bool has_firewall[2]; /* rules of this interface are in force: IPv4, IPv6 */
	enum firewall_tool firewall_tool;
	int valid_mark;          /* src_valid_mark; below 0: cannot be read */
	bool valid_mark_is_ours; /* some tunnel has set it and takes it back at its end */
	bool is_ipv6_off;        /* for this link, or one to be made */
	bool is_ipv6_off_for_all;
	enum dns_tool dns_tool;
	char dns_name[STEP_NAME_MAX + 1]; /* of the record in resolvconf */
	struct step_list journal; /* of an earlier run for this interface; empty: there was none */
	bool has_journal;
};

void state_init(struct state *state, const char *ifname);
void state_fini(struct state *state);

/* Our link; NULL when there is none. */
const struct iflink *state_link(const struct state *state);

/* What the step would make of state. False when memory is short. */
bool state_apply(struct state *state, const struct step *step);

/* Appends *step and takes over its text. */
void step_list_add(struct step_list *list, const struct step *step);
void step_list_fini(struct step_list *list);

/* The last step of that kind (and family, unless IP_NONE); NULL: none. */
const struct step *step_list_find(
	const struct step_list *list, enum step_kind kind, uint8_t family);

/* 0 for IPv4, 1 for IPv6. */
static inline int family_index(uint8_t family)
{
	return family == IP_V6;
}

#endif
