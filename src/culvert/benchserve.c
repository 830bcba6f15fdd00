/* Serving: whoever connects gets zeros, or is told how many bytes came; nothing else. */
#include "benchserve.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "benchwire.h"
#include "clock.h"
#include "fault.h"
#include "signals.h"
#include "stream.h"
#include "values.h"

/* For a request, and beyond the seconds asked for. */
enum { PATIENCE_S = 5 };

static struct instant in_seconds(uint64_t seconds)
{
	return instant_after(clock_now(), seconds * NS_PER_S);
}

static bool is_valid(const struct bench_request *request)
{
	return memcmp(request->magic, BENCH_MAGIC, sizeof(request->magic)) == 0 &&
	       (request->way == BENCH_UP || request->way == BENCH_DOWN) && request->seconds > 0 &&
	       request->seconds <= BENCH_SECONDS_MAX;
}

static void serve(int fd, const struct endpoint *source)
{
	struct bench_request request;
	struct bench_answer answer;
	struct textbuf text = {0};
	uint64_t bytes = 0;
	bool is_up;

	if (stream_read(fd, &request, sizeof(request), in_seconds(PATIENCE_S)) ||
		!is_valid(&request))
		return;
	is_up = request.way == BENCH_UP;
	if (is_up && stream_pull(fd, in_seconds(request.seconds + PATIENCE_S), &bytes) == 0) {
		answer.bytes = le64_store(bytes);
		if (stream_write(fd, &answer, sizeof(answer), in_seconds(PATIENCE_S)))
			bytes = 0;
	} else if (!is_up && stream_push(fd, in_seconds(request.seconds), &bytes)) {
		bytes = 0;
	}
	value_print_endpoint(&text, source);
	printf("%s: %s %llu bytes\n", text.text ? text.text : "?", is_up ? "took" : "sent",
		(unsigned long long)bytes);
	fflush(stdout);
	textbuf_fini(&text);
}

enum status bench_serve(uint16_t port)
{
	int listen_fd = stream_listen(port), signals, fd = 0;
	struct endpoint source;

	if (listen_fd < 0) {
		fault_system("listening", listen_fd);
		return STATUS_FAILED;
	}
	signals = signals_open();
	printf("serving on port %u; ^C ends it\n", port);
	fflush(stdout);
	while (signals >= 0 && (fd = stream_accept(listen_fd, signals, &source)) >= 0) {
		serve(fd, &source);
		close(fd);
	}
	close(listen_fd);
	if (signals >= 0)
		close(signals);
	if (fd != -ECANCELED)
		fault_system("accepting", fd);
	return fd == -ECANCELED ? STATUS_FINE : STATUS_FAILED;
}
