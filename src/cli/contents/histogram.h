/*
 * histogram.h - a layer's weights counted by value.
 */
#ifndef SNED_CLI_CONTENTS_HISTOGRAM_H
#define SNED_CLI_CONTENTS_HISTOGRAM_H

#include "graph/graph.h"

enum { HISTOGRAM_BINS = 61, HISTOGRAM_MIDDLE = HISTOGRAM_BINS / 2 };

/* Bin i counts the weights nearest to (i - 30) width; the two outermost hold what is beyond them, too. */
struct weight_histogram {
    double width; /* 0: all weights are 0, and none is counted */
    double bins[HISTOGRAM_BINS];
};
/* Of a Conv or Gemm of either kind of graph: of float weights all, of an integer graph's those that are not
 * 0. On a scale whose bins are `width` wide; 0: one that fits the weights. */
void histogram_make(struct weight_histogram *histogram, const struct graph *graph, const struct node *node,
                    double width);

/* The same on a wider scale, as well as its bins tell. */
void histogram_widen(struct weight_histogram *histogram, double width);

/* As a line of blocks for a terminal, "▁▂▄▇█▇▄▂▁". */
enum { HISTOGRAM_COLUMNS = 21, HISTOGRAM_TEXT = 3 * HISTOGRAM_COLUMNS + 1 };
const char *histogram_text(char text[HISTOGRAM_TEXT], const struct weight_histogram *histogram);

#endif
