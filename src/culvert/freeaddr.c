/* A walk over the gaps between what is used. */
#include "freeaddr.h"

#include "finding.h"

/* The address behind the last one of a prefix; false when there is none. */
static bool step_over(struct ip_addr *addr, const struct ip_prefix *prefix)
{
	unsigned last = prefix->bits - 1U, carry = 1U << (7 - last % 8);

	*addr = prefix->addr;
	if (!prefix->bits)
		return false;
	for (int byte = (int)last / 8; byte >= 0 && carry; byte--) {
		carry += addr->b[byte];
		addr->b[byte] = (uint8_t)carry;
		carry >>= 8;
	}
	return !carry;
}

static struct ip_prefix alone(const struct ip_addr *addr)
{
	return (struct ip_prefix){*addr, ip_bits_max(addr->family)};
}

/* An IPv4 network of more than two addresses has a broadcast address: all host bits set. */
static bool is_broadcast(const struct ip_prefix *network, const struct ip_addr *addr)
{
	struct ip_addr next;
	struct ip_prefix self = alone(addr);

	return addr->family == IP_V4 && network->bits < 31 &&
	       !(step_over(&next, &self) && prefix_contains(network, &next));
}

bool freeaddr_find(
	const struct ip_prefix *network, const struct prefix_set *used, struct ip_addr *addr)
{
	struct ip_prefix first = alone(&network->addr);
	bool is_there = true;

	*addr = network->addr;
	if (network->bits + 1 < first.bits)
		is_there = step_over(addr, &first);
	/* The list is sorted and without overlap, so that one pass sees every gap. */
	for (size_t i = 0; is_there && i < used->count; i++)
		if (prefix_contains(&used->list[i], addr))
			is_there = step_over(addr, &used->list[i]);
	return is_there && prefix_contains(network, addr) && !is_broadcast(network, addr);
}
