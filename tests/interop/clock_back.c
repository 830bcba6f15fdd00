/*
 * For LD_PRELOAD: CLOCK_REALTIME a day back while the file named by CLOCK_BACK_IF begins with a '1',
 * an hour back with an 'h', an hour forward with an 'f'. A test's only means to turn the clock back without turning the machine's. The file is mapped at
 * start: later the daemon opens no more files.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile char *is_back = "0";

__attribute__((constructor)) static void map_switch(void)
{
	const char *file = getenv("CLOCK_BACK_IF");
	int fd = file ? open(file, O_RDONLY) : -1;
	void *at = fd < 0 ? MAP_FAILED : mmap(NULL, 1, PROT_READ, MAP_SHARED, fd, 0);

	if (at != MAP_FAILED)
		is_back = at;
	if (fd >= 0)
		close(fd);
}

static time_t back(void)
{
	enum { HOUR = 60 * 60 };

	switch (is_back[0]) {
	case '1':
		return 24 * HOUR;
	case 'h':
		return HOUR;
	case 'f':
		return -HOUR;
	default:
		return 0;
	}
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
	int result = (int)syscall(SYS_clock_gettime, clock, now);

	if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
		now->tv_sec -= back();
	return result;
}

int gettimeofday(struct timeval *now, void *zone)
{
	struct timespec precise;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &precise);
	now->tv_sec = precise.tv_sec;
	now->tv_usec = precise.tv_nsec / 1000;
	return 0;
}

time_t time(time_t *now)
{
	struct timespec precise;

	clock_gettime(CLOCK_REALTIME, &precise);
	if (now)
		*now = precise.tv_sec;
	return precise.tv_sec;
}
