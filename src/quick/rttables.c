/* Looking up a routing table's name. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "iproute.h"
#include "rttables.h"
#include "wholefile.h"
#include "values.h"

static const struct {
	const char *name;
	uint32_t table;
} builtin[] = {
	{"main", IPROUTE_TABLE_MAIN},
	{"local", IPROUTE_TABLE_LOCAL},
	{"default", IPROUTE_TABLE_DEFAULT},
};

static const char *const files[] = {"/etc/iproute2/rt_tables", "/usr/share/iproute2/rt_tables"};

/* One line `NUMBER NAME`; comments name nothing. */
static bool line_names(const char *line, struct span name, uint32_t *table)
{
	char *end;
	unsigned long number = strtoul(line, &end, 0);

	if (end == line)
		return false;
	while (*end == ' ' || *end == '\t')
		end++;
	if (strncmp(end, name.at, name.len) != 0 ||
		(end[name.len] && !isspace((unsigned char)end[name.len])))
		return false;
	*table = (uint32_t)number;
	return true;
}

static bool file_names(const char *path, struct span name, uint32_t *table)
{
	char *text, *rest, *line;
	size_t len;
	bool found = false;

	if (wholefile_read(path, &text, &len) < 0)
		return false;
	rest = text;
	while (!found && (line = strsep(&rest, "\n")) != NULL)
		found = line_names(line, name, table);
	wholefile_free(text, len);
	return found;
}

static bool parse_number(struct span text, uint32_t *table)
{
	char copy[16], *end;
	unsigned long number;

	if (!text.len || text.len >= sizeof(copy) || !isdigit((unsigned char)text.at[0]))
		return false;
	memcpy(copy, text.at, text.len);
	copy[text.len] = 0;
	number = strtoul(copy, &end, 0);
	*table = (uint32_t)number;
	return !*end && number > 0 && number <= UINT32_MAX;
}

bool rttable_parse(struct span text, uint32_t *table)
{
	if (parse_number(text, table))
		return true;
	for (size_t i = 0; i < sizeof(builtin) / sizeof(builtin[0]); i++) {
		if (span_equal(text, builtin[i].name)) {
			*table = builtin[i].table;
			return true;
		}
	}
	for (size_t i = 0; text.len && i < sizeof(files) / sizeof(files[0]); i++)
		if (file_names(files[i], text, table))
			return true;
	return false;
}
