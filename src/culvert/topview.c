/* Rows, keys and the screen. */
#include "topview.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include "brieftext.h"
#include "table.h"
#include "terminal.h"
#include "values.h"

/* Lines that are no rows: title, a blank one, heads, keys. */
enum { FRAME_LINES = 4, KEY_PART_LEN = 12 };

#define REVERSE "\x1b[7m"

static const char *const sort_names[TOP_SORTS] = {"rate", "name", "handshake", "total"};
static const char sort_keys[TOP_SORTS] = {'r', 'n', 'h', 't'};

static const char *const blocks[] = {
	"\u2581", "\u2582", "\u2583", "\u2584", "\u2585", "\u2586", "\u2587", "\u2588"};
static const char *const plain_blocks[] = {"_", ".", ".", "-", "-", "=", "=", "#"};

enum { BLOCKS = sizeof(blocks) / sizeof(blocks[0]) };

void topview_init(struct topview *view, bool has_blocks)
{
	*view = (struct topview){.has_blocks = has_blocks};
}

void topview_fini(struct topview *view)
{
	free(view->rows);
	*view = (struct topview){0};
}

static int compare_identities(const void *left, const void *right)
{
	const struct top_row *a = left, *b = right;
	int order = memcmp(&a->key, &b->key, sizeof(a->key));

	return order ? order : strcmp(a->interface, b->interface);
}

/* While rows are in order of their identities. */
static const struct top_row *find_row(
	const struct topview *view, const char *interface, const struct public_key *key)
{
	struct top_row wanted = {.key = *key};

	if (!view->count)
		return NULL;
	memcpy(wanted.interface, interface, sizeof(wanted.interface));
	return bsearch(&wanted, view->rows, view->count, sizeof(*view->rows), compare_identities);
}

static void take_name(struct top_row *row, const struct sample_device *device)
{
	const char *name = peer_names_find(&device->names, &row->key);
	char key[KEY_BASE64_LEN + 1];

	key_print_base64(row->key.b, key);
	/* The beginning of a key tells peers apart, and leaves room. */
	if (name)
		snprintf(row->name, sizeof(row->name), "%s", name);
	else
		snprintf(row->name, sizeof(row->name), "%.*s...", KEY_PART_LEN, key);
}

static void fill_row(struct top_row *row, const struct topview *view,
	const struct sample_device *device, const struct peer_settings *peer, struct rates rates)
{
	const struct top_row *old = find_row(view, device->device.name, &peer->public_key);

	*row = (struct top_row){.key = peer->public_key,
		.endpoint = peer->endpoint,
		.handshake = peer->last_handshake.sec,
		.rx = peer->rx_bytes,
		.tx = peer->tx_bytes,
		.rates = rates};
	memcpy(row->interface, device->device.name, sizeof(row->interface));
	take_name(row, device);
	if (old)
		memcpy(row->history, old->history + 1, sizeof(row->history) - sizeof(uint64_t));
	row->history[TOP_HISTORY - 1] = rates.rx + rates.tx;
}

static int compare_numbers(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_names(const struct top_row *a, const struct top_row *b)
{
	int order = strcasecmp(a->name, b->name);

	if (!order)
		order = strcmp(a->interface, b->interface);
	return order ? order : memcmp(&a->key, &b->key, sizeof(a->key));
}

/* Largest first, names from A. */
static int compare_rows(const void *left, const void *right, void *context)
{
	const struct topview *view = context;
	const struct top_row *a = left, *b = right;
	int order = 0;

	switch (view->sort) {
	case TOP_BY_RATE:
		order = compare_numbers(b->rates.rx + b->rates.tx, a->rates.rx + a->rates.tx);
		break;
	case TOP_BY_HANDSHAKE:
		order = compare_numbers((uint64_t)b->handshake, (uint64_t)a->handshake);
		break;
	case TOP_BY_TOTAL:
		order = compare_numbers(b->rx + b->tx, a->rx + a->tx);
		break;
	case TOP_BY_NAME:
	case TOP_SORTS:
		break;
	}
	if (!order)
		order = compare_names(a, b);
	return view->is_reversed ? -order : order;
}

static void sort_rows(struct topview *view)
{
	if (view->count)
		qsort_r(view->rows, view->count, sizeof(*view->rows), compare_rows, view);
}

bool topview_update(
	struct topview *view, const struct sample *before, const struct sample *after, int64_t now)
{
	size_t count = 0;
	struct top_row *rows;

	for (size_t d = 0; d < after->count; d++)
		count += after->devices[d].device.peers_count;
	rows = calloc(count + 1, sizeof(*rows));
	if (!rows)
		return false;
	if (view->count)
		qsort(view->rows, view->count, sizeof(*view->rows), compare_identities);
	count = 0;
	for (size_t d = 0; d < after->count; d++)
		for (size_t p = 0; p < after->devices[d].device.peers_count; p++) {
			const struct peer_settings *peer = &after->devices[d].device.peers[p];

			fill_row(&rows[count], view, &after->devices[d], peer,
				sample_rates(before, after, d, p));
			rows[count++].is_up = sample_is_up(peer, now);
		}
	free(view->rows);
	view->rows = rows;
	view->count = count;
	sort_rows(view);
	return true;
}

static void press_while_typing(struct topview *view, char key)
{
	size_t len = strlen(view->filter);

	if (key == '\n' || key == '\r') {
		view->is_typing = false;
	} else if (key == '\x1b') {
		view->is_typing = false;
		view->filter[0] = '\0';
	} else if (key == '\x7f' || key == '\b') {
		if (len)
			view->filter[len - 1] = '\0';
	} else if ((unsigned char)key >= ' ' && len < TOP_FILTER_MAX) {
		view->filter[len] = key;
		view->filter[len + 1] = '\0';
	}
	view->first = 0;
}

static void choose_sort(struct topview *view, enum top_sort sort)
{
	view->is_reversed = view->sort == sort && !view->is_reversed;
	view->sort = sort;
	sort_rows(view);
}

void topview_press(struct topview *view, char key)
{
	if (view->is_typing) {
		press_while_typing(view, key);
		return;
	}
	for (enum top_sort sort = 0; sort < TOP_SORTS; sort++)
		if (key == sort_keys[sort])
			choose_sort(view, sort);
	if (key == 'q')
		view->is_over = true;
	else if (key == '/')
		view->is_typing = true;
	else if (key == '\x1b')
		view->filter[0] = '\0';
	else if (key == 'j' && view->first + 1 < view->count)
		view->first++;
	else if (key == 'k' && view->first)
		view->first--;
}

static bool is_shown(const struct topview *view, const struct top_row *row)
{
	return strcasestr(row->name, view->filter) || strcasestr(row->interface, view->filter);
}

/* Each peer by its own highest; what is next to nothing lies on the ground. */
static void add_history(struct table *table, const struct topview *view, const struct top_row *row)
{
	const char *const *set = view->has_blocks ? blocks : plain_blocks;
	struct textbuf text = {0};
	uint64_t highest = 1024;

	for (size_t i = 0; i < TOP_HISTORY; i++)
		if (row->history[i] > highest)
			highest = row->history[i];
	for (size_t i = 0; i < TOP_HISTORY; i++)
		textbuf_add(&text,
			set[(size_t)((double)row->history[i] / (double)highest * (BLOCKS - 1) +
				     0.5)]);
	table_addf(table, COLOUR_CYAN "%s" COLOUR_RESET, text.text ? text.text : "");
	textbuf_fini(&text);
}

static void add_row(
	struct table *table, const struct topview *view, const struct top_row *row, int64_t now)
{
	struct textbuf endpoint = {0};
	char text[BRIEF_ROOM];

	value_print_endpoint(&endpoint, &row->endpoint);
	table_add(table, row->interface);
	table_addf(table, COLOUR_BOLD "%s" COLOUR_RESET, row->name);
	table_addf(table, "%s%s" COLOUR_RESET, row->is_up ? COLOUR_GREEN : COLOUR_YELLOW,
		row->handshake ? brief_age(now - row->handshake, text) : "never");
	table_add(table, brief_rate(row->rates.rx, text));
	table_add(table, brief_rate(row->rates.tx, text));
	add_history(table, view, row);
	table_add(table, brief_size(row->rx + row->tx, text));
	table_add(table, row->endpoint.addr.family && endpoint.text ? endpoint.text : "-");
	textbuf_fini(&endpoint);
}

/* Appends a line cut to the screen's width, and erases what stood behind it. */
static void add_line(struct textbuf *out, struct span line, size_t columns, bool is_last)
{
	size_t width = 0, i = 0;

	while (i < line.len) {
		bool is_escape = line.at[i] == '\x1b';
		bool is_continued = ((unsigned char)line.at[i] & 0xc0) == 0x80;
		size_t start = i++;

		while (is_escape && i < line.len && line.at[i - 1] != 'm')
			i++;
		width += !is_escape && !is_continued;
		if (is_escape || width <= columns)
			textbuf_add_span(out, (struct span){line.at + start, i - start});
	}
	textbuf_add(out, COLOUR_RESET "\x1b[K");
	textbuf_add(out, is_last ? "" : "\r\n");
}

static void add_title(struct textbuf *out, const struct topview *view, size_t columns)
{
	struct textbuf line = {0};
	struct rates all = {0, 0};
	size_t up = 0;
	char in[BRIEF_ROOM], sent[BRIEF_ROOM];

	for (size_t i = 0; i < view->count; i++) {
		all.rx += view->rows[i].rates.rx;
		all.tx += view->rows[i].rates.tx;
		up += view->rows[i].is_up;
	}
	textbuf_addf(&line,
		COLOUR_BOLD "culvert top" COLOUR_RESET
			    "  %zu peer%s, %zu up   in %s   out %s   by %s%s",
		view->count, view->count == 1 ? "" : "s", up, brief_rate(all.rx, in),
		brief_rate(all.tx, sent), sort_names[view->sort],
		view->is_reversed ? " reversed" : "");
	add_line(out, (struct span){line.text, line.len}, columns, false);
	textbuf_fini(&line);
}

static void add_keys(struct textbuf *out, const struct topview *view, size_t columns)
{
	struct textbuf line = {0};

	if (view->is_typing)
		textbuf_addf(&line, "filter: %s_   (Enter keeps it, Esc drops it)", view->filter);
	else
		textbuf_addf(&line,
			"q quit  sort by: r rate n name h handshake t total  j/k scroll  / "
			"filter%s%s",
			view->filter[0] ? ": " : "", view->filter);
	add_line(out, (struct span){line.text, line.len}, columns, true);
	textbuf_fini(&line);
}

/* The rows as a table, all of them, so that columns do not jump when it is scrolled. */
static void print_rows(struct textbuf *out, const struct topview *view, int64_t now)
{
	static const char *const heads[] = {
		"IFACE", "PEER", "HANDSHAKE", "IN", "OUT", "LAST WHILE", "TOTAL", "ENDPOINT"};
	struct table table = {.alignment = "llrrrlrl"};

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		table_add(&table, heads[i]);
	for (size_t i = 0; i < view->count; i++)
		if (is_shown(view, &view->rows[i]))
			add_row(&table, view, &view->rows[i], now);
	table_print(out, &table, "");
	table_fini(&table);
}

void topview_draw(
	struct textbuf *out, const struct topview *view, size_t columns, size_t lines, int64_t now)
{
	struct textbuf rows = {0};
	struct span rest;
	size_t room = lines > FRAME_LINES ? lines - FRAME_LINES : 0, number = 0;

	textbuf_add(out, "\x1b[H");
	add_title(out, view, columns);
	add_line(out, (struct span){"", 0}, columns, false);
	print_rows(&rows, view, now);
	rest = (struct span){rows.text, rows.len};
	for (; rest.len; number++) {
		size_t len = span_find(rest, '\n');
		bool is_head = number == 0;

		textbuf_add(out, is_head ? REVERSE : "");
		if (is_head || (number > view->first && number <= view->first + room))
			add_line(out, span_until(rest, len), columns, false);
		rest = span_from(rest, len + (len < rest.len));
	}
	textbuf_add(out, "\x1b[J");
	textbuf_addf(out, "\x1b[%zu;1H", lines);
	add_keys(out, view, columns);
	textbuf_fini(&rows);
}
