/*
 * raster.c - see raster.h.
 */
#include "accel/program/raster.h"
#include "accel/program/numbers.h"
#include "base/memory.h"

#include <stdlib.h>

int64_t raster_pixels(const struct raster *raster)
{
    return (int64_t)(raster->height - 1) * raster->pitch + raster->width;
}

/* Rounded towards minus infinity: a tap left of the image is in block -1. */
static int divide_down(int a, int b)
{
    return a >= 0 ? a / b : -divide_up(-a, b);
}

sned_status raster_of(struct raster *raster, const struct graph *graph, const struct node *node,
                      sned_error *error)
{
    const struct window *w = &node->u.conv.window;
    const struct shape *weights = &graph->tensors[node_weights(node, 0)].shape;
    const struct extent in = sned_shape_extent(&graph->tensors[node->inputs[0]].shape),
                        out = sned_shape_extent(&graph->tensors[node->outputs[0]].shape);
    const int taps = w->kernel[0] * w->kernel[1], blocks = divide_up(in.width, w->stride[1]);
    *raster = (struct raster){.groups = node->u.conv.groups,
                              .filters = (int)weights->dim[0] / node->u.conv.groups,
                              .stride = {w->stride[0], w->stride[1]},
                              .height = out.height,
                              .width = out.width,
                              .pitch = out.width > blocks ? out.width : blocks,
                              .row_count = (int)weights->dim[1] * taps};
    if (weights->dim[1] * w->stride[0] * w->stride[1] > INT32_MAX)
        return sned_fail(error, SNED_ERROR_UNSUPPORTED, "strides of %d x %d over %d channels", w->stride[0],
                         w->stride[1], (int)weights->dim[1]);
    SNED_TRY(sned_alloc(&raster->rows, (size_t)raster->row_count, sizeof *raster->rows, error));
    for (int i = 0; i < raster->row_count; i++) {
        const int y = i % taps / w->kernel[1] * w->dilation[0] - w->pad_begin[0];
        const int x = i % w->kernel[1] * w->dilation[1] - w->pad_begin[1];
        const int dy = divide_down(y, w->stride[0]), dx = divide_down(x, w->stride[1]);
        const int phase = (y - dy * w->stride[0]) * w->stride[1] + x - dx * w->stride[1];
        raster->rows[i] = (struct raster_row){i / taps * w->stride[0] * w->stride[1] + phase, dy, dx};
    }
    return SNED_OK;
}

void raster_free(struct raster *raster)
{
    free(raster->rows);
    *raster = (struct raster){0};
}
