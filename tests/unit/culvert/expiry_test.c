/* Times of expiry: every form, and what is none. */
#include "unit.h"
#include "expiry.h"

enum { NOW = 1700000000 };

static const struct {
	const char *text;
	int64_t expires; /* 0: refused */
} cases[] = {
	{"1s", NOW + 1},
	{"90m", NOW + 5400},
	{"12h", NOW + 43200},
	{"30d", NOW + 2592000},
	{"2w", NOW + 1209600},
	{"0d", NOW},
	{"2027-01-31", 1801353600},
	{"2027-01-31T12:00:00Z", 1801396800},
	{"2027-01-31T12:00:00", 1801396800},
	{"2027-01-31T12:00", 1801396800},
	{"2027-01-31 12:00", 1801396800},
	{"2028-02-29", 1835395200},
	{"2027-02-29", 0},
	{"2027-02-31", 0},
	{"2027-13-01", 0},
	{"2027-01-31T25:00", 0},
	{"2027-01-31x", 0},
	{"2027-01-31T12:00:00+01:00", 0},
	{"2027", 0},
	{"", 0},
	{"d", 0},
	{"-1d", 0},
	{"1.5d", 0},
	{"30", 0},
	{"30y", 0},
	{"99999999999999d", 0},
	{"3162240000s", NOW + 3162240000},
	{"3162240001s", 0},
	{"36601d", 0},
};

static void every_form(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t expires = 0;
		bool is_time = expiry_parse(
			(struct span){cases[i].text, strlen(cases[i].text)}, NOW, &expires);

		if (is_time != (cases[i].expires != 0) || (is_time && expires != cases[i].expires))
			fail_msg("%s: %d, %lld", cases[i].text, is_time, (long long)expires);
	}
}

static void printed_and_read_again(void **state)
{
	(void)state;
	for (int64_t time = 1; time < 4000000000; time += 123456789) {
		char text[EXPIRY_TEXT_ROOM];
		int64_t again;

		expiry_print(time, text);
		assert_true(expiry_parse((struct span){text, strlen(text)}, 0, &again));
		assert_int_equal(again, time);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form),
		cmocka_unit_test(printed_and_read_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
