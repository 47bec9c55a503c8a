/*
 * second_order.c - see second_order.h.
 *
 * Steps. A weight with a uniform error of step s adds F s^2 / 24 to the loss (Fisher's F: fisher.c) and needs
 * log2(1 / s) bits beside what its distribution says, as long as steps are small. Where a bit is worth lambda
 * the two are balanced at d(F s^2 / 24) / ds = lambda / (s ln 2), that is s = sqrt(12 lambda / (F ln 2)): the
 * same loss for a bit in every layer.
 *
 * That is without feedback. With it a layer whose inputs are much alike loses less, by feedback.share; but
 * what feedback makes good for the sample of inputs it makes good less for others. The root of the share was
 * the best of 0, 1/2 and 1 as its exponent, on images that set nothing.
 */
#include "compress/second/second_order.h"
#include "base/memory.h"
#include "base/thread.h"
#include "compress/quantize/filter_scale.h"
#include "compress/second/round_weights.h"
#include "compress/second/fisher.h"

#include <math.h>
#include <stdlib.h>

/* Or as many as calibrate, where those are fewer. */
enum { FISHER_IMAGES = 400 };

struct second_order {
    int node_count, threads;
    struct fisher fisher;
    struct feedback *feedback; /* [node_count]; of nodes that are not rounded: empty */
};

void second_order_free(struct second_order *second)
{
    if (!second)
        return;
    feedback_free_all(second->feedback, second->node_count);
    fisher_free(&second->fisher);
    free(second);
}

sned_status second_order_open(struct second_order **second, struct graph *graph,
                              const struct calibration_images *images,
                              const struct calibration_options *calibration,
                              const struct second_order_options *options, sned_error *error)
{
    const size_t usual =
        calibration->images && calibration->images < FISHER_IMAGES ? calibration->images : FISHER_IMAGES;
    const struct fisher_options how = {.images = options->fisher_images ? options->fisher_images : usual,
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
    SNED_TRY_DONE(feedback_measure(&made->feedback, graph, images, calibration, error));
    *second = made;
    made = NULL;
done:
    second_order_free(made);
    return status;
}

/* At most the largest weight; 0 where even 127 steps are less: then filters have scales of their own. */
static float step_of(const struct second_order *second, const struct graph *graph, int n, double lambda)
{
    const int tensor = node_weights(&graph->nodes[n], 0);
    const struct tensor *weights = &graph->tensors[tensor];
    const size_t elements = sned_shape_elements(&weights->shape);
    const float *values = weights->data;
    const double sensitivity =
        fisher_mean(&second->fisher, tensor, 0, elements) * sqrt(second->feedback[n].share);
    double largest = 0;
    for (size_t i = 0; i < elements; i++)
        largest = fmax(largest, fabs((double)values[i]));
    const double step = sensitivity > 0 ? sqrt(12 * lambda / (sensitivity * log(2))) : largest;
    return step < largest / 127 ? 0 : (float)fmin(step, largest);
}

/* ---- what it will take ---- */

static double entropy_of(const size_t *seen, size_t levels, size_t count)
{
    double bits = 0;
    for (size_t i = 0; i < levels; i++)
        bits -= seen[i] ? (double)seen[i] * log2((double)seen[i] / (double)count) : 0;
    return bits / 8;
}

sned_status second_order_entropy(const struct second_order *second, const struct graph *graph, double lambda,
                                 double *bytes, sned_error *error)
{
    *bytes = 0;
    for (int n = 0; n < graph->node_count; n++) {
        size_t seen[255] = {0};
        if (!second->feedback[n].order)
            continue;
        const struct tensor *weights = &graph->tensors[node_weights(&graph->nodes[n], 0)];
        const size_t count = sned_shape_elements(&weights->shape), filters = (size_t)weights->shape.dim[0];
        const float *values = weights->data;
        const bool judged = second->fisher.values[node_weights(&graph->nodes[n], 0)] != NULL;
        float *scales;
        SNED_TRY(weight_scales(&scales, weights, judged ? step_of(second, graph, n, lambda) : 0, error));
        for (size_t i = 0; i < count; i++)
            seen[127 + filter_weight(values[i], scales[i / (count / filters)])]++;
        free(scales);
        *bytes += entropy_of(seen, 255, count);
    }
    return SNED_OK;
}

/* ---- doing it ---- */

sned_status second_order_apply(const struct second_order *second, struct graph *graph, double lambda,
                               sned_error *error)
{
    for (int n = 0; n < graph->node_count; n++) {
        const int tensor = node_weights(&graph->nodes[n], 0);
        if (!second->feedback[n].order)
            continue;
        if (second->fisher.values[tensor])
            graph->tensors[tensor].quantization =
                (struct quantization){step_of(second, graph, n, lambda), 8, true};
        SNED_TRY(round_layer(graph, &graph->nodes[n], &second->feedback[n], second->threads, error));
    }
    return SNED_OK;
}
