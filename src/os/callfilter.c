/* The system calls that are left, by libseccomp. */
#include "callfilter.h"

#include <errno.h>
#include <linux/if_tun.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "sanitizer.h"

/* Linux 5.3's. */
#ifndef TUNGETDEVNETNS
#define TUNGETDEVNETNS _IO('T', 227)
#endif

enum { CONDITIONS_MAX = 2 };

/* One system call, for any arguments or, with conditions, when all of them hold. */
struct rule {
	int call;
	struct scmp_arg_cmp conditions[CONDITIONS_MAX];
	unsigned conditions_count;
};

#define ANY(name)                                                                                  \
	{                                                                                          \
		.call = SCMP_SYS(name)                                                             \
	}
#define WHERE(name, n, ...)                                                                        \
	{                                                                                          \
		SCMP_SYS(name), {__VA_ARGS__}, n                                                   \
	}
#define IS(argument, value)                                                                        \
	{                                                                                          \
		argument, SCMP_CMP_EQ, value, 0                                                    \
	}
#define HAS(argument, mask, value)                                                                 \
	{                                                                                          \
		argument, SCMP_CMP_MASKED_EQ, mask, value                                          \
	}
/* Memory that is written is never run. */
#define NOT_RUN(argument) HAS(argument, PROT_EXEC, 0)
/* Whatever the flags beside the type of a socket. */
#define DATAGRAMS(argument) HAS(argument, 0xf, SOCK_DGRAM)

/* A name that an architecture does not have is passed over. */
static const struct rule rules[] = {
	/* Packets, requests, netlink messages, lines of the log. */
	ANY(read),
	ANY(readv),
	ANY(write),
	ANY(writev),
	ANY(recvmmsg),
	ANY(recvmmsg_time64),
	ANY(sendmmsg),
	ANY(recvfrom),
	ANY(recvmsg),
	ANY(recv),
	ANY(sendto),
	ANY(sendmsg),
	ANY(send),
	/* Waiting; and for another daemon, when it takes the tunnel over. */
	ANY(poll),
	ANY(ppoll),
	ANY(ppoll_time64),
	WHERE(shutdown, 1, IS(1, SHUT_RD)),
	ANY(epoll_wait),
	ANY(epoll_pwait),
	ANY(epoll_ctl),
	ANY(timerfd_settime),
	ANY(timerfd_settime64),
	ANY(futex),
	ANY(futex_time64),
	ANY(restart_syscall),
	/* Clocks, where they cannot be read without a call, and chance. */
	ANY(getrusage),
	ANY(clock_gettime),
	ANY(clock_gettime64),
	ANY(getrandom),
	/* New outer sockets for another port or mark; control connections. */
	WHERE(socket, 2, IS(0, AF_INET), DATAGRAMS(1)),
	WHERE(socket, 2, IS(0, AF_INET6), DATAGRAMS(1)),
	ANY(bind),
	ANY(getsockname),
	ANY(setsockopt),
	ANY(accept4),
	ANY(close),
	/* The TUN device: its name, its namespace, and that it goes with us. */
	WHERE(ioctl, 1, IS(1, TUNGETIFF)),
	WHERE(ioctl, 1, IS(1, TUNSETPERSIST)),
	WHERE(ioctl, 1, IS(1, TUNGETDEVNETNS)),
	/* if_nametoindex() and if_indextoname(), for the zone of a link-local endpoint. */
	WHERE(socket, 2, IS(0, AF_UNIX), DATAGRAMS(1)),
	WHERE(ioctl, 1, IS(1, SIOCGIFINDEX)),
	WHERE(ioctl, 1, IS(1, SIOCGIFNAME)),
	/* Whether the control socket's file is there, and its removal. */
	ANY(newfstatat),
	ANY(fstatat64),
	ANY(stat),
	ANY(stat64),
	ANY(statx),
	ANY(fstat),
	ANY(fstat64),
	ANY(unlink),
	ANY(unlinkat),
	/* malloc(), stacks of threads that end, and what of our memory to wipe. */
	WHERE(mmap, 1, NOT_RUN(2)),
	WHERE(mmap2, 1, NOT_RUN(2)),
	WHERE(mprotect, 1, NOT_RUN(2)),
	ANY(mremap),
	ANY(munmap),
	ANY(mincore),
	ANY(madvise),
	ANY(brk),
	/* Threads that are starting still, and ends. */
	ANY(set_robust_list),
	ANY(rseq),
	ANY(rt_sigprocmask),
	ANY(sched_yield),
	ANY(exit),
	ANY(exit_group),
	/* abort(): the end of a process that found its own bug. tgkill() is added for itself only. */
	ANY(rt_sigaction),
	ANY(rt_sigreturn),
	ANY(getpid),
	ANY(gettid),
};

static int add(scmp_filter_ctx filter, const struct rule *rule)
{
	return seccomp_rule_add_array(
		filter, SCMP_ACT_ALLOW, rule->call, rule->conditions_count, rule->conditions);
}

static int add_all(scmp_filter_ctx filter)
{
	const struct rule own_end = WHERE(tgkill, 1, IS(0, (scmp_datum_t)getpid()));
	int err = add(filter, &own_end);

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]) && err == 0; i++)
		err = add(filter, &rules[i]);
	return err;
}

static bool kernel_has_filters(void)
{
	uint32_t action = SECCOMP_RET_KILL_PROCESS;

	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

int callfilter_install(void)
{
	static const struct {
		enum scmp_filter_attr attribute;
		uint32_t value;
	} attributes[] = {
		/* Calls in another architecture's numbers, too, end the process. */
		{SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS},
		{SCMP_FLTATR_CTL_TSYNC, 1},
		/* privileges_drop() has done it. */
		{SCMP_FLTATR_CTL_NNP, 0},
		/* A tree in place of a list: the calls a packet makes find their rule sooner. */
		{SCMP_FLTATR_CTL_OPTIMIZE, 2},
	};
	scmp_filter_ctx filter;
	int err = 0;

	if (HAS_SANITIZER)
		return 0;
	if (!kernel_has_filters())
		return -EOPNOTSUPP;
	filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	if (!filter)
		return -ENOMEM;
	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]) && err == 0; i++)
		err = seccomp_attr_set(filter, attributes[i].attribute, attributes[i].value);
	if (err == 0)
		err = add_all(filter);
	if (err == 0)
		err = seccomp_load(filter);
	seccomp_release(filter);
	return err;
}
