/* The far end of `culvert bench`. */
#ifndef CULVERT_CULVERT_BENCHSERVE_H
#define CULVERT_CULVERT_BENCHSERVE_H

#include <stdint.h>
#include "subcommand.h"

/* Serves one client after the other until a signal comes. */
enum status bench_serve(uint16_t port);

#endif
