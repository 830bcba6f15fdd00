/* What the daemon refused, by its control socket; without rights, by the one for everybody. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>
#include "ctlsock.h"
#include "gather.h"
#include "uapi.h"
#include "unixsock.h"

enum { READ_LEN = 64 << 10, REPLY_LEN_MAX = 64 << 20 };

static int read_reply(int fd, struct textbuf *reply)
{
	for (;;) {
		size_t seen = reply->len;
		char *to = textbuf_reserve(reply, READ_LEN);
		ssize_t got = to ? unixsock_read(fd, to, READ_LEN) : -ENOMEM;

		if (got == -EINTR)
			continue;
		if (got <= 0)
			return got ? (int)got : -EPROTO;
		reply->len += (size_t)got;
		if (reply->len > REPLY_LEN_MAX)
			return -EFBIG;
		if (uapi_find_end((struct span){reply->text, reply->len}, seen))
			return 0;
	}
}

void gather_log(struct evidence *evidence)
{
	int fd = ctlsock_connect(evidence->ifname), error;

	if (fd < 0)
		return;
	error = unixsock_write_all(fd, INCIDENTS_REQUEST, sizeof(INCIDENTS_REQUEST) - 1);
	if (!error)
		error = read_reply(fd, &evidence->log_text);
	close(fd);
	if (error)
		return;
	evidence->has_log =
		incidents_parse((struct span){evidence->log_text.text, evidence->log_text.len},
			&evidence->log) == 0;
}
