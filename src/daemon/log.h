/*
 * What the daemon says, to stderr: errors, and on request what it does. Never keys; what a remote
 * end can cause is said only at the verbose level.
 */
#ifndef CULVERT_DAEMON_LOG_H
#define CULVERT_DAEMON_LOG_H

#include <stdbool.h>

enum log_level {
	LOG_LEVEL_SILENT,
	LOG_LEVEL_ERROR,
	LOG_LEVEL_VERBOSE,
};

struct log {
	enum log_level level;
	const char *interface; /* who speaks; the caller's */
};

/* The value of LOG_LEVEL as wireguard-go has it; anything else, and NULL, is ERROR. */
enum log_level log_level_parse(const char *text);

/* One line each; no newline in format. */
void log_error(const struct log *log, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void log_verbose(const struct log *log, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
