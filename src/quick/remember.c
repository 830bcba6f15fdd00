/* The memory of endpoints: a line a peer, "KEY HOST:PORT". */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "follow.h"
#include "grow.h"
#include "journal.h"
#include "keytext.h"
#include "remember.h"
#include "runfile.h"
#include "textbuf.h"
#include "values.h"
#include "wholefile.h"

static void memory_path(char path[PATH_MAX], const char *ifname)
{
	snprintf(path, PATH_MAX, QUICK_DIRECTORY "/%s.endpoints", ifname);
}

/* What the file says of a peer's endpoint; nothing when it does not mention one. */
static void print_endpoint(struct textbuf *out, const struct conf_settings *settings, size_t number)
{
	const struct endpoint *endpoint = &settings->device.peers[number].endpoint;

	if (settings->peers[number].endpoint)
		textbuf_add(out, settings->peers[number].endpoint);
	else if (endpoint->addr.family)
		value_print_endpoint(out, endpoint);
}

int remember_print(struct textbuf *out, const struct conf_settings *settings)
{
	for (size_t i = 0; i < settings->device.peers_count; i++) {
		const struct peer_settings *peer = &settings->device.peers[i];
		char key[KEY_BASE64_LEN + 1];

		if (!settings->peers[i].endpoint && !peer->endpoint.addr.family)
			continue;
		key_print_base64(peer->public_key.b, key);
		textbuf_addf(out, "%s ", key);
		print_endpoint(out, settings, i);
		textbuf_add(out, "\n");
	}
	return textbuf_status(out);
}

static int compare_keys(const void *a, const void *b)
{
	const struct remembered_peer *x = a, *y = b;

	return memcmp(&x->public_key, &y->public_key, KEY_LEN);
}

static int parse_line(struct span line, struct remembered *remembered)
{
	struct remembered_peer peer, *peers;
	size_t space = span_find(line, ' ');

	if (space == line.len || !key_parse_base64(span_until(line, space), peer.public_key.b))
		return 0;
	line = span_from(line, space + 1);
	peers = grow_array(remembered->peers, remembered->count, &remembered->room, sizeof(*peers));
	if (!peers)
		return -ENOMEM;
	remembered->peers = peers;
	peer.endpoint = strndup(line.at, line.len);
	if (!peer.endpoint)
		return -ENOMEM;
	peers[remembered->count++] = peer;
	return 0;
}

int remember_parse(struct span text, struct remembered *remembered)
{
	int error = 0;

	*remembered = (struct remembered){0};
	while (text.len && !error) {
		size_t end = span_find(text, '\n');

		error = parse_line(span_until(text, end), remembered);
		text = span_from(text, end < text.len ? end + 1 : end);
	}
	if (remembered->count)
		qsort(remembered->peers, remembered->count, sizeof(remembered->peers[0]),
			compare_keys);
	return error;
}

void remember_fini(struct remembered *remembered)
{
	for (size_t i = 0; i < remembered->count; i++)
		free(remembered->peers[i].endpoint);
	free(remembered->peers);
	*remembered = (struct remembered){0};
}

int remember_read(const char *ifname, struct remembered *remembered)
{
	char path[PATH_MAX], *text;
	size_t len;
	int error;

	*remembered = (struct remembered){0};
	memory_path(path, ifname);
	error = wholefile_read(path, &text, &len);
	if (error)
		return error;
	error = remember_parse((struct span){text, len}, remembered);
	wholefile_free(text, len);
	return error;
}

int remember_write(const char *ifname, const struct conf_settings *settings)
{
	char path[PATH_MAX];
	struct textbuf out;
	int error;

	memory_path(path, ifname);
	textbuf_init(&out);
	error = remember_print(&out, settings);
	if (!error)
		error = runfile_keep(path, out.text ? out.text : "");
	if (error)
		runfile_forget(path);
	textbuf_fini(&out);
	return error;
}

void remember_remove(const char *ifname)
{
	char path[PATH_MAX];

	memory_path(path, ifname);
	runfile_forget(path);
}

static bool says_the_same(
	const struct remembered *remembered, const struct conf_settings *settings, size_t number)
{
	struct remembered_peer wanted = {.public_key = settings->device.peers[number].public_key};
	const struct remembered_peer *old =
		remembered->count ? bsearch(&wanted, remembered->peers, remembered->count,
					    sizeof(wanted), compare_keys)
				  : NULL;
	struct textbuf text;
	bool is_same;

	textbuf_init(&text);
	print_endpoint(&text, settings, number);
	is_same = old && textbuf_status(&text) == 0 && text.text &&
		  strcmp(old->endpoint, text.text) == 0;
	textbuf_fini(&text);
	return is_same;
}

void remember_keep_working(const struct remembered *remembered, struct conf_settings *wanted,
	const struct device_settings *there, struct wall_time wall)
{
	for (size_t i = 0; i < wanted->device.peers_count; i++) {
		struct peer_settings *peer = &wanted->device.peers[i];
		const struct peer_settings *running;

		if (!(peer->has & PEER_HAS_ENDPOINT))
			continue;
		running = settings_find_peer(there, &peer->public_key);
		if (running && follow_works(running, wall) && says_the_same(remembered, wanted, i))
			peer->has &= ~(unsigned)PEER_HAS_ENDPOINT;
	}
}
