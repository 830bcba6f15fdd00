/* A fuzzer's input, taken byte by byte; zeros when there is no more. */
#ifndef CULVERT_TESTS_BYTES_IN_H
#define CULVERT_TESTS_BYTES_IN_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bytes_in {
	const uint8_t *at;
	size_t left;
};

static inline uint8_t bytes_in_8(struct bytes_in *in)
{
	if (in->left == 0)
		return 0;
	in->left--;
	return *in->at++;
}

static inline uint16_t bytes_in_16(struct bytes_in *in)
{
	uint16_t high = bytes_in_8(in);

	return (uint16_t)(high << 8 | bytes_in_8(in));
}

static inline uint32_t bytes_in_32(struct bytes_in *in)
{
	uint32_t high = bytes_in_16(in);

	return high << 16 | bytes_in_16(in);
}

static inline uint64_t bytes_in_64(struct bytes_in *in)
{
	uint64_t high = bytes_in_32(in);

	return high << 32 | bytes_in_32(in);
}

/* Up to len bytes; how many there were. */
static inline size_t bytes_in_take(struct bytes_in *in, void *out, size_t len)
{
	if (len > in->left)
		len = in->left;
	if (len > 0)
		memcpy(out, in->at, len);
	in->at += len;
	in->left -= len;
	return len;
}

#endif
