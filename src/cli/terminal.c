/* Escape sequences, in or out. */
#include "terminal.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

bool terminal_wants_colour(void)
{
	const char *mode = getenv("WG_COLOR_MODE");

	if (mode && strcmp(mode, "always") == 0)
		return true;
	if (mode && strcmp(mode, "never") == 0)
		return false;
	return isatty(STDOUT_FILENO) == 1;
}

void terminal_strip_colour(struct textbuf *text)
{
	size_t kept = 0;

	for (size_t i = 0; i < text->len; i++) {
		if (text->text[i] == '\x1b' && i + 1 < text->len && text->text[i + 1] == '[')
			while (i < text->len && text->text[i] != 'm')
				i++;
		else
			text->text[kept++] = text->text[i];
	}
	text->len = kept;
}

void terminal_write(struct textbuf *text)
{
	if (!terminal_wants_colour())
		terminal_strip_colour(text);
	if (text->len)
		fwrite(text->text, 1, text->len, stdout);
	textbuf_clear(text);
}
