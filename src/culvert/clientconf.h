/*
 * The configuration file of a new peer, as the device that it is for will read it.
 */
#ifndef CULVERT_CULVERT_CLIENTCONF_H
#define CULVERT_CULVERT_CLIENTCONF_H

#include "keys.h"
#include "prefixset.h"
#include "textbuf.h"

struct client {
	const char *name;
	bool has_private_key; /* else the device made its own and keeps it */
	struct private_key private_key;
	struct public_key public_key;
	bool has_psk;
	struct preshared_key psk;
	struct ip_prefix addresses[8]; /* one a network of the interface */
	size_t addresses_count;
	const char *dns;         /* as in a file; NULL: none */
	const char *allowed_ips; /* what it sends into the tunnel, as in a file */
	const char *endpoint;    /* of the interface, HOST:PORT; NULL: left out */
	uint64_t keepalive;      /* seconds; 0: none */
	struct public_key server_key;
};

void clientconf_print(struct textbuf *out, const struct client *client);

/* "10.0.0.5/32, fd00::5/128". */
void clientconf_print_addresses(struct textbuf *out, const struct client *client);

#endif
