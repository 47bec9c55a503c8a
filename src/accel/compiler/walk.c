/*
 * walk.c - see walk.h.
 */
#include "accel/compiler/walk.h"
#include "accel/program/numbers.h"
#include "accel/program/vector_cycles.h"

struct vector_work walk_of(const struct spot *in, const struct spot *out, const int kernel[2],
                           const int stride[2], const int pad[2], const struct accel_config *config)
{
    return (struct vector_work){.is_signed = in->is_signed,
                                .base = in->base,
                                .second = out->base + (out->wide ? out->bytes / 2 : 0),
                                .plane = in->plane,
                                .out_base = out->base,
                                .out_plane = out->plane,
                                .height = in->extent.height,
                                .width = in->extent.width,
                                .pitch = in->pitch,
                                .row_step = (int64_t)stride[0] * in->pitch,
                                .stride_down = stride[0],
                                .stride_right = stride[1],
                                .segment_step = (int64_t)pool_outputs(config) * stride[1],
                                .kernel_height = kernel[0],
                                .kernel_width = kernel[1],
                                .pad_top = pad[0],
                                .pad_left = pad[1],
                                .out_height = out->extent.height,
                                .out_width = out->extent.width,
                                .out_pitch = out->pitch,
                                .channels = in->extent.channels,
                                .wide = out->wide};
}

void walk_from(struct vector_work *walk, int64_t down, int64_t right)
{
    walk->height = larger(walk->height - down, 0);
    walk->width = larger(walk->width - right, 0);
    if (walk->height && walk->width)
        walk->base += down * walk->pitch + right;
}

struct vector_work walk_part(const struct vector_work *walk, const int64_t from[2], const int64_t to[2])
{
    struct vector_work part = *walk;
    const int64_t top = from[0] * walk->stride_down - walk->pad_top,
                  left = from[1] * walk->stride_right - walk->pad_left;
    walk_from(&part, larger(top, 0), larger(left, 0));
    part.pad_top = larger(-top, 0);
    part.pad_left = larger(-left, 0);
    part.out_base += from[0] * walk->out_pitch + from[1];
    part.second += from[0] * walk->out_pitch + from[1];
    part.out_height = to[0] - from[0];
    part.out_width = to[1] - from[1];
    return part;
}

bool walk_next(struct vector_work *step, int64_t at[2], const struct vector_work *walk,
               const struct accel_config *config)
{
    enum { MOST_DOWN = 15, MOST_RIGHT = 3 };
    const bool rows = walk->stride_down > MOST_DOWN, columns = walk->stride_right > MOST_RIGHT;
    if (at[0] >= walk->out_height)
        return false;
    const int64_t to[2] = {rows ? at[0] + 1 : walk->out_height, columns ? at[1] + 1 : walk->out_width};
    *step = walk_part(walk, at, to);
    if (rows) {
        step->stride_down = 1;
        step->row_step = step->pitch;
    }
    if (columns) {
        step->stride_right = 1;
        step->segment_step = pool_outputs(config);
    }
    at[1] = to[1] < walk->out_width ? to[1] : 0;
    at[0] = at[1] ? at[0] : to[0];
    return true;
}
