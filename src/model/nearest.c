/* Edit distance (optimal string alignment) over short words. */
#include "nearest.h"

#include <ctype.h>
#include <stdint.h>

enum { WORD_LEN_MAX = 32 };

static bool is_same(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned least = a < b ? a : b;

	return least < c ? least : c;
}

/* Both at most WORD_LEN_MAX long. */
static unsigned distance(struct span a, struct span b)
{
	uint8_t d[WORD_LEN_MAX + 1][WORD_LEN_MAX + 1];

	for (size_t i = 0; i <= a.len; i++)
		d[i][0] = (uint8_t)i;
	for (size_t j = 0; j <= b.len; j++)
		d[0][j] = (uint8_t)j;
	for (size_t i = 1; i <= a.len; i++) {
		for (size_t j = 1; j <= b.len; j++) {
			unsigned cost = !is_same(a.at[i - 1], b.at[j - 1]);
			unsigned best =
				min3(d[i - 1][j] + 1u, d[i][j - 1] + 1u, d[i - 1][j - 1] + cost);

			if (i > 1 && j > 1 && is_same(a.at[i - 1], b.at[j - 2]) &&
				is_same(a.at[i - 2], b.at[j - 1]) && d[i - 2][j - 2] + 1u < best)
				best = d[i - 2][j - 2] + 1u;
			d[i][j] = (uint8_t)best;
		}
	}
	return d[a.len][b.len];
}

size_t nearest_find(struct span text, const char *const *words, size_t count)
{
	size_t nearest = count;
	/* A third of the letters wrong is a slip; more is another word. */
	unsigned least = (unsigned)text.len / 3 + 1;

	if (!text.len || text.len > WORD_LEN_MAX)
		return count;
	for (size_t i = 0; i < count; i++) {
		struct span word = span_of(words[i]);
		unsigned d = word.len > WORD_LEN_MAX ? least : distance(text, word);

		if (d < least) {
			least = d;
			nearest = i;
		}
	}
	return nearest;
}
