/* DNS records by libc's resolver. */
#include "dnsrecord.h"

#include <arpa/nameser.h>
#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>

enum {
	/* What a server may send; longer answers come over TCP, cut at this. */
	MESSAGE_MAX = 16384,
	/* A time to live is not worth a long wait: so many seconds a server, once. */
	SERVER_WAIT_S = 3,
	SERVER_TRIES = 1,
};

/* RFC 2181, 8: the highest bit is not in use; a value with it counts as 0. */
#define TTL_MAX 0x7fffffffu

void dns_record_init(struct dns_record *record)
{
	record->count = 0;
	record->ttl_s = TTL_MAX;
}

static int ask(res_state resolver, const char *host, int type, struct dns_record *record)
{
	uint8_t message[MESSAGE_MAX];
	int len = res_nsearch(resolver, host, ns_c_in, type, message, sizeof(message));

	if (len < 0)
		return resolver->res_h_errno == TRY_AGAIN ? -EAGAIN : -ENOENT;
	if (len > (int)sizeof(message))
		len = sizeof(message);
	return dns_record_add(record, message, (size_t)len) ? 0 : -EBADMSG;
}

int dns_record_lookup(const char *host, struct dns_record *record)
{
	struct __res_state resolver = {0};
	int error4, error6;

	dns_record_init(record);
	if (res_ninit(&resolver) < 0)
		return -EAGAIN;
	resolver.retrans = SERVER_WAIT_S;
	resolver.retry = SERVER_TRIES;
	error4 = ask(&resolver, host, ns_t_a, record);
	/* A server that does not answer the one does not answer the other. */
	error6 = error4 == -EAGAIN ? error4 : ask(&resolver, host, ns_t_aaaa, record);
	res_nclose(&resolver);
	if (record->count)
		return 0;
	return error4 == -EAGAIN || error6 == -EAGAIN ? -EAGAIN : -ENOENT;
}

static uint8_t family_of(const ns_rr *rr)
{
	if (ns_rr_class(*rr) != ns_c_in)
		return IP_NONE;
	if (ns_rr_type(*rr) == ns_t_a && ns_rr_rdlen(*rr) == ip_bytes(IP_V4))
		return IP_V4;
	if (ns_rr_type(*rr) == ns_t_aaaa && ns_rr_rdlen(*rr) == ip_bytes(IP_V6))
		return IP_V6;
	return IP_NONE;
}

static void add_one(struct dns_record *record, const ns_rr *rr)
{
	uint32_t ttl_s = ns_rr_ttl(*rr) > TTL_MAX ? 0 : ns_rr_ttl(*rr);
	struct ip_addr addr = {.family = family_of(rr)};

	if (ttl_s < record->ttl_s)
		record->ttl_s = ttl_s;
	if (!addr.family || record->count == DNS_RECORD_ADDRS_MAX)
		return;
	memcpy(addr.b, ns_rr_rdata(*rr), ip_bytes(addr.family));
	record->addrs[record->count++] = addr;
}

bool dns_record_add(struct dns_record *record, const uint8_t *message, size_t len)
{
	struct dns_record with = *record;
	ns_msg handle;
	ns_rr rr;

	if (len > INT_MAX || ns_initparse(message, (int)len, &handle) < 0)
		return false;
	for (int i = 0; i < ns_msg_count(handle, ns_s_an); i++) {
		if (ns_parserr(&handle, ns_s_an, i, &rr) < 0)
			return false;
		add_one(&with, &rr);
	}
	*record = with;
	return true;
}

bool dns_record_has(const struct dns_record *record, const struct ip_addr *addr)
{
	for (size_t i = 0; i < record->count; i++)
		if (ip_addr_equal(&record->addrs[i], addr))
			return true;
	return false;
}
