/*
 * kernel_pool.c - MaxPool, AveragePool and GlobalAveragePool, a row of outputs at a time.
 *
 * In a row, the windows that lie inside the image, from side to side, are one run for a micro-kernel; those
 * that an edge cuts are runs of one. All windows of a run count as many elements.
 */
#include "runtime/kernel.h"
#include "runtime/micro/requantize.h"
#include "runtime/window.h"
#include "base/memory.h"

struct pool_work {
    struct window window;
    bool averages, include_pad; /* include_pad: in an average's counts */
    int whole_first, whole_end; /* the outputs of a row whose windows no edge cuts */
};

/* Outputs x to x + count - 1 of row y: their windows cover the taps [first, last) of the kernel, by axis. */
struct run {
    int y, x, count;
    int first[2], last[2];
};

static sned_status pool_new(struct step *step, const struct window *window, bool include_pad, bool averages,
                            sned_error *error)
{
    struct pool_work *pool;
    SNED_TRY(sned_alloc(&pool, 1, sizeof *pool, error));
    *pool = (struct pool_work){.window = *window, .averages = averages, .include_pad = include_pad};
    for (int x = 0; x < step->outputs[0].extent.width; x++) {
        int first, last;
        window_taps(window, 1, x, 0, step->inputs[0].extent.width, &first, &last);
        if (first > 0 || last < window->kernel[1])
            continue;
        if (pool->whole_end == 0)
            pool->whole_first = x;
        pool->whole_end = x + 1;
    }
    step->state = pool;
    step->tasks[0] = step->outputs[0].extent.channels;
    return SNED_OK;
}

static sned_status max_pool_prepare(struct step *step, const struct graph *graph, const struct node *node,
                                    sned_error *error)
{
    return pool_new(step, &node->u.pool.window, false, false, error);
}

static sned_status average_pool_prepare(struct step *step, const struct graph *graph, const struct node *node,
                                        sned_error *error)
{
    return pool_new(step, &node->u.pool.window, node->u.pool.count_include_pad, true, error);
}

/* An AveragePool whose one window is the image. */
static sned_status global_pool_prepare(struct step *step, const struct graph *graph, const struct node *node,
                                       sned_error *error)
{
    const struct extent image = step->inputs[0].extent;
    const struct window window = {
        .kernel = {image.height, image.width}, .stride = {1, 1}, .dilation = {1, 1}};
    return pool_new(step, &window, false, true, error);
}

static struct run run_at(const struct pool_work *pool, struct extent input, int y, int x)
{
    struct run run = {.y = y, .x = x, .count = 1};
    window_taps(&pool->window, 0, y, 0, input.height, &run.first[0], &run.last[0]);
    window_taps(&pool->window, 1, x, 0, input.width, &run.first[1], &run.last[1]);
    if (x >= pool->whole_first && x < pool->whole_end)
        run.count = pool->whole_end - x;
    return run;
}

/* The place in the image of the first tap of the run's first window. */
static size_t first_tap(const struct window *window, struct extent input, const struct run *run)
{
    const int at[2] = {run->y, run->x};
    int64_t place[2];
    for (int axis = 0; axis < 2; axis++)
        place[axis] = (int64_t)at[axis] * window->stride[axis] - window->pad_begin[axis] +
                      (int64_t)run->first[axis] * window->dilation[axis];
    return (size_t)(place[0] * input.width + place[1]);
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

/* The windows of a run, from its sums; `output` is the run's. */
static void average_run(const struct step *step, const struct run *run, const struct window_row *windows,
                        const uint8_t *input, uint8_t *output)
{
    enum { PART = 64 };
    const struct pool_work *pool = step->state;
    const struct value in = step->inputs[0], out = step->outputs[0];
    const int64_t rows = window_count(&pool->window, 0, run->y, in.extent.height, pool->include_pad);
    const int64_t columns = window_count(&pool->window, 1, run->x, in.extent.width, pool->include_pad);
    const struct scaling scaling = scaling_for(step->rule, rows * columns);
    int32_t sums[PART + MICRO_OVER_READ / sizeof(int32_t)];
    for (int at = 0; at < run->count; at += PART) {
        const size_t count = (size_t)(run->count - at < PART ? run->count - at : PART);
        step->micro->window_sum[in.type](sums, input + at * windows->stride * value_size(in.type), count,
                                         windows);
        step->micro->requantize[out.type](output + at * value_size(out.type), sums, count, scaling,
                                          step->rule);
    }
}

/* One run of one channel: `input` is its plane, `output` the run's. */
static void pool_some(const struct step *step, const struct run *run, const uint8_t *input, uint8_t *output)
{
    const struct pool_work *pool = step->state;
    const struct window *window = &pool->window;
    const struct value in = step->inputs[0];
    const struct window_row windows = {.rows = run->last[0] - run->first[0],
                                       .columns = run->last[1] - run->first[1],
                                       .row_step = (size_t)window->dilation[0] * in.extent.width,
                                       .column_step = (size_t)window->dilation[1],
                                       .stride = (size_t)window->stride[1]};
    if (windows.rows == 0 || windows.columns == 0) { /* all of it is padding; no average has such windows */
        for (int i = 0; i < run->count; i++)
            value_store(output, in.type, (size_t)i, step->rule->low);
        return;
    }
    input += first_tap(window, in.extent, run) * value_size(in.type);
    if (pool->averages)
        average_run(step, run, &windows, input, output);
    else
        step->micro->window_max[in.type](output, input, (size_t)run->count, &windows, step->rule);
}

/* A task is a channel. */
static void pool_run(const struct step *step, const struct step_work *work, int phase, int first, int end)
{
    const struct pool_work *pool = step->state;
    const struct value in = step->inputs[0], out = step->outputs[0];
    const size_t plane = (size_t)in.extent.height * in.extent.width * value_size(in.type);
    const size_t size = value_size(out.type);
    const size_t made = (size_t)out.extent.height * out.extent.width * size;
    const uint8_t *input = (const uint8_t *)work->inputs[0] + (size_t)first * plane;
    uint8_t *output = (uint8_t *)work->outputs[0] + (size_t)first * made;
    for (int c = first; c < end; c++, input += plane)
        for (int y = 0; y < out.extent.height; y++)
            for (int x = 0; x < out.extent.width;) {
                const struct run run = run_at(pool, in.extent, y, x);
                pool_some(step, &run, input, output);
                output += (size_t)run.count * size;
                x += run.count;
            }
}

const struct kernel sned_kernel_max_pool = {"max pool", max_pool_prepare, pool_run, NULL};
const struct kernel sned_kernel_average_pool = {"average pool", average_pool_prepare, pool_run, NULL};
const struct kernel sned_kernel_global_average_pool = {"average pool", global_pool_prepare, pool_run, NULL};
