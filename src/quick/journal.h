/*
 * The journal: what a run of wg-quick has done to the system for one interface, written line by
 * line before each step is done, so that a later `down` can take back the work of one that was
 * killed. It lives in /run and ends with the boot.
 */
#ifndef CULVERT_QUICK_JOURNAL_H
#define CULVERT_QUICK_JOURNAL_H

#include <stdbool.h>
#include "state.h"

#define QUICK_DIRECTORY "/run/culvert/quick"

/*
 * The steps of the interface's journal that were not taken back since. 0; -ENOENT: it has none; -errno.
 * Torn lines are left out.
 */
int journal_read(const char *ifname, struct step_list *steps);

/* Appends one step; makes the journal when there is none. */
int journal_append(const char *ifname, const struct step *step);

/* Makes an empty one. */
int journal_begin(const char *ifname);

void journal_remove(const char *ifname);

/* Does the journal of any interface hold a step of this kind? */
bool journal_any_has(enum step_kind kind);

/* Makes the directory of journals and of the other files of this layer. 0 or -errno. */
int journal_make_directory(void);

#endif
