/*
 * Base64 (RFC 4648 section 4) and hex for 32 bytes, by arithmetic: no table is indexed and no
 * branch taken by a key's bits.
 */
#include "keytext.h"

#include "wipe.h"

/* All ones when low <= c <= high, else 0. */
static int mask_between(int c, int low, int high)
{
	return ((low - 1 - c) & (c - high - 1)) >> 31;
}

static char base64_digit(int n)
{
	int c = n + 'A';

	c += mask_between(n, 26, 63) & ('a' - 'Z' - 1);
	c += mask_between(n, 52, 63) & ('0' - 'z' - 1);
	c += mask_between(n, 62, 63) & ('+' - '9' - 1);
	c += mask_between(n, 63, 63) & ('/' - '+' - 1);
	return (char)c;
}

/* -1 when c is no digit of base64. */
static int base64_value(int c)
{
	int plus_one = 0;

	plus_one |= mask_between(c, 'A', 'Z') & (c - 'A' + 1);
	plus_one |= mask_between(c, 'a', 'z') & (c - 'a' + 27);
	plus_one |= mask_between(c, '0', '9') & (c - '0' + 53);
	plus_one |= mask_between(c, '+', '+') & 63;
	plus_one |= mask_between(c, '/', '/') & 64;
	return plus_one - 1;
}

static char hex_digit(int n)
{
	return (char)(n + '0' + (mask_between(n, 10, 15) & ('a' - '9' - 1)));
}

static int hex_value(int c)
{
	int plus_one = 0;

	plus_one |= mask_between(c, '0', '9') & (c - '0' + 1);
	plus_one |= mask_between(c, 'a', 'f') & (c - 'a' + 11);
	plus_one |= mask_between(c, 'A', 'F') & (c - 'A' + 11);
	return plus_one - 1;
}

/* from, or zeros when bad is 1. */
static void copy_unless(int bad, uint8_t key[KEY_LEN], const uint8_t from[KEY_LEN])
{
	uint8_t mask = (uint8_t)(bad - 1);

	for (int i = 0; i < KEY_LEN; i++)
		key[i] = from[i] & mask;
}

void key_print_base64(const uint8_t key[KEY_LEN], char text[KEY_BASE64_LEN + 1])
{
	/* One zero byte more, for 33 = 11 * 3; its digit becomes the '='. */
	uint8_t padded[KEY_LEN + 1] = {0};

	memcpy(padded, key, KEY_LEN);
	for (int i = 0; i < 11; i++) {
		const uint8_t *in = padded + 3 * i;
		char *out = text + 4 * i;

		out[0] = base64_digit(in[0] >> 2);
		out[1] = base64_digit((in[0] << 4 | in[1] >> 4) & 63);
		out[2] = base64_digit((in[1] << 2 | in[2] >> 6) & 63);
		out[3] = base64_digit(in[2] & 63);
	}
	text[KEY_BASE64_LEN - 1] = '=';
	text[KEY_BASE64_LEN] = '\0';
	wipe(padded, sizeof(padded));
}

bool key_parse_base64(struct span text, uint8_t key[KEY_LEN])
{
	uint8_t padded[KEY_LEN + 1];
	int bad = 0;

	memset(key, 0, KEY_LEN);
	if (text.len != KEY_BASE64_LEN || text.at[KEY_BASE64_LEN - 1] != '=')
		return false;
	for (int i = 0; i < 11; i++) {
		uint32_t group = 0;

		for (int j = 0; j < 4; j++) {
			bool is_padding = i == 10 && j == 3;
			int value = base64_value(is_padding ? 'A' : text.at[4 * i + j]);

			bad |= value;
			group = group << 6 | ((uint32_t)value & 63);
		}
		padded[3 * i] = (uint8_t)(group >> 16);
		padded[3 * i + 1] = (uint8_t)(group >> 8);
		padded[3 * i + 2] = (uint8_t)group;
	}
	/* A negative value somewhere, or unused bits that are not zero. */
	bad = (bad < 0) | (padded[KEY_LEN] != 0);
	copy_unless(bad, key, padded);
	wipe(padded, sizeof(padded));
	return !bad;
}

void key_print_hex(const uint8_t key[KEY_LEN], char text[KEY_HEX_LEN + 1])
{
	for (int i = 0; i < KEY_LEN; i++) {
		text[2 * i] = hex_digit(key[i] >> 4);
		text[2 * i + 1] = hex_digit(key[i] & 15);
	}
	text[KEY_HEX_LEN] = '\0';
}

bool key_parse_hex(struct span text, uint8_t key[KEY_LEN])
{
	int bad = 0;

	if (text.len != KEY_HEX_LEN) {
		memset(key, 0, KEY_LEN);
		return false;
	}
	for (int i = 0; i < KEY_LEN; i++) {
		int high = hex_value(text.at[2 * i]), low = hex_value(text.at[2 * i + 1]);

		bad |= high | low;
		key[i] = (uint8_t)((unsigned)high << 4 | ((unsigned)low & 15));
	}
	bad = bad < 0;
	copy_unless(bad, key, key);
	return !bad;
}
