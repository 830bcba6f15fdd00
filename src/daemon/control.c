/*
 * Connections and what they are at. Words and values are model/uapi's, what they do config.c's.
 */
#include "control.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include "config.h"
#include "tags.h"
#include "textbuf.h"
#include "uapi.h"
#include "unixsock.h"
#include "wipe.h"

enum {
	READ_LEN = 64 * 1024, /* a turn */
	SLICE_LEN = 64 * 1024,
};

struct connection {
	int fd; /* -1: free */
	struct textbuf in, out;
	size_t seen;       /* bytes of in that hold no end of a request */
	bool is_getting;   /* a reply is being made; next_peer is next */
	bool is_ending;    /* close when out is sent */
	bool wants_write;
	uint32_t next_peer;
	uint64_t last_used; /* a count of events, not a time */
};

struct control {
	struct tunnel *tunnel;
	int listener;
	uint64_t events;
	struct connection connections[CONTROL_CONNECTIONS];
};

int control_create(struct control **control, struct tunnel *tunnel, int listener)
{
	struct control *c = calloc(1, sizeof(*c));
	int err;

	if (!c)
		return -ENOMEM;
	c->tunnel = tunnel;
	c->listener = listener;
	for (unsigned i = 0; i < CONTROL_CONNECTIONS; i++)
		c->connections[i].fd = -1;
	err = event_add(&tunnel->loop, listener, EVENT_READ, TAG_LISTENER);
	if (err < 0) {
		free(c);
		return err;
	}
	*control = c;
	return 0;
}

static void close_connection(struct control *control, struct connection *connection)
{
	if (connection->fd < 0)
		return;
	event_remove(&control->tunnel->loop, connection->fd);
	close(connection->fd);
	textbuf_fini(&connection->in);
	textbuf_fini(&connection->out);
	*connection = (struct connection){.fd = -1};
}

void control_destroy(struct control *control)
{
	if (!control)
		return;
	for (unsigned i = 0; i < CONTROL_CONNECTIONS; i++)
		close_connection(control, &control->connections[i]);
	free(control);
}

/* A free place, or that of the connection which was silent for longest. */
static unsigned make_place(struct control *control)
{
	unsigned oldest = 0;

	for (unsigned i = 0; i < CONTROL_CONNECTIONS; i++) {
		if (control->connections[i].fd < 0)
			return i;
		if (control->connections[i].last_used < control->connections[oldest].last_used)
			oldest = i;
	}
	close_connection(control, &control->connections[oldest]);
	return oldest;
}

void control_accept(struct control *control)
{
	int fd;

	while ((fd = unixsock_accept(control->listener)) >= 0) {
		unsigned n = make_place(control);

		if (event_add(&control->tunnel->loop, fd, EVENT_READ, TAG_CONNECTION + n) < 0) {
			close(fd);
			return;
		}
		control->connections[n] =
			(struct connection){.fd = fd, .last_used = ++control->events};
	}
}

/* Prints peers until the slice is full or the last one is done. */
static void print_slice(struct tunnel *tunnel, struct connection *connection, size_t slice_len)
{
	struct textbuf *out = &connection->out;

	while (connection->next_peer != PEER_NONE && out->len < slice_len) {
		const struct peer *peer =
			device_peer_const(tunnel->device, connection->next_peer);
		struct peer_settings settings;
		struct allowed_ip ip = {.remove = false};
		uint32_t cursor = peer->allowed_ips.first;

		config_read_peer(tunnel, connection->next_peer, &settings);
		uapi_print_peer(out, &settings);
		wipe(&settings, sizeof(settings));
		while (cursor != ALLOWEDIPS_NONE) {
			cursor = allowedips_next(device_allowed_ips(tunnel->device), cursor,
				&ip.prefix);
			uapi_print_allowed_ip(out, &ip);
		}
		connection->next_peer = peer->next;
	}
	if (connection->next_peer == PEER_NONE) {
		uapi_print_errno(out, 0);
		connection->is_getting = false;
	}
}

static void start_get(struct tunnel *tunnel, struct connection *connection)
{
	struct device_settings device;

	config_read_device(tunnel, &device);
	uapi_print_device(&connection->out, &device);
	settings_fini(&device);
	connection->is_getting = true;
	connection->next_peer = tunnel->device->first_peer;
	print_slice(tunnel, connection, SLICE_LEN);
}

/* Before anything changes, replies under way are completed: each shows one state. */
static void complete_gets(struct control *control)
{
	for (unsigned i = 0; i < CONTROL_CONNECTIONS; i++)
		if (control->connections[i].is_getting)
			print_slice(control->tunnel, &control->connections[i], SIZE_MAX);
}

static void answer_set(struct control *control, struct connection *connection,
	struct span request, struct moment now)
{
	struct device_settings change;
	size_t bad_line = 0;
	int err = uapi_parse_set(request, &change, &bad_line);

	if (err == 0) {
		complete_gets(control);
		err = config_apply(control->tunnel, &change, now);
	} else {
		log_error(&control->tunnel->log, "Control request refused at line %zu", bad_line);
	}
	settings_fini(&change);
	uapi_print_errno(&connection->out, err);
}

/* Answers the first request in the buffer; false: there is no whole one. */
static bool answer_next(struct control *control, struct connection *connection,
	struct moment now)
{
	struct span text = {connection->in.text, connection->in.len};
	size_t end = uapi_find_end(text, connection->seen);

	if (end == 0) {
		connection->seen = text.len;
		return false;
	}
	text = span_until(text, end);
	switch (uapi_request_operation(text)) {
	case UAPI_GET:
		start_get(control->tunnel, connection);
		break;
	case UAPI_SET:
		answer_set(control, connection, text, now);
		break;
	case UAPI_UNKNOWN:
		uapi_print_errno(&connection->out, -EPROTO);
		connection->is_ending = true;
		break;
	}
	textbuf_drop(&connection->in, end);
	connection->seen = 0;
	return true;
}

/* Reads one turn; false: the connection is done for. */
static bool read_some(struct connection *connection)
{
	char *at = textbuf_reserve(&connection->in, READ_LEN);
	ssize_t len;

	if (!at || connection->in.len > CONTROL_REQUEST_MAX)
		return false;
	len = unixsock_read(connection->fd, at, READ_LEN);
	if (len == -EAGAIN)
		return true;
	if (len <= 0)
		return false;
	connection->in.len += (size_t)len;
	return true;
}

/* Writes what the socket takes; false: the connection is done for. */
static bool write_some(struct connection *connection)
{
	while (connection->out.len > 0) {
		ssize_t len = unixsock_write(connection->fd, connection->out.text,
			connection->out.len);

		if (len == -EAGAIN)
			return true;
		if (len < 0)
			return false;
		textbuf_drop(&connection->out, (size_t)len);
	}
	return !connection->is_ending;
}

/* One turn of work; false: close. */
static bool advance(struct control *control, struct connection *connection, unsigned ready,
	struct moment now)
{
	bool is_closed = (ready & (EVENT_READ | EVENT_ERROR)) && !connection->is_getting &&
			 connection->out.len == 0 && !read_some(connection);

	while (connection->out.len == 0 && !connection->is_getting &&
		answer_next(control, connection, now))
		if (!write_some(connection))
			return false;
	if (connection->is_getting)
		print_slice(control->tunnel, connection, SLICE_LEN);
	if (textbuf_status(&connection->out) < 0 || !write_some(connection))
		return false;
	return !is_closed || connection->out.len > 0 || connection->is_getting;
}

void control_ready(struct control *control, unsigned n, unsigned ready, struct moment now)
{
	struct connection *connection = &control->connections[n];
	bool wants_write;

	if (connection->fd < 0)
		return;
	connection->last_used = ++control->events;
	if (!advance(control, connection, ready, now)) {
		close_connection(control, connection);
		return;
	}
	wants_write = connection->is_getting || connection->out.len > 0;
	if (wants_write != connection->wants_write &&
		event_change(&control->tunnel->loop, connection->fd,
			wants_write ? EVENT_WRITE : EVENT_READ, TAG_CONNECTION + n) < 0)
		close_connection(control, connection);
	else
		connection->wants_write = wants_write;
}
