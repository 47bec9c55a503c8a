/*
 * form.c - which form a convolution takes: the one whose products, planes and ends cost least, or what else
 * says so.
 */
#include "runtime/conv/conv.h"

#include <math.h>

const char *sned_conv_form_name(enum conv_form form)
{
    static const char *const names[CONV_FORMS] = {"taps",   "dense",  "dense phases", "filter lanes",
                                                  "sparse", "shared", "sliding",      "depthwise"};
    return names[form];
}

/* To lay the input out in planes. */
static double fill_cost(const struct conv_layer *conv, const struct micro_costs *costs)
{
    const double pieces = (double)sned_conv_planes_size(conv) / 16;
    const double planes = (double)conv->groups * conv->planes.count;
    const double rows = sned_conv_is_flat(conv) ? planes : planes * (double)conv->planes.height;
    switch (conv->form) {
    case CONV_TAPS:
        return pieces * costs->widen + rows * costs->fill_row;
    case CONV_SPARSE:
    case CONV_SHARED:
    case CONV_SLIDING:
        return pieces * costs->pick + rows * costs->fill_row;
    case CONV_DENSE:
    case CONV_FILTER_LANES: /* a row that is taken at a stride by itself, without the others' rows */
        return pieces * costs->interleave +
               rows * (conv->window.stride[1] > 1 ? costs->fill_mixed_row / 2 : costs->fill_row);
    case CONV_DENSE_PHASES:
    default:
        return pieces * costs->interleave + rows * costs->fill_mixed_row;
    }
}

/* Of what filter lanes' ends cost, where they are quads: nothing is transposed, nor stored before. */
static const double LANE_QUADS = 0.7;

/* To end sums, those of absent filters or pixels too. */
static double ends_cost(const struct conv_layer *conv, const struct conv_lists *work,
                        const struct micro_costs *costs)
{
    const double vectors = sned_conv_vectors(conv);
    const bool to_quads = conv->output.may_be_quads;
    switch (conv->form) {
    case CONV_FILTER_LANES:
        return (double)work->tiles * FILTER_LANES * vectors / 16 * costs->lane_end *
               (to_quads ? LANE_QUADS : 1);
    case CONV_DENSE:
        return (double)conv->output.extent.channels * vectors *
               (costs->requantize + (to_quads ? costs->interleave : 0));
    case CONV_SPARSE:
    case CONV_SHARED:
        return (double)conv->output.extent.channels * vectors * 4 * costs->requantize;
    default:
        return (double)conv->output.extent.channels * vectors * costs->requantize;
    }
}

/* How much longer rows of a sparse layer take that come from the second cache, some of them, or all. Of 1x1
 * each line is wanted once for all. */
static double distance(const struct conv_layer *conv, const struct micro_costs *costs)
{
    const double most = conv->window.kernel[0] * conv->window.kernel[1] > 1 ? 2 : 1;
    const double beyond = sned_conv_beyond_near(conv);
    return 1 + ((double)costs->sparse_far - 1) * (beyond < most ? beyond : most);
}

/* How often a filter's list is gone through. */
static double passes(const struct conv_layer *conv, double vectors)
{
    enum { PASS_VECTORS = 6 };
    return conv->row_tiles * ceil(vectors / conv->row_tiles / PASS_VECTORS);
}

void sned_conv_cost(double cost[STEP_PHASES], const struct conv_layer *conv, const struct conv_lists *work,
                    const struct micro_costs *costs)
{
    if (conv->form == CONV_DEPTHWISE) {
        const double piece = costs->depthwise_piece + (double)conv->pieces.quads * costs->depthwise_quad;
        cost[0] = conv->groups * (costs->depthwise_channel + (double)conv->pieces.count * piece);
        cost[1] = 0;
        return;
    }
    const double vectors = sned_conv_vectors(conv);
    const double entries = (double)work->entries, products = (double)work->products;
    const bool from_quads = conv->input.may_be_quads && sned_conv_can_take_quads(conv);
    const double lines = (double)conv->groups * conv->group_channels * (double)sned_conv_tap_count(conv);
    cost[0] = from_quads || sned_conv_is_direct(conv) ? 0 : fill_cost(conv, costs);
    cost[1] = (double)work->tiles * conv->row_tiles * costs->call + ends_cost(conv, work, costs);
    switch (conv->form) {
    case CONV_TAPS:
        cost[1] += products * vectors * costs->taps;
        break;
    case CONV_SPARSE:
        cost[1] += (entries * costs->sparse_quad * distance(conv, costs) + products * costs->sparse_product) *
                       vectors +
                   entries * costs->sparse_pass * passes(conv, vectors);
        break;
    case CONV_SHARED:
        cost[1] += (sned_conv_shared_cost(work, costs) + lines * (double)costs->line) * vectors;
        break;
    case CONV_FILTER_LANES:
        cost[1] += products / 16 * vectors * costs->lane_product;
        break;
    case CONV_SLIDING:
        cost[1] += (entries * costs->sliding_quad + products * costs->dense_product) * vectors;
        break;
    case CONV_DENSE:
    case CONV_DENSE_PHASES:
    default:
        cost[1] += (entries * costs->dense_quad + products * costs->dense_product) * vectors;
    }
}

static sned_status judge_by_costs(double *cost, const void *by, const struct conv_layer *conv,
                                  const struct conv_lists *work, sned_error *error)
{
    double phases[STEP_PHASES];
    sned_conv_cost(phases, conv, work, by);
    *cost = phases[0] + phases[1];
    return SNED_OK;
}

/* Whether planes are not split by the stride of an axis. Filter lanes have their planes whole where all of
 * them is of use. */
static bool slides(enum conv_form form, const struct window *window, int axis)
{
    const int64_t size = (int64_t)(window->kernel[axis] - 1) * window->dilation[axis] + 1;
    return form == CONV_SLIDING || (form == CONV_FILTER_LANES && window->stride[axis] <= size &&
                                    window->stride[axis] <= SLIDING_STRIDE);
}

/* What a form makes of the layer's window. */
static void take_form(struct conv_layer *conv, enum conv_form form, const struct window *window,
                      const struct micro_kernels *micro)
{
    conv->form = form;
    conv->window = *window;
    conv->is_narrow = micro->is_narrow && form != CONV_FILTER_LANES && form != CONV_SHARED;
    conv->flip = form != CONV_TAPS && conv->input.type != micro->bytes ? 0x80 : 0;
    for (int axis = 0; axis < 2; axis++) {
        conv->slide[axis] = slides(form, window, axis) ? window->stride[axis] : 1;
        conv->window.stride[axis] /= conv->slide[axis];
    }
}

/* Whether taps that are neighbours in a row meet neighbouring pixels. Of one channel the few rows of a kernel
 * are less than what each call takes besides: there sparse is quicker. */
static bool can_slide(const struct conv_layer *conv, const struct window *window)
{
    return conv->group_channels > 1 && window->dilation[1] == 1 && window->kernel[1] > 1 &&
           window->stride[1] <= SLIDING_STRIDE;
}

/* Whether the column has conv->form. One whose kernel is portable C's beside others of the column's own is
 * not worth being counted. */
static bool is_had(const struct conv_layer *conv, const struct micro_kernels *micro)
{
    const struct micro_kernels *portable = sned_micro_column(0);
    const enum value_type bytes = micro->bytes;
    if (micro->ended_dense[bytes] == portable->ended_dense[bytes])
        return true;
    switch (conv->form) {
    case CONV_FILTER_LANES:
        return micro->ended_filter_lanes[bytes] != portable->ended_filter_lanes[bytes];
    case CONV_SHARED:
        return micro->add_shared[bytes] != portable->add_shared[bytes];
    case CONV_DEPTHWISE:
        return micro->depthwise[bytes] != portable->depthwise[bytes];
    default:
        return true;
    }
}

/* False: the layer cannot have conv->form. */
static bool lay_out(struct conv_layer *conv, const struct window *window, const struct micro_kernels *micro)
{
    switch (conv->form) {
    case CONV_DEPTHWISE: /* which writes whole channels */
        return !conv->frame.is_there && sned_conv_cut(conv, micro);
    case CONV_SHARED:
        return sned_conv_lay_out(conv) && sned_conv_can_share(conv) && sned_conv_cut_blocks(conv);
    case CONV_SLIDING:
        return can_slide(conv, window) && sned_conv_lay_out(conv);
    default:
        return sned_conv_lay_out(conv);
    }
}

sned_status sned_conv_choose(struct conv_layer *conv, const struct micro_kernels *micro, conv_judge *judge,
                             const void *by, struct conv_lists *work, sned_error *error)
{
    const enum conv_form last = conv->input.type == VALUE_S16 ? CONV_TAPS : CONV_FORMS - 1;
    const struct window window = conv->window;
    struct conv_layer best = {.form = CONV_FORMS};
    double least = 0;
    for (enum conv_form form = CONV_TAPS; form <= last; form++) {
        struct conv_lists tried = {0};
        take_form(conv, form, &window, micro);
        if (!is_had(conv, micro) || !lay_out(conv, &window, micro))
            continue;
        if (form != CONV_DEPTHWISE)
            SNED_TRY(sned_conv_count(conv, micro, &tried, error));
        double cost;
        SNED_TRY(judge ? judge(&cost, by, conv, &tried, error)
                       : judge_by_costs(&cost, &micro->costs, conv, &tried, error));
        if (best.form == CONV_FORMS || cost < least) {
            best = *conv;
            *work = tried;
            least = cost;
        }
    }
    *conv = best;
    return SNED_OK;
}
