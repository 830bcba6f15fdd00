/*
 * Lines "key=value" as everywhere in the control protocol; the value of an event is words, the
 * first of them its code and the others again "key=value".
 */
#include "incidents.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include "keytext.h"
#include "values.h"

void incidents_print_key(struct textbuf *out, const struct public_key *key, bool is_public)
{
	char text[KEY_BASE64_LEN + 1];

	key_print_base64(key->b, text);
	if (is_public)
		text[KEY_ABBREVIATION_LEN] = '\0';
	textbuf_add(out, text);
}

void incidents_print_begin(struct textbuf *out, bool is_public, uint64_t age_ns)
{
	textbuf_addf(out, "events_version=1\nscope=%s\nsince_ms_ago=%llu\n",
		is_public ? "public" : "full", (unsigned long long)(age_ns / NS_PER_MS));
}

void incidents_print_peer(struct textbuf *out, const struct public_key *key, bool is_public)
{
	textbuf_add(out, "peer=");
	incidents_print_key(out, key, is_public);
	textbuf_add(out, "\n");
}

void incidents_print_count(struct textbuf *out, enum reason reason, uint64_t count)
{
	textbuf_addf(out, "count=%s %" PRIu64 "\n", reason_code(reason), count);
}

static void add_source(struct textbuf *out, const struct incident *incident)
{
	const struct endpoint source = {.addr = incident->addr, .port = incident->port};

	textbuf_add(out, " source=");
	value_print_endpoint(out, &source);
}

void incidents_print_one(
	struct textbuf *out, const struct incident *incident, bool is_public, struct instant now)
{
	textbuf_addf(out, "event=%s count=%" PRIu32 " first_ms_ago=%llu last_ms_ago=%llu",
		reason_code((enum reason)incident->reason), incident->count,
		(unsigned long long)(instant_age(now, incident->first) / NS_PER_MS),
		(unsigned long long)(instant_age(now, incident->last) / NS_PER_MS));
	if (incident->error)
		textbuf_addf(out, " error=%u", incident->error);
	if (!is_public && incident->addr.family != IP_NONE)
		add_source(out, incident);
	if (!is_public && incident->inner.family != IP_NONE) {
		textbuf_add(out, " inner=");
		value_print_address(out, &incident->inner);
	}
	if (incident->has_key) {
		textbuf_add(out, " key=");
		incidents_print_key(out, &incident->key, is_public);
	}
	textbuf_add(out, "\n");
}

/* Room for one more element; the array or NULL. */
static void *grow_list(void *list, size_t count, size_t *room, size_t size)
{
	size_t wanted = *room ? *room * 2 : 8;
	void *bigger;

	if (count < *room)
		return list;
	bigger = reallocarray(list, wanted, size);
	if (bigger)
		*room = wanted;
	return bigger;
}

static struct incidents_of *add_owner(struct incident_log *log, struct span peer)
{
	struct incidents_of *list = grow_list(log->of, log->count, &log->room, sizeof(*list));

	if (!list)
		return NULL;
	log->of = list;
	list[log->count] = (struct incidents_of){.peer = peer};
	return &list[log->count++];
}

/* Takes what stands before the separator off text. */
static struct span take_until(struct span *text, char separator)
{
	size_t len = span_find(*text, separator);
	struct span part = span_until(*text, len);

	*text = span_from(*text, len < text->len ? len + 1 : len);
	return part;
}

static int take_count(struct incidents_of *of, struct span value)
{
	enum reason reason = reason_by_code(take_until(&value, ' '));
	uint64_t number;

	if (reason == REASON_COUNT)
		return 0;
	if (value_parse_number(value, UINT64_MAX, &number) != VALUE_OK)
		return -EPROTO;
	of->counts[reason] = number;
	return 0;
}

/* One word "key=value" of an event; false: what should be a number is none. */
static bool take_word(struct incident_seen *incident, struct span word)
{
	struct span name = take_until(&word, '=');
	uint64_t error;
	const struct {
		const char *name;
		struct span *text;
		uint64_t *number;
	} words[] = {
		{"count", NULL, &incident->count},
		{"first_ms_ago", NULL, &incident->first_ms_ago},
		{"last_ms_ago", NULL, &incident->last_ms_ago},
		{"error", NULL, &error},
		{"source", &incident->source, NULL},
		{"inner", &incident->inner, NULL},
		{"key", &incident->key, NULL},
	};

	error = incident->error;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!span_equal(name, words[i].name))
			continue;
		if (words[i].text)
			*words[i].text = word;
		else if (value_parse_number(word, UINT64_MAX, words[i].number) != VALUE_OK)
			return false;
	}
	incident->error = (unsigned)error;
	return true;
}

static int take_event(struct incidents_of *of, struct span value)
{
	struct incident_seen incident = {.reason = reason_by_code(take_until(&value, ' '))};
	struct incident_seen *list;

	if (incident.reason == REASON_COUNT)
		return 0;
	while (value.len > 0)
		if (!take_word(&incident, take_until(&value, ' ')))
			return -EPROTO;
	list = grow_list(of->list, of->count, &of->room, sizeof(*list));
	if (!list)
		return -ENOMEM;
	of->list = list;
	list[of->count++] = incident;
	return 0;
}

/* 1: the last line; its number is *answer. */
static int take_errno(struct span value, int *answer)
{
	uint64_t number;

	if (value.len && value.at[0] == '-')
		value = span_from(value, 1);
	if (value_parse_number(value, 4095, &number) != VALUE_OK)
		return -EPROTO;
	*answer = -(int)number;
	return 1;
}

static int take_line(struct incident_log *log, struct span name, struct span value, int *answer)
{
	struct incidents_of *of = &log->of[log->count - 1];

	if (span_equal(name, "errno"))
		return take_errno(value, answer);
	if (span_equal(name, "scope"))
		log->is_public = span_equal(value, "public");
	else if (span_equal(name, "since_ms_ago"))
		return value_parse_number(value, UINT64_MAX, &log->ms_ago) == VALUE_OK ? 0
										       : -EPROTO;
	else if (span_equal(name, "peer"))
		return add_owner(log, value) ? 0 : -ENOMEM;
	else if (span_equal(name, "count"))
		return take_count(of, value);
	else if (span_equal(name, "event"))
		return take_event(of, value);
	return 0;
}

static int newest_first(const void *a, const void *b)
{
	const struct incident_seen *x = a, *y = b;

	return (x->last_ms_ago > y->last_ms_ago) - (x->last_ms_ago < y->last_ms_ago);
}

int incidents_parse(struct span reply, struct incident_log *log)
{
	int status, answer = -EPROTO;

	*log = (struct incident_log){0};
	status = add_owner(log, (struct span){NULL, 0}) ? 0 : -ENOMEM;
	while (status == 0 && reply.len > 0) {
		struct span line = take_until(&reply, '\n');
		struct span name = take_until(&line, '=');

		status = take_line(log, name, line, &answer);
	}
	for (size_t i = 0; i < log->count; i++)
		if (log->of[i].count > 1)
			qsort(log->of[i].list, log->of[i].count, sizeof(*log->of[i].list),
				newest_first);
	return status < 0 ? status : answer;
}

void incident_log_fini(struct incident_log *log)
{
	for (size_t i = 0; i < log->count; i++)
		free(log->of[i].list);
	free(log->of);
	*log = (struct incident_log){0};
}
