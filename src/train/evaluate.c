/*
 * evaluate.c - accuracy and loss of a float network, and of an integer one through libsned's public
 * interface.
 */
#include "base/clock.h"
#include "base/memory.h"
#include "base/thread.h"
#include "runtime/runtime.h"
#include "train/train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double REPORT_SECONDS = 0.2;
enum { BATCH = 64, IMAGES_PER_THREAD = 16 };

/* ---- counting ---- */

void evaluation_add(struct evaluation *evaluation, const struct scores *scores, const float *values,
                    int label)
{
    if (label < 0 || label >= scores->classes)
        return;
    const int before = sned_scores_above(scores, values, label);
    evaluation->images++;
    evaluation->top1 += before < 1;
    evaluation->top5 += before < 5;
}

sned_status evaluation_check(const float *scores, int classes, sned_error *error)
{
    for (int c = 0; c < classes; c++)
        if (!isfinite(scores[c]))
            return sned_fail(error, SNED_ERROR_DATA,
                             "the network's scores are not finite (class %d: %g): its weights, or the "
                             "preprocessing, do not hold",
                             c, (double)scores[c]);
    return SNED_OK;
}

static void finish(struct evaluation *evaluation, size_t count, double began)
{
    const double images = evaluation->images ? (double)evaluation->images : 1;
    evaluation->skipped = count - evaluation->images;
    evaluation->top1 *= 100 / images;
    evaluation->top5 *= 100 / images;
    evaluation->loss /= images;
    evaluation->seconds = sned_clock() - began;
}

struct meter {
    const struct reporter *reporter;
    double began, reported;
    size_t total;
};

static void show(struct meter *meter, const struct evaluation *evaluation)
{
    const double time = sned_clock();
    if (time - meter->reported < REPORT_SECONDS && evaluation->images < meter->total)
        return;
    meter->reported = time;
    const double images = evaluation->images ? (double)evaluation->images : 1;
    sned_report_progress(meter->reporter, &(struct progress){.task = "evaluate",
                                                             .done = evaluation->images,
                                                             .total = meter->total,
                                                             .seconds = time - meter->began,
                                                             .loss = evaluation->loss / images,
                                                             .accuracy = 100 * evaluation->top1 / images});
}

static sned_status check_images(const struct graph *graph, const struct dataset *dataset, size_t count,
                                sned_error *error)
{
    const struct extent extent = dataset_extent(dataset);
    const size_t pixels = (size_t)extent.channels * (size_t)extent.height * (size_t)extent.width;
    const size_t inputs = sned_shape_elements(&graph->tensors[graph->input].shape);
    if (count == 0)
        return sned_fail(error, SNED_ERROR_DATA, "there are no images to evaluate on");
    if (pixels != inputs)
        return sned_fail(error, SNED_ERROR_SHAPE,
                         "images of %zu values do not fit the network's input of %zu", pixels, inputs);
    return SNED_OK;
}

static sned_status check_label(int32_t label, int classes, sned_error *error)
{
    if (label >= 0 && label < classes)
        return SNED_OK;
    return sned_fail(error, SNED_ERROR_DATA, "label %d is not one of the network's %d classes", label,
                     classes);
}

static void keep_scores(const struct evaluate_options *options, size_t image, int count, const float *scores)
{
    if (options->scores)
        memcpy(options->scores + image * (size_t)count, scores, (size_t)count * sizeof *scores);
}

/* ---- float ---- */

static sned_status evaluate_batches(struct executor *executor, struct batch_loader *loader,
                                    const struct scores *scores, struct meter *meter,
                                    const struct evaluate_options *options, struct evaluation *evaluation,
                                    sned_error *error)
{
    for (;;) {
        const float *values;
        const int32_t *labels;
        size_t got, correct;
        double loss;
        SNED_TRY(loader_next(loader, &values, &labels, &got, error));
        if (got == 0)
            return SNED_OK;
        SNED_TRY(executor_forward(executor, values, got, error));
        SNED_TRY(executor_loss(executor, labels, &loss, &correct, error));
        evaluation->loss += loss * (double)got;
        for (size_t i = 0; i < got; i++) {
            const float *result = executor_output(executor, 0) + i * (size_t)scores->count;
            sned_status status = evaluation_check(result, scores->count, error);
            if (status != SNED_OK)
                return sned_error_context(error, status, "image %u", loader_which(loader)[i]);
            keep_scores(options, evaluation->images, scores->count, result);
            evaluation_add(evaluation, scores, result, labels[i]);
            if (options->answers)
                options->answers[loader_which(loader)[i]] = sned_scores_best(scores, result);
        }
        show(meter, evaluation);
    }
}

sned_status evaluate_network(struct graph *graph, struct dataset *dataset, const uint32_t *indices,
                             size_t count, const struct evaluate_options *options,
                             struct evaluation *evaluation, sned_error *error)
{
    struct meter meter = {.reporter = options->reporter, .began = sned_clock(), .total = count};
    struct executor *executor = NULL;
    struct batch_loader *loader = NULL;
    sned_status status;
    *evaluation = (struct evaluation){0};
    SNED_TRY_DONE(check_images(graph, dataset, count, error));
    const struct executor_options how = {.batch = count < BATCH ? (int)count : BATCH,
                                         .overwrite = true,
                                         .quantize_weights = options->quantize_weights,
                                         .threads = options->threads};
    const struct loader_options order = {.batch = (size_t)how.batch, .rule = &graph->rule};
    SNED_TRY_DONE(executor_new(&executor, graph, &how, error));
    SNED_TRY_DONE(loader_new(&loader, dataset, indices, count, &order, error));
    const struct scores scores = sned_graph_scores(graph);
    SNED_TRY_DONE(evaluate_batches(executor, loader, &scores, &meter, options, evaluation, error));
    finish(evaluation, count, meter.began);
done:
    loader_free(loader);
    executor_free(executor);
    return status;
}

/* ---- integer ---- */

/* One batch, whose images the context's threads run side by side. */
struct integer_batch {
    sned_model *model;
    sned_context *context;
    bool takes_pixels;
    enum item_type type;
    size_t inputs, images, count; /* room for images, and how many there are */
    struct scores kind;
    uint8_t *items; /* [images][inputs], as the data set has them */
    float *values;  /* the same, of pixels to a network that takes numbers */
    float *scores;  /* [images][kind.count] */
    int32_t *labels;
    uint32_t *which;
};

static sned_status run_batch(struct integer_batch *b, sned_error *error)
{
    if (b->type == ITEM_VALUES)
        return sned_run_values(b->context, (const float *)(const void *)b->items, b->count, b->scores, error);
    if (b->takes_pixels)
        return sned_run_pixels(b->context, b->items, b->count, b->scores, error);
    for (size_t i = 0; i < b->count * b->inputs; i++)
        b->values[i] = b->items[i];
    return sned_run_values(b->context, b->values, b->count, b->scores, error);
}

/* Of one number, a logit or a probability, that should say yes or no. */
static double loss_apart(const struct scores *kind, double score, bool yes)
{
    if (kind->ending == OP_SIGMOID)
        return -log(fmax(yes ? score : 1 - score, 1e-30));
    return fmax(score, 0) + log1p(exp(-fabs(score))) - (yes ? score : 0);
}

static double score_loss(const struct integer_batch *b, const float *scores, int label)
{
    const struct scores *kind = &b->kind;
    double largest = scores[0], sum = 0;
    if (kind->is_apart) {
        for (int c = 0; c < kind->count; c++)
            sum += loss_apart(kind, scores[c], kind->count == 1 ? label : c == label);
        return sum;
    }
    if (kind->ending == OP_LOG_SOFTMAX)
        return -scores[label];
    if (kind->ending == OP_SOFTMAX)
        return -log(fmax(scores[label], 1e-30));
    for (int c = 1; c < kind->count; c++)
        largest = fmax(largest, scores[c]);
    for (int c = 0; c < kind->count; c++)
        sum += exp(scores[c] - largest);
    return log(sum) + largest - scores[label];
}

static sned_status integer_batch_make(struct integer_batch *b, const struct graph *graph,
                                      const struct dataset *dataset, int threads, sned_error *error)
{
    const sned_context_options wanted = {.threads = threads, .by_image = 1};
    struct graph *copy = NULL;
    b->type = dataset_item_type(dataset);
    b->takes_pixels = graph->rule.is_image;
    b->inputs = sned_shape_elements(&graph->tensors[graph->input].shape);
    b->kind = sned_graph_scores(graph);
    b->images = (size_t)threads * IMAGES_PER_THREAD;
    SNED_TRY(sned_graph_copy(&copy, graph, error));
    SNED_TRY(sned_model_from_graph(&b->model, copy, error));
    SNED_TRY(sned_context_new_with(&b->context, b->model, &wanted, error));
    SNED_TRY(sned_alloc(&b->items, b->images, dataset_item_size(dataset), error));
    if (b->type != ITEM_VALUES && !b->takes_pixels)
        SNED_TRY(sned_alloc(&b->values, b->images, b->inputs * sizeof(float), error));
    SNED_TRY(sned_alloc(&b->scores, b->images, (size_t)b->kind.count * sizeof(float), error));
    SNED_TRY(sned_alloc(&b->which, b->images, sizeof *b->which, error));
    return sned_alloc(&b->labels, b->images, sizeof *b->labels, error);
}

static void integer_batch_free(struct integer_batch *b)
{
    sned_context_free(b->context);
    sned_close(b->model);
    free(b->items);
    free(b->values);
    free(b->scores);
    free(b->labels);
    free(b->which);
}

sned_status evaluate_integer(const struct graph *graph, struct dataset *dataset, const uint32_t *indices,
                             size_t count, const struct evaluate_options *options,
                             struct evaluation *evaluation, sned_error *error)
{
    const int threads = options->threads > 0 ? options->threads : sned_thread_count();
    struct meter meter = {.reporter = options->reporter, .began = sned_clock(), .total = count};
    struct integer_batch b = {0};
    sned_status status;
    *evaluation = (struct evaluation){0};
    SNED_TRY_DONE(check_images(graph, dataset, count, error));
    SNED_TRY_DONE(integer_batch_make(&b, graph, dataset, threads, error));
    for (size_t first = 0; first < count; first += b.images) {
        const size_t wanted = count - first < b.images ? count - first : b.images;
        SNED_TRY_DONE(dataset_read_which(dataset, indices + first, wanted, b.items, b.labels, b.which,
                                         &b.count, error));
        SNED_TRY_DONE(run_batch(&b, error));
        for (size_t i = 0; i < b.count; i++) {
            const float *scores = b.scores + i * (size_t)b.kind.count;
            SNED_TRY_DONE(check_label(b.labels[i], b.kind.classes, error));
            evaluation->loss += score_loss(&b, scores, b.labels[i]);
            keep_scores(options, evaluation->images, b.kind.count, scores);
            evaluation_add(evaluation, &b.kind, scores, b.labels[i]);
            if (options->answers)
                options->answers[b.which[i]] = sned_scores_best(&b.kind, scores);
        }
        show(&meter, evaluation);
    }
    finish(evaluation, count, meter.began);
done:
    integer_batch_free(&b);
    return status;
}
