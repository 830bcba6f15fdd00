/*
 * The text that Prometheus and its like read: families of samples with their types, in the classic
 * form (text/plain; version=0.0.4) or as OpenMetrics 1.0. A family's samples stand together.
 */
#ifndef CULVERT_CULVERT_METRICSTEXT_H
#define CULVERT_CULVERT_METRICSTEXT_H

#include <stdint.h>
#include "textbuf.h"

enum metrics_form {
	METRICS_CLASSIC,
	METRICS_OPEN,
};

enum metric_type {
	METRIC_COUNTER, /* its samples are called NAME_total */
	METRIC_GAUGE,
	METRIC_INFO, /* NAME_info, always 1: what matters are the labels */
};

struct metric_family {
	const char *name; /* with its unit, without a suffix */
	const char *unit; /* "bytes", "seconds"; NULL: none */
	const char *help;
	enum metric_type type;
};

struct metrics_text {
	enum metrics_form form;
	struct textbuf out;
	const struct metric_family *family; /* of the samples that follow */
};

void metrics_begin_family(struct metrics_text *text, const struct metric_family *family);

/*
 * Appends a label to those of a sample. Its value may be any bytes: what is not UTF-8 becomes U+FFFD,
 * as one such byte would make a whole scrape void.
 */
void metrics_add_label(struct textbuf *labels, const char *name, struct span value);

/* A sample with labels as metrics_add_label() has made them; empty: none. */
void metrics_add_sample(struct metrics_text *text, const struct textbuf *labels, uint64_t value);

/* Behind the last family. */
void metrics_end(struct metrics_text *text);

/* Whether a client whose Accept header is this (NULL: none) is given OpenMetrics. */
enum metrics_form metrics_form_for(const char *accept);
const char *metrics_content_type(enum metrics_form form);

#endif
