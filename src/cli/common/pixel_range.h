/*
 * pixel_range.h - a word where a model's mean and scale look like numbers for pixels from 0 to 1.
 */
#ifndef SNED_CLI_COMMON_PIXEL_RANGE_H
#define SNED_CLI_COMMON_PIXEL_RANGE_H

#include "base/report.h"
#include "graph/graph.h"

/* One line to `reporter`, with the numbers for pixels from 0 to 255, where the graph's look like the others,
 * or where its first layers scale pixels and do not go with them; `path` names the model. */
void warn_of_pixel_range(const struct graph *graph, const char *path, const struct reporter *reporter);

/* "123.675,116.28,103.53", or one number where all are the same. */
enum { NUMBERS_TEXT = 80 };
const char *numbers_text(char text[NUMBERS_TEXT], const float *numbers, int count);

#endif
