/*
 * accel_layers.h - random Conv layers for the accelerator's tests, and pixel tiles as the feeder makes them.
 */
#ifndef SNED_TESTS_ACCEL_ACCEL_LAYERS_H
#define SNED_TESTS_ACCEL_ACCEL_LAYERS_H

#include "tests/common/random_graphs.h"
#include "tests/common/oracle.h"

#include "accel/program/lanes.h"

#include <stdlib.h>

/* Kernel 1 to 7, stride 1 to 4, dilation, pads that differ, sometimes groups. */
static inline struct graph *random_layer(struct random *random)
{
    const int groups = random_range(random, 0, 3) ? 1 : random_range(random, 2, 3);
    struct window w;
    for (int axis = 0; axis < 2; axis++) {
        w.kernel[axis] = random_range(random, 1, 7);
        w.stride[axis] = random_range(random, 1, 4);
        w.dilation[axis] = random_range(random, 1, 2);
        w.pad_begin[axis] = random_range(random, 0, 4);
        w.pad_end[axis] = random_range(random, 0, 4);
    }
    const int height = random_range(random, 13, 24), width = random_range(random, 13, 24);
    struct graph *graph = new_graph(sned_shape(4, (int64_t)1, (int64_t)(groups * random_range(random, 1, 4)),
                                               (int64_t)height, (int64_t)width),
                                    random_type(random, false));
    random_conv(graph, random, &w, groups, groups * random_range(random, 1, 9), unsigned8);
    assert_int_equal(sned_graph_infer(graph, NULL), SNED_OK);
    return graph;
}

static inline const struct accel_config *config_named(const char *name)
{
    const struct accel_config *config = NULL;
    assert_int_equal(accel_config_find(&config, name, NULL), SNED_OK);
    return config;
}

/* Input pixel of a channel after space-to-depth, read as the feeder does: 0 where (y, x) is no block of the
 * image. */
static inline int32_t block_at(const int32_t *in, struct extent e, const struct raster *raster, int channel,
                               int y, int x)
{
    const int phases = raster->stride[0] * raster->stride[1], phase = channel % phases;
    return oracle_at(in, e, channel / phases, (int64_t)y * raster->stride[0] + phase / raster->stride[1],
                     (int64_t)x * raster->stride[1] + phase % raster->stride[1]);
}

/* The rows of a group's plan for `pixels` pixels of the flat raster from `first` on: [live_count][pixels]. */
static inline void feed_tile(const struct raster *raster, const struct lane_plan *plan, const int32_t *in,
                             struct extent e, int group, int first, int pixels, int16_t *rows)
{
    const int depth = e.channels / raster->groups * raster->stride[0] * raster->stride[1];
    for (int i = 0; i < plan->live_count; i++) {
        const struct raster_row row = raster->rows[plan->live[i]];
        for (int p = 0; p < pixels; p++) {
            const int y = (first + p) / raster->pitch, x = (first + p) % raster->pitch;
            *rows++ = (int16_t)block_at(in, e, raster, group * depth + row.channel, y + row.dy, x + row.dx);
        }
    }
}

#endif
