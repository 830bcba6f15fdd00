/* Ages in years (of 365 days) to seconds, sizes in powers of 1,024. */
#include "agetext.h"

#include <inttypes.h>
#include <stdbool.h>
#include "terminal.h"

static const struct {
	uint64_t seconds;
	const char *name;
} age_units[] = {
	{365 * 24 * 60 * 60, "year"},
	{24 * 60 * 60, "day"},
	{60 * 60, "hour"},
	{60, "minute"},
	{1, "second"},
};

static const char *const size_units[] = {"B", "KiB", "MiB", "GiB", "TiB"};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

void age_print(struct textbuf *out, uint64_t seconds)
{
	bool is_first = true;

	for (size_t i = 0; i < COUNT(age_units); i++) {
		uint64_t n = seconds / age_units[i].seconds;

		seconds %= age_units[i].seconds;
		if (!n)
			continue;
		textbuf_addf(out, "%s%" PRIu64 " " COLOUR_CYAN "%s%s" COLOUR_RESET,
			is_first ? "" : ", ", n, age_units[i].name, n == 1 ? "" : "s");
		is_first = false;
	}
}

void age_print_since(struct textbuf *out, int64_t then, int64_t now)
{
	if (then == now) {
		textbuf_add(out, "Now");
	} else if (then > now) {
		textbuf_add(out,
			"(" COLOUR_RED
			"System clock wound backward; connection problems may ensue." COLOUR_RESET
			")");
	} else {
		age_print(out, (uint64_t)now - (uint64_t)then);
		textbuf_add(out, " ago");
	}
}

void size_print(struct textbuf *out, uint64_t bytes)
{
	size_t unit = 0;
	uint64_t divisor = 1;

	while (unit + 1 < COUNT(size_units) && bytes / divisor >= 1024) {
		divisor *= 1024;
		unit++;
	}
	if (unit)
		textbuf_addf(out, "%.2f", (double)bytes / (double)divisor);
	else
		textbuf_addf(out, "%" PRIu64, bytes);
	textbuf_addf(out, " " COLOUR_CYAN "%s" COLOUR_RESET, size_units[unit]);
}
