/* culvert peer list, show and names: what stands in the file. */
#include <errno.h>
#include <stdio.h>
#include "clock.h"
#include "expiry.h"
#include "fault.h"
#include "jsonout.h"
#include "keytext.h"
#include "peerchoice.h"
#include "peerfile.h"
#include "peerjson.h"
#include "peerverbs.h"
#include "table.h"
#include "terminal.h"
#include "values.h"

static const char *state_of(const struct peerfile *file, size_t peer)
{
	int64_t expires = peerfile_expires(file, peer);

	if (expires && expires <= (int64_t)clock_wall().sec)
		return COLOUR_RED "expired" COLOUR_RESET;
	return peerfile_is_off(file, peer) ? COLOUR_YELLOW "disabled" COLOUR_RESET
					   : COLOUR_GREEN "enabled" COLOUR_RESET;
}

static void print_allowed_ips(struct textbuf *out, const struct peer_settings *peer)
{
	for (size_t i = 0; i < peer->allowed_ips_count; i++) {
		textbuf_add(out, i ? ", " : "");
		value_print_prefix(out, &peer->allowed_ips[i].prefix);
	}
}

static const char *expires_of(const struct peerfile *file, size_t peer, char text[EXPIRY_TEXT_ROOM])
{
	int64_t expires = peerfile_expires(file, peer);

	return expires ? expiry_print(expires, text) : "never";
}

static void add_row(struct table *table, const struct peerfile *file, size_t i)
{
	const struct peer_settings *peer = &file->settings.device.peers[i];
	char key[KEY_BASE64_LEN + 1], time[EXPIRY_TEXT_ROOM];
	struct textbuf ips = {0};

	key_print_base64(peer->public_key.b, key);
	print_allowed_ips(&ips, peer);
	table_addf(table, COLOUR_BOLD "%s" COLOUR_RESET,
		file->settings.peers[i].name[0] ? file->settings.peers[i].name : "-");
	table_add(table, state_of(file, i));
	table_add(table, expires_of(file, i, time));
	table_add(table, ips.text ? ips.text : "-");
	table_add(table, key);
	textbuf_fini(&ips);
}

static json_t *json_of(const struct peerfile *file, size_t i)
{
	return peerjson_peer(file->interface, file->settings.peers[i].name,
		&file->settings.device.peers[i], peerfile_expires(file, i),
		peerfile_is_off(file, i));
}

static json_t *json_all(const struct peerfile *file)
{
	json_t *peers = json_array();

	for (size_t i = 0; i < peerfile_count(file); i++)
		json_array_append_new(peers, json_of(file, i));
	return json_pack("{s:s,s:s,s:o}", "schema", "culvert/peers/1", "interface", file->interface,
		"peers", peers);
}

static void print_table(struct textbuf *out, const struct peerfile *file)
{
	static const char *const heads[] = {
		"NAME", "STATE", "EXPIRES", "ALLOWED IPS", "PUBLIC KEY"};
	struct table table = {.alignment = "lllll"};

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		table_add(&table, heads[i]);
	for (size_t i = 0; i < peerfile_count(file); i++)
		add_row(&table, file, i);
	table_print(out, &table, "");
	table_fini(&table);
}

static enum status write_out(struct textbuf *out)
{
	enum status status = STATUS_FINE;

	if (textbuf_status(out)) {
		fault_system("peers", -ENOMEM);
		status = STATUS_FAILED;
	} else {
		terminal_write(out);
	}
	textbuf_fini(out);
	return status;
}

enum status peer_list(const struct peer_call *call)
{
	struct peerfile file;
	struct textbuf out = {0};
	enum status status = STATUS_FAILED;

	if (peerfile_open(&file, call->interface, PEERFILE_TO_READ)) {
		if (call->is_json)
			json_print(&out, json_all(&file));
		else
			print_table(&out, &file);
		status = write_out(&out);
	}
	peerfile_close(&file);
	return status;
}

static void print_one(struct textbuf *out, const struct peerfile *file, size_t i)
{
	const struct peer_settings *peer = &file->settings.device.peers[i];
	char key[KEY_BASE64_LEN + 1], time[EXPIRY_TEXT_ROOM];

	key_print_base64(peer->public_key.b, key);
	textbuf_addf(out,
		"name: " COLOUR_BOLD "%s" COLOUR_RESET "\n"
		"interface: %s\nstate: %s\nexpires: %s\npublic key: %s\nallowed ips: ",
		file->settings.peers[i].name, file->interface, state_of(file, i),
		expires_of(file, i, time), key);
	print_allowed_ips(out, peer);
	textbuf_add(out, "\n");
}

enum status peer_show(const struct peer_call *call)
{
	struct peerfile file;
	struct textbuf out = {0};
	enum status status = STATUS_FAILED;
	size_t index;

	if (peerfile_open(&file, call->interface, PEERFILE_TO_READ) &&
		peerfile_find_one(&file, call->name, &index)) {
		if (call->is_json)
			json_print(&out, json_of(&file, index));
		else
			print_one(&out, &file, index);
		status = write_out(&out);
	}
	peerfile_close(&file);
	return status;
}

enum status peer_print_names(const struct peer_call *call)
{
	struct ctl_names files = {0};
	bool is_good = peerchoice_list(&files);

	for (size_t i = 0; is_good && i < files.count; i++) {
		struct peerfile file;

		if (call->interface && strcmp(call->interface, files.list[i]) != 0)
			continue;
		is_good = peerfile_open(&file, files.list[i], PEERFILE_TO_READ);
		for (size_t p = 0; is_good && p < peerfile_count(&file); p++)
			if (file.settings.peers[p].name[0])
				puts(file.settings.peers[p].name);
		peerfile_close(&file);
	}
	ctl_names_fini(&files);
	return is_good ? STATUS_FINE : STATUS_FAILED;
}
