/* Comparing two looks. */
#include <stdio.h>
#include <string.h>
#include "logwatch.h"
#include "words.h"

static bool same_span(struct span a, struct span b)
{
	return a.len == b.len && (!a.len || memcmp(a.at, b.at, a.len) == 0);
}

static const struct incidents_of *find_owner(const struct incident_log *log, struct span peer)
{
	for (size_t i = 0; i < log->count; i++)
		if (same_span(log->of[i].peer, peer))
			return &log->of[i];
	return NULL;
}

/* How often it had come at the earlier look. */
static uint64_t count_before(const struct incidents_of *of, const struct incident_seen *seen)
{
	for (size_t i = 0; of && i < of->count; i++)
		if (of->list[i].reason == seen->reason &&
			same_span(of->list[i].source, seen->source) &&
			same_span(of->list[i].inner, seen->inner) &&
			same_span(of->list[i].key, seen->key))
			return of->list[i].count;
	return 0;
}

static void add_span(struct textbuf *out, const char *before, struct span span)
{
	if (!span.len)
		return;
	textbuf_add(out, before);
	textbuf_add_span(out, span);
}

static void tell_seen(struct textbuf *out, struct span peer, const struct incident_seen *seen,
	uint64_t times, uint64_t seconds)
{
	textbuf_addf(out, "%5llu s  %s", (unsigned long long)seconds, reason_code(seen->reason));
	if (times > 1)
		textbuf_addf(out, " (%llu times)", (unsigned long long)times);
	add_span(out, "  peer ",
		span_until(
			peer, peer.len < KEY_ABBREVIATION_LEN ? peer.len : KEY_ABBREVIATION_LEN));
	add_span(out, "  ", seen->source);
	add_span(out, "  inner ", seen->inner);
	add_span(out, "  key ", seen->key);
	textbuf_addf(out, "  %s\n", reason_text(seen->reason));
}

void logwatch_tell(struct textbuf *out, const struct incident_log *before,
	const struct incident_log *after, uint64_t seconds)
{
	unsigned lines = 0;
	uint64_t more = 0;

	for (size_t i = 0; i < after->count; i++) {
		const struct incidents_of *of = &after->of[i];
		const struct incidents_of *was = find_owner(before, of->peer);

		for (size_t j = 0; j < of->count; j++) {
			uint64_t old = count_before(was, &of->list[j]);

			if (of->list[j].count <= old)
				continue;
			if (lines++ < LOGWATCH_LINES_MAX)
				tell_seen(out, of->peer, &of->list[j], of->list[j].count - old,
					seconds);
			else
				more += of->list[j].count - old;
		}
	}
	if (more)
		textbuf_addf(out, "%5llu s  and %llu more\n", (unsigned long long)seconds,
			(unsigned long long)more);
}

void logwatch_tell_peers(struct textbuf *out, const struct device_settings *before,
	const struct device_settings *after, uint64_t seconds)
{
	unsigned lines = 0;

	for (size_t i = 0; i < after->peers_count && i < before->peers_count; i++) {
		const struct peer_settings *old = &before->peers[i], *new = &after->peers[i];

		if (memcmp(&old->public_key, &new->public_key, sizeof(old->public_key)) != 0 ||
			(old->rx_bytes == new->rx_bytes && old->tx_bytes == new->tx_bytes) ||
			lines++ >= LOGWATCH_LINES_MAX)
			continue;
		textbuf_addf(out, "%5llu s  peer %.8s  received %llu, sent %llu bytes%s\n",
			(unsigned long long)seconds, word_key(&new->public_key).text,
			(unsigned long long)(new->rx_bytes - old->rx_bytes),
			(unsigned long long)(new->tx_bytes - old->tx_bytes),
			new->last_handshake.sec != old->last_handshake.sec ? ", a new handshake"
									   : "");
	}
}
