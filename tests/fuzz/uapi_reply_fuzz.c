/* Any bytes as a daemon's reply: what was understood is shown and understood again. */
#include <stdint.h>
#include "ensure.h"
#include "uapi.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(const struct device_settings *device)
{
	struct textbuf out = {0};
	struct device_settings again;

	uapi_print_device(&out, device);
	for (size_t i = 0; i < device->peers_count; i++)
		uapi_print_peer(&out, &device->peers[i]);
	uapi_print_errno(&out, 0);
	ENSURE(uapi_parse_get((struct span){out.text, out.len}, &again) == 0);
	ENSURE(again.peers_count == device->peers_count);
	settings_fini(&again);
	textbuf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = {(const char *)data, size};
	struct device_settings device;
	int status = uapi_parse_get(text, &device);

	ENSURE(status <= 0 && status >= -4095);
	if (!status)
		check_again(&device);
	settings_fini(&device);
	status = uapi_parse_set_reply(text);
	ENSURE(status <= 0 && status >= -4095);
	return 0;
}
