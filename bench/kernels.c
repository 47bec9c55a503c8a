/*
 * kernels.c - how fast the runtime's convolutions are: layers of known networks, each in the form that it
 * takes, against what the machine can multiply at most.
 *
 *     kernels [NAME [FORM]]   layers whose name has NAME in it; in the form taps, dense, lanes, sparse,
 *                             shared, sliding or depthwise. SNED_CPU chooses the instruction set as ever
 *
 * Useful products are those with a weight that is not 0. The bound is what the column's dense micro-kernel
 * multiplies in the first cache. Times are the least of many runs.
 */
#include "base/clock.h"
#include "base/memory.h"
#include "base/random.h"
#include "runtime/conv/conv.h"
#include "runtime/plan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct layer {
    const char *name;
    int channels, height, width, filters, kernel, stride, pad, groups;
    float density;
    int block[2]; /* filters and channels that are 0 together */
};

static const struct layer layers[] = {
    {"design 64 3x3 28x30", 64, 28, 30, 64, 3, 1, 1, 1, 1, {1, 1}},
    {"design .84", 64, 28, 30, 64, 3, 1, 1, 1, .84f, {1, 1}},
    {"design .5", 64, 28, 30, 64, 3, 1, 1, 1, .5f, {1, 1}},
    {"design .35", 64, 28, 30, 64, 3, 1, 1, 1, .35f, {1, 1}},
    {"design .35 2x1", 64, 28, 30, 64, 3, 1, 1, 1, .35f, {2, 1}},
    {"design .35 4x1", 64, 28, 30, 64, 3, 1, 1, 1, .35f, {4, 1}},
    {"design .35 1x4", 64, 28, 30, 64, 3, 1, 1, 1, .35f, {1, 4}},
    {"design .35 4x4", 64, 28, 30, 64, 3, 1, 1, 1, .35f, {4, 4}},
    {"design .2", 64, 28, 30, 64, 3, 1, 1, 1, .2f, {1, 1}},
    {"design .1", 64, 28, 30, 64, 3, 1, 1, 1, .1f, {1, 1}},
    {"design .1 4x4", 64, 28, 30, 64, 3, 1, 1, 1, .1f, {4, 4}},
    {"lenet5 conv2", 20, 12, 12, 50, 5, 1, 0, 1, 1, {1, 1}},
    {"resnet20 first", 3, 32, 32, 16, 3, 1, 1, 1, 1, {1, 1}},
    {"resnet20 16", 16, 32, 32, 16, 3, 1, 1, 1, 1, {1, 1}},
    {"resnet20 16 .25", 16, 32, 32, 16, 3, 1, 1, 1, .25f, {1, 1}},
    {"resnet20 32", 32, 16, 16, 32, 3, 1, 1, 1, 1, {1, 1}},
    {"resnet20 64", 64, 8, 8, 64, 3, 1, 1, 1, 1, {1, 1}},
    {"resnet20 64 .25", 64, 8, 8, 64, 3, 1, 1, 1, .25f, {1, 1}},
    {"alexnet conv1 .84", 3, 227, 227, 96, 11, 4, 0, 1, .84f, {1, 1}},
    {"alexnet conv2 .38", 96, 27, 27, 256, 5, 1, 2, 2, .38f, {1, 1}},
    {"alexnet conv3 .35", 256, 13, 13, 384, 3, 1, 1, 1, .35f, {1, 1}},
    {"alexnet conv4 .37", 384, 13, 13, 384, 3, 1, 1, 2, .37f, {1, 1}},
    {"alexnet conv5 .37", 384, 13, 13, 256, 3, 1, 1, 2, .37f, {1, 1}},
    {"alexnet conv3 2x1", 256, 13, 13, 384, 3, 1, 1, 1, .35f, {2, 1}},
    {"alexnet conv3 dense", 256, 13, 13, 384, 3, 1, 1, 1, 1, {1, 1}},
    {"vgg conv1_1", 3, 224, 224, 64, 3, 1, 1, 1, .58f, {1, 1}},
    {"vgg conv1_2", 64, 224, 224, 64, 3, 1, 1, 1, .22f, {1, 1}},
    {"vgg conv2_2", 128, 112, 112, 128, 3, 1, 1, 1, .36f, {1, 1}},
    {"vgg conv3_2", 256, 56, 56, 256, 3, 1, 1, 1, .24f, {1, 1}},
    {"vgg conv4_2", 512, 28, 28, 512, 3, 1, 1, 1, .27f, {1, 1}},
    {"vgg conv5_2", 512, 14, 14, 512, 3, 1, 1, 1, .29f, {1, 1}},
    {"vgg conv3_2 dense", 256, 56, 56, 256, 3, 1, 1, 1, 1, {1, 1}},
    {"vgg conv5_2 dense", 512, 14, 14, 512, 3, 1, 1, 1, 1, {1, 1}},
    {"squeezenet squeeze", 128, 55, 55, 16, 1, 1, 0, 1, .33f, {1, 1}},
    {"squeezenet expand", 32, 27, 27, 128, 1, 1, 0, 1, .33f, {1, 1}},
    {"squeezenet expand3", 64, 13, 13, 256, 3, 1, 1, 1, .33f, {1, 1}},
    {"resnet50 first", 3, 224, 224, 64, 7, 2, 3, 1, 1, {1, 1}},
    {"resnet50 1x1 56", 256, 56, 56, 64, 1, 1, 0, 1, 1, {1, 1}},
    {"resnet50 1x1 14", 1024, 14, 14, 256, 1, 1, 0, 1, 1, {1, 1}},
    {"resnet50 1x1 7", 2048, 7, 7, 512, 1, 1, 0, 1, 1, {1, 1}},
    {"resnet50 1x1 7 .2", 2048, 7, 7, 512, 1, 1, 0, 1, .2f, {1, 1}},
    {"resnet50 3x3 7", 512, 7, 7, 512, 3, 1, 1, 1, 1, {1, 1}},
    {"resnet50 3x3 s2", 256, 28, 28, 256, 3, 2, 1, 1, 1, {1, 1}},
    {"mobilenet dw 112", 32, 112, 112, 32, 3, 1, 1, 32, 1, {1, 1}},
    {"mobilenet dw s2", 96, 112, 112, 96, 3, 2, 1, 96, 1, {1, 1}},
    {"mobilenet dw 14", 384, 14, 14, 384, 3, 1, 1, 384, 1, {1, 1}},
    {"mobilenet 1x1 112", 16, 112, 112, 96, 1, 1, 0, 1, 1, {1, 1}},
    {"mobilenet 1x1 14", 384, 14, 14, 64, 1, 1, 0, 1, 1, {1, 1}},
    {"mobilenet 1x1 7", 320, 7, 7, 1280, 1, 1, 0, 1, 1, {1, 1}},
};
enum { LAYERS = sizeof layers / sizeof layers[0] };

static const char *const form_names[] = {"taps",   "dense",  "phases",  "lanes",
                                         "sparse", "shared", "sliding", "depthwise"};

/* Weights in blocks; how many are not 0. */
static double draw_weights(const struct layer *layer, struct random *random, int8_t *weights)
{
    const int channels = layer->channels / layer->groups, taps = layer->kernel * layer->kernel;
    double kept = 0;
    for (int k = 0; k < layer->filters; k += layer->block[0])
        for (int c = 0; c < channels; c += layer->block[1])
            for (int t = 0; t < taps; t++) {
                const bool is_kept = sned_random_uniform(random) < layer->density;
                for (int i = 0; is_kept && i < layer->block[0] * layer->block[1]; i++) {
                    const int filter = k + i / layer->block[1], channel = c + i % layer->block[1];
                    if (filter >= layer->filters || channel >= channels)
                        continue;
                    const int weight = (int)sned_random_below(random, 253) - 126;
                    weights[(filter * channels + channel) * taps + t] = (int8_t)(weight ? weight : 1);
                    kept++;
                }
            }
    return kept;
}

static void check(sned_status status, const sned_error *error)
{
    if (status == SNED_OK)
        return;
    fprintf(stderr, "kernels: %s\n", error->message);
    exit(1);
}

static int add_tensor(struct graph *graph, const char *name, enum tensor_type type, struct shape shape,
                      void *data)
{
    sned_error error;
    int index;
    check(sned_graph_add_tensor(graph, name, type, &shape, data, &index, &error), &error);
    graph->tensors[index].quantization = (struct quantization){1, 8, false};
    return index;
}

/* A graph of that one convolution; *useful: its products. */
static struct graph *graph_of(const struct layer *layer, double *useful)
{
    const int64_t channels = layer->channels / layer->groups;
    const int64_t size = (int64_t)layer->filters * channels * layer->kernel * layer->kernel;
    sned_error error;
    struct random random;
    struct graph *graph;
    struct node *node;
    int8_t *weights;
    sned_random_seed(&random, 17, 0);
    check(sned_graph_new(&graph, "layer", &error), &error);
    graph->integer = true;
    graph->input = add_tensor(
        graph, "input", TENSOR_F32,
        sned_shape(4, (int64_t)1, (int64_t)layer->channels, (int64_t)layer->height, (int64_t)layer->width),
        NULL);
    check(sned_alloc(&weights, (size_t)size, 1, &error), &error);
    const double kept = draw_weights(layer, &random, weights);
    const int inputs[2] = {graph->input,
                           add_tensor(graph, "weights", TENSOR_I8,
                                      sned_shape(4, (int64_t)layer->filters, channels, (int64_t)layer->kernel,
                                                 (int64_t)layer->kernel),
                                      weights)};
    graph->outputs[0] = add_tensor(graph, "output", TENSOR_F32, graph->tensors[graph->input].shape, NULL);
    check(sned_graph_add_node(graph, "conv", OP_CONV, inputs, 2, graph->outputs[0], &node, &error), &error);
    node->u.conv.groups = layer->groups;
    for (int axis = 0; axis < 2; axis++) {
        node->u.conv.window.kernel[axis] = layer->kernel;
        node->u.conv.window.stride[axis] = layer->stride;
        node->u.conv.window.dilation[axis] = 1;
        node->u.conv.window.pad_begin[axis] = node->u.conv.window.pad_end[axis] = layer->pad;
    }
    node->rules[0].high = 255;
    node->rules[0].scaling_count = layer->filters;
    check(sned_alloc(&node->rules[0].scalings, (size_t)layer->filters, sizeof(struct scaling), &error),
          &error);
    for (int k = 0; k < layer->filters; k++)
        node->rules[0].scalings[k] = (struct scaling){40000, 26};
    check(sned_graph_infer(graph, &error), &error);
    const struct shape *out = &graph->tensors[graph->outputs[0]].shape;
    *useful = kept * (double)out->dim[2] * (double)out->dim[3];
    return graph;
}

/* Seconds of each phase: the least of many runs. */
static void time_step(const struct step *step, const struct step_work *work, double least[STEP_PHASES])
{
    const double end = sned_clock() + 0.15;
    for (int phase = 0; phase < STEP_PHASES; phase++)
        least[phase] = 1;
    for (int runs = 0; runs < 5 || sned_clock() < end; runs++)
        for (int phase = 0; phase < STEP_PHASES; phase++) {
            const double begin = sned_clock();
            step->kernel->run(step, work, phase, 0, step->tasks[phase]);
            const double took = sned_clock() - begin;
            least[phase] = took < least[phase] ? took : least[phase];
        }
}

static void *memory_of(size_t size)
{
    uint8_t *memory;
    sned_error error;
    check(sned_alloc(&memory, size + MICRO_OVER_READ, 1, &error), &error);
    for (size_t i = 0; i < size; i++)
        memory[i] = (uint8_t)(i * 37);
    return memory;
}

/* Products a nanosecond of the column's dense micro-kernel, in the first cache. */
static double find_bound(const struct micro_kernels *micro)
{
    enum { QUADS = 256, PIXELS = 48, CALLS = 100 };
    static uint8_t input[(QUADS + PIXELS) * 4 + MICRO_OVER_READ];
    static int8_t weights[QUADS * 8 * 4];
    static int32_t sums[8 * PIXELS], start[8];
    uint32_t offsets[QUADS];
    double least = 1;
    const struct quad_list list = {.count = QUADS,
                                   .filters = micro->dense_filters,
                                   .offsets = offsets,
                                   .weights = weights,
                                   .start = start};
    for (int q = 0; q < QUADS; q++)
        offsets[q] = (uint32_t)q;
    for (int i = 0; i < 300; i++) {
        const double begin = sned_clock();
        for (int call = 0; call < CALLS; call++)
            micro->dense[micro->bytes](sums, PIXELS, PIXELS, input, &list);
        const double took = (sned_clock() - begin) / CALLS;
        least = took < least ? took : least;
    }
    return (double)QUADS * 4 * PIXELS * micro->dense_filters / least / 1e9;
}

static void time_layer(const struct layer *layer, const struct micro_kernels *micro, double bound)
{
    sned_error error;
    struct plan plan;
    double useful, least[STEP_PHASES];
    struct graph *graph = graph_of(layer, &useful);
    check(sned_plan_make(&plan, graph, micro, NULL, false, &error), &error);
    const struct step *step = &plan.steps[0];
    const struct conv_layer *conv = step->state;
    const void *const inputs[] = {memory_of(step->inputs[0].elements)};
    void *const outputs[] = {memory_of(step->outputs[0].elements)};
    const struct step_work work = {inputs, outputs, memory_of(step->scratch_size), memory_of(step->own_size)};
    time_step(step, &work, least);
    const double took = least[0] + least[1];
    printf("%-20s %-7s %9.1f %9.1f %9.1f %8.0f%% %8.0f%%\n", layer->name, form_names[conv->form], took * 1e6,
           least[0] * 1e6, useful / took / 1e9, 100 * useful / took / 1e9 / bound,
           100 * useful / layer->density / took / 1e9 / bound);
    free((void *)inputs[0]);
    free(outputs[0]);
    free(work.scratch);
    free(work.own);
    sned_plan_free(&plan);
    sned_graph_free(graph);
}

/* The column with forms that cost too much, but one. */
static struct micro_kernels with_form(const struct micro_kernels *micro, const char *form)
{
    struct micro_kernels forced = *micro;
    if (strcmp(form, "taps") != 0)
        forced.costs.taps *= 1000;
    if (strcmp(form, "dense") != 0)
        forced.costs.dense_quad *= 10000;
    if (strcmp(form, "sliding") != 0)
        forced.costs.sliding_quad *= 10000;
    if (strcmp(form, "lanes") != 0)
        forced.costs.lane_product *= 10000;
    if (strcmp(form, "depthwise") != 0)
        forced.costs.depthwise_quad *= 10000;
    if (strcmp(form, "shared") != 0)
        forced.costs.shared_product *= 1000;
    if (strcmp(form, "sparse") != 0)
        forced.costs.sparse_product *= 1000;
    return forced;
}

int main(int argc, char **argv)
{
    const struct micro_kernels *chosen = sned_micro_choose(getenv("SNED_CPU"));
    const struct micro_kernels forced = with_form(chosen, argc > 2 ? argv[2] : "");
    const struct micro_kernels *micro = argc > 2 ? &forced : chosen;
    const double bound = find_bound(micro);
    printf("%s: %.0f GMAC/s at most\n", micro->name, bound);
    printf("%-20s %-7s %9s %9s %9s %9s %9s\n", "layer", "form", "us", "to planes", "GMAC/s", "of bound",
           "as dense");
    for (int i = 0; i < LAYERS; i++)
        if (argc < 2 || strstr(layers[i].name, argv[1]))
            time_layer(&layers[i], micro, bound);
    return 0;
}
