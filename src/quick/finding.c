/* A growing list of findings, and what their words are made of. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "finding.h"
#include "grow.h"
#include "values.h"

void finding_add(struct findings *findings, bool is_error, unsigned line, const char *format, ...)
{
	struct finding *list =
		grow_array(findings->list, findings->count, &findings->room, sizeof(*list));
	va_list args;
	int len;

	if (!list) {
		findings->is_short = true;
		return;
	}
	findings->list = list;
	list[findings->count] = (struct finding){.line = line, .is_error = is_error};
	va_start(args, format);
	len = vasprintf(&list[findings->count].text, format, args);
	va_end(args);
	if (len < 0)
		findings->is_short = true;
	else
		findings->count++;
}

void findings_fini(struct findings *findings)
{
	for (size_t i = 0; i < findings->count; i++)
		free(findings->list[i].text);
	free(findings->list);
	*findings = (struct findings){0};
}

char *finding_prefix(const struct ip_prefix *prefix)
{
	struct textbuf out;
	char *text;

	textbuf_init(&out);
	value_print_prefix(&out, prefix);
	text = textbuf_status(&out) ? NULL : strdup(out.text);
	textbuf_fini(&out);
	return text;
}

bool prefix_contains(const struct ip_prefix *wide, const struct ip_addr *addr)
{
	struct ip_prefix masked = {.addr = *addr, .bits = wide->bits};

	if (wide->addr.family != addr->family)
		return false;
	prefix_mask(&masked);
	return ip_addr_equal(&masked.addr, &wide->addr);
}
