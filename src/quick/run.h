/* The runner: does steps, one after the other, each written to the journal first. */
#ifndef CULVERT_QUICK_RUN_H
#define CULVERT_QUICK_RUN_H

#include <stdbool.h>
#include "quickconf.h"
#include "rtnl.h"
#include "state.h"

struct run {
	struct rtnl rtnl;
	const char *ifname;
	struct config *config; /* NULL: there is none at hand */
	int signals;           /* descriptor of signals_open() */
	int lock;              /* descriptor of the lock that all wg-quicks share; -1: not held */
	bool keeps_journal;    /* steps are written to the journal */
};

/* Opens what running needs. 0 or -errno; run_close() it in any case. */
int run_open(struct run *run, const char *ifname, struct config *config);
void run_close(struct run *run);

/*
 * The lock that keeps wg-quicks for different interfaces from choosing the same table, and two for
 * one interface from working at once. It is not held while hooks run: they may call wg-quick.
 */
int run_lock(struct run *run);
void run_unlock(struct run *run);

/*
 * Does the steps in order and stops at the first that fails or when a signal asks for the end,
 * saying which and why. 0, or the exit status for wg-quick.
 */
int run_steps(struct run *run, const struct step_list *plan);

/* Does all of them, whatever fails: the way down. The first failure's exit status, or 0. */
int run_all_steps(struct run *run, const struct step_list *plan);

/* One step: 0; -errno; or above 0 the exit status of a program that has spoken for itself. */
int perform_step(struct run *run, const struct step *step);

#endif
