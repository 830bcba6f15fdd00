/*
 * Addresses: an IP address of either family, a prefix of one, and the endpoint of a peer.
 * Plain values in network byte order; nothing here resolves, parses or prints.
 */
#ifndef CULVERT_BASE_ADDR_H
#define CULVERT_BASE_ADDR_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum ip_family {
	IP_NONE = 0,
	IP_V4 = 4,
	IP_V6 = 6,
};

/* For IPv4 the first four bytes count and the others are zero. */
struct ip_addr {
	uint8_t family; /* enum ip_family */
	uint8_t b[16];
};

/* An address and how many of its leading bits count; host bits are zero after prefix_mask(). */
struct ip_prefix {
	struct ip_addr addr;
	uint8_t bits;
};

/*
 * Where a peer's datagrams come from and go to. `local` and `local_ifindex` are the address and
 * interface that last received from the peer (its "sticky" source); family IP_NONE: let the
 * kernel choose.
 */
struct endpoint {
	struct ip_addr addr; /* family IP_NONE: no endpoint known */
	uint16_t port;       /* host byte order */
	uint32_t scope_id;   /* interface of an IPv6 link-local address, else 0 */
	struct ip_addr local;
	uint32_t local_ifindex;
};

static inline uint8_t ip_bytes(uint8_t family)
{
	return family == IP_V4 ? 4 : family == IP_V6 ? 16 : 0;
}

static inline bool ip_is_family(uint8_t family)
{
	return family == IP_NONE || family == IP_V4 || family == IP_V6;
}

static inline uint8_t ip_bits_max(uint8_t family)
{
	return (uint8_t)(8 * ip_bytes(family));
}

static inline bool ip_addr_equal(const struct ip_addr *a, const struct ip_addr *b)
{
	return a->family == b->family && memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

/* Same remote address, port and scope; the local side does not count. */
static inline bool endpoint_same_remote(const struct endpoint *a, const struct endpoint *b)
{
	return ip_addr_equal(&a->addr, &b->addr) && a->port == b->port &&
	       a->scope_id == b->scope_id;
}

/* Zeroes the bits of the address behind the prefix length. */
void prefix_mask(struct ip_prefix *prefix);

#endif
