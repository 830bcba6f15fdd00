/* Bounds of netlink attributes, checked in one place. */
#include "attrwalk.h"

struct attr_walk attr_walk_message(const struct nlmsghdr *message, size_t header_len)
{
	struct attr_walk walk = {
		mnl_nlmsg_get_payload_offset(message, header_len),
		mnl_nlmsg_get_payload_tail(message),
	};

	return walk;
}

struct attr_walk attr_walk_nested(const struct nlattr *nest)
{
	const char *payload = mnl_attr_get_payload(nest);

	return (struct attr_walk){payload, payload + mnl_attr_get_payload_len(nest)};
}

const struct nlattr *attr_walk_next(struct attr_walk *walk)
{
	const struct nlattr *attr = (const struct nlattr *)walk->at;

	if (walk->at >= walk->end || !mnl_attr_ok(attr, (int)(walk->end - walk->at)))
		return NULL;
	walk->at = (const char *)mnl_attr_next(attr);
	return attr;
}
