/*
 * Text as a QR code: for a terminal, as PNG, as SVG. Appends bytes to a buffer. 0; -ENOTSUP: the build
 * has no libqrencode; -E2BIG: too long for a code; -ENOMEM.
 */
#ifndef CULVERT_CULVERT_QR_H
#define CULVERT_CULVERT_QR_H

#include "textbuf.h"

enum qr_form { QR_TERMINAL, QR_PNG, QR_SVG };

int qr_print(struct textbuf *out, enum qr_form form, struct span text);

#endif
