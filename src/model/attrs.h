/*
 * The attributes of a device and a peer: one table, the only place that knows how each is called
 * in a configuration file, on the control socket, on the command line and in JSON, what type it
 * has and where it lies in the records of settings.h. Parsers and printers all work from it.
 */
#ifndef CULVERT_MODEL_ATTRS_H
#define CULVERT_MODEL_ATTRS_H

#include "settings.h"
#include "textbuf.h"
#include "values.h"

/* In the order in which the control protocol says them. */
enum attr_id {
	ATTR_PRIVATE_KEY,
	ATTR_LISTEN_PORT,
	ATTR_FWMARK,
	ATTR_REPLACE_PEERS,
	ATTR_PUBLIC_KEY,
	ATTR_REMOVE,
	ATTR_UPDATE_ONLY,
	ATTR_INITIATE,
	ATTR_PRESHARED_KEY,
	ATTR_PROTOCOL_VERSION,
	ATTR_ENDPOINT,
	ATTR_LAST_HANDSHAKE_SEC,
	ATTR_LAST_HANDSHAKE_NSEC,
	ATTR_TX_BYTES,
	ATTR_RX_BYTES,
	ATTR_KEEPALIVE,
	ATTR_REPLACE_ALLOWED_IPS,
	ATTR_ALLOWED_IPS,
	ATTR_COUNT
};

enum attr_scope {
	SCOPE_DEVICE,
	SCOPE_PEER,
};

enum attr_type {
	TYPE_KEY,
	TYPE_PORT,
	TYPE_FWMARK,
	TYPE_KEEPALIVE,
	TYPE_ENDPOINT,
	TYPE_PREFIX_LIST,
	TYPE_FLAG,
	TYPE_COUNTER, /* uint64_t */
	TYPE_SECONDS, /* int64_t, never negative */
	TYPE_VERSION, /* always 1, stored nowhere */
	TYPE_COUNT
};

enum attr_use {
	ATTR_IN_SET = 1 << 0,
	ATTR_IN_GET = 1 << 1,
	ATTR_NOT_ZERO = 1 << 2, /* a get leaves it out when it is zero */
};

struct attr {
	const char *uapi_key;
	const char *file_key;  /* NULL: not in files */
	const char *set_word;  /* of `wg set`; NULL: none */
	const char *show_word; /* of `wg show`; NULL: none */
	const char *json_name; /* NULL: not in JSON */
	const char *label;     /* of `wg show`; NULL: none */
	enum attr_scope scope;
	enum attr_type type;
	unsigned use;  /* enum attr_use */
	unsigned has;  /* its bit in the record's `has`; 0: none */
	size_t offset; /* of the value in its record */
};

extern const struct attr attrs[ATTR_COUNT];

/* ATTR_COUNT when there is none of that name in that scope. File keys match in any case. */
enum attr_id attr_by_uapi_key(struct span key);
enum attr_id attr_by_file_key(enum attr_scope scope, struct span key);
enum attr_id attr_by_set_word(struct span word);

/* What a value of this type looks like, for messages: "a number from 0 to 65535, or off". */
const char *attr_expected(enum attr_type type);

/*
 * One value into record, a struct device_settings or peer_settings as attrs[id].scope says: as
 * the control socket has it, or as files and command lines have it. A prefix is appended to the
 * peer's list. *is_short: memory ran out (the code is VALUE_OK then). On any other code nothing
 * has changed, but that a key may be zero.
 */
struct value_error attr_parse_uapi(enum attr_id id, struct span text, void *record, bool *is_short);
struct value_error attr_parse_text(enum attr_id id, struct span text, void *record);

/* The value alone; not for prefix lists. In text a zero fwmark or keepalive is "off". */
void attr_print_uapi(struct textbuf *out, enum attr_id id, const void *record);
void attr_print_text(struct textbuf *out, enum attr_id id, const void *record);

/* True when record has the value: by its bit, else by not being zero. */
bool attr_is_present(enum attr_id id, const void *record);

/* True when the value is the one that stands for none: zero, or no address. */
bool attr_is_zero(enum attr_id id, const void *record);

#endif
