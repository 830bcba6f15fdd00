/* Who claims which addresses. */
#include "claims.h"

#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;
	int order = memcmp(&x->prefix, &y->prefix, sizeof(x->prefix));

	return order ? order : (x->peer > y->peer) - (x->peer < y->peer);
}

struct claim *claims_list(const struct device_settings *device, size_t *count)
{
	size_t total = 0;
	struct claim *claims;

	for (size_t i = 0; i < device->peers_count; i++)
		total += device->peers[i].allowed_ips_count;
	claims = calloc(total + 1, sizeof(*claims));
	*count = 0;
	for (size_t i = 0; claims && i < device->peers_count; i++)
		for (size_t j = 0; j < device->peers[i].allowed_ips_count; j++)
			claims[(*count)++] =
				(struct claim){device->peers[i].allowed_ips[j].prefix, i};
	if (claims)
		qsort(claims, *count, sizeof(*claims), compare);
	return claims;
}
