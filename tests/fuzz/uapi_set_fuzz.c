/* Any bytes as a set request: refused whole, or printed as a request that means the same. */
#include <errno.h>
#include <stdint.h>
#include "ensure.h"
#include "uapi_whole.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was understood, said again, is understood and said the same. */
static void check_stable(const struct device_settings *device)
{
	struct textbuf once = {0}, twice = {0};
	struct device_settings again;
	size_t bad_line;

	uapi_print_set(&once, device);
	/* A line at a time makes no difference. */
	ENSURE(uapi_whole_set((struct span){once.text, once.len}, 1, &again, &bad_line) == 0);
	uapi_print_set(&twice, &again);
	ENSURE(once.len == twice.len && memcmp(once.text, twice.text, once.len) == 0);
	settings_fini(&again);
	textbuf_fini(&once);
	textbuf_fini(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = {(const char *)data, size};
	struct device_settings device;
	size_t end = uapi_find_end(text, 0), bad_line = 0;
	int status = uapi_whole_set(text, SIZE_MAX, &device, &bad_line);

	ENSURE(status == 0 || status == -EINVAL || status == -EPROTO);
	ENSURE((status != 0) == (bad_line != 0));
	/* A message that is understood ends where the daemon looks for its end. */
	ENSURE(status || end == size);
	ENSURE(end <= size && uapi_find_end(text, size / 2) <= size);
	uapi_request_operation(text);
	if (!status)
		check_stable(&device);
	settings_fini(&device);
	return 0;
}
