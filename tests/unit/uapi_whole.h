/* A whole set request at once, as no daemon takes it. */
#ifndef CULVERT_TESTS_UAPI_WHOLE_H
#define CULVERT_TESTS_UAPI_WHOLE_H

#include "uapi.h"

/* In pieces of about max bytes; settings_fini() device however it ends. As uapi_set_take(). */
static inline int uapi_whole_set(
	struct span request, size_t max, struct device_settings *device, size_t *bad_line)
{
	struct uapi_set set;
	int status;

	uapi_set_begin(&set);
	do
		status = uapi_set_take(&set, request, max);
	while (status > 0);
	if (status < 0)
		*bad_line = set.line_number;
	*device = set.device;
	return status;
}

#endif
