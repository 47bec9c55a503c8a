/*
 * kernel_pool.c - MaxPool, AveragePool and GlobalAveragePool, a channel at a time.
 */
#include "runtime/kernel.h"
#include "runtime/window.h"
#include "base/memory.h"

struct pool_work {
    struct window window;
    bool include_pad; /* an average's counts */
};

/* What the window of output (y, x) covers of the image: rows first[0] to last[0] of the kernel, columns
 * likewise. */
struct taps {
    int first[2], last[2];
};

static sned_status pool_prepare(struct step *step, const struct graph *graph, const struct node *node,
                                sned_error *error)
{
    struct pool_work *pool;
    SNED_TRY(sned_alloc(&pool, 1, sizeof *pool, error));
    *pool = (struct pool_work){node->u.pool.window, node->u.pool.count_include_pad};
    step->state = pool;
    return SNED_OK;
}

/* An AveragePool whose one window is the image. */
static sned_status global_pool_prepare(struct step *step, const struct graph *graph, const struct node *node,
                                       sned_error *error)
{
    const struct extent image = step->inputs[0].extent;
    struct pool_work *pool;
    SNED_TRY(sned_alloc(&pool, 1, sizeof *pool, error));
    pool->window =
        (struct window){.kernel = {image.height, image.width}, .stride = {1, 1}, .dilation = {1, 1}};
    step->state = pool;
    return SNED_OK;
}

static struct taps taps_at(const struct window *window, struct extent input, int y, int x)
{
    struct taps taps;
    window_taps(window, 0, y, 0, input.height, &taps.first[0], &taps.last[0]);
    window_taps(window, 1, x, 0, input.width, &taps.first[1], &taps.last[1]);
    return taps;
}

/* The place in the image of tap (r, s) of the window of output (y, x). */
static size_t tap_place(const struct window *window, struct extent input, int y, int x, int r, int s)
{
    int64_t row = (int64_t)y * window->stride[0] - window->pad_begin[0] + (int64_t)r * window->dilation[0];
    int64_t column = (int64_t)x * window->stride[1] - window->pad_begin[1] + (int64_t)s * window->dilation[1];
    return (size_t)(row * input.width + column);
}

static int32_t window_max(const void *plane, struct value input, const struct window *window, int y, int x)
{
    struct taps taps = taps_at(window, input.extent, y, x);
    int32_t max = INT32_MIN;
    for (int r = taps.first[0]; r < taps.last[0]; r++) {
        size_t place = tap_place(window, input.extent, y, x, r, taps.first[1]);
        for (int s = taps.first[1]; s < taps.last[1]; s++, place += window->dilation[1]) {
            int32_t value = value_load(plane, input.type, place);
            max = value > max ? value : max;
        }
    }
    return max;
}

static void max_pool_run(const struct step *step, const void *const *inputs, void *const *outputs,
                         void *scratch)
{
    const struct pool_work *pool = step->state;
    const struct value in = step->inputs[0], out = step->outputs[0];
    const struct window *window = &pool->window;
    const struct integer_rule *rule = step->rule;
    const size_t plane = (size_t)in.extent.height * in.extent.width * value_size(in.type);
    size_t at = 0;
    for (int c = 0; c < out.extent.channels; c++)
        for (int y = 0; y < out.extent.height; y++)
            for (int x = 0; x < out.extent.width; x++) {
                int32_t max = window_max((const uint8_t *)inputs[0] + c * plane, in, window, y, x);
                value_store(outputs[0], out.type, at++, clamp_value(max, rule->low, rule->high));
            }
}

static int32_t window_sum(const void *plane, struct value input, const struct window *window, int y, int x)
{
    struct taps taps = taps_at(window, input.extent, y, x);
    int32_t sum = 0;
    for (int r = taps.first[0]; r < taps.last[0]; r++) {
        size_t place = tap_place(window, input.extent, y, x, r, taps.first[1]);
        for (int s = taps.first[1]; s < taps.last[1]; s++, place += window->dilation[1])
            sum += value_load(plane, input.type, place);
    }
    return sum;
}

/* The scaling for a window that counts `count` elements; sned_graph_check has seen that there is one. */
static struct scaling scaling_for(const struct integer_rule *rule, int64_t count)
{
    int low = 0, high = rule->scaling_count - 1;
    while (low < high) {
        int middle = (low + high) / 2;
        if (rule->counts[middle] < count)
            low = middle + 1;
        else
            high = middle;
    }
    return rule->scalings[low];
}

static void average_pool_run(const struct step *step, const void *const *inputs, void *const *outputs,
                             void *scratch)
{
    const struct pool_work *pool = step->state;
    const struct value in = step->inputs[0], out = step->outputs[0];
    const struct window *window = &pool->window;
    const size_t plane = (size_t)in.extent.height * in.extent.width;
    for (int y = 0; y < out.extent.height; y++)
        for (int x = 0; x < out.extent.width; x++) {
            int64_t rows = window_count(window, 0, y, in.extent.height, pool->include_pad);
            int64_t columns = window_count(window, 1, x, in.extent.width, pool->include_pad);
            const struct scaling scaling = scaling_for(step->rule, rows * columns);
            for (int c = 0; c < out.extent.channels; c++) {
                const uint8_t *channel = (const uint8_t *)inputs[0] + c * plane;
                int64_t scaled = scale_value(window_sum(channel, in, window, y, x), scaling);
                size_t at = ((size_t)c * out.extent.height + y) * out.extent.width + x;
                value_store(outputs[0], out.type, at, finish_value(scaled, step->rule));
            }
        }
}

const struct kernel sned_kernel_max_pool = {"max pool", pool_prepare, max_pool_run, NULL};
const struct kernel sned_kernel_average_pool = {"average pool", pool_prepare, average_pool_run, NULL};
const struct kernel sned_kernel_global_average_pool = {"average pool", global_pool_prepare, average_pool_run,
                                                       NULL};
