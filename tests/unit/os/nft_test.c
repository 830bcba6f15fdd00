/* nftables, in a network namespace of the test's own; skipped where the kernel has none. */
#include "unit.h"
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include "nft.h"

static int open_namespace(void **state)
{
	static int usable;

	usable = unshare(CLONE_NEWNET) == 0 && nft_usable();
	*state = &usable;
	return 0;
}

static void runs_all_or_nothing(void **state)
{
	char *complaint = NULL;

	if (!*(int *)*state)
		skip();
	assert_false(nft_has_table("ip", "culvert-t"));
	assert_int_equal(nft_run("add table ip culvert-t\n", &complaint), 0);
	assert_null(complaint);
	assert_true(nft_has_table("ip", "culvert-t"));
	assert_false(nft_has_table("ip6", "culvert-t"));
	assert_false(nft_has_table("ip", "culvert"));
	assert_int_equal(
		nft_run("add table ip6 culvert-t\nadd chain ip no-such-table x\n", &complaint),
		-EIO);
	free(complaint);
	assert_false(nft_has_table("ip6", "culvert-t"));
	assert_int_equal(nft_run("not a command\n", &complaint), -EIO);
	free(complaint);
	assert_int_equal(nft_run("delete table ip culvert-t\n", NULL), 0);
	assert_false(nft_has_table("ip", "culvert-t"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(runs_all_or_nothing)};

	return cmocka_run_group_tests(tests, open_namespace, NULL);
}
