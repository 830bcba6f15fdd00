/*
 * Complaints of `wg`: the first line is what the stock tool says, for scripts that look for it;
 * what helps further comes behind it.
 */
#ifndef CULVERT_WG_COMPLAIN_H
#define CULVERT_WG_COMPLAIN_H

#include "attrs.h"
#include "confsettings.h"

/* A bad value of an attribute. found: the part of it that is wrong; "(hidden)" for a secret. */
void complain_value(enum attr_type type, enum value_code code, const char *found);

/* Everything that is wrong with a configuration file; warnings only: only these. */
void complain_conf(const char *path, const struct conf_errors *errors);

#endif
