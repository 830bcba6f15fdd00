/* culvert metrics: for Prometheus, over HTTP or on standard output. */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include "fault.h"
#include "flags.h"
#include "metricsserver.h"
#include "scrape.h"
#include "subcommand.h"
#include "values.h"

/* The port that exporters for WireGuard are known by. */
#define LISTEN_DEFAULT "127.0.0.1:9586"

static enum status print_once(enum metrics_form form)
{
	struct metrics_text text = {.form = form};
	int error = scrape_print(&text);

	if (error)
		fault_system("metrics", error);
	else
		fwrite(text.out.text, 1, text.out.len, stdout);
	textbuf_fini(&text.out);
	return error ? STATUS_FAILED : STATUS_FINE;
}

static void say_where(const struct endpoint *listen, uint16_t port)
{
	struct endpoint where = {.addr = listen->addr, .port = port};
	struct textbuf text = {0};

	value_print_endpoint(&text, &where);
	printf("Listening on http://%s/metrics\n", text.text ? text.text : "");
	fflush(stdout);
	textbuf_fini(&text);
}

static enum status serve(const char *listen_text)
{
	struct MHD_Daemon *server;
	struct endpoint listen;
	sigset_t signals;
	int error, which;

	if (value_parse_endpoint(span_of(listen_text), &listen).code != VALUE_OK) {
		fault_say("--listen: `%s' is not ADDRESS:PORT", listen_text);
		return STATUS_USAGE;
	}
	/* Before there are threads: only sigwait() sees them. */
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	error = metricsserver_start(&server, &listen);
	if (error) {
		fault_system(listen_text, error);
		return STATUS_FAILED;
	}
	say_where(&listen, metricsserver_port(server));
	sigwait(&signals, &which);
	metricsserver_stop(server);
	return STATUS_FINE;
}

static enum status run(struct invocation *call)
{
	const char *listen = NULL;
	bool is_once = false, is_open = false;
	const struct flag flags[] = {{.name = "--listen", .text = &listen},
		{.name = "--once", .is_set = &is_once},
		{.name = "--openmetrics", .is_set = &is_open}};

	if (!flags_take(call, flags, 3) || !flags_count_words(call, 0, 0))
		return STATUS_USAGE;
	if (is_once && listen) {
		fault_say("--once does not listen");
		return STATUS_USAGE;
	}
	if (is_open && !is_once) {
		fault_say("--openmetrics goes with --once; over HTTP the client chooses");
		return STATUS_USAGE;
	}
	if (is_once)
		return print_once(is_open ? METRICS_OPEN : METRICS_CLASSIC);
	return serve(listen ? listen : LISTEN_DEFAULT);
}

const struct subcommand metrics_subcommand = {
	.name = "metrics",
	.summary = "Tells Prometheus about interfaces and peers",
	.usage = "metrics [--listen ADDRESS:PORT]\nmetrics --once [--openmetrics]",
	.help = "Options:\n"
		"  --listen ADDRESS:PORT  where to answer GET /metrics (" LISTEN_DEFAULT ")\n"
		"  --once                 print them and end\n"
		"  --openmetrics          as OpenMetrics 1.0, not in Prometheus' own form\n"
		"\n"
		"There is no password: whoever reaches the port learns public keys, names and\n"
		"addresses of peers. docs/metrics.md describes the metrics.\n"
		"\n"
		"Examples:\n"
		"  culvert metrics\n"
		"  culvert metrics --once >/var/lib/prometheus/node-exporter/wireguard.prom\n",
	.run = run,
};
