/* `wg setconf`, `addconf`, `syncconf`: a configuration file onto a device. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "command.h"
#include "complain.h"
#include "confsettings.h"
#include "ctl.h"
#include "endpoint_resolve.h"
#include "syncplan.h"
#include "wholefile.h"

static bool resolve_names(struct conf_settings *settings)
{
	struct device_settings *device = &settings->device;

	if (settings->listen_port) {
		if (!port_resolve(settings->listen_port, &device->listen_port))
			return false;
		device->has |= DEVICE_HAS_LISTEN_PORT;
	}
	for (size_t i = 0; i < device->peers_count; i++) {
		struct peer_settings *peer = &device->peers[i];

		if (peer->has & PEER_HAS_ENDPOINT && !endpoint_retries_are_valid())
			return false;
		if (!settings->peers[i].endpoint)
			continue;
		if (!endpoint_resolve(settings->peers[i].endpoint, &peer->endpoint))
			return false;
		peer->has |= PEER_HAS_ENDPOINT;
	}
	return true;
}

/* What the text says, its names resolved. False when it has complained. */
static bool read_text(const char *path, struct span text, struct conf_settings *settings)
{
	struct conf_document doc;
	struct conf_errors errors = {0};
	int err = conf_document_parse(&doc, text);

	*settings = (struct conf_settings){0};
	if (!err)
		err = conf_document_settings(&doc, CONF_WG, settings, &errors);
	complain_conf(path, &errors);
	if (err == -ENOMEM)
		fprintf(stderr, "wg: %s\n", strerror(ENOMEM));
	conf_errors_fini(&errors);
	conf_document_fini(&doc);
	if (!err && !resolve_names(settings)) {
		fputs("Configuration parsing error\n", stderr);
		return false;
	}
	return !err;
}

static bool read_file(const char *path, struct conf_settings *settings)
{
	char *text;
	size_t len;
	int err = wholefile_read(path, &text, &len);
	bool is_right;

	*settings = (struct conf_settings){0};
	if (err) {
		fprintf(stderr, "fopen: %s\nwg: cannot read `%s'\n", strerror(-err), path);
		return false;
	}
	is_right = read_text(path, (struct span){text, len}, settings);
	wholefile_free(text, len);
	return is_right;
}

static void replace_allowed_ips(struct device_settings *device)
{
	for (size_t i = 0; i < device->peers_count; i++)
		device->peers[i].replace_allowed_ips = true;
}

static enum outcome complain_change(int err)
{
	if (err)
		fprintf(stderr, "Unable to modify interface: %s\n", strerror(-err));
	return err ? FAILED : DONE;
}

static enum outcome complain_reading(int err)
{
	fprintf(stderr, "Unable to retrieve current interface configuration: %s\n", strerror(-err));
	return FAILED;
}

/* What is there is taken away, then comes the file. */
static enum outcome apply_set(struct device_settings *device)
{
	device->replace_peers = true;
	device->has |= DEVICE_HAS_PRIVATE_KEY | DEVICE_HAS_LISTEN_PORT | DEVICE_HAS_FWMARK;
	replace_allowed_ips(device);
	return complain_change(ctl_set(device));
}

static enum outcome apply_add(struct device_settings *device)
{
	replace_allowed_ips(device);
	return complain_change(ctl_set(device));
}

/* Only what differs, so that no session ends that need not. */
static enum outcome apply_sync(struct device_settings *device)
{
	struct device_settings running, change;
	int err = ctl_get(device->name, &running);

	/* Stock wg reads the interface only when the file has peers to compare with. */
	if (err)
		return device->peers_count ? complain_reading(err) : complain_change(err);
	err = syncplan_make(&running, device, &change);
	if (!err && (change.has || change.peers_count))
		err = ctl_set(&change);
	settings_fini(&change);
	settings_fini(&running);
	return complain_change(err);
}

static enum outcome run(
	const struct invocation *call, enum outcome (*apply)(struct device_settings *))
{
	struct conf_settings settings;
	enum outcome outcome = FAILED;

	if (call->count != 3)
		return BAD_USAGE;
	if (read_file(call->words[2], &settings)) {
		strncpy(settings.device.name, call->words[1], IFNAME_LEN_MAX);
		outcome = apply(&settings.device);
	}
	conf_settings_fini(&settings);
	return outcome;
}

enum outcome setconf_run(const struct invocation *call)
{
	return run(call, apply_set);
}

enum outcome addconf_run(const struct invocation *call)
{
	return run(call, apply_add);
}

enum outcome syncconf_run(const struct invocation *call)
{
	return run(call, apply_sync);
}
