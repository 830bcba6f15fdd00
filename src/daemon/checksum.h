/*
 * The Internet checksum (RFC 1071) over long runs of bytes.
 */
#ifndef CULVERT_DAEMON_CHECKSUM_H
#define CULVERT_DAEMON_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* Adds len bytes, the first of them at an even place, to a running sum; 0 starts one. */
uint64_t checksum_add(uint64_t sum, const void *bytes, size_t len);

/* Folds a running sum to 16 bits, not complemented, host byte order. */
uint16_t checksum_fold(uint64_t sum);

/*
 * The running sum of the pseudo-header: addresses of the IP packet, protocol, and `len` bytes
 * from the transport header on.
 */
uint64_t checksum_pseudo(const uint8_t *packet, uint8_t protocol, size_t len);

#endif
