/*
 * libculvert: the WireGuard protocol as a library without I/O.
 *
 * It turns plain IP packets into datagrams and back, and says when time alone asks for something.
 * Sockets, clocks, random numbers and memory are the caller's, so a tunnel can run over any
 * transport that carries datagrams: UDP, a serial line, a queue in a test. References are to the
 * paper, "WireGuard: Next Generation Kernel Network Tunnel" (https://www.wireguard.com/papers/).
 *
 *     struct culvert *tunnel;
 *     culvert_init(memory, &config, now, random, &tunnel);
 *     culvert_set_private_key(tunnel, private_key);
 *     culvert_add_peer(tunnel, public_key, &peer);         and its endpoint and allowed IPs
 *     for each packet from the inside:    culvert_send()    and send what it puts out
 *     for each datagram from the outside: culvert_receive() and send, and take the packet in
 *     when culvert_next() has come:       culvert_tick()    and send
 *
 * Rules. A tunnel belongs to one thread at a time; two tunnels share nothing. After culvert_init()
 * nothing allocates memory. Keys are 32 bytes as X25519 has them. Every pointer is used during the
 * call only, except that outputs point into the buffers named with each function, until the next
 * call. Integers are in host byte order. A datagram or packet that is refused changes nothing but
 * counters, and its error says why: anything may arrive from a network, so none of them is fatal.
 */
#ifndef CULVERT_CULVERT_H
#define CULVERT_CULVERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
	CULVERT_KEY_LEN = 32,
	/* Fresh random bytes that a call may need. */
	CULVERT_RANDOM_LEN = 128,
	/* The memory for a tunnel stands at a multiple of this. */
	CULVERT_MEMORY_ALIGN = 64,
	/* How far a packet's plain text stands behind the start of its datagram. */
	CULVERT_HEADER_LEN = 16,
	/* A datagram is at most so much longer than its packet: header, tag, padding. */
	CULVERT_OVERHEAD_MAX = 16 + 16 + 15,
	/* No longer packet can be sent. */
	CULVERT_PACKET_MAX = 65535 - CULVERT_OVERHEAD_MAX,
};

/* Numbers stay as they are; culvert_error_name() gives each a short text. */
enum culvert_error {
	CULVERT_OK = 0,
	/* The packet must wait for a key: offer it again when an output says may_flush. */
	CULVERT_WAIT = 1,
	CULVERT_BAD_ARGUMENT = 2,   /* out of its documented range */
	CULVERT_UNAVAILABLE = 3,    /* memory or a library below is missing; from culvert_init() */
	CULVERT_NO_ROOM = 4,        /* peers_max, prefixes_max or the size of a buffer */
	CULVERT_PEER_EXISTS = 5,    /* there is one with this key, or it is our own key */
	CULVERT_NO_PEER = 6,        /* no such peer, or none for the packet's destination */
	CULVERT_NO_ENDPOINT = 7,    /* nothing known about where the peer is */
	CULVERT_NO_PRIVATE_KEY = 8, /* set one first */
	CULVERT_BAD_PACKET = 9,     /* a plain packet that is not IPv4 or IPv6 */
	CULVERT_BAD_MESSAGE = 10,   /* not one of the four messages, or not its length */
	CULVERT_NOT_FOR_US = 11,    /* mac1 is made for another public key (section 5.4.4) */
	CULVERT_COOKIE_SENT = 12,   /* busy: the sender must prove its address (section 5.3) */
	CULVERT_RATE_LIMITED = 13,  /* busy: too many handshakes from this address */
	CULVERT_NOT_GENUINE = 14,   /* does not decrypt, or names a key of low order */
	CULVERT_UNKNOWN_PEER = 15,  /* a genuine handshake of somebody who is no peer */
	CULVERT_REPLAYED = 16,      /* seen before, too old to tell, or too soon (section 5.1) */
	CULVERT_UNKNOWN_SESSION = 17, /* answers nothing that we asked, or a forgotten key */
	CULVERT_EXPIRED = 18,         /* under a key too old or too much used (section 6.1) */
	CULVERT_WRONG_SOURCE = 19,    /* inner source is not the peer's (section 2) */
};

/* A text such as "wrong-source"; "unknown" for other numbers. Static. */
const char *culvert_error_name(enum culvert_error error);

/* Now. */
struct culvert_time {
	uint64_t steady_ns; /* nanoseconds that never go back and count suspend; never 0 */
	uint64_t wall_s;    /* since 1970: for handshake timestamps (section 5.1) and status */
	uint32_t wall_ns;   /* below 1000000000 */
};

/*
 * Where datagrams go to or came from. Of a transport without IP addresses, any number that tells
 * senders apart will do. Unused bytes are zero.
 */
struct culvert_address {
	uint8_t family;    /* 4, 6, or 0: not known */
	uint8_t bytes[16]; /* IPv4: the first four */
	uint16_t port;
	uint32_t scope; /* interface of an IPv6 link-local address, else 0 */
};

struct culvert_prefix {
	uint8_t family; /* 4 or 6 */
	uint8_t bytes[16];
	uint8_t bits; /* up to 32 or 128; bits behind them are ignored */
};

/* A peer of one tunnel. After its removal the name stays unused: calls say CULVERT_NO_PEER. */
struct culvert_peer {
	uint32_t slot, generation;
};

struct culvert_config {
	uint32_t peers_max;    /* 1 to 1048576 */
	uint32_t prefixes_max; /* allowed IPs of all peers, at least 1 */
	uint16_t mtu;          /* padding stays within it (section 5.4.6); 0: no limit */
};

struct culvert_datagram {
	uint8_t *bytes;
	size_t len;
	struct culvert_address address;
	uint8_t tos; /* of the outer IP header: ECN in the low two bits */
};

/* What a call puts out. */
struct culvert_output {
	/* A packet for the inside; packet_len is 0 when there is none. */
	uint8_t *packet;
	size_t packet_len;
	/* To be sent, in this order. */
	unsigned datagrams_count;
	struct culvert_datagram datagrams[2];
	/* Whom it is about, where is_peer. */
	bool is_peer;
	struct culvert_peer peer;
	bool may_flush; /* packets that wait for this peer can go now */
	bool gave_up;   /* nobody answered for a hundred seconds: drop them (section 6.4) */
};

struct culvert_status {
	struct culvert_address endpoint;
	uint64_t sent_bytes, received_bytes; /* of datagrams that culvert put out and took in */
	uint64_t last_handshake_s;           /* since 1970; 0: never */
	uint16_t keepalive_s;
	bool has_session; /* a packet sent now would not wait */
};

struct culvert;

/* Bytes that a tunnel needs; 0 when the config is out of range. */
size_t culvert_size(const struct culvert_config *config);

/*
 * Starts a tunnel, without keys and peers, in culvert_size() zeroed bytes at memory. Allocates
 * the cipher's scratch memory, too; culvert_fini() frees it and wipes all secrets. memory stays
 * the caller's, in place until then.
 */
enum culvert_error culvert_init(void *memory, const struct culvert_config *config,
	const struct culvert_time *now, const uint8_t random[CULVERT_RANDOM_LEN],
	struct culvert **tunnel);
void culvert_fini(struct culvert *tunnel);

/* The public key of a private one, which any 32 random bytes are. Needs no tunnel. */
void culvert_public_key(
	const uint8_t private_key[CULVERT_KEY_LEN], uint8_t public_key[CULVERT_KEY_LEN]);

/*
 * Our own key, all zero for none. Another key than before: handshakes in progress end, sessions
 * receive but no longer send, and a peer with our own public key is removed.
 */
void culvert_set_private_key(struct culvert *tunnel, const uint8_t private_key[CULVERT_KEY_LEN]);

/* PEER_EXISTS or NO_ROOM when it cannot be added. */
enum culvert_error culvert_add_peer(struct culvert *tunnel,
	const uint8_t public_key[CULVERT_KEY_LEN], struct culvert_peer *peer);
enum culvert_error culvert_find_peer(const struct culvert *tunnel,
	const uint8_t public_key[CULVERT_KEY_LEN], struct culvert_peer *peer);

/* Wipes the peer's keys and takes its allowed IPs out. */
enum culvert_error culvert_remove_peer(struct culvert *tunnel, struct culvert_peer peer);

/* All zero for none; counts from the next handshake on (section 5.2). */
enum culvert_error culvert_set_preshared_key(struct culvert *tunnel, struct culvert_peer peer,
	const uint8_t preshared_key[CULVERT_KEY_LEN]);

/* Where the peer is until it is heard from elsewhere (section 2.1). */
enum culvert_error culvert_set_endpoint(
	struct culvert *tunnel, struct culvert_peer peer, const struct culvert_address *endpoint);

/* Something is sent at least every so many seconds; 0: only when there is need. */
enum culvert_error culvert_set_keepalive(struct culvert *tunnel, struct culvert_peer peer,
	uint16_t seconds, const struct culvert_time *now);

/*
 * The inner addresses that are the peer's: packets to them go to it, packets from it must come
 * from them; the longest prefix decides (section 2). A prefix that another peer has moves.
 */
enum culvert_error culvert_add_allowed_ip(
	struct culvert *tunnel, struct culvert_peer peer, const struct culvert_prefix *prefix);
enum culvert_error culvert_remove_allowed_ip(
	struct culvert *tunnel, struct culvert_peer peer, const struct culvert_prefix *prefix);

enum culvert_error culvert_get_status(const struct culvert *tunnel, struct culvert_peer peer,
	const struct culvert_time *now, struct culvert_status *status);

/* More handshakes arrive than can be served: senders must prove their address (section 5.3). */
void culvert_set_busy(struct culvert *tunnel, bool is_busy);

/*
 * A packet of len bytes for the inside of the tunnel. OK: its datagram is in buffer, of
 * buffer_size >= len + CULVERT_OVERHEAD_MAX bytes; the packet may stand at buffer +
 * CULVERT_HEADER_LEN already, else it does not overlap. WAIT, NO_ENDPOINT and NO_PEER: the caller
 * keeps, answers or drops it. A datagram of the handshake may be put out with OK and with WAIT.
 */
enum culvert_error culvert_send(struct culvert *tunnel, const struct culvert_time *now,
	const uint8_t random[CULVERT_RANDOM_LEN], const uint8_t *packet, size_t len,
	uint8_t *buffer, size_t buffer_size, struct culvert_output *output);

/*
 * A datagram that came; decrypted where it is, so its bytes change and output->packet is in them.
 * With an error there can be something to send all the same.
 */
enum culvert_error culvert_receive(struct culvert *tunnel, const struct culvert_time *now,
	const uint8_t random[CULVERT_RANDOM_LEN], struct culvert_datagram *datagram,
	struct culvert_output *output);

/*
 * Takes one timer that is due (section 6); false when none is. Call until then, sending each
 * output.
 */
bool culvert_tick(struct culvert *tunnel, const struct culvert_time *now,
	const uint8_t random[CULVERT_RANDOM_LEN], struct culvert_output *output);

/* The steady time of the next culvert_tick(); UINT64_MAX: not before another call. */
uint64_t culvert_next(const struct culvert *tunnel);

#ifdef __cplusplus
}
#endif

#endif
