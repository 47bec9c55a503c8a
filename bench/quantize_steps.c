/*
 * quantize_steps.c - what each step of `sned pack` is worth: quantize_steps MODEL.onnx IMAGES [COUNT].
 * Quantises COUNT (300) unlabelled images' network in float simulation, with and without each step, and
 * compares its classes with the float network's. JSON.
 */
#include "base/memory.h"
#include "base/thread.h"
#include "compress/second/round_weights.h"
#include "io/onnx/onnx.h"
#include "train/executor/executor.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 25 };

struct inputs {
    float *values; /* [count][elements] */
    size_t count, elements;
    int classes;
};

static sned_status read_inputs(struct inputs *inputs, const struct graph *graph, const char *spec,
                               size_t limit, sned_error *error)
{
    const struct dataset_options options = {.form = input_form_of(graph), .unlabelled = true, .limit = limit};
    const struct loader_options how = {.batch = BATCH, .rule = &graph->rule};
    struct dataset *dataset = NULL;
    struct batch_loader *loader = NULL;
    uint32_t *indices = NULL;
    const float *batch;
    const int32_t *labels;
    size_t got;
    sned_status status;
    *inputs = (struct inputs){.elements = sned_shape_elements(&graph->tensors[graph->input].shape),
                              .classes = (int)sned_shape_elements(&graph->tensors[graph->outputs[0]].shape)};
    SNED_TRY_DONE(dataset_open(&dataset, spec, &options, error));
    const size_t images = dataset_size(dataset);
    SNED_TRY_DONE(sned_alloc(&indices, images, sizeof *indices, error));
    SNED_TRY_DONE(sned_alloc(&inputs->values, images, inputs->elements * sizeof(float), error));
    for (size_t i = 0; i < images; i++)
        indices[i] = (uint32_t)i;
    SNED_TRY_DONE(loader_new(&loader, dataset, indices, images, &how, error));
    for (;;) {
        SNED_TRY_DONE(loader_next(loader, &batch, &labels, &got, error));
        if (got == 0)
            break;
        memcpy(inputs->values + inputs->count * inputs->elements, batch,
               got * inputs->elements * sizeof(float));
        inputs->count += got;
    }
done:
    loader_free(loader);
    dataset_free(dataset);
    free(indices);
    return status;
}

/* Scores [count][classes] before any Softmax; weights rounded, and activations where they have a
 * quantization. */
static sned_status run(float **scores, struct graph *graph, const struct inputs *inputs, bool rounded,
                       sned_error *error)
{
    const struct executor_options how = {.batch = BATCH, .quantize_weights = rounded};
    const size_t classes = (size_t)inputs->classes;
    struct executor *executor = NULL;
    float *batch = NULL;
    sned_status status;
    SNED_TRY_DONE(sned_alloc(scores, inputs->count, classes * sizeof(float), error));
    SNED_TRY_DONE(sned_alloc(&batch, BATCH, classes * sizeof(float), error));
    SNED_TRY_DONE(executor_new(&executor, graph, &how, error));
    for (size_t i = 0; i < inputs->count; i += BATCH) {
        const size_t count = inputs->count - i < BATCH ? inputs->count - i : BATCH;
        SNED_TRY_DONE(executor_forward(executor, inputs->values + i * inputs->elements, count, error));
        SNED_TRY_DONE(executor_logits(executor, batch, error));
        memcpy(*scores + i * classes, batch, count * classes * sizeof(float));
    }
done:
    executor_free(executor);
    free(batch);
    return status;
}

static double log_sum(const float *scores, int classes)
{
    double largest = scores[0], sum = 0;
    for (int c = 1; c < classes; c++)
        largest = fmax(largest, scores[c]);
    for (int c = 0; c < classes; c++)
        sum += exp(scores[c] - largest);
    return largest + log(sum);
}

/* The mean Kullback-Leibler divergence of `other`'s classes from `own`'s. */
static double divergence(const float *own, const float *other, size_t count, int classes)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++, own += classes, other += classes) {
        const double own_sum = log_sum(own, classes), other_sum = log_sum(other, classes);
        for (int c = 0; c < classes; c++)
            sum += exp(own[c] - own_sum) * ((own[c] - own_sum) - (other[c] - other_sum));
    }
    return sum / (double)count;
}

struct step {
    const char *name;
    bool equalize, round;
};

static sned_status round_weights(struct graph *graph, const struct calibration_images *images,
                                 const struct calibration_options *options, sned_error *error)
{
    struct feedback *feedback;
    sned_status status = feedback_measure(&feedback, graph, images, options, error);
    for (int n = 0; status == SNED_OK && n < graph->node_count; n++)
        if (feedback[n].order)
            status = round_layer(graph, &graph->nodes[n], &feedback[n], sned_thread_count(), error);
    feedback_free_all(feedback, graph->node_count);
    return status;
}

/* Prints the divergence with rounded activations, with rounded weights, and with both. */
static sned_status measure(const struct step *step, const struct graph *graph, const struct inputs *inputs,
                           const float *exact, sned_error *error)
{
    const struct calibration_options options = {.batch = BATCH};
    const struct calibration_images images = {.values = inputs->values, .count = inputs->count};
    struct graph *copy = NULL;
    float *scores[3] = {NULL};
    double results[3];
    sned_status status;
    SNED_TRY_DONE(sned_graph_copy(&copy, graph, error));
    if (step->equalize)
        SNED_TRY_DONE(quantize_equalize(copy, &images, &options, error));
    SNED_TRY_DONE(quantize_calibrate(copy, &images, &options, error));
    SNED_TRY_DONE(run(&scores[0], copy, inputs, false, error));
    if (step->round)
        SNED_TRY_DONE(round_weights(copy, &images, &options, error));
    SNED_TRY_DONE(run(&scores[2], copy, inputs, true, error));
    for (int t = 0; t < copy->tensor_count; t++)
        copy->tensors[t].quantization = (struct quantization){0};
    SNED_TRY_DONE(run(&scores[1], copy, inputs, true, error));
    for (int i = 0; i < 3; i++)
        results[i] = divergence(exact, scores[i], inputs->count, inputs->classes);
    printf("{\"step\": \"%s\", \"activations\": %.6f, \"weights\": %.6f, \"both\": %.6f}", step->name,
           results[0], results[1], results[2]);
done:
    for (int i = 0; i < 3; i++)
        free(scores[i]);
    sned_graph_free(copy);
    return status;
}

int main(int count, char **arguments)
{
    const struct step steps[] = {
        {"nearest rounding", false, false}, {"+ round", false, true}, {"+ round + equalize", true, true}};
    sned_error failure = {0}, *error = &failure;
    struct graph *graph = NULL;
    struct inputs inputs = {0};
    float *exact = NULL;
    sned_status status;
    if (count < 3) {
        fputs("usage: quantize_steps MODEL.onnx IMAGES [COUNT]\n", stderr);
        return 2;
    }
    SNED_TRY_DONE(onnx_read(&graph, arguments[1], error));
    SNED_TRY_DONE(sned_graph_prepare(graph, error));
    SNED_TRY_DONE(
        read_inputs(&inputs, graph, arguments[2], count > 3 ? strtoul(arguments[3], NULL, 10) : 300, error));
    SNED_TRY_DONE(run(&exact, graph, &inputs, false, error));
    printf("{\"images\": %zu, \"steps\": [", inputs.count);
    for (int i = 0; i < 3; i++) {
        fputs(i ? ", " : "", stdout);
        SNED_TRY_DONE(measure(&steps[i], graph, &inputs, exact, error));
    }
    puts("]}");
done:
    if (status != SNED_OK)
        fprintf(stderr, "quantize_steps: %s\n", failure.message);
    free(exact);
    free(inputs.values);
    sned_graph_free(graph);
    return status != SNED_OK;
}
