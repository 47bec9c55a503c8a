/*
 * compress_session.c - what every phase stands on: the images that train and that steer, retraining,
 * measuring, time.
 */
#include "base/bytes.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/random.h"
#include "compress/session.h"
#include "train/checkpoint.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SPLIT_STREAM = 0x511d, HASHED_IMAGES = 32 };
/* A layer of which so large a share is exactly zero was pruned before: its zeros stay. */
static const double pruned_before = 0.1;
/* Shares of a time budget that the last retrainings may take. */
static const double finish_share = 0.25, quantize_share = 0.1;
/* What measuring, calibration and a slower moment of the machine add to retraining. */
static const double time_reserve = 1.25;

/* Share of the counted mistakes in the estimate of the drop; the rest is the loss's. */
static const double accuracy_weight = 0.25;

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

/* ---- opening ---- */

static sned_status adopt_zeros(struct tensor *weights, size_t count, size_t kept, sned_error *error)
{
    const float *values = weights->data;

    if (weights->mask != NULL || (double)(count - kept) < pruned_before * (double)count)
        return SNED_OK;
    SNED_TRY(sned_alloc(&weights->mask, count, 1, error));
    for (size_t i = 0; i < count; i++)
        weights->mask[i] = values[i] != 0;
    return SNED_OK;
}

static bool layer_known(const struct session *session, int tensor)
{
    for (int i = 0; i < session->layer_count; i++)
        if (session->layers[i].tensor == tensor)
            return true;
    return false;
}

static sned_status find_layers(struct session *session, sned_error *error)
{
    struct graph *graph = session->graph;

    SNED_TRY(sned_alloc(&session->layers, (size_t)graph->node_count, sizeof(*session->layers), error));
    for (int n = 0; n < graph->node_count; n++) {
        const struct node *node = &graph->nodes[n];
        if (!sned_node_has_weights(node) || layer_known(session, node->inputs[1]))
            continue;
        struct tensor *weights = &graph->tensors[node->inputs[1]];
        if (weights->data == NULL || weights->type != TENSOR_F32)
            continue; /* computed, not stored: nothing to cut */
        const struct recipe_rule rule = recipe_rule_for(session->recipe, node);
        struct layer *layer = &session->layers[session->layer_count++];
        *layer = (struct layer){.node = n,
                                .tensor = node->inputs[1],
                                .count = sned_shape_elements(&weights->shape),
                                .kept = sned_node_kept(graph, node),
                                .first = 1,
                                .skip = rule.skip == 1,
                                .fixed = rule.density,
                                .least = rule.min_density};
        snprintf(layer->name, sizeof(layer->name), "%.63s", node->name);
        SNED_TRY(adopt_zeros(weights, layer->count, layer->kept, error));
    }
    if (session->layer_count == 0)
        return sned_fail(error, SNED_ERROR_UNSUPPORTED,
                         "network '%s' has no Conv or Gemm with weights: nothing to compress", graph->name);
    return SNED_OK;
}

static sned_status split_images(struct session *session, sned_error *error)
{
    size_t count = dataset_size(session->dataset);

    if (count < 2)
        return sned_fail(error, SNED_ERROR_DATA, "the data set has %zu images: compression needs at least 2",
                         count);
    if (count > UINT32_MAX)
        return sned_fail(error, SNED_ERROR_DATA, "the data set has more than 2^32 images");
    SNED_TRY(sned_alloc(&session->indices, count, sizeof(*session->indices), error));
    session->train_count = compress_split(session->indices, count, session->recipe->holdout,
                                          (size_t)session->recipe->holdout_images);
    session->held_count = count - session->train_count;
    return SNED_OK;
}

/* A few items and their labels: data sets of one size differ. */
static sned_status hash_images(const struct session *session, struct writer *writer, sned_error *error)
{
    size_t size = dataset_item_size(session->dataset), got = 0;
    int32_t labels[HASHED_IMAGES] = {0};
    size_t count = session->train_count < HASHED_IMAGES ? session->train_count : HASHED_IMAGES;
    uint8_t *items = NULL;
    sned_status status = SNED_OK;

    SNED_TRY_DONE(sned_alloc(&items, count, size, error));
    SNED_TRY_DONE(dataset_read(session->dataset, session->indices, count, items, labels, &got, error));
    sned_write_u64(writer, sned_hash(items, got * size));
    sned_write_u64(writer, sned_hash(labels, sizeof(labels)));
done:
    free(items);
    return status;
}

static sned_status make_key(struct session *session, sned_error *error)
{
    struct writer writer = {0};
    sned_status status = SNED_OK;

    recipe_write(session->recipe, &writer);
    sned_write_u64(&writer, (uint64_t)(session->max_drop * 1e9));
    sned_write_u64(&writer, session->options->seed);
    sned_write_u64(&writer, (uint64_t)session->options->threads);
    sned_write_u64(&writer, dataset_size(session->dataset));
    sned_write_u64(&writer, graph_state_hash(session->graph));
    sned_write_u64(&writer, sned_rule_hash(&session->graph->rule));
    SNED_TRY_DONE(hash_images(session, &writer, error));
    if (writer.status != SNED_OK)
        SNED_TRY_DONE(sned_fail(error, writer.status, "out of memory for the checkpoint's key"));
    session->key = sned_hash(writer.buffer.data, writer.buffer.size);
done:
    sned_writer_free(&writer);
    return status;
}

sned_status session_open(struct session *session, struct graph *graph, struct dataset *dataset,
                         const struct compress_options *options, struct compress_result *result,
                         sned_error *error)
{
    *session =
        (struct session){.graph = graph,
                         .dataset = dataset,
                         .options = options,
                         .recipe = &options->recipe,
                         .saliency = saliency_find(options->recipe.saliency),
                         .result = result,
                         .max_drop = options->max_drop >= 0 ? options->max_drop : options->recipe.max_drop,
                         .restored = true,
                         .rate_factor = 1,
                         .started = sned_clock()};
    if (session->saliency == NULL)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "recipe: saliency '%s' is not one of: %s",
                         options->recipe.saliency, saliency_names());
    SNED_TRY(recipe_check(session->recipe, graph, error));
    SNED_TRY(find_layers(session, error));
    SNED_TRY(sned_alloc(&session->fallback_kept, (size_t)session->layer_count, sizeof(size_t), error));
    SNED_TRY(split_images(session, error));
    SNED_TRY(session_find_teacher(session, error));
    if (options->checkpoint != NULL)
        SNED_TRY(make_key(session, error));
    SNED_TRY(session_accept(session, error));
    return session_read_journal(session, error);
}

void session_close(struct session *session)
{
    sned_graph_free(session->teacher);
    free(session->indices);
    free(session->layers);
    free(session->journal);
    free(session->fallback_kept);
    sned_buffer_free(&session->snapshot);
    sned_buffer_free(&session->fallback);
    *session = (struct session){0};
}

/* ---- retraining and measuring ---- */

/* A shift by more than a twelfth of a picture is none of the same thing; inputs that are no pictures are not
 * shifted. */
static int most_shift(const struct graph *graph)
{
    struct extent input = sned_shape_extent(&graph->tensors[graph->input].shape);

    return (input.height < input.width ? input.height : input.width) / 12;
}

sned_status session_train(struct session *session, struct graph *graph, double epochs, float rate,
                          bool quantize_weights, struct train_result *result, sned_error *error)
{
    const struct recipe_retrain *retrain = &session->recipe->retrain;
    struct reporter quiet = {0}; /* the bar, but no line an epoch: each step ends in a line of its own */
    struct train_options options = train_defaults();

    if (session->options->reporter != NULL)
        quiet = *session->options->reporter;
    quiet.message = NULL;
    options.epochs = epochs;
    options.batch = retrain->batch;
    if ((size_t)options.batch > session->train_count)
        options.batch = (int)session->train_count;
    options.rate = rate * (float)session->rate_factor;
    options.momentum = retrain->momentum;
    options.decay = retrain->decay;
    options.schedule = retrain->schedule;
    options.step_epochs = retrain->step_epochs;
    options.step_factor = retrain->step_factor;
    options.augmentation = retrain->augmentation;
    if (options.augmentation.shift > most_shift(graph))
        options.augmentation.shift = most_shift(graph);
    options.quantize_weights = quantize_weights;
    options.teacher = session->teacher;
    options.teacher_weight = session->recipe->distill.weight;
    options.temperature = session->recipe->distill.temperature;
    options.seed = session->options->seed * 1000003 + session->step;
    options.threads = session->options->threads;
    options.checkpoint = NULL;
    options.time_budget = 0;
    options.reporter = &quiet;
    SNED_TRY(train_network(graph, session->dataset, session->indices, session->train_count, &options, result,
                           error));
    if (result->images_per_second > 0)
        session->images_per_second = result->images_per_second;
    return SNED_OK;
}

sned_status session_measure(const struct session *session, struct graph *graph, size_t images,
                            bool quantize_weights, struct measure *measure, sned_error *error)
{
    struct evaluation evaluation = {0};
    size_t count = images > 0 && images < session->held_count ? images : session->held_count;

    const struct evaluate_options how = {.quantize_weights = quantize_weights,
                                         .threads = session->options->threads};
    SNED_TRY(evaluate_network(graph, session->dataset, session->indices + session->train_count, count, &how,
                              &evaluation, error));
    *measure = (struct measure){evaluation.top1, evaluation.loss};
    return SNED_OK;
}

/*
 * A drop of 0.1 point is five of 5,000 images, less than what chance moves the accuracy by from one
 * retraining to the next; the loss, in which every image counts and not only those near the edge, is far
 * steadier, and near the baseline mistakes grow about as the loss does. So the drop is estimated from both:
 * mistakes that were counted, and those expected from how far the loss is above the lowest of any accepted
 * state.
 */
double session_drop(const struct session *session, const struct measure *measure)
{
    double by_accuracy = session->reference.accuracy - measure->accuracy;
    double mistakes = 100 - session->reference.accuracy;
    double by_loss = 0;

    if (mistakes < 0.1)
        mistakes = 0.1;
    if (session->lowest_loss > 0)
        by_loss = mistakes * (measure->loss / session->lowest_loss - 1);
    return accuracy_weight * by_accuracy + (1 - accuracy_weight) * by_loss;
}

double session_noise(const struct session *session)
{
    double right = session->reference.accuracy;

    return sqrt(fmax(right * (100 - right), 1) / (double)session->held_count);
}

double session_density(const struct session *session, int layer)
{
    double kept = 0, count = 0;

    if (layer >= 0)
        return (double)session->layers[layer].kept / (double)session->layers[layer].count;
    for (int i = 0; i < session->layer_count; i++) {
        kept += (double)session->layers[i].kept;
        count += (double)session->layers[i].count;
    }
    return kept / count;
}

sned_status session_decide(struct session *session, const struct decision *decision,
                           const struct measure *after, const char *verdict, sned_error *error)
{
    struct compress_result *result = session->result;

    SNED_TRY(sned_resize(&result->decisions, (size_t)result->decision_count + 1, sizeof(*result->decisions),
                         error));
    result->decisions[result->decision_count++] = *decision;
    if (verdict != NULL)
        sned_report(
            session->options->reporter,
            "%-8s %-12s density %.4f -> %.4f, accuracy %.2f cut, %.2f retrained (loss %.4f, drop %.2f): %s",
            decision->phase, decision->layer, decision->density_from, decision->density_to,
            decision->accuracy_pruned, decision->accuracy_retrained, after->loss,
            session_drop(session, after), verdict);
    return SNED_OK;
}

/* ---- time ---- */

double session_elapsed(const struct session *session)
{
    return session->earlier + sned_clock() - session->started;
}

static double epochs_within(const struct session *session, double epochs, double share)
{
    double budget = session->options->time_budget;

    if (budget <= 0 || session->images_per_second <= 0)
        return epochs;
    double fitting = share * budget * session->images_per_second / (double)session->train_count;
    return fitting < epochs ? fitting : epochs;
}

double session_finish_epochs(const struct session *session)
{
    return epochs_within(session, session->recipe->finish.epochs, finish_share);
}

double session_quantize_epochs(const struct session *session)
{
    return epochs_within(session, session->recipe->quantize.epochs, quantize_share);
}

bool session_has_time(const struct session *session, double epochs)
{
    double budget = session->options->time_budget, speed = session->images_per_second;

    if (budget <= 0)
        return true;
    if (speed <= 0)
        return session_elapsed(session) < budget;
    epochs += session_finish_epochs(session) + session_quantize_epochs(session);
    double seconds = epochs * (double)session->train_count / speed;
    return session_elapsed(session) + time_reserve * seconds < budget;
}
