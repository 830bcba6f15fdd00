/* Values from text: one line a case, limits and one past them. */
#include "unit.h"

#include <inttypes.h>
#include "values.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void reads_numbers(void **state)
{
	static const struct {
		const char *text;
		uint64_t max;
		enum value_code code;
		uint64_t number;
	} cases[] = {
		{"0", 10, VALUE_OK, 0},
		{"10", 10, VALUE_OK, 10},
		{"11", 10, VALUE_OUT_OF_RANGE, 0},
		{"0", 0, VALUE_OK, 0},
		{"1", 0, VALUE_OUT_OF_RANGE, 0},
		{"9", 4, VALUE_OUT_OF_RANGE, 0},
		{"0000010", 10, VALUE_OK, 10},
		{"18446744073709551615", UINT64_MAX, VALUE_OK, UINT64_MAX},
		{"18446744073709551616", UINT64_MAX, VALUE_OUT_OF_RANGE, 0},
		{"99999999999999999999999", UINT64_MAX, VALUE_OUT_OF_RANGE, 0},
		{"", 10, VALUE_EMPTY, 0},
		{"-1", 10, VALUE_NOT_NUMBER, 0},
		{"+1", 10, VALUE_NOT_NUMBER, 0},
		{" 1", 10, VALUE_NOT_NUMBER, 0},
		{"1 ", 10, VALUE_NOT_NUMBER, 0},
		{"0x1", 10, VALUE_NOT_NUMBER, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint64_t number = 0;

		assert_int_equal(value_parse_number(span_of(cases[i].text), cases[i].max, &number),
			cases[i].code);
		assert_true(number == cases[i].number);
	}
}

static void reads_marks_and_intervals(void **state)
{
	static const struct {
		const char *text;
		enum value_code mark_code;
		uint32_t mark;
		enum value_code keepalive_code;
		uint16_t keepalive;
	} cases[] = {
		{"off", VALUE_OK, 0, VALUE_OK, 0},
		{"OfF", VALUE_OK, 0, VALUE_OK, 0},
		{"0", VALUE_OK, 0, VALUE_OK, 0},
		{"25", VALUE_OK, 25, VALUE_OK, 25},
		{"65535", VALUE_OK, 65535, VALUE_OK, 65535},
		{"65536", VALUE_OK, 65536, VALUE_OUT_OF_RANGE, 9},
		{"4294967295", VALUE_OK, UINT32_MAX, VALUE_OUT_OF_RANGE, 9},
		{"4294967296", VALUE_OUT_OF_RANGE, 9, VALUE_OUT_OF_RANGE, 9},
		{"0xca6C", VALUE_OK, 0xca6c, VALUE_NOT_NUMBER, 9},
		{"0xFFFFffff", VALUE_OK, UINT32_MAX, VALUE_NOT_NUMBER, 9},
		{"0Xff", VALUE_NOT_NUMBER, 9, VALUE_NOT_NUMBER, 9},
		{"0x100000000", VALUE_OUT_OF_RANGE, 9, VALUE_NOT_NUMBER, 9},
		{"0x", VALUE_NOT_NUMBER, 9, VALUE_NOT_NUMBER, 9},
		{"ca6c", VALUE_NOT_NUMBER, 9, VALUE_NOT_NUMBER, 9},
		{"on", VALUE_NOT_NUMBER, 9, VALUE_NOT_NUMBER, 9},
		{"offf", VALUE_NOT_NUMBER, 9, VALUE_NOT_NUMBER, 9},
		{"-1", VALUE_NOT_NUMBER, 9, VALUE_NOT_NUMBER, 9},
		{"", VALUE_EMPTY, 9, VALUE_EMPTY, 9},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct span text = span_of(cases[i].text);
		uint32_t mark = 9;
		uint16_t keepalive = 9;

		assert_int_equal(value_parse_fwmark(text, &mark), cases[i].mark_code);
		assert_int_equal(mark, cases[i].mark);
		assert_int_equal(value_parse_keepalive(text, &keepalive), cases[i].keepalive_code);
		assert_int_equal(keepalive, cases[i].keepalive);
	}
}

static void reads_and_prints_prefixes(void **state)
{
	static const struct {
		const char *text;
		enum value_code code;
		size_t offset;
		bool had_host_bits;
		const char *printed;
	} cases[] = {
		{"10.0.0.1", VALUE_OK, 0, false, "10.0.0.1/32"},
		{"10.0.0.1/24", VALUE_OK, 0, true, "10.0.0.0/24"},
		{"0.0.0.0/0", VALUE_OK, 0, false, "0.0.0.0/0"},
		{"1.2.3.4/0", VALUE_OK, 0, true, "0.0.0.0/0"},
		{"10.0.0.0/32", VALUE_OK, 0, false, "10.0.0.0/32"},
		{"10.0.0.0/33", VALUE_PREFIX_LENGTH, 9, false, NULL},
		{"10.0.0.0/", VALUE_PREFIX_LENGTH, 9, false, NULL},
		{"10.0.0.0/8x", VALUE_PREFIX_LENGTH, 9, false, NULL},
		{"10.0.0.0/8/8", VALUE_PREFIX_LENGTH, 9, false, NULL},
		{"::/0", VALUE_OK, 0, false, "::/0"},
		{"FD00:0::1", VALUE_OK, 0, false, "fd00::1/128"},
		{"fd00::1/64", VALUE_OK, 0, true, "fd00::/64"},
		{"fd00::/129", VALUE_PREFIX_LENGTH, 7, false, NULL},
		{"::ffff:1.2.3.4/128", VALUE_OK, 0, false, "::ffff:1.2.3.4/128"},
		{"fe80::1%lo/64", VALUE_NOT_ADDRESS, 0, false, NULL},
		{"10.0.0/24", VALUE_NOT_ADDRESS, 0, false, NULL},
		{"10.0.0.256", VALUE_NOT_ADDRESS, 0, false, NULL},
		{"1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.17.18.19.20", VALUE_NOT_ADDRESS, 0, false,
			NULL},
		{"example.org/32", VALUE_NOT_ADDRESS, 0, false, NULL},
		{"", VALUE_EMPTY, 0, false, NULL},
		{"/24", VALUE_EMPTY, 0, false, NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ip_prefix prefix = {0};
		struct textbuf out = {0};
		bool had_host_bits = false;
		struct value_error error =
			value_parse_prefix(span_of(cases[i].text), &prefix, &had_host_bits);

		assert_int_equal(error.code, cases[i].code);
		assert_int_equal(error.offset, cases[i].offset);
		assert_int_equal(had_host_bits, cases[i].had_host_bits);
		if (cases[i].printed) {
			value_print_prefix(&out, &prefix);
			assert_string_equal(out.text, cases[i].printed);
		}
		textbuf_fini(&out);
	}
}

static void reads_and_prints_endpoints(void **state)
{
	static const struct {
		const char *text;
		enum value_code code;
		size_t offset;
		const char *printed;
	} cases[] = {
		{"1.2.3.4:51820", VALUE_OK, 0, "1.2.3.4:51820"},
		{"1.2.3.4:0", VALUE_OK, 0, "1.2.3.4:0"},
		{"1.2.3.4:65535", VALUE_OK, 0, "1.2.3.4:65535"},
		{"1.2.3.4:65536", VALUE_OUT_OF_RANGE, 8, NULL},
		{"[::1]:5", VALUE_OK, 0, "[::1]:5"},
		{"[1.2.3.4]:5", VALUE_OK, 0, "1.2.3.4:5"},
		{"::1:5", VALUE_OK, 0, "[::1]:5"},
		{"[fe80::1%lo]:5", VALUE_OK, 0, "[fe80::1%lo]:5"},
		{"[fe80::1%1]:5", VALUE_OK, 0, "[fe80::1%lo]:5"},
		{"[fe80::1%no-such-link]:5", VALUE_NEEDS_RESOLVER, 1, NULL},
		{"[fe80::1%]:5", VALUE_NEEDS_RESOLVER, 1, NULL},
		{"vpn.example.org:51820", VALUE_NEEDS_RESOLVER, 0, NULL},
		{"1.2.3.4:domain", VALUE_NEEDS_RESOLVER, 8, NULL},
		{"[::1]:", VALUE_NO_PORT, 5, NULL},
		{"[::1]", VALUE_NO_PORT, 5, NULL},
		{"[::1]5", VALUE_NO_PORT, 5, NULL},
		{"[::1", VALUE_NO_BRACKET, 4, NULL},
		{"1.2.3.4", VALUE_NO_PORT, 7, NULL},
		{"1.2.3.4:", VALUE_NO_PORT, 7, NULL},
		{"", VALUE_EMPTY, 0, NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct endpoint endpoint = {0};
		struct textbuf out = {0};
		struct value_error error = value_parse_endpoint(span_of(cases[i].text), &endpoint);

		assert_int_equal(error.code, cases[i].code);
		assert_int_equal(error.offset, cases[i].offset);
		if (cases[i].printed) {
			value_print_endpoint(&out, &endpoint);
			assert_string_equal(out.text, cases[i].printed);
		}
		textbuf_fini(&out);
	}
}

static void names_every_code(void **state)
{
	(void)state;
	for (enum value_code code = 0; code < VALUE_CODES; code++)
		assert_non_null(value_code_text(code));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_numbers),
		cmocka_unit_test(reads_marks_and_intervals),
		cmocka_unit_test(reads_and_prints_prefixes),
		cmocka_unit_test(reads_and_prints_endpoints),
		cmocka_unit_test(names_every_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
