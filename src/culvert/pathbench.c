/* Measuring one way. */
#include "pathbench.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "benchwire.h"
#include "clock.h"
#include "echo.h"
#include "pathmtu.h"
#include "stream.h"

enum { CONNECT_S = 5, PATIENCE_S = 10 };

/* Echoes: enough to see a loss of one in a hundred, close enough to be done in a second. */
enum { ECHOES = 100, ECHO_PAUSE_MS = 5, ECHO_LAST_MS = 1000, ECHO_LEN = 84 };

static struct instant in_ms(uint64_t ms)
{
	return instant_after(clock_now(), ms * NS_PER_MS);
}

static uint64_t per_second(uint64_t bytes, uint64_t ns)
{
	return ns ? (uint64_t)((double)bytes * (double)NS_PER_S / (double)ns) : 0;
}

/* The time counts until the other end has all of it. */
static int push(const struct pathbench *path, int fd, uint64_t *rate)
{
	struct bench_answer answer;
	struct instant start = clock_now();
	uint64_t bytes;
	int error = stream_push(fd, in_ms(path->seconds * 1000), &bytes);

	stream_end(fd);
	if (!error)
		error = stream_read(fd, &answer, sizeof(answer), in_ms(PATIENCE_S * 1000));
	if (!error)
		*rate = per_second(le64_load(answer.bytes), instant_age(clock_now(), start));
	return error;
}

static int pull(const struct pathbench *path, int fd, uint64_t *rate)
{
	struct instant start = clock_now();
	uint64_t bytes;
	int error = stream_pull(fd, in_ms((path->seconds + PATIENCE_S) * 1000), &bytes);

	if (!error)
		*rate = per_second(bytes, instant_age(clock_now(), start));
	return error ? error : bytes ? 0 : -EPIPE;
}

void pathbench_streams(struct pathbench *path, bool is_up)
{
	struct bench_request request = {.magic = BENCH_MAGIC,
		.way = is_up ? BENCH_UP : BENCH_DOWN,
		.seconds = (uint8_t)path->seconds};
	const struct endpoint to = {.addr = path->to, .port = path->port};
	int fd = stream_connect(&to, path->interface, path->mark, in_ms(CONNECT_S * 1000));

	path->stream_error = fd < 0 ? fd : 0;
	if (fd < 0)
		return;
	path->stream_error = stream_write(fd, &request, sizeof(request), in_ms(PATIENCE_S * 1000));
	if (!path->stream_error)
		path->stream_error =
			is_up ? push(path, fd, &path->up) : pull(path, fd, &path->down);
	close(fd);
}

/* Answers until the deadline; sent_at: when each request went. */
static int hear(struct pathbench *path, struct echo *echo, const struct instant *sent_at,
	bool *is_heard, struct instant deadline)
{
	uint16_t number = 0;
	int error = echo_receive(echo, &path->to, deadline, &number);
	uint64_t ns;

	if (error || number >= ECHOES || is_heard[number] || !sent_at[number].ns)
		return error;
	ns = instant_age(clock_now(), sent_at[number]);
	is_heard[number] = true;
	path->average_ns += ns;
	if (!path->received++ || ns < path->min_ns)
		path->min_ns = ns;
	return 0;
}

static int send_and_hear(struct pathbench *path, struct echo *echo)
{
	struct instant sent_at[ECHOES] = {0};
	bool is_heard[ECHOES] = {false};
	int error = 0;

	for (uint16_t i = 0; i < ECHOES && !error; i++) {
		sent_at[i] = clock_now();
		error = echo_send(echo, &path->to, i, ECHO_LEN);
		path->sent += !error;
		while (!error)
			error = hear(path, echo, sent_at, is_heard,
				instant_after(sent_at[i], ECHO_PAUSE_MS * NS_PER_MS));
		if (error == -ETIMEDOUT)
			error = 0;
	}
	while (!error && path->received < path->sent)
		error = hear(path, echo, sent_at, is_heard,
			instant_after(sent_at[ECHOES - 1], ECHO_LAST_MS * NS_PER_MS));
	return error == -ETIMEDOUT ? 0 : error;
}

void pathbench_echoes(struct pathbench *path)
{
	struct echo echo;
	int error = echo_open(&echo, path->to.family, path->interface, path->mark);

	if (!error)
		error = send_and_hear(path, &echo);
	echo_close(&echo);
	if (path->received)
		path->average_ns /= path->received;
}

void pathbench_mtu(struct pathbench *path)
{
	if (pathmtu_find(path->interface, path->mark, &path->to, path->mtu_most, &path->mtu))
		path->mtu = 0;
}
