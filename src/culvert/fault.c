/* Complaints and hints. */
#include "fault.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct {
	int error;
	const char *hint;
} hints[] = {
	{EPERM, "This needs root's rights: try it with sudo."},
	{EACCES, "This needs root's rights: try it with sudo."},
	{ENODEV, "`culvert status' lists the interfaces; `wg-quick up NAME' makes one."},
	{EPROTONOSUPPORT, "`culvert status' lists the interfaces; `wg-quick up NAME' makes one."},
	{EROFS, "The file system is mounted read-only."},
	{ENOSPC, "The disk is full."},
};

__attribute__((format(printf, 2, 0))) static void print(
	const char *before, const char *format, va_list arguments)
{
	fflush(stdout);
	fputs(before, stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
}

void fault_say(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print("culvert: ", format, arguments);
	va_end(arguments);
}

void fault_hint(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print("  hint: ", format, arguments);
	va_end(arguments);
}

void fault_system(const char *what, int error)
{
	bool is_unknown = error == -EPROTONOSUPPORT;

	fault_say("%s: %s", what, is_unknown ? "no such WireGuard interface" : strerror(-error));
	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++)
		if (hints[i].error == -error && !(geteuid() == 0 && hints[i].error == EPERM))
			fault_hint("%s", hints[i].hint);
}
