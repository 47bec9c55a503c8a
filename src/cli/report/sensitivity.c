/*
 * sensitivity.c - see sensitivity.h.
 */
#include "cli/report/sensitivity.h"
#include "base/clock.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Multiply-accumulates that all layers' runs may take together, and the images that are looked at. */
static const double MACS = 4e11;
enum { FEWEST = 16, MOST = 512 };

/* ---- how far answers are from each other ---- */

static double log_probability(const struct scores *kind, double score)
{
    return kind->ending == OP_SOFTMAX ? log(fmax(score, 1e-30)) : score;
}

/* Of all classes together. */
static double log_sum(const struct scores *kind, const float *scores)
{
    double largest = -INFINITY, sum = 0;
    for (int c = 0; c < kind->count; c++)
        largest = fmax(largest, log_probability(kind, scores[c]));
    for (int c = 0; c < kind->count; c++)
        sum += exp(log_probability(kind, scores[c]) - largest);
    return largest + log(sum);
}

/* Of a number that is a probability by itself; away from 0 and 1, whose logarithms are none. */
static double apart(const struct scores *kind, double score)
{
    const double p = kind->ending == OP_SIGMOID ? score : 1 / (1 + exp(-score));
    return fmin(fmax(p, 1e-12), 1 - 1e-12);
}

/* sum p log(p / q) */
static double divergence(const struct scores *kind, const float *own, const float *other)
{
    double sum = 0;
    for (int c = 0; c < kind->count && kind->is_apart; c++) {
        const double p = apart(kind, own[c]), q = apart(kind, other[c]);
        sum += p * log(p / q) + (1 - p) * log((1 - p) / (1 - q));
    }
    if (kind->is_apart)
        return sum;
    const double own_sum = log_sum(kind, own), other_sum = log_sum(kind, other);
    for (int c = 0; c < kind->count; c++) {
        const double p = log_probability(kind, own[c]) - own_sum;
        sum += exp(p) * (p - (log_probability(kind, other[c]) - other_sum));
    }
    return sum;
}

/* ---- a layer without its lowest bit ---- */

struct sensing {
    struct graph *graph; /* a copy to change */
    const struct images *images;
    size_t count; /* of them, the first */
    struct scores kind;
    struct evaluate_options how;
    float *own, *other; /* [count][kind.count] */
};

static sned_status run(struct sensing *sensing, float *scores, size_t *came, sned_error *error)
{
    struct evaluation evaluation;
    sensing->how.scores = scores;
    SNED_TRY(evaluate_integer(sensing->graph, sensing->images->dataset, sensing->images->indices,
                              sensing->count, &sensing->how, &evaluation, error));
    *came = evaluation.images;
    return SNED_OK;
}

static void clear_lowest_bits(int8_t *weights, size_t count)
{
    for (size_t i = 0; i < count; i++)
        weights[i] = (int8_t)(weights[i] / 2 * 2);
}

static void compare(struct report_layer *layer, const struct sensing *sensing, size_t images)
{
    const size_t classes = (size_t)sensing->kind.count;
    layer->divergence = layer->changed = 0;
    for (size_t i = 0; i < images; i++) {
        const float *own = sensing->own + i * classes, *other = sensing->other + i * classes;
        layer->divergence += divergence(&sensing->kind, own, other) / (double)images;
        layer->changed += 100.0 *
                          (sned_scores_best(&sensing->kind, own) != sned_scores_best(&sensing->kind, other)) /
                          (double)images;
    }
}

static sned_status measure_layer(struct report_layer *layer, struct sensing *sensing, int node,
                                 sned_error *error)
{
    struct tensor *tensor = &sensing->graph->tensors[node_weights(&sensing->graph->nodes[node], 0)];
    const size_t weights = sned_shape_elements(&tensor->shape);
    int8_t *kept;
    size_t came = 0;
    SNED_TRY(sned_alloc(&kept, weights, 1, error));
    memcpy(kept, tensor->data, weights);
    clear_lowest_bits(tensor->data, weights);
    sned_status status = run(sensing, sensing->other, &came, error);
    memcpy(tensor->data, kept, weights);
    free(kept);
    if (status == SNED_OK && came > 0)
        compare(layer, sensing, came);
    return status;
}

/* ---- all of them ---- */

static size_t image_count(const struct report_facts *facts, const struct graph *graph, size_t there)
{
    double macs = 1;
    for (int i = 0; i < graph->node_count; i++)
        macs += (double)sned_node_macs(graph, &graph->nodes[i]);
    const double affordable = MACS / (macs * (facts->layer_count + 1));
    const size_t wanted = (size_t)fmin(fmax(affordable, FEWEST), MOST);
    return there < wanted ? there : wanted;
}

/* Of the images that were to be looked at as many as there is time for. */
static sned_status fit_time(struct sensing *sensing, const struct report_facts *facts, sned_error *error)
{
    const double began = sned_clock();
    const size_t most = sensing->count;
    size_t came;
    if (facts->measuring_seconds <= 0 || most <= FEWEST)
        return SNED_OK;
    sensing->count = FEWEST;
    SNED_TRY(run(sensing, sensing->own, &came, error));
    const double each = (sned_clock() - began) / FEWEST * (facts->layer_count + 1);
    sensing->count = (size_t)fmin(fmax(facts->measuring_seconds / each, FEWEST), (double)most);
    return SNED_OK;
}

static sned_status measure_all(struct report_facts *facts, struct sensing *sensing,
                               const struct reporter *reporter, sned_error *error)
{
    const double began = sned_clock();
    int done = 0;
    for (int i = 0; i < sensing->graph->node_count; i++) {
        const struct node *node = &sensing->graph->nodes[i];
        struct report_layer *layer =
            sned_node_has_weights(node) ? report_layer_find(facts, node->name) : NULL;
        if (!layer)
            continue;
        SNED_TRY(measure_layer(layer, sensing, i, error));
        sned_report_progress(reporter, &(struct progress){.task = "sensitivity",
                                                          .done = (size_t)++done,
                                                          .total = (size_t)facts->layer_count,
                                                          .seconds = sned_clock() - began,
                                                          .loss = -1,
                                                          .accuracy = -1});
    }
    return SNED_OK;
}

sned_status sensitivity_measure(struct report_facts *facts, const struct graph *integer,
                                const struct images *images, const struct reporter *reporter,
                                sned_error *error)
{
    struct sensing sensing = {.images = images,
                              .count = image_count(facts, integer, images->count),
                              .kind = sned_graph_scores(integer),
                              .how = {.threads = facts->threads}};
    const size_t size = (size_t)sensing.kind.count * sizeof(float);
    size_t came;
    sned_status status;
    SNED_TRY_DONE(sned_graph_copy(&sensing.graph, integer, error));
    SNED_TRY_DONE(sned_alloc(&sensing.own, sensing.count, size, error));
    SNED_TRY_DONE(sned_alloc(&sensing.other, sensing.count, size, error));
    SNED_TRY_DONE(fit_time(&sensing, facts, error));
    SNED_TRY_DONE(run(&sensing, sensing.own, &came, error));
    facts->measured_on = (int)came;
    status = measure_all(facts, &sensing, reporter, error);
done:
    sned_graph_free(sensing.graph);
    free(sensing.own);
    free(sensing.other);
    return status;
}
