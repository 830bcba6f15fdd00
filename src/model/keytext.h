/*
 * Keys as text: base64 for people (44 characters), hex for the control socket (64 digits). Both
 * ways take a time that does not depend on the key's bits, only on whether the text is one.
 */
#ifndef CULVERT_MODEL_KEYTEXT_H
#define CULVERT_MODEL_KEYTEXT_H

#include <stdbool.h>
#include <stdint.h>
#include "keys.h"
#include "span.h"

enum {
	KEY_BASE64_LEN = 44,
	KEY_HEX_LEN = 64,
};

/* text: KEY_BASE64_LEN characters and a zero byte. */
void key_print_base64(const uint8_t key[KEY_LEN], char text[KEY_BASE64_LEN + 1]);

/*
 * True when text is one key: exactly 44 characters, the last '=', the unused bits zero. When
 * false, key is all zero.
 */
__attribute__((warn_unused_result)) bool key_parse_base64(struct span text, uint8_t key[KEY_LEN]);

/* Lower-case digits. */
void key_print_hex(const uint8_t key[KEY_LEN], char text[KEY_HEX_LEN + 1]);

/* Digits of either case, exactly 64. When false, key is all zero. */
__attribute__((warn_unused_result)) bool key_parse_hex(struct span text, uint8_t key[KEY_LEN]);

#endif
