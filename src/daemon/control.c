/*
 * Connections and what they are at. Words and values are model/uapi's, what they do config.c's.
 */
#include "control.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "chronicle.h"
#include "config.h"
#include "ensure.h"
#include "tags.h"
#include "textbuf.h"
#include "uapi.h"
#include "unixsock.h"
#include "wipe.h"

enum {
	READ_LEN = 64 * 1024, /* a turn */
	LOG_SLOTS_A_TURN = 4096,
	/* Of a set in a turn: bytes to parse, then peers and allowed IPs to apply; less than 1 ms. */
	PARSE_LEN = 16 * 1024,
	PIECES_A_TURN = 64,
};

/* What a kind of socket may, and how much of a turn its clients get. */
static const struct control_rules {
	uint64_t listener_tag, connection_tag;
	unsigned connections;
	unsigned requests_a_turn; /* small ones; traffic is looked at in between */
	size_t slice_len;
	size_t request_max;
	bool is_public;
} rules[] = {
	[CONTROL_FULL] = {TAG_LISTENER, TAG_CONNECTION, CONTROL_CONNECTIONS, 16, 64 * 1024,
		CONTROL_REQUEST_MAX, false},
	[CONTROL_PUBLIC] = {TAG_PUBLIC_LISTENER, TAG_PUBLIC_CONNECTION, 16, 1, 8 * 1024, 4096,
		true},
};

struct connection {
	int fd; /* -1: free */
	struct textbuf in, out;
	size_t seen;        /* bytes of in that hold no end of a request */
	size_t sent;        /* of out */
	bool may_have_more; /* in may hold another whole request */
	bool is_getting;    /* a reply is being made: from next_peer on */
	bool is_log;        /* and it is what happened, not what is set */
	bool is_in_peer;    /* of which all is printed but the allowed IPs from next_ip on */
	bool is_ending;     /* close when out is sent */
	bool is_greeted;    /* a daemon that may take the tunnel over */
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
	const struct control_rules *rules;
	struct tunnel *tunnel;
	struct setting setting;
	struct handover_ends ends; /* all -1: nothing is offered */
	struct connection *taker;  /* NULL: nobody is ready to take the tunnel over */
	int listener;
	int spare; /* a descriptor to be had when there are no others; -1: in use */
	uint64_t events;
	struct connection connections[CONTROL_CONNECTIONS];
};

/* Any descriptor will do, of a kind that may be had at any time; -1: there is just no spare. */
static int spare_descriptor(void)
{
	return socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

int control_create(
	struct control **control, struct tunnel *tunnel, int listener, enum control_kind kind)
{
	struct control *c = calloc(1, sizeof(*c));
	int err;

	if (!c)
		return -ENOMEM;
	c->rules = &rules[kind];
	c->tunnel = tunnel;
	c->listener = listener;
	c->ends = (struct handover_ends){-1, -1, -1};
	c->spare = spare_descriptor();
	for (unsigned i = 0; i < CONTROL_CONNECTIONS; i++)
		c->connections[i].fd = -1;
	err = event_add(&tunnel->loop, listener, EVENT_READ, c->rules->listener_tag);
	if (err < 0) {
		if (c->spare >= 0)
			close(c->spare);
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
	if (control->taker == connection)
		control->taker = NULL;
	event_remove(&control->tunnel->loop, connection->fd);
	close(connection->fd);
	if (control->spare < 0)
		control->spare = spare_descriptor();
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
	if (control->spare >= 0)
		close(control->spare);
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

	while (n < control->rules->connections && control->connections[n].fd >= 0)
		n++;
	if (n == control->rules->connections) {
		struct connection *oldest = longest_silent(control);

		n = (unsigned)(oldest - control->connections);
		close_connection(control, oldest);
	}
	return n;
}

/*
 * Without a descriptor for who waits the listener would stay readable, and the loop spin. So the
 * connections that were silent for longest make room, and when there are none the spare does.
 */
static int accept_one(struct control *control)
{
	int fd = unixsock_accept(control->listener);

	while (fd == -EMFILE || fd == -ENFILE) {
		struct connection *oldest = longest_silent(control);

		if (oldest) {
			close_connection(control, oldest);
		} else if (control->spare >= 0) {
			close(control->spare);
			control->spare = -1;
		} else {
			return fd;
		}
		fd = unixsock_accept(control->listener);
	}
	return fd;
}

/*
 * Room is made for the first one only, who surely waits: without descriptors the kernel says so
 * before it looks whether anybody does, and a connection would be closed for nobody.
 */
void control_accept(struct control *control)
{
	int fd = accept_one(control);

	for (; fd >= 0; fd = unixsock_accept(control->listener)) {
		unsigned n = make_place(control);

		if (event_add(&control->tunnel->loop, fd, EVENT_READ,
			    control->rules->connection_tag + n) < 0) {
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
static void print_peers(struct tunnel *tunnel, struct connection *connection, size_t slice_len)
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
}

/*
 * The same with what happened to them, slot by slot: peers that come and go in between do no harm,
 * as one socket does not know what the other is at.
 */
static void print_log(struct control *control, struct connection *connection, struct instant now)
{
	const struct tunnel *tunnel = control->tunnel;
	uint32_t slot = connection->next_peer, end = tunnel->device->peers_used;

	if (end - slot > LOG_SLOTS_A_TURN)
		end = slot + LOG_SLOTS_A_TURN;
	for (; slot < end && connection->out.len < control->rules->slice_len; slot++) {
		const struct peer *peer = device_peer_const(tunnel->device, slot);
		const struct peer_id id = {slot, peer->generation};

		if (peer->is_used)
			chronicle_print_peer(tunnel->chronicle, id, &peer->public_key,
				&connection->out, control->rules->is_public, now);
	}
	connection->next_peer = slot < tunnel->device->peers_used ? slot : PEER_NONE;
}

static void print_slice(struct control *control, struct connection *connection, size_t slice_len,
	struct instant now)
{
	if (connection->is_log)
		print_log(control, connection, now);
	else
		print_peers(control->tunnel, connection, slice_len);
	if (connection->next_peer == PEER_NONE) {
		uapi_print_errno(&connection->out, 0);
		connection->is_getting = false;
	}
}

static void start_log(struct control *control, struct connection *connection, struct instant now)
{
	const struct tunnel *tunnel = control->tunnel;
	bool is_public = control->rules->is_public;

	incidents_print_begin(&connection->out, is_public, chronicle_age(tunnel->chronicle, now));
	chronicle_print_device(tunnel->chronicle, &connection->out, is_public, now);
	connection->is_getting = connection->is_log = true;
	connection->next_peer = 0;
	print_slice(control, connection, control->rules->slice_len, now);
}

static void start_get(struct control *control, struct connection *connection, struct instant now)
{
	struct tunnel *tunnel = control->tunnel;
	struct device_settings device;

	config_read_device(tunnel, &device);
	uapi_print_device(&connection->out, &device);
	settings_fini(&device);
	connection->is_getting = true;
	connection->is_log = false;
	connection->next_peer = tunnel->device->first_peer;
	print_slice(control, connection, control->rules->slice_len, now);
}

/*
 * Before anything changes, replies about it under way are completed: each shows one state. A slice of one
 * of them; false: there is none left.
 */
static bool complete_a_get(struct control *control, struct instant now)
{
	for (unsigned i = 0; i < CONTROL_CONNECTIONS; i++) {
		struct connection *c = &control->connections[i];

		if (c->is_getting && !c->is_log) {
			print_slice(control, c, c->out.len + control->rules->slice_len, now);
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

	if (complete_a_get(control, now.at))
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

static void refuse(struct connection *connection)
{
	uapi_print_errno(&connection->out, -EPROTO);
	connection->is_ending = true;
}

static void answer_replace(
	struct control *control, struct connection *connection, struct span request)
{
	if (control->ends.tun < 0)
		refuse(connection);
	else if (handover_greet(connection->fd, request, &control->ends, &connection->out))
		connection->is_greeted = true;
	else
		connection->is_ending = true;
}

static void answer_take(struct control *control, struct connection *connection)
{
	if (connection->is_greeted && !control->taker)
		control->taker = connection;
	else
		refuse(connection);
}

/* Answers the first request in the buffer, or begins to; false: there is no whole one. */
static bool answer_next(struct control *control, struct connection *connection, struct moment now)
{
	struct span text = {connection->in.text, connection->in.len};
	size_t end = uapi_find_end(text, connection->seen);
	enum uapi_operation operation;

	if (end == 0) {
		connection->seen = text.len;
		return false;
	}
	text = span_until(text, end);
	operation = uapi_request_operation(text);
	if (control->rules->is_public && operation != UAPI_EVENTS)
		operation = UAPI_UNKNOWN;
	switch (operation) {
	case UAPI_EVENTS:
		start_log(control, connection, now.at);
		break;
	case UAPI_GET:
		start_get(control, connection, now.at);
		break;
	case UAPI_SET:
		start_setting(control, connection, end, now);
		return true;
	case UAPI_REPLACE:
		answer_replace(control, connection, text);
		break;
	case UAPI_TAKE:
		answer_take(control, connection);
		break;
	case UAPI_UNKNOWN:
		refuse(connection);
		break;
	}
	drop_request(connection, end);
	return true;
}

/* Reads one turn; false: the connection is done for. */
static bool read_some(const struct control *control, struct connection *connection)
{
	char *at = textbuf_reserve(&connection->in, READ_LEN);
	ssize_t len;

	if (!at)
		return false;
	len = unixsock_read(connection->fd, at, READ_LEN);
	if (len == -EAGAIN)
		return true;
	if (len <= 0)
		return false;
	connection->in.len += (size_t)len;
	return connection->in.len <= control->rules->request_max;
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
		print_slice(control, connection, control->rules->slice_len, now.at);
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
	if ((ready & (EVENT_READ | EVENT_ERROR)) && !has_work(connection) &&
		!read_some(control, connection))
		return false;
	for (unsigned i = 0; i < control->rules->requests_a_turn; i++) {
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
			wants_write ? EVENT_WRITE : EVENT_READ,
			control->rules->connection_tag + n) < 0)
		close_connection(control, connection);
	else
		connection->wants_write = wants_write;
}

void control_offer(struct control *control, const struct handover_ends *ends)
{
	control->ends = *ends;
}

bool control_has_taker(const struct control *control)
{
	return control->taker != NULL;
}

int control_taker(const struct control *control, bool may_cut)
{
	if (!control->taker || control->setting.by)
		return -1;
	for (unsigned i = 0; i < CONTROL_CONNECTIONS && !may_cut; i++)
		if (&control->connections[i] != control->taker && control->connections[i].fd >= 0 &&
			has_work(&control->connections[i]))
			return -1;
	return control->taker->fd;
}

void control_end_taking(struct control *control)
{
	if (control->taker)
		close_connection(control, control->taker);
}
