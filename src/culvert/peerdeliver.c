/* One text, five forms. */
#include "peerdeliver.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "fault.h"
#include "jsonout.h"
#include "keytext.h"
#include "peerjson.h"
#include "qr.h"
#include "wholefile.h"
#include "wipe.h"

static bool succeeds(const char *what, int error)
{
	if (error == -ENOTSUP)
		fault_say("this build draws no QR codes");
	else if (error == -E2BIG)
		fault_say("%s: this is too long for a QR code", what);
	else if (error)
		fault_system(what, error);
	return !error;
}

static bool may_write(const char *path)
{
	if (!path || access(path, F_OK) < 0)
		return true;
	fault_say("%s is there already", path);
	return false;
}

bool peerdeliver_check(const struct peer_call *call)
{
	struct textbuf trial = {0};
	bool wants_code = call->is_qr || call->png || call->svg;
	bool may = may_write(call->output) && may_write(call->png) && may_write(call->svg) &&
		   (!wants_code || succeeds("QR code", qr_print(&trial, QR_SVG, span_of("x"))));

	textbuf_fini(&trial);
	return may;
}

/* They hold a private key. */
static bool write_file(const char *path, struct span bytes)
{
	return succeeds(path, wholefile_write(path, bytes.at, bytes.len, 0600));
}

static bool write_code(const char *path, enum qr_form form, struct span config)
{
	struct textbuf code = {0};
	bool is_written = succeeds(path, qr_print(&code, form, config)) &&
			  write_file(path, (struct span){code.text, code.len});

	textbuf_fini(&code);
	return is_written;
}

static bool print_code(struct span config)
{
	struct textbuf code = {0};
	bool is_printed = succeeds("QR code", qr_print(&code, QR_TERMINAL, config));

	if (is_printed)
		printf("\n%s", code.text);
	textbuf_fini(&code);
	return is_printed;
}

static bool print_json(
	const struct client *client, struct span config, const char *interface, int64_t expires)
{
	struct peer_settings peer = {.public_key = client->public_key};
	struct textbuf out = {0};
	json_t *object;
	bool is_printed;

	for (size_t i = 0; i < client->addresses_count; i++) {
		struct allowed_ip *ip = settings_add_allowed_ip(&peer);

		if (ip)
			ip->prefix = client->addresses[i];
	}
	object = peerjson_peer(interface, client->name, &peer, expires, false);
	json_put(object, "created", json_true());
	json_put(object, "config", json_stringn(config.at, config.len));
	json_print(&out, object);
	free(peer.allowed_ips);
	is_printed = succeeds("JSON", textbuf_status(&out));
	if (is_printed)
		fputs(out.text, stdout);
	textbuf_fini(&out);
	return is_printed;
}

bool peerdeliver(const struct peer_call *call, const struct client *client, struct span config,
	const char *interface, int64_t expires)
{
	bool is_good = true;

	if (call->output)
		is_good &= write_file(call->output, config);
	if (call->png)
		is_good &= write_code(call->png, QR_PNG, config);
	if (call->svg)
		is_good &= write_code(call->svg, QR_SVG, config);
	if (call->is_json)
		is_good &= print_json(client, config, interface, expires);
	else if (!call->output && !call->png && !call->svg)
		fwrite(config.at, 1, config.len, stdout);
	if (call->is_qr && !call->is_json)
		is_good &= print_code(config);
	return is_good;
}
