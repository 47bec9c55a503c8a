/*
 * form.c - which form a convolution takes: the one whose products, planes and ends cost least.
 */
#include "runtime/conv/conv.h"

const char *sned_conv_form_name(enum conv_form form)
{
    static const char *const names[CONV_FORMS] = {"taps", "dense", "dense phases", "sparse"};
    return names[form];
}

double sned_conv_cost(const struct conv_layer *conv, const struct conv_lists *work,
                      const struct micro_costs *costs)
{
    const double vectors = (double)sned_conv_vectors(conv);
    const double entries = (double)work->entries, products = (double)work->products;
    const double filled = (double)sned_conv_planes_size(conv) / 16;
    double cost = (double)work->tiles * conv->row_tiles * costs->call +
                  (double)conv->output.extent.channels * vectors * (conv->form == CONV_SPARSE ? 4 : 1) *
                      costs->requantize;
    switch (conv->form) {
    case CONV_TAPS:
        cost += products * vectors * costs->taps + filled * costs->widen;
        break;
    case CONV_SPARSE:
        cost += (entries * costs->sparse_quad + products * costs->sparse_product) * vectors +
                filled * costs->pick;
        break;
    case CONV_DENSE:
    case CONV_DENSE_PHASES:
    default:
        cost += (entries * costs->dense_quad + products * costs->dense_product) * vectors +
                filled * costs->interleave;
    }
    return cost;
}

sned_status sned_conv_choose(struct conv_layer *conv, const struct micro_kernels *micro,
                             struct conv_lists *work, sned_error *error)
{
    const enum conv_form last = conv->input.type == VALUE_S16 ? CONV_TAPS : CONV_FORMS - 1;
    struct conv_layer best = {.form = CONV_FORMS};
    double least = 0;
    for (enum conv_form form = CONV_TAPS; form <= last; form++) {
        struct conv_lists tried;
        conv->form = form;
        conv->flip = form != CONV_TAPS && conv->input.type != micro->bytes ? 0x80 : 0;
        if (!sned_conv_lay_out(conv))
            continue;
        SNED_TRY(sned_conv_count(conv, micro, &tried, error));
        const double cost = sned_conv_cost(conv, &tried, &micro->costs);
        if (best.form == CONV_FORMS || cost < least) {
            best = *conv;
            *work = tried;
            least = cost;
        }
    }
    *conv = best;
    return SNED_OK;
}
