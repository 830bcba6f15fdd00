/* The verbs of `culvert peer`, and what their options say. */
#ifndef CULVERT_CULVERT_PEERVERBS_H
#define CULVERT_CULVERT_PEERVERBS_H

#include <stdbool.h>
#include <stdint.h>
#include "subcommand.h"

/* NULL, 0 or false: not given. */
struct peer_call {
	const char *interface;
	const char *name; /* as typed: a name or a public key */
	const char *new_name;
	const char *public_key, *expires, *allowed_ips, *routes, *dns, *endpoint;
	const char *output, *png, *svg;
	uint64_t keepalive;
	bool has_no_psk, is_qr, is_json;
};

/* --expires as seconds since 1970; 0 without it, or for "never". False: it has complained. */
bool peer_read_expires(const struct peer_call *call, int64_t *expires);

typedef enum status peer_verb(const struct peer_call *call);

peer_verb peer_add, peer_rotate, peer_remove, peer_disable, peer_enable, peer_rename, peer_expire,
	peer_list, peer_show, peer_print_names;

#endif
