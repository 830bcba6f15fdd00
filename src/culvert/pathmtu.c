/* Many sizes at once, then those between the largest that passed and the next; and so on. */
#include "pathmtu.h"

#include <errno.h>
#include "clock.h"
#include "echo.h"

/*
 * SIZES: three rounds for any MTU of Ethernet. A packet may be lost for other reasons than its size,
 * so each is sent again after a while.
 */
enum { SIZES = 16, SENDINGS = 3, SENDING_MS = 200, FIRST_MS = 1000, STALLS_MAX = 10 };

struct probe {
	struct echo echo;
	const struct ip_addr *to;
	uint16_t sent; /* numbers given so far */
};

/*
 * Sizes of one round, in rising order. The first is one that is known to pass: when not even that is
 * answered, it is not the size.
 */
struct round {
	size_t sizes[SIZES + 1];
	size_t count;
	size_t passed; /* how many of the first are no question any more: the last of them passed */
};

size_t pathmtu_min(uint8_t family)
{
	return family == IP_V4 ? PATHMTU_MIN_V4 : PATHMTU_MIN_V6;
}

/* Sends all that are larger than what has passed. More than the interface's MTU cannot go at all. */
static int send_sizes(struct probe *probe, const struct round *round)
{
	for (size_t i = round->passed; i < round->count; i++) {
		int error = echo_send(
			&probe->echo, probe->to, (uint16_t)(probe->sent + i), round->sizes[i]);

		if (error && error != -EMSGSIZE)
			return error;
	}
	return 0;
}

/* Takes answers until the largest has come or the time is over. */
static int hear_sizes(struct probe *probe, struct round *round, uint64_t ms)
{
	struct instant deadline = instant_after(clock_now(), ms * NS_PER_MS);
	int error = 0;

	while (!error && round->passed < round->count) {
		uint16_t number = 0;
		size_t i;

		error = echo_receive(&probe->echo, probe->to, deadline, &number);
		i = (uint16_t)(number - probe->sent);
		if (!error && i >= round->passed && i < round->count)
			round->passed = i + 1;
	}
	return error == -ETIMEDOUT ? 0 : error;
}

static int play(struct probe *probe, struct round *round, uint64_t ms)
{
	int error = 0;

	for (int i = 0; !error && i < SENDINGS && round->passed < round->count; i++) {
		error = send_sizes(probe, round);
		if (!error)
			error = hear_sizes(probe, round, ms);
	}
	probe->sent = (uint16_t)(probe->sent + round->count);
	return error;
}

/* low, and what is greater, up to high: evenly spread, high among it. */
static struct round spread(size_t low, size_t high)
{
	size_t steps = high - low < SIZES ? high - low : SIZES;
	struct round round = {.count = steps + 1};

	for (size_t i = 0; i <= steps; i++)
		round.sizes[i] = low + (high - low) * i / steps;
	return round;
}

/* low passes; *mtu: the largest up to high that does. */
static int search(struct probe *probe, size_t low, size_t high, size_t *mtu)
{
	int error = 0, stalls = 0;

	while (!error && low < high) {
		struct round round = spread(low, high);

		error = play(probe, &round, SENDING_MS);
		if (round.passed && round.passed < round.count)
			high = round.sizes[round.passed] - 1;
		if (round.passed)
			low = round.sizes[round.passed - 1];
		else if (!error && ++stalls > STALLS_MAX)
			error = -ETIMEDOUT;
	}
	*mtu = low;
	return error;
}

int pathmtu_find(
	const char *interface, uint32_t mark, const struct ip_addr *to, size_t most, size_t *mtu)
{
	struct probe probe = {.to = to};
	size_t least = pathmtu_min(to->family);
	struct round first = {.sizes = {least < most ? least : most}, .count = 1};
	int error = echo_open(&probe.echo, to->family, interface, mark);

	if (!error)
		error = play(&probe, &first, FIRST_MS);
	if (!error && !first.passed)
		error = -ETIMEDOUT;
	if (!error)
		error = search(&probe, first.sizes[0], most, mtu);
	echo_close(&probe.echo);
	return error;
}
