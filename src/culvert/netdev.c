/* Reading /proc/net/dev: "  wg0: " and sixteen numbers a line. */
#include "netdev.h"

#include <ctype.h>

enum { COLUMNS = 16, COLUMNS_EACH_WAY = 8, COUNTERS_EACH_WAY = NETDEV_COUNTERS / 2 };

static struct span skip_spaces(struct span text)
{
	size_t len = 0;

	while (len < text.len && char_is_space(text.at[len]))
		len++;
	return span_from(text, len);
}

/* False: the text begins with no number that fits. */
static bool take_number(struct span *text, uint64_t *number)
{
	size_t len = 0;

	*text = skip_spaces(*text);
	*number = 0;
	for (; len < text->len && isdigit((unsigned char)text->at[len]); len++) {
		unsigned digit = (unsigned)(text->at[len] - '0');

		if (__builtin_mul_overflow(*number, 10, number) ||
			__builtin_add_overflow(*number, digit, number))
			return false;
	}
	*text = span_from(*text, len);
	return len > 0;
}

static bool parse_counters(struct span line, uint64_t counters[NETDEV_COUNTERS])
{
	for (unsigned column = 0; column < COLUMNS; column++) {
		unsigned in_way = column % COLUMNS_EACH_WAY;
		uint64_t number;

		if (!take_number(&line, &number))
			return false;
		/* Behind these come those of old hardware. */
		if (in_way < COUNTERS_EACH_WAY)
			counters[column / COLUMNS_EACH_WAY * COUNTERS_EACH_WAY + in_way] = number;
	}
	return true;
}

bool netdev_find(struct span text, const char *link, uint64_t counters[NETDEV_COUNTERS])
{
	while (text.len > 0) {
		size_t end = span_find(text, '\n');
		struct span line = skip_spaces(span_until(text, end));
		/* A name may have a colon, numbers have none. */
		size_t colon = span_find_last(line, ':');

		if (colon < line.len && span_equal(span_until(line, colon), link))
			return parse_counters(span_from(line, colon + 1), counters);
		text = span_from(text, end < text.len ? end + 1 : end);
	}
	return false;
}
