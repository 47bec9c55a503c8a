/*
 * fisher.c - see fisher.h.
 *
 * Near its minimum a loss grows by 1/2 dw^T F dw when weights move by dw, F being the Hessian's expectation
 * under the network's own answers (Martens 2020): the mean of g g^T, g the gradient for one image with a
 * label drawn from those answers. A network that knows its images by heart would draw hardly anything but
 * what it is sure of, so its scores are divided by a temperature first. Squares are of single images: batches
 * of one.
 */
#include "compress/second/fisher.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/random.h"
#include "compress/quantize/filter_scale.h"
#include "compress/quantize/inputs.h"
#include "train/executor/executor.h"

#include <math.h>
#include <stdlib.h>

enum { DEFAULT_IMAGES = 400 };
static const double temperature = 1.5;
/* As a logit: as good as sure, and the loss is still a number. */
static const float sure = 1e4F;

struct fisher_walk {
    struct fisher *fisher;
    struct graph *graph;
    const struct fisher_options *options;
    struct executor *executor;
    struct scores scores;
    struct random random;
    float *logits, *target; /* [scores.count] */
    float *gradient;        /* of the largest weights */
    size_t done, images;
    double started;
};

void fisher_free(struct fisher *fisher)
{
    for (int t = 0; fisher->values && t < fisher->tensor_count; t++)
        free(fisher->values[t]);
    free(fisher->values);
    *fisher = (struct fisher){0};
}

double fisher_mean(const struct fisher *fisher, int tensor, size_t first, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += fisher->values[tensor][first + i];
    return count ? sum / (double)count : 0;
}

/* ---- labels ---- */

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

/* Each number by itself. */
static void draw_apart(struct fisher_walk *walk)
{
    for (int c = 0; c < walk->scores.count; c++)
        walk->target[c] =
            sned_random_uniform(&walk->random) < sigmoid(walk->logits[c] / temperature) ? sure : -sure;
}

static void draw_one(struct fisher_walk *walk)
{
    double largest = walk->logits[0], sum = 0, drawn = sned_random_uniform(&walk->random);
    int label = 0;
    for (int c = 1; c < walk->scores.count; c++)
        largest = fmax(largest, walk->logits[c]);
    for (int c = 0; c < walk->scores.count; c++)
        sum += exp((walk->logits[c] - largest) / temperature);
    for (int c = 0; c < walk->scores.count && drawn >= 0; c++) {
        label = c;
        drawn -= exp((walk->logits[c] - largest) / temperature) / sum;
    }
    for (int c = 0; c < walk->scores.count; c++)
        walk->target[c] = c == label ? sure : 0;
}

/* ---- gradients ---- */

static sned_status add_squares(struct fisher_walk *walk, sned_error *error)
{
    for (int t = 0; t < walk->fisher->tensor_count; t++) {
        float *squares = walk->fisher->values[t];
        if (!squares)
            continue;
        SNED_TRY(executor_gradient(walk->executor, t, walk->gradient, error));
        const size_t elements = sned_shape_elements(&walk->graph->tensors[t].shape);
        for (size_t i = 0; i < elements; i++)
            squares[i] += walk->gradient[i] * walk->gradient[i];
    }
    return SNED_OK;
}

static sned_status see_image(void *context, const float *values, size_t count, sned_error *error)
{
    struct fisher_walk *walk = context;
    double loss;
    size_t hits;
    SNED_TRY(executor_forward(walk->executor, values, count, error));
    SNED_TRY(executor_logits(walk->executor, walk->logits, error));
    if (walk->scores.is_apart)
        draw_apart(walk);
    else
        draw_one(walk);
    const struct teaching teaching = {.scores = walk->target, .weight = 1, .temperature = 1};
    SNED_TRY(executor_loss_taught(walk->executor, NULL, &teaching, &loss, &hits, error));
    SNED_TRY(executor_backward(walk->executor, error));
    SNED_TRY(add_squares(walk, error));
    walk->done += count;
    const struct progress progress = {.task = "sensitivity",
                                      .done = walk->done,
                                      .total = walk->images,
                                      .seconds = sned_clock() - walk->started,
                                      .loss = -1,
                                      .accuracy = -1};
    sned_report_progress(walk->options->reporter, &progress);
    return SNED_OK;
}

/* ---- the whole ---- */

static sned_status walk_open(struct fisher_walk *walk, sned_error *error)
{
    const struct executor_options how = {.batch = 1, .training = true, .threads = walk->options->threads};
    struct graph *graph = walk->graph;
    struct fisher *fisher = walk->fisher;
    size_t largest = 1;
    bool *judged = NULL;
    sned_status status;
    walk->scores = sned_graph_scores(graph);
    sned_random_seed(&walk->random, walk->options->seed, 0xf15e);
    fisher->tensor_count = graph->tensor_count;
    SNED_TRY_DONE(sned_alloc(&fisher->values, (size_t)graph->tensor_count, sizeof *fisher->values, error));
    SNED_TRY_DONE(sned_alloc(&judged, (size_t)graph->node_count, sizeof *judged, error));
    SNED_TRY_DONE(sned_graph_depends(graph, graph->outputs[0], judged, error));
    for (int n = 0; n < graph->node_count; n++) {
        const int weights = has_filters(&graph->nodes[n]) ? node_weights(&graph->nodes[n], 0) : -1;
        if (weights < 0 || !judged[n] || fisher->values[weights])
            continue;
        const size_t elements = sned_shape_elements(&graph->tensors[weights].shape);
        largest = elements > largest ? elements : largest;
        SNED_TRY_DONE(sned_alloc(&fisher->values[weights], elements, sizeof(float), error));
    }
    SNED_TRY_DONE(sned_alloc(&walk->gradient, largest, sizeof *walk->gradient, error));
    SNED_TRY_DONE(sned_alloc(&walk->logits, (size_t)walk->scores.count, sizeof *walk->logits, error));
    SNED_TRY_DONE(sned_alloc(&walk->target, (size_t)walk->scores.count, sizeof *walk->target, error));
    status = executor_new(&walk->executor, graph, &how, error);
done:
    free(judged);
    return status;
}

static sned_status divide(struct fisher_walk *walk, sned_error *error)
{
    const struct graph *graph = walk->graph;
    for (int t = 0; t < graph->tensor_count; t++) {
        float *values = walk->fisher->values[t];
        const size_t elements = values ? sned_shape_elements(&graph->tensors[t].shape) : 0;
        bool finite = true;
        for (size_t i = 0; i < elements; i++) {
            values[i] /= (float)walk->done;
            finite &= isfinite(values[i]) != 0;
        }
        if (!finite)
            return sned_fail(error, SNED_ERROR_DATA,
                             "sensitivity: weights '%.80s' have a gradient that is no number, or too large",
                             graph->tensors[t].name);
    }
    return SNED_OK;
}

sned_status fisher_measure(struct fisher *fisher, struct graph *graph,
                           const struct calibration_images *images, const struct fisher_options *options,
                           sned_error *error)
{
    const size_t wanted = options->images ? options->images : DEFAULT_IMAGES;
    struct fisher_walk walk = {.fisher = fisher,
                               .graph = graph,
                               .options = options,
                               .images = inputs_count(images, wanted),
                               .started = sned_clock()};
    sned_status status;
    *fisher = (struct fisher){0};
    SNED_TRY_DONE(walk_open(&walk, error));
    SNED_TRY_DONE(inputs_walk(images, graph, wanted, 1, see_image, &walk, error));
    status = divide(&walk, error);
done:
    executor_free(walk.executor);
    free(walk.logits);
    free(walk.target);
    free(walk.gradient);
    return status;
}
