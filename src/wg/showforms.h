/*
 * The forms in which `wg show` says what a device is: for people, for scripts, as JSON. Each
 * appends text; none reads or writes anything else.
 */
#ifndef CULVERT_WG_SHOWFORMS_H
#define CULVERT_WG_SHOWFORMS_H

#include <jansson.h>
#include "names.h"
#include "settings.h"
#include "textbuf.h"

/*
 * For people. names (may be NULL): the peers' names, shown beside their keys; stock output has
 * none. Who shook hands last comes first.
 */
struct pretty_options {
	const struct peer_names *names;
	bool shows_keys;
	int64_t now; /* seconds since 1970 */
};
void pretty_print(struct textbuf *out, const struct device_settings *device,
	const struct pretty_options *options);

/* For scripts: one field of the device and its peers, or all of them ("dump"). */
bool field_is_known(const char *word);
/* has_interface: each line starts with the interface's name. */
void field_print(struct textbuf *out, const struct device_settings *device, const char *word,
	bool has_interface);

/* A new reference, the device as an object of the JSON document; NULL when memory is short. */
json_t *json_device(const struct device_settings *device, const struct pretty_options *options);

#endif
