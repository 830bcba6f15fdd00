/* Few characters. */
#include "brieftext.h"

#include <inttypes.h>
#include <stdio.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
	int64_t seconds;
	const char *unit;
} ages[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};

static const char *const sizes[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
static const char *const rates[] = {"bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"};

const char *brief_age(int64_t seconds, char text[BRIEF_ROOM])
{
	size_t i = 0;

	while (i + 1 < COUNT(ages) && seconds < 2 * ages[i].seconds)
		i++;
	snprintf(text, BRIEF_ROOM, "%" PRId64 " %s", seconds < 0 ? 0 : seconds / ages[i].seconds,
		ages[i].unit);
	return text;
}

static const char *scale(
	double value, double step, const char *const *units, size_t count, char text[BRIEF_ROOM])
{
	size_t i = 0;

	while (i + 1 < count && value >= step) {
		value /= step;
		i++;
	}
	snprintf(text, BRIEF_ROOM, i && value < 100 ? "%.1f %s" : "%.0f %s", value, units[i]);
	return text;
}

const char *brief_size(uint64_t bytes, char text[BRIEF_ROOM])
{
	return bytes ? scale((double)bytes, 1024, sizes, COUNT(sizes), text) : "-";
}

const char *brief_rate(uint64_t bytes_per_second, char text[BRIEF_ROOM])
{
	return bytes_per_second
		       ? scale(8 * (double)bytes_per_second, 1000, rates, COUNT(rates), text)
		       : "-";
}
