/* JSON values by jansson. */
#include "jsonout.h"

#include <stdlib.h>
#include <time.h>
#include "agetext.h"
#include "terminal.h"
#include "values.h"

void json_put(json_t *object, const char *name, json_t *value)
{
	json_object_set_new(object, name, value ? value : json_null());
}

json_t *json_attr(enum attr_id id, const void *record)
{
	struct textbuf text = {0};
	json_t *value;

	if (attr_is_zero(id, record))
		return NULL;
	attr_print_text(&text, id, record);
	value = json_stringn(text.text, text.len);
	textbuf_fini(&text);
	return value;
}

json_t *json_allowed_ips(const struct peer_settings *peer)
{
	json_t *list = json_array();
	struct textbuf text = {0};

	for (size_t i = 0; i < peer->allowed_ips_count; i++) {
		textbuf_clear(&text);
		value_print_prefix(&text, &peer->allowed_ips[i].prefix);
		json_array_append_new(list, json_stringn(text.text, text.len));
	}
	textbuf_fini(&text);
	return list;
}

json_t *json_counter(uint64_t number)
{
	return json_integer(number > INT64_MAX ? INT64_MAX : (json_int_t)number);
}

json_t *json_time(int64_t sec)
{
	time_t time = (time_t)sec;
	char text[40];
	struct tm tm;

	if (!gmtime_r(&time, &tm) || !strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
		return NULL;
	return json_string(text);
}

static json_t *age_of(int64_t sec, int64_t now)
{
	struct textbuf text = {0};
	json_t *value;

	age_print_since(&text, sec, now);
	terminal_strip_colour(&text);
	value = json_stringn(text.text, text.len);
	textbuf_fini(&text);
	return value;
}

json_t *json_handshake(const struct peer_settings *peer, int64_t now)
{
	json_t *object;

	if (!peer->last_handshake.sec)
		return NULL;
	object = json_object();
	json_put(object, "unix", json_integer(peer->last_handshake.sec));
	json_put(object, "iso", json_time(peer->last_handshake.sec));
	json_put(object, "secondsAgo", json_integer(now - peer->last_handshake.sec));
	json_put(object, "ago", age_of(peer->last_handshake.sec, now));
	return object;
}

void json_print(struct textbuf *out, json_t *document)
{
	char *text = document ? json_dumps(document, JSON_INDENT(2)) : NULL;

	if (text) {
		textbuf_add(out, text);
		textbuf_add(out, "\n");
	} else {
		out->is_short = true;
	}
	free(text);
	json_decref(document);
}
