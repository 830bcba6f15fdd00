/* IP addresses in netlink attributes, and the kernel's numbers of the two families. */
#ifndef CULVERT_OS_IPATTR_H
#define CULVERT_OS_IPATTR_H

#include <stdint.h>
#include <libmnl/libmnl.h>
#include "addr.h"

/* AF_INET, AF_INET6 and back; 0 (AF_UNSPEC, IP_NONE) for anything else. */
uint8_t ipattr_family(uint8_t ip_family);
uint8_t ipattr_ip_family(uint8_t af);

/* Reads an address of the family that its length tells; IP_NONE when it is none. */
struct ip_addr ipattr_get(const struct nlattr *attr);
void ipattr_put(struct nlmsghdr *message, uint16_t type, const struct ip_addr *addr);

#endif
