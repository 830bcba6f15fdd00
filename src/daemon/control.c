/*
 * Connections and what they are at. Words and values are model/uapi's, what they do config.c's.
 */
#include "control.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include "config.h"
#include "ensure.h"
#include "tags.h"
#include "textbuf.h"
#include "uapi.h"
#include "unixsock.h"
#include "wipe.h"

enum {
	READ_LEN = 64 * 1024, /* a turn */
	SLICE_LEN = 64 * 1024,
	/* Small requests answered in a turn; traffic is looked at in between. */
	REQUESTS_A_TURN = 16,
	/* Of a set in a turn: bytes to parse, then peers and allowed IPs to apply; less than 1 ms. */
	PARSE_LEN = 16 * 1024,
	PIECES_A_TURN = 64,
};

struct connection {
	int fd; /* -1: free */
	struct textbuf in, out;
	size_t seen;        /* bytes of in that hold no end of a request */
	size_t sent;        /* of out */
	bool may_have_more; /* in may hold another whole request */
	bool is_getting;    /* a reply is being made: from next_peer on */
	bool is_in_peer;    /* of which all is printed but the allowed IPs from next_ip on */
	bool is_ending;     /* close when out is sent */
	bool wants_write;
	uint32_t next_peer, next_ip;
	uint64_t last_used; /* a count of events, not a time */
};

/* The set under way; the other connections' requests wait until it is done. */
struct setting {
	struct connection *by; /* NULL: there is none */
	size_t len;            /* of the request, the first in by->in */
	bool is_parsed;
	struct uapi_set set;
	struct config_run run;
};

struct control {
	struct tunnel *tunnel;
	struct setting setting;
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
	ENSURE(control->setting.by != connection);
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
	settings_fini(&control->setting.set.device);
	control->setting.by = NULL;
	for (unsigned i = 0; i < CONTROL_CONNECTIONS; i++)
		close_connection(control, &control->connections[i]);
	free(control);
}

/* Not the one whose set is under way. */
static struct connection *longest_silent(struct control *control)
{
	struct connection *oldest = NULL;

	for (unsigned i = 0; i < CONTROL_CONNECTIONS; i++) {
		struct connection *c = &control->connections[i];

		if (c->fd >= 0 && c != control->setting.by &&
			(!oldest || c->last_used < oldest->last_used))
			oldest = c;
	}
	return oldest;
}

/* A free place, or that of the connection which was silent for longest. */
static unsigned make_place(struct control *control)
{
	unsigned n = 0;

	while (n < CONTROL_CONNECTIONS && control->connections[n].fd >= 0)
		n++;
	if (n == CONTROL_CONNECTIONS) {
		struct connection *oldest = longest_silent(control);

		n = (unsigned)(oldest - control->connections);
		close_connection(control, oldest);
	}
	return n;
}

/* Without a descriptor for who waits the listener would stay readable, and the loop spin. */
static int accept_one(struct control *control)
{
	int fd = unixsock_accept(control->listener);
	struct connection *oldest;

	while ((fd == -EMFILE || fd == -ENFILE) && (oldest = longest_silent(control)) != NULL) {
		close_connection(control, oldest);
		fd = unixsock_accept(control->listener);
	}
	return fd;
}

void control_accept(struct control *control)
{
	int fd;

	while ((fd = accept_one(control)) >= 0) {
		unsigned n = make_place(control);

		if (event_add(&control->tunnel->loop, fd, EVENT_READ, TAG_CONNECTION + n) < 0) {
			close(fd);
			return;
		}
		control->connections[n] =
			(struct connection){.fd = fd, .last_used = ++control->events};
	}
}

static void print_peer(struct tunnel *tunnel, struct connection *connection)
{
	struct peer_settings settings;

	config_read_peer(tunnel, connection->next_peer, &settings);
	uapi_print_peer(&connection->out, &settings);
	wipe(&settings, sizeof(settings));
}

/* Prints peers until the slice is full or the last one is done. */
static void print_slice(struct tunnel *tunnel, struct connection *connection, size_t slice_len)
{
	const struct allowedips *allowed_ips = device_allowed_ips(tunnel->device);
	struct textbuf *out = &connection->out;

	while (connection->next_peer != PEER_NONE && out->len < slice_len) {
		const struct peer *peer = device_peer(tunnel->device, connection->next_peer);
		struct allowed_ip ip = {.remove = false};

		if (!connection->is_in_peer) {
			print_peer(tunnel, connection);
			connection->next_ip = peer->allowed_ips.first;
			connection->is_in_peer = true;
		}
		while (connection->next_ip != ALLOWEDIPS_NONE && out->len < slice_len) {
			connection->next_ip =
				allowedips_next(allowed_ips, connection->next_ip, &ip.prefix);
			uapi_print_allowed_ip(out, &ip);
		}
		if (connection->next_ip != ALLOWEDIPS_NONE)
			return;
		connection->next_peer = peer->next;
		connection->is_in_peer = false;
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

/*
 * Before anything changes, replies under way are completed: each shows one state. A slice of one
 * of them; false: there is none left.
 */
static bool complete_a_get(struct control *control)
{
	for (unsigned i = 0; i < CONTROL_CONNECTIONS; i++) {
		struct connection *c = &control->connections[i];

		if (c->is_getting) {
			print_slice(control->tunnel, c, c->out.len + SLICE_LEN);
			return true;
		}
	}
	return false;
}

/* As much of the set as fits a turn: 1: there is more, 0: it is applied, or what is wrong. */
static int do_some_setting(struct control *control, struct moment now)
{
	struct setting *setting = &control->setting;
	struct span request = {setting->by->in.text, setting->len};
	int status;

	if (complete_a_get(control))
		return 1;
	if (!setting->is_parsed) {
		status = uapi_set_take(&setting->set, request, PARSE_LEN);
		if (status < 0)
			log_error(&control->tunnel->log, "Control request refused at line %zu",
				setting->set.line_number);
		if (status != 0)
			return status;
		setting->is_parsed = true;
		config_begin(&setting->run, control->tunnel, &setting->set.device);
	}
	return config_continue(&setting->run, control->tunnel, PIECES_A_TURN, now);
}

static void drop_request(struct connection *connection, size_t len)
{
	textbuf_drop(&connection->in, len);
	connection->seen = 0;
}

static void go_on_setting(struct control *control, struct connection *connection, struct moment now)
{
	struct setting *setting = &control->setting;
	int status = do_some_setting(control, now);

	if (status > 0)
		return;
	uapi_print_errno(&connection->out, status);
	settings_fini(&setting->set.device);
	drop_request(connection, setting->len);
	setting->by = NULL;
}

static void start_setting(
	struct control *control, struct connection *connection, size_t len, struct moment now)
{
	struct setting *setting = &control->setting;

	setting->by = connection;
	setting->len = len;
	setting->is_parsed = false;
	uapi_set_begin(&setting->set);
	go_on_setting(control, connection, now);
}

/* Answers the first request in the buffer, or begins to; false: there is no whole one. */
static bool answer_next(struct control *control, struct connection *connection, struct moment now)
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
		start_setting(control, connection, end, now);
		return true;
	case UAPI_UNKNOWN:
		uapi_print_errno(&connection->out, -EPROTO);
		connection->is_ending = true;
		break;
	}
	drop_request(connection, end);
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
	while (connection->sent < connection->out.len) {
		ssize_t len =
			unixsock_write(connection->fd, connection->out.text + connection->sent,
				connection->out.len - connection->sent);

		if (len == -EAGAIN)
			return true;
		if (len < 0)
			return false;
		connection->sent += (size_t)len;
	}
	textbuf_clear(&connection->out);
	connection->sent = 0;
	return !connection->is_ending;
}

/* Does the next piece for a request under way, or begins the next; false: nothing to do now. */
static bool work_on(struct control *control, struct connection *connection, struct moment now)
{
	struct connection *setter = control->setting.by;

	if (connection->is_getting) {
		print_slice(control->tunnel, connection, SLICE_LEN);
	} else if (setter == connection) {
		go_on_setting(control, connection, now);
	} else if (setter) {
		connection->may_have_more = connection->in.len > 0;
		return false;
	} else {
		connection->may_have_more = answer_next(control, connection, now);
		return connection->may_have_more;
	}
	return true;
}

static bool has_work(const struct connection *connection)
{
	return connection->out.len > 0 || connection->is_getting || connection->may_have_more;
}

static bool is_under_way(const struct control *control, const struct connection *connection)
{
	return connection->is_getting || control->setting.by == connection;
}

/* One turn of work; false: close. A new request is read when the last one is answered. */
static bool advance(
	struct control *control, struct connection *connection, unsigned ready, struct moment now)
{
	if ((ready & (EVENT_READ | EVENT_ERROR)) && !has_work(connection) && !read_some(connection))
		return false;
	for (unsigned i = 0; i < REQUESTS_A_TURN; i++) {
		if (connection->out.len == 0 && !work_on(control, connection, now))
			break;
		if (textbuf_status(&connection->out) < 0 || !write_some(connection))
			return false;
		if (connection->out.len > 0 || is_under_way(control, connection))
			break;
	}
	/* A connection that waits holds no memory, and no keys in it. */
	if (connection->out.len == 0)
		textbuf_fini(&connection->out);
	if (connection->in.len == 0)
		textbuf_fini(&connection->in);
	return true;
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
	wants_write = has_work(connection);
	if (wants_write != connection->wants_write &&
		event_change(&control->tunnel->loop, connection->fd,
			wants_write ? EVENT_WRITE : EVENT_READ, TAG_CONNECTION + n) < 0)
		close_connection(control, connection);
	else
		connection->wants_write = wants_write;
}
