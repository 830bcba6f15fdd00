/*
 * Everything that the doctor has seen, as values: gatherers fill it, checks read it, a test makes one
 * by hand. What could not be seen is marked so, and no check speaks of it.
 */
#ifndef CULVERT_DOCTOR_EVIDENCE_H
#define CULVERT_DOCTOR_EVIDENCE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "confsettings.h"
#include "incidents.h"
#include "options.h"
#include "resolve.h"
#include "state.h"
#include "wall.h"

enum backend {
	BACKEND_NONE,   /* nothing answers for this interface */
	BACKEND_DAEMON, /* a control socket */
	BACKEND_KERNEL,
};

/* Where packets to an address go. */
struct way {
	bool is_asked;
	struct ip_addr to;
	int error; /* -ENETUNREACH, -EHOSTUNREACH, ...; 0: by this link */
	uint32_t ifindex;
	uint32_t mtu;  /* of the link or route; 0: not known */
	bool is_local; /* to this machine itself */
};

/* A datagram to the endpoint from a socket of the doctor's own: what came back. */
struct knock {
	bool is_done;
	int send_error;        /* errno of the send; 0: it left */
	int error;             /* errno of an ICMP answer; 0: none came */
	struct ip_addr sender; /* of the ICMP */
	struct ip_addr source; /* the address that it left from */
};

/* Pings through the tunnel, with DF. */
struct probe {
	bool is_done;
	struct ip_addr target;
	bool is_answered;     /* small ones */
	bool big_is_answered; /* as long as the interface's MTU */
	uint32_t best_mtu;    /* the longest answered, when big ones are not; 0: not known */
};

struct peer_evidence {
	struct way endpoint;  /* with the tunnel's mark */
	struct way unmarked;  /* the same without: what the answer's source is checked against */
	int uplink_rp_filter; /* of the link to the endpoint: 0, 1 strict, 2; below 0: not known */
	struct knock knock;
	struct probe probe;
	uint64_t rx_grown, tx_grown; /* bytes, while the doctor looked */
};

/* An address inside an allowed IP: does it go into the tunnel? */
struct allowed_way {
	size_t peer, ip;
	struct way way;
};

/* A host name in the file's Endpoint. */
struct name_evidence {
	size_t peer; /* of the file */
	int code;    /* getaddrinfo's; 0: resolved */
	struct resolved found;
};

struct file_evidence {
	char path[PATH_MAX];
	bool is_there;
	int error;            /* it cannot be read: -errno */
	unsigned mode;        /* permission bits */
	unsigned parent_mode; /* of its directory */
	int64_t changed_at;   /* seconds since 1970 */
	bool has_errors;      /* what could be understood is in settings */
	struct conf_document document;
	struct conf_settings settings;
	struct conf_errors errors;
	struct options options;
	bool has_public_key;
	struct public_key public_key;
	struct name_evidence *names;
	size_t names_count;
};

/* Another WireGuard interface of this machine. */
struct other_tunnel {
	struct device_settings device;
};

/* Questions to the firewall, each for IPv4 and IPv6. */
enum wall_question {
	WALL_CALL_IN,     /* a new datagram to our port */
	WALL_ANSWER_IN,   /* an answer to ours */
	WALL_CALL_OUT,    /* a datagram to the endpoint */
	WALL_FROM_TUNNEL, /* passed on: tunnel to elsewhere */
	WALL_TO_TUNNEL,   /* and its answer back */
	WALL_PING_IN,     /* a ping out of the tunnel to ourselves */
	WALL_QUESTIONS
};

struct wall_evidence {
	bool is_seen;         /* the rules could be read */
	bool has_masquerade;  /* some rule hides something */
	bool hides_tunnel[2]; /* what comes from the tunnel's network, IPv4 and IPv6 */
	bool is_asked[WALL_QUESTIONS][2];
	struct wall_answer answers[WALL_QUESTIONS][2];
};

struct resolver_evidence {
	struct ip_addr server;
	struct way way;
};

enum { RESOLVERS_MAX = 6 };

struct evidence {
	char ifname[IFNAME_LEN_MAX + 1];
	struct state system; /* links, addresses, routes, rules; the device; sysctls of wg-quick */
	enum backend backend;
	int get_error;         /* why the device could not be read: -errno; 0 */
	bool has_stale_socket; /* a control socket that nobody listens on */
	bool is_elsewhere;     /* the sockets live in another network namespace */
	bool has_public_key;
	struct public_key public_key;
	struct file_evidence file;
	struct peer_evidence *peers; /* as many as the device has */
	struct allowed_way *ways;
	size_t ways_count;
	struct other_tunnel *others;
	size_t others_count;
	bool knows_port; /* /proc/net/udp could be read */
	bool port_is_bound;
	struct wall_evidence wall;
	int forwarding[2]; /* 0, 1; below 0: not known */
	uint64_t
		strangers_turned_away; /* packets for others while forwarding was off, since boot */
	struct resolver_evidence resolvers[RESOLVERS_MAX];
	size_t resolvers_count;
	bool has_log; /* the daemon tells what it refused */
	struct incident_log log;
	struct textbuf log_text;          /* that it points into */
	int64_t now;                      /* seconds since 1970 */
	bool has_hooks_for_forwarding[2]; /* the file's hooks speak of it: IPv4, IPv6 */
	bool has_hooks_for_masquerade;
};

void evidence_init(struct evidence *evidence, const char *ifname);
void evidence_fini(struct evidence *evidence);

/* The device to judge: the running one; where there is none, the file's. NULL: neither. */
const struct device_settings *evidence_device(const struct evidence *evidence);

/* The link of this index; NULL: none. */
const struct iflink *evidence_link(const struct evidence *evidence, uint32_t ifindex);
const char *evidence_link_name(const struct evidence *evidence, uint32_t ifindex);

/* Is it an address of this machine? */
bool evidence_is_own(const struct evidence *evidence, const struct ip_addr *addr);

/* Has the interface an address of this family? */
bool evidence_has_family(const struct evidence *evidence, uint8_t family);

/* The peer's handshake is less than three minutes old: its session can carry data. */
bool evidence_is_fresh(const struct evidence *evidence, const struct peer_settings *peer);

/* The file's section of this peer; NULL: there is none. */
const struct peer_settings *evidence_file_peer(
	const struct evidence *evidence, const struct public_key *key);

/* The peer must call us: no endpoint is configured for it. */
bool evidence_must_call(const struct evidence *evidence, const struct peer_settings *peer);

/* The peer's name in the file, else the beginning of its key. */
enum { PEER_LABEL_MAX = PEER_NAME_LEN_MAX + 8 };
const char *evidence_label(
	const struct evidence *evidence, size_t peer, char label[PEER_LABEL_MAX + 1]);

#endif
