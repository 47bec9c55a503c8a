/*
 * histogram.h - weights counted by value, those of the float network and those of the packed one on one
 * scale.
 */
#ifndef SNED_CLI_REPORT_HISTOGRAM_H
#define SNED_CLI_REPORT_HISTOGRAM_H

#include "cli/report/facts.h"
#include "graph/graph.h"

/* Of float weights; their spread sets the scale. */
void histogram_before(struct weight_histogram *histogram, const struct tensor *weights);
/* Of a layer of an integer graph, zeros left out, on that scale. */
void histogram_after(struct weight_histogram *histogram, const struct graph *integer,
                     const struct node *node);

#endif
