/* DNS messages by hand: what is taken from them, and that no malformed one is believed. */
#include "unit.h"
#include "dnsrecord.h"

#include <string.h>

enum { MESSAGE_MAX = 2048, TYPE_A = 1, TYPE_CNAME = 5, TYPE_TXT = 16, TYPE_AAAA = 28 };

struct message {
	uint8_t bytes[MESSAGE_MAX];
	size_t len;
};

static void put(struct message *message, const void *bytes, size_t len)
{
	assert_true(message->len + len <= sizeof(message->bytes));
	memcpy(message->bytes + message->len, bytes, len);
	message->len += len;
}

static void put_u16(struct message *message, unsigned value)
{
	put(message, (uint8_t[]){(uint8_t)(value >> 8), (uint8_t)value}, 2);
}

/* The header of an answer, and the question "h" that it answers. */
static void begin(struct message *message, unsigned answers)
{
	const unsigned words[] = {0x1234, 0x8180, 1, answers, 0, 0};

	message->len = 0;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		put_u16(message, words[i]);
	put(message, "\1h", 3);
	put_u16(message, TYPE_A);
	put_u16(message, 1);
}

/* A record of the question's own name, which stands at byte 12. */
static void add(struct message *message, unsigned type, unsigned class, uint32_t ttl,
	const void *data, size_t len)
{
	put_u16(message, 0xc00c);
	put_u16(message, type);
	put_u16(message, class);
	put_u16(message, ttl >> 16);
	put_u16(message, ttl & 0xffff);
	put_u16(message, (unsigned)len);
	put(message, data, len);
}

static const uint8_t v4[] = {192, 0, 2, 1};
static const uint8_t v6[] = {0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};

/* One record of an answer, and what is made of it. */
static const struct {
	unsigned type, class;
	uint32_t ttl;
	size_t len; /* of its data, v4 or v6, zeroes behind it */
	uint8_t family;
	uint32_t ttl_s;
} rows[] = {
	{TYPE_A, 1, 300, 4, IP_V4, 300},
	{TYPE_A, 1, 0, 4, IP_V4, 0},
	{TYPE_A, 1, 0x7fffffff, 4, IP_V4, 0x7fffffff},
	{TYPE_A, 1, 0x80000000, 4, IP_V4, 0},
	{TYPE_AAAA, 1, 60, 16, IP_V6, 60},
	{TYPE_A, 1, 60, 3, IP_NONE, 60},
	{TYPE_A, 1, 60, 5, IP_NONE, 60},
	{TYPE_A, 1, 60, 16, IP_NONE, 60},
	{TYPE_AAAA, 1, 60, 4, IP_NONE, 60},
	{TYPE_A, 3, 60, 4, IP_NONE, 60},
	{TYPE_TXT, 1, 60, 4, IP_NONE, 60},
};

static void reads_a_record(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const uint8_t *data = rows[i].type == TYPE_AAAA ? v6 : v4;
		uint8_t padded[16] = {0};
		struct dns_record record;
		struct message message;

		memcpy(padded, data, data == v6 ? sizeof(v6) : sizeof(v4));
		begin(&message, 1);
		add(&message, rows[i].type, rows[i].class, rows[i].ttl, padded, rows[i].len);
		dns_record_init(&record);
		assert_true(dns_record_add(&record, message.bytes, message.len));
		assert_int_equal(record.ttl_s, rows[i].ttl_s);
		assert_int_equal(record.count, rows[i].family != IP_NONE);
		if (record.count) {
			assert_int_equal(record.addrs[0].family, rows[i].family);
			assert_memory_equal(record.addrs[0].b, padded, 16);
			assert_true(dns_record_has(&record, &record.addrs[0]));
		}
	}
}

/* An alias, two addresses, then the other family's answer: the shortest time of all counts. */
static void joins_answers(void **state)
{
	const struct ip_addr second = {IP_V4, {192, 0, 2, 2}}, none = {IP_V4, {192, 0, 2, 3}};
	struct dns_record record;
	struct message message;

	(void)state;
	dns_record_init(&record);
	begin(&message, 3);
	add(&message, TYPE_CNAME, 1, 90, "\1h", 3);
	add(&message, TYPE_A, 1, 300, v4, 4);
	add(&message, TYPE_A, 1, 200, second.b, 4);
	assert_true(dns_record_add(&record, message.bytes, message.len));
	assert_int_equal(record.count, 2);
	assert_int_equal(record.ttl_s, 90);
	begin(&message, 1);
	add(&message, TYPE_AAAA, 1, 40, v6, 16);
	assert_true(dns_record_add(&record, message.bytes, message.len));
	assert_int_equal(record.count, 3);
	assert_int_equal(record.ttl_s, 40);
	assert_true(dns_record_has(&record, &second));
	assert_false(dns_record_has(&record, &none));
}

static void keeps_within_its_room(void **state)
{
	struct dns_record record;
	struct message message;

	(void)state;
	for (unsigned count = DNS_RECORD_ADDRS_MAX; count <= DNS_RECORD_ADDRS_MAX + 1; count++) {
		dns_record_init(&record);
		begin(&message, count);
		for (unsigned i = 0; i < count; i++)
			add(&message, TYPE_A, 1, 100 - i, v4, 4);
		assert_true(dns_record_add(&record, message.bytes, message.len));
		assert_int_equal(record.count, DNS_RECORD_ADDRS_MAX);
		assert_int_equal(record.ttl_s, 100 - count + 1);
	}
}

static bool is_untouched(const struct dns_record *record)
{
	return record->count == 0 && record->ttl_s == 0x7fffffff;
}

/* Cut at every byte; then every byte set to others: refused with nothing taken, or in bounds. */
static void believes_nothing_malformed(void **state)
{
	static const uint8_t values[] = {0, 1, 0x3f, 0x40, 0x80, 0xc0, 0xff};
	struct message message;

	(void)state;
	begin(&message, 2);
	add(&message, TYPE_A, 1, 300, v4, 4);
	add(&message, TYPE_AAAA, 1, 300, v6, 16);
	for (size_t cut = 0; cut < message.len; cut++) {
		struct dns_record record;

		dns_record_init(&record);
		assert_false(dns_record_add(&record, message.bytes, cut));
		assert_true(is_untouched(&record));
	}
	for (size_t i = 0; i < message.len * sizeof(values); i++) {
		struct message hurt = message;
		struct dns_record record;

		hurt.bytes[i / sizeof(values)] = values[i % sizeof(values)];
		dns_record_init(&record);
		if (!dns_record_add(&record, hurt.bytes, hurt.len))
			assert_true(is_untouched(&record));
		assert_true(record.count <= 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_record),
		cmocka_unit_test(joins_answers),
		cmocka_unit_test(keeps_within_its_room),
		cmocka_unit_test(believes_nothing_malformed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
