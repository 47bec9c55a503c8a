/*
 * settings.c - see settings.h. Rules of thumb, each with where it comes from; bench/ shows what they reach.
 *
 * Schedule: one cycle (schedule.c), whose slow start lets a high rate do no harm to new weights.
 *
 * Rate: 0.1 with batch normalization, which makes the scale of weights irrelevant (Ioffe and Szegedy 2015),
 * or with three layers at most. Without it gradients grow with depth: 0.1 (3 / layers)^3, and no less than
 * 0.002, passes near what LeNet-5 (0.02 to 0.05) and AlexNet (0.003) were trained with here. Where the
 * input's root mean square x is above 1, the first layers feel a rate x^2 as large and the last do not:
 * divided by x.
 *
 * Batch: 64; 128 with batch normalization, which wants good statistics; fewer where that leaves less than 32
 * steps an epoch, and the rate goes down with it (Goyal et al. 2017, the linear scaling rule).
 *
 * Epochs: a million images seen, 100 epochs at most. Training shall end: half an hour of two cores, as 4.5e13
 * multiply-accumulates of forward passes are, bounds that from above, and 5 epochs from below.
 *
 * Augmentation: a digit shifts by a pixel in 28. Colour pictures are taken for photographs: they shift by an
 * eighth (12 pixels at most) and are mirrored.
 *
 * Weights that are good already start where new ones have got to after most of their training: a tenth of the
 * rate, a third of the epochs, no slow start.
 */
#include "train/settings.h"
#include "base/memory.h"

#include <math.h>
#include <stdlib.h>

static const double IMAGES_SEEN = 1e6, FORWARD_MACS = 4.5e13, RATE = 0.1, LEAST_RATE = 0.002,
                    MOST_EPOCHS = 100, LEAST_EPOCHS = 5;
enum { SHALLOW = 3, BATCH = 64, LEAST_BATCH = 16, LEAST_STEPS = 32, MOST_SHIFT = 12 };

/* What the rules look at: of a network with several outputs, the part that the first depends on. */
struct traits {
    int layers; /* Conv and Gemm */
    bool normalized;
    double macs; /* of an image */
};

static sned_status find_traits(struct traits *traits, const struct graph *graph, sned_error *error)
{
    bool *judged = NULL;
    *traits = (struct traits){.macs = 1};
    SNED_TRY(sned_alloc(&judged, (size_t)graph->node_count, sizeof *judged, error));
    sned_status status = sned_graph_depends(graph, graph->outputs[0], judged, error);
    for (int n = 0; n < graph->node_count; n++) {
        const struct node *node = &graph->nodes[n];
        if (!judged[n])
            continue;
        traits->layers += sned_node_has_weights(node);
        traits->normalized |= node->op == OP_BATCH_NORMALIZATION;
        traits->macs += (double)sned_node_macs(graph, node);
    }
    free(judged);
    return status;
}

/* The root mean square of what evenly spread pixels become; 1 where the input is no image. */
static double input_spread(const struct graph *graph)
{
    const struct input_rule *rule = &graph->rule;
    const int channels = sned_shape_extent(&graph->tensors[graph->input].shape).channels;
    double sum = 0;
    for (int c = 0; rule->is_image && c < channels && c < GRAPH_MAX_CHANNELS_MEAN; c++)
        for (int pixel = 0; pixel < 256; pixel++)
            sum += pow((pixel - (double)rule->mean[c]) * rule->scale[c], 2) / 256 / channels;
    return rule->is_image ? sqrt(sum) : 1;
}

/* Two digits, as a person would choose. */
static float round_off(double value)
{
    const double unit = pow(10, floor(log10(value)) - 1);
    return (float)(floor(value / unit + 0.5) * unit);
}

static double choose_rate(const struct graph *graph, const struct traits *traits)
{
    if (traits->normalized)
        return RATE;
    const double depth = traits->layers > SHALLOW ? (double)SHALLOW / traits->layers : 1;
    return fmax(LEAST_RATE, RATE * pow(depth, 3)) / fmax(1, input_spread(graph));
}

static double choose_epochs(const struct traits *traits, size_t images)
{
    const double count = images ? (double)images : 1;
    const double epochs = fmin(IMAGES_SEEN, FORWARD_MACS / traits->macs) / count;
    return fmax(LEAST_EPOCHS, fmin(MOST_EPOCHS, floor(epochs + 0.5)));
}

static struct augmentation choose_augmentation(const struct graph *graph)
{
    const struct extent input = sned_shape_extent(&graph->tensors[graph->input].shape);
    const int side = input.height < input.width ? input.height : input.width;
    const bool colour = input.channels == 3;
    const int shift = side / (colour ? 8 : 28);
    if (!graph->rule.is_image)
        return (struct augmentation){0};
    return (struct augmentation){.flip = colour, .shift = shift < MOST_SHIFT ? shift : MOST_SHIFT};
}

sned_status train_settings(struct train_options *options, const struct graph *graph, size_t images,
                           bool trained, sned_error *error)
{
    struct traits traits;
    *options = train_defaults();
    SNED_TRY(find_traits(&traits, graph, error));
    const int whole = traits.normalized ? 2 * BATCH : BATCH;
    options->batch = whole;
    while (options->batch > LEAST_BATCH && (size_t)options->batch * LEAST_STEPS > images)
        options->batch /= 2;
    const double rate = choose_rate(graph, &traits) * options->batch / whole;
    const double epochs = choose_epochs(&traits, images);
    options->rate = round_off(trained ? rate / 10 : rate);
    options->epochs = trained ? ceil(epochs / 3) : epochs;
    options->schedule = trained ? SCHEDULE_COSINE : SCHEDULE_ONE_CYCLE;
    options->augmentation = choose_augmentation(graph);
    return SNED_OK;
}

/* ---- new or not ---- */

enum { LOOKED_AT = 256, LOOKED_AT_LEAST = 16 };
static const double looking_macs = 5e10, better_than_guessing = 0.8;

sned_status train_is_trained(bool *trained, struct graph *graph, struct dataset *dataset,
                             const uint32_t *indices, size_t count, int threads, sned_error *error)
{
    const struct evaluate_options how = {.threads = threads};
    struct evaluation evaluation = {0};
    struct traits traits;
    uint32_t *chosen = NULL;
    sned_status status;
    SNED_TRY_DONE(find_traits(&traits, graph, error));
    const double most = looking_macs / traits.macs;
    size_t wanted = most < LOOKED_AT_LEAST ? LOOKED_AT_LEAST : most < LOOKED_AT ? (size_t)most : LOOKED_AT;
    if (wanted > count)
        wanted = count;
    *trained = false;
    SNED_TRY_DONE(sned_alloc(&chosen, wanted, sizeof *chosen, error));
    for (size_t i = 0; i < wanted; i++)
        chosen[i] = indices[i * count / wanted];
    SNED_TRY_DONE(evaluate_network(graph, dataset, chosen, wanted, &how, &evaluation, error));
    const size_t classes = sned_shape_elements(&graph->tensors[graph->outputs[0]].shape);
    *trained = evaluation.loss < better_than_guessing * log((double)classes);
done:
    free(chosen);
    return status;
}
