/* Options out of words. */
#include "flags.h"

#include <inttypes.h>
#include <string.h>
#include "ensure.h"
#include "fault.h"
#include "nearest.h"
#include "values.h"

enum { FLAGS_MAX = 32 };

static const struct flag *find(const struct flag *flags, size_t count, struct span name)
{
	for (size_t i = 0; i < count; i++)
		if (span_equal(name, flags[i].name))
			return &flags[i];
	return NULL;
}

static void complain_unknown(
	const struct flag *flags, size_t count, struct span name, const char *subcommand)
{
	const char *names[FLAGS_MAX] = {0};
	size_t near;

	ENSURE(count <= FLAGS_MAX);
	for (size_t i = 0; i < count; i++)
		names[i] = flags[i].name;
	near = nearest_find(name, names, count);
	fault_say("%s: unknown option `%.*s'", subcommand, (int)name.len, name.at);
	if (near < count)
		fault_hint("Did you mean `%s'?", names[near]);
	else
		fault_hint("`culvert help %s' lists the options.", subcommand);
}

static bool put(const struct flag *flag, const char *value)
{
	uint64_t number;

	if (flag->text) {
		*flag->text = value;
		return true;
	}
	if (value_parse_number(span_of(value), flag->max, &number) != VALUE_OK ||
		number < flag->min) {
		fault_say("%s: `%s' is not a number from %" PRIu64 " to %" PRIu64, flag->name,
			value, flag->min, flag->max);
		return false;
	}
	*flag->number = number;
	return true;
}

/* Takes the option at *i, which moves over its value. */
static bool take(struct invocation *call, int *i, const struct flag *flags, size_t count)
{
	char *word = call->words[*i];
	size_t len = strcspn(word, "=");
	const struct flag *flag = find(flags, count, (struct span){word, len});
	const char *value = word[len] ? word + len + 1 : NULL;

	if (!flag) {
		complain_unknown(flags, count, (struct span){word, len}, call->words[0]);
		return false;
	}
	if (flag->is_set) {
		*flag->is_set = true;
		if (value)
			fault_say("%s takes no value", flag->name);
		return !value;
	}
	if (!value)
		value = call->words[*i + 1];
	if (!value) {
		fault_say("%s wants a value", flag->name);
		return false;
	}
	*i += !word[len];
	return put(flag, value);
}

bool flags_take(struct invocation *call, const struct flag *flags, size_t count)
{
	bool is_end = false;
	int kept = 1;

	for (int i = 1; i < call->count; i++) {
		const char *word = call->words[i];

		if (!is_end && strcmp(word, "--") == 0) {
			is_end = true;
		} else if (!is_end && word[0] == '-' && word[1]) {
			if (!take(call, &i, flags, count))
				return false;
		} else {
			call->words[kept++] = call->words[i];
		}
	}
	call->words[kept] = NULL;
	call->count = kept;
	return true;
}

bool flags_count_words(const struct invocation *call, int min, int max)
{
	if (call->count - 1 > max)
		fault_say("%s: `%s' is a word too many", call->words[0], call->words[max + 1]);
	else if (call->count - 1 < min)
		fault_say("%s: something is missing", call->words[0]);
	else
		return true;
	return false;
}
