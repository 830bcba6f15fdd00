/*
 * From inside: each of the three confinements for itself and all together, in a child that tries
 * what culvertd never does, and what it does.
 */
#include "unit.h"
#include "callfilter.h"
#include "pathfence.h"
#include "privileges.h"
#include "sanitizer.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "arena.h"
#include "entropy.h"
#include "event.h"
#include "scratch_dir.h"
#include "udp.h"

static char directory[SCRATCH_PATH_MAX];
static char file[SCRATCH_PATH_MAX + 8];
static int page_fd;

typedef long attempt(void);

static long opens(void)
{
	return open("/etc/passwd", O_RDONLY);
}

static long creates(void)
{
	return open(file, O_RDWR | O_CREAT, 0600);
}

static long makes_a_directory(void)
{
	return mkdir(file, 0700);
}

static long lists_a_directory(void)
{
	return open("/etc", O_RDONLY | O_DIRECTORY);
}

static long executes(void)
{
	return execl("/bin/true", "true", (char *)NULL);
}

static long traces(void)
{
	return ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}

static long reads_another(void)
{
	return syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0);
}

static long signals_another(void)
{
	return kill(getppid(), 0);
}

static long signals_anothers_thread(void)
{
	return syscall(SYS_tgkill, getppid(), getppid(), 0);
}

static long forks(void)
{
	return syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
}

static long captures(void)
{
	return socket(AF_PACKET, SOCK_RAW, 0);
}

static long makes_raw_packets(void)
{
	return socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
}

static long makes_a_stream(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

static long asks_by_netlink(void)
{
	return socket(AF_NETLINK, SOCK_RAW, 0);
}

static long connects(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = 9};

	return connect(0, (struct sockaddr *)&to, sizeof(to));
}

static long maps_code(void)
{
	void *at = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return at == MAP_FAILED ? -1 : 0;
}

static long makes_memory_code(void)
{
	static _Alignas(4096) char page[4096];

	return mprotect(page, sizeof(page), PROT_READ | PROT_WRITE | PROT_EXEC);
}

static long makes_an_interface(void)
{
	return ioctl(0, TUNSETIFF, NULL);
}

static long types_for_the_user(void)
{
	return ioctl(0, TIOCSTI, "x");
}

static long enters_a_namespace(void)
{
	return setns(page_fd, 0);
}

static long leaves_its_namespace(void)
{
	return unshare(CLONE_NEWNET);
}

static long mounts(void)
{
	return mount("none", "/", "tmpfs", 0, NULL);
}

static long loads_a_module(void)
{
	return syscall(SYS_init_module, NULL, 0, "");
}

static long loads_bpf(void)
{
	return syscall(SYS_bpf, 0, NULL, 0);
}

static long makes_a_ring(void)
{
	return syscall(SYS_io_uring_setup, 1, NULL);
}

static long becomes_another(void)
{
	/* For this thread alone: libc wants the same of a sanitizer's own thread, which keeps its rights. */
	return syscall(SYS_setuid, 65534);
}

static long changes_its_rights(void)
{
	return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static long changes_an_owner(void)
{
	return fchown(page_fd, 1, 1);
}

/* What ends in SIGSYS under the filter, and why it is here when only one of the others is on. */
static const struct {
	const char *name;
	attempt *does;
	int fence_err;  /* errno under Landlock alone; 0: not its part */
	int rights_err; /* errno without the capabilities alone; 0: not theirs */
} attempts[] = {
	{"openat", opens, EACCES, 0},
	{"openat to create", creates, EACCES, 0},
	{"openat of a directory", lists_a_directory, EACCES, 0},
	{"mkdir", makes_a_directory, EACCES, 0},
	{"execve", executes, EACCES, 0},
	{"ptrace", traces, EPERM, 0},
	{"process_vm_readv", reads_another, 0, 0},
	{"kill", signals_another, 0, 0},
	{"tgkill of another", signals_anothers_thread, 0, 0},
	{"clone", forks, 0, 0},
	{"socket of packets", captures, 0, EPERM},
	{"socket, raw", makes_raw_packets, 0, EPERM},
	{"socket, stream", makes_a_stream, 0, 0},
	{"socket, netlink", asks_by_netlink, 0, 0},
	{"connect", connects, 0, 0},
	{"mmap of code", maps_code, 0, 0},
	{"mprotect to code", makes_memory_code, 0, 0},
	{"ioctl TUNSETIFF", makes_an_interface, 0, 0},
	{"ioctl TIOCSTI", types_for_the_user, 0, 0},
	{"setns", enters_a_namespace, 0, 0},
	{"unshare", leaves_its_namespace, 0, EPERM},
	{"mount", mounts, 0, EPERM},
	{"init_module", loads_a_module, 0, 0},
	{"bpf", loads_bpf, 0, 0},
	{"io_uring_setup", makes_a_ring, 0, 0},
	{"setuid", becomes_another, 0, EPERM},
	{"prctl", changes_its_rights, 0, 0},
	{"fchown", changes_an_owner, 0, EPERM},
};

enum { ATTEMPTS = sizeof(attempts) / sizeof(attempts[0]) };

enum confinement { RIGHTS = 1, FENCE = 2, FILTER = 4 };

/* The child's end as waitpid() tells it: 0 after an attempt that worked, else its errno. */
static int end_of(attempt *does, unsigned confinements)
{
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
		if (confinements & RIGHTS && privileges_drop(NULL) < 0)
			_exit(250);
		if (confinements & FENCE && pathfence_close(directory) < 0)
			_exit(251);
		if (confinements & FILTER && callfilter_install() < 0)
			_exit(252);
		errno = 0;
		_exit(does() < 0 ? errno : 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void needs_root(void)
{
	if (geteuid() != 0)
		skip();
}

static void needs_a_filter(void)
{
	/* valgrind makes system calls of its own in what it runs. */
	if (HAS_SANITIZER || unit_is_on_valgrind())
		skip();
}

static void needs_landlock(void)
{
	if (HAS_SANITIZER || syscall(SYS_landlock_create_ruleset, NULL, 0, 1) < 1)
		skip();
}

static void each_attempt_ends_the_process(void **state)
{
	(void)state;
	needs_root();
	needs_a_filter();
	for (size_t i = 0; i < ATTEMPTS; i++) {
		int status = end_of(attempts[i].does, RIGHTS | FILTER);

		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
			fail_msg("%s: status %x", attempts[i].name, (unsigned)status);
	}
}

static void the_fence_alone_keeps_files_away(void **state)
{
	(void)state;
	needs_root();
	needs_landlock();
	for (size_t i = 0; i < ATTEMPTS; i++) {
		int status;

		if (!attempts[i].fence_err)
			continue;
		status = end_of(attempts[i].does, RIGHTS | FENCE);
		if (!WIFEXITED(status) || WEXITSTATUS(status) != attempts[i].fence_err)
			fail_msg("%s: status %x", attempts[i].name, (unsigned)status);
	}
}

static void the_rights_alone_are_gone(void **state)
{
	(void)state;
	needs_root();
	for (size_t i = 0; i < ATTEMPTS; i++) {
		int status;

		if (!attempts[i].rights_err)
			continue;
		status = end_of(attempts[i].does, RIGHTS);
		if (!WIFEXITED(status) || WEXITSTATUS(status) != attempts[i].rights_err)
			fail_msg("%s: status %x", attempts[i].name, (unsigned)status);
	}
}

/* Fails, with errno 0, when a capability is left that should not be. */
static long has_two_capabilities(void)
{
	char line[128];
	FILE *status = fopen("/proc/self/status", "re");
	unsigned seen = 0;

	while (status && fgets(line, sizeof(line), status)) {
		unsigned long long bits;

		if (sscanf(line, "CapInh: %llx", &bits) == 1 ||
			sscanf(line, "CapAmb: %llx", &bits) == 1)
			seen += bits == 0;
		if (sscanf(line, "CapPrm: %llx", &bits) == 1 ||
			sscanf(line, "CapEff: %llx", &bits) == 1)
			seen += bits == ((1U << 12) | (1U << 10));
		if (sscanf(line, "CapBnd: %llx", &bits) == 1)
			seen += bits == 0;
		if (strcmp(line, "NoNewPrivs:\t1\n") == 0)
			seen++;
	}
	errno = ENOTRECOVERABLE;
	return seen == 6 ? 0 : -1;
}

static void two_capabilities_are_left(void **state)
{
	(void)state;
	needs_root();
	assert_int_equal(end_of(has_two_capabilities, RIGHTS), 0);
}

static void *grow_and_end(void *context)
{
	char *memory = malloc(1 << 22);

	(void)context;
	if (memory)
		memset(memory, 1, 1 << 22);
	free(memory);
	return memory ? &page_fd : NULL;
}

static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;

static void *wait_then_grow(void *context)
{
	pthread_mutex_lock(&held);
	pthread_mutex_unlock(&held);
	return grow_and_end(context);
}

/* All that a tunnel at work does, and the order in which it ends. */
static long works_as_a_daemon(void)
{
	struct udp_pair udp;
	struct event_loop loop;
	struct event events[4];
	char name[IF_NAMESIZE];
	uint64_t random = 0;
	void *grew;
	pthread_t thread;
	struct stat info;

	pthread_mutex_lock(&held);
	if (event_open(&loop) < 0 || pthread_create(&thread, NULL, wait_then_grow, NULL) != 0)
		return -1;
	if (privileges_drop(NULL) < 0 || pathfence_close(directory) < 0 || callfilter_install() < 0)
		return -1;
	pthread_mutex_unlock(&held);
	if (pthread_join(thread, &grew) != 0 || !grew)
		return -1;
	if (udp_open(&udp, 0, 51820) < 0 || udp_set_mark(&udp, 7) < 0)
		return -1;
	udp_close(&udp);
	if (udp_open(&udp, 7, 0) < 0 || event_add(&loop, udp.fd4, EVENT_READ | EVENT_EDGE, 1) < 0)
		return -1;
	if (event_wait(&loop, (struct instant){1}, events, 4) != 0 || if_nametoindex("lo") == 0 ||
		!if_indextoname(1, name))
		return -1;
	entropy_fill(&random, sizeof(random));
	fprintf(stderr, "%s", "");
	if (stat(file, &info) < 0 || unlink(file) < 0)
		return -1;
	return grow_and_end(NULL) ? 0 : -1;
}

static void work_goes_on(void **state)
{
	int fd;

	(void)state;
	needs_root();
	needs_a_filter();
	needs_landlock();
	fd = open(file, O_RDWR | O_CREAT, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(end_of(works_as_a_daemon, 0), 0);
	assert_int_equal(access(file, F_OK), -1);
}

static long removes_a_name(void)
{
	return unlink(file);
}

static void the_fence_leaves_names_only_in_the_directory(void **state)
{
	char other[SCRATCH_PATH_MAX];
	int fd;

	(void)state;
	needs_root();
	needs_landlock();
	fd = open(file, O_RDWR | O_CREAT, 0600);
	assert_true(fd >= 0);
	close(fd);
	strcpy(other, directory);
	strcpy(directory, "/proc");
	assert_int_equal(WEXITSTATUS(end_of(removes_a_name, RIGHTS | FENCE)), EACCES);
	strcpy(directory, other);
	assert_int_equal(end_of(removes_a_name, RIGHTS | FENCE), 0);
}

static long a_bug(void)
{
	abort();
}

static void a_bug_still_ends_in_abort(void **state)
{
	int status;

	(void)state;
	needs_root();
	needs_a_filter();
	status = end_of(a_bug, RIGHTS | FILTER);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static int make_scratch(void **state)
{
	(void)state;
	scratch_make(directory);
	snprintf(file, sizeof(file), "%s/file", directory);
	page_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	return page_fd < 0;
}

static int remove_scratch(void **state)
{
	(void)state;
	close(page_fd);
	scratch_remove(directory);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_attempt_ends_the_process),
		cmocka_unit_test(the_fence_alone_keeps_files_away),
		cmocka_unit_test(the_rights_alone_are_gone),
		cmocka_unit_test(two_capabilities_are_left),
		cmocka_unit_test(work_goes_on),
		cmocka_unit_test(the_fence_leaves_names_only_in_the_directory),
		cmocka_unit_test(a_bug_still_ends_in_abort),
	};

	return cmocka_run_group_tests(tests, make_scratch, remove_scratch);
}
