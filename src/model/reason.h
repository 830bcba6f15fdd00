/*
 * What can happen to a tunnel that is worth remembering: a closed list, shared by the daemon that
 * counts and the commands that tell. A code is part of the control protocol and never changes.
 */
#ifndef CULVERT_MODEL_REASON_H
#define CULVERT_MODEL_REASON_H

#include "span.h"

/* R(name, code, text): text goes on where a time and a source stand before it. */
#define REASONS(R)                                                                                 \
	/* a datagram came in and went no further */                                               \
	R(BAD_MESSAGE, "bad-message", "sent something that is no WireGuard message")               \
	R(NO_PRIVATE_KEY, "no-private-key",                                                        \
		"cannot shake hands: this interface has no private key")                           \
	R(BAD_MAC1, "bad-mac1",                                                                    \
		"sent a handshake for another public key than ours: its public key for us is "     \
		"wrong")                                                                           \
	R(COOKIE_NEEDED, "cookie-needed", "was asked for a cookie: we are under load")             \
	R(RATE_LIMITED, "rate-limited", "sent too many handshakes while we are under load")        \
	R(QUEUE_FULL, "queue-full", "sent a handshake, but too many wait already")                 \
	R(FLOOD, "flood",                                                                          \
		"strangers send more than there is time for: part of it is dropped unseen")        \
	R(BAD_HANDSHAKE, "bad-handshake",                                                          \
		"sent an initiation that does not decrypt: damaged, or not WireGuard")             \
	R(UNKNOWN_PEER, "unknown-peer", "wants to connect with a key that is not configured")      \
	R(OLD_TIMESTAMP, "old-timestamp",                                                          \
		"sent an old initiation: its clock went back, a replay, or two devices with one "  \
		"key")                                                                             \
	R(INITIATION_FLOOD, "initiation-flood", "sent initiations too quickly one after another")  \
	R(NO_HANDSHAKE, "no-handshake", "answered a handshake that we do not wait for (any more)") \
	R(BAD_RESPONSE, "bad-response",                                                            \
		"answered, but the answer does not decrypt: the preshared keys differ")            \
	R(BAD_COOKIE, "bad-cookie-reply", "sent a cookie that we did not ask for")                 \
	R(NO_SESSION, "no-session", "sent data for a session that we do not have (any more)")      \
	R(EXPIRED, "expired", "sent data under a key that is too old")                             \
	R(BAD_TAG, "bad-tag", "sent data that does not decrypt: damaged or forged")                \
	R(REPLAYED, "replayed", "sent data that came before: a replay, or doubled on the way")     \
	R(BAD_INNER, "bad-inner-packet", "sent something that is no IP packet")                    \
	R(WRONG_SOURCE, "source-not-allowed",                                                      \
		"sent a packet from an address that is not in its allowed IPs")                    \
	/* a packet wanted out and did not go */                                                   \
	R(BAD_PACKET, "bad-packet", "packet to send that is no IP packet")                         \
	R(NO_PEER, "no-peer", "packet for an address that is in no peer's allowed IPs")            \
	R(LOOPED, "routing-loop", "a route leads our own datagrams back into the tunnel")          \
	R(NO_ENDPOINT, "no-endpoint", "has no endpoint: it must call first, or be given one")      \
	R(STAGED_FULL, "staged-full",                                                              \
		"packets for it were dropped: too many wait for a handshake")                      \
	R(SEND_DENIED, "send-denied", "the local firewall forbids to send to it")                  \
	R(SEND_UNREACHABLE, "send-unreachable", "there is no route to it")                         \
	R(SEND_NO_SOURCE, "send-no-source", "the address to send from is gone")                    \
	R(SEND_TOO_LONG, "send-too-long", "a datagram was too long for the way to it")             \
	R(SEND_FULL, "send-full", "a datagram was dropped: the socket is full")                    \
	R(SEND_FAILED, "send-failed", "a datagram could not be sent")                              \
	R(GAVE_UP, "gave-up",                                                                      \
		"did not answer 20 initiations: gave up until there is traffic again")             \
	/* what went well */                                                                       \
	R(INITIATION_SENT, "initiation-sent", "was sent an initiation")                            \
	R(RESPONSE_SENT, "response-sent", "sent an initiation and was answered")                   \
	R(HANDSHAKE_DONE, "handshake-done", "completed a handshake")                               \
	R(COOKIE_RECEIVED, "cookie-received", "is under load and sent us a cookie")                \
	R(ROAMED, "roamed", "came from a new address")

enum reason {
#define R(name, code, text) REASON_##name,
	REASONS(R)
#undef R
		REASON_COUNT
};

const char *reason_code(enum reason reason);

/* What it means, in words. */
const char *reason_text(enum reason reason);

/* REASON_COUNT when it is not one of ours. */
enum reason reason_by_code(struct span code);

#endif
