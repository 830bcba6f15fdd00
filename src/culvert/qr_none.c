/* A build without libqrencode and libpng. */
#include <errno.h>
#include "qr.h"

int qr_print(struct textbuf *out, enum qr_form form, struct span text)
{
	(void)out;
	(void)form;
	(void)text;
	return -ENOTSUP;
}
