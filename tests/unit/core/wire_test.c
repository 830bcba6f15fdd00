/* Every type at every length, against a list of what is legal. */
#include "unit.h"
#include "wire.h"

#include <stdbool.h>
#include <stdlib.h>

static bool is_legal(unsigned type, size_t len)
{
	return (type == 1 && len == 148) || (type == 2 && len == 92) || (type == 3 && len == 64) ||
	       (type == 4 && len >= 32);
}

static void assert_classified(uint8_t *datagram, size_t len)
{
	unsigned type = datagram[0];
	unsigned expected = is_legal(type, len) ? type : 0;

	assert_int_equal(wire_classify(datagram, len), expected);
}

static void knows_every_type_and_length(void **state)
{
	uint8_t datagram[200] = {0};

	(void)state;
	for (unsigned type = 0; type <= 255; type++) {
		datagram[0] = (uint8_t)type;
		for (size_t len = 0; len <= sizeof(datagram); len++)
			assert_classified(datagram, len);
	}
}

static void knows_the_longest_datagram(void **state)
{
	static uint8_t datagram[65535];

	(void)state;
	for (unsigned type = 0; type <= 255; type++) {
		datagram[0] = (uint8_t)type;
		assert_classified(datagram, sizeof(datagram));
	}
}

static void refuses_reserved_bytes(void **state)
{
	static const struct {
		uint8_t type;
		size_t len;
	} messages[] = {{1, 148}, {2, 92}, {3, 64}, {4, 32}};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		for (unsigned bit = 8; bit < 32; bit++) {
			uint8_t datagram[148] = {messages[i].type};

			assert_int_equal(
				wire_classify(datagram, messages[i].len), messages[i].type);
			datagram[bit / 8] = (uint8_t)(1u << bit % 8);
			assert_int_equal(wire_classify(datagram, messages[i].len), MESSAGE_NONE);
		}
	}
}

/* A sanitizer or valgrind sees any byte read that is not there. */
static void reads_no_byte_behind_the_length(void **state)
{
	(void)state;
	for (size_t len = 0; len <= 4; len++) {
		uint8_t *exact = malloc(len);

		for (size_t i = 0; i < len; i++)
			exact[i] = i == 0 ? 4 : 0;
		assert_int_equal(wire_classify(exact, len), MESSAGE_NONE);
		free(exact);
	}
}

/* All that is not an initiation, whole or not; nothing else. */
static void knows_what_names_a_receiver(void **state)
{
	uint8_t datagram[16] = {0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8};
	uint32_t index;

	(void)state;
	for (unsigned type = 0; type <= 255; type++) {
		bool is_one = type >= MESSAGE_RESPONSE && type <= MESSAGE_DATA;
		size_t end = type == MESSAGE_RESPONSE ? 12 : 8;

		datagram[0] = (uint8_t)type;
		for (size_t len = 0; len <= sizeof(datagram); len++) {
			bool is_whole = is_one && len >= end;

			assert_int_equal(wire_receiver(datagram, len, &index), is_whole);
			if (is_whole)
				assert_int_equal(index, end == 12 ? 0x08070605 : 0x04030201);
		}
		for (unsigned at = 1; at < 4; at++) {
			datagram[at] = 1;
			assert_false(wire_receiver(datagram, sizeof(datagram), &index));
			datagram[at] = 0;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_every_type_and_length),
		cmocka_unit_test(knows_the_longest_datagram),
		cmocka_unit_test(refuses_reserved_bytes),
		cmocka_unit_test(reads_no_byte_behind_the_length),
		cmocka_unit_test(knows_what_names_a_receiver),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
