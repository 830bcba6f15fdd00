/* What wg-quick says, all of it on standard error: commands, errors, warnings. */
#ifndef CULVERT_QUICK_SAY_H
#define CULVERT_QUICK_SAY_H

#include "step.h"

/* "[#] COMMAND" for what is about to be done; a warning step as it is. */
void say_step(const struct step *step, const char *ifname);

/* "[#] " and the text; "wg-quick: " and the text; the text alone. A newline each. */
void say_command(const char *format, ...) __attribute__((format(printf, 1, 2)));
void say_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void say_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
