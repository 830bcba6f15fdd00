/* Keys as text: against a table-driven model, and every way to be no key. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include "keytext.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* The model: bit by bit, with a table. */
static void model_base64(const uint8_t key[KEY_LEN], char text[KEY_BASE64_LEN + 1])
{
	for (size_t i = 0; i < 43; i++) {
		unsigned n = 0;

		for (size_t bit = 6 * i; bit < 6 * i + 6; bit++)
			n = n << 1 | (bit < 256 ? key[bit / 8] >> (7 - bit % 8) & 1u : 0);
		text[i] = digits[n];
	}
	text[43] = '=';
	text[44] = '\0';
}

static void random_key(uint8_t key[KEY_LEN])
{
	for (size_t i = 0; i < KEY_LEN; i++)
		key[i] = (uint8_t)rand();
}

static void base64_is_as_the_model(void **state)
{
	(void)state;
	srand(1);
	for (int i = 0; i < 2000; i++) {
		uint8_t key[KEY_LEN], back[KEY_LEN];
		char text[KEY_BASE64_LEN + 1], expected[KEY_BASE64_LEN + 1];

		random_key(key);
		key_print_base64(key, text);
		model_base64(key, expected);
		assert_string_equal(text, expected);
		assert_true(key_parse_base64(span_of(text), back));
		assert_memory_equal(back, key, KEY_LEN);
	}
}

/* A character at any place is taken if and only if it is a digit of base64 that fits there. */
static void base64_takes_only_digits(void **state)
{
	uint8_t key[KEY_LEN] = {0}, back[KEY_LEN];
	char text[KEY_BASE64_LEN + 1];

	(void)state;
	for (size_t at = 0; at < KEY_BASE64_LEN; at++) {
		for (int c = 0; c < 256; c++) {
			const char *digit = c ? strchr(digits, c) : NULL;
			bool is_fit = digit != NULL;

			if (at == 43)
				is_fit = c == '=';
			if (at == 42 && digit)
				is_fit = (digit - digits) % 4 == 0;
			key_print_base64(key, text);
			text[at] = (char)c;
			memset(back, 0xff, sizeof(back));
			assert_int_equal(key_parse_base64((struct span){text, 44}, back), is_fit);
			if (!is_fit)
				assert_memory_equal(back, key, KEY_LEN);
		}
	}
}

static void other_lengths_are_no_keys(void **state)
{
	char text[80];
	uint8_t key[KEY_LEN];

	(void)state;
	for (size_t len = 0; len < sizeof(text); len++) {
		memset(text, 'A', sizeof(text));
		if (len)
			text[len - 1] = '=';
		assert_int_equal(key_parse_base64((struct span){text, len}, key), len == 44);
		if (len)
			text[len - 1] = 'A';
		assert_int_equal(key_parse_hex((struct span){text, len}, key), len == 64);
	}
}

static void hex_goes_there_and_back(void **state)
{
	(void)state;
	srand(2);
	for (int i = 0; i < 500; i++) {
		uint8_t key[KEY_LEN], back[KEY_LEN];
		char text[KEY_HEX_LEN + 1], expected[KEY_HEX_LEN + 1];

		random_key(key);
		for (size_t j = 0; j < KEY_LEN; j++)
			snprintf(expected + 2 * j, 3, "%02x", key[j]);
		key_print_hex(key, text);
		assert_string_equal(text, expected);
		for (char *c = expected; *c; c++)
			*c = (char)(*c >= 'a' && rand() % 2 ? *c - 32 : *c);
		assert_true(key_parse_hex(span_of(expected), back));
		assert_memory_equal(back, key, KEY_LEN);
	}
}

static void hex_takes_only_digits(void **state)
{
	static const char all[] = "0123456789abcdefABCDEF";
	uint8_t zero[KEY_LEN] = {0}, back[KEY_LEN];
	char text[KEY_HEX_LEN + 1];

	(void)state;
	for (size_t at = 0; at < KEY_HEX_LEN; at++) {
		for (int c = 0; c < 256; c++) {
			bool is_fit = c && strchr(all, c);

			memset(text, '7', KEY_HEX_LEN);
			text[at] = (char)c;
			assert_int_equal(key_parse_hex((struct span){text, 64}, back), is_fit);
			if (!is_fit)
				assert_memory_equal(back, zero, KEY_LEN);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base64_is_as_the_model),
		cmocka_unit_test(base64_takes_only_digits),
		cmocka_unit_test(other_lengths_are_no_keys),
		cmocka_unit_test(hex_goes_there_and_back),
		cmocka_unit_test(hex_takes_only_digits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
