/* The words of stock wg for what can be wrong with a value, and ours behind them. */
#include "complain.h"

#include <stdio.h>

/* One line a message; the first that fits is said. VALUE_CODES: any code. */
static const struct {
	enum attr_type type;
	enum value_code code;
	const char *message; /* with the text found, when it ends in a colon */
} messages[] = {
	{TYPE_KEY, VALUE_CODES, "Key is not the correct length or format:"},
	{TYPE_PORT, VALUE_EMPTY, "Unable to parse empty port"},
	{TYPE_PORT, VALUE_CODES, "Unable to parse port:"},
	{TYPE_FWMARK, VALUE_CODES, "Fwmark is neither 0/off nor 0-0xffffffff:"},
	{TYPE_KEEPALIVE, VALUE_CODES,
		"Persistent keepalive interval is neither 0/off nor 1-65535:"},
	{TYPE_ENDPOINT, VALUE_EMPTY, "Unable to parse empty endpoint"},
	{TYPE_ENDPOINT, VALUE_NO_PORT, "Unable to find port of endpoint:"},
	{TYPE_ENDPOINT, VALUE_NO_BRACKET, "Unable to find matching brace of endpoint:"},
	{TYPE_ENDPOINT, VALUE_CODES, "Unable to parse endpoint:"},
	{TYPE_PREFIX_LIST, VALUE_PREFIX_LENGTH, "AllowedIP is not in the correct format:"},
	{TYPE_PREFIX_LIST, VALUE_CODES, "Unable to parse IP address:"},
};

void complain_value(enum attr_type type, enum value_code code, const char *found)
{
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		const char *message = messages[i].message;

		if (messages[i].type != type ||
			(messages[i].code != code && messages[i].code != VALUE_CODES))
			continue;
		if (message[strlen(message) - 1] == ':')
			fprintf(stderr, "%s `%s'\n", message, found);
		else
			fprintf(stderr, "%s\n", message);
		return;
	}
}

/* The line that stock wg prints about this error, which is all it prints. */
static void complain_as_stock(const struct conf_error *error)
{
	const char *found = error->found ? error->found : "";

	if (error->code == CONF_BAD_VALUE)
		complain_value(attrs[error->key].type, error->value, found);
	else if (error->code == CONF_PEER_WITHOUT_KEY)
		fputs("A peer is missing a public key\n", stderr);
	else
		fprintf(stderr, "Line unrecognized: `%s'\n", found);
	fputs(error->code == CONF_PEER_WITHOUT_KEY ? "Invalid configuration\n"
						   : "Configuration parsing error\n",
		stderr);
}

static const struct conf_error *first_fatal(const struct conf_errors *errors)
{
	for (size_t i = 0; i < errors->count; i++)
		if (errors->list[i].code != CONF_HOST_BITS)
			return &errors->list[i];
	return NULL;
}

void complain_conf(const char *path, const struct conf_errors *errors)
{
	const struct conf_error *fatal = first_fatal(errors);
	struct textbuf text = {0};

	for (size_t i = 0; i < errors->count; i++) {
		if (errors->list[i].code != CONF_HOST_BITS)
			conf_error_print(&text, path, &errors->list[i]);
		else if (errors->list[i].found)
			fprintf(stderr, "Warning: AllowedIP has nonzero host part: %s\n",
				errors->list[i].found);
	}
	if (fatal)
		complain_as_stock(fatal);
	if (text.len)
		fputs(text.text, stderr);
	textbuf_fini(&text);
}
