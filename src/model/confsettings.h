/*
 * What a configuration document says: a device and its peers as values, the names that need a
 * resolver, and every error with its place. Pure: nothing here resolves or prints to a screen.
 */
#ifndef CULVERT_MODEL_CONFSETTINGS_H
#define CULVERT_MODEL_CONFSETTINGS_H

#include "conffile.h"
#include "settings.h"

/* Whether wg-quick's keys in [Interface] are errors (as for `wg`) or fine (they are skipped). */
enum conf_dialect {
	CONF_WG,
	CONF_QUICK,
};

enum conf_error_code {
	CONF_UNKNOWN_KEY,
	CONF_UNKNOWN_SECTION,
	CONF_OUTSIDE_SECTION,
	CONF_WRONG_SECTION, /* the key belongs to the other section */
	CONF_QUICK_KEY,     /* wg-quick's key in a file for `wg` */
	CONF_NOT_A_PAIR,
	CONF_NO_VALUE,
	CONF_BAD_VALUE,
	CONF_NUL_BYTE,
	CONF_PEER_WITHOUT_KEY,
	CONF_HOST_BITS, /* a warning: bits behind the prefix length are set */
	CONF_ERROR_CODES
};

struct conf_error {
	enum conf_error_code code;
	unsigned line, column; /* from 1; line 0: the file as a whole */
	unsigned key;          /* what it is about, or CONF_KEY_COUNT */
	enum value_code value; /* of CONF_BAD_VALUE: why */
	const char *expected;  /* what would have been right; static, or NULL */
	const char *nearest;   /* the known key most like the one found; static, or NULL */
	char *found; /* the text at fault, its spaces deleted; owned; a secret: "(hidden)" */
};

struct conf_errors {
	struct conf_error *list;
	size_t count, room;
	bool is_short; /* memory ran out: there are more */
};

void conf_errors_init(struct conf_errors *errors);
void conf_errors_fini(struct conf_errors *errors);

/* True when there is one that is more than a warning. */
bool conf_errors_are_fatal(const struct conf_errors *errors);

/*
 * Adds an error of the caller's own (a bad Address, say): code, the line, where in it the text at
 * fault lies, what was expected (static).
 */
void conf_errors_add(struct conf_errors *errors, enum conf_error_code code,
	const struct conf_line *line, struct span found, const char *expected);

/* "FILE:LINE:COLUMN: what is wrong; what was expected; the nearest key" and a newline. */
void conf_error_print(struct textbuf *out, const char *file, const struct conf_error *error);

/* What a peer's section says beyond its settings. Same index as device.peers. */
struct conf_peer {
	unsigned line;                    /* of its header */
	char name[PEER_NAME_LEN_MAX + 1]; /* "" when it has none */
	char *endpoint;                   /* HOST:PORT by name, to be resolved; NULL: none */
	unsigned endpoint_line;
};

struct conf_settings {
	/*
	 * `has` says what the file mentions. No flag of a change (replace_..., remove) is set:
	 * that is up to who applies it.
	 */
	struct device_settings device;
	struct conf_peer *peers;
	char *listen_port; /* by the name of a service, to be resolved; NULL: none */
};

/*
 * 0; -EINVAL when errors are fatal (settings then holds what could be understood); -ENOMEM.
 * Every error is found, not only the first. fini both, always.
 */
__attribute__((warn_unused_result)) int conf_document_settings(const struct conf_document *doc,
	enum conf_dialect dialect, struct conf_settings *settings, struct conf_errors *errors);
void conf_settings_fini(struct conf_settings *settings);

#endif
