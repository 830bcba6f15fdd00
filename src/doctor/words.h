/* Values as short texts for findings: each in an array of its own type, so that several fit a line. */
#ifndef CULVERT_DOCTOR_WORDS_H
#define CULVERT_DOCTOR_WORDS_H

#include "addr.h"
#include "keys.h"
#include "settings.h"

enum { WORD_MAX = 79 };

struct word {
	char text[WORD_MAX + 1];
};

struct word word_address(const struct ip_addr *addr);
struct word word_prefix(const struct ip_prefix *prefix);
struct word word_endpoint(const struct endpoint *endpoint);
struct word word_key(const struct public_key *key);

/* The allowed IPs of a peer as `wg set` wants them, with one more; to be freed, NULL: no memory. */
char *words_allowed_ips(const struct peer_settings *peer, const struct ip_prefix *more);

/* The prefix that is one address. */
struct ip_prefix prefix_of(const struct ip_addr *addr);

#endif
