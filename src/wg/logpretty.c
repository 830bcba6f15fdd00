/* `wg log` for people: a line an event, the newest first, and what could be done about it. */
#include "logforms.h"

#include <inttypes.h>
#include <string.h>
#include "agetext.h"
#include "keytext.h"
#include "terminal.h"

/* A key is known by its abbreviation where the daemon tells no more, or the user said no more. */
bool log_view_has(const struct log_view *view, const struct incidents_of *of)
{
	size_t len = view->peer.len < of->peer.len ? view->peer.len : of->peer.len;

	if (view->peer.len == 0)
		return true;
	return len >= KEY_ABBREVIATION_LEN && memcmp(view->peer.at, of->peer.at, len) == 0;
}

const char *log_view_name(const struct log_view *view, const struct incidents_of *of)
{
	struct public_key key;

	return key_parse_base64(of->peer, key.b) ? peer_names_find(view->names, &key) : NULL;
}

static bool is_good(enum reason reason)
{
	return reason >= REASON_INITIATION_SENT;
}

/* Who did it, where that is nobody we know; packets to send are nobody's. */
static void add_stranger(struct textbuf *out, const struct incident_seen *event)
{
	if (event->source.len > 0)
		textbuf_add_span(out, event->source);
	else if (event->reason < REASON_BAD_PACKET || is_good(event->reason))
		textbuf_add(out, "somebody");
	else
		return;
	textbuf_add(out, " ");
}

static void add_details(struct textbuf *out, const struct incident_seen *event, bool has_subject)
{
	if (event->inner.len > 0) {
		textbuf_add(out, ": ");
		textbuf_add_span(out, event->inner);
	}
	if (event->error)
		textbuf_addf(out, " (%s)", strerror((int)event->error));
	if (!has_subject && event->source.len > 0) {
		textbuf_add(out, " (");
		textbuf_add_span(out, event->source);
		textbuf_add(out, ")");
	}
	if (event->count > 1)
		textbuf_addf(out, ", %" PRIu64 " times", event->count);
	textbuf_add(out, "\n");
}

/* What to type, where that is known. */
static void add_advice(
	struct textbuf *out, const struct incident_seen *event, const struct log_view *view)
{
	if (event->reason != REASON_UNKNOWN_PEER || event->key.len == 0)
		return;
	textbuf_add(out, "    its key is ");
	textbuf_add_span(out, event->key);
	if (event->key.len == KEY_BASE64_LEN) {
		textbuf_addf(out, "; to let it in:\n    wg set %s peer ", view->interface);
		textbuf_add_span(out, event->key);
		textbuf_add(out, " allowed-ips ADDRESS/32");
	}
	textbuf_add(out, "\n");
}

static void add_event(struct textbuf *out, const struct incident_seen *event, bool is_peers,
	const struct log_view *view)
{
	uint64_t seconds = event->last_ms_ago / 1000;

	textbuf_add(out, "  ");
	if (seconds)
		age_print(out, seconds);
	textbuf_add(out, seconds ? " ago: " : "Now: ");
	if (!is_good(event->reason))
		textbuf_add(out, COLOUR_YELLOW);
	if (!is_peers)
		add_stranger(out, event);
	textbuf_add(out, reason_text(event->reason));
	textbuf_add(out, COLOUR_RESET);
	add_details(out, event, !is_peers);
	add_advice(out, event, view);
}

static void add_counts(struct textbuf *out, const struct incidents_of *of)
{
	const char *separator = "  " COLOUR_BOLD "in all" COLOUR_RESET ": ";

	for (unsigned i = 0; i < REASON_COUNT; i++) {
		if (!of->counts[i])
			continue;
		textbuf_addf(out, "%s%s %" PRIu64, separator, reason_code((enum reason)i),
			of->counts[i]);
		separator = ", ";
	}
	textbuf_add(out, "\n");
}

static bool is_empty(const struct incidents_of *of)
{
	for (unsigned i = 0; i < REASON_COUNT; i++)
		if (of->counts[i])
			return false;
	return true;
}

static void add_peer(
	struct textbuf *out, const struct incidents_of *of, const struct log_view *view)
{
	const char *name = log_view_name(view, of);

	textbuf_add(out, "\n" COLOUR_YELLOW COLOUR_BOLD "peer" COLOUR_RESET ": ");
	textbuf_add(out, COLOUR_YELLOW);
	textbuf_add_span(out, of->peer);
	textbuf_add(out, COLOUR_RESET);
	textbuf_addf(out, name ? " (%s)\n" : "\n", name);
	for (size_t i = 0; i < of->count; i++)
		add_event(out, &of->list[i], true, view);
	add_counts(out, of);
}

static void add_interface(
	struct textbuf *out, const struct incident_log *log, const struct log_view *view)
{
	const struct incidents_of *of = &log->of[0];

	textbuf_addf(out,
		COLOUR_GREEN COLOUR_BOLD "interface" COLOUR_RESET ": " COLOUR_GREEN
					 "%s" COLOUR_RESET "\n  since ",
		view->interface);
	age_print(out, log->ms_ago / 1000);
	textbuf_add(out, log->ms_ago < 1000 ? "now" : "");
	textbuf_add(out, is_empty(of) ? ": nothing happened\n" : "\n");
	for (size_t i = 0; i < of->count; i++)
		add_event(out, &of->list[i], false, view);
	if (!is_empty(of))
		add_counts(out, of);
}

bool log_print(struct textbuf *out, const struct incident_log *log, const struct log_view *view)
{
	size_t shown = 0;

	if (view->peer.len == 0) {
		add_interface(out, log, view);
		shown++;
	}
	for (size_t i = 1; i < log->count; i++) {
		if (!log_view_has(view, &log->of[i]))
			continue;
		add_peer(out, &log->of[i], view);
		shown++;
	}
	if (shown && log->is_public)
		textbuf_add(out, "\nRoot is told addresses and whole keys, too.\n");
	return shown > 0;
}
