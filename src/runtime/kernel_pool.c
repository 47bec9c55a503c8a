/*
 * kernel_pool.c - MaxPool, AveragePool and GlobalAveragePool, a block of outputs at a time.
 *
 * Along an axis, the windows that lie inside the image, from side to side, are one span; those that an edge
 * cuts are spans of one. A span of rows and one of columns are a block, of which all windows cover, and
 * count, as many elements: one call of a micro-kernel, or for averages one a row. Which spans there are is
 * the same for all channels.
 */
#include "runtime/kernel.h"
#include "runtime/micro/requantize.h"
#include "runtime/window.h"
#include "base/memory.h"

enum { PART = 64 /* sums at a time */, PART_ROOM = PART + MICRO_OVER_READ / sizeof(int32_t) };

/* Outputs along an axis that are side by side, and what their windows have of it. */
struct pool_span {
    int count;
    int taps;     /* inside the image */
    int counted;  /* elements, by an average */
    size_t place; /* of the first window's first tap */
};

struct pool_work {
    struct window window;
    bool averages;
    int column_count;
    struct pool_span *rows, *columns; /* of the output; in one block, rows up to columns */
};

static void pool_release(struct step *step)
{
    struct pool_work *pool = step->state;
    if (pool)
        sned_free(pool->rows);
    sned_free(pool);
    step->state = NULL;
}

static struct pool_span span_at(const struct window *window, int axis, int output, int size, bool include_pad)
{
    int first, last;
    window_taps(window, axis, output, 0, size, &first, &last);
    const int64_t place = (int64_t)output * window->stride[axis] - window->pad_begin[axis] +
                          (int64_t)first * window->dilation[axis];
    return (struct pool_span){.count = 1,
                              .taps = last - first,
                              .counted = window_count(window, axis, output, size, include_pad),
                              .place = last > first ? (size_t)place : 0};
}

/* The spans of an axis; those of whole windows grow. How many they are. */
static int list_spans(struct pool_span *spans, const struct window *window, int axis, int outputs, int size,
                      bool include_pad)
{
    int count = 0;
    for (int i = 0; i < outputs; i++) {
        const struct pool_span span = span_at(window, axis, i, size, include_pad);
        if (count && span.taps == window->kernel[axis] && spans[count - 1].taps == span.taps)
            spans[count - 1].count++;
        else
            spans[count++] = span;
    }
    return count;
}

static sned_status pool_new(struct step *step, const struct window *window, bool include_pad, bool averages,
                            sned_error *error)
{
    const struct extent in = step->inputs[0].extent, out = step->outputs[0].extent;
    struct pool_work *pool;
    SNED_TRY(sned_alloc(&pool, 1, sizeof *pool, error));
    *pool = (struct pool_work){.window = *window, .averages = averages};
    step->state = pool;
    step->tasks[0] = out.channels;
    SNED_TRY(sned_alloc(&pool->rows, (size_t)out.height + out.width, sizeof *pool->rows, error));
    pool->columns = pool->rows + list_spans(pool->rows, window, 0, out.height, in.height, include_pad);
    pool->column_count = list_spans(pool->columns, window, 1, out.width, in.width, include_pad);
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

static struct window_row windows_of(const struct step *step, const struct pool_span *row,
                                    const struct pool_span *column)
{
    const struct pool_work *pool = step->state;
    return (struct window_row){.rows = row->taps,
                               .columns = column->taps,
                               .row_step = (size_t)pool->window.dilation[0] * step->inputs[0].extent.width,
                               .column_step = (size_t)pool->window.dilation[1],
                               .stride = (size_t)pool->window.stride[1]};
}

/* Where the first window's first tap is in a channel's plane. */
static size_t first_tap(const struct step *step, const struct pool_span *row, const struct pool_span *column)
{
    const struct value in = step->inputs[0];
    return (row->place * in.extent.width + column->place) * value_size(in.type);
}

/* From a row of windows to the next one, in the input. */
static size_t row_step(const struct step *step)
{
    const struct pool_work *pool = step->state;
    return (size_t)pool->window.stride[0] * (size_t)step->inputs[0].extent.width;
}

static void average_row(const struct step *step, const struct window_row *windows, struct scaling scaling,
                        int outputs, const uint8_t *input, uint8_t *output)
{
    const enum value_type in = step->inputs[0].type, out = step->outputs[0].type;
    int32_t sums[PART_ROOM];
    for (int at = 0; at < outputs; at += PART) {
        const size_t count = (size_t)(outputs - at < PART ? outputs - at : PART);
        step->micro->window_sum[in](sums, input + at * windows->stride * value_size(in), count, windows);
        step->micro->requantize[out](output + at * value_size(out), sums, count, scaling, step->rule);
    }
}

/* The same block of `count` channels, whose first tap and output are given. */
static void average_block(const struct step *step, const struct pool_span *row,
                          const struct pool_span *column, const uint8_t *input, uint8_t *output, int count)
{
    const struct value in = step->inputs[0], out = step->outputs[0];
    const size_t from_size = value_size(in.type), to_size = value_size(out.type);
    const struct window_row windows = windows_of(step, row, column);
    const struct scaling scaling = scaling_for(step->rule, (int64_t)row->counted * column->counted);
    for (int c = 0; c < count; c++, input += in.plane * from_size, output += out.plane * to_size)
        for (size_t r = 0; r < (size_t)row->count; r++)
            average_row(step, &windows, scaling, column->count, input + r * row_step(step) * from_size,
                        output + r * (size_t)out.extent.width * to_size);
}

static void max_block(const struct step *step, const struct pool_span *row, const struct pool_span *column,
                      const uint8_t *input, uint8_t *output, int count)
{
    const struct value in = step->inputs[0], out = step->outputs[0];
    const size_t width = (size_t)out.extent.width, size = value_size(in.type);
    const struct window_rows windows = {windows_of(step, row, column), (size_t)row->count,
                                        (size_t)column->count, row_step(step), width};
    for (int c = 0; c < count; c++, input += in.plane * size, output += out.plane * size)
        if (row->taps && column->taps)
            step->micro->window_max[in.type](output, input, &windows, step->rule);
        else /* all of it is padding; no average has such windows */
            for (size_t i = 0; i < windows.rows * windows.count; i++)
                value_store(output, in.type, i / windows.count * width + i % windows.count, step->rule->low);
}

/* Channels [first, end), of which an average makes one number each. */
static void average_channels(const struct step *step, const struct step_work *work, int first, int end)
{
    const struct pool_work *pool = step->state;
    const struct value in = step->inputs[0], out = step->outputs[0];
    const struct window_row windows = windows_of(step, pool->rows, pool->columns);
    const struct scaling scaling =
        scaling_for(step->rule, (int64_t)pool->rows->counted * pool->columns->counted);
    const size_t plane = in.plane * value_size(in.type);
    const uint8_t *input =
        (const uint8_t *)work->inputs[0] + first * plane + first_tap(step, pool->rows, pool->columns);
    int32_t sums[PART_ROOM];
    for (int at = first; at < end; at += PART) {
        const int count = end - at < PART ? end - at : PART;
        for (int c = 0; c < count; c++, input += plane)
            step->micro->window_sum[in.type](sums + c, input, 1, &windows);
        step->micro->requantize[out.type]((uint8_t *)work->outputs[0] + at * value_size(out.type), sums,
                                          (size_t)count, scaling, step->rule);
    }
}

/* A task is a channel. Which windows a block has is found once for all of them. */
static void pool_run(const struct step *step, const struct step_work *work, int phase, int first, int end)
{
    const struct pool_work *pool = step->state;
    const struct value in = step->inputs[0], out = step->outputs[0];
    if (pool->averages && out.extent.height == 1 && out.extent.width == 1) {
        average_channels(step, work, first, end);
        return;
    }
    const size_t size = value_size(out.type);
    const uint8_t *input = (const uint8_t *)work->inputs[0] + (size_t)first * in.plane * value_size(in.type);
    uint8_t *to = (uint8_t *)work->outputs[0] + (size_t)first * out.plane * size;
    for (const struct pool_span *row = pool->rows; row < pool->columns; row++) {
        uint8_t *block = to;
        for (int i = 0; i < pool->column_count; i++) {
            const struct pool_span *column = &pool->columns[i];
            (pool->averages ? average_block : max_block)(
                step, row, column, input + first_tap(step, row, column), block, end - first);
            block += (size_t)column->count * size;
        }
        to += (size_t)row->count * (size_t)out.extent.width * size;
    }
}

const struct kernel sned_kernel_max_pool = {
    .name = "max pool", .prepare = max_pool_prepare, .run = pool_run, .release = pool_release};
const struct kernel sned_kernel_average_pool = {
    .name = "average pool", .prepare = average_pool_prepare, .run = pool_run, .release = pool_release};
const struct kernel sned_kernel_global_average_pool = {
    .name = "average pool", .prepare = global_pool_prepare, .run = pool_run, .release = pool_release};
