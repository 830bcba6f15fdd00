/*
 * What `culvert top` shows: peers with the rates of the last while, sorted, filtered, cut to a screen.
 * Pure: samples and keys in, text out.
 */
#ifndef CULVERT_CULVERT_TOPVIEW_H
#define CULVERT_CULVERT_TOPVIEW_H

#include <stdbool.h>
#include "keytext.h"
#include "sample.h"
#include "textbuf.h"

enum { TOP_HISTORY = 20, TOP_FILTER_MAX = 40 };

enum top_sort { TOP_BY_RATE, TOP_BY_NAME, TOP_BY_HANDSHAKE, TOP_BY_TOTAL, TOP_SORTS };

struct top_row {
	char interface[IFNAME_LEN_MAX + 1];
	char name[PEER_NAME_LEN_MAX + 1]; /* or the beginning of the public key */
	struct public_key key;
	struct endpoint endpoint;
	int64_t handshake;
	uint64_t rx, tx;
	struct rates rates;
	uint64_t history[TOP_HISTORY]; /* bytes a second both ways, the newest last */
	bool is_up;
};

struct topview {
	struct top_row *rows;
	size_t count;
	enum top_sort sort;
	bool is_reversed;
	char filter[TOP_FILTER_MAX + 1];
	bool is_typing;  /* the filter */
	bool has_blocks; /* the terminal has UTF-8 */
	bool is_over;
	size_t first; /* row on top */
};

void topview_init(struct topview *view, bool has_blocks);
void topview_fini(struct topview *view);

/* Takes in what two looks say; false: memory is short, and nothing has changed. */
bool topview_update(
	struct topview *view, const struct sample *before, const struct sample *after, int64_t now);

/* One key; is_over is set by those that end it. */
void topview_press(struct topview *view, char key);

/* Appends a whole screen, to be written from the upper left corner on. */
void topview_draw(
	struct textbuf *out, const struct topview *view, size_t columns, size_t lines, int64_t now);

#endif
