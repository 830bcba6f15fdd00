/*
 * The outer sockets: IPv4 and IPv6 on one port, and batches of datagrams through them. A received
 * message may hold many datagrams of one source (UDP GRO), a sent one many for one destination
 * (UDP GSO). All memory is the caller's; a call allocates nothing.
 */
#ifndef CULVERT_OS_UDP_H
#define CULVERT_OS_UDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include "addr.h"
#include "indexmark.h"
#include "sockaddress.h"

enum {
	UDP_BATCH_MAX = 64,      /* messages a call */
	UDP_BUFFER_LEN = 65535,  /* holds whatever a socket may give */
	UDP_PAYLOAD_MAX = 65507, /* bytes of one message sent, all its segments together */
	UDP_SEGMENTS_MAX = 64,   /* datagrams in one message sent */
	/* Bytes of those; a longer message would be cut up by the processor, before the device. */
	UDP_SEGMENTED_MAX = 65440,
	UDP_CONTROL_LEN = 128,
	UDP_NAMED_MAX = 4,
	UDP_KNOWN_MAX = 64,
};

struct udp_pair {
	int fd4, fd6;  /* -1: this family is missing */
	uint16_t port; /* host byte order; never 0 when open */
	bool has_gso;  /* segment_len may be used in sending */
	bool has_gro;
};

/*
 * Binds both families to port, 0: one that is free for both. mark: SO_MARK, 0: none. A family the
 * system does not have is left out. -EADDRINUSE: the port is taken in a family.
 */
int udp_open(struct udp_pair *udp, uint16_t port, uint32_t mark);

/* Both at once for packets to come; 0 takes the mark away. */
int udp_set_mark(const struct udp_pair *udp, uint32_t mark);

/* Messages that begin with a number name the session that they belong to at a place. */
struct udp_named {
	uint32_t begin;
	uint32_t index_at;
};

/*
 * What udp_thin() lets in: of the messages that name a session all whose index bears the mark, and of
 * their rest one in 2^named_level, by chance; of all others one in 2^level. Those among them have a
 * level of their own that come from one of the known addresses, and of the rest those that begin with the
 * number claim and are not zero in the four bytes at claim_at. One that ends before what is asked for is
 * dropped. Places are bytes from the begin of the payload; numbers there are 32 bits, little-endian.
 */
struct udp_thinning {
	const struct udp_named *named;
	unsigned named_count; /* at most UDP_NAMED_MAX */
	struct index_mark mark;
	const struct ip_addr *known;
	unsigned known_count; /* at most UDP_KNOWN_MAX */
	uint32_t claim;
	uint32_t claim_at;
	unsigned level, named_level, known_level, claim_level;
};

/*
 * From here on the kernel drops what is not let in. All is when all levels are 0, and when the kernel
 * refuses.
 */
void udp_thin(const struct udp_pair *udp, const struct udp_thinning *thinning);

void udp_close(struct udp_pair *udp);

/* One message received: a datagram, or some of equal length (the last may be shorter). */
struct udp_in {
	void *buffer;         /* the caller's; may be another one at each call */
	size_t buffer_len;    /* UDP_BUFFER_LEN, so that nothing is ever cut */
	size_t len;           /* bytes received; 0 as well when the message did not fit: drop it */
	uint16_t segment_len; /* bytes of each datagram but the last; 0: one datagram */
	uint8_t ecn;          /* of the outer header, 0 to 3 */
	struct endpoint source; /* remote and local side; no IPv4-mapped addresses */
};

union udp_control {
	size_t align; /* as struct cmsghdr */
	unsigned char bytes[UDP_CONTROL_LEN];
};

/* What the kernel's calls want beside the messages; contents are this module's. */
struct udp_scratch {
	struct mmsghdr headers[UDP_BATCH_MAX];
	struct iovec pieces[UDP_BATCH_MAX];
	union sockaddress addresses[UDP_BATCH_MAX];
	union udp_control controls[UDP_BATCH_MAX];
	uint16_t origins[UDP_BATCH_MAX];
};

/*
 * Receives up to count (at most UDP_BATCH_MAX) messages from fd, one of the pair's; returns how
 * many, -EAGAIN when none is waiting. Reads buffer and buffer_len of each in[], writes the rest.
 */
int udp_receive(int fd, struct udp_in *in, unsigned count, struct udp_scratch *scratch);

/* One message to send: a datagram, or at most UDP_SEGMENTS_MAX of them for one destination. */
struct udp_out {
	/*
	 * Read during the call. With a `local` address the message leaves from it. The interface
	 * (local_ifindex) is named to the kernel only for IPv6 link-local addresses: elsewhere
	 * routing decides, as a bound interface without a route would swallow what it is given.
	 */
	const struct endpoint *to;
	struct iovec *pieces; /* the payload is these, one after the other; they are not changed */
	uint16_t pieces_count;
	uint16_t segment_len; /* cut the payload after each so many bytes; 0: one datagram */
	uint8_t ds;           /* the DS byte: DSCP and ECN */
	int result;           /* out: 0 sent, else -errno */
};

/*
 * Sends count (at most UDP_BATCH_MAX) messages, each family's in their order; returns how many
 * went out. out[].result tells each one's fate; one that is lost does not hold up those behind it,
 * but a full socket (-EAGAIN) fails all that are left of its family, and one that is to be sent
 * again in another way holds them (-ECANCELED), so that they do not overtake it.
 */
unsigned udp_send(const struct udp_pair *udp, struct udp_out *out, unsigned count,
	struct udp_scratch *scratch);

/* What a result means for the sender. */
enum udp_fate {
	UDP_SENT,
	UDP_FULL,         /* the socket's buffer is full: again when it is writable, or drop */
	UDP_BAD_SOURCE,   /* the local address is no good (any more): forget it and send again */
	UDP_BAD_SEGMENTS, /* the path does not take it in segments: send datagrams one by one */
	UDP_HELD,         /* not tried, as one before it is to be sent again: after that one */
	UDP_LOST,         /* anything else, such as no route: never fatal to a tunnel */
};

enum udp_fate udp_fate(const struct udp_out *out);

#endif
