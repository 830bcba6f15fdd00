/* Vectors as the documents print them: hexadecimal text, here made bytes. */
#ifndef CULVERT_TESTS_UNIT_HEX_H
#define CULVERT_TESTS_UNIT_HEX_H

#include "unit.h"
#include <stdio.h>
#include <string.h>

/* Reads text, which must be whole bytes and at most max of them; returns how many. */
static inline size_t hex_read(const char *text, uint8_t *out, size_t max)
{
	size_t len = strlen(text) / 2;

	assert_true(strlen(text) % 2 == 0 && len <= max);
	for (size_t i = 0; i < len; i++) {
		unsigned byte;

		assert_int_equal(sscanf(text + 2 * i, "%2x", &byte), 1);
		out[i] = (uint8_t)byte;
	}
	return len;
}

/* True when the len bytes at data are those that text says, and no more or fewer. */
static inline void hex_assert_equal(const void *data, size_t len, const char *text)
{
	uint8_t expected[512];

	assert_int_equal(hex_read(text, expected, sizeof(expected)), len);
	assert_memory_equal(data, expected, len);
}

#endif
