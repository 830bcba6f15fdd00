/* Slots of traffic and the audit log, in a file of its own. */
#include "unit.h"
#include "store.h"

#include <stdio.h>
#include <sys/stat.h>
#include "os/scratch_dir.h"

static char directory[SCRATCH_PATH_MAX], path[SCRATCH_PATH_MAX + 8];
static struct store *store;

static int set_up(void **state)
{
	const char *why;

	(void)state;
	scratch_make(directory);
	snprintf(path, sizeof(path), "%s/db", directory);
	assert_int_equal(store_open(&store, path, &why), 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	store_close(store);
	scratch_remove(directory);
	return 0;
}

static void add(const char *interface, const char *peer, int64_t at, uint64_t rx, uint64_t tx)
{
	store_begin(store);
	store_add(store, interface, peer, at, rx, tx);
	assert_true(store_end(store, at));
}

/* The sum over a history of what flowed a second, times the seconds; and how many points. */
static void expect(
	const char *peer, int64_t now, int64_t span, int step, size_t count, int rx, int tx)
{
	json_t *history = store_history(store, "wg0", peer, now, span), *points, *point;
	int64_t sums[2] = {0, 0}, at;
	size_t i;

	assert_non_null(history);
	points = json_object_get(history, "points");
	assert_int_equal(json_integer_value(json_object_get(history, "step")), step);
	assert_int_equal(json_array_size(points), count);
	at = json_integer_value(json_object_get(history, "from"));
	json_array_foreach(points, i, point)
	{
		assert_int_equal(json_integer_value(json_array_get(point, 0)), at);
		at += step;
		for (unsigned n = 0; n < 2; n++)
			sums[n] += json_integer_value(json_array_get(point, n + 1)) * step;
	}
	assert_int_equal(json_integer_value(json_object_get(history, "to")), at);
	assert_int_equal(sums[0], rx);
	assert_int_equal(sums[1], tx);
	json_decref(history);
}

static void sums_up_slots(void **state)
{
	struct stat file;

	(void)state;
	assert_int_equal(stat(path, &file), 0);
	assert_int_equal(file.st_mode & 07777, 0600);
	add("wg0", "A", 100000, 1000, 50);
	add("wg0", "A", 100009, 1000, 50);
	add("wg0", "B", 100010, 4000, 0);
	add("wg1", "A", 100010, 7000, 0);
	expect("A", 100020, 60, 10, 6, 2000, 100);
	expect("B", 100020, 60, 10, 6, 4000, 0);
	expect("C", 100020, 60, 10, 6, 0, 0);
	expect(NULL, 100020, 60, 10, 6, 6000, 100);
	/* The slot of now is not there yet; what is before the span not any more. */
	expect(NULL, 100019, 60, 10, 6, 2000, 100);
	expect(NULL, 100080, 60, 10, 6, 0, 0);
	expect(NULL, 100079, 60, 10, 6, 4000, 0);
}

static void gets_coarser(void **state)
{
	(void)state;
	for (int64_t at = 300000; at < 303600; at += 10)
		add("wg0", "A", at, 100, 10);
	expect("A", 303600, 3600, 10, 360, 36000, 3600);
	expect("A", 303600, 7200, 20, 360, 36000, 3600);
	/* From the slots of five minutes. */
	expect("A", 303600, 86400, 300, 288, 36000, 3600);
	/* Two slots, each rounded down. */
	expect("A", 324000, 30 * 86400, 7200, 360, 28800, 0);
}

static void forgets_what_is_old(void **state)
{
	(void)state;
	add("wg0", "A", 300000, 1000, 0);
	add("wg0", "A", 300000 + STORE_FINE_SECONDS + 10, 0, 0);
	expect("A", 300010, 60, 10, 6, 0, 0);
	expect("A", 300300, 86400, 300, 288, 900, 0);
	add("wg0", "A", 300000 + STORE_COARSE_SECONDS + 300, 0, 0);
	expect("A", 300300, 86400, 300, 288, 0, 0);
}

static void keeps_the_audit_log(void **state)
{
	const char *why;
	json_t *list;

	(void)state;
	assert_true(store_audit(store, 7, "anna", "192.0.2.1", "logged in"));
	assert_true(store_audit(store, 8, "anna", "192.0.2.1", "remove peer 'x'; --"));
	store_close(store);
	assert_int_equal(store_open(&store, path, &why), 0);
	list = store_audit_list(store, 10);
	assert_int_equal(json_array_size(list), 2);
	assert_string_equal(json_string_value(json_object_get(json_array_get(list, 0), "action")),
		"remove peer 'x'; --");
	assert_int_equal(json_integer_value(json_object_get(json_array_get(list, 1), "at")), 7);
	json_decref(list);
	list = store_audit_list(store, 1);
	assert_int_equal(json_array_size(list), 1);
	json_decref(list);
}

static void refuses_what_is_no_database(void **state)
{
	struct store *other = NULL;
	char name[SCRATCH_PATH_MAX + 8];
	const char *why;
	FILE *file;

	(void)state;
	snprintf(name, sizeof(name), "%s/no", directory);
	file = fopen(name, "w");
	assert_non_null(file);
	for (unsigned i = 0; i < 1000; i++)
		fputs("this is not a database\n", file);
	fclose(file);
	assert_true(store_open(&other, name, &why) < 0);
	assert_non_null(why);
	assert_null(other);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(sums_up_slots),
		CASE(gets_coarser),
		CASE(forgets_what_is_old),
		CASE(keeps_the_audit_log),
		CASE(refuses_what_is_no_database),
	};

	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
