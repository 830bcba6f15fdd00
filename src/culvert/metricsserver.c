/* One thread of libmicrohttpd that answers one request after the other. */
#include "metricsserver.h"

#include <errno.h>
#include <microhttpd.h>
#include <string.h>
#include "fault.h"
#include "scrape.h"
#include "sockaddress.h"

enum {
	CONNECTIONS_MAX = 32,
	IDLE_SECONDS = 30,
};

static char home[] = "Metrics of WireGuard interfaces are at /metrics.\n";
static char not_found[] = "There is nothing here but /metrics.\n";
static char not_allowed[] = "GET and HEAD only.\n";
static char failed[] = "The interfaces could not be read.\n";

static enum MHD_Result send_response(struct MHD_Connection *connection, unsigned status,
	struct MHD_Response *response, const char *type)
{
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, "Content-Type", type);
	MHD_add_response_header(response, "Cache-Control", "no-store");
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result send_words(struct MHD_Connection *connection, unsigned status, char *words)
{
	return send_response(connection, status,
		MHD_create_response_from_buffer(strlen(words), words, MHD_RESPMEM_PERSISTENT),
		"text/plain; charset=utf-8");
}

static enum MHD_Result send_metrics(struct MHD_Connection *connection)
{
	struct metrics_text text = {.form = metrics_form_for(MHD_lookup_connection_value(
					    connection, MHD_HEADER_KIND, "Accept"))};
	enum MHD_Result result;
	int error = scrape_print(&text);

	if (error) {
		/* Rather than half of it, which would look as if interfaces had gone. */
		fault_system("metrics", error);
		result = send_words(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, failed);
	} else {
		result = send_response(connection, MHD_HTTP_OK,
			MHD_create_response_from_buffer(
				text.out.len, text.out.text, MHD_RESPMEM_MUST_COPY),
			metrics_content_type(text.form));
	}
	textbuf_fini(&text.out);
	return result;
}

/* Called with the headers, then with each part of a body, then with none. */
static enum MHD_Result take_request(void *arg, struct MHD_Connection *connection, const char *path,
	const char *method, const char *version, const char *upload, size_t *upload_len,
	void **state)
{
	(void)arg;
	(void)version;
	(void)upload;
	if (!*state) {
		*state = connection;
		return MHD_YES;
	}
	if (*upload_len > 0) {
		*upload_len = 0;
		return MHD_YES;
	}
	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
		return send_words(connection, MHD_HTTP_METHOD_NOT_ALLOWED, not_allowed);
	if (strcmp(path, "/metrics") == 0)
		return send_metrics(connection);
	if (strcmp(path, "/") == 0)
		return send_words(connection, MHD_HTTP_OK, home);
	return send_words(connection, MHD_HTTP_NOT_FOUND, not_found);
}

int metricsserver_start(struct MHD_Daemon **server, const struct endpoint *listen)
{
	unsigned flags = MHD_USE_AUTO_INTERNAL_THREAD;
	union sockaddress address;

	sockaddress_store(&address, listen);
	if (address.any.sa_family == AF_INET6)
		flags |= MHD_USE_IPv6;
	errno = 0;
	*server = MHD_start_daemon(flags, 0, NULL, NULL, take_request, NULL, MHD_OPTION_SOCK_ADDR,
		&address, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS, MHD_OPTION_END);
	if (!*server)
		return errno ? -errno : -EINVAL;
	return 0;
}

uint16_t metricsserver_port(struct MHD_Daemon *server)
{
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(server, MHD_DAEMON_INFO_BIND_PORT);

	return info ? info->port : 0;
}

void metricsserver_stop(struct MHD_Daemon *server)
{
	MHD_stop_daemon(server);
}
