/* Endpoints as the socket calls have them. */
#ifndef CULVERT_OS_SOCKADDRESS_H
#define CULVERT_OS_SOCKADDRESS_H

#include <netinet/in.h>
#include <sys/socket.h>
#include "addr.h"

union sockaddress {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* Returns its length. The endpoint's own side does not count here. */
socklen_t sockaddress_store(union sockaddress *to, const struct endpoint *from);

/* Address, port and scope; of another family than IP, no address. */
struct endpoint sockaddress_load(const union sockaddress *from);

#endif
