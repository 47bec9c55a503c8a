/*
 * raster.h - a Conv as the lanes see it: pixels in one flat line, and each weight a shift along it.
 *
 * With rows of `pitch` pixels stored one after the other, output pixel p = y pitch + x of a convolution with
 * stride 1 reads in[p + dy pitch + dx] for each tap (dy, dx): a constant shift, and zeros where the tap
 * leaves the image. A stride is taken away first by space-to-depth: input pixel (y, x) of channel c becomes
 * pixel (y / s, x / s) of channel c s^2 + (y mod s) s + x mod s. So any kernel, pad, stride and dilation is a
 * list of (channel, dy, dx), one for each weight of a filter.
 */
#ifndef SNED_ACCEL_PROGRAM_RASTER_H
#define SNED_ACCEL_PROGRAM_RASTER_H

#include "graph/graph.h"

struct raster_row {
    int channel; /* of the group, after space-to-depth */
    int dy, dx;
};

struct raster {
    int groups, filters;     /* filters of one group */
    int stride[2];           /* of the space-to-depth; 1 1: none */
    int height, width;       /* of the output */
    int pitch;               /* of output and input rows */
    int row_count;           /* weights of a filter */
    struct raster_row *rows; /* [row_count]; owned */
};

/* The output pixels from the first to the last of a channel, those between rows included. */
int64_t raster_pixels(const struct raster *raster);

/* Of a Conv of an integer graph. */
sned_status raster_of(struct raster *raster, const struct graph *graph, const struct node *node,
                      sned_error *error);
void raster_free(struct raster *raster);

#endif
