/* The firewall rules of a full tunnel in force and gone, in a network namespace of the test's own. */
#include "unit.h"
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include "firewall.h"
#include "nft.h"
#include "process.h"
#include "quick_world.h"

static void comes_and_goes(enum firewall_tool tool)
{
	static const uint8_t families[] = {IP_V4, IP_V6};
	static const char file[] = "[Interface]\nAddress = 10.0.0.2/24, fd00::2/64\n";
	struct step_list plan = {0};
	struct state state;
	struct wish wish;

	world_init(&state, "wg0");
	wish_init(&wish, file);
	world_up(&plan, &wish, &state);
	for (size_t i = 0; i < sizeof(families); i++) {
		char *text = firewall_text(tool, &state, families[i], 51820), *complaint;

		assert_non_null(text);
		assert_false(firewall_is_there(tool, families[i], "wg0"));
		assert_int_equal(firewall_add(tool, families[i], text, &complaint), 0);
		assert_true(firewall_is_there(tool, families[i], "wg0"));
		/* Not those of an interface whose name begins so. */
		assert_false(firewall_is_there(tool, families[i], "wg"));
		assert_int_equal(firewall_delete(tool, families[i], "wg0", &complaint), 0);
		assert_false(firewall_is_there(tool, families[i], "wg0"));
		free(text);
	}
	step_list_fini(&plan);
	wish_fini(&wish);
	state_fini(&state);
}

static void by_nftables(void **state)
{
	if (!*(int *)*state || !nft_usable())
		skip();
	comes_and_goes(FIREWALL_NFT);
}

static void by_iptables(void **state)
{
	if (!*(int *)*state || !process_find("iptables-restore") ||
		!process_find("ip6tables-restore"))
		skip();
	comes_and_goes(FIREWALL_IPTABLES);
}

static int open_namespace(void **state)
{
	static int is_open;

	is_open = unshare(CLONE_NEWNET) == 0;
	*state = &is_open;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_nftables),
		cmocka_unit_test(by_iptables),
	};

	return cmocka_run_group_tests(tests, open_namespace, NULL);
}
