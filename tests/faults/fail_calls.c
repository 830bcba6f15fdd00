/*
 * For LD_PRELOAD: calls that fail when a test says so.
 *
 *	FAIL_ALLOCATION=N   the program's N-th call of malloc, calloc, reallocarray or mmap has no
 *	                    memory; FAIL_ALL=1: those of its libraries count, too
 *	FAIL_FIRED=FILE     made when it happened
 *	FAIL_IO=FILE        while it holds "CALL ERRNO PERCENT", so many of these calls fail: sendmmsg,
 *	                    recvmmsg, readv or writev
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
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
	long fails_at; /* 0: never */
	bool counts_libraries, is_ready;
	uintptr_t program_start, program_end;
	const char *fired, *io;
} plan;
static atomic_long allocations;
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

__attribute__((constructor)) static void read_plan(void)
{
	const char *at = getenv("FAIL_ALLOCATION");

	plan.fails_at = at ? atol(at) : 0;
	plan.counts_libraries = getenv("FAIL_ALL") != NULL;
	plan.fired = getenv("FAIL_FIRED");
	plan.io = getenv("FAIL_IO");
	dl_iterate_phdr(find_program, NULL);
	plan.is_ready = true;
}

static bool has_no_memory(const void *caller)
{
	bool is_own =
		(uintptr_t)caller >= plan.program_start && (uintptr_t)caller < plan.program_end;
	int fd;

	if (!plan.is_ready || plan.fails_at == 0 || (!is_own && !plan.counts_libraries))
		return false;
	if (atomic_fetch_add(&allocations, 1) + 1 != plan.fails_at)
		return false;
	fd = plan.fired ? open(plan.fired, O_WRONLY | O_CREAT | O_CLOEXEC, 0600) : -1;
	if (fd >= 0)
		close(fd);
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
	char text[64] = "", name[16];
	int fd = plan.io ? open(plan.io, O_RDONLY | O_CLOEXEC) : -1, number;
	unsigned percent;

	if (fd < 0)
		return false;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	if (sscanf(text, "%15s %d %u", name, &number, &percent) != 3 || strcmp(name, call) != 0)
		return false;
	/* Spread evenly, so that no run has more luck than another. */
	if (atomic_fetch_add(&calls, 1) * 37 % 100 >= percent)
		return false;
	errno = number;
	return true;
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
