/*
 * The control protocol's text, printed and parsed from the table of attributes. A set comes from
 * a client that is root but may be broken, a reply from a daemon that may be anything.
 */
#include "uapi.h"

#include <errno.h>
#include "attrs.h"
#include "incidents.h"

size_t uapi_find_end(struct span text, size_t seen)
{
	/* The first of the two newlines may be among those seen. */
	size_t from = seen ? seen - 1 : 0;
	const char *end;

	if (text.len && text.at[0] == '\n')
		return 1;
	if (from >= text.len)
		return 0;
	end = memmem(text.at + from, text.len - from, "\n\n", 2);
	return end ? (size_t)(end - text.at) + 2 : 0;
}

enum uapi_operation uapi_request_operation(struct span request)
{
	if (span_equal(request, UAPI_GET_REQUEST))
		return UAPI_GET;
	if (request.len >= 6 && memcmp(request.at, "set=1\n", 6) == 0)
		return UAPI_SET;
	if (request.len >= 10 && memcmp(request.at, "replace=1\n", 10) == 0)
		return UAPI_REPLACE;
	if (span_equal(request, "take=1\n\n"))
		return UAPI_TAKE;
	return span_equal(request, INCIDENTS_REQUEST) ? UAPI_EVENTS : UAPI_UNKNOWN;
}

/* One line "key=value" of a message. */
struct line {
	struct span key, value;
};

/* Takes the next line off text. 0; 1 at the empty line; -EPROTO. */
static int next_line(struct span *text, struct line *line)
{
	size_t len = span_find(*text, '\n'), equals;
	struct span all = span_until(*text, len);

	if (len == text->len)
		return -EPROTO;
	*text = span_from(*text, len + 1);
	if (!len)
		return 1;
	equals = span_find(all, '=');
	if (equals == len)
		return -EPROTO;
	line->key = span_until(all, equals);
	line->value = span_from(all, equals + 1);
	return 0;
}

/* Where the lines of a message go: the device until the first public key, then that peer. */
struct target {
	struct device_settings *device;
	struct peer_settings *peer;
};

static int take_value(struct target *target, enum attr_id id, struct span value)
{
	bool is_short;
	struct value_error error;

	if (id == ATTR_PUBLIC_KEY) {
		target->peer = settings_add_peer(target->device);
		if (!target->peer)
			return -ENOMEM;
	}
	error = attr_parse_uapi(id, value,
		attrs[id].scope == SCOPE_DEVICE ? (void *)target->device : (void *)target->peer,
		&is_short);
	if (is_short)
		return -ENOMEM;
	return error.code == VALUE_OK ? 0 : -EINVAL;
}

/* True when a line with this attribute may stand here. */
static bool is_in_place(const struct target *target, enum attr_id id, enum attr_use use)
{
	if (id == ATTR_COUNT || !(attrs[id].use & use))
		return false;
	if (id == ATTR_PUBLIC_KEY)
		return true;
	return (attrs[id].scope == SCOPE_PEER) == (target->peer != NULL);
}

/* A line of a set behind the first: as next_line(), or what is wrong with it. */
static int take_set_line(struct device_settings *device, struct span *text)
{
	struct target target = {device, NULL};
	struct line line;
	int status = next_line(text, &line);
	enum attr_id id;

	if (status)
		return status;
	if (device->peers_count > 0)
		target.peer = &device->peers[device->peers_count - 1];
	id = attr_by_uapi_key(line.key);
	return is_in_place(&target, id, ATTR_IN_SET) ? take_value(&target, id, line.value)
						     : -EINVAL;
}

void uapi_set_begin(struct uapi_set *set)
{
	settings_init(&set->device);
	set->taken = set->line_number = 0;
}

int uapi_set_take(struct uapi_set *set, struct span request, size_t max)
{
	struct span text = span_from(request, set->taken);
	size_t end = text.len > max ? text.len - max : 0;
	struct line line;
	int status = 0;

	if (set->line_number == 0) {
		set->line_number = 1;
		if (next_line(&text, &line) || !span_equal(line.key, "set") ||
			!span_equal(line.value, "1"))
			return -EPROTO;
	}
	do {
		++set->line_number;
		status = take_set_line(&set->device, &text);
	} while (status == 0 && text.len > end);
	set->taken = request.len - text.len;
	if (status == 0)
		return 1;
	return status < 0 ? status : text.len ? -EPROTO : 0;
}

static void print_line(struct textbuf *out, enum attr_id id, const void *record)
{
	textbuf_add(out, attrs[id].uapi_key);
	textbuf_add(out, "=");
	attr_print_uapi(out, id, record);
	textbuf_add(out, "\n");
}

void uapi_print_allowed_ip(struct textbuf *out, const struct allowed_ip *ip)
{
	textbuf_add(out, attrs[ATTR_ALLOWED_IPS].uapi_key);
	textbuf_add(out, ip->remove ? "=-" : "=");
	value_print_prefix(out, &ip->prefix);
	textbuf_add(out, "\n");
}

void uapi_print_device(struct textbuf *out, const struct device_settings *device)
{
	for (enum attr_id id = 0; id < ATTR_PUBLIC_KEY; id++)
		if (attrs[id].use & ATTR_IN_GET && attr_is_present(id, device) &&
			!(attrs[id].use & ATTR_NOT_ZERO && attr_is_zero(id, device)))
			print_line(out, id, device);
}

static void print_peer(struct textbuf *out, const struct peer_settings *peer, enum attr_use use)
{
	for (enum attr_id id = ATTR_PUBLIC_KEY; id < ATTR_ALLOWED_IPS; id++) {
		bool is_wanted = id == ATTR_PUBLIC_KEY || id == ATTR_PROTOCOL_VERSION ||
				 attr_is_present(id, peer);

		if (attrs[id].use & use && is_wanted)
			print_line(out, id, peer);
	}
	for (size_t i = 0; i < peer->allowed_ips_count; i++)
		uapi_print_allowed_ip(out, &peer->allowed_ips[i]);
}

void uapi_print_peer(struct textbuf *out, const struct peer_settings *peer)
{
	print_peer(out, peer, ATTR_IN_GET);
}

void uapi_print_errno(struct textbuf *out, int error)
{
	textbuf_addf(out, "errno=%d\n\n", error);
}

void uapi_print_set(struct textbuf *out, const struct device_settings *device)
{
	textbuf_add(out, "set=1\n");
	for (enum attr_id id = 0; id < ATTR_PUBLIC_KEY; id++)
		if (attrs[id].use & ATTR_IN_SET && attr_is_present(id, device))
			print_line(out, id, device);
	for (size_t i = 0; i < device->peers_count; i++) {
		if (device->peers[i].remove) {
			print_line(out, ATTR_PUBLIC_KEY, &device->peers[i]);
			print_line(out, ATTR_REMOVE, &device->peers[i]);
		} else {
			print_peer(out, &device->peers[i], ATTR_IN_SET);
		}
	}
	textbuf_add(out, "\n");
}

/* "errno=N": 0 or -N, N taken without its sign. 1: this line is no errno. */
static int errno_of(const struct line *line)
{
	struct span digits = line->value;
	uint64_t number;

	if (!span_equal(line->key, "errno"))
		return 1;
	if (digits.len && digits.at[0] == '-')
		digits = span_from(digits, 1);
	if (value_parse_number(digits, 4095, &number) != VALUE_OK)
		return -EPROTO;
	return -(int)number;
}

/*
 * A reply's line into the record. An endpoint may name a link that has gone since; the rest of
 * the reply is still worth showing.
 */
static int take_reply_line(struct target *target, const struct line *line)
{
	enum attr_id id = attr_by_uapi_key(line->key);
	int status;

	if (id == ATTR_COUNT || !is_in_place(target, id, ATTR_IN_GET))
		return 0;
	status = take_value(target, id, line->value);
	if (status == -EINVAL)
		return id == ATTR_ENDPOINT ? 0 : -EPROTO;
	return status;
}

static int parse_get_lines(struct span text, struct device_settings *device)
{
	struct target target = {device, NULL};
	struct line line;
	int status, answer = -EPROTO;

	while (!(status = next_line(&text, &line))) {
		int number = errno_of(&line);

		if (number <= 0)
			answer = number;
		else if ((status = take_reply_line(&target, &line)))
			break;
	}
	return status < 0 ? status : answer;
}

int uapi_parse_get(struct span reply, struct device_settings *device)
{
	int status;

	settings_init(device);
	status = parse_get_lines(reply, device);
	if (status)
		settings_fini(device);
	return status;
}

int uapi_parse_set_reply(struct span reply)
{
	struct line line;
	int status, answer = -EPROTO;

	while (!(status = next_line(&reply, &line)))
		if (errno_of(&line) <= 0)
			answer = errno_of(&line);
	return status < 0 ? status : answer;
}
