/* `wg log`: of which interfaces and which peer, in which form. */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "command.h"
#include "ctl.h"
#include "keytext.h"
#include "logforms.h"
#include "terminal.h"

#define JSON_SCHEMA "culvert/wg-log/1"

/* What is asked for, and what was found so far. */
struct asking {
	const char *interface; /* NULL: all */
	const char *peer;      /* a key, an abbreviation of one, or a name; NULL: all */
	json_t *list;          /* NULL: for people */
	struct textbuf text;
	size_t shown;
};

static enum outcome complain(const char *interface, int err)
{
	if (err == -ENOENT && if_nametoindex(interface) != 0)
		fprintf(stderr,
			"%s: no daemon runs this interface; the kernel's WireGuard keeps no log\n",
			interface);
	else if (err == -ENOENT)
		fprintf(stderr, "%s: there is no such interface\n", interface);
	else if (err == -EOPNOTSUPP)
		fprintf(stderr, "%s: this daemon keeps no log\n", interface);
	else
		fprintf(stderr, "%s: %s\n", interface, strerror(-err));
	return FAILED;
}

/* The text of the key that the user's word stands for. */
static struct span key_of(
	const char *word, const struct peer_names *names, char text[KEY_BASE64_LEN + 1])
{
	struct public_key key;

	if (!word)
		return (struct span){NULL, 0};
	if (peer_names_lookup(names, word, &key) == 0)
		return span_of(word);
	key_print_base64(key.b, text);
	return span_of(text);
}

static enum outcome show_log(struct asking *asking, const char *interface)
{
	char key[KEY_BASE64_LEN + 1];
	struct peer_names names = {0};
	struct log_view view = {.interface = interface, .names = &names};
	struct incident_log log;
	struct textbuf reply;
	int err = ctl_log(interface, &reply, &log);

	if (!err) {
		peer_names_read(&names, interface);
		view.peer = key_of(asking->peer, &names, key);
		if (asking->list)
			json_array_append_new(asking->list, log_json(&log, &view));
		else if (asking->shown)
			textbuf_add(&asking->text, "\n");
		if (asking->list || log_print(&asking->text, &log, &view))
			asking->shown++;
		peer_names_fini(&names);
	}
	incident_log_fini(&log);
	textbuf_fini(&reply);
	return err ? complain(interface, err) : DONE;
}

static enum outcome show_all(struct asking *asking)
{
	struct ctl_names names;
	int err = ctl_list(&names);
	enum outcome outcome = err ? FAILED : DONE;

	if (err)
		fprintf(stderr, "Unable to list interfaces: %s\n", strerror(-err));
	for (size_t i = 0; !err && i < names.count; i++)
		if (show_log(asking, names.list[i]) != DONE)
			outcome = FAILED;
	ctl_names_fini(&names);
	return outcome;
}

static bool is_interface(const char *word)
{
	struct ctl_names names;
	bool is_found = false;
	int err = ctl_list(&names);

	for (size_t i = 0; !err && i < names.count; i++)
		is_found = is_found || strcmp(names.list[i], word) == 0;
	ctl_names_fini(&names);
	return is_found || if_nametoindex(word) != 0;
}

static void finish_json(struct asking *asking)
{
	json_t *document =
		json_pack("{s:s,s:O}", "schema", JSON_SCHEMA, "interfaces", asking->list);
	char *text = document ? json_dumps(document, JSON_INDENT(2)) : NULL;

	if (text)
		textbuf_addf(&asking->text, "%s\n", text);
	else
		asking->text.is_short = true;
	free(text);
	json_decref(document);
}

static enum outcome show(struct asking *asking)
{
	enum outcome outcome =
		asking->interface ? show_log(asking, asking->interface) : show_all(asking);

	if (asking->list && outcome == DONE)
		finish_json(asking);
	if (textbuf_status(&asking->text)) {
		fprintf(stderr, "wg: %s\n", strerror(ENOMEM));
		outcome = FAILED;
	} else {
		terminal_write(&asking->text);
	}
	if (outcome == DONE && asking->peer && !asking->shown) {
		fprintf(stderr, "Nothing is known of a peer `%s'\n", asking->peer);
		outcome = FAILED;
	}
	json_decref(asking->list);
	textbuf_fini(&asking->text);
	return outcome;
}

enum outcome log_run(const struct invocation *call)
{
	struct asking asking = {.interface = NULL};
	const char *words[2] = {NULL, NULL};
	unsigned count = 0;

	for (int i = 1; i < call->count; i++) {
		const char *word = call->words[i];

		if (!strcmp(word, "-h") || !strcmp(word, "--help"))
			return ASKED_HELP;
		if (!strcmp(word, "--json")) {
			if (!asking.list)
				asking.list = json_array();
		} else if (count == 2 || word[0] == '-') {
			json_decref(asking.list);
			return BAD_USAGE;
		} else {
			words[count++] = word;
		}
	}
	asking.peer = words[1];
	if (words[0] && (words[1] || is_interface(words[0])))
		asking.interface = words[0];
	else if (words[0] && strcmp(words[0], "all") != 0)
		asking.peer = words[0];
	if (asking.interface && strcmp(asking.interface, "all") == 0)
		asking.interface = NULL;
	return show(&asking);
}
