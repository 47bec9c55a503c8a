/*
 * second_order.c - see second_order.h.
 *
 * Steps. A weight with a uniform error of step s adds F s^2 / 24 to the loss (Fisher's F: fisher.c) and needs
 * log2(1 / s) bits beside what its distribution says, as long as steps are small. Where a bit is worth lambda
 * the two are balanced at d(F s^2 / 24) / ds = lambda / (s ln 2), that is s = sqrt(12 lambda / (F ln 2)): the
 * same loss for a bit in every layer.
 */
#include "compress/second/second_order.h"
#include "base/memory.h"
#include "base/thread.h"
#include "compress/quantize/round_weights.h"
#include "compress/second/fisher.h"

#include <math.h>
#include <stdlib.h>

struct second_order {
    int node_count, threads;
    struct fisher fisher;
    struct moments *moments; /* [node_count] */
};

void second_order_free(struct second_order *second)
{
    if (!second)
        return;
    for (int n = 0; second->moments && n < second->node_count; n++)
        moments_free(&second->moments[n]);
    free(second->moments);
    fisher_free(&second->fisher);
    free(second);
}

sned_status second_order_open(struct second_order **second, struct graph *graph,
                              const struct calibration_images *images,
                              const struct calibration_options *calibration,
                              const struct second_order_options *options, sned_error *error)
{
    const struct fisher_options how = {.images = options->fisher_images,
                                       .seed = options->seed,
                                       .threads = calibration->threads,
                                       .reporter = calibration->reporter};
    struct second_order *made = NULL;
    sned_status status;
    *second = NULL;
    SNED_TRY_DONE(sned_alloc(&made, 1, sizeof *made, error));
    made->node_count = graph->node_count;
    made->threads = calibration->threads > 0 ? calibration->threads : sned_thread_count();
    SNED_TRY_DONE(fisher_measure(&made->fisher, graph, images, &how, error));
    SNED_TRY_DONE(moments_measure(&made->moments, graph, images, calibration, error));
    *second = made;
    made = NULL;
done:
    second_order_free(made);
    return status;
}

/* Between a step of which the largest weight is 127 and one of which it is 1. */
static float step_of(const struct second_order *second, const struct graph *graph, int tensor, double lambda)
{
    const struct tensor *weights = &graph->tensors[tensor];
    const size_t elements = sned_shape_elements(&weights->shape);
    const float *values = weights->data;
    const double sensitivity = fisher_mean(&second->fisher, tensor, 0, elements);
    double largest = 0;
    for (size_t i = 0; i < elements; i++)
        largest = fmax(largest, fabs((double)values[i]));
    const double step = sensitivity > 0 ? sqrt(12 * lambda / (sensitivity * log(2))) : largest;
    return (float)fmin(fmax(step, largest / 127), largest);
}

sned_status second_order_apply(const struct second_order *second, struct graph *graph, double lambda,
                               sned_error *error)
{
    struct uses uses = {0};
    sned_status status;
    SNED_TRY_DONE(sned_uses_find(&uses, graph, error));
    for (int n = 0; n < graph->node_count; n++) {
        const struct node *node = &graph->nodes[n];
        const int tensor = node_weights(node, 0);
        if (!second->moments[n].samples || !has_its_own(&uses, node))
            continue;
        if (second->fisher.values[tensor])
            graph->tensors[tensor].quantization = (struct quantization){
                .scale = step_of(second, graph, tensor, lambda), .bits = 8, .is_signed = true};
        SNED_TRY_DONE(round_layer(graph, node, &second->moments[n], second->threads, error));
    }
done:
    sned_uses_free(&uses);
    return status;
}

sned_status quantize_second_order(struct graph *graph, const struct calibration_images *images,
                                  const struct calibration_options *calibration,
                                  const struct second_order_options *options, sned_error *error)
{
    struct second_order *second;
    SNED_TRY(second_order_open(&second, graph, images, calibration, options, error));
    const sned_status status = second_order_apply(second, graph, options->lambda, error);
    second_order_free(second);
    return status;
}
