/* The table of what can be asked, and who answers. */
#include "api.h"

#include <ctype.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "child.h"
#include "clock.h"
#include "qr.h"
#include "wipe.h"

enum {
	FIELD_MAX = 256,
	SPAN_MIN = 60,
	AUDIT_SHOWN = 200,
};

struct asked {
	struct api *api;
	const struct api_request *request;
	struct session session; /* a copy; without a user: nobody is logged in */
	json_t *body;           /* of a POST: an object */
	struct api_answer *answer;
};

static int64_t steady_now(void)
{
	return (int64_t)(clock_now().ns / NS_PER_S);
}

static void refuse(struct api_answer *answer, unsigned status, const char *why)
{
	json_decref(answer->body);
	answer->status = status;
	answer->body = json_pack("{s:s%}", "error", why, strlen(why));
	if (!answer->body)
		answer->body =
			json_pack("{s:s}", "error", "It failed, with words that are not UTF-8.");
}

static void give(struct api_answer *answer, json_t *body)
{
	if (body)
		answer->body = body;
	else
		refuse(answer, 500, "The server is short of memory.");
}

/* A string of the body, of printable characters; NULL: it is not there or not such a one. */
static const char *field(const struct asked *asked, const char *name)
{
	const char *text = json_string_value(json_object_get(asked->body, name));

	if (!text || !text[0] || strlen(text) > FIELD_MAX)
		return NULL;
	for (const char *at = text; *at; at++)
		if (iscntrl((unsigned char)*at))
			return NULL;
	return text;
}

static void audit(const struct asked *asked, const char *user, const char *action)
{
	struct api *api = asked->api;

	pthread_mutex_lock(&api->lock);
	if (!store_audit(
		    api->store, (int64_t)clock_wall().sec, user, asked->request->address, action))
		fprintf(stderr, "culvert web: the audit log cannot be written\n");
	pthread_mutex_unlock(&api->lock);
}

static void tell_session(struct asked *asked)
{
	give(asked->answer,
		json_pack("{s:s,s:s}", "user", asked->session.user, "csrf", asked->session.csrf));
}

/* True when the password is right. Guesses are counted before the hash is computed. */
static bool try_password(struct asked *asked, const char *user, const char *password)
{
	struct api *api = asked->api;
	const char *address = asked->request->address;
	bool may_try;
	int status;

	pthread_mutex_lock(&api->hashing);
	pthread_mutex_lock(&api->lock);
	may_try = sessions_may_guess(&api->sessions, address, steady_now());
	pthread_mutex_unlock(&api->lock);
	status = may_try ? users_check(api->users_path, user, password) : -EAGAIN;
	if (status == -EACCES) {
		pthread_mutex_lock(&api->lock);
		sessions_guessed(&api->sessions, address, steady_now());
		pthread_mutex_unlock(&api->lock);
	}
	pthread_mutex_unlock(&api->hashing);
	if (status == -EAGAIN)
		refuse(asked->answer, 429, "Too many wrong passwords. Try again in five minutes.");
	else if (status == -EACCES)
		refuse(asked->answer, 403, "User or password is wrong.");
	else if (status < 0)
		refuse(asked->answer, 500, strerror(-status));
	return status == 0;
}

static void log_in(struct asked *asked)
{
	const char *user = field(asked, "user"), *password = field(asked, "password");
	struct api *api = asked->api;

	if (!user || !password || !user_name_is_good(user)) {
		refuse(asked->answer, 403, "User or password is wrong.");
		return;
	}
	if (!try_password(asked, user, password)) {
		audit(asked, user, "failed to log in");
		return;
	}
	pthread_mutex_lock(&api->lock);
	asked->session = *sessions_begin(&api->sessions, user, steady_now());
	pthread_mutex_unlock(&api->lock);
	memcpy(asked->answer->cookie_text, asked->session.token, TOKEN_LEN + 1);
	asked->answer->cookie = asked->answer->cookie_text;
	audit(asked, user, "logged in");
	tell_session(asked);
}

static void log_out(struct asked *asked)
{
	pthread_mutex_lock(&asked->api->lock);
	sessions_end(&asked->api->sessions, asked->session.token);
	pthread_mutex_unlock(&asked->api->lock);
	asked->answer->cookie = "";
	audit(asked, asked->session.user, "logged out");
	give(asked->answer, json_object());
}

static void tell_state(struct asked *asked)
{
	give(asked->answer, watch_state(asked->api->watch));
}

static void tell_history(struct asked *asked)
{
	const struct api_request *request = asked->request;
	const char *interface = request->argument(request, "interface");
	const char *peer = request->argument(request, "peer"),
		   *span = request->argument(request, "span");
	long seconds = span ? strtol(span, NULL, 10) : 0;
	json_t *body;

	if (!interface || seconds < SPAN_MIN || seconds > STORE_COARSE_SECONDS) {
		refuse(asked->answer, 400, "interface and span (seconds) are wanted.");
		return;
	}
	pthread_mutex_lock(&asked->api->lock);
	body = store_history(
		asked->api->store, interface, peer, (int64_t)clock_wall().sec, seconds);
	pthread_mutex_unlock(&asked->api->lock);
	give(asked->answer, body);
}

static void tell_audit(struct asked *asked)
{
	json_t *body;

	pthread_mutex_lock(&asked->api->lock);
	body = store_audit_list(asked->api->store, AUDIT_SHOWN);
	pthread_mutex_unlock(&asked->api->lock);
	give(asked->answer, body);
}

/* What the command complained of, without its own name. */
static void refuse_by(struct asked *asked, int status, const struct child_output *output)
{
	const char *why = status < 0 ? strerror(-status) : output->error.text;

	if (strncmp(why, "culvert: ", 9) == 0)
		why += 9;
	refuse(asked->answer, 422, why[0] ? why : "The command failed and did not say why.");
}

/* doctor's own exit status tells what it found, not whether it worked: its document counts. */
static void tell_doctor(struct asked *asked)
{
	const char *interface = asked->request->argument(asked->request, "interface");
	const char *const words[] = {"doctor", "--json", "--", interface, NULL};
	struct child_output output;
	json_t *document = NULL, *findings;
	int status;

	if (!interface) {
		refuse(asked->answer, 400, "interface is wanted.");
		return;
	}
	status = child_run(words, &output);
	if (status == 0)
		document = json_loadb(output.out.text, output.out.len, 0, NULL);
	findings = json_object_get(
		json_array_get(json_object_get(document, "interfaces"), 0), "findings");
	if (json_is_array(findings))
		give(asked->answer, json_incref(findings));
	else
		refuse_by(asked, status, &output);
	json_decref(document);
	child_output_fini(&output);
}

/* What can be done to a peer, in the words of `culvert peer'. */
static const struct action {
	const char *name, *verb;
	/* Options and further words: a field of the body and the option it follows; "": a word. */
	struct {
		const char *field, *option;
	} parts[4];
} actions[] = {
	{"add", "add",
		{{"endpoint", "--endpoint"}, {"expires", "--expires"},
			{"public_key", "--public-key"}}},
	{"remove", "remove", {{NULL, NULL}}},
	{"disable", "disable", {{NULL, NULL}}},
	{"enable", "enable", {{NULL, NULL}}},
	{"rename", "rename", {{"new_name", ""}}},
	{"expire", "enable", {{"expires", "--expires"}}},
};

static const struct action *find_action(const char *name)
{
	for (size_t i = 0; name && i < sizeof(actions) / sizeof(actions[0]); i++)
		if (strcmp(actions[i].name, name) == 0)
			return &actions[i];
	return NULL;
}

/* peer ACTION --json [options] -- INTERFACE NAME [words]. False: the body lacks something. */
static bool make_words(
	const struct asked *asked, const struct action *action, const char *words[CHILD_WORDS_MAX])
{
	const char *interface = field(asked, "interface"), *name = field(asked, "name");
	unsigned count = 0;

	words[count++] = "peer";
	words[count++] = action->verb;
	words[count++] = "--json";
	for (unsigned i = 0; i < 4 && action->parts[i].field; i++) {
		const char *value = field(asked, action->parts[i].field);

		if (value && action->parts[i].option[0]) {
			words[count++] = action->parts[i].option;
			words[count++] = value;
		}
	}
	words[count++] = "--";
	words[count++] = interface;
	words[count++] = name;
	for (unsigned i = 0; i < 4 && action->parts[i].field; i++)
		if (!action->parts[i].option[0]) {
			words[count] = field(asked, action->parts[i].field);
			if (!words[count++])
				return false;
		}
	words[count] = NULL;
	return interface && name;
}

/* A new peer's configuration as a code for a phone, where it is known. */
static void add_code(json_t *document)
{
	const char *config = json_string_value(json_object_get(document, "config"));
	struct textbuf code = {0};

	if (config && qr_print(&code, QR_SVG, span_of(config)) == 0)
		json_object_set_new(document, "qr", json_stringn(code.text, code.len));
	textbuf_fini(&code);
}

static void change_peer(struct asked *asked)
{
	const struct action *action = find_action(field(asked, "action"));
	const char *words[CHILD_WORDS_MAX];
	char line[2 * FIELD_MAX + 64];
	struct child_output output;
	json_t *document = NULL;
	int status;

	if (!action || !make_words(asked, action, words)) {
		refuse(asked->answer, 400, "interface, action and name are wanted.");
		return;
	}
	status = child_run(words, &output);
	if (status == 0 && output.status == 0)
		document = json_loadb(output.out.text, output.out.len, 0, NULL);
	snprintf(line, sizeof(line), "%s peer %s on %s%s", action->name, field(asked, "name"),
		field(asked, "interface"), status == 0 && output.status == 0 ? "" : ": failed");
	audit(asked, asked->session.user, line);
	if (status == 0 && output.status == 0) {
		watch_refresh(asked->api->watch);
		add_code(document);
		give(asked->answer, document ? json_incref(document) : json_object());
	} else {
		refuse_by(asked, status, &output);
	}
	json_decref(document);
	child_output_fini(&output);
}

static const struct entry {
	const char *method, *path;
	bool needs_login;
	void (*answer)(struct asked *asked);
} entries[] = {
	{"POST", "/api/login", false, log_in},
	{"POST", "/api/logout", true, log_out},
	{"GET", "/api/session", true, tell_session},
	{"GET", "/api/state", true, tell_state},
	{"GET", "/api/history", true, tell_history},
	{"GET", "/api/doctor", true, tell_doctor},
	{"GET", "/api/audit", true, tell_audit},
	{"POST", "/api/peer", true, change_peer},
};

bool api_is_path(const char *path)
{
	return strncmp(path, "/api/", 5) == 0;
}

static const struct entry *find_entry(const struct api_request *request)
{
	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++)
		if (strcmp(entries[i].path, request->path) == 0 &&
			strcmp(entries[i].method, request->method) == 0)
			return &entries[i];
	return NULL;
}

static bool find_session(struct asked *asked)
{
	const struct session *session = NULL;

	pthread_mutex_lock(&asked->api->lock);
	if (asked->request->token)
		session = sessions_find(&asked->api->sessions, asked->request->token, steady_now());
	if (session)
		asked->session = *session;
	pthread_mutex_unlock(&asked->api->lock);
	return session != NULL;
}

/* What a page of somebody else cannot make a browser send: a JSON body and our token. */
static bool parse_body(struct asked *asked, bool needs_token)
{
	const struct api_request *request = asked->request;

	if (!request->content_type || strcmp(request->content_type, "application/json") != 0) {
		refuse(asked->answer, 415, "The body must be application/json.");
		return false;
	}
	if (needs_token &&
		(!request->csrf || strlen(request->csrf) != TOKEN_LEN ||
			sodium_memcmp(request->csrf, asked->session.csrf, TOKEN_LEN) != 0)) {
		refuse(asked->answer, 403, "The token is not this session's. Load the page again.");
		return false;
	}
	asked->body = json_loadb(request->body, request->body_len, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(asked->body)) {
		refuse(asked->answer, 400, "The body is no JSON object.");
		return false;
	}
	return true;
}

void api_answer(struct api *api, const struct api_request *request, struct api_answer *answer)
{
	struct asked asked = {.api = api, .request = request, .answer = answer};
	const struct entry *entry = find_entry(request);
	bool is_post;

	*answer = (struct api_answer){.status = 200};
	if (!entry) {
		refuse(answer, 404, "There is nothing here.");
		return;
	}
	is_post = strcmp(entry->method, "POST") == 0;
	if (entry->needs_login && !find_session(&asked))
		refuse(answer, 401, "Log in first.");
	else if (!is_post || parse_body(&asked, entry->needs_login))
		entry->answer(&asked);
	json_decref(asked.body);
	wipe(&asked.session, sizeof(asked.session));
}
