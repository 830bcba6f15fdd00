/* The engine of a group of tests: for cmocka_run_group_tests(tests, engine_open, engine_close). */
#ifndef CULVERT_TESTS_UNIT_CORE_ENGINE_H
#define CULVERT_TESTS_UNIT_CORE_ENGINE_H

#include "bulk.h"

static struct bulk_engine *engine;

static int engine_open(void **state)
{
	(void)state;
	engine = bulk_create(BULK_BEST);
	return engine ? 0 : -1;
}

static int engine_close(void **state)
{
	(void)state;
	bulk_destroy(engine);
	return 0;
}

#endif
