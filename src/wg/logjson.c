/* `wg log --json`: the schema is version 1, described in wg(8). Members are only ever added. */
#include "logforms.h"

/* Takes the reference; null when there is none. */
static void put(json_t *object, const char *name, json_t *value)
{
	json_object_set_new(object, name, value ? value : json_null());
}

static json_t *text_of(struct span text)
{
	return text.len > 0 ? json_stringn(text.at, text.len) : NULL;
}

static json_t *number_of(uint64_t number)
{
	return json_integer(number > INT64_MAX ? INT64_MAX : (json_int_t)number);
}

static json_t *json_counts(const struct incidents_of *of)
{
	json_t *object = json_object();

	for (unsigned i = 0; i < REASON_COUNT; i++)
		if (of->counts[i])
			put(object, reason_code((enum reason)i), number_of(of->counts[i]));
	return object;
}

static json_t *json_events(const struct incidents_of *of)
{
	json_t *list = json_array();

	for (size_t i = 0; i < of->count; i++) {
		const struct incident_seen *event = &of->list[i];
		json_t *object = json_object();

		put(object, "reason", json_string(reason_code(event->reason)));
		put(object, "text", json_string(reason_text(event->reason)));
		put(object, "count", number_of(event->count));
		put(object, "firstMsAgo", number_of(event->first_ms_ago));
		put(object, "lastMsAgo", number_of(event->last_ms_ago));
		put(object, "source", text_of(event->source));
		put(object, "inner", text_of(event->inner));
		put(object, "publicKey", text_of(event->key));
		put(object, "errno", event->error ? json_integer(event->error) : NULL);
		json_array_append_new(list, object);
	}
	return list;
}

static json_t *json_peer_log(const struct incidents_of *of, const struct log_view *view)
{
	const char *name = log_view_name(view, of);
	json_t *object = json_object();

	put(object, "publicKey", text_of(of->peer));
	put(object, "name", name ? json_string(name) : NULL);
	put(object, "counts", json_counts(of));
	put(object, "events", json_events(of));
	return object;
}

json_t *log_json(const struct incident_log *log, const struct log_view *view)
{
	json_t *object = json_object(), *peers = json_array();

	put(object, "name", json_string(view->interface));
	put(object, "scope", json_string(log->is_public ? "public" : "full"));
	put(object, "sinceMsAgo", number_of(log->ms_ago));
	put(object, "counts", json_counts(&log->of[0]));
	put(object, "events", json_events(&log->of[0]));
	for (size_t i = 1; i < log->count; i++)
		if (log_view_has(view, &log->of[i]))
			json_array_append_new(peers, json_peer_log(&log->of[i], view));
	put(object, "peers", peers);
	return object;
}
