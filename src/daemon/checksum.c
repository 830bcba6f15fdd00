/*
 * The Internet checksum. The sum is kept in the machine's own byte order (RFC 1071, section 2B)
 * and turned once, when folded. A running sum is far from 2^64: each call adds less than 2^35.
 */
#include "checksum.h"

#include <stdbool.h>
#include "bytes.h"
#include "fields.h"

/* What the loops over long runs take at a time. */
enum { BLOCK_LEN = 64 };

static uint64_t sum_blocks(const uint8_t *at, size_t count);
static uint64_t sum_tail(const uint8_t *at, size_t len);

uint64_t checksum_add(uint64_t sum, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;
	size_t count = len / BLOCK_LEN;
	uint64_t blocks = 0;

	if (count > 0)
		blocks = sum_blocks(at, count);
	sum += (uint32_t)blocks + (blocks >> 32);
	return sum + sum_tail(at + count * BLOCK_LEN, len % BLOCK_LEN);
}

uint16_t checksum_fold(uint64_t sum)
{
	uint16_t folded;
	struct be16 bytes;

	sum = (uint32_t)sum + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	folded = (uint16_t)(sum + (sum >> 16));
	memcpy(&bytes, &folded, sizeof(bytes));
	return be16_load(bytes);
}

uint64_t checksum_pseudo(const uint8_t *packet, uint8_t protocol, size_t len)
{
	bool is_v4 = packet[0] >> 4 == 4;
	const uint8_t rest[] = {0, protocol, (uint8_t)(len >> 8), (uint8_t)len};

	return checksum_add(checksum_add(0, rest, sizeof(rest)),
		packet + (is_v4 ? V4_ADDRESSES_AT : V6_ADDRESSES_AT), is_v4 ? 8 : 32);
}

static uint64_t word_at(const uint8_t *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof(word));
	return word;
}

/* Two chains of additions, whose carries are counted apart. */
static uint64_t sum_blocks_portable(const uint8_t *at, size_t count)
{
	uint64_t a = 0, b = 0, carries = 0;

	for (count *= BLOCK_LEN / 32; count > 0; count--, at += 32) {
		carries += __builtin_add_overflow(a, word_at(at), &a);
		carries += __builtin_add_overflow(b, word_at(at + 8), &b);
		carries += __builtin_add_overflow(a, word_at(at + 16), &a);
		carries += __builtin_add_overflow(b, word_at(at + 24), &b);
	}
	carries += __builtin_add_overflow(a, b, &a);
	carries = __builtin_add_overflow(a, carries, &a);
	return a + carries;
}

/* CHECKSUM_PORTABLE: tests compile the other way too. */
#if defined(__x86_64__) && !defined(CHECKSUM_PORTABLE)
typedef uint64_t lanes __attribute__((vector_size(32)));

/* Half words in 64-bit lanes: nothing can carry. */
__attribute__((target("avx2"))) static uint64_t sum_blocks_avx2(const uint8_t *at, size_t count)
{
	lanes low = {0}, high = {0}, one, two;

	for (; count > 0; count--, at += BLOCK_LEN) {
		memcpy(&one, at, sizeof(one));
		memcpy(&two, at + sizeof(one), sizeof(two));
		low += (one & UINT32_MAX) + (two & UINT32_MAX);
		high += (one >> 32) + (two >> 32);
	}
	low += high;
	return low[0] + low[1] + low[2] + low[3];
}

static uint64_t sum_blocks(const uint8_t *at, size_t count)
{
	return __builtin_cpu_supports("avx2") ? sum_blocks_avx2(at, count)
					      : sum_blocks_portable(at, count);
}
#else
static uint64_t sum_blocks(const uint8_t *at, size_t count)
{
	return sum_blocks_portable(at, count);
}
#endif

/* Fewer bytes than a block, perhaps an odd number: a zero byte makes it even. */
static uint64_t sum_tail(const uint8_t *at, size_t len)
{
	uint64_t sum = 0, word;
	uint32_t half;
	uint16_t pair = 0;

	for (; len >= sizeof(word); len -= sizeof(word), at += sizeof(word)) {
		word = word_at(at);
		sum += (uint32_t)word + (word >> 32);
	}
	if (len & 4) {
		memcpy(&half, at, sizeof(half));
		sum += half;
		at += sizeof(half);
	}
	if (len & 2) {
		memcpy(&pair, at, sizeof(pair));
		sum += pair;
		at += sizeof(pair);
		pair = 0;
	}
	if (len & 1) {
		memcpy(&pair, at, 1);
		sum += pair;
	}
	return sum;
}
