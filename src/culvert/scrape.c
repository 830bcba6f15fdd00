/* What is told of interfaces and peers: a table for each, and the labels. */
#include "scrape.h"

#include <stdio.h>
#include "ctl.h"
#include "keytext.h"
#include "netdev.h"
#include "sample.h"
#include "values.h"
#include "version.h"
#include "wholefile.h"

/* Joined to the others on (interface, public_key): what changes makes no new series of a counter. */
static const struct metric_family build_info = {
	"culvert_build", NULL, "The version of what reads these metrics.", METRIC_INFO};
static const struct metric_family interface_info = {"wireguard_interface", NULL,
	"A WireGuard interface: its public key and UDP port.", METRIC_INFO};
static const struct metric_family interface_peers = {
	"wireguard_interface_peers", NULL, "Peers that are configured.", METRIC_GAUGE};
static const struct metric_family peer_info = {"wireguard_peer", NULL,
	"A peer: its name in the configuration file, where it was last heard of, its allowed IPs.",
	METRIC_INFO};

static const struct metric_family events = {"culvertd_events", NULL,
	"What happened to the tunnel since culvertd has started, by reason.", METRIC_COUNTER};

static const struct metric_family link_families[NETDEV_COUNTERS] = {
	[NETDEV_RECEIVED_BYTES] = {"wireguard_interface_receive_bytes", "bytes",
		"Bytes of packets that came out of the tunnel.", METRIC_COUNTER},
	[NETDEV_RECEIVED_PACKETS] = {"wireguard_interface_receive_packets", NULL,
		"Packets that came out of the tunnel.", METRIC_COUNTER},
	[NETDEV_RECEIVE_ERRORS] = {"wireguard_interface_receive_errors", NULL,
		"Packets from the tunnel that were wrong.", METRIC_COUNTER},
	[NETDEV_RECEIVE_DROPS] = {"wireguard_interface_receive_drops", NULL,
		"Packets from the tunnel that were dropped.", METRIC_COUNTER},
	[NETDEV_SENT_BYTES] = {"wireguard_interface_transmit_bytes", "bytes",
		"Bytes of packets that went into the tunnel.", METRIC_COUNTER},
	[NETDEV_SENT_PACKETS] = {"wireguard_interface_transmit_packets", NULL,
		"Packets that went into the tunnel.", METRIC_COUNTER},
	[NETDEV_SEND_ERRORS] = {"wireguard_interface_transmit_errors", NULL,
		"Packets for the tunnel that could not be sent.", METRIC_COUNTER},
	[NETDEV_SEND_DROPS] = {"wireguard_interface_transmit_drops", NULL,
		"Packets for the tunnel that were dropped.", METRIC_COUNTER},
};

static uint64_t peer_received(const struct peer_settings *peer)
{
	return peer->rx_bytes;
}

static uint64_t peer_sent(const struct peer_settings *peer)
{
	return peer->tx_bytes;
}

static uint64_t peer_handshake(const struct peer_settings *peer)
{
	return peer->last_handshake.sec > 0 ? (uint64_t)peer->last_handshake.sec : 0;
}

static uint64_t peer_keepalive(const struct peer_settings *peer)
{
	return peer->keepalive;
}

static const struct {
	struct metric_family family;
	uint64_t (*value)(const struct peer_settings *peer);
} peer_families[] = {
	{{"wireguard_peer_receive_bytes", "bytes",
		 "Bytes received from the peer, headers of WireGuard included.", METRIC_COUNTER},
		peer_received},
	{{"wireguard_peer_transmit_bytes", "bytes",
		 "Bytes sent to the peer, headers of WireGuard included.", METRIC_COUNTER},
		peer_sent},
	{{"wireguard_peer_last_handshake_timestamp_seconds", "seconds",
		 "When the last handshake was completed; 0: never.", METRIC_GAUGE},
		peer_handshake},
	{{"wireguard_peer_persistent_keepalive_seconds", "seconds",
		 "How often the peer is sent a keepalive; 0: never.", METRIC_GAUGE},
		peer_keepalive},
};

enum {
	PEER_FAMILIES = sizeof(peer_families) / sizeof(peer_families[0]),
	/* A text of thousands of peers that grows step by step is copied, and wiped, as often. */
	PEER_SAMPLE_LEN_USUAL = 160,
	PEER_INFO_LEN_USUAL = 256,
};

static void add_key(struct textbuf *labels, const struct public_key *key)
{
	char base64[KEY_BASE64_LEN + 1];

	key_print_base64(key->b, base64);
	metrics_add_label(labels, "public_key", (struct span){base64, KEY_BASE64_LEN});
}

static void begin_labels(struct textbuf *labels, const struct device_settings *device)
{
	textbuf_clear(labels);
	metrics_add_label(labels, "interface", span_of(device->name));
}

/* The value is emptied. */
static void add_printed(struct textbuf *labels, const char *name, struct textbuf *value)
{
	metrics_add_label(labels, name, (struct span){value->text ? value->text : "", value->len});
	labels->is_short |= value->is_short;
	textbuf_clear(value);
}

static void print_build(struct metrics_text *text, struct textbuf *labels)
{
	textbuf_clear(labels);
	metrics_add_label(labels, "version", span_of(version_text));
	metrics_add_label(labels, "build", span_of(version_build));
	metrics_begin_family(text, &build_info);
	metrics_add_sample(text, labels, 1);
}

static void print_devices(
	struct metrics_text *text, const struct sample *sample, struct textbuf *labels)
{
	metrics_begin_family(text, &interface_info);
	for (size_t d = 0; d < sample->count; d++) {
		const struct device_settings *device = &sample->devices[d].device;
		char port[8];

		begin_labels(labels, device);
		if (device->has & DEVICE_HAS_PUBLIC_KEY)
			add_key(labels, &device->public_key);
		snprintf(port, sizeof(port), "%u", device->listen_port);
		metrics_add_label(labels, "listen_port", span_of(port));
		metrics_add_sample(text, labels, 1);
	}
	metrics_begin_family(text, &interface_peers);
	for (size_t d = 0; d < sample->count; d++) {
		begin_labels(labels, &sample->devices[d].device);
		metrics_add_sample(text, labels, sample->devices[d].device.peers_count);
	}
}

static void print_links(struct metrics_text *text, const struct sample *sample,
	struct span proc_net_dev, struct textbuf *labels)
{
	for (unsigned i = 0; i < NETDEV_COUNTERS; i++) {
		metrics_begin_family(text, &link_families[i]);
		for (size_t d = 0; d < sample->count; d++) {
			const struct device_settings *device = &sample->devices[d].device;
			uint64_t counters[NETDEV_COUNTERS];

			if (!netdev_find(proc_net_dev, device->name, counters))
				continue;
			begin_labels(labels, device);
			metrics_add_sample(text, labels, counters[i]);
		}
	}
}

static void print_counts(struct metrics_text *text, const struct device_settings *device,
	const uint64_t counts[REASON_COUNT], struct textbuf *labels)
{
	for (enum reason reason = 0; reason < REASON_COUNT; reason++) {
		begin_labels(labels, device);
		metrics_add_label(labels, "reason", span_of(reason_code(reason)));
		metrics_add_sample(text, labels, counts[reason]);
	}
}

/* Of interfaces of culvertd; the kernel and other daemons keep no such log. */
static void print_events(
	struct metrics_text *text, const struct sample *sample, struct textbuf *labels)
{
	metrics_begin_family(text, &events);
	for (size_t d = 0; d < sample->count; d++) {
		const struct device_settings *device = &sample->devices[d].device;
		struct textbuf reply;
		struct incident_log log;

		/* The first is the device, its peers counted in. */
		if (ctl_log(device->name, &reply, &log) == 0 && log.count > 0)
			print_counts(text, device, log.of[0].counts, labels);
		incident_log_fini(&log);
		textbuf_fini(&reply);
	}
}

/* What the others are joined to. value: emptied, for use here. */
static void add_peer_info(struct textbuf *labels, const struct peer_settings *peer,
	const char *name, struct textbuf *value)
{
	metrics_add_label(labels, "name", span_of(name ? name : ""));
	if (peer->has & PEER_HAS_ENDPOINT)
		value_print_endpoint(value, &peer->endpoint);
	add_printed(labels, "endpoint", value);
	for (size_t i = 0; i < peer->allowed_ips_count; i++) {
		textbuf_add(value, i ? "," : "");
		value_print_prefix(value, &peer->allowed_ips[i].prefix);
	}
	add_printed(labels, "allowed_ips", value);
}

/* The families of peers, each as a text of its own, so that a peer's labels are made once. */
struct peer_texts {
	struct metrics_text info, others[PEER_FAMILIES];
	struct textbuf labels, value;
};

static void begin_peers(struct peer_texts *texts, enum metrics_form form, size_t peers)
{
	*texts = (struct peer_texts){.info.form = form};
	metrics_begin_family(&texts->info, &peer_info);
	(void)textbuf_reserve(&texts->info.out, peers * PEER_INFO_LEN_USUAL);
	for (size_t f = 0; f < PEER_FAMILIES; f++) {
		texts->others[f].form = form;
		metrics_begin_family(&texts->others[f], &peer_families[f].family);
		(void)textbuf_reserve(&texts->others[f].out, peers * PEER_SAMPLE_LEN_USUAL);
	}
}

static void print_peer(struct peer_texts *texts, const struct sample_device *device,
	const struct peer_settings *peer)
{
	struct textbuf *labels = &texts->labels;

	begin_labels(labels, &device->device);
	add_key(labels, &peer->public_key);
	for (size_t f = 0; f < PEER_FAMILIES; f++)
		metrics_add_sample(&texts->others[f], labels, peer_families[f].value(peer));
	add_peer_info(
		labels, peer, peer_names_find(&device->names, &peer->public_key), &texts->value);
	metrics_add_sample(&texts->info, labels, 1);
}

/* Appends the text of a family and ends it. */
static void take_text(struct metrics_text *text, struct textbuf *of_family)
{
	textbuf_add_span(&text->out, (struct span){of_family->text, of_family->len});
	text->out.is_short |= of_family->is_short;
	textbuf_fini(of_family);
}

static void end_peers(struct peer_texts *texts, struct metrics_text *text)
{
	size_t len = texts->info.out.len;

	for (size_t f = 0; f < PEER_FAMILIES; f++)
		len += texts->others[f].out.len;
	(void)textbuf_reserve(&text->out, len);
	take_text(text, &texts->info.out);
	for (size_t f = 0; f < PEER_FAMILIES; f++)
		take_text(text, &texts->others[f].out);
	textbuf_fini(&texts->labels);
	textbuf_fini(&texts->value);
}

static void print_peers(struct metrics_text *text, const struct sample *sample)
{
	struct peer_texts texts;
	size_t peers = 0;

	for (size_t d = 0; d < sample->count; d++)
		peers += sample->devices[d].device.peers_count;
	begin_peers(&texts, text->form, peers);
	for (size_t d = 0; d < sample->count; d++) {
		const struct sample_device *device = &sample->devices[d];

		for (size_t p = 0; p < device->device.peers_count; p++)
			print_peer(&texts, device, &device->device.peers[p]);
	}
	end_peers(&texts, text);
}

int scrape_print(struct metrics_text *text)
{
	struct textbuf labels = {0};
	struct sample sample;
	char *links = NULL;
	size_t len = 0;
	int error = sample_take(&sample, NULL);

	if (!error)
		error = wholefile_read("/proc/net/dev", &links, &len);
	if (!error) {
		print_build(text, &labels);
		print_devices(text, &sample, &labels);
		print_links(text, &sample, (struct span){links, len}, &labels);
		print_events(text, &sample, &labels);
		print_peers(text, &sample);
		metrics_end(text);
		error = textbuf_status(&text->out);
	}
	wholefile_free(links, len);
	textbuf_fini(&labels);
	sample_fini(&sample);
	return error;
}
