/* Metrics as text: both forms to the byte, and labels of any bytes. */
#include "unit.h"
#include "metricstext.h"

#include <stdio.h>

static const struct metric_family counter = {
	"a_bytes", "bytes", "What is counted.", METRIC_COUNTER};
static const struct metric_family gauge = {"b", NULL, "What is measured.", METRIC_GAUGE};
static const struct metric_family info = {"c", NULL, "What is said.", METRIC_INFO};

static void prints_both_forms(void **state)
{
	static const char *const expected[] = {
		[METRICS_CLASSIC] = "# HELP a_bytes_total What is counted.\n"
				    "# TYPE a_bytes_total counter\n"
				    "a_bytes_total{x=\"1\",y=\"2\"} 18446744073709551615\n"
				    "a_bytes_total 0\n"
				    "# HELP b What is measured.\n"
				    "# TYPE b gauge\n"
				    "b 10\n"
				    "# HELP c_info What is said.\n"
				    "# TYPE c_info gauge\n"
				    "c_info{x=\"1\",y=\"2\"} 1\n",
		[METRICS_OPEN] = "# HELP a_bytes What is counted.\n"
				 "# TYPE a_bytes counter\n"
				 "# UNIT a_bytes bytes\n"
				 "a_bytes_total{x=\"1\",y=\"2\"} 18446744073709551615\n"
				 "a_bytes_total 0\n"
				 "# HELP b What is measured.\n"
				 "# TYPE b gauge\n"
				 "b 10\n"
				 "# HELP c What is said.\n"
				 "# TYPE c info\n"
				 "c_info{x=\"1\",y=\"2\"} 1\n"
				 "# EOF\n",
	};

	(void)state;
	for (enum metrics_form form = METRICS_CLASSIC; form <= METRICS_OPEN; form++) {
		struct metrics_text text = {.form = form};
		struct textbuf labels = {0}, none = {0};

		metrics_add_label(&labels, "x", span_of("1"));
		metrics_add_label(&labels, "y", span_of("2"));
		metrics_begin_family(&text, &counter);
		metrics_add_sample(&text, &labels, UINT64_MAX);
		metrics_add_sample(&text, &none, 0);
		metrics_begin_family(&text, &gauge);
		metrics_add_sample(&text, &none, 10);
		metrics_begin_family(&text, &info);
		metrics_add_sample(&text, &labels, 1);
		metrics_end(&text);
		assert_int_equal(textbuf_status(&text.out), 0);
		assert_string_equal(text.out.text, expected[form]);
		textbuf_fini(&text.out);
		textbuf_fini(&labels);
	}
}

#define REPLACED "\xef\xbf\xbd"

static void prints_labels_of_any_bytes(void **state)
{
	static const struct {
		const char *value, *printed;
	} cases[] = {
		{"", ""},
		{"laptop", "laptop"},
		{"a \"b\" \\ c", "a \\\"b\\\" \\\\ c"},
		{"two\nlines", "two\\nlines"},
		{"\x7f", "\x7f"},
		{"M\xc3\xbcller", "M\xc3\xbcller"},
		{"\xe2\x82\xac", "\xe2\x82\xac"},
		{"\xf0\x9f\x90\xa7!", "\xf0\x9f\x90\xa7!"},
		/* The last of each length, and the last of all. */
		{"\xdf\xbf\xef\xbf\xbf\xf4\x8f\xbf\xbf", "\xdf\xbf\xef\xbf\xbf\xf4\x8f\xbf\xbf"},
		{"\xf4\x90\x80\x80", REPLACED REPLACED REPLACED REPLACED},
		/* Latin-1; cut off; a part without a beginning. */
		{"M\xfcller", "M" REPLACED "ller"},
		{"\xc3", REPLACED},
		{"\xe2\x82", REPLACED REPLACED},
		{"\xf0\x9f\x90", REPLACED REPLACED REPLACED},
		{"\x80x", REPLACED "x"},
		{"\xc3(", REPLACED "("},
		/* Longer than need be, and what stands for halves of UTF-16. */
		{"\xc0\x80", REPLACED REPLACED},
		{"\xc1\xbf", REPLACED REPLACED},
		{"\xe0\x9f\xbf", REPLACED REPLACED REPLACED},
		{"\xe0\xa0\x80", "\xe0\xa0\x80"},
		{"\xf0\x8f\xbf\xbf", REPLACED REPLACED REPLACED REPLACED},
		{"\xed\x9f\xbf", "\xed\x9f\xbf"},
		{"\xed\xa0\x80", REPLACED REPLACED REPLACED},
		{"\xee\x80\x80", "\xee\x80\x80"},
		{"\xf8\x88\x80\x80\x80", REPLACED REPLACED REPLACED REPLACED REPLACED},
		{"\xff", REPLACED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct textbuf labels = {0};
		char expected[80];

		metrics_add_label(&labels, "name", span_of(cases[i].value));
		snprintf(expected, sizeof(expected), "name=\"%s\"", cases[i].printed);
		assert_string_equal(labels.text, expected);
		textbuf_fini(&labels);
	}
}

static void prints_a_zero_byte_as_it_is(void **state)
{
	struct textbuf labels = {0};

	(void)state;
	metrics_add_label(&labels, "x", (struct span){"a\0b", 3});
	assert_int_equal(labels.len, strlen("x=\"a") + 1 + strlen("b\""));
	assert_memory_equal(labels.text, "x=\"a\0b\"", labels.len);
	textbuf_fini(&labels);
}

static void gives_clients_what_they_ask_for(void **state)
{
	(void)state;
	assert_int_equal(metrics_form_for(NULL), METRICS_CLASSIC);
	assert_int_equal(metrics_form_for("*/*"), METRICS_CLASSIC);
	assert_int_equal(metrics_form_for("text/plain;version=0.0.4"), METRICS_CLASSIC);
	assert_int_equal(metrics_form_for("application/openmetrics-text;version=1.0.0;q=0.8,"
					  "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"),
		METRICS_OPEN);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(prints_both_forms),
		cmocka_unit_test(prints_labels_of_any_bytes),
		cmocka_unit_test(prints_a_zero_byte_as_it_is),
		cmocka_unit_test(gives_clients_what_they_ask_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
