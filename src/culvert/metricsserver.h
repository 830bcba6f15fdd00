/*
 * Metrics over HTTP: GET /metrics, one scrape at a time. Each is a look of its own, so that nothing is
 * as old as the last one.
 */
#ifndef CULVERT_CULVERT_METRICSSERVER_H
#define CULVERT_CULVERT_METRICSSERVER_H

#include <stdint.h>
#include "addr.h"

struct MHD_Daemon;

/* 0 or -errno; port 0: any free one. */
int metricsserver_start(struct MHD_Daemon **server, const struct endpoint *listen);
uint16_t metricsserver_port(struct MHD_Daemon *server);
void metricsserver_stop(struct MHD_Daemon *server);

#endif
