/* One look at all interfaces, told as metrics. docs/metrics.md describes them. */
#ifndef CULVERT_CULVERT_SCRAPE_H
#define CULVERT_CULVERT_SCRAPE_H

#include "metricstext.h"

/* Appends every family to text->out, which is the caller's. 0 or -errno. */
__attribute__((warn_unused_result)) int scrape_print(struct metrics_text *text);

#endif
