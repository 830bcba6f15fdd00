/*
 * Any bytes as what a DNS server answers: a refused answer leaves the record as it was, one that is
 * taken twice adds the same again, and addresses and the time to live are of their kind.
 */
#include <string.h>
#include "dnsrecord.h"
#include "ensure.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_record(const struct dns_record *record)
{
	ENSURE(record->count <= DNS_RECORD_ADDRS_MAX && record->ttl_s <= INT32_MAX);
	for (size_t i = 0; i < record->count; i++) {
		ENSURE(record->addrs[i].family == IP_V4 || record->addrs[i].family == IP_V6);
		ENSURE(dns_record_has(record, &record->addrs[i]));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dns_record record, before;
	size_t once;

	memset(&record, 0, sizeof(record));
	dns_record_init(&record);
	before = record;
	if (!dns_record_add(&record, data, size)) {
		ENSURE(memcmp(&record, &before, sizeof(record)) == 0);
		return 0;
	}
	check_record(&record);
	once = record.count;
	ENSURE(dns_record_add(&record, data, size));
	check_record(&record);
	ENSURE(record.count == 2 * once || record.count == DNS_RECORD_ADDRS_MAX);
	return 0;
}
