/* Wiping and constant-time comparing: the only place where secrets meet a loop. */
#include "wipe.h"

#include <stdint.h>
#include <string.h>

void wipe(void *secret, size_t len)
{
	memset(secret, 0, len);
	/* The memory is said to be read here, so the store above stays. */
	__asm__ volatile("" : : "r"(secret) : "memory");
}

__attribute__((noinline)) void wipe_stack(void)
{
	uint8_t below[4096];

	wipe(below, sizeof(below));
}

bool bytes_equal_ct(const void *a, const void *b, size_t len)
{
	const volatile uint8_t *x = a, *y = b;
	uint8_t differ = 0;

	for (size_t i = 0; i < len; i++)
		differ |= (uint8_t)(x[i] ^ y[i]);
	return differ == 0;
}

bool bytes_zero_ct(const void *a, size_t len)
{
	const volatile uint8_t *x = a;
	uint8_t any = 0;

	for (size_t i = 0; i < len; i++)
		any |= x[i];
	return any == 0;
}
