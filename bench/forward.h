/*
 * The limit: what a tunnel costs that does nothing but what must be done. The same system calls
 * as the daemon (TUN with offloads, UDP GSO and GRO in batches) and the same cipher, with one
 * fixed key, one fixed peer, no handshake, no timer, no replay window, no routing by address, no
 * check of what was decrypted.
 */
#ifndef CULVERT_BENCH_FORWARD_H
#define CULVERT_BENCH_FORWARD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include "bulk.h"
#include "tun.h"
#include "udp.h"

struct forward {
	struct tun tun; /* blocking */
	int udp_fd;     /* blocking */
	union sockaddress remote;
	socklen_t remote_len;
	enum bulk_kind cipher;
};

/* Both directions have the same key: nothing here is secret. */
extern const struct symmetric_key forward_key;

struct forward_out;
struct forward_in;

/* Ends the process when memory is short. */
struct forward_out *forward_out_create(const struct forward *forward);
struct forward_in *forward_in_create(const struct forward *forward);

/*
 * Takes what is there until nothing is, or about a batch is done, and sends it on; true: there may
 * be more. may_wait: when nothing is there, waits for it.
 */
bool forward_out_run(struct forward_out *out, bool may_wait);
bool forward_in_run(struct forward_in *in, bool may_wait);

/* Says what failed, by errno, and ends the process. */
_Noreturn void forward_die(const char *what);

#endif
