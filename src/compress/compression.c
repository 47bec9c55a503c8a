/*
 * compression.c - a compression opened: its layers, its images, the key of its checkpoint.
 */
#include "compress/compression.h"
#include "compress/prune/prune.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/random.h"
#include "base/text.h"
#include "train/checkpoint.h"

#include <stdio.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SPLIT_STREAM = 0x511d, HASHED_IMAGES = 32 };
/* A layer of which so large a share is exactly zero was pruned before: its zeros stay. */
static const double pruned_before = 0.1;

/* ---- layers ---- */

static sned_status adopt_zeros(struct tensor *weights, size_t count, size_t kept, sned_error *error)
{
    const float *values = weights->data;
    if (weights->mask || (double)(count - kept) < pruned_before * (double)count)
        return SNED_OK;
    SNED_TRY(sned_alloc(&weights->mask, count, 1, error));
    for (size_t i = 0; i < count; i++)
        weights->mask[i] = values[i] != 0;
    return SNED_OK;
}

static struct layer *layer_of(const struct compression *compression, int tensor)
{
    for (int i = 0; i < compression->layer_count; i++)
        if (compression->layers[i].tensor == tensor)
            return &compression->layers[i];
    return NULL;
}

/* "conv1" of its only weights; of several the second ones are "conv1.1". */
static void name_layer(struct layer *layer, const struct node *node, int index)
{
    if (index == 0)
        snprintf(layer->name, sizeof layer->name, "%.63s", node->name);
    else
        snprintf(layer->name, sizeof layer->name, "%.60s.%d", node->name, index);
}

/* The rule's, or the least that its structure leaves. */
static double least_density(const struct recipe_rule *rule, const struct shape *weights)
{
    const double least =
        (double)structure_least(&rule->structure, weights) / (double)sned_shape_elements(weights);
    return fmin(1, fmax(rule->min_density, least));
}

/* Weights `index` of node `n` as a layer, where they are stored and not computed; of those that several nodes
 * share one layer. */
static sned_status add_layer(struct compression *compression, int n, int index, bool judged,
                             sned_error *error)
{
    struct graph *graph = compression->graph;
    const struct node *node = &graph->nodes[n];
    const int tensor = node_weights(node, index);
    struct layer *layer = layer_of(compression, tensor);
    struct tensor *weights = &graph->tensors[tensor];
    if (layer)
        layer->judged |= judged;
    if (layer || !weights->data || weights->type != TENSOR_F32)
        return SNED_OK;
    const struct recipe_rule rule = recipe_rule_for(compression->recipe, node);
    SNED_TRY(sned_resize(&compression->layers, (size_t)compression->layer_count + 1, sizeof *layer, error));
    layer = &compression->layers[compression->layer_count++];
    *layer = (struct layer){.node = n,
                            .tensor = tensor,
                            .judged = judged,
                            .count = sned_shape_elements(&weights->shape),
                            .kept = sned_tensor_kept(weights),
                            .first = 1,
                            .skip = rule.skip == 1,
                            .fixed = rule.density,
                            .least = least_density(&rule, &weights->shape)};
    weights->structure = rule.structure;
    name_layer(layer, node, index);
    return adopt_zeros(weights, layer->count, layer->kept, error);
}

/* Nothing judges what only other outputs depend on: it stays as it is. */
static sned_status leave_unjudged(struct compression *compression, sned_error *error)
{
    const struct graph *graph = compression->graph;
    int judged = 0;
    for (int i = 0; i < compression->layer_count; i++) {
        compression->layers[i].skip |= !compression->layers[i].judged;
        judged += compression->layers[i].judged;
    }
    if (compression->layer_count == 0)
        return sned_fail(error, SNED_ERROR_UNSUPPORTED,
                         "network '%s' has no Conv or Gemm with weights: nothing to compress", graph->name);
    if (judged == 0)
        return sned_fail(error, SNED_ERROR_UNSUPPORTED,
                         "network '%s': its first output '%.80s' depends on no weights: nothing to compress "
                         "(another output with --head NAME)",
                         graph->name, graph->tensors[graph->outputs[0]].name);
    return SNED_OK;
}

static sned_status find_layers(struct compression *compression, sned_error *error)
{
    const struct graph *graph = compression->graph;
    bool *judged = NULL;
    sned_status status;
    SNED_TRY_DONE(sned_alloc(&judged, (size_t)graph->node_count, sizeof *judged, error));
    SNED_TRY_DONE(sned_graph_depends(graph, graph->outputs[0], judged, error));
    for (int n = 0; n < graph->node_count; n++)
        for (int i = 0; i < sned_node_weight_count(&graph->nodes[n]); i++)
            SNED_TRY_DONE(add_layer(compression, n, i, judged[n], error));
    SNED_TRY_DONE(leave_unjudged(compression, error));
    status = sned_alloc(&compression->fallback_kept, (size_t)compression->layer_count,
                        sizeof *compression->fallback_kept, error);
done:
    free(judged);
    return status;
}

sned_status compression_tell_unjudged(const struct compression *compression, sned_error *error)
{
    const struct graph *graph = compression->graph;
    const size_t layers = (size_t)compression->layer_count;
    struct compress_result *result = compression->result;
    char names[200] = "";
    SNED_TRY(sned_resize(&result->unjudged, layers, sizeof *result->unjudged, error));
    for (size_t i = 0; i < layers; i++) {
        const struct layer *layer = &compression->layers[i];
        if (layer->judged)
            continue;
        memcpy(result->unjudged[result->unjudged_count++], layer->name, sizeof layer->name);
        sned_text_list(names, sizeof names, layer->name);
    }
    const size_t count = (size_t)result->unjudged_count;
    if (count > 0)
        sned_report(
            compression->options->reporter,
            "%zu %s (%s) %s neither cut nor retrained: accuracy is that of output '%.80s', which does "
            "not depend on %s",
            count, sned_text_noun(count, "layer", "layers"), names, sned_text_noun(count, "is", "are"),
            graph->tensors[graph->outputs[0]].name, sned_text_noun(count, "it", "them"));
    return SNED_OK;
}

double compression_density(const struct compression *compression, int layer)
{
    double kept = 0, count = 0;
    if (layer >= 0)
        return (double)compression->layers[layer].kept / (double)compression->layers[layer].count;
    for (int i = 0; i < compression->layer_count; i++) {
        kept += (double)compression->layers[i].kept;
        count += (double)compression->layers[i].count;
    }
    return kept / count;
}

static struct saliency_context saliency_context_of(const struct compression *compression)
{
    return (struct saliency_context){.graph = compression->graph,
                                     .dataset = compression->dataset,
                                     .indices = compression->indices,
                                     .count = compression->train_count,
                                     .threads = compression->options->threads,
                                     .seed = compression->options->seed};
}

sned_status compression_scores(const struct compression *compression, int index, float **scores,
                               sned_error *error)
{
    const struct layer *layer = &compression->layers[index];
    const struct saliency_context context = saliency_context_of(compression);
    SNED_TRY(sned_alloc(scores, layer->count, sizeof **scores, error));
    const struct graph *graph = compression->graph;
    const struct tensor *weights = &graph->tensors[layer->tensor];
    SNED_TRY(compression->saliency->score(&context, &graph->nodes[layer->node], weights, *scores, error));
    structure_scores(&weights->structure, weights, *scores);
    return SNED_OK;
}

sned_status compression_cut(struct compression *compression, int index, const float *scores, size_t keep,
                            sned_error *error)
{
    const struct saliency_context context = saliency_context_of(compression);
    const struct layer *layer = &compression->layers[index];
    struct graph *graph = compression->graph;
    struct tensor *weights = &graph->tensors[layer->tensor];
    float *before = NULL;
    sned_status status;
    if (!compression->saliency->adjust)
        return structure_prune(&weights->structure, weights, scores, keep, error);
    SNED_TRY_DONE(sned_alloc(&before, layer->count, sizeof *before, error));
    memcpy(before, weights->data, layer->count * sizeof *before);
    SNED_TRY_DONE(structure_prune(&weights->structure, weights, scores, keep, error));
    status = compression->saliency->adjust(&context, graph, &graph->nodes[layer->node], before, error);
done:
    free(before);
    return status;
}

/* ---- images ---- */

size_t compress_split(uint32_t *indices, size_t count, double share, size_t most)
{
    size_t held = (size_t)((double)count * share + 0.5);
    struct random random;
    for (size_t i = 0; i < count; i++)
        indices[i] = (uint32_t)i;
    sned_random_seed(&random, 0, SPLIT_STREAM); /* not the user's seed: the same images for all runs */
    sned_random_shuffle(&random, indices, count);
    if (held > most)
        held = most;
    if (held < 1)
        held = 1;
    return held < count ? count - held : 0;
}

static sned_status split_images(struct compression *compression, sned_error *error)
{
    const size_t count = dataset_size(compression->dataset);
    const struct recipe *recipe = compression->recipe;
    if (count < 2)
        return sned_fail(error, SNED_ERROR_DATA, "the data set has %zu %s: compression needs at least 2",
                         count, sned_text_noun(count, "image", "images"));
    if (count > UINT32_MAX)
        return sned_fail(error, SNED_ERROR_DATA, "the data set has more than 2^32 images");
    SNED_TRY(sned_alloc(&compression->indices, count, sizeof *compression->indices, error));
    compression->train_count =
        compress_split(compression->indices, count, recipe->holdout, (size_t)recipe->holdout_images);
    compression->held_count = count - compression->train_count;
    return SNED_OK;
}

/* ---- the key: of everything that the result depends on ---- */

/* A few items and their labels: data sets of one size differ. */
static sned_status hash_images(const struct compression *compression, struct writer *writer,
                               sned_error *error)
{
    const size_t size = dataset_item_size(compression->dataset), train = compression->train_count;
    const size_t count = train < HASHED_IMAGES ? train : HASHED_IMAGES;
    int32_t labels[HASHED_IMAGES] = {0};
    uint8_t *items = NULL;
    size_t got = 0;
    sned_status status;
    SNED_TRY_DONE(sned_alloc(&items, count, size, error));
    SNED_TRY_DONE(
        dataset_read(compression->dataset, compression->indices, count, items, labels, &got, error));
    sned_write_u64(writer, sned_hash(items, got * size));
    sned_write_u64(writer, sned_hash(labels, sizeof labels));
done:
    free(items);
    return status;
}

static sned_status make_key(struct compression *compression, sned_error *error)
{
    const struct graph *graph = compression->graph;
    struct writer writer = {0};
    sned_status status;
    recipe_write(compression->recipe, &writer);
    sned_write_u64(&writer, (uint64_t)(compression->max_drop * 1e9));
    sned_write_u64(&writer, compression->options->seed);
    sned_write_u64(&writer, (uint64_t)compression->options->threads);
    sned_write_u64(&writer, dataset_size(compression->dataset));
    sned_write_u64(&writer, graph_state_hash(graph));
    sned_write_u64(&writer, sned_rule_hash(&graph->rule));
    if (graph->output_count > 1) /* which of them is judged */
        sned_write_u64(&writer, (uint64_t)graph->outputs[0]);
    SNED_TRY_DONE(hash_images(compression, &writer, error));
    if (writer.status != SNED_OK)
        SNED_TRY_DONE(sned_fail(error, writer.status, "out of memory for the checkpoint's key"));
    compression->key = sned_hash(writer.buffer.data, writer.buffer.size);
done:
    sned_writer_free(&writer);
    return status;
}

/* ---- opening and closing ---- */

sned_status compression_open(struct compression *compression, struct graph *graph, struct dataset *dataset,
                             const struct compress_options *options, struct compress_result *result,
                             sned_error *error)
{
    const struct recipe *recipe = &options->recipe;
    *compression =
        (struct compression){.graph = graph,
                             .dataset = dataset,
                             .options = options,
                             .recipe = recipe,
                             .saliency = saliency_find(recipe->saliency),
                             .result = result,
                             .max_drop = options->max_drop >= 0 ? options->max_drop : recipe->max_drop,
                             .restored = true,
                             .rate_factor = 1,
                             .started = sned_clock()};
    if (!compression->saliency)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "recipe: saliency '%s' is not one of: %s",
                         recipe->saliency, saliency_names());
    SNED_TRY(recipe_check(recipe, graph, error));
    SNED_TRY(find_layers(compression, error));
    SNED_TRY(split_images(compression, error));
    SNED_TRY(compression_find_teacher(compression, error));
    if (options->checkpoint)
        SNED_TRY(make_key(compression, error));
    SNED_TRY(compression_accept(compression, error));
    compression->journal.layer_count = compression->layer_count;
    return compression_resume(compression, error);
}

void compression_close(struct compression *compression)
{
    sned_graph_free(compression->teacher);
    free(compression->indices);
    free(compression->layers);
    free(compression->fallback_kept);
    journal_free(&compression->journal);
    sned_buffer_free(&compression->snapshot);
    sned_buffer_free(&compression->fallback);
    *compression = (struct compression){0};
}
