/* FNV-1a: whether two things are the same, where nobody means to deceive. */
#ifndef CULVERT_BASE_DIGEST_H
#define CULVERT_BASE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#define DIGEST_EMPTY UINT64_C(0xcbf29ce484222325)

static inline uint64_t digest_add(uint64_t digest, const void *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		digest = (digest ^ ((const uint8_t *)bytes)[i]) * UINT64_C(0x100000001b3);
	return digest;
}

static inline uint64_t digest_add_text(uint64_t digest, const char *text)
{
	for (; *text; text++)
		digest = digest_add(digest, text, 1);
	return digest;
}

#endif
