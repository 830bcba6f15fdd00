/* Signals, by signalfd(). */
#include "signals.h"

#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

int signals_open(void)
{
	sigset_t wanted;
	int fd;

	sigemptyset(&wanted);
	sigaddset(&wanted, SIGINT);
	sigaddset(&wanted, SIGTERM);
	sigaddset(&wanted, SIGHUP);
	fd = signalfd(-1, &wanted, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	pthread_sigmask(SIG_BLOCK, &wanted, NULL);
	signal(SIGPIPE, SIG_IGN);
	return fd;
}

int signals_read(int fd)
{
	struct signalfd_siginfo info;
	ssize_t got = read(fd, &info, sizeof(info));

	return got == (ssize_t)sizeof(info) ? (int)info.ssi_signo : 0;
}
