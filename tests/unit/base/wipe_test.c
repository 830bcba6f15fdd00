/* Wiping, and comparing in constant time: the results; not the time. */
#include "unit.h"
#include "wipe.h"

static void wipes_every_byte(void **state)
{
	unsigned char secret[34];

	(void)state;
	for (size_t i = 0; i < sizeof(secret); i++)
		secret[i] = 0xa5;
	wipe(secret + 1, 32);
	assert_int_equal(secret[0], 0xa5);
	assert_int_equal(secret[33], 0xa5);
	assert_true(bytes_zero_ct(secret + 1, 32));
}

static void sees_a_difference_in_any_bit(void **state)
{
	unsigned char a[32] = {0}, b[32] = {0};

	(void)state;
	assert_true(bytes_equal_ct(a, b, 32));
	for (size_t bit = 0; bit < 256; bit++) {
		b[bit / 8] = (unsigned char)(1u << bit % 8);
		assert_false(bytes_equal_ct(a, b, 32));
		assert_false(bytes_zero_ct(b, 32));
		b[bit / 8] = 0;
	}
	assert_true(bytes_equal_ct(a, b, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wipes_every_byte),
		cmocka_unit_test(sees_a_difference_in_any_bit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
