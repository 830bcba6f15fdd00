/* The firewall rules of one interface in force: by nftables or by iptables. */
#ifndef CULVERT_QUICK_FIREWALL_H
#define CULVERT_QUICK_FIREWALL_H

#include <stdbool.h>
#include <stdint.h>
#include "step.h"

/* Are rules of this interface there? */
bool firewall_is_there(enum firewall_tool tool, uint8_t family, const char *ifname);

/* Puts the rules of firewall_text() in force; *complaint as nft_run() has it. 0 or -errno. */
int firewall_add(enum firewall_tool tool, uint8_t family, const char *rules, char **complaint);

/* Takes away all rules of this interface and family. */
int firewall_delete(enum firewall_tool tool, uint8_t family, const char *ifname, char **complaint);

#endif
