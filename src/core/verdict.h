/*
 * Why a packet went no further: a closed list, each with one counter and one name. OK is zero.
 * And what the caller is asked to do next: effects, as bits.
 */
#ifndef CULVERT_CORE_VERDICT_H
#define CULVERT_CORE_VERDICT_H

/* V(name, text): text is what counters and logs call it. */
#define VERDICTS(V)                                                                                \
	V(OK, "ok")                                                                                \
	/* a datagram came in */                                                                   \
	V(BAD_MESSAGE, "bad-message")           /* not a type of ours, or not its length */        \
	V(NO_IDENTITY, "no-private-key")        /* we have no private key */                       \
	V(BAD_MAC1, "bad-mac1")                 /* made for another public key than ours */        \
	V(COOKIE_NEEDED, "cookie-needed")       /* under load: a cookie reply went back */         \
	V(RATE_LIMITED, "rate-limited")         /* under load: source too frequent */              \
	V(QUEUE_FULL, "queue-full")             /* too many handshakes waiting */                  \
	V(BAD_HANDSHAKE, "bad-handshake")       /* does not decrypt, or a low-order key */         \
	V(UNKNOWN_PEER, "unknown-peer")         /* a genuine key that is not configured */         \
	V(OLD_TIMESTAMP, "old-timestamp")       /* not newer than the last: a replay */            \
	V(INITIATION_FLOOD, "initiation-flood") /* less than 20 ms after the last one */           \
	V(NO_HANDSHAKE, "no-handshake")         /* answers nothing that we asked */                \
	V(BAD_COOKIE, "bad-cookie-reply")       /* unasked or does not decrypt */                  \
	V(NO_SESSION, "no-session")             /* data for an index that we do not know */        \
	V(EXPIRED, "expired")                   /* data under a key too old or too much used */    \
	V(BAD_TAG, "bad-tag")                   /* data that does not decrypt */                   \
	V(REPLAYED, "replayed")                 /* a counter seen before, or too old to tell */    \
	V(BAD_INNER, "bad-inner-packet")        /* decrypted, but not an IP packet */              \
	V(WRONG_SOURCE, "source-not-allowed")   /* inner source not in the peer's allowed IPs */   \
	/* a packet wants out */                                                                   \
	V(BAD_PACKET, "bad-packet")   /* not IPv4 or IPv6 */                                       \
	V(NO_PEER, "no-peer")         /* destination in no peer's allowed IPs */                   \
	V(LOOPED, "routing-loop")     /* a datagram of ours, routed back into the tunnel */        \
	V(NO_ENDPOINT, "no-endpoint") /* nothing known about where the peer is */                  \
	V(NO_KEY, "no-key")           /* must wait for a handshake */                              \
	V(STAGED_FULL, "staged-full") /* the oldest one waiting made room */                       \
	V(NOT_NOW, "not-now")         /* a handshake is under way or was just tried */             \
	V(GONE, "gone")               /* peer or key changed meanwhile */

enum verdict {
#define V(name, text) VERDICT_##name,
	VERDICTS(V)
#undef V
		VERDICT_COUNT
};

const char *verdict_name(enum verdict verdict);

/* What a call asks of its caller, for the peer that it names. */
enum effect {
	EFFECT_NONE = 0,
	EFFECT_INITIATE = 1 << 0,    /* start a handshake: handshake_prepare_initiation() */
	EFFECT_RETRY = 1 << 1,       /* the same, as a retransmission */
	EFFECT_KEEPALIVE = 1 << 2,   /* send one empty data message, unless packets wait */
	EFFECT_FLUSH = 1 << 3,       /* waiting packets can go now */
	EFFECT_DROP_STAGED = 1 << 4, /* waiting packets are given up */
	EFFECT_SEND = 1 << 5,        /* the job holds a datagram for the peer's endpoint */
	EFFECT_RUN_AGAIN = 1 << 6,   /* the job has a second step: run and finish it once more */
};

#endif
