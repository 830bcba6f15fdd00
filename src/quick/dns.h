/*
 * Telling the system which DNS servers to ask while a tunnel is up: by resolvconf, by resolvectl,
 * or, where neither is, in resolv.conf itself, which is kept and put back.
 */
#ifndef CULVERT_QUICK_DNS_H
#define CULVERT_QUICK_DNS_H

#include "step.h"

/*
 * lines: "nameserver ..." and at most one "search ...". 0; -errno; or the exit status of the
 * program, above 0, which has said itself what is wrong. record: the name of resolvconf's record.
 */
int dns_set(enum dns_tool tool, const char *ifname, const char *record, const char *lines);
int dns_unset(enum dns_tool tool, const char *ifname, const char *record);

#endif
