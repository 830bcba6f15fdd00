/* In place of bulk_ipsec_mb.c where the library does not exist: nothing can be created. */
#include "bulk_ops.h"

static void *absent_create(void)
{
	return NULL;
}

const struct bulk_ops bulk_ops_ipsec_mb = {
	.name = "ipsec-mb",
	.create = absent_create,
};
