/*
 * kernel_conv.c - a step that is a convolution: conv.h.
 */
#include "runtime/conv/conv.h"
#include "base/memory.h"

#include <math.h>
#include <string.h>

enum { OWN_PLANES = 1 << 16 /* bytes */ };

static size_t tile_pixels(const struct conv_layer *conv)
{
    return (size_t)conv->rows * sned_conv_sums_pitch(conv);
}

static void conv_release(struct step *step)
{
    if (step->state)
        sned_conv_free_lists(step->state);
    sned_free(step->state);
    step->state = NULL;
}

/* Rows of one pixel, which tiles can have any number of. */
static struct extent flat(struct extent extent)
{
    return (struct extent){extent.channels, extent.height * extent.width, 1};
}

static struct conv_layer layer_of(const struct step *step, const struct graph *graph, const struct node *node)
{
    const struct tensor *weights = &graph->tensors[node_weights(node, 0)];
    const int bias = node_bias(node, 0), groups = node->u.conv.groups;
    struct conv_layer conv = {.input = step->inputs[0],
                              .output = step->outputs[0],
                              .window = node->u.conv.window,
                              .groups = groups,
                              .group_channels = (int)weights->shape.dim[1],
                              .group_filters = (int)weights->shape.dim[0] / groups,
                              .weights = weights->data,
                              .bias = bias >= 0 ? graph->tensors[bias].data : NULL};
    conv.joins_rows = step->micro->joins_rows && conv.output.type != VALUE_S16 && !step->rule->slope;
    sned_conv_take_frame(&conv);
    if (sned_conv_is_flat(&conv) && sned_conv_can_be_flat(conv.input.extent)) {
        conv.input.extent = flat(conv.input.extent);
        conv.output.extent = flat(conv.output.extent);
    }
    return conv;
}

/* Whether each group is one tile of filters, and its planes fit into a core's own cache: then they stay
 * there, in a thread's own memory, and all planes together are never made. A depthwise convolution is so. */
static bool has_own_planes(const struct conv_layer *conv)
{
    return sned_conv_is_bytes(conv) && conv->form != CONV_SHARED && conv->groups > 1 &&
           conv->tile_count == conv->groups && sned_conv_group_size(conv) <= OWN_PLANES;
}

/* Where sums and outputs begin in a thread's own memory: behind planes and what may be read behind them. */
static size_t outputs_at(const struct conv_layer *conv)
{
    return conv->own_planes
               ? (sned_conv_group_size(conv) + 2 * MICRO_OVER_READ - 1) / MICRO_OVER_READ * MICRO_OVER_READ
               : 0;
}

/* Of a filter's sums in a tile, which but taps are made into outputs at once. */
static size_t sums_size(const struct conv_layer *conv)
{
    return conv->form == CONV_TAPS ? tile_pixels(conv) * sizeof(int32_t) : 0;
}

/* Whether a tile's outputs are made where they belong: no columns between rows are to be left out, or put
 * there. */
static bool is_in_place(const struct conv_layer *conv)
{
    return !conv->frame.is_there && sned_conv_sums_pitch(conv) == (size_t)conv->output.extent.width;
}

/* Of sums of a tile and, behind them, its outputs; or of what it takes to fill planes; or of blocks. */
static size_t own_size(const struct conv_layer *conv)
{
    if (conv->form == CONV_SHARED)
        return sned_conv_blocks_size(conv);
    size_t filters = 1;
    for (int t = 0; t < conv->tile_count; t++)
        if ((size_t)conv->tiles[t].list.filters > filters)
            filters = (size_t)conv->tiles[t].list.filters;
    const size_t outputs =
        is_in_place(conv) ? 0 : tile_pixels(conv) * filters * value_size(conv->output.type);
    const size_t tile = sums_size(conv) + outputs;
    const size_t fill = sned_conv_is_direct(conv) ? 0 : sned_conv_fill_size(conv);
    return outputs_at(conv) + (tile > fill ? tile : fill);
}

static bool has_too_many_tasks(const struct conv_layer *conv, const struct conv_lists *work)
{
    return (double)work->tiles * conv->row_tiles > INT32_MAX;
}

/* Memory and tasks of a conv with planes of all groups. */
static void share_out(struct step *step, const struct conv_layer *conv)
{
    const bool is_direct = sned_conv_is_direct(conv);
    step->own_size = own_size(conv);
    step->scratch_size = is_direct ? 0 : sned_conv_planes_size(conv);
    step->tasks[0] = is_direct ? 0 : conv->planes.count * conv->groups;
    step->tasks[1] =
        conv->form == CONV_SHARED ? sned_conv_block_tasks(conv) : conv->row_tiles * conv->tile_count;
}

/* All that a run needs of conv->form, whose lists come to `work`. */
static sned_status take_form(struct step *step, struct conv_layer *conv, const struct conv_lists *work,
                             sned_error *error)
{
    const bool is_depthwise = conv->form == CONV_DEPTHWISE;
    SNED_TRY(is_depthwise ? sned_conv_list_pieces(conv, step->micro, error)
                          : sned_conv_list(conv, step->micro, work, error));
    if (sned_conv_joins_rows(conv) && !sned_conv_is_one_row(conv))
        SNED_TRY(sned_conv_find_kept(conv, error));
    step->form = sned_conv_form_name(conv->form);
    conv->own_planes = has_own_planes(conv);
    sned_conv_cost(step->nanoseconds, conv, work, &step->micro->costs);
    if (conv->own_planes || is_depthwise) {
        step->own_size = is_depthwise ? 0 : own_size(conv);
        step->tasks[0] = conv->groups;
        step->nanoseconds[0] += step->nanoseconds[1];
        step->nanoseconds[1] = 0;
        return SNED_OK;
    }
    share_out(step, conv);
    return SNED_OK;
}

/* Whether the forms that end four filters at once end all of them so. */
static bool makes_quads(const struct conv_layer *conv)
{
    bool makes = sned_conv_is_channels(conv) && !conv->frame.is_there;
    for (int t = 0; t < conv->tile_count && makes; t++)
        makes = conv->tiles[t].filter % 4 == 0 && conv->tiles[t].list.filters % 4 == 0;
    return makes;
}

static enum quads_use conv_quads(const struct step *step, const struct value *image)
{
    const struct conv_layer *conv = step->state;
    if (image == step->outputs)
        return makes_quads(conv) ? QUADS_TOO : QUADS_NEVER;
    return sned_conv_can_take_quads(conv) ? QUADS_GAIN : QUADS_NEVER;
}

static void conv_lie(struct step *step)
{
    struct conv_layer *conv = step->state;
    conv->output.plane = step->outputs[0].plane;
    conv->output.in_quads = step->outputs[0].in_quads;
    conv->input.plane = step->inputs[0].plane;
    conv->input.in_quads = step->inputs[0].in_quads;
    conv->joins_rows = conv->joins_rows && !conv->output.in_quads; /* by way of sums */
    if (conv->input.in_quads) {
        sned_conv_take_quads(conv);
        step->nanoseconds[0] = 0;
    }
    share_out(step, conv);
}

/* A conv_judge: what a run of the step takes. */
static sned_status try_form(double *nanoseconds, const void *step, const struct conv_layer *conv,
                            const struct conv_lists *work, sned_error *error)
{
    struct conv_layer tried = *conv;
    struct step trial = *(const struct step *)step;
    struct value input = trial.inputs[0], output = trial.outputs[0];
    trial.state = &tried;
    trial.inputs = &input;
    trial.outputs = &output;
    *nanoseconds = INFINITY;
    if (has_too_many_tasks(conv, work))
        return SNED_OK;
    sned_status status = take_form(&trial, &tried, work, error);
    if (status == SNED_OK) {
        input.in_quads = input.may_be_quads && conv_quads(&trial, &input) != QUADS_NEVER;
        output.in_quads = output.may_be_quads && conv_quads(&trial, &output) != QUADS_NEVER;
        if (input.in_quads || output.in_quads)
            conv_lie(&trial);
        status = sned_conv_time(&trial, nanoseconds, error);
    }
    sned_conv_free_lists(&tried);
    return status;
}

static sned_status conv_prepare(struct step *step, const struct graph *graph, const struct node *node,
                                sned_error *error)
{
    struct conv_layer *conv;
    struct conv_lists work;
    SNED_TRY(sned_alloc(&conv, 1, sizeof *conv, error));
    step->state = conv;
    *conv = layer_of(step, graph, node);
    SNED_TRY(sned_conv_choose(conv, step->micro, step->tries_forms ? try_form : NULL, step, &work, error));
    if (conv->form == CONV_FORMS)
        return sned_fail(error, SNED_ERROR_UNSUPPORTED, "node '%s' (Conv): its input is too large",
                         node->name);
    if (has_too_many_tasks(conv, &work))
        return sned_fail(error, SNED_ERROR_UNSUPPORTED, "node '%s' (Conv): its output is too large",
                         node->name);
    SNED_TRY(take_form(step, conv, &work, error));
    conv->weights = NULL; /* who gave them takes them back now that they are listed */
    return SNED_OK;
}

/* Outputs of `rows` rows of a tile's filters, and the columns between rows where these are one; of the next
 * filter `step` further. `input` is the first row's pixels; `sums` has room for a filter's. */
static void make_outputs(const struct step *step_of, const struct filter_tile *tile, size_t rows,
                         const uint8_t *input, int32_t *sums, void *to, size_t step)
{
    const struct conv_layer *conv = step_of->state;
    const struct micro_kernels *micro = step_of->micro;
    const enum value_type bytes = micro->bytes;
    const size_t width = (size_t)conv->output.extent.width, pixels = sned_conv_tile_pixels(conv, rows);
    const bool is_one_row = sned_conv_is_one_row(conv);
    const size_t unit = sned_conv_pixel_size(conv);
    const struct quad_rows of_quads = {.rows = is_one_row ? 1 : rows,
                                       .count = is_one_row ? pixels : width,
                                       .stride = (size_t)conv->slide[1] * unit,
                                       .row_step = conv->planes.pitch * (size_t)conv->slide[0] * unit,
                                       .kept = is_one_row ? NULL : conv->kept};
    const struct quad_ends ends = conv_ends(step_of, tile);
    switch (conv->form) {
    case CONV_TAPS:
        for (size_t p = 0; p < pixels; p++)
            sums[p] = conv->start[tile->filter];
        micro->add_taps(sums, pixels, (const int16_t *)(const void *)input, tile->pairs, tile->pair_count);
        micro->requantize[ends.type](to, sums, pixels, *ends.scalings, ends.rule);
        break;
    case CONV_SLIDING:
        micro->ended_sliding[bytes](to, step, &of_quads, input, &tile->list, &ends);
        break;
    case CONV_FILTER_LANES:
        micro->ended_filter_lanes[bytes](to, step, &of_quads, input, &tile->list, &ends);
        break;
    case CONV_SPARSE:
        micro->ended_sparse[bytes](to, step, &of_quads, input, &tile->list, &ends);
        break;
    default:
        micro->ended_dense[bytes](to, step, &of_quads, input, &tile->list, &ends);
    }
}

/* Channels that lie side by side in the output. */
static size_t channels_together(const struct conv_layer *conv)
{
    return conv->output.in_quads ? 4 : 1;
}

/* Rows to their place in the output, without the columns between them. */
static void move_rows(const struct conv_layer *conv, const struct micro_kernels *micro, uint8_t *to,
                      const uint8_t *from, size_t rows)
{
    const size_t size = value_size(conv->output.type) * channels_together(conv);
    const size_t width = (size_t)conv->output.extent.width * size, pitch = sned_conv_sums_pitch(conv) * size;
    const struct plane_rows moved = {
        .rows = rows, .count = width, .step = width, .image_step = pitch, .stride = 1};
    micro->pick(to, from, &moved);
}

/* Which tile, and which of its rows, a task is: all filters of some rows one behind the other; of filter
 * lanes, where weights are more than pixels, all rows of some filters. */
static void find_task(const struct conv_layer *conv, int task, int *tile, int *rows)
{
    const bool is_by_rows = conv->form != CONV_FILTER_LANES;
    *tile = is_by_rows ? task % conv->tile_count : task / conv->row_tiles;
    *rows = is_by_rows ? task / conv->tile_count : task % conv->row_tiles;
}

/* Some rows of some filters, from the planes of their group. */
static void run_tile(const struct step *step, const struct step_work *work, const uint8_t *planes,
                     size_t rows_at, const struct filter_tile *tile)
{
    const struct conv_layer *conv = step->state;
    const size_t y = rows_at * (size_t)conv->rows, height = (size_t)conv->output.extent.height;
    const size_t rows = (size_t)conv->rows < height - y ? (size_t)conv->rows : height - y;
    const size_t together = channels_together(conv);
    const size_t width = (size_t)conv->output.extent.width, size = value_size(conv->output.type);
    const uint8_t *input =
        planes + y * (size_t)conv->slide[0] * conv->planes.pitch * sned_conv_pixel_size(conv);
    const size_t plane = conv->output.plane * size, pixels = tile_pixels(conv);
    const size_t filters = conv->form == CONV_TAPS ? 1 : (size_t)tile->list.filters;
    uint8_t *own = (uint8_t *)work->own + outputs_at(conv), *outputs = own + sums_size(conv);
    uint8_t *to = (uint8_t *)work->outputs[0] + (size_t)tile->filter * plane + y * width * size * together;
    if (is_in_place(conv)) {
        make_outputs(step, tile, rows, input, (int32_t *)(void *)own, to, conv->output.plane);
        return;
    }
    make_outputs(step, tile, rows, input, (int32_t *)(void *)own, outputs, pixels);
    if (conv->frame.is_there) {
        uint8_t *channel = (uint8_t *)work->outputs[0] + (size_t)tile->filter * plane;
        for (size_t f = 0; f < filters; f++, channel += plane, outputs += pixels * size)
            sned_conv_make_framed(step, tile->filter + (int)f, channel, outputs, y, rows);
        return;
    }
    for (size_t f = 0; f < filters;
         f += together, to += plane * together, outputs += pixels * size * together)
        move_rows(conv, step->micro, to, outputs, rows);
}

/* Groups by way of planes of their own. */
static void run_groups(const struct step *step, const struct step_work *work, int first, int end)
{
    const struct conv_layer *conv = step->state;
    sned_conv_pad(conv, work->own);
    for (int group = first; group < end; group++) {
        sned_conv_pick(conv, step->micro, work->inputs[0], work->own, group);
        for (int rows = 0; rows < conv->row_tiles; rows++)
            run_tile(step, work, work->own, (size_t)rows, &conv->tiles[group]);
    }
}

/* Channels where they lie. */
static void run_channels(const struct step *step, const struct step_work *work, int first, int end)
{
    const struct conv_layer *conv = step->state;
    const struct micro_kernels *micro = step->micro;
    const struct channel_range range = {.first = (size_t)first,
                                        .count = (size_t)(end - first),
                                        .to_step = conv->output.plane,
                                        .step = conv->input.plane};
    const struct quad_ends ends = {.type = conv->output.type,
                                   .scalings = step->rule->scalings,
                                   .rule = step->rule,
                                   .are_small = conv->has_small_sums};
    micro->depthwise[micro->bytes](
        (uint8_t *)work->outputs[0] + range.first * range.to_step * value_size(conv->output.type),
        (const uint8_t *)work->inputs[0] + range.first * range.step, &range, &conv->pieces, &ends);
}

static void run_tiles(const struct step *step, const struct step_work *work, int first, int end)
{
    const struct conv_layer *conv = step->state;
    const uint8_t *planes = sned_conv_is_direct(conv) ? work->inputs[0] : work->scratch;
    for (int task = first; task < end; task++) {
        int index, rows;
        find_task(conv, task, &index, &rows);
        const struct filter_tile *tile = &conv->tiles[index];
        const size_t group = (size_t)(tile->filter / conv->group_filters);
        run_tile(step, work, planes + group * sned_conv_group_size(conv), (size_t)rows, tile);
    }
}

/* Phase 0, a task a plane, or all of a channel, or of a group with planes of its own. Phase 1, a task some
 * rows of a tile. */
static void conv_run(const struct step *step, const struct step_work *work, int phase, int first, int end)
{
    const struct conv_layer *conv = step->state;
    if (conv->form == CONV_DEPTHWISE)
        run_channels(step, work, first, end);
    else if (conv->own_planes)
        run_groups(step, work, first, end);
    else if (phase == 0)
        sned_conv_fill(conv, step->micro, work->inputs[0], work->scratch, work->own, first, end);
    else if (conv->form == CONV_SHARED)
        sned_conv_run_blocks(step, work, first, end);
    else
        run_tiles(step, work, first, end);
}

const struct kernel sned_kernel_conv = {.name = "conv",
                                        .prepare = conv_prepare,
                                        .quads = conv_quads,
                                        .lie = conv_lie,
                                        .run = conv_run,
                                        .release = conv_release};
