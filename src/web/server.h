/* The dashboard over HTTP: libmicrohttpd's threads, the assets built into the program, the API. */
#ifndef CULVERT_WEB_SERVER_H
#define CULVERT_WEB_SERVER_H

#include <stdint.h>
#include "addr.h"
#include "api.h"

struct server;

struct server_options {
	struct endpoint listen;   /* port 0: any free one */
	char *cert_pem, *key_pem; /* NULL: plain HTTP */
};

/* 0 or -errno. options need not outlive the call, api must outlive the server. */
int server_start(struct server **server, const struct server_options *options, struct api *api);
uint16_t server_port(const struct server *server);
void server_stop(struct server *server);

#endif
