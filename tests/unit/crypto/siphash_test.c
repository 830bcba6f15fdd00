/* SipHash-2-4: vectors of its authors, key 00..0f, input 00, 01, 02 and so on. */
#include "unit.h"
#include "siphash.h"

static const struct {
	size_t len;
	uint64_t result;
} vectors[] = {
	{0, 0x726fdb47dd0e0e31},
	{1, 0x74f839c593dc67fd},
	{8, 0x93f5f5799a932462},
	{15, 0xa129ca6149be45e5},
	{63, 0x958a324ceb064572},
};

static void hashes_as_published(void **state)
{
	struct siphash_key key;
	uint8_t in[64];

	(void)state;
	for (uint8_t i = 0; i < sizeof(key.b); i++)
		key.b[i] = i;
	for (uint8_t i = 0; i < sizeof(in); i++)
		in[i] = i;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
		assert_true(siphash(&key, in, vectors[i].len) == vectors[i].result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes_as_published),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
