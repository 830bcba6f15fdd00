/* Hand-made snapshots and wishes for the planner's tests, and plans as text to compare with. */
#ifndef CULVERT_TESTS_QUICK_WORLD_H
#define CULVERT_TESTS_QUICK_WORLD_H

#include "options.h"
#include "plan.h"
#include "state.h"

/* A machine as most are: lo, eth0 with both families and default routes, the kernel's own rules. */
void world_init(struct state *state, const char *ifname);

/* Reads a file's text into options and settings; fails the test when it is wrong. */
struct wish {
	struct conf_document doc;
	struct conf_settings settings;
	struct conf_errors errors;
	struct options options;
	struct wanted wanted;
};
void wish_init(struct wish *wish, const char *text);
void wish_fini(struct wish *wish);

/* Plans all stages of `up`, each on what the one before makes of state. */
void world_up(struct step_list *plan, const struct wish *wish, struct state *state);

/* Applies steps to state. */
void world_apply(struct state *state, const struct step_list *plan);

/* Puts what was done into the state's journal. */
void world_journal(struct state *state, const struct step_list *plan);

/* The plan as commands, a newline after each; to be freed. */
char *world_text(const struct step_list *plan, const char *ifname);

/* Links, addresses, routes and rules as text, sorted: equal states have equal texts. To be freed. */
char *world_print(const struct state *state);

/* Fails the test with both texts when they differ. Frees `got`. */
void world_expect(char *got, const char *expected);

#endif
