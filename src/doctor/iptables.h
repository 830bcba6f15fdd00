/*
 * What iptables-save prints, in the words of nft's JSON. nft shows rules of iptables too, but not what
 * most of their matches say ("-m conntrack", "-m multiport"); and rules of the older, legacy iptables
 * not at all. Pure.
 */
#ifndef CULVERT_DOCTOR_IPTABLES_H
#define CULVERT_DOCTOR_IPTABLES_H

#include <jansson.h>
#include <stdbool.h>

/*
 * Appends chains and rules to the array. family: "ip" or "ip6"; suffix goes behind the tables' names,
 * to keep them apart from nft's of the same name. What is not understood becomes a statement that is
 * not either. False: memory is short.
 */
bool iptables_add(json_t *ruleset, const char *family, const char *suffix, const char *text);

/* Are there rules of this family of which nft does not show all? */
bool iptables_is_hidden(const json_t *ruleset, const char *family);

/* Takes all of iptables' tables of this family out of the array. */
void iptables_remove(json_t *ruleset, const char *family);

#endif
