/* Of allowed IPs, the one that is the peer itself. */
#include "inner.h"

#include "values.h"

bool inner_address(const struct peer_settings *peer, const char *word, struct ip_addr *addr)
{
	if (value_parse_address(span_of(word), addr) == VALUE_OK)
		return true;
	for (size_t i = 0; i < peer->allowed_ips_count; i++) {
		const struct ip_prefix *prefix = &peer->allowed_ips[i].prefix;

		if (prefix->bits != ip_bits_max(prefix->addr.family))
			continue;
		*addr = prefix->addr;
		return true;
	}
	return false;
}
