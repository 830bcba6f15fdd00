/* Findings: their names, their levels, their list. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "diagnosis.h"
#include "ensure.h"
#include "grow.h"

static const struct {
	const char *name;
	enum doctor_level level;
} codes[] = {
#define C(name, level, code) {code, DOCTOR_##level},
	DOCTOR_CODES(C)
#undef C
};

const char *doctor_code_name(enum doctor_code code)
{
	ENSURE(code < FOUND_CODES);
	return codes[code].name;
}

enum doctor_level doctor_code_level(enum doctor_code code)
{
	ENSURE(code < FOUND_CODES);
	return codes[code].level;
}

const char *doctor_level_name(enum doctor_level level)
{
	static const char *const names[] = {"note", "warning", "broken"};

	return names[level];
}

void diagnosis_fini(struct diagnosis *diagnosis)
{
	for (size_t i = 0; i < diagnosis->count; i++) {
		free(diagnosis->list[i].evidence);
		free(diagnosis->list[i].fix);
	}
	free(diagnosis->list);
	*diagnosis = (struct diagnosis){0};
}

__attribute__((format(printf, 1, 0))) static char *format_text(const char *format, va_list values)
{
	char *text;

	return vasprintf(&text, format, values) < 0 ? NULL : text;
}

char *doctor_text(const char *format, ...)
{
	va_list values;
	char *text;

	va_start(values, format);
	text = format_text(format, values);
	va_end(values);
	return text;
}

static struct doctor_finding *find_same(
	const struct diagnosis *diagnosis, enum doctor_code code, long peer, const char *evidence)
{
	for (size_t i = 0; i < diagnosis->count; i++) {
		struct doctor_finding *finding = &diagnosis->list[i];

		if (finding->code == code && finding->peer == peer &&
			strcmp(finding->evidence, evidence) == 0)
			return finding;
	}
	return NULL;
}

/* Takes over evidence and fix. */
static struct doctor_finding *append(struct diagnosis *diagnosis, struct doctor_finding finding)
{
	struct doctor_finding *list =
		grow_array(diagnosis->list, diagnosis->count, &diagnosis->room, sizeof(*list));

	if (!list) {
		free(finding.evidence);
		free(finding.fix);
		diagnosis->is_short = true;
		return NULL;
	}
	diagnosis->list = list;
	list[diagnosis->count] = finding;
	return &list[diagnosis->count++];
}

struct doctor_finding *diagnosis_add(struct diagnosis *diagnosis, enum doctor_code code, long peer,
	char *fix, const char *evidence, ...)
{
	struct doctor_finding *same;
	va_list values;
	char *text;

	va_start(values, evidence);
	text = format_text(evidence, values);
	va_end(values);
	if (!text) {
		free(fix);
		diagnosis->is_short = true;
		return NULL;
	}
	same = find_same(diagnosis, code, peer, text);
	if (same) {
		free(text);
		free(fix);
		return same;
	}
	return append(diagnosis, (struct doctor_finding){.code = code,
					 .level = doctor_code_level(code),
					 .peer = peer,
					 .evidence = text,
					 .fix = fix});
}

bool diagnosis_has(const struct diagnosis *diagnosis, enum doctor_code code, long peer)
{
	for (size_t i = 0; i < diagnosis->count; i++)
		if (diagnosis->list[i].code == code &&
			(peer == DOCTOR_NO_PEER || diagnosis->list[i].peer == peer))
			return true;
	return false;
}

enum doctor_level diagnosis_worst_for(const struct diagnosis *diagnosis, long peer)
{
	enum doctor_level worst = DOCTOR_NOTE;

	for (size_t i = 0; i < diagnosis->count; i++) {
		const struct doctor_finding *finding = &diagnosis->list[i];

		if ((finding->peer == peer || finding->peer == DOCTOR_NO_PEER) &&
			finding->level > worst)
			worst = finding->level;
	}
	return worst;
}

enum doctor_level diagnosis_worst(const struct diagnosis *diagnosis)
{
	enum doctor_level worst = DOCTOR_NOTE;

	for (size_t i = 0; i < diagnosis->count; i++)
		if (diagnosis->list[i].level > worst)
			worst = diagnosis->list[i].level;
	return worst;
}

void diagnosis_sort(struct diagnosis *diagnosis)
{
	struct doctor_finding *list = diagnosis->list;

	for (size_t i = 1; i < diagnosis->count; i++) {
		struct doctor_finding moved = list[i];
		size_t to = i;

		for (; to > 0 && list[to - 1].level < moved.level; to--)
			list[to] = list[to - 1];
		list[to] = moved;
	}
}
