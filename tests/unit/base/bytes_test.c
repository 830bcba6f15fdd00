/* Byte order in and out, at every width. */
#include "unit.h"
#include "bytes.h"

static void stores_in_the_named_order(void **state)
{
	struct le32 l4 = le32_store(0x01020304);
	struct le64 l8 = le64_store(0x0102030405060708);
	struct be16 b2 = be16_store(0x0102);
	struct be32 b4 = be32_store(0x01020304);
	struct be64 b8 = be64_store(0x0102030405060708);

	(void)state;
	assert_memory_equal(l4.b, "\4\3\2\1", 4);
	assert_memory_equal(l8.b, "\10\7\6\5\4\3\2\1", 8);
	assert_memory_equal(b2.b, "\1\2", 2);
	assert_memory_equal(b4.b, "\1\2\3\4", 4);
	assert_memory_equal(b8.b, "\1\2\3\4\5\6\7\10", 8);
}

static void loads_what_was_stored(void **state)
{
	static const uint64_t values[] = {
		0, 1, 0x80, 0xff00, 0x8000000000000000, UINT64_MAX, 0x0123456789abcdef};

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		uint64_t v = values[i];

		assert_true(le32_load(le32_store((uint32_t)v)) == (uint32_t)v);
		assert_true(le64_load(le64_store(v)) == v);
		assert_true(be16_load(be16_store((uint16_t)v)) == (uint16_t)v);
		assert_true(be32_load(be32_store((uint32_t)v)) == (uint32_t)v);
		assert_true(be64_load(be64_store(v)) == v);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stores_in_the_named_order),
		cmocka_unit_test(loads_what_was_stored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
