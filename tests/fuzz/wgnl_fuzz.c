/* Any bytes as the kernel's messages of a dump. */
#include <libmnl/libmnl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "ensure.h"
#include "wgnl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct device_settings device;
	int left = (int)size;
	/* Aligned, as a socket's buffer is, and no byte longer. */
	struct nlmsghdr *copy = malloc(size ? size : 1), *message = copy;

	ENSURE(copy);
	memcpy(copy, data, size);
	settings_init(&device);
	/* The lengths of whole messages are the kernel's own; what is in them is looked at. */
	while (mnl_nlmsg_ok(message, left) && message->nlmsg_len <= size &&
		!wgnl_decode_get(message, &device))
		message = mnl_nlmsg_next(message, &left);
	settings_fini(&device);
	free(copy);
	return 0;
}
