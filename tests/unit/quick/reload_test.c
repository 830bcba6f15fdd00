/* Reloads against a model: whatever the file was, a reload makes what a fresh `up` would make. */
#include "unit.h"
#include <stdlib.h>
#include <string.h>
#include "quick_world.h"

#define INTERFACE "[Interface]\nPrivateKey = QFRpBgpZ1oGJmJ0OzZvbqD6vZqvIDmVSpvsWgqfTNmQ=\n"
#define PEER      "[Peer]\nPublicKey = xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=\nAllowedIPs = "

/* Every one of them is reloaded to every other. */
static const char *const files[] = {
	INTERFACE,
	INTERFACE "Address = 10.0.0.1/24\n",
	INTERFACE "Address = 10.0.0.1/24, 10.0.0.2/24, fd00::1/64\n" PEER "10.0.0.0/8, fd00::/48\n",
	INTERFACE "Address = 10.0.0.3/24\nMTU = 1300\n" PEER "10.0.0.0/24, 192.168.0.0/16\n",
	INTERFACE "Address = 10.0.0.1/32\n" PEER "0.0.0.0/0\n",
	INTERFACE "Address = 10.0.0.1/32, fd00::1/128\n" PEER "0.0.0.0/0, ::/0, 10.1.0.0/16\n",
	INTERFACE "Address = fd00::1/128\n" PEER "::/0\n",
	INTERFACE "Table = 77\n" PEER "0.0.0.0/0, 10.9.0.0/16, 10.1.0.0/16\n",
	INTERFACE "Table = 78\n" PEER "::/0, 10.9.0.0/16\n",
	INTERFACE "FwMark = 51820\n" PEER "0.0.0.0/0, 10.9.0.0/16\n",
	INTERFACE "Address = 10.0.0.1/24\nTable = off\n" PEER "0.0.0.0/0, 10.9.0.0/16\n",
};

enum { FILES = sizeof(files) / sizeof(files[0]) };

static void reloads_each_to_each(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < FILES * FILES; i++) {
		struct step_list up = {0}, change = {0}, again = {0}, fresh_up = {0};
		struct state state, fresh;
		struct wish old, new;
		char *expected;

		world_init(&state, "wg0");
		world_init(&fresh, "wg0");
		wish_init(&old, files[i / FILES]);
		wish_init(&new, files[i % FILES]);
		world_up(&fresh_up, &new, &fresh);
		expected = world_print(&fresh);
		world_up(&up, &old, &state);
		world_journal(&state, &up);
		state.has_device = true;
		assert_true(plan_reload(&change, &new.wanted, &state));
		for (size_t j = 0; j < change.count; j++)
			if (change.steps[j].kind != STEP_ADDRESS_ADD &&
				change.steps[j].kind != STEP_ADDRESS_DELETE)
				assert_true(state_apply(&state, &change.steps[j]));
		world_expect(world_print(&state), expected);
		plan_routes(&again, PLAN_RELOAD, &new.wanted, &state);
		for (size_t j = 0; j < again.count; j++)
			assert_int_equal(again.steps[j].kind, STEP_FIREWALL_ADD);
		free(expected);
		step_list_fini(&up);
		step_list_fini(&change);
		step_list_fini(&again);
		step_list_fini(&fresh_up);
		wish_fini(&old);
		wish_fini(&new);
		state_fini(&state);
		state_fini(&fresh);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reloads_each_to_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
