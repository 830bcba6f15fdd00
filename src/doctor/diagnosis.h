/*
 * What the doctor finds: a closed list of codes, each with its level and its meaning, and a list
 * of findings with the evidence for each and the command that mends it. Codes are for people and
 * scripts to keep: they do not change. docs/doctor.md explains them.
 */
#ifndef CULVERT_DOCTOR_DIAGNOSIS_H
#define CULVERT_DOCTOR_DIAGNOSIS_H

#include <stdbool.h>
#include <stddef.h>

enum doctor_level {
	DOCTOR_NOTE,    /* good to know; nothing is wrong for it alone */
	DOCTOR_WARNING, /* will not do as meant, or not always */
	DOCTOR_BROKEN,  /* no traffic, or not all of it, until it is mended */
};

/* C(name, level, code) in the order in which a person would look. */
#define DOCTOR_CODES(C)                                                                            \
	/* the interface */                                                                        \
	C(INTERFACE_MISSING, BROKEN, "interface-missing")                                          \
	C(DAEMON_GONE, BROKEN, "daemon-gone")                                                      \
	C(NOT_WIREGUARD, BROKEN, "not-wireguard")                                                  \
	C(TWO_BACKENDS, WARNING, "two-backends")                                                   \
	C(INTERFACE_DOWN, BROKEN, "interface-down")                                                \
	C(ADDRESS_MISSING, BROKEN, "address-missing")                                              \
	C(ADDRESS_DIFFERS, WARNING, "address-differs")                                             \
	C(IPV6_DISABLED, BROKEN, "ipv6-disabled")                                                  \
	C(NO_PEERS, WARNING, "no-peers")                                                           \
	/* keys */                                                                                 \
	C(PRIVATE_KEY_MISSING, BROKEN, "private-key-missing")                                      \
	C(OWN_KEY_AS_PEER, BROKEN, "own-key-as-peer")                                              \
	C(PRIVATE_KEY_AS_PEER, BROKEN, "private-key-as-peer")                                      \
	C(PEER_KEY_TWICE, BROKEN, "peer-key-twice")                                                \
	C(KEY_ON_TWO_INTERFACES, WARNING, "key-on-two-interfaces")                                 \
	/* the file */                                                                             \
	C(CONFIG_ERROR, BROKEN, "config-error")                                                    \
	C(CONFIG_READABLE, WARNING, "config-readable")                                             \
	C(CONFIG_KEY_DIFFERS, BROKEN, "config-key-differs")                                        \
	C(CONFIG_DIFFERS, WARNING, "config-differs")                                               \
	/* the clock */                                                                            \
	C(CLOCK_WRONG, BROKEN, "clock-wrong")                                                      \
	/* names */                                                                                \
	C(ENDPOINT_NAME_FAILS, BROKEN, "endpoint-name-fails")                                      \
	C(ENDPOINT_NAME_MOVED, WARNING, "endpoint-name-moved")                                     \
	C(DNS_LEAK, WARNING, "dns-leak")                                                           \
	/* the way to the endpoint */                                                              \
	C(PORT_NOT_BOUND, BROKEN, "port-not-bound")                                                \
	C(ENDPOINT_IS_OWN, BROKEN, "endpoint-is-own")                                              \
	C(ENDPOINT_UNROUTABLE, BROKEN, "endpoint-unroutable")                                      \
	C(ENDPOINT_LOOP, BROKEN, "endpoint-loop")                                                  \
	C(RP_FILTER, BROKEN, "rp-filter")                                                          \
	C(PORT_FIREWALLED, BROKEN, "port-firewalled")                                              \
	C(REPLIES_FIREWALLED, BROKEN, "replies-firewalled")                                        \
	C(OUTPUT_FIREWALLED, BROKEN, "output-firewalled")                                          \
	C(FIREWALL_UNCLEAR, NOTE, "firewall-unclear")                                              \
	C(ENDPOINT_REFUSES, BROKEN, "endpoint-refuses")                                            \
	/* allowed IPs and routes */                                                               \
	C(ALLOWED_IPS_MISSING, BROKEN, "allowed-ips-missing")                                      \
	C(ALLOWED_IP_TWICE, BROKEN, "allowed-ip-twice")                                            \
	C(ALLOWED_IP_IS_OWN, WARNING, "allowed-ip-is-own")                                         \
	C(ALLOWED_IP_UNROUTED, BROKEN, "allowed-ip-unrouted")                                      \
	C(NETWORK_COLLISION, WARNING, "network-collision")                                         \
	C(OTHER_TUNNEL_OVERLAP, WARNING, "other-tunnel-overlap")                                   \
	/* what was refused */                                                                     \
	C(WRONG_KEY_THERE, BROKEN, "wrong-key-there")                                              \
	C(UNKNOWN_PEER, BROKEN, "unknown-peer")                                                    \
	C(PRESHARED_MISMATCH, BROKEN, "preshared-mismatch")                                        \
	C(DAMAGED_HANDSHAKE, WARNING, "damaged-handshake")                                         \
	C(OLD_TIMESTAMP, BROKEN, "old-timestamp")                                                  \
	C(KEY_ON_TWO_DEVICES, BROKEN, "key-on-two-devices")                                        \
	C(SOURCE_NOT_ALLOWED, BROKEN, "source-not-allowed")                                        \
	C(DESTINATION_NO_PEER, WARNING, "destination-no-peer")                                     \
	C(PEER_UNDER_LOAD, NOTE, "peer-under-load")                                                \
	C(SEND_FAILS, BROKEN, "send-fails")                                                        \
	/* handshakes and traffic */                                                               \
	C(NO_ENDPOINT, NOTE, "no-endpoint")                                                        \
	C(NO_HANDSHAKE, BROKEN, "no-handshake")                                                    \
	C(HANDSHAKE_STALE, BROKEN, "handshake-stale")                                              \
	C(ANSWER_LOST, BROKEN, "answer-lost")                                                      \
	C(NAT_NO_KEEPALIVE, WARNING, "nat-no-keepalive")                                           \
	/* sizes */                                                                                \
	C(MTU_TOO_BIG, WARNING, "mtu-too-big")                                                     \
	C(MTU_TOO_SMALL, BROKEN, "mtu-too-small")                                                  \
	C(MTU_BLACK_HOLE, BROKEN, "mtu-black-hole")                                                \
	/* passing on */                                                                           \
	C(FORWARDING_OFF, BROKEN, "forwarding-off")                                                \
	C(FORWARD_FIREWALLED, BROKEN, "forward-firewalled")                                        \
	C(MASQUERADE_LOST, BROKEN, "masquerade-lost")                                              \
	C(TUNNEL_FIREWALLED, NOTE, "tunnel-firewalled")

enum doctor_code {
#define C(name, level, code) FOUND_##name,
	DOCTOR_CODES(C)
#undef C
		FOUND_CODES
};

const char *doctor_code_name(enum doctor_code code);
enum doctor_level doctor_code_level(enum doctor_code code);

/* "broken", "warning", "note". */
const char *doctor_level_name(enum doctor_level level);

enum { DOCTOR_NO_PEER = -1 };

struct doctor_finding {
	enum doctor_code code;
	enum doctor_level level;
	long peer;      /* index in the device looked at, or DOCTOR_NO_PEER */
	char *evidence; /* one line: what was seen, and what follows. Owned */
	char *fix;      /* a command ready to paste, or NULL: there is none. Owned */
};

/* All zero is an empty one. */
struct diagnosis {
	struct doctor_finding *list;
	size_t count, room;
	bool is_short; /* memory ran out: there are more */
};

void diagnosis_fini(struct diagnosis *diagnosis);

/*
 * Appends a finding with its code's level. Takes over fix (from doctor_text(), may be NULL). One
 * of the same code, peer and evidence is not told twice.
 */
struct doctor_finding *diagnosis_add(struct diagnosis *diagnosis, enum doctor_code code, long peer,
	char *fix, const char *evidence, ...) __attribute__((format(printf, 5, 6)));

/* A text to be freed; NULL when memory is short. */
char *doctor_text(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Is there one of this code, for this peer (DOCTOR_NO_PEER: for any, or none)? */
bool diagnosis_has(const struct diagnosis *diagnosis, enum doctor_code code, long peer);

/* The worst level of what concerns this peer: its own findings and those of no peer. */
enum doctor_level diagnosis_worst_for(const struct diagnosis *diagnosis, long peer);

/* The worst of all; a note when there is nothing. */
enum doctor_level diagnosis_worst(const struct diagnosis *diagnosis);

/* The worst come first; within a level the order stays. */
void diagnosis_sort(struct diagnosis *diagnosis);

#endif
