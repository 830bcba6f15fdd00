/* culvert bench: what a tunnel carries, and what the way beside it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "benchserve.h"
#include "benchwire.h"
#include "brieftext.h"
#include "fault.h"
#include "flags.h"
#include "inner.h"
#include "instant.h"
#include "jsonout.h"
#include "outerway.h"
#include "pathbench.h"
#include "table.h"
#include "target.h"
#include "terminal.h"

enum { SECONDS_DEFAULT = 3, PORT_MAX = 65535 };

struct bench {
	struct target target;
	const char *label;
	struct pathbench inside, outside;
	bool has_outside;
	bool is_json;
};

static double ms(uint64_t ns)
{
	return (double)ns / (double)NS_PER_MS;
}

/* In one line that is written over, where somebody looks. */
static void progress(const char *what)
{
	if (isatty(STDERR_FILENO) == 1)
		fprintf(stderr, "\r\x1b[K%s%s", what, what[0] ? "..." : "");
}

static void measure(struct pathbench *path, const char *where)
{
	char what[64];

	snprintf(what, sizeof(what), "echoes %s", where);
	progress(what);
	pathbench_echoes(path);
	if (path->received)
		pathbench_mtu(path);
	snprintf(what, sizeof(what), "up %s", where);
	progress(what);
	pathbench_streams(path, true);
	snprintf(what, sizeof(what), "down %s", where);
	progress(what);
	if (!path->stream_error)
		pathbench_streams(path, false);
	progress("");
}

static void add_loss(struct table *table, const struct pathbench *path)
{
	if (!path->received)
		table_add(table, "-");
	else
		table_addf(table, "%.1f %%", 100.0 * (path->sent - path->received) / path->sent);
}

static void add_column(struct table *table, unsigned row, const struct pathbench *path)
{
	char text[BRIEF_ROOM];

	if (row == 0)
		table_add(table, brief_rate(path->up, text));
	else if (row == 1)
		table_add(table, brief_rate(path->down, text));
	else if (row == 2 && path->received)
		table_addf(table, "%.2f ms", ms(path->average_ns));
	else if (row == 3)
		add_loss(table, path);
	else if (row == 4 && path->mtu)
		table_addf(table, "%zu bytes", path->mtu);
	else
		table_add(table, "-");
}

static void print_table(struct textbuf *out, const struct bench *bench)
{
	static const char *const rows[] = {"up", "down", "round trip", "loss", "largest packet"};
	struct table table = {.alignment = "lrr"};

	table_add(&table, "");
	table_add(&table, "INSIDE");
	table_add(&table, "BESIDE");
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		table_add(&table, rows[i]);
		add_column(&table, i, &bench->inside);
		add_column(&table, i, &bench->outside);
	}
	table_print(out, &table, "");
	table_fini(&table);
}

static void judge_streams(struct textbuf *out, const struct bench *bench)
{
	const struct pathbench *in = &bench->inside, *beside = &bench->outside;

	if (in->stream_error)
		textbuf_addf(out,
			"No throughput, as nobody serves inside (%s): run `culvert bench --serve' "
			"at the other end.\n",
			strerror(-in->stream_error));
	else if (beside->up && beside->down)
		textbuf_addf(out, "The tunnel carries %.0f %% of the bare way up, %.0f %% down.\n",
			100.0 * (double)in->up / (double)beside->up,
			100.0 * (double)in->down / (double)beside->down);
	else
		textbuf_add(out, "The bare way could not be measured: the port may be closed "
				 "there.\n");
}

static void judge_echoes(struct textbuf *out, const struct bench *bench)
{
	const struct pathbench *in = &bench->inside, *beside = &bench->outside;

	if (!in->received)
		textbuf_add(out, "No echo comes back through the tunnel: see `culvert ping'.\n");
	else if (in->received < in->sent && beside->received && beside->received < beside->sent)
		textbuf_add(
			out, "Packets are lost inside and beside: the way itself loses them.\n");
	else if (in->received < in->sent)
		textbuf_add(out, "Packets are lost inside the tunnel: an end may be too busy.\n");
	if (in->mtu && in->mtu < in->mtu_most)
		textbuf_addf(out,
			"Packets of more than %zu bytes get lost inside: see `culvert mtu'.\n",
			in->mtu);
}

static json_t *json_rate(uint64_t bytes_per_second)
{
	return bytes_per_second ? json_counter(bytes_per_second) : NULL;
}

static json_t *json_path(const struct pathbench *path)
{
	json_t *object = json_object();

	json_put(object, "upBytesPerSecond", json_rate(path->up));
	json_put(object, "downBytesPerSecond", json_rate(path->down));
	json_put(object, "echoesSent", json_integer(path->sent));
	json_put(object, "echoesReceived", json_integer(path->received));
	json_put(object, "roundTripMs", path->received ? json_real(ms(path->average_ns)) : NULL);
	json_put(object, "roundTripMinMs", path->received ? json_real(ms(path->min_ns)) : NULL);
	json_put(object, "mtu", path->mtu ? json_integer((json_int_t)path->mtu) : NULL);
	return object;
}

static void print_json(struct textbuf *out, const struct bench *bench)
{
	json_t *object = json_object();

	json_put(object, "schema", json_string("culvert/bench/1"));
	json_put(object, "interface", json_string(bench->target.device.name));
	json_put(object, "peer", json_string(bench->label));
	json_put(object, "inside", json_path(&bench->inside));
	json_put(object, "beside", bench->has_outside ? json_path(&bench->outside) : NULL);
	json_print(out, object);
}

static enum status print(const struct bench *bench)
{
	bool is_known = bench->inside.received || bench->inside.up;
	struct textbuf out = {0};

	if (bench->is_json) {
		print_json(&out, bench);
	} else {
		print_table(&out, bench);
		textbuf_add(&out, "\n");
		judge_streams(&out, bench);
		judge_echoes(&out, bench);
	}
	if (textbuf_status(&out)) {
		fault_system("bench", -ENOMEM);
		is_known = false;
	} else {
		terminal_write(&out);
	}
	textbuf_fini(&out);
	return is_known ? STATUS_FINE : STATUS_FAILED;
}

/* Both ways, as far as the system knows them. */
static enum status run_bench(struct bench *bench, const struct pathbench *template)
{
	const struct device_settings *device = &bench->target.device;
	const struct peer_settings *peer = bench->target.peer;
	int error = outerway_link_mtu(device->name, &bench->inside.mtu_most);

	if (error) {
		fault_system(device->name, error);
		return STATUS_FAILED;
	}
	bench->inside.interface = device->name;
	bench->outside = *template;
	bench->outside.mark = device->fwmark;
	bench->has_outside = outerway_find(device, peer, &bench->outside.mtu_most) == 0;
	measure(&bench->inside, "inside");
	if (bench->has_outside) {
		bench->outside.to = peer->endpoint.addr;
		measure(&bench->outside, "beside");
	}
	return print(bench);
}

static enum status bench_peer(struct invocation *call, struct bench *bench,
	const struct pathbench *template, const char *address)
{
	const char *word = call->words[call->count - 1];
	char text[KEY_BASE64_LEN + 1];

	if (!target_open_peer(&bench->target, call->count == 3 ? call->words[1] : NULL, word))
		return STATUS_FAILED;
	bench->label = target_label(&bench->target, bench->target.peer, text);
	bench->inside = *template;
	if (!inner_address(bench->target.peer, address ? address : word, &bench->inside.to)) {
		fault_say("%s has no single address inside the tunnel", bench->label);
		fault_hint("Name a host behind it by --address.");
		return STATUS_FAILED;
	}
	return run_bench(bench, template);
}

static enum status run(struct invocation *call)
{
	struct bench bench = {0};
	uint64_t port = BENCH_PORT, seconds = SECONDS_DEFAULT;
	bool is_server = false;
	const char *address = NULL;
	const struct flag flags[] = {{.name = "--serve", .is_set = &is_server},
		{.name = "--port", .number = &port, .min = 1, .max = PORT_MAX},
		{.name = "--seconds", .number = &seconds, .min = 1, .max = BENCH_SECONDS_MAX},
		{.name = "--address", .text = &address},
		{.name = "--json", .is_set = &bench.is_json}};
	struct pathbench template;
	enum status status;

	if (!flags_take(call, flags, 5) ||
		!flags_count_words(call, is_server ? 0 : 1, is_server ? 0 : 2))
		return STATUS_USAGE;
	if (is_server)
		return bench_serve((uint16_t)port);
	template = (struct pathbench){.port = (uint16_t)port, .seconds = seconds};
	status = bench_peer(call, &bench, &template, address);
	target_close(&bench.target);
	return status;
}

const struct subcommand bench_subcommand = {
	.name = "bench",
	.summary = "Measures throughput, round trip and loss inside a tunnel and beside it",
	.usage = "bench [INTERFACE] PEER [--seconds N] [--port N] [--address ADDRESS] [--json]\n"
		 "bench --serve [--port N]",
	.help = "Echoes tell round trip, loss and the largest packet; throughput needs\n"
		"`culvert bench --serve' at the other end, which sends zeros to whoever connects, "
		"one\n"
		"after the other, until ^C. The way beside the tunnel goes to the peer's "
		"endpoint.\n"
		"\n"
		"Options:\n"
		"  --seconds N        of each of the four streams, 3 without it\n"
		"  --port N           of the server, TCP 51819 without it\n"
		"  --address ADDRESS  whom to ask inside; else the peer's first address of its "
		"own\n"
		"  --json             for scripts\n"
		"\n"
		"Examples:\n"
		"  culvert bench --serve          # there\n"
		"  culvert bench wg0 10.0.0.2     # here\n",
	.run = run,
};
