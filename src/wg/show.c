/* `wg show`: which interfaces, in which form. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "clock.h"
#include "command.h"
#include "ctl.h"
#include "interface.h"
#include "jsonout.h"
#include "nearest.h"
#include "showforms.h"
#include "terminal.h"
#include "values.h"

#define JSON_SCHEMA "culvert/wg-show/1"

enum { WATCH_SECONDS = 2, WATCH_SECONDS_MAX = 86400 };

/* What is asked for. */
struct request {
	const char *interface; /* NULL: all */
	const char *form;      /* NULL: for people; "json", or the word of a field */
	bool has_names;        /* those of the peers too */
};

static bool shows_keys(void)
{
	const char *hide = getenv("WG_HIDE_KEYS");

	return hide && strcmp(hide, "never") == 0;
}

/* How many devices stand in the output already, and where they go. */
struct showing {
	const struct request *request;
	struct textbuf text;
	json_t *list; /* of the form "json" */
	size_t shown;
};

static enum outcome complain_form(const char *word)
{
	static const char *const words[] = {"public-key", "private-key", "listen-port", "fwmark",
		"peers", "preshared-keys", "endpoints", "allowed-ips", "latest-handshakes",
		"transfer", "persistent-keepalive", "dump", "json"};
	const size_t count = sizeof(words) / sizeof(words[0]);
	size_t near = nearest_find(span_of(word), words, count);

	fprintf(stderr, "Invalid parameter: `%s'\n", word);
	if (near < count)
		fprintf(stderr, "Did you mean `%s'?\n", words[near]);
	return BAD_USAGE;
}

static bool is_json(const struct request *request)
{
	return request->form && strcmp(request->form, "json") == 0;
}

/* Stock wg reads an interface before it looks at the form asked for, and so do we. */
static enum outcome show_device(struct showing *showing, const struct device_settings *device)
{
	const struct request *request = showing->request;
	struct peer_names names = {0};
	struct pretty_options options = {NULL, shows_keys(), (int64_t)clock_wall().sec};

	if (request->form && !is_json(request) && !field_is_known(request->form))
		return complain_form(request->form);
	if (is_json(request) || request->has_names) {
		peer_names_read(&names, device->name);
		options.names = &names;
	}
	if (is_json(request)) {
		json_array_append_new(showing->list, json_device(device, &options));
	} else if (request->form) {
		field_print(&showing->text, device, request->form, !request->interface);
	} else {
		textbuf_add(&showing->text, showing->shown ? "\n" : "");
		pretty_print(&showing->text, device, &options);
	}
	showing->shown++;
	peer_names_fini(&names);
	return DONE;
}

static void finish_json(struct showing *showing)
{
	json_print(&showing->text,
		json_pack("{s:s,s:O}", "schema", JSON_SCHEMA, "interfaces", showing->list));
}

static enum outcome show_one(struct showing *showing, const char *interface)
{
	struct device_settings device;
	int err = interface_read(interface, &device);
	enum outcome outcome = FAILED;

	if (err)
		fprintf(stderr, "Unable to access interface: %s\n", strerror(-err));
	else
		outcome = show_device(showing, &device);
	settings_fini(&device);
	return outcome;
}

static enum outcome show_listed(struct showing *showing, const char *interface)
{
	struct device_settings device;
	int err = interface_read(interface, &device);
	enum outcome outcome = DONE;

	if (err)
		fprintf(stderr, "Unable to access interface %s: %s\n", interface, strerror(-err));
	else
		outcome = show_device(showing, &device);
	settings_fini(&device);
	return outcome;
}

static enum outcome show_all(struct showing *showing)
{
	struct ctl_names names;
	int err = ctl_list(&names);
	enum outcome outcome = DONE;

	if (err)
		fprintf(stderr, "Unable to list interfaces: %s\n", strerror(-err));
	for (size_t i = 0; !err && outcome == DONE && i < names.count; i++)
		outcome = show_listed(showing, names.list[i]);
	if (err || (outcome == DONE && names.count && !showing->shown))
		outcome = FAILED;
	ctl_names_fini(&names);
	return outcome;
}

static enum outcome show(const struct request *request)
{
	struct showing showing = {.request = request, .list = json_array()};
	enum outcome outcome =
		request->interface ? show_one(&showing, request->interface) : show_all(&showing);

	if (is_json(request) && outcome == DONE)
		finish_json(&showing);
	if (textbuf_status(&showing.text)) {
		fprintf(stderr, "wg: %s\n", strerror(ENOMEM));
		outcome = FAILED;
	} else {
		terminal_write(&showing.text);
	}
	json_decref(showing.list);
	textbuf_fini(&showing.text);
	return outcome;
}

static enum outcome show_interfaces(void)
{
	struct ctl_names names;
	int err = ctl_list(&names);

	if (err)
		fprintf(stderr, "Unable to list interfaces: %s\n", strerror(-err));
	for (size_t i = 0; !err && i < names.count; i++)
		printf("%s%c", names.list[i], i + 1 < names.count ? ' ' : '\n');
	ctl_names_fini(&names);
	return err ? FAILED : DONE;
}

/*
 * Until it is interrupted, or its reader is gone. What cannot be shown at first ends it; an
 * interface that goes later may come again.
 */
static enum outcome watch(const struct request *request, unsigned seconds)
{
	const struct timespec pause = {.tv_sec = seconds};

	enum outcome outcome = show(request);

	while (outcome == DONE && !fflush(stdout) && !ferror(stdout)) {
		nanosleep(&pause, NULL);
		/* A terminal is cleared, from its upper left corner; anything else gets blocks. */
		fputs(isatty(STDOUT_FILENO) ? "\x1b[H\x1b[2J" : "\n", stdout);
		show(request);
	}
	return FAILED;
}

/* True when word can only mean the JSON of all interfaces: none is named so. */
static bool is_json_of_all(const char *word)
{
	struct device_settings device;
	int err;

	if (strcmp(word, "json") != 0)
		return false;
	err = ctl_get(word, &device);
	settings_fini(&device);
	return err != 0;
}

static enum outcome run_watch(struct request *request, const char *text)
{
	uint64_t seconds = WATCH_SECONDS;

	if (text && (value_parse_number(span_of(text), WATCH_SECONDS_MAX, &seconds) || !seconds))
		return BAD_USAGE;
	request->has_names = true;
	return watch(request, (unsigned)seconds);
}

enum outcome show_run(const struct invocation *call)
{
	const char *interface = call->count > 1 ? call->words[1] : "all";
	struct request request = {.form = call->count > 2 ? call->words[2] : NULL};
	bool is_only_word = call->count == 2;

	if (strcmp(interface, "--watch") == 0)
		return call->count <= 3 ? run_watch(&request, request.form) : BAD_USAGE;
	if (strcmp(interface, "all") != 0)
		request.interface = interface;
	if (request.form && strcmp(request.form, "--watch") == 0) {
		request.form = NULL;
		return call->count <= 4 ? run_watch(&request, call->words[3]) : BAD_USAGE;
	}
	if (call->count > 3)
		return BAD_USAGE;
	if (is_only_word && (!strcmp(interface, "-h") || !strcmp(interface, "--help") ||
				    !strcmp(interface, "help")))
		return ASKED_HELP;
	if (strcmp(interface, "interfaces") == 0)
		return is_only_word ? show_interfaces() : BAD_USAGE;
	if (is_only_word && is_json_of_all(interface))
		request = (struct request){.form = "json"};
	return show(&request);
}
