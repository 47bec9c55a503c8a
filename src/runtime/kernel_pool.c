/*
 * kernel_pool.c - MaxPool, AveragePool and GlobalAveragePool, a row of outputs at a time.
 *
 * In a row, the windows that lie inside the image, from side to side, are one span for a micro-kernel; those
 * that an edge cuts are spans of one. All windows of a span cover, and count, as many elements. Which spans
 * there are is the same for all channels, and for all rows.
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
    struct pool_span *rows, *columns; /* [output height], of one row each; [column_count]; one block */
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

/* The spans of a row; those of whole windows grow. How many they are. */
static int list_columns(struct pool_span *spans, const struct window *window, int outputs, int size,
                        bool include_pad)
{
    int count = 0;
    for (int x = 0; x < outputs; x++) {
        const struct pool_span span = span_at(window, 1, x, size, include_pad);
        if (count && span.taps == window->kernel[1] && spans[count - 1].taps == span.taps)
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
    for (int y = 0; y < out.height; y++)
        pool->rows[y] = span_at(window, 0, y, in.height, include_pad);
    pool->columns = pool->rows + out.height;
    pool->column_count = list_columns(pool->columns, window, out.width, in.width, include_pad);
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

static void average_span(const struct step *step, const struct pool_span *row, const struct pool_span *column,
                         const uint8_t *input, uint8_t *output)
{
    const enum value_type in = step->inputs[0].type, out = step->outputs[0].type;
    const struct window_row windows = windows_of(step, row, column);
    const struct scaling scaling = scaling_for(step->rule, (int64_t)row->counted * column->counted);
    int32_t sums[PART_ROOM];
    for (int at = 0; at < column->count; at += PART) {
        const size_t count = (size_t)(column->count - at < PART ? column->count - at : PART);
        step->micro->window_sum[in](sums, input + at * windows.stride * value_size(in), count, &windows);
        step->micro->requantize[out](output + at * value_size(out), sums, count, scaling, step->rule);
    }
}

static void max_span(const struct step *step, const struct pool_span *row, const struct pool_span *column,
                     const uint8_t *input, uint8_t *output)
{
    const enum value_type type = step->inputs[0].type;
    const struct window_row windows = windows_of(step, row, column);
    if (windows.rows && windows.columns)
        step->micro->window_max[type](output, input, (size_t)column->count, &windows, step->rule);
    else /* all of it is padding; no average has such windows */
        for (int i = 0; i < column->count; i++)
            value_store(output, type, (size_t)i, step->rule->low);
}

/* Channels [first, end), of which an average makes one number each. */
static void average_channels(const struct step *step, const struct step_work *work, int first, int end)
{
    const struct pool_work *pool = step->state;
    const struct value in = step->inputs[0], out = step->outputs[0];
    const struct window_row windows = windows_of(step, pool->rows, pool->columns);
    const struct scaling scaling =
        scaling_for(step->rule, (int64_t)pool->rows->counted * pool->columns->counted);
    const size_t plane = (size_t)in.extent.height * in.extent.width * value_size(in.type);
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

/* A task is a channel. */
static void pool_run(const struct step *step, const struct step_work *work, int phase, int first, int end)
{
    const struct pool_work *pool = step->state;
    const struct value in = step->inputs[0], out = step->outputs[0];
    const size_t plane = (size_t)in.extent.height * in.extent.width * value_size(in.type);
    const size_t size = value_size(out.type);
    const struct pool_span *rows_end = pool->rows + out.extent.height;
    const struct pool_span *columns_end = pool->columns + pool->column_count;
    const uint8_t *input = (const uint8_t *)work->inputs[0] + (size_t)first * plane;
    uint8_t *output =
        (uint8_t *)work->outputs[0] + (size_t)first * out.extent.height * (size_t)out.extent.width * size;
    if (pool->averages && out.extent.height == 1 && out.extent.width == 1) {
        average_channels(step, work, first, end);
        return;
    }
    for (int c = first; c < end; c++, input += plane)
        for (const struct pool_span *row = pool->rows; row < rows_end; row++)
            for (const struct pool_span *column = pool->columns; column < columns_end; column++) {
                const uint8_t *from = input + first_tap(step, row, column);
                if (pool->averages)
                    average_span(step, row, column, from, output);
                else
                    max_span(step, row, column, from, output);
                output += (size_t)column->count * size;
            }
}

const struct kernel sned_kernel_max_pool = {
    .name = "max pool", .prepare = max_pool_prepare, .run = pool_run, .release = pool_release};
const struct kernel sned_kernel_average_pool = {
    .name = "average pool", .prepare = average_pool_prepare, .run = pool_run, .release = pool_release};
const struct kernel sned_kernel_global_average_pool = {
    .name = "average pool", .prepare = global_pool_prepare, .run = pool_run, .release = pool_release};
