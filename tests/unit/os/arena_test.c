/* Large memory: zeroed, cheap, private; also where the system will not promise so much. */
#include "unit.h"
#include "arena.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define GIB ((size_t)1 << 30)

static void gives_zeroed_pages(void **state)
{
	struct arena arena;
	unsigned char *bytes;

	(void)state;
	assert_int_equal(arena_reserve(&arena, 5000, 0), 0);
	bytes = arena.base;
	assert_int_equal(arena.len % (size_t)sysconf(_SC_PAGESIZE), 0);
	assert_true(arena.len >= 5000);
	for (size_t i = 0; i < arena.len; i++)
		assert_int_equal(bytes[i], 0);
	memset(bytes, 1, arena.len);
	arena_release(&arena);
	assert_null(arena.base);
	arena_release(&arena);
}

static void costs_nothing_until_touched(void **state)
{
	unsigned char resident[16];
	struct arena arena;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	(void)state;
	assert_int_equal(arena_reserve(&arena, 8 * GIB, ARENA_PRIVATE), 0);
	((unsigned char *)arena.base)[2 * page] = 1;
	assert_int_equal(mincore(arena.base, 16 * page, resident), 0);
	for (int i = 0; i < 16; i++)
		assert_int_equal(resident[i] & 1, i == 2);
	arena_release(&arena);
}

/* Of 8 GiB two pages: what nobody touched is neither read nor there afterwards. */
static void wipes_what_was_touched(void **state)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	unsigned char resident[16], *bytes;
	struct arena arena = {0};

	(void)state;
	arena_wipe(&arena);
	assert_int_equal(arena_reserve(&arena, 8 * GIB, ARENA_PRIVATE), 0);
	bytes = arena.base;
	memset(bytes + 2 * page, 1, page);
	bytes[arena.len - 1] = 1;
	arena_wipe(&arena);
	assert_int_equal(mincore(arena.base, 16 * page, resident), 0);
	for (int i = 0; i < 16; i++)
		assert_int_equal(resident[i] & 1, i == 2);
	for (size_t i = 0; i < page; i++)
		assert_int_equal(bytes[2 * page + i], 0);
	assert_int_equal(bytes[arena.len - 1], 0);
	arena_release(&arena);
}

static void refuses_the_impossible(void **state)
{
	struct arena arena;

	(void)state;
	assert_int_equal(arena_reserve(&arena, 0, 0), -EINVAL);
	assert_int_equal(arena_reserve(&arena, SIZE_MAX, 0), -EINVAL);
	assert_int_equal(arena_reserve(&arena, SIZE_MAX / 2, 0), -ENOMEM);
	assert_null(arena.base);
}

/* What a child that was forked after a secret was written finds: 0 when it finds none. */
static int seen_by_child(const struct arena *arena)
{
	const volatile unsigned char *bytes = arena->base;
	pid_t child = fork();
	int status;

	if (child == 0) {
		signal(SIGSEGV, SIG_DFL); /* cmocka's would carry on with the tests, in the child */
		_exit(bytes[100]);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	/* No mapping at all is as good. */
	return WIFSIGNALED(status) ? 0 : WEXITSTATUS(status);
}

static void keeps_secrets_from_children(void **state)
{
	static const unsigned flags[] = {ARENA_PRIVATE, 0};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct arena arena;

		assert_int_equal(arena_reserve(&arena, 4096, flags[i]), 0);
		assert_int_equal(arena.flags, flags[i]);
		((unsigned char *)arena.base)[100] = 42;
		assert_int_equal(seen_by_child(&arena), flags[i] ? 0 : 42);
		arena_release(&arena);
	}
}

/* In a process of its own; 0 when all is as it should be. */
static int in_tight_memory(void)
{
	struct rlimit data = {16 << 20, 16 << 20}, locked = {0, 0};
	struct arena arena;
	unsigned char *bytes;

	if (setrlimit(RLIMIT_DATA, &data) < 0 || setrlimit(RLIMIT_MEMLOCK, &locked) < 0)
		return 1;
	if (mmap(NULL, GIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
		MAP_FAILED)
		return 77; /* the limit does not bite here */
	if (arena_reserve(&arena, GIB, ARENA_PRIVATE) < 0 || arena.flags != ARENA_PRIVATE)
		return 2;
	bytes = arena.base;
	if (bytes[GIB / 2] != 0)
		return 3;
	bytes[100] = 42;
	if (seen_by_child(&arena) != 0 || bytes[100] != 42)
		return 4;
	arena_release(&arena);
	return 0;
}

/* RLIMIT_DATA refuses private memory as vm.overcommit_memory = 2 would. */
static void makes_do_with_a_file(void **state)
{
	pid_t child;
	int status;

	(void)state;
	if (unit_has_thread_sanitizer())
		skip();
	child = fork();
	if (child == 0)
		_exit(in_tight_memory());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void locks_what_it_may(void **state)
{
	struct arena arena;

	(void)state;
	assert_int_equal(arena_reserve(&arena, 4096, ARENA_LOCKED), 0);
	assert_true(arena.flags == ARENA_LOCKED || arena.flags == 0);
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_zeroed_pages),
		cmocka_unit_test(costs_nothing_until_touched),
		cmocka_unit_test(wipes_what_was_touched),
		cmocka_unit_test(refuses_the_impossible),
		cmocka_unit_test(keeps_secrets_from_children),
		cmocka_unit_test(makes_do_with_a_file),
		cmocka_unit_test(locks_what_it_may),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
