/* Errors of a configuration: collecting them and saying them. */
#include "confsettings.h"

#include <stdlib.h>

static const char *const code_texts[CONF_ERROR_CODES] = {
	[CONF_UNKNOWN_KEY] = "is no key of this section",
	[CONF_UNKNOWN_SECTION] = "is no section",
	[CONF_OUTSIDE_SECTION] = "stands before the first section",
	[CONF_WRONG_SECTION] = "belongs to the other section",
	[CONF_QUICK_KEY] = "is a key of wg-quick, not of wg",
	[CONF_NOT_A_PAIR] = "is neither a section nor a key with a value",
	[CONF_NO_VALUE] = "has no value",
	[CONF_BAD_VALUE] = "is not right",
	[CONF_NUL_BYTE] = "a zero byte: the file is damaged, or not text",
	[CONF_PEER_WITHOUT_KEY] = "this peer has no PublicKey",
	[CONF_HOST_BITS] = "has bits set behind its prefix length; they are ignored",
};

void conf_errors_init(struct conf_errors *errors)
{
	*errors = (struct conf_errors){0};
}

void conf_errors_fini(struct conf_errors *errors)
{
	for (size_t i = 0; i < errors->count; i++)
		free(errors->list[i].found);
	free(errors->list);
	conf_errors_init(errors);
}

bool conf_errors_are_fatal(const struct conf_errors *errors)
{
	for (size_t i = 0; i < errors->count; i++)
		if (errors->list[i].code != CONF_HOST_BITS)
			return true;
	return errors->is_short;
}

static struct conf_error *add_error(struct conf_errors *errors)
{
	size_t room = errors->room ? 2 * errors->room : 8;
	struct conf_error *list = errors->list;

	if (errors->count == errors->room) {
		list = reallocarray(errors->list, room, sizeof(*list));
		if (!list) {
			errors->is_short = true;
			return NULL;
		}
		errors->list = list;
		errors->room = room;
	}
	return &errors->list[errors->count++];
}

void conf_errors_add(struct conf_errors *errors, enum conf_error_code code,
	const struct conf_line *line, struct span found, const char *expected)
{
	struct conf_error *error = add_error(errors);
	/* Wraps to a large number when found does not lie in the line. */
	uintptr_t offset = (uintptr_t)found.at - (uintptr_t)line->text;

	if (!error)
		return;
	*error = (struct conf_error){.code = code,
		.line = line->number,
		.key = line->key,
		.column = offset <= line->len ? (unsigned)offset + 1 : 1,
		.expected = expected,
		.found = strndup(found.at, found.len)};
}

void conf_error_print(struct textbuf *out, const char *file, const struct conf_error *error)
{
	textbuf_addf(out, "%s:%u:%u: ", file, error->line, error->column);
	if (error->found && error->found[0])
		textbuf_addf(out, "`%s' ", error->found);
	/* A value that the caller has refused (see conf_errors_add) has no code of its own. */
	textbuf_add(out, error->code == CONF_BAD_VALUE && error->value != VALUE_OK
				 ? value_code_text(error->value)
				 : code_texts[error->code]);
	if (error->key < CONF_KEY_COUNT && error->code == CONF_BAD_VALUE)
		textbuf_addf(out, " (in %s)", conf_key_name(error->key));
	if (error->nearest)
		textbuf_addf(out, "; did you mean `%s'?", error->nearest);
	else if (error->expected)
		textbuf_addf(out, "; expected %s", error->expected);
	textbuf_add(out, "\n");
}
