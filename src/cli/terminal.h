/*
 * Colour on a terminal. Text is made with it; what goes where colour is not wanted is stripped
 * of it at the end.
 */
#ifndef CULVERT_CLI_TERMINAL_H
#define CULVERT_CLI_TERMINAL_H

#include <stdbool.h>
#include "textbuf.h"

#define COLOUR_RESET  "\x1b[0m"
#define COLOUR_BOLD   "\x1b[1m"
#define COLOUR_RED    "\x1b[31m"
#define COLOUR_GREEN  "\x1b[32m"
#define COLOUR_YELLOW "\x1b[33m"
#define COLOUR_CYAN   "\x1b[36m"

/* By WG_COLOR_MODE: "always", "never", else when stdout is a terminal. */
bool terminal_wants_colour(void);

/* Takes every colour out of the text. */
void terminal_strip_colour(struct textbuf *text);

/* Writes the text to stdout, with colour when it is wanted, and empties it. */
void terminal_write(struct textbuf *text);

#endif
