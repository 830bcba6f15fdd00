/* Endpoints to socket addresses. */
#include "sockaddress.h"

#include <arpa/inet.h>
#include <string.h>

void sockaddress_fill(struct sockaddr_storage *to, const struct endpoint *from)
{
	struct sockaddr_in *v4 = (void *)to;
	struct sockaddr_in6 *v6 = (void *)to;

	*to = (struct sockaddr_storage){0};
	if (from->addr.family == IP_V4) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(from->port);
		memcpy(&v4->sin_addr, from->addr.b, sizeof(v4->sin_addr));
	} else {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(from->port);
		memcpy(&v6->sin6_addr, from->addr.b, sizeof(v6->sin6_addr));
	}
}
