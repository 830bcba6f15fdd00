/* Requests and replies over a daemon's control socket. */
#include "ctlsock.h"

#include <errno.h>
#include <unistd.h>
#include "textbuf.h"
#include "uapi.h"
#include "unixsock.h"

enum {
	READ_LEN = 64 << 10,
	/* Millions of peers; more is a daemon gone wrong. */
	REPLY_LEN_MAX = 1 << 30,
};

int ctlsock_connect(const char *name)
{
	int fd = name[0] ? unixsock_connect(UNIXSOCK_DIRECTORY, name) : -ENOENT;

	/* Nobody listens there any more, or no socket can have this name: the kernel may. */
	if (fd == -ECONNREFUSED || fd == -ENAMETOOLONG || fd == -ENOTSOCK || fd == -ENOTDIR)
		return -ENOENT;
	return fd;
}

/* One whole reply; -EPROTO when the daemon closes before its end. */
static int read_reply(int fd, struct textbuf *reply)
{
	for (;;) {
		size_t seen = reply->len;
		char *to = textbuf_reserve(reply, READ_LEN);
		ssize_t got;

		if (!to)
			return -ENOMEM;
		got = unixsock_read(fd, to, READ_LEN);
		if (got == -EINTR)
			continue;
		if (got < 0)
			return (int)got;
		if (got == 0)
			return -EPROTO;
		reply->len += (size_t)got;
		if (reply->len > REPLY_LEN_MAX)
			return -EFBIG;
		if (uapi_find_end((struct span){reply->text, reply->len}, seen))
			return 0;
	}
}

/*
 * A daemon may refuse before it has read everything and close; what it said still counts, and
 * tells more than that the rest could not be written.
 */
static int exchange(int fd, struct span request, struct textbuf *reply)
{
	int write_err = unixsock_write_all(fd, request.at, request.len), read_err;

	if (write_err && write_err != -EPIPE)
		return write_err;
	read_err = read_reply(fd, reply);
	return read_err && write_err ? write_err : read_err;
}

int ctlsock_get(int fd, struct device_settings *device)
{
	struct textbuf reply = {0};
	int err = exchange(fd, span_of(UAPI_GET_REQUEST), &reply);

	if (err)
		settings_init(device);
	else
		err = uapi_parse_get((struct span){reply.text, reply.len}, device);
	textbuf_fini(&reply);
	return err;
}

int ctlsock_set(int fd, const struct device_settings *device)
{
	struct textbuf request = {0}, reply = {0};
	int err;

	uapi_print_set(&request, device);
	err = textbuf_status(&request);
	if (!err)
		err = exchange(fd, (struct span){request.text, request.len}, &reply);
	if (!err)
		err = uapi_parse_set_reply((struct span){reply.text, reply.len});
	textbuf_fini(&request);
	textbuf_fini(&reply);
	return err;
}

int ctlsock_log(int fd, struct textbuf *reply, struct incident_log *log)
{
	int err = exchange(fd, span_of(INCIDENTS_REQUEST), reply);

	if (!err)
		err = incidents_parse((struct span){reply->text, reply->len}, log);
	/* An answer that says so, or a connection that is closed without one. */
	return err == -EPROTO || err == -ECONNRESET || err == -EPIPE ? -EOPNOTSUPP : err;
}
