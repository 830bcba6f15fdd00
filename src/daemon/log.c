/* Lines on stderr. */
#include "log.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum log_level log_level_parse(const char *text)
{
	static const struct {
		const char *word;
		enum log_level level;
	} words[] = {
		{"verbose", LOG_LEVEL_VERBOSE},
		{"debug", LOG_LEVEL_VERBOSE},
		{"error", LOG_LEVEL_ERROR},
		{"silent", LOG_LEVEL_SILENT},
	};

	for (size_t i = 0; text && i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(text, words[i].word) == 0)
			return words[i].level;
	return LOG_LEVEL_ERROR;
}

__attribute__((format(printf, 4, 0))) static void say(const struct log *log, enum log_level level,
	const char *word, const char *format, va_list arguments)
{
	char line[512];

	if (log->level < level)
		return;
	vsnprintf(line, sizeof(line), format, arguments);
	fprintf(stderr, "%s: (%s) %s\n", word, log->interface, line);
}

void log_error(const struct log *log, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(log, LOG_LEVEL_ERROR, "ERROR", format, arguments);
	va_end(arguments);
}

void log_verbose(const struct log *log, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(log, LOG_LEVEL_VERBOSE, "DEBUG", format, arguments);
	va_end(arguments);
}
