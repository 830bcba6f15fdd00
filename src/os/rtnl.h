/*
 * Requests over rtnetlink: begin a message, add to it by libmnl (mnl_nlmsg_put_extra_header,
 * mnl_attr_put...), then send it and read the answer. Which messages is not known here.
 *
 *	nlh = rtnl_begin(&rtnl, RTM_NEWLINK, 0);
 *	ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
 *	...
 *	err = rtnl_finish(&rtnl);
 */
#ifndef CULVERT_OS_RTNL_H
#define CULVERT_OS_RTNL_H

#include <libmnl/libmnl.h>
#include <stdint.h>

enum {
	RTNL_REQUEST_MAX = 4096,
	RTNL_REPLY_MAX = 32768, /* the kernel fills up to so much in a dump */
};

struct rtnl {
	struct mnl_socket *socket; /* NULL: closed */
	uint32_t seq;
	union {
		struct nlmsghdr header;
		char bytes[RTNL_REQUEST_MAX];
	} request;
	union {
		struct nlmsghdr header;
		char bytes[RTNL_REPLY_MAX];
	} reply;
};

int rtnl_open(struct rtnl *rtnl);
void rtnl_close(struct rtnl *rtnl);

/*
 * Starts a request in rtnl->request: NLM_F_REQUEST and flags (NLM_F_CREATE, NLM_F_EXCL ...;
 * NLM_F_DUMP for rtnl_query()). The caller keeps it under RTNL_REQUEST_MAX bytes.
 */
struct nlmsghdr *rtnl_begin(struct rtnl *rtnl, uint16_t type, uint16_t flags);

/* Sends it and waits for its acknowledgement: 0 or what the kernel said, such as -EEXIST. */
int rtnl_finish(struct rtnl *rtnl);

/*
 * Sends it and gives each message of the answer, one or a dump, to see(), until that returns
 * MNL_CB_ERROR with errno set. The answer is always read to its end. -EINTR: things changed while
 * the kernel dumped them, so it is not whole: ask again.
 */
int rtnl_query(struct rtnl *rtnl, mnl_cb_t see, void *context);

#endif
