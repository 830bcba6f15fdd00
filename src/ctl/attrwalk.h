/* A walk over netlink attributes that stops at the first that does not fit. */
#ifndef CULVERT_ATTRWALK_H
#define CULVERT_ATTRWALK_H

#include <libmnl/libmnl.h>
#include <stddef.h>

struct attr_walk {
	const char *at, *end;
};

/* Over the attributes of a message behind its family's header of header_len bytes. */
struct attr_walk attr_walk_message(const struct nlmsghdr *message, size_t header_len);

/* Over the attributes inside one. */
struct attr_walk attr_walk_nested(const struct nlattr *nest);

/* NULL at the end. */
const struct nlattr *attr_walk_next(struct attr_walk *walk);

#endif
