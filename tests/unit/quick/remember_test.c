/* The memory of endpoints, and the rule of a reload: one line a case. */
#include "unit.h"
#include <stdlib.h>
#include <string.h>
#include "quick_world.h"
#include "remember.h"

#define INTERFACE "[Interface]\nPrivateKey = QFRpBgpZ1oGJmJ0OzZvbqD6vZqvIDmVSpvsWgqfTNmQ=\n"
#define KEY_1     "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="
#define KEY_2     "TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0="
#define PEER_1    "[Peer]\nPublicKey = " KEY_1 "\n"
#define PEER_2    "[Peer]\nPublicKey = " KEY_2 "\n"

enum { NOW_S = 1000000 };

static const struct {
	const char *remembered;
	const char *wanted; /* of PEER_1; NULL: not in the file */
	int age_s;          /* of its last handshake; below 0: none */
	bool is_set;        /* the file's endpoint is put into force */
} rows[] = {
	/* The file says what it said: what works stays, what does not is set again. */
	{KEY_1 " 192.0.2.1:5\n", "192.0.2.1:5", 10, false},
	{KEY_1 " 192.0.2.1:5\n", "192.0.2.1:5", 179, false},
	{KEY_1 " 192.0.2.1:5\n", "192.0.2.1:5", 180, true},
	{KEY_1 " 192.0.2.1:5\n", "192.0.2.1:5", -1, true},
	/* It says another. */
	{KEY_1 " 192.0.2.1:5\n", "192.0.2.2:5", 10, true},
	{KEY_1 " 192.0.2.1:5\n", "192.0.2.1:6", 10, true},
	{KEY_1 " hub.example:5\n", "192.0.2.1:5", 10, true},
	{KEY_2 " 192.0.2.1:5\n", "192.0.2.1:5", 10, true},
	{"", "192.0.2.1:5", 10, true},
	/* Other peers, spoilt lines. */
	{KEY_2 " 192.0.2.9:5\n" KEY_1 " 192.0.2.1:5\n", "192.0.2.1:5", 10, false},
	{"x\n\nx 192.0.2.1:5\n" KEY_1 "\n" KEY_1 " 192.0.2.1:5", "192.0.2.1:5", 10, false},
	{KEY_1 "  192.0.2.1:5\n", "192.0.2.1:5", 10, true},
	/* One number, two spellings. */
	{KEY_1 " [2001:db8::1]:5\n", "[2001:0db8:0::1]:5", 10, false},
	/* No endpoint in the file sets none. */
	{KEY_1 " 192.0.2.1:5\n", NULL, 10, false},
};

static char *file_of(const char *endpoint)
{
	char *text;

	assert_true(asprintf(&text, INTERFACE PEER_1 "%s%s\n", endpoint ? "Endpoint = " : "",
			    endpoint ? endpoint : "") > 0);
	return text;
}

static void keeps_what_works(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct device_settings there;
		struct remembered remembered;
		struct peer_settings *running;
		char *text = file_of(rows[i].wanted);
		struct wish wish;

		wish_init(&wish, text);
		settings_init(&there);
		assert_non_null(settings_add_peer(&there));
		running = settings_add_peer(&there);
		assert_non_null(running);
		running->public_key = wish.settings.device.peers[0].public_key;
		running->has = PEER_HAS_ENDPOINT;
		running->last_handshake.sec = rows[i].age_s < 0 ? 0 : NOW_S - rows[i].age_s;
		assert_int_equal(remember_parse(span_of(rows[i].remembered), &remembered), 0);
		remember_keep_working(
			&remembered, &wish.settings, &there, (struct wall_time){.sec = NOW_S});
		if (!!(wish.settings.device.peers[0].has & PEER_HAS_ENDPOINT) != rows[i].is_set)
			fail_msg("row %zu: is%s set", i, rows[i].is_set ? " not" : "");
		remember_fini(&remembered);
		settings_fini(&there);
		wish_fini(&wish);
		free(text);
	}
}

/* Names as they stand there, numbers in their shortest form; also when the mark is taken away. */
static void prints_what_the_file_says(void **state)
{
	struct textbuf out;
	struct wish wish;

	(void)state;
	wish_init(&wish, INTERFACE PEER_1 "Endpoint = Hub.example:51820\n" PEER_2
					  "Endpoint = [2001:db8:0::1]:5\n[Peer]\nPublicKey = "
					  "gN65BkIKy1eCE9pP1wdc8ROUtkHLF2PfAqYdyYBz6EA=\n");
	wish.settings.device.peers[1].has = 0;
	textbuf_init(&out);
	assert_int_equal(remember_print(&out, &wish.settings), 0);
	assert_string_equal(out.text, KEY_1 " Hub.example:51820\n" KEY_2 " [2001:db8::1]:5\n");
	textbuf_fini(&out);
	wish_fini(&wish);
}

static void a_peer_that_is_not_there_gets_its_endpoint(void **state)
{
	struct device_settings there = {0};
	struct remembered remembered;
	struct wish wish;

	(void)state;
	wish_init(&wish, INTERFACE PEER_1 "Endpoint = 192.0.2.1:5\n");
	assert_int_equal(remember_parse(span_of(KEY_1 " 192.0.2.1:5\n"), &remembered), 0);
	remember_keep_working(
		&remembered, &wish.settings, &there, (struct wall_time){.sec = NOW_S});
	assert_true(wish.settings.device.peers[0].has & PEER_HAS_ENDPOINT);
	remember_fini(&remembered);
	wish_fini(&wish);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_what_works),
		cmocka_unit_test(prints_what_the_file_says),
		cmocka_unit_test(a_peer_that_is_not_there_gets_its_endpoint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
