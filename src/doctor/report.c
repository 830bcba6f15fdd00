/* The report for a forum: facts about the set-up, then the findings, all redacted. */
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include "redact.h"
#include "report.h"
#include "tell.h"
#include "words.h"

enum { NAMES_MAX = 64, NAME_MAX_LEN = 255 };

/* The host names in the file, and peers' names: what redaction takes out. */
struct secrets {
	char hosts[NAMES_MAX][NAME_MAX_LEN + 1];
	const char *names[NAMES_MAX];
	size_t count;
};

static void find_secrets(const struct evidence *evidence, struct secrets *secrets)
{
	const struct conf_settings *settings = &evidence->file.settings;

	secrets->count = 0;
	for (size_t i = 0; i < settings->device.peers_count && secrets->count < NAMES_MAX; i++) {
		const char *endpoint = settings->peers[i].endpoint;
		const char *colon = endpoint ? strrchr(endpoint, ':') : NULL;

		if (!colon)
			continue;
		snprintf(secrets->hosts[secrets->count], NAME_MAX_LEN + 1, "%.*s",
			(int)(colon - endpoint), endpoint);
		secrets->names[secrets->count] = secrets->hosts[secrets->count];
		secrets->count++;
	}
}

static const char *backend_name(enum backend backend)
{
	static const char *const names[] = {"none", "daemon (control socket)", "kernel"};

	return names[backend];
}

static void add_interface(struct textbuf *out, const struct evidence *evidence)
{
	const struct iflink *link = state_link(&evidence->system);
	struct utsname system;

	textbuf_addf(out, "culvert %s, Linux %s\n", CULVERT_VERSION,
		uname(&system) == 0 ? system.release : "?");
	textbuf_addf(out, "interface: %s, backend: %s", evidence->ifname,
		backend_name(evidence->backend));
	if (link)
		textbuf_addf(out, ", %s, mtu %u, port %u, fwmark 0x%x", link->is_up ? "up" : "down",
			link->mtu, evidence->system.device.listen_port,
			evidence->system.device.fwmark);
	textbuf_addf(out, "\nfile: %s%s\n",
		evidence->file.is_there ? evidence->file.has_errors ? "with errors" : "read"
					: "none",
		evidence->file.options.save_config ? ", SaveConfig" : "");
	textbuf_addf(out, "forwarding: IPv4 %d, IPv6 %d; firewall: %s%s\n", evidence->forwarding[0],
		evidence->forwarding[1], evidence->wall.is_seen ? "nftables" : "not seen",
		evidence->wall.has_masquerade ? ", masquerades" : "");
}

static void add_addresses(struct textbuf *out, const struct evidence *evidence)
{
	const struct iflink *link = state_link(&evidence->system);

	for (size_t i = 0; link && i < evidence->system.addrs_count; i++)
		if (evidence->system.addrs[i].ifindex == link->index)
			textbuf_addf(out, "address: %s\n",
				word_prefix(&evidence->system.addrs[i].prefix).text);
}

static void add_peer(struct textbuf *out, const struct evidence *evidence, size_t i)
{
	const struct peer_settings *peer = &evidence->system.device.peers[i];
	const struct probe *probe = &evidence->peers[i].probe;

	textbuf_addf(out, "peer %zu: endpoint %s; allowed ips", i + 1,
		peer->has & PEER_HAS_ENDPOINT ? word_endpoint(&peer->endpoint).text : "none");
	for (size_t j = 0; j < peer->allowed_ips_count; j++)
		textbuf_addf(out, " %s", word_prefix(&peer->allowed_ips[j].prefix).text);
	if (peer->last_handshake.sec)
		textbuf_addf(out, "; handshake %lld s ago",
			(long long)(evidence->now - peer->last_handshake.sec));
	else
		textbuf_add(out, "; no handshake");
	textbuf_addf(out, "; received %llu, sent %llu; keepalive %u",
		(unsigned long long)peer->rx_bytes, (unsigned long long)peer->tx_bytes,
		peer->keepalive);
	if (probe->is_done)
		textbuf_addf(out, "; ping %s",
			!probe->is_answered      ? "not answered"
			: probe->big_is_answered ? "answered"
						 : "answered when short");
	textbuf_add(out, "\n");
}

static void add_refusals(struct textbuf *out, const struct evidence *evidence)
{
	if (!evidence->has_log)
		return;
	textbuf_add(out, "since the daemon started:");
	for (int reason = 0; reason < REASON_COUNT; reason++)
		if (evidence->log.of[0].counts[reason])
			textbuf_addf(out, " %s %llu", reason_code((enum reason)reason),
				(unsigned long long)evidence->log.of[0].counts[reason]);
	textbuf_add(out, "\n");
}

static void add_findings(struct textbuf *out, const struct diagnosis *diagnosis)
{
	for (size_t i = 0; i < diagnosis->count; i++) {
		const struct doctor_finding *finding = &diagnosis->list[i];

		textbuf_addf(out, "%s %s: ", doctor_level_name(finding->level),
			doctor_code_name(finding->code));
		if (finding->peer != DOCTOR_NO_PEER)
			textbuf_addf(out, "peer %ld: ", finding->peer + 1);
		textbuf_addf(out, "%s\n", finding->evidence);
	}
}

void report_print(
	struct textbuf *out, const struct diagnosis *diagnosis, const struct evidence *evidence)
{
	struct textbuf whole = {0};
	struct secrets secrets;

	find_secrets(evidence, &secrets);
	add_interface(&whole, evidence);
	add_addresses(&whole, evidence);
	for (size_t i = 0; evidence->peers && i < evidence->system.device.peers_count; i++)
		add_peer(&whole, evidence, i);
	add_refusals(&whole, evidence);
	add_findings(&whole, diagnosis);
	textbuf_addf(&whole, "%s\n", tell_status(diagnosis));
	if (whole.is_short)
		out->is_short = true;
	else
		redact_add(out, whole.text, secrets.names, secrets.count);
	textbuf_fini(&whole);
}
