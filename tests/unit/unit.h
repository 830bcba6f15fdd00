/* cmocka with what it wants included before it; every unit test starts with this. */
#ifndef CULVERT_TESTS_UNIT_H
#define CULVERT_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#endif
