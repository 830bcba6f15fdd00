/* Addresses as netlink attributes. */
#include <string.h>
#include <sys/socket.h>
#include "ipattr.h"

uint8_t ipattr_family(uint8_t ip_family)
{
	return ip_family == IP_V4 ? AF_INET : ip_family == IP_V6 ? AF_INET6 : AF_UNSPEC;
}

uint8_t ipattr_ip_family(uint8_t af)
{
	return af == AF_INET ? IP_V4 : af == AF_INET6 ? IP_V6 : IP_NONE;
}

struct ip_addr ipattr_get(const struct nlattr *attr)
{
	struct ip_addr addr = {0};
	uint16_t len = mnl_attr_get_payload_len(attr);

	if (len == ip_bytes(IP_V4))
		addr.family = IP_V4;
	else if (len == ip_bytes(IP_V6))
		addr.family = IP_V6;
	else
		return addr;
	memcpy(addr.b, mnl_attr_get_payload(attr), len);
	return addr;
}

void ipattr_put(struct nlmsghdr *message, uint16_t type, const struct ip_addr *addr)
{
	mnl_attr_put(message, type, ip_bytes(addr->family), addr->b);
}
