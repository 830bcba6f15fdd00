/* culvert ping: does the other end answer, first the WireGuard, then the system behind it? */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "clock.h"
#include "echo.h"
#include "fault.h"
#include "flags.h"
#include "inner.h"
#include "jsonout.h"
#include "shake.h"
#include "target.h"
#include "values.h"

enum { COUNT_DEFAULT = 3, COUNT_MAX = 1000, TIMEOUT_DEFAULT_S = 6, TIMEOUT_MAX_S = 600 };

/* A packet as ping(8) sends it. */
enum { PACKET_LEN = 84, ECHO_TIMEOUT_MS = 1000, ECHO_PAUSE_MS = 200 };

struct ping {
	struct target target;
	const char *label;
	int handshake; /* 0 or why there was none */
	struct shake shake;
	bool has_address;
	struct ip_addr address;
	uint64_t count;
	unsigned sent, received;
	uint64_t min_ns, max_ns, sum_ns;
	bool is_json;
};

static double ms(uint64_t ns)
{
	return (double)ns / (double)NS_PER_MS;
}

static void tell_handshake(const struct ping *ping)
{
	if (ping->is_json)
		return;
	if (ping->handshake == 0)
		printf("handshake: %.2f ms\n", ms(ping->shake.ns));
	else if (ping->handshake == -EALREADY)
		printf("handshake: none made, as the session of %" PRId64 " s ago is still good\n",
			ping->shake.session_age);
	else if (ping->handshake == -ETIMEDOUT)
		printf("handshake: no answer\n");
	else if (ping->handshake == -EDESTADDRREQ)
		printf("handshake: no endpoint is known, so the peer has to call first\n");
	else
		fault_system(ping->target.device.name, ping->handshake);
	fflush(stdout);
}

static void take_time(struct ping *ping, uint64_t ns)
{
	if (!ping->received || ns < ping->min_ns)
		ping->min_ns = ns;
	if (ns > ping->max_ns)
		ping->max_ns = ns;
	ping->sum_ns += ns;
	ping->received++;
}

static int echo_once(struct ping *ping, struct echo *echo, uint16_t number)
{
	struct instant start = clock_now();
	uint16_t answered = 0;
	int error = echo_send(echo, &ping->address, number, PACKET_LEN);

	if (error)
		return error;
	ping->sent++;
	/* An answer that comes too late for its own request is none. */
	do {
		error = echo_receive(echo, &ping->address,
			instant_after(start, ECHO_TIMEOUT_MS * NS_PER_MS), &answered);
	} while (!error && answered != number);
	if (!error) {
		uint64_t ns = instant_age(clock_now(), start);

		take_time(ping, ns);
		if (!ping->is_json)
			printf("echo %u: %.2f ms\n", number, ms(ns));
	} else if (!ping->is_json) {
		printf("echo %u: no answer\n", number);
	}
	fflush(stdout);
	return error == -ETIMEDOUT ? 0 : error;
}

/* 0, also without any answer; -errno when requests cannot even be sent. */
static int echo_all(struct ping *ping)
{
	struct echo echo;
	int error = echo_open(&echo, ping->address.family, ping->target.device.name, 0);

	for (uint16_t i = 1; !error && i <= ping->count; i++) {
		if (i > 1)
			nanosleep(&(struct timespec){.tv_nsec = ECHO_PAUSE_MS * (long)NS_PER_MS},
				NULL);
		error = echo_once(ping, &echo, i);
	}
	echo_close(&echo);
	return error;
}

static json_t *json_ms(uint64_t ns)
{
	return json_real(ms(ns));
}

static json_t *json_of(const struct ping *ping)
{
	json_t *object = json_object();

	json_put(object, "schema", json_string("culvert/ping/1"));
	json_put(object, "interface", json_string(ping->target.device.name));
	json_put(object, "peer", json_string(ping->label));
	json_put(object, "publicKey", json_attr(ATTR_PUBLIC_KEY, ping->target.peer));
	json_put(object, "endpoint", json_attr(ATTR_ENDPOINT, ping->target.peer));
	json_put(object, "handshakeMs", ping->handshake ? NULL : json_ms(ping->shake.ns));
	json_put(object, "hasSession",
		json_boolean(!ping->handshake || ping->handshake == -EALREADY));
	json_put(object, "echoesSent", json_integer(ping->sent));
	json_put(object, "echoesReceived", json_integer(ping->received));
	json_put(object, "echoMinMs", ping->received ? json_ms(ping->min_ns) : NULL);
	json_put(object, "echoAverageMs",
		ping->received ? json_ms(ping->sum_ns / ping->received) : NULL);
	json_put(object, "echoMaxMs", ping->received ? json_ms(ping->max_ns) : NULL);
	return object;
}

static void tell_end(const struct ping *ping)
{
	bool has_shaken = ping->handshake == 0;

	if (ping->received)
		printf("%u of %u echoes answered; min %.2f, average %.2f, max %.2f ms\n",
			ping->received, ping->sent, ms(ping->min_ns),
			ms(ping->sum_ns / ping->received), ms(ping->max_ns));
	else if (has_shaken && ping->sent)
		printf("The tunnel works; the system behind it does not answer echoes.\n");
	else if (has_shaken)
		printf("The tunnel works.\n");
	else
		fault_hint("`culvert doctor %s' looks for the cause.", ping->target.device.name);
}

static enum status finish(const struct ping *ping)
{
	struct textbuf out = {0};

	if (ping->is_json) {
		json_print(&out, json_of(ping));
		fputs(textbuf_status(&out) ? "" : out.text, stdout);
		textbuf_fini(&out);
	} else {
		tell_end(ping);
	}
	return ping->handshake == 0 || ping->received ? STATUS_FINE : STATUS_FAILED;
}

static void tell_start(const struct ping *ping)
{
	struct textbuf text = {0};

	value_print_endpoint(&text, &ping->target.peer->endpoint);
	if (ping->has_address) {
		textbuf_add(&text, ", inside ");
		value_print_address(&text, &ping->address);
	}
	if (!ping->is_json && text.text)
		printf("%s on %s, %s\n", ping->label, ping->target.device.name, text.text);
	fflush(stdout);
	textbuf_fini(&text);
}

static enum status ping_peer(struct ping *ping, uint64_t timeout_s)
{
	int error = 0;

	tell_start(ping);
	ping->handshake = shake_hands(&ping->target, timeout_s * 1000, &ping->shake);
	tell_handshake(ping);
	/* Without a session echoes would only ask for another handshake. */
	if (ping->has_address && (ping->handshake == 0 || ping->handshake == -EALREADY))
		error = echo_all(ping);
	if (error)
		fault_system("echo", error);
	return finish(ping);
}

static enum status run(struct invocation *call)
{
	struct ping ping = {.count = COUNT_DEFAULT};
	uint64_t timeout = TIMEOUT_DEFAULT_S;
	const char *address = NULL;
	const struct flag flags[] = {{.name = "--count", .number = &ping.count, .max = COUNT_MAX},
		{.name = "--timeout", .number = &timeout, .min = 1, .max = TIMEOUT_MAX_S},
		{.name = "--address", .text = &address},
		{.name = "--json", .is_set = &ping.is_json}};
	char text[KEY_BASE64_LEN + 1];
	enum status status = STATUS_FAILED;
	const char *word;

	if (!flags_take(call, flags, 4) || !flags_count_words(call, 1, 2))
		return STATUS_USAGE;
	word = call->words[call->count - 1];
	if (address && value_parse_address(span_of(address), &ping.address) != VALUE_OK) {
		fault_say("--address: `%s' is not an address", address);
		return STATUS_USAGE;
	}
	if (target_open_peer(&ping.target, call->count == 3 ? call->words[1] : NULL, word)) {
		ping.label = target_label(&ping.target, ping.target.peer, text);
		ping.has_address = address || inner_address(ping.target.peer, word, &ping.address);
		status = ping_peer(&ping, timeout);
	}
	target_close(&ping.target);
	return status;
}

const struct subcommand ping_subcommand = {
	.name = "ping",
	.summary = "Times a handshake with a peer, then echoes through the tunnel",
	.usage = "ping [INTERFACE] PEER [--count N] [--address ADDRESS] [--timeout SECONDS] "
		 "[--json]",
	.help = "A handshake proves that the other WireGuard is there and that the keys are right, "
		"also\n"
		"where echoes are dropped. It moves no endpoint and cuts no session. The kernel "
		"makes\n"
		"none while its last one is younger than three minutes; then there are echoes "
		"only.\n"
		"\n"
		"Options:\n"
		"  --count N           echoes, 3 without it; 0: the handshake alone\n"
		"  --address ADDRESS   whom to ask inside; else the peer's first address of its "
		"own\n"
		"  --timeout SECONDS   for the handshake, 6 without it\n"
		"  --json              for scripts\n"
		"\n"
		"It ends with 0 when the handshake was done or an echo came back, else with 1.\n"
		"\n"
		"Examples:\n"
		"  culvert ping laptop\n"
		"  culvert ping wg0 10.0.0.2 --count 0 || echo \"wg0 is down\"\n",
	.run = run,
};
