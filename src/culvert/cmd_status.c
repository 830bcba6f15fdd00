/* culvert status: interfaces and peers in one look. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "brieftext.h"
#include "clock.h"
#include "fault.h"
#include "flags.h"
#include "jsonout.h"
#include "keytext.h"
#include "sample.h"
#include "subcommand.h"
#include "table.h"
#include "terminal.h"
#include "values.h"

#define JSON_SCHEMA "culvert/status/1"

/* Long enough to tell a rate, short enough to wait for. */
enum { RATE_MS = 500 };

/* Two looks; without rates they are the same one. */
struct status_view {
	const struct sample *before, *after;
	int64_t now;
};

static void add_summary(struct textbuf *out, const struct device_settings *device, int64_t now)
{
	size_t up = 0;

	for (size_t i = 0; i < device->peers_count; i++)
		up += sample_is_up(&device->peers[i], now);
	textbuf_addf(out,
		COLOUR_BOLD COLOUR_GREEN "%s" COLOUR_RESET "  port %u  %zu peer%s, %zu up\n",
		device->name, device->listen_port, device->peers_count,
		device->peers_count == 1 ? "" : "s", up);
}

static void add_handshake(struct table *table, const struct peer_settings *peer, int64_t now)
{
	char age[BRIEF_ROOM];

	if (!peer->last_handshake.sec)
		table_add(table, COLOUR_RED "never" COLOUR_RESET);
	else
		table_addf(table, "%s%s" COLOUR_RESET,
			sample_is_up(peer, now) ? COLOUR_GREEN : COLOUR_YELLOW,
			brief_age(now - peer->last_handshake.sec, age));
}

static void add_endpoint(struct table *table, const struct peer_settings *peer)
{
	struct textbuf text = {0};

	value_print_endpoint(&text, &peer->endpoint);
	table_add(table, peer->has & PEER_HAS_ENDPOINT && text.text ? text.text : "-");
	textbuf_fini(&text);
}

static void add_peer(struct table *table, const struct status_view *view, size_t d, size_t p)
{
	const struct sample_device *device = &view->after->devices[d];
	const struct peer_settings *peer = &device->device.peers[p];
	const char *name = peer_names_find(&device->names, &peer->public_key);
	struct rates rates = sample_rates(view->before, view->after, d, p);
	char key[KEY_BASE64_LEN + 1], text[BRIEF_ROOM];

	key_print_base64(peer->public_key.b, key);
	table_addf(table, COLOUR_BOLD "%s" COLOUR_RESET, name ? name : key);
	add_endpoint(table, peer);
	add_handshake(table, peer, view->now);
	table_add(table, brief_size(peer->rx_bytes, text));
	table_add(table, brief_size(peer->tx_bytes, text));
	table_add(table, brief_rate(rates.rx, text));
	table_add(table, brief_rate(rates.tx, text));
}

static void add_device(struct textbuf *out, const struct status_view *view, size_t d)
{
	static const char *const heads[] = {
		"PEER", "ENDPOINT", "HANDSHAKE", "RECEIVED", "SENT", "IN", "OUT"};
	const struct device_settings *device = &view->after->devices[d].device;
	struct table table = {.alignment = "llrrrrr"};

	textbuf_add(out, d ? "\n" : "");
	add_summary(out, device, view->now);
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]) && device->peers_count; i++)
		table_add(&table, heads[i]);
	for (size_t p = 0; p < device->peers_count; p++)
		add_peer(&table, view, d, p);
	if (device->peers_count)
		table_print(out, &table, "  ");
	table_fini(&table);
}

static json_t *json_peer(const struct status_view *view, size_t d, size_t p)
{
	const struct sample_device *device = &view->after->devices[d];
	const struct peer_settings *peer = &device->device.peers[p];
	const char *name = peer_names_find(&device->names, &peer->public_key);
	struct rates rates = sample_rates(view->before, view->after, d, p);
	json_t *object = json_object();

	json_put(object, "name", name ? json_string(name) : NULL);
	json_put(object, "publicKey", json_attr(ATTR_PUBLIC_KEY, peer));
	json_put(object, "endpoint", json_attr(ATTR_ENDPOINT, peer));
	json_put(object, "allowedIps", json_allowed_ips(peer));
	json_put(object, "isUp", json_boolean(sample_is_up(peer, view->now)));
	json_put(object, "latestHandshake", json_handshake(peer, view->now));
	json_put(object, "rxBytes", json_counter(peer->rx_bytes));
	json_put(object, "txBytes", json_counter(peer->tx_bytes));
	json_put(object, "rxBytesPerSecond",
		view->before == view->after ? NULL : json_counter(rates.rx));
	json_put(object, "txBytesPerSecond",
		view->before == view->after ? NULL : json_counter(rates.tx));
	return object;
}

static json_t *json_view(const struct status_view *view)
{
	json_t *list = json_array();

	for (size_t d = 0; d < view->after->count; d++) {
		const struct device_settings *device = &view->after->devices[d].device;
		json_t *object = json_object(), *peers = json_array();

		json_put(object, "name", json_string(device->name));
		json_put(object, "listenPort", json_integer(device->listen_port));
		for (size_t p = 0; p < device->peers_count; p++)
			json_array_append_new(peers, json_peer(view, d, p));
		json_put(object, "peers", peers);
		json_array_append_new(list, object);
	}
	return json_pack("{s:s,s:o}", "schema", JSON_SCHEMA, "interfaces", list);
}

static enum status print(const struct status_view *view, bool is_json)
{
	struct textbuf out = {0};
	enum status status = STATUS_FINE;

	if (is_json)
		json_print(&out, json_view(view));
	for (size_t d = 0; !is_json && d < view->after->count; d++)
		add_device(&out, view, d);
	if (!is_json && !view->after->count)
		fputs("There is no WireGuard interface.\n", stderr);
	if (textbuf_status(&out)) {
		fault_system("status", -ENOMEM);
		status = STATUS_FAILED;
	} else {
		terminal_write(&out);
	}
	textbuf_fini(&out);
	return status;
}

static int look(struct sample *sample, const char *interface)
{
	int error = sample_take(sample, interface);

	if (error)
		fault_system(interface ? interface : "interfaces", error);
	return error;
}

static enum status run(struct invocation *call)
{
	bool is_json = false, has_no_rates = false;
	const struct flag flags[] = {{.name = "--json", .is_set = &is_json},
		{.name = "--no-rates", .is_set = &has_no_rates}};
	struct sample before, after = {0};
	enum status status = STATUS_FAILED;
	const char *interface;

	if (!flags_take(call, flags, 2) || !flags_count_words(call, 0, 1))
		return STATUS_USAGE;
	interface = call->words[1];
	if (look(&before, interface) == 0) {
		struct status_view view = {&before, &before, (int64_t)clock_wall().sec};
		bool has_rates = !has_no_rates && before.count > 0;

		if (has_rates)
			nanosleep(&(struct timespec){.tv_nsec = RATE_MS * (long)NS_PER_MS}, NULL);
		if (!has_rates || look(&after, interface) == 0) {
			view.after = has_rates ? &after : &before;
			status = print(&view, is_json);
		}
	}
	sample_fini(&before);
	sample_fini(&after);
	return status;
}

const struct subcommand status_subcommand = {
	.name = "status",
	.summary = "Shows interfaces and peers by name, with their rates",
	.usage = "status [INTERFACE] [--json] [--no-rates]",
	.help = "Options:\n"
		"  --json      for scripts; the document is described in culvert(8)\n"
		"  --no-rates  do not wait half a second to measure rates\n"
		"\n"
		"A handshake is green while its session can carry data (three minutes), yellow "
		"when\n"
		"it is older; a peer without traffic has none, and that is fine.\n"
		"\n"
		"Examples:\n"
		"  culvert status\n"
		"  culvert status wg0 --json | jq '.interfaces[].peers[] | select(.isUp | not) | "
		".name'\n",
	.run = run,
};
