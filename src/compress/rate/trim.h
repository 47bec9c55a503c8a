/*
 * trim.h - weights that are just not 0 become it, until the file is as small as was asked for.
 *
 * Training that ends a little above its size would take very long to get there: at rates at which a deep
 * network keeps what it has learnt, weights hardly move. ResNet-20, 1 % too large, lost 30 of 56,580 bytes in
 * 1.5 epochs, though bits cost 25 times as much in the end. But of its 128,000 weights some thousands are
 * next to the edge at which they round to 0: the nearest are taken over it, and what is trained next makes
 * good most of what that lost. It is for the last per cent: all of them are made smaller, which adds up.
 * By 2.6 % the held-out loss went from .036 to .136, and 1.5 epochs brought it back to .060.
 */
#ifndef SNED_COMPRESS_RATE_TRIM_H
#define SNED_COMPRESS_RATE_TRIM_H

#include "compress/rate/layers.h"
#include "compress/rate/rate.h"

/* Of a graph whose weights are not rounded yet, with steps: where its bytes, as options->measure_bytes tells
 * them, are more than options->most_bytes, the smallest weights that round to one become 0, all that are
 * nearer to the edge than some share of a step, the least for which there are no more. Not where that would
 * be more than a quarter, nor in layers whose zeros keep to a structure. */
sned_status rate_trim(const struct rate_layers *layers, struct graph *graph,
                      const struct rate_options *options, sned_error *error);

#endif
