/* Times of expiry. */
#include "expiry.h"

#include <stdio.h>
#include <time.h>
#include "values.h"

enum { YEAR_MAX = 9999 };

static const struct {
	char letter;
	int64_t seconds;
} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};

/* A hundred years; longer is a typing error. */
#define SECONDS_MAX (100LL * 366 * 86400)

static bool parse_span(struct span text, int64_t *seconds)
{
	uint64_t number;

	if (text.len < 2 || value_parse_number(span_until(text, text.len - 1), SECONDS_MAX,
				    &number) != VALUE_OK)
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (units[i].letter == text.at[text.len - 1]) {
			*seconds = (int64_t)number * units[i].seconds;
			return *seconds <= SECONDS_MAX;
		}
	return false;
}

/* Each has the shape of its text; strptime() alone takes the 31st of February. */
static const char *const forms[] = {
	"%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"};

static bool parse_date(const char *text, int64_t *expires)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct tm tm = {0}, again;
		const char *end = strptime(text, forms[i], &tm);

		if (!end || (*end && strcmp(end, "Z") != 0))
			continue;
		again = tm;
		*expires = timegm(&again);
		return again.tm_mday == tm.tm_mday && tm.tm_year < YEAR_MAX - 1900 && *expires > 0;
	}
	return false;
}

bool expiry_parse(struct span text, int64_t now, int64_t *expires)
{
	char buffer[EXPIRY_TEXT_ROOM];

	if (parse_span(text, expires)) {
		*expires += now;
		return true;
	}
	if (text.len >= sizeof(buffer))
		return false;
	memcpy(buffer, text.at, text.len);
	buffer[text.len] = '\0';
	return parse_date(buffer, expires);
}

const char *expiry_print(int64_t expires, char text[EXPIRY_TEXT_ROOM])
{
	time_t seconds = (time_t)expires;
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) ||
		!strftime(text, EXPIRY_TEXT_ROOM, "%Y-%m-%dT%H:%M:%SZ", &tm))
		snprintf(text, EXPIRY_TEXT_ROOM, "?");
	return text;
}
