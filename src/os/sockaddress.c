/* There and back. */
#include "sockaddress.h"

#include <string.h>

socklen_t sockaddress_store(union sockaddress *to, const struct endpoint *from)
{
	if (from->addr.family == IP_V4) {
		to->v4 = (struct sockaddr_in){
			.sin_family = AF_INET,
			.sin_port = htons(from->port),
		};
		memcpy(&to->v4.sin_addr, from->addr.b, sizeof(to->v4.sin_addr));
		return sizeof(to->v4);
	}
	to->v6 = (struct sockaddr_in6){
		.sin6_family = AF_INET6,
		.sin6_port = htons(from->port),
		.sin6_scope_id = from->scope_id,
	};
	memcpy(&to->v6.sin6_addr, from->addr.b, sizeof(to->v6.sin6_addr));
	return sizeof(to->v6);
}

struct endpoint sockaddress_load(const union sockaddress *from)
{
	struct endpoint to = {.addr.family = IP_NONE};

	if (from->any.sa_family == AF_INET) {
		to.addr.family = IP_V4;
		to.port = ntohs(from->v4.sin_port);
		memcpy(to.addr.b, &from->v4.sin_addr, sizeof(from->v4.sin_addr));
	} else if (from->any.sa_family == AF_INET6) {
		to.addr.family = IP_V6;
		to.port = ntohs(from->v6.sin6_port);
		to.scope_id = from->v6.sin6_scope_id;
		memcpy(to.addr.b, &from->v6.sin6_addr, sizeof(from->v6.sin6_addr));
	}
	return to;
}
