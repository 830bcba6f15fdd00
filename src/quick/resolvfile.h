/*
 * /etc/resolv.conf while tunnels are up and nothing else manages it. What was there is kept in
 * /run; the last tunnel to go puts it back, unless somebody else has written there meanwhile.
 */
#ifndef CULVERT_QUICK_RESOLVFILE_H
#define CULVERT_QUICK_RESOLVFILE_H

/* 0 or -errno. */
int resolvfile_set(const char *ifname, const char *lines);

/* Also when killed in the middle of a set. Nothing to undo is fine. */
int resolvfile_unset(const char *ifname);

#endif
