/*
 * Datagrams in: from the UDP sockets, by the core, to the TUN device, decrypted where they lie and
 * joined into super-packets. Handshakes go to the handshaker.
 */
#ifndef CULVERT_DAEMON_INGRESS_H
#define CULVERT_DAEMON_INGRESS_H

#include <stdbool.h>
#include "instant.h"
#include "tunnel.h"

int ingress_create(struct ingress **ingress, unsigned offloads);
void ingress_destroy(struct ingress *ingress);

/* Takes one batch from fd, a socket of the tunnel's; true when there may be more. */
bool ingress_run(struct tunnel *tunnel, int fd, struct moment now);

#endif
