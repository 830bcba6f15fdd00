/*
 * The planner: from what a configuration wants and what the system is, the steps that make the one
 * the other. Pure: nothing is asked of the system and nothing is done to it. Each function appends
 * steps to a list; `up` takes a new snapshot between them, `plan` foretells it by state_apply().
 */
#ifndef CULVERT_QUICK_PLAN_H
#define CULVERT_QUICK_PLAN_H

#include "options.h"
#include "state.h"

/* What is wanted: both halves of one configuration file. */
struct wanted {
	const struct options *options;
	const struct device_settings *device; /* what the file says to wg */
	bool has_names;                       /* some endpoints are names */
};

enum plan_mode {
	PLAN_UP,     /* on a fresh link: add what is missing */
	PLAN_RELOAD, /* on a running one: also take away what the file no longer says */
};

enum plan_stage {
	STAGE_CREATE,
	STAGE_PRE_UP,
	STAGE_DEVICE,
	STAGE_LINK,   /* addresses, MTU, up, DNS */
	STAGE_ROUTES, /* routes, rules, firewall */
	STAGE_RESOLVER,
	STAGE_POST_UP,
	STAGE_COUNT
};

/* One stage of bringing an interface up, or of a reload, which has fewer stages. */
void plan_stage(struct step_list *plan, enum plan_stage stage, enum plan_mode mode,
	const struct wanted *wanted, const struct state *state);

/* Does this stage of `up` look at more of the state than the interface's name? */
bool plan_needs_state(enum plan_stage stage);

/*
 * All stages of a reload from one snapshot: what the device has been tells which routes are no
 * longer wanted. The addresses to come are put into state. False when memory is short.
 */
bool plan_reload(struct step_list *plan, const struct wanted *wanted, struct state *state);

/*
 * Everything that takes the interface down, except hooks and saving: what is seen in state and
 * what its journal tells. options may be NULL (no configuration at hand). It is also what undoes
 * an `up` that failed or was killed.
 */
void plan_down(struct step_list *plan, const struct options *options, const struct state *state);

/* The hooks of one kind, %i replaced. */
void plan_hooks(
	struct step_list *plan, const struct options *options, enum hook hook, const char *ifname);

/* Parts of stages, each in a file of its own. */
void plan_routes(struct step_list *plan, enum plan_mode mode, const struct wanted *wanted,
	const struct state *state);
void plan_firewall(
	struct step_list *plan, const struct state *state, uint8_t family, uint32_t mark);

/*
 * Takes back what a default route of this family has needed: firewall, sysctl, rules. mark: the
 * tunnel's mark and table; 0: not known.
 */
void plan_default_down(
	struct step_list *plan, const struct state *state, uint8_t family, uint32_t mark);

/* For tests and messages: rules as text for nft, or for iptables-restore. Owned by the caller. */
char *firewall_text(
	enum firewall_tool tool, const struct state *state, uint8_t family, uint32_t mark);

#endif
