/*
 * For LD_PRELOAD: calls that fail when a test says so.
 *
 *	FAIL_ALLOCATION=N   the program's N-th call of malloc, calloc, reallocarray or mmap has no
 *	                    memory; FAIL_ALL=1: those of its libraries count, too
 *	FAIL_FIRED=FILE     begins with a '1' when it happened
 *	HURT_AT=N, HURT_BY=S  before the program's N-th call of sendmsg or recvmsg it gets signal S
 *	FAIL_IO=FILE        while it holds "CALL ERRNO PERCENT", so many of these calls fail: sendmmsg,
 *	                    recvmmsg, readv or writev
 *
 * The files are there, a page long, and mapped at start: later the daemon opens none.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);

static struct {
	long fails_at, hurt_at; /* 0: never */
	int hurt_by;
	bool counts_libraries, is_ready;
	uintptr_t program_start, program_end;
	char *fired;
	const char *io;
} plan;

enum { FILE_LEN = 4096, TEXT_MAX = 64 };
static atomic_long allocations, talks;
static atomic_uint calls;

/* The first object is the program itself. */
static int find_program(struct dl_phdr_info *info, size_t size, void *context)
{
	(void)size;
	(void)context;
	for (int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_LOAD && info->dlpi_phdr[i].p_flags & PF_X) {
			plan.program_start = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
			plan.program_end = plan.program_start + info->dlpi_phdr[i].p_memsz;
		}
	return 1;
}

static char *map_file(const char *variable)
{
	const char *path = getenv(variable);
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	long at;

	if (fd < 0)
		return NULL;
	at = syscall(SYS_mmap, NULL, FILE_LEN, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return at == -1 ? NULL : (char *)at;
}

__attribute__((constructor)) static void read_plan(void)
{
	const char *at = getenv("FAIL_ALLOCATION");

	plan.fails_at = at ? atol(at) : 0;
	at = getenv("HURT_AT");
	plan.hurt_at = at ? atol(at) : 0;
	at = getenv("HURT_BY");
	plan.hurt_by = at ? atoi(at) : 0;
	plan.counts_libraries = getenv("FAIL_ALL") != NULL;
	plan.fired = map_file("FAIL_FIRED");
	plan.io = map_file("FAIL_IO");
	dl_iterate_phdr(find_program, NULL);
	plan.is_ready = true;
}

static bool is_own(const void *caller)
{
	return (uintptr_t)caller >= plan.program_start && (uintptr_t)caller < plan.program_end;
}

static void fire(void)
{
	if (plan.fired)
		plan.fired[0] = '1';
}

static bool has_no_memory(const void *caller)
{
	if (!plan.is_ready || plan.fails_at == 0 || (!is_own(caller) && !plan.counts_libraries))
		return false;
	if (atomic_fetch_add(&allocations, 1) + 1 != plan.fails_at)
		return false;
	fire();
	errno = ENOMEM;
	return true;
}

void *malloc(size_t size)
{
	return has_no_memory(__builtin_return_address(0)) ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return has_no_memory(__builtin_return_address(0)) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *block, size_t size)
{
	return has_no_memory(__builtin_return_address(0)) ? NULL : __libc_realloc(block, size);
}

void *reallocarray(void *block, size_t count, size_t size)
{
	if (has_no_memory(__builtin_return_address(0)) || (size && count > SIZE_MAX / size))
		return NULL;
	return __libc_realloc(block, count * size);
}

void *mmap64(void *address, size_t len, int protection, int flags, int fd, off64_t offset)
{
	if (has_no_memory(__builtin_return_address(0)))
		return MAP_FAILED;
	return (void *)syscall(SYS_mmap, address, len, protection, flags, fd, offset);
}

/* True, with errno set, when this call is to fail. */
static bool fails(const char *call)
{
	char text[TEXT_MAX], name[16];
	unsigned percent;
	int number;

	if (!plan.io)
		return false;
	/* It may be written meanwhile, so the copy has an end of its own. */
	memcpy(text, plan.io, sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	if (sscanf(text, "%15s %d %u", name, &number, &percent) != 3 || strcmp(name, call) != 0)
		return false;
	/* Spread evenly, so that no run has more luck than another. */
	if (atomic_fetch_add(&calls, 1) * 37 % 100 >= percent)
		return false;
	errno = number;
	return true;
}

static void talk(const void *caller)
{
	if (plan.hurt_at == 0 || !is_own(caller) || atomic_fetch_add(&talks, 1) + 1 != plan.hurt_at)
		return;
	fire();
	raise(plan.hurt_by);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	talk(__builtin_return_address(0));
	return syscall(SYS_sendmsg, fd, message, flags);
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	talk(__builtin_return_address(0));
	return syscall(SYS_recvmsg, fd, message, flags);
}

int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
	return fails("sendmmsg") ? -1 : (int)syscall(SYS_sendmmsg, fd, messages, count, flags);
}

int recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags, struct timespec *timeout)
{
	if (fails("recvmmsg"))
		return -1;
	return (int)syscall(SYS_recvmmsg, fd, messages, count, flags, timeout);
}

ssize_t readv(int fd, const struct iovec *pieces, int count)
{
	return fails("readv") ? -1 : syscall(SYS_readv, fd, pieces, count);
}

ssize_t writev(int fd, const struct iovec *pieces, int count)
{
	return fails("writev") ? -1 : syscall(SYS_writev, fd, pieces, count);
}
