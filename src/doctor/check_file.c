/* The configuration file: its form, who may read it, whether it is what runs; the clock. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "checks.h"
#include "wipe.h"
#include "words.h"

enum {
	FOR_OTHERS = 077,
	/* What a program knows of the time without being told: it was written after this, in 2025. */
	WRITTEN_AFTER = 1735689600,
	/* How far a clock may lie apart from what it said itself before. */
	CLOCK_SLACK_SECONDS = 120,
};

static void check_errors(struct diagnosis *diagnosis, const struct evidence *evidence)
{
	const struct file_evidence *file = &evidence->file;

	for (size_t i = 0; i < file->errors.count; i++) {
		const struct conf_error *error = &file->errors.list[i];
		struct textbuf text = {0};

		if (error->code == CONF_HOST_BITS)
			continue;
		conf_error_print(&text, file->path, error);
		if (text.len && text.text[text.len - 1] == '\n')
			text.text[text.len - 1] = 0;
		diagnosis_add(diagnosis, FOUND_CONFIG_ERROR, DOCTOR_NO_PEER,
			doctor_text("editor %s +%u", file->path, error->line), "%s",
			text.text ? text.text : "");
		textbuf_fini(&text);
	}
}

/* Open to others only where its directory is, too. */
static void check_mode(struct diagnosis *diagnosis, const struct file_evidence *file)
{
	bool has_secret = (file->settings.device.has & DEVICE_HAS_PRIVATE_KEY) != 0;
	bool is_kept = !(file->parent_mode & 011);
	struct doctor_finding *finding;

	for (size_t i = 0; i < file->settings.device.peers_count; i++)
		has_secret |= (file->settings.device.peers[i].has & PEER_HAS_PRESHARED_KEY) != 0;
	if (!has_secret || !(file->mode & FOR_OTHERS))
		return;
	finding = diagnosis_add(diagnosis, FOUND_CONFIG_READABLE, DOCTOR_NO_PEER,
		doctor_text("chmod 600 %s", file->path),
		"%s holds keys and has mode %04o: others than its owner may %s it%s", file->path,
		file->mode, file->mode & 022 ? "change" : "read",
		is_kept ? " (its directory still keeps them out)" : "");
	if (finding && is_kept)
		finding->level = DOCTOR_NOTE;
}

static bool has_prefixes(const struct peer_settings *a, const struct peer_settings *b)
{
	for (size_t i = 0; i < b->allowed_ips_count; i++) {
		bool is_there = false;

		for (size_t j = 0; j < a->allowed_ips_count && !is_there; j++)
			is_there = memcmp(&a->allowed_ips[j].prefix, &b->allowed_ips[i].prefix,
					   sizeof(b->allowed_ips[i].prefix)) == 0;
		if (!is_there)
			return false;
	}
	return true;
}

/* Same prefixes, in any order and as often as they like. */
static bool same_prefixes(const struct peer_settings *a, const struct peer_settings *b)
{
	return has_prefixes(a, b) && has_prefixes(b, a);
}

static const char *difference_of_peer(
	const struct peer_settings *running, const struct peer_settings *in_file)
{
	static const struct preshared_key none;
	const struct preshared_key *want =
		in_file->has & PEER_HAS_PRESHARED_KEY ? &in_file->preshared_key : &none;

	if (!same_prefixes(running, in_file))
		return "AllowedIPs";
	/* Who may not see keys sees none. */
	if ((running->has & PEER_HAS_PRESHARED_KEY) &&
		!bytes_equal_ct(&running->preshared_key, want, KEY_LEN))
		return "PresharedKey";
	if (running->keepalive != in_file->keepalive)
		return "PersistentKeepalive";
	return NULL;
}

static void tell_missing(struct diagnosis *diagnosis, const struct evidence *evidence,
	const struct peer_settings *peer)
{
	diagnosis_add(diagnosis, FOUND_CONFIG_DIFFERS, DOCTOR_NO_PEER,
		doctor_text("wg-quick reload %s", evidence->ifname),
		"the peer %s of %s is not in the running interface",
		word_key(&peer->public_key).text, evidence->file.path);
}

static void tell_difference(
	struct diagnosis *diagnosis, const struct evidence *evidence, size_t peer, const char *what)
{
	diagnosis_add(diagnosis, FOUND_CONFIG_DIFFERS, (long)peer,
		doctor_text("wg-quick reload %s", evidence->ifname),
		"the peer's %s in %s is not that of the running interface", what,
		evidence->file.path);
}

/* A device takes no peer with its own key, which is told elsewhere. */
static bool is_own_key(const struct evidence *evidence, const struct public_key *key)
{
	return evidence->has_public_key && memcmp(key, &evidence->public_key, sizeof(*key)) == 0;
}

static void compare_peers(struct diagnosis *diagnosis, const struct evidence *evidence)
{
	const struct device_settings *running = &evidence->system.device;
	const struct device_settings *in_file = &evidence->file.settings.device;
	bool is_claimed_twice = diagnosis_has(diagnosis, FOUND_ALLOWED_IP_TWICE, DOCTOR_NO_PEER);

	for (size_t i = 0; i < in_file->peers_count; i++)
		if (!is_own_key(evidence, &in_file->peers[i].public_key) &&
			!settings_find_peer(running, &in_file->peers[i].public_key))
			tell_missing(diagnosis, evidence, &in_file->peers[i]);
	for (size_t i = 0; i < running->peers_count; i++) {
		const struct peer_settings *want =
			settings_find_peer(in_file, &running->peers[i].public_key);
		const char *what = want ? difference_of_peer(&running->peers[i], want) : NULL;

		if (what && is_claimed_twice && strcmp(what, "AllowedIPs") == 0)
			continue;

		if (!want)
			diagnosis_add(diagnosis, FOUND_CONFIG_DIFFERS, (long)i,
				doctor_text("wg-quick save %s", evidence->ifname),
				"the peer is not in %s: it will be gone after the next start",
				evidence->file.path);
		else if (what)
			tell_difference(diagnosis, evidence, i, what);
	}
}

static void compare_device(struct diagnosis *diagnosis, const struct evidence *evidence)
{
	const struct device_settings *running = &evidence->system.device;
	const struct device_settings *in_file = &evidence->file.settings.device;

	if (evidence->has_public_key && evidence->file.has_public_key &&
		memcmp(&evidence->public_key, &evidence->file.public_key,
			sizeof(evidence->public_key)) != 0)
		diagnosis_add(diagnosis, FOUND_CONFIG_KEY_DIFFERS, DOCTOR_NO_PEER,
			doctor_text("wg-quick reload %s", evidence->ifname),
			"%s runs with another PrivateKey than %s has", evidence->ifname,
			evidence->file.path);
	if ((in_file->has & DEVICE_HAS_LISTEN_PORT) && running->listen_port != in_file->listen_port)
		diagnosis_add(diagnosis, FOUND_CONFIG_DIFFERS, DOCTOR_NO_PEER,
			doctor_text(
				"wg set %s listen-port %u", evidence->ifname, in_file->listen_port),
			"%s listens on port %u, the ListenPort of %s is %u", evidence->ifname,
			running->listen_port, evidence->file.path, in_file->listen_port);
}

void check_file(struct diagnosis *diagnosis, const struct evidence *evidence)
{
	const struct file_evidence *file = &evidence->file;

	if (!file->is_there || file->error)
		return;
	check_errors(diagnosis, evidence);
	check_mode(diagnosis, file);
	/* With SaveConfig the running state is what counts, and hooks may have added to it. */
	if (!evidence->system.has_device || file->has_errors || file->options.save_config)
		return;
	compare_device(diagnosis, evidence);
	compare_peers(diagnosis, evidence);
}

void check_clock(struct diagnosis *diagnosis, const struct evidence *evidence)
{
	const struct device_settings *device = &evidence->system.device;
	static const char consequence[] =
		"a peer that has seen a later time from us refuses our handshakes";
	const char *fix = "timedatectl set-ntp true";

	if (evidence->now < WRITTEN_AFTER)
		diagnosis_add(diagnosis, FOUND_CLOCK_WRONG, DOCTOR_NO_PEER, doctor_text("%s", fix),
			"this machine's clock stands before 2025: %s", consequence);
	else if (evidence->file.is_there &&
		 evidence->file.changed_at > evidence->now + CLOCK_SLACK_SECONDS)
		diagnosis_add(diagnosis, FOUND_CLOCK_WRONG, DOCTOR_NO_PEER, doctor_text("%s", fix),
			"this machine's clock has gone back: %s was changed in its future; %s",
			evidence->file.path, consequence);
	for (size_t i = 0; i < device->peers_count; i++)
		if (device->peers[i].last_handshake.sec > evidence->now + CLOCK_SLACK_SECONDS)
			diagnosis_add(diagnosis, FOUND_CLOCK_WRONG, DOCTOR_NO_PEER,
				doctor_text("%s", fix),
				"this machine's clock has gone back: a handshake lies in its "
				"future; %s",
				consequence);
}
