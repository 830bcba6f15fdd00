/* Messages. */
#include <stdarg.h>
#include <stdio.h>
#include "say.h"

__attribute__((format(printf, 2, 0))) static void say(
	const char *start, const char *format, va_list args)
{
	fputs(start, stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

void say_step(const struct step *step, const char *ifname)
{
	struct textbuf out;

	if (step->is_silent)
		return;
	textbuf_init(&out);
	step_print(&out, step, ifname);
	if (textbuf_status(&out) == 0 && out.text && step->kind == STEP_WARN)
		say_line("%s", out.text);
	else if (textbuf_status(&out) == 0 && out.text)
		say_command("%s", out.text);
	textbuf_fini(&out);
}

void say_command(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say("[#] ", format, args);
	va_end(args);
}

void say_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say("wg-quick: ", format, args);
	va_end(args);
}

void say_line(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say("", format, args);
	va_end(args);
}
