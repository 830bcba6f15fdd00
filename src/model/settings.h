/*
 * A WireGuard device and its peers as values: what a configuration file, a command line, the
 * control protocol and the kernel's netlink family all say in their own words. The same records
 * describe a change (a set: `has` names what changes) and a state (a get: `has` names what is
 * there). Nothing here knows where they came from or go to.
 */
#ifndef CULVERT_MODEL_SETTINGS_H
#define CULVERT_MODEL_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "addr.h"
#include "keys.h"

enum device_attr {
	DEVICE_HAS_PRIVATE_KEY = 1 << 0,
	DEVICE_HAS_LISTEN_PORT = 1 << 1,
	DEVICE_HAS_FWMARK = 1 << 2,
	DEVICE_HAS_PUBLIC_KEY = 1 << 3, /* get only: from netlink, or derived */
};

enum peer_attr {
	PEER_HAS_PRESHARED_KEY = 1 << 0,
	PEER_HAS_ENDPOINT = 1 << 1,
	PEER_HAS_KEEPALIVE = 1 << 2,
	PEER_HAS_STATS = 1 << 3, /* get only */
};

enum {
	IFNAME_LEN_MAX = 15,
	PEER_NAME_LEN_MAX = 63,
};

struct allowed_ip {
	struct ip_prefix prefix;
	bool remove; /* set only: take this prefix from the peer */
};

struct peer_settings {
	struct public_key public_key;
	unsigned has;                       /* enum peer_attr */
	struct preshared_key preshared_key; /* all zero: none */
	struct endpoint endpoint;
	uint16_t keepalive; /* seconds; 0: off */
	/* set only */
	bool remove;
	bool update_only;
	bool replace_allowed_ips;
	bool initiate; /* shake hands now, whatever session there is; culvertd's own word */
	/* get only */
	struct {
		int64_t sec; /* since 1970; 0: never */
		int64_t nsec;
	} last_handshake;
	uint64_t rx_bytes, tx_bytes;
	/* In the order given; owned by the record. */
	struct allowed_ip *allowed_ips;
	size_t allowed_ips_count, allowed_ips_room;
};

struct device_settings {
	char name[IFNAME_LEN_MAX + 1];
	unsigned has;                   /* enum device_attr */
	struct private_key private_key; /* all zero: remove it */
	struct public_key public_key;
	uint16_t listen_port; /* 0: any free one */
	uint32_t fwmark;      /* 0: off */
	bool replace_peers;   /* set only */
	/* In the order given; owned by the record. A key may come more than once in a set. */
	struct peer_settings *peers;
	size_t peers_count, peers_room;
};

/* An empty record; settings_fini() wipes keys and frees what it owns. */
void settings_init(struct device_settings *device);
void settings_fini(struct device_settings *device);

/*
 * Appends an empty peer or allowed IP and returns it, valid until the next call; NULL when memory
 * is short.
 */
struct peer_settings *settings_add_peer(struct device_settings *device);
struct allowed_ip *settings_add_allowed_ip(struct peer_settings *peer);

/* The peer with that key, the first where there are several; NULL: there is none. */
const struct peer_settings *settings_find_peer(
	const struct device_settings *device, const struct public_key *key);

#endif
