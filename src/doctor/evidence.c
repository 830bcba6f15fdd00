/* Evidence: its memory, and the questions that several checks ask of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "evidence.h"
#include "keytext.h"
#include "wipe.h"

enum { FRESH_SECONDS = 180, KEY_SHOWN = 8 };

void evidence_init(struct evidence *evidence, const char *ifname)
{
	*evidence = (struct evidence){0};
	snprintf(evidence->ifname, sizeof(evidence->ifname), "%s", ifname);
	state_init(&evidence->system, ifname);
	options_init(&evidence->file.options);
	conf_errors_init(&evidence->file.errors);
	evidence->forwarding[0] = evidence->forwarding[1] = -1;
}

void evidence_fini(struct evidence *evidence)
{
	for (size_t i = 0; i < evidence->others_count; i++)
		settings_fini(&evidence->others[i].device);
	free(evidence->others);
	free(evidence->peers);
	free(evidence->ways);
	free(evidence->file.names);
	conf_document_fini(&evidence->file.document);
	conf_settings_fini(&evidence->file.settings);
	conf_errors_fini(&evidence->file.errors);
	options_fini(&evidence->file.options);
	incident_log_fini(&evidence->log);
	textbuf_fini(&evidence->log_text);
	state_fini(&evidence->system);
	*evidence = (struct evidence){0};
}

const struct device_settings *evidence_device(const struct evidence *evidence)
{
	if (evidence->system.has_device)
		return &evidence->system.device;
	return evidence->file.is_there ? &evidence->file.settings.device : NULL;
}

const struct iflink *evidence_link(const struct evidence *evidence, uint32_t ifindex)
{
	for (size_t i = 0; ifindex && i < evidence->system.links_count; i++)
		if (evidence->system.links[i].index == ifindex)
			return &evidence->system.links[i];
	return NULL;
}

const char *evidence_link_name(const struct evidence *evidence, uint32_t ifindex)
{
	const struct iflink *link = evidence_link(evidence, ifindex);

	return link ? link->name : "?";
}

bool evidence_is_own(const struct evidence *evidence, const struct ip_addr *addr)
{
	for (size_t i = 0; i < evidence->system.addrs_count; i++)
		if (ip_addr_equal(&evidence->system.addrs[i].prefix.addr, addr))
			return true;
	return false;
}

bool evidence_has_family(const struct evidence *evidence, uint8_t family)
{
	const struct iflink *link = state_link(&evidence->system);

	for (size_t i = 0; link && i < evidence->system.addrs_count; i++) {
		const struct link_addr *addr = &evidence->system.addrs[i];

		if (addr->ifindex == link->index && addr->prefix.addr.family == family &&
			!addr->kernel_made)
			return true;
	}
	return false;
}

bool evidence_is_fresh(const struct evidence *evidence, const struct peer_settings *peer)
{
	return peer->last_handshake.sec && evidence->now - peer->last_handshake.sec < FRESH_SECONDS;
}

const struct peer_settings *evidence_file_peer(
	const struct evidence *evidence, const struct public_key *key)
{
	return settings_find_peer(&evidence->file.settings.device, key);
}

bool evidence_must_call(const struct evidence *evidence, const struct peer_settings *peer)
{
	const struct peer_settings *in_file = evidence_file_peer(evidence, &peer->public_key);

	if (!in_file)
		return !(peer->has & PEER_HAS_ENDPOINT);
	return !(in_file->has & PEER_HAS_ENDPOINT) &&
	       !evidence->file.settings.peers[in_file - evidence->file.settings.device.peers]
			.endpoint;
}

const char *evidence_label(
	const struct evidence *evidence, size_t peer, char label[PEER_LABEL_MAX + 1])
{
	const struct public_key *key = &evidence_device(evidence)->peers[peer].public_key;
	const struct peer_settings *in_file = evidence_file_peer(evidence, key);
	char text[KEY_BASE64_LEN + 1];
	const char *name = "";

	if (in_file)
		name = evidence->file.settings.peers[in_file - evidence->file.settings.device.peers]
			       .name;
	key_print_base64(key->b, text);
	if (*name)
		snprintf(label, PEER_LABEL_MAX + 1, "%s", name);
	else
		snprintf(label, PEER_LABEL_MAX + 1, "%.*s...", KEY_SHOWN, text);
	return label;
}
