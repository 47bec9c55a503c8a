/*
 * compile_pool.c - pools on the vector unit: walks over windows, or sums of whole planes.
 *
 * A descriptor has one scaling. Where windows of an average count different numbers of elements, as at the
 * edges of an image whose padding does not count, each rectangle of windows that count as many is a walk.
 */
#include "accel/compiler/compile.h"
#include "accel/program/numbers.h"
#include "accel/program/reduce.h"
#include "accel/compiler/walk.h"
#include "graph/operator.h"

struct pool {
    const struct node *node;
    struct window window;
    const struct spot *in, *out;
};

static sned_status refuse(sned_error *error, const char *why)
{
    return sned_fail(error, SNED_ERROR_UNSUPPORTED, "the accelerator has no %s", why);
}

static bool averages(const struct pool *p)
{
    return sned_op_is(p->node->op, OPERATOR_AVERAGES);
}

/* Elements of an axis that its window number `at` counts. */
static int counted(const struct pool *p, int axis, int at)
{
    const struct window *w = &p->window;
    const int size = axis ? p->in->extent.width : p->in->extent.height;
    const bool padded = p->node->u.pool.count_include_pad;
    const int from = at * w->stride[axis] - w->pad_begin[axis], to = from + w->kernel[axis];
    const int low = padded ? -w->pad_begin[axis] : 0, high = size + (padded ? w->pad_end[axis] : 0);
    return (to < high ? to : high) - (from > low ? from : low);
}

/* The first window of an axis behind number `from` that counts another number of elements. */
static int64_t band_end(const struct pool *p, int axis, int64_t from)
{
    const int count = axis ? p->out->extent.width : p->out->extent.height;
    int64_t to = averages(p) ? from + 1 : count;
    while (to < count && counted(p, axis, (int)to) == counted(p, axis, (int)from))
        to++;
    return to;
}

/* An average of so many elements. */
static sned_status set_average(struct vector_work *work, const struct node *node, int count,
                               sned_error *error)
{
    const struct integer_rule *rule = &node->rules[0];
    for (int i = 0; i < rule->scaling_count; i++)
        if (rule->counts[i] == count) {
            work->multiplier = rule->scalings[i].multiplier;
            work->shift = rule->scalings[i].shift;
            work->low = rule->low;
            work->high = rule->high;
            return SNED_OK;
        }
    return refuse(error, "scaling for an average of so many elements");
}

static sned_status compile_reduce(struct compiler *c, int index, const struct pool *p, sned_error *error)
{
    const struct extent rows = reduce_rows(&p->in->extent, p->in->pitch);
    struct vector_work work = {.operation = VECTOR_REDUCE,
                               .is_signed = p->in->is_signed,
                               .base = p->in->base,
                               .second = p->out->base + (p->out->wide ? p->out->bytes / 2 : 0),
                               .plane = p->in->plane,
                               .out_base = p->out->base,
                               .out_plane = p->out->plane,
                               .height = rows.height,
                               .width = rows.width,
                               .pitch = p->in->pitch,
                               .channels = p->in->extent.channels,
                               .wide = p->out->wide};
    SNED_TRY(set_average(&work, p->node, counted(p, 0, 0) * counted(p, 1, 0), error));
    return compile_work(c, index, &work, error);
}

static sned_status compile_bands(struct compiler *c, int index, const struct pool *p, sned_error *error)
{
    const struct vector_work all =
        walk_of(p->in, p->out, p->window.kernel, p->window.stride, p->window.pad_begin, c->config);
    int64_t from[2], to[2];
    for (from[0] = 0; from[0] < all.out_height; from[0] = to[0]) {
        to[0] = band_end(p, 0, from[0]);
        for (from[1] = 0; from[1] < all.out_width; from[1] = to[1]) {
            to[1] = band_end(p, 1, from[1]);
            struct vector_work part = walk_part(&all, from, to);
            if (averages(p)) {
                part.operation = VECTOR_AVERAGE;
                SNED_TRY(set_average(&part, p->node,
                                     counted(p, 0, (int)from[0]) * counted(p, 1, (int)from[1]), error));
            }
            SNED_TRY(compile_walk(c, index, &part, error));
        }
    }
    return SNED_OK;
}

/* The largest elements end with a clamp that the unit has not for them: a sum of one, times 1. */
static sned_status add_clamp(struct compiler *c, int index, const struct pool *p, sned_error *error)
{
    const struct integer_rule *rule = &p->node->rules[0];
    const int lowest = p->out->is_signed ? INT8_MIN : 0, highest = p->out->is_signed ? INT8_MAX : UINT8_MAX;
    if (averages(p) || (rule->low <= lowest && rule->high >= highest))
        return SNED_OK;
    return compile_runs(c, index, p->out, p->out, p->out,
                        &(struct vector_work){.is_signed = p->out->is_signed,
                                              .second_signed = p->out->is_signed,
                                              .multiplier = 1 << 15,
                                              .shift = 15,
                                              .low = rule->low,
                                              .high = rule->high},
                        error);
}

sned_status compile_pool(struct compiler *c, int index, sned_error *error)
{
    const struct node *node = &c->graph->nodes[index];
    struct pool p = {.node = node,
                     .window = node->u.pool.window,
                     .in = placement_spot(c->placement, node->inputs[0]),
                     .out = placement_spot(c->placement, node->outputs[0])};
    if (!sned_op_is(node->op, OPERATOR_WINDOW)) /* one window, the image */
        p.window = (struct window){
            .kernel = {p.in->extent.height, p.in->extent.width}, .stride = {1, 1}, .dilation = {1, 1}};
    if (p.window.dilation[0] != 1 || p.window.dilation[1] != 1)
        return refuse(error, "dilated pool");
    if (reduce_fits(node, &p.in->extent, &p.out->extent))
        return compile_reduce(c, index, &p, error);
    SNED_TRY(compile_bands(c, index, &p, error));
    return add_clamp(c, index, &p, error);
}
