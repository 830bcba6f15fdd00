/* libsodium's own start; its state is the library's, none of it is ours. */
#include "crypto_init.h"

#include <sodium.h>

bool crypto_init(void)
{
	return sodium_init() >= 0;
}
