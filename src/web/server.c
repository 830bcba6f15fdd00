/*
 * HTTP. A connection has a thread of its own; there are few, and a command that takes long holds up
 * nobody else. Headers keep other people's pages and scripts away from ours.
 */
#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "assets.h"
#include "sockaddress.h"
#include "wipe.h"

enum {
	CONNECTIONS_MAX = 64,
	CONNECTIONS_OF_ONE = 16,
	IDLE_SECONDS = 30,
	COOKIE_MAX = 160,
};

#define COOKIE_NAME "culvert"

struct server {
	struct MHD_Daemon *daemon;
	struct api *api;
	bool is_secure;
};

/* A request on its way in. */
struct incoming {
	bool is_too_long;
	size_t len;
	char body[API_BODY_MAX];
};

static const struct {
	const char *name, *value;
} headers[] = {
	{"Content-Security-Policy",
		"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
		"connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"},
	{"X-Content-Type-Options", "nosniff"},
	{"X-Frame-Options", "DENY"},
	{"Referrer-Policy", "no-referrer"},
	{"Cross-Origin-Opener-Policy", "same-origin"},
	{"Cross-Origin-Resource-Policy", "same-origin"},
	{"Permissions-Policy", "camera=(), geolocation=(), microphone=()"},
};

static char not_found[] = "There is nothing here.\n";
static char too_long[] = "{\"error\":\"That is too long.\"}";

static enum MHD_Result send_bytes(struct MHD_Connection *connection, unsigned status,
	struct MHD_Response *response, const char *type, const char *caching, const char *cookie)
{
	enum MHD_Result result = MHD_NO;

	if (!response)
		return MHD_NO;
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		MHD_add_response_header(response, headers[i].name, headers[i].value);
	MHD_add_response_header(response, "Content-Type", type);
	MHD_add_response_header(response, "Cache-Control", caching);
	if (cookie)
		MHD_add_response_header(response, "Set-Cookie", cookie);
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result send_asset(struct MHD_Connection *connection, const char *path)
{
	if (strcmp(path, "/") == 0)
		path = "/index.html";
	for (size_t i = 0; i < assets_count; i++)
		if (strcmp(assets[i].path, path) == 0)
			return send_bytes(connection, MHD_HTTP_OK,
				MHD_create_response_from_buffer(
					assets[i].len, assets[i].bytes, MHD_RESPMEM_PERSISTENT),
				assets[i].type, "no-cache", NULL);
	return send_bytes(connection, MHD_HTTP_NOT_FOUND,
		MHD_create_response_from_buffer(
			sizeof(not_found) - 1, not_found, MHD_RESPMEM_PERSISTENT),
		"text/plain", "no-store", NULL);
}

static void print_cookie(const struct server *server, const char *token, char cookie[COOKIE_MAX])
{
	snprintf(cookie, COOKIE_MAX,
		COOKIE_NAME "=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%d%s", token,
		token[0] ? SESSION_SECONDS : 0, server->is_secure ? "; Secure" : "");
}

static enum MHD_Result send_answer(
	struct server *server, struct MHD_Connection *connection, struct api_answer *answer)
{
	char *text = json_dumps(answer->body, JSON_COMPACT), cookie[COOKIE_MAX];
	struct MHD_Response *response = NULL;
	enum MHD_Result result;

	if (answer->cookie)
		print_cookie(server, answer->cookie, cookie);
	if (text)
		response =
			MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_COPY);
	result = send_bytes(connection, answer->status, response, "application/json", "no-store",
		answer->cookie ? cookie : NULL);
	/* It may be a peer's configuration, with its key. */
	if (text)
		wipe(text, strlen(text));
	free(text);
	json_decref(answer->body);
	return result;
}

static void print_address(struct MHD_Connection *connection, char address[ADDRESS_TEXT_MAX])
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *from = info ? info->client_addr : NULL;

	snprintf(address, ADDRESS_TEXT_MAX, "unknown");
	if (from && from->sa_family == AF_INET)
		inet_ntop(AF_INET, &((const struct sockaddr_in *)from)->sin_addr, address,
			ADDRESS_TEXT_MAX);
	if (from && from->sa_family == AF_INET6)
		inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)from)->sin6_addr, address,
			ADDRESS_TEXT_MAX);
}

static const char *argument(const struct api_request *request, const char *name)
{
	return MHD_lookup_connection_value(request->arg, MHD_GET_ARGUMENT_KIND, name);
}

static enum MHD_Result answer_api(struct server *server, struct MHD_Connection *connection,
	const char *method, const char *path, const struct incoming *incoming)
{
	char address[ADDRESS_TEXT_MAX];
	struct api_answer answer;
	struct api_request request = {
		.method = method,
		.path = path,
		.token = MHD_lookup_connection_value(connection, MHD_COOKIE_KIND, COOKIE_NAME),
		.csrf = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "X-CSRF-Token"),
		.content_type =
			MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Type"),
		.address = address,
		.body = incoming->body,
		.body_len = incoming->len,
		.argument = argument,
		.arg = connection,
	};

	print_address(connection, address);
	api_answer(server->api, &request, &answer);
	return send_answer(server, connection, &answer);
}

/* Called with the headers, then with each part of the body, then with none. */
static enum MHD_Result take_request(void *arg, struct MHD_Connection *connection, const char *path,
	const char *method, const char *version, const char *upload, size_t *upload_len,
	void **state)
{
	struct incoming *incoming = *state;

	(void)version;
	if (!incoming) {
		*state = calloc(1, sizeof(*incoming));
		return *state ? MHD_YES : MHD_NO;
	}
	if (*upload_len > 0) {
		if (*upload_len > sizeof(incoming->body) - incoming->len)
			incoming->is_too_long = true;
		else
			memcpy(incoming->body + incoming->len, upload, *upload_len);
		incoming->len += incoming->is_too_long ? 0 : *upload_len;
		*upload_len = 0;
		return MHD_YES;
	}
	if (incoming->is_too_long)
		return send_bytes(connection, MHD_HTTP_CONTENT_TOO_LARGE,
			MHD_create_response_from_buffer(
				sizeof(too_long) - 1, too_long, MHD_RESPMEM_PERSISTENT),
			"application/json", "no-store", NULL);
	if (api_is_path(path))
		return answer_api(arg, connection, method, path, incoming);
	return send_asset(connection, strcmp(method, "GET") == 0 ? path : "");
}

static void forget_request(void *arg, struct MHD_Connection *connection, void **state,
	enum MHD_RequestTerminationCode how)
{
	(void)arg;
	(void)connection;
	(void)how;
	/* It may hold a password. */
	if (*state)
		wipe(*state, sizeof(struct incoming));
	free(*state);
	*state = NULL;
}

int server_start(struct server **server, const struct server_options *options, struct api *api)
{
	struct server *s = calloc(1, sizeof(*s));
	union sockaddress address;
	unsigned flags = MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD;
	struct MHD_OptionItem tls[] = {{MHD_OPTION_HTTPS_MEM_CERT, 0, options->cert_pem},
		{MHD_OPTION_HTTPS_MEM_KEY, 0, options->key_pem}, {MHD_OPTION_END, 0, NULL}};

	if (!s)
		return -ENOMEM;
	s->api = api;
	s->is_secure = options->cert_pem != NULL;
	sockaddress_store(&address, &options->listen);
	if (address.any.sa_family == AF_INET6)
		flags |= MHD_USE_IPv6;
	if (s->is_secure)
		flags |= MHD_USE_TLS;
	errno = 0;
	s->daemon = MHD_start_daemon(flags, 0, NULL, NULL, take_request, s, MHD_OPTION_SOCK_ADDR,
		&address, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
		MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)CONNECTIONS_OF_ONE,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS, MHD_OPTION_NOTIFY_COMPLETED,
		forget_request, NULL, MHD_OPTION_ARRAY, s->is_secure ? tls : tls + 2,
		MHD_OPTION_END);
	if (!s->daemon) {
		free(s);
		return errno ? -errno : -EINVAL;
	}
	*server = s;
	return 0;
}

uint16_t server_port(const struct server *server)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT);

	return info ? info->port : 0;
}

void server_stop(struct server *server)
{
	MHD_stop_daemon(server->daemon);
	free(server);
}
