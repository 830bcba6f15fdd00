/* Which interface's file is meant when the command line leaves it out. */
#ifndef CULVERT_CULVERT_PEERCHOICE_H
#define CULVERT_CULVERT_PEERCHOICE_H

#include <stdbool.h>
#include "ctl.h"

/* The interfaces that have a file, sorted. False: it has complained. fini by ctl_names_fini(). */
bool peerchoice_list(struct ctl_names *names);

/* interface itself; NULL: the only one with a file, or the only one of these that is up. */
bool peerchoice_make(const char *interface, char chosen[IFNAME_LEN_MAX + 1]);

#endif
