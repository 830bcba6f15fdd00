/*
 * How long an address of a name holds: the A and AAAA records of DNS with their time to live, which
 * getaddrinfo() does not tell. The servers and search domains are those of resolv.conf, as it is
 * at the time of the call; /etc/hosts and other sources of names are not asked.
 */
#ifndef CULVERT_OS_DNSRECORD_H
#define CULVERT_OS_DNSRECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "addr.h"

enum { DNS_RECORD_ADDRS_MAX = 64 };

struct dns_record {
	struct ip_addr addrs[DNS_RECORD_ADDRS_MAX]; /* more are left out */
	size_t count;
	uint32_t ttl_s; /* the shortest of all, of aliases on the way, too */
};

/*
 * Asks for both families. 0; -ENOENT: DNS has no address for the name; -EAGAIN: no server has
 * answered, within a few seconds each; -errno.
 */
int dns_record_lookup(const char *host, struct dns_record *record);

/* An empty record: no address, the longest time to live. */
void dns_record_init(struct dns_record *record);

/*
 * Adds what an answer of a server says, len bytes of a DNS message. False, with the record as it
 * was, when that is malformed.
 */
bool dns_record_add(struct dns_record *record, const uint8_t *message, size_t len);

bool dns_record_has(const struct dns_record *record, const struct ip_addr *addr);

#endif
