/* wg-quick's own keys: one line a case. */
#include "unit.h"
#include <stdio.h>
#include <string.h>
#include "options.h"

static const struct {
	unsigned key;
	const char *value;
	bool is_taken;
	size_t count; /* of what the key collects */
} cases[] = {
	{CONF_ADDRESS, "10.0.0.1/24", true, 1},
	{CONF_ADDRESS, "10.0.0.1", true, 1},
	{CONF_ADDRESS, "fd00::1/128,10.0.0.1/32", true, 2},
	{CONF_ADDRESS, " , 10.0.0.1/32   10.0.0.2/32 ,", true, 2},
	{CONF_ADDRESS, "", true, 0},
	{CONF_ADDRESS, "10.0.0.1/0", true, 1},
	{CONF_ADDRESS, "10.0.0.1/33", false, 0},
	{CONF_ADDRESS, "fd00::1/129", false, 0},
	{CONF_ADDRESS, "10.0.0.1/", false, 0},
	{CONF_ADDRESS, "10.0.0.1/-1", false, 0},
	{CONF_ADDRESS, "/24", false, 0},
	{CONF_ADDRESS, "10.0.0.256", false, 0},
	{CONF_ADDRESS, "10.0.0.1;10.0.0.2", false, 0},
	{CONF_ADDRESS, "0000:0000:0000:0000:0000:0000:0000:0001/128/0000000000000000000000000000",
		false, 0},
	{CONF_DNS, "10.0.0.1,fd00::1", true, 2},
	{CONF_DNS, "corp.example", true, 1},
	{CONF_DNS, "1.1.1", true, 1},
	{CONF_MTU, "1420", true, 0},
	{CONF_MTU, "0", false, 0},
	{CONF_MTU, "-1", false, 0},
	{CONF_MTU, "2147483647", true, 0},
	{CONF_MTU, "2147483648", false, 0},
	{CONF_MTU, "14 20", false, 0},
	{CONF_TABLE, "off", true, 0},
	{CONF_TABLE, "AUTO", true, 0},
	{CONF_TABLE, "main", true, 0},
	{CONF_TABLE, "1", true, 0},
	{CONF_TABLE, "0x100", true, 0},
	{CONF_TABLE, "4294967295", true, 0},
	{CONF_TABLE, "4294967296", false, 0},
	{CONF_TABLE, "0", false, 0},
	{CONF_TABLE, "no-such-table", false, 0},
	{CONF_PRE_UP, "echo %i; x # y", true, 1},
	{CONF_POST_DOWN, "a, b", true, 1},
	{CONF_SAVE_CONFIG, "true", true, 0},
	{CONF_SAVE_CONFIG, "FALSE", true, 0},
	{CONF_SAVE_CONFIG, "yes", false, 0},
	{CONF_SAVE_CONFIG, "", false, 0},
};

static void takes_what_is_right(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct options options;
		size_t count;
		enum option_status status;

		options_init(&options);
		status = options_add(&options, cases[i].key, span_of(cases[i].value));
		if ((status == OPTION_TAKEN) != cases[i].is_taken)
			print_error("%s = %s\n", conf_key_name(cases[i].key), cases[i].value);
		assert_int_equal(status, cases[i].is_taken ? OPTION_TAKEN : OPTION_WRONG);
		count = options.addresses_count + options.dns_servers.count +
			options.dns_search.count + options.hooks[HOOK_PRE_UP].count +
			options.hooks[HOOK_POST_DOWN].count;
		if (cases[i].is_taken)
			assert_int_equal(count, cases[i].count);
		assert_non_null(option_expected(cases[i].key));
		options_fini(&options);
	}
}

static void tells_servers_from_domains(void **state)
{
	struct options options;

	(void)state;
	options_init(&options);
	assert_int_equal(options_add(&options, CONF_DNS,
				 span_of("10.0.0.1, a.example ,fd00::1,b, 1.1.1 ,1a")),
		OPTION_TAKEN);
	assert_int_equal(options.dns_servers.count, 3);
	assert_string_equal(options.dns_servers.items[2], "1.1.1");
	assert_int_equal(options.dns_search.count, 3);
	assert_string_equal(options.dns_search.items[0], "a.example");
	options_fini(&options);
}

static void keeps_host_bits_and_spelling(void **state)
{
	struct options options;

	(void)state;
	options_init(&options);
	assert_int_equal(
		options_add(&options, CONF_ADDRESS, span_of("FD00::00ab/64")), OPTION_TAKEN);
	assert_string_equal(options.addresses[0].text, "FD00::00ab/64");
	assert_int_equal(options.addresses[0].prefix.addr.b[15], 0xab);
	assert_int_equal(options.addresses[0].prefix.bits, 64);
	options_fini(&options);
}

/* Errors carry their place, and all of them are found. */
static void reads_a_document(void **state)
{
	static const char text[] =
		"[Interface]\nMTU = x\nAddress = 10.0.0.1/24\n SaveConfig = maybe # c\n"
		"[Peer]\nMTU = y\n";
	struct conf_document doc;
	struct conf_errors errors;
	struct options options;

	(void)state;
	options_init(&options);
	conf_errors_init(&errors);
	assert_int_equal(conf_document_parse(&doc, span_of(text)), 0);
	assert_true(options_read(&options, &doc, &errors) < 0);
	assert_int_equal(errors.count, 2);
	assert_int_equal(errors.list[0].line, 2);
	assert_int_equal(errors.list[0].column, 7);
	assert_int_equal(errors.list[1].line, 4);
	assert_string_equal(errors.list[1].found, "maybe");
	assert_int_equal(options.addresses_count, 1);
	options_fini(&options);
	conf_errors_fini(&errors);
	conf_document_fini(&doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_what_is_right),
		cmocka_unit_test(tells_servers_from_domains),
		cmocka_unit_test(keeps_host_bits_and_spelling),
		cmocka_unit_test(reads_a_document),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
