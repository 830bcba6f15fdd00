/* The resolver, asked for UDP. */
#include "resolve.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>

static int endpoint_of(const struct sockaddr *sa, struct endpoint *endpoint)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	*endpoint = (struct endpoint){0};
	if (sa->sa_family == AF_INET) {
		memcpy(&in, sa, sizeof(in));
		endpoint->addr.family = IP_V4;
		memcpy(endpoint->addr.b, &in.sin_addr, sizeof(in.sin_addr));
		endpoint->port = ntohs(in.sin_port);
	} else if (sa->sa_family == AF_INET6) {
		memcpy(&in6, sa, sizeof(in6));
		endpoint->addr.family = IP_V6;
		memcpy(endpoint->addr.b, &in6.sin6_addr, sizeof(in6.sin6_addr));
		endpoint->port = ntohs(in6.sin6_port);
		endpoint->scope_id = in6.sin6_scope_id;
	} else {
		return EAI_FAMILY;
	}
	return 0;
}

int resolve_endpoints(const char *host, const char *port, struct resolved *found)
{
	const struct addrinfo hints = {
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_DGRAM,
		.ai_protocol = IPPROTO_UDP,
	};
	struct addrinfo *all;
	int code = getaddrinfo(host, port, &hints, &all);

	if (code)
		return code;
	found->count = 0;
	for (const struct addrinfo *one = all; one && found->count < RESOLVED_MAX;
		one = one->ai_next)
		if (endpoint_of(one->ai_addr, &found->list[found->count]) == 0)
			found->count++;
	freeaddrinfo(all);
	return found->count ? 0 : EAI_FAMILY;
}

int resolve_endpoint(const char *host, const char *port, struct endpoint *endpoint)
{
	struct resolved found;
	int code = resolve_endpoints(host, port, &found);

	if (!code)
		*endpoint = found.list[0];
	return code;
}

int resolve_port(const char *service, uint16_t *port)
{
	const struct addrinfo hints = {
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_DGRAM,
		.ai_protocol = IPPROTO_UDP,
		.ai_flags = AI_PASSIVE,
	};
	struct endpoint endpoint;
	struct addrinfo *found;
	int code = getaddrinfo(NULL, service, &hints, &found);

	if (code)
		return code;
	code = endpoint_of(found->ai_addr, &endpoint);
	freeaddrinfo(found);
	*port = endpoint.port;
	return code;
}

bool resolve_is_temporary(int code)
{
	return code != EAI_NONAME && code != EAI_FAIL && code != EAI_NODATA;
}
