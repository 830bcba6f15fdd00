/* The live view: order, filter, keys, and a screen that never grows beyond the terminal. */
#include "unit.h"
#include <stdio.h>
#include "table.h"
#include "topview.h"

enum { NOW = 1700000000, PEERS = 5 };

/* A sample of one interface; peer i has sent i * i * step bytes. */
struct fixture {
	struct peer_settings peers[PEERS];
	struct peer_name names[PEERS];
	struct sample_device device;
	struct sample sample;
};

static void fill(struct fixture *fixture, uint64_t ns, uint64_t step)
{
	*fixture = (struct fixture){.sample = {.at = {ns}, .count = 1}};
	for (unsigned i = 0; i < PEERS; i++) {
		fixture->peers[i].public_key.b[0] = (uint8_t)(i + 1);
		fixture->peers[i].tx_bytes = i * i * step;
		fixture->peers[i].last_handshake.sec = i ? NOW - 100 * (int64_t)i : 0;
		fixture->names[i].key = fixture->peers[i].public_key;
		snprintf(fixture->names[i].name, sizeof(fixture->names[i].name), "peer%c", 'E' - i);
	}
	strcpy(fixture->device.device.name, "wg0");
	fixture->device.device.peers = fixture->peers;
	fixture->device.device.peers_count = PEERS;
	fixture->device.names = (struct peer_names){fixture->names, PEERS};
	fixture->sample.devices = &fixture->device;
}

static void start(struct topview *view)
{
	static struct fixture before, after;

	fill(&before, 1000000000, 0);
	fill(&after, 2000000000, 1000);
	topview_init(view, true);
	assert_true(topview_update(view, &before.sample, &after.sample, NOW));
	assert_int_equal(view->count, PEERS);
}

static void press(struct topview *view, const char *keys)
{
	for (; *keys; keys++)
		topview_press(view, *keys);
}

static const struct {
	const char *keys;
	const char *order; /* the last letters of the names */
} orders[] = {
	{"", "ABCDE"},  /* by rate */
	{"r", "EDCBA"}, /* the other way round */
	{"rr", "ABCDE"},
	{"n", "ABCDE"},
	{"nn", "EDCBA"},
	{"h", "DCBAE"}, /* never comes last */
	{"hh", "EABCD"},
	{"t", "ABCDE"},
	{"hn", "ABCDE"},
};

static void sorts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		struct topview view;

		start(&view);
		press(&view, orders[i].keys);
		for (size_t row = 0; row < PEERS; row++)
			if (view.rows[row].name[4] != orders[i].order[row])
				fail_msg("%s: row %zu is %s", orders[i].keys, row,
					view.rows[row].name);
		topview_fini(&view);
	}
}

/* The screen's text; every line fits, and there are no more than the terminal has. */
static void assert_fits(
	const struct topview *view, size_t columns, size_t lines, struct textbuf *out)
{
	size_t count = 1;

	textbuf_clear(out);
	topview_draw(out, view, columns, lines, NOW);
	assert_int_equal(textbuf_status(out), 0);
	for (char *line = out->text, *next; line; line = next) {
		next = strstr(line, "\r\n");
		if (next) {
			*next = '\0';
			next += 2;
			count++;
		}
		/* What moves the cursor ends in another letter than colours do. */
		for (char *move;
			(move = strstr(line, "\x1b[K")) || (move = strstr(line, "\x1b[H"));)
			memmove(move, move + 3, strlen(move + 3) + 1);
		if (next)
			assert_in_range(table_text_width(line), 0, columns);
	}
	assert_in_range(count, 1, lines < 4 ? 4 : lines);
}

static void fits_every_terminal(void **state)
{
	struct textbuf out = {0};
	struct topview view;

	(void)state;
	start(&view);
	for (size_t columns = 1; columns < 130; columns += 7)
		for (size_t lines = 1; lines < 14; lines++)
			assert_fits(&view, columns, lines, &out);
	textbuf_fini(&out);
	topview_fini(&view);
}

static bool shows(const struct topview *view, const char *name)
{
	struct textbuf out = {0};
	bool is_there;

	topview_draw(&out, view, 200, 24, NOW);
	is_there = strstr(out.text, name) != NULL;
	textbuf_fini(&out);
	return is_there;
}

static void filters(void **state)
{
	struct topview view;

	(void)state;
	start(&view);
	press(&view, "/PEERc");
	assert_true(shows(&view, "peerC"));
	assert_false(shows(&view, "peerA"));
	press(&view, "\x7f\x7f\x7f\x7f\x7f\x7f\x7f");
	assert_true(shows(&view, "peerA"));
	press(&view, "wg0\n");
	assert_true(shows(&view, "peerA"));
	/* What was typed into the filter is no command. */
	press(&view, "/qqq");
	assert_false(view.is_over);
	assert_false(shows(&view, "peerA"));
	press(&view, "\x1b");
	assert_true(shows(&view, "peerA"));
	for (int i = 0; i < 1000; i++)
		press(&view, i ? "x" : "/");
	assert_int_equal(strlen(view.filter), TOP_FILTER_MAX);
	press(&view, "\x1bq");
	assert_true(view.is_over);
	topview_fini(&view);
}

static void remembers_what_was(void **state)
{
	struct fixture looks[3];
	struct topview view;

	(void)state;
	topview_init(&view, false);
	for (unsigned i = 0; i < 3; i++)
		fill(&looks[i], (i + 1) * 1000000000ULL, i * 1000);
	assert_true(topview_update(&view, &looks[0].sample, &looks[1].sample, NOW));
	assert_true(topview_update(&view, &looks[1].sample, &looks[2].sample, NOW));
	assert_string_equal(view.rows[0].name, "peerA");
	assert_int_equal(view.rows[0].history[TOP_HISTORY - 1], 16000);
	assert_int_equal(view.rows[0].history[TOP_HISTORY - 2], 16000);
	assert_int_equal(view.rows[0].history[TOP_HISTORY - 3], 0);
	topview_fini(&view);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sorts),
		cmocka_unit_test(fits_every_terminal),
		cmocka_unit_test(filters),
		cmocka_unit_test(remembers_what_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
