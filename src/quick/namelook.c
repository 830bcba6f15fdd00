/* Names asked of the system's resolver and of DNS. */
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include "dnsrecord.h"
#include "namelook.h"
#include "values.h"

/* HOST and PORT as texts of their own; false: there are none, or memory is short. */
static bool split(const char *text, char **host, char **port)
{
	struct span host_span, port_span;

	*host = *port = NULL;
	if (value_split_endpoint(span_of(text), &host_span, &port_span).code != VALUE_OK)
		return false;
	*host = strndup(host_span.at, host_span.len);
	*port = strndup(port_span.at, port_span.len);
	return *host && *port;
}

int namelook_addresses(const char *text, struct resolved *found)
{
	char *host, *port;
	int code = split(text, &host, &port) ? resolve_endpoints(host, port, found) : EAI_NONAME;

	free(host);
	free(port);
	return code;
}

static bool has_any(const struct dns_record *record, const struct resolved *found)
{
	for (size_t i = 0; i < found->count; i++)
		if (dns_record_has(record, &found->list[i].addr))
			return true;
	return false;
}

int namelook_whole(const char *text, struct resolved *found, int *ttl_error, uint32_t *ttl_s)
{
	struct dns_record record;
	char *host, *port;
	int code = split(text, &host, &port) ? resolve_endpoints(host, port, found) : EAI_NONAME;

	if (!code) {
		*ttl_error = dns_record_lookup(host, &record);
		/* The record may have changed between the two. */
		if (!*ttl_error && !has_any(&record, found))
			code = resolve_endpoints(host, port, found);
		if (!code && !*ttl_error && !has_any(&record, found))
			*ttl_error = -ENOENT;
		*ttl_s = record.ttl_s;
	}
	free(host);
	free(port);
	return code;
}
