/*
 * The one call before the others, once in a process.
 */
#ifndef CULVERT_CRYPTO_CRYPTO_INIT_H
#define CULVERT_CRYPTO_CRYPTO_INIT_H

#include <stdbool.h>

/*
 * Lets libsodium choose its code for this CPU, before a second thread exists. Every function of
 * this layer gives the same results without it, only slower. May be called again. False when the
 * system gives no random bytes, which libsodium wants for its own use.
 */
__attribute__((warn_unused_result)) bool crypto_init(void);

#endif
