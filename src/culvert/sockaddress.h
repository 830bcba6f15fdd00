/* An endpoint as the socket calls want it. */
#ifndef CULVERT_CULVERT_SOCKADDRESS_H
#define CULVERT_CULVERT_SOCKADDRESS_H

#include <sys/socket.h>
#include "addr.h"

void sockaddress_fill(struct sockaddr_storage *to, const struct endpoint *from);

#endif
