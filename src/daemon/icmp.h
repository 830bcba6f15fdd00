/*
 * The answer to a packet that cannot go anywhere: ICMP host unreachable, ICMPv6 address
 * unreachable (RFC 792, RFC 4443), as Linux' WireGuard sends it.
 */
#ifndef CULVERT_DAEMON_ICMP_H
#define CULVERT_DAEMON_ICMP_H

#include <stddef.h>
#include <stdint.h>

enum { ICMP_UNREACHABLE_MAX = 1280 };

/*
 * Writes the answer to packet (ip_parse() accepted it) into out, ICMP_UNREACHABLE_MAX bytes;
 * returns its length, 0 when the rules forbid one: an answer to an ICMP error, to a fragment that
 * is not the first, to or from a group or nobody. Its source is the destination that cannot be reached:
 * Linux drops one from the host's own address as a martian.
 */
size_t icmp_unreachable(const uint8_t *packet, size_t len, uint8_t *out);

#endif
