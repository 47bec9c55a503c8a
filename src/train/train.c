/*
 * train.c - the training loop: steps over epochs, with divergence undone.
 *
 * An epoch ends by being accepted: its parameters become the state to go back to, and the checkpoint.
 * Training counts as diverged when a loss is not finite, or when the running loss (an exponential mean over
 * about ten batches) rises above three times the larger of the first batch's loss and log(classes), which is
 * what guessing costs. It is then set back to the last accepted state and goes on at a quarter of the rate.
 * Before an epoch is accepted its last batch is run once more with the new parameters, which must be finite
 * and give a loss below three times that limit, so that a blow-up in the last step is not accepted either.
 */
#include "base/clock.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/thread.h"
#include "train/checkpoint.h"
#include "train/schedule.h"
#include "train/taught.h"
#include "train/train_state.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const double DIVERGED_TIMES = 3, RUNNING_KEEP = 0.9, RATE_CUT = 0.25, REPORT_SECONDS = 0.2;
enum { MAX_ROLLBACKS = 3, DEFAULT_BATCH = 64 };

struct training {
    struct graph *graph;
    struct dataset *dataset;
    const uint32_t *indices;
    size_t count;
    struct train_options options; /* batch and threads resolved */
    struct executor *executor;
    struct taught taught;
    size_t per_epoch, total; /* steps */
    uint64_t key;            /* of the checkpoint */
    struct train_progress progress;
    struct train_state accepted;
    double began, epoch_began, reported; /* seconds */
    size_t trained;                      /* images, in this process */
};

enum epoch_outcome { OUTCOME_DONE, OUTCOME_DIVERGED, OUTCOME_OUT_OF_TIME };

struct train_options train_defaults(void)
{
    return (struct train_options){.epochs = 1,
                                  .batch = DEFAULT_BATCH,
                                  .rate = 0.01f,
                                  .momentum = 0.9f,
                                  .decay = 5e-4f,
                                  .schedule = SCHEDULE_COSINE,
                                  .step_epochs = 10,
                                  .step_factor = 0.1f,
                                  .seed = 1};
}

/* ---- one epoch ---- */

static void report_progress(struct training *t, bool always)
{
    const struct train_progress *p = &t->progress;
    double time = sned_clock();
    if (!always && time - t->reported < REPORT_SECONDS)
        return;
    t->reported = time;
    size_t epoch = (p->step ? p->step - 1 : 0) / t->per_epoch;
    size_t left = t->total - epoch * t->per_epoch, steps = left < t->per_epoch ? left : t->per_epoch;
    char task[64];
    snprintf(task, sizeof task, "epoch %zu/%zu", epoch + 1, (t->total + t->per_epoch - 1) / t->per_epoch);
    const double images = p->images ? (double)p->images : 1;
    sned_report_progress(t->options.reporter,
                         &(struct progress){.task = task,
                                            .done = p->images,
                                            .total = steps * (size_t)t->options.batch,
                                            .seconds = time - t->epoch_began,
                                            .loss = p->loss_sum / images,
                                            .accuracy = 100.0 * (double)p->hits / images});
}

/* Takes a batch's loss into the running one; true where training has diverged. */
static bool has_diverged(struct training *t, double loss)
{
    struct train_progress *p = &t->progress;
    if (!isfinite(loss))
        return true;
    if (p->limit == 0) {
        const struct tensor *output = &t->graph->tensors[t->graph->outputs[0]];
        p->running = loss;
        p->limit = DIVERGED_TIMES * fmax(loss, log((double)sned_shape_elements(&output->shape)));
    }
    p->running = RUNNING_KEEP * p->running + (1 - RUNNING_KEEP) * loss;
    return p->running > p->limit;
}

static struct train_moment moment_of(const struct training *t)
{
    return (struct train_moment){t->executor, t->progress.step, t->total, sned_clock() - t->began, false};
}

/* What the next step does; *stop where the guide ends training here. */
static sned_status next_update(struct training *t, struct update *update, bool *stop, sned_error *error)
{
    const struct train_options *o = &t->options;
    *update = (struct update){.rate = schedule_rate(o, t->progress.step, t->total, t->per_epoch),
                              .momentum = o->momentum,
                              .decay = o->decay,
                              .count = t->progress.step + 1,
                              .step_rate = 1};
    if (o->guide) {
        struct train_moment moment = moment_of(t);
        SNED_TRY(o->guide->before_step(o->guide->context, &moment, update, error));
        *stop = moment.stop;
    }
    update->rate *= (float)t->progress.factor;
    return SNED_OK;
}

static sned_status train_batch(struct training *t, const struct update *update, const float *values,
                               const int32_t *labels, bool *diverged, sned_error *error)
{
    struct train_progress *p = &t->progress;
    const size_t batch = (size_t)t->options.batch;
    double loss;
    size_t correct;
    executor_set_iteration(t->executor, p->step);
    values = taught_batch(&t->taught, values, p->step);
    SNED_TRY(taught_ask(&t->taught, values, error));
    SNED_TRY(executor_forward(t->executor, values, batch, error));
    SNED_TRY(taught_loss(&t->taught, t->executor, labels, &loss, &correct, error));
    *diverged = has_diverged(t, loss);
    if (*diverged)
        return SNED_OK;
    SNED_TRY(executor_backward(t->executor, error));
    SNED_TRY(executor_step(t->executor, update, error));
    p->step++;
    p->images += batch;
    p->hits += correct;
    p->loss_sum += loss * (double)batch;
    t->trained += batch;
    return SNED_OK;
}

static bool is_out_of_time(const struct training *t)
{
    return t->options.time_budget > 0 && sned_clock() - t->began > t->options.time_budget;
}

static bool is_finite(const struct graph *graph)
{
    for (int i = 0; i < graph->tensor_count; i++) {
        const struct tensor *tensor = &graph->tensors[i];
        const float *values = tensor->data;
        if (!values || tensor->type != TENSOR_F32)
            continue;
        float zero = 0; /* stays so, but for an infinity or a NaN */
        for (size_t k = 0, count = sned_shape_elements(&tensor->shape); k < count; k++)
            zero += values[k] * 0;
        if (zero != 0)
            return false;
    }
    return true;
}

/* The parameters after the last step, on that step's batch: into the graph, and diverged or not. */
static sned_status verify(struct training *t, const float *values, const int32_t *labels, bool *diverged,
                          sned_error *error)
{
    double loss;
    size_t correct;
    SNED_TRY(executor_store(t->executor, error));
    SNED_TRY(executor_forward(t->executor, taught_batch(&t->taught, values, t->progress.step),
                              (size_t)t->options.batch, error));
    SNED_TRY(taught_loss(&t->taught, t->executor, labels, &loss, &correct, error));
    *diverged = !isfinite(loss) || loss > DIVERGED_TIMES * t->progress.limit || !is_finite(t->graph);
    return executor_load(t->executor, error); /* running statistics as they were */
}

static sned_status run_epoch(struct training *t, struct batch_loader *loader, size_t until,
                             enum epoch_outcome *outcome, sned_error *error)
{
    const float *values = NULL;
    const int32_t *labels = NULL;
    bool diverged = false;
    *outcome = OUTCOME_DONE;
    while (t->progress.step < until) {
        struct update update;
        bool stop = false;
        size_t got;
        SNED_TRY(next_update(t, &update, &stop, error));
        if (stop) {
            *outcome = OUTCOME_OUT_OF_TIME;
            break;
        }
        SNED_TRY(loader_next(loader, &values, &labels, &got, error));
        if (got == 0) { /* damaged images made the epoch shorter */
            t->progress.step = until;
            break;
        }
        SNED_TRY(train_batch(t, &update, values, labels, &diverged, error));
        report_progress(t, t->progress.step == until);
        if (!diverged && is_out_of_time(t)) {
            *outcome = OUTCOME_OUT_OF_TIME;
            break;
        }
        if (diverged)
            break;
    }
    if (!diverged && values && t->progress.images)
        SNED_TRY(verify(t, values, labels, &diverged, error));
    if (diverged)
        *outcome = OUTCOME_DIVERGED;
    return SNED_OK;
}

static sned_status make_executor(struct training *t, sned_error *error)
{
    const struct executor_options options = {.batch = t->options.batch,
                                             .training = true,
                                             .quantize_weights = t->options.quantize_weights,
                                             .optimizer = t->options.optimizer,
                                             .learn_steps = t->options.learn_steps,
                                             .threads = t->options.threads,
                                             .seed = t->options.seed};
    executor_free(t->executor);
    t->executor = NULL;
    return executor_new(&t->executor, t->graph, &options, error);
}

/* A new executor for a graph that has lost units; there is no way back to those from before. */
static sned_status go_on_reshaped(struct training *t, const float *state, size_t count, sned_error *error)
{
    SNED_TRY(make_executor(t, error));
    if (count != executor_state_size(t->executor))
        return sned_fail(error, SNED_ERROR_FORMAT, "momentum is not of the network that is left");
    SNED_TRY(executor_state_write(t->executor, state, error));
    return train_state_capture(&t->accepted, t->graph, t->executor, &t->progress, t->options.guide, error);
}

/* What the guide has to say and do before an epoch. */
static sned_status begin_guided(struct training *t, sned_error *error)
{
    const struct train_guide *guide = t->options.guide;
    float *state = NULL;
    size_t count = 0;
    sned_status status = SNED_OK;
    if (!guide)
        return SNED_OK;
    SNED_TRY_DONE(guide->reshape(guide->context, t->executor, t->accepted.momentum, &state, &count, error));
    if (state)
        SNED_TRY_DONE(go_on_reshaped(t, state, count, error));
    const struct train_moment moment = moment_of(t);
    status = guide->before_epoch(guide->context, &moment, error);
done:
    free(state);
    return status;
}

static sned_status train_epoch(struct training *t, enum epoch_outcome *outcome, sned_error *error)
{
    const size_t epoch = t->progress.step / t->per_epoch;
    const size_t end = (epoch + 1) * t->per_epoch, until = end < t->total ? end : t->total;
    const struct loader_options options = {.batch = (size_t)t->options.batch,
                                           .shuffle = true,
                                           .drop_last = true,
                                           .augmentation = t->options.augmentation,
                                           .seed = t->options.seed,
                                           .epoch = (uint32_t)epoch,
                                           .rule = &t->graph->rule};
    struct batch_loader *loader = NULL;
    SNED_TRY(begin_guided(t, error));
    t->epoch_began = sned_clock();
    t->progress.images = t->progress.hits = 0;
    t->progress.loss_sum = 0;
    SNED_TRY(loader_new(&loader, t->dataset, t->indices, t->count, &options, error));
    sned_status status = run_epoch(t, loader, until, outcome, error);
    loader_free(loader);
    return status;
}

/* ---- all of them ---- */

static sned_status accept(struct training *t, bool finished, sned_error *error)
{
    t->progress.finished = finished;
    SNED_TRY(train_state_capture(&t->accepted, t->graph, t->executor, &t->progress, t->options.guide, error));
    return t->options.checkpoint ? train_state_write(&t->accepted, t->options.checkpoint, t->key, error)
                                 : SNED_OK;
}

static sned_status roll_back(struct training *t, sned_error *error)
{
    const size_t epoch = t->accepted.progress.step / t->per_epoch + 1;
    const uint32_t rollbacks = t->progress.rollbacks + 1;
    const double factor = t->progress.factor * RATE_CUT;
    SNED_TRY(train_state_return(&t->accepted, t->graph, t->executor, t->options.guide, error));
    t->progress = t->accepted.progress;
    t->progress.rollbacks = rollbacks > MAX_ROLLBACKS ? MAX_ROLLBACKS : rollbacks;
    t->progress.factor = factor;
    if (rollbacks > MAX_ROLLBACKS)
        return sned_fail(
            error, SNED_ERROR_DIVERGED,
            "training diverged in epoch %zu even at a rate of %g; the parameters from before are kept: "
            "start with a lower rate",
            epoch, t->options.rate * factor / RATE_CUT);
    sned_report(t->options.reporter,
                "training diverged in epoch %zu: back to its start, rate lowered from %g to %g", epoch,
                t->options.rate * factor / RATE_CUT, t->options.rate * factor);
    return SNED_OK;
}

static sned_status train_all(struct training *t, sned_error *error)
{
    while (!t->progress.finished) {
        enum epoch_outcome outcome;
        SNED_TRY(train_epoch(t, &outcome, error));
        if (outcome == OUTCOME_DIVERGED)
            SNED_TRY(roll_back(t, error));
        else
            SNED_TRY(accept(t, outcome == OUTCOME_OUT_OF_TIME || t->progress.step >= t->total, error));
    }
    return SNED_OK;
}

/* ---- beginning ---- */

static uint64_t add_to_key(uint64_t key, uint64_t part)
{
    const uint64_t parts[2] = {key, part};
    return sned_hash(parts, sizeof parts);
}

/* What the result depends on. */
static uint64_t make_key(const struct training *t)
{
    const struct train_options *o = &t->options;
    double numbers[] = {o->epochs,
                        o->rate,
                        o->momentum,
                        o->decay,
                        o->schedule,
                        o->step_epochs,
                        o->step_factor,
                        o->augmentation.flip,
                        o->augmentation.shift,
                        o->quantize_weights,
                        o->batch,
                        o->threads,
                        (double)t->count,
                        (double)dataset_size(t->dataset),
                        o->teacher ? o->teacher_weight : 0,
                        o->teacher ? o->temperature : 0,
                        o->teacher ? o->mix : 0};
    uint64_t parts[] = {sned_hash(numbers, sizeof numbers),
                        o->seed,
                        graph_state_hash(t->graph),
                        sned_rule_hash(&t->graph->rule),
                        o->teacher ? graph_state_hash(o->teacher) : 0,
                        sned_hash(t->indices, t->count * sizeof *t->indices)};
    uint64_t key = sned_hash(parts, sizeof parts);
    if (t->graph->output_count > 1)
        key = add_to_key(key, (uint64_t)t->graph->outputs[0]);
    if (o->optimizer != OPTIMIZER_SGD || o->learn_steps)
        key = add_to_key(key, (uint64_t)o->optimizer * 2 + o->learn_steps);
    if (o->guide)
        key = add_to_key(key, o->guide->key);
    for (int i = 0; i < t->graph->tensor_count; i++) {
        const struct quantization *q = &t->graph->tensors[i].quantization;
        double quantization[4] = {q->scale, q->bits, q->is_signed, 0};
        key = add_to_key(key, sned_hash(quantization, sizeof quantization));
    }
    return key;
}

static sned_status begin(struct training *t, sned_error *error)
{
    const struct train_guide *guide = t->options.guide;
    bool found = false;
    t->key = make_key(t);
    t->progress.factor = 1;
    if (t->options.checkpoint)
        SNED_TRY(train_state_read(&t->accepted, t->options.checkpoint, t->key, &found, error));
    if (found && guide) {
        SNED_TRY(train_state_tell(&t->accepted, guide, error));
        SNED_TRY(guide->reshape_again(guide->context, error));
    }
    SNED_TRY(make_executor(t, error));
    SNED_TRY(taught_open(&t->taught, t->graph, &t->options, error));
    if (!found && t->options.checkpoint)
        checkpoint_report_other(t->options.checkpoint, t->options.reporter);
    if (!found)
        return train_state_capture(&t->accepted, t->graph, t->executor, &t->progress, t->options.guide,
                                   error);
    t->progress = t->accepted.progress;
    sned_report(t->options.reporter, "going on from checkpoint %s, after %llu of %zu steps",
                t->options.checkpoint, (unsigned long long)t->progress.step, t->total);
    return train_state_return(&t->accepted, t->graph, t->executor, t->options.guide, error);
}

static sned_status check_input(const struct training *t, sned_error *error)
{
    const struct extent extent = dataset_extent(t->dataset);
    const size_t pixels = (size_t)extent.channels * (size_t)extent.height * (size_t)extent.width;
    const size_t inputs = sned_shape_elements(&t->graph->tensors[t->graph->input].shape);
    if (t->count == 0)
        return sned_fail(error, SNED_ERROR_DATA, "there are no images to train on");
    if (pixels != inputs)
        return sned_fail(error, SNED_ERROR_SHAPE,
                         "images of %zu values do not fit the network's input of %zu", pixels, inputs);
    if ((t->options.augmentation.flip || t->options.augmentation.shift > 0) && extent.width == 1)
        return sned_fail(error, SNED_ERROR_ARGUMENT,
                         "flip and shift move pictures; the network's input [%d][%d][%d] is none",
                         extent.channels, extent.height, extent.width);
    if (!(t->options.epochs >= 0) || !(t->options.epochs < 1e6) || !(t->options.rate >= 0) ||
        t->options.batch < 0)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "epochs, rate and batch must not be negative");
    return SNED_OK;
}

static void summarize(const struct training *t, struct train_result *result)
{
    const double images = t->progress.images ? (double)t->progress.images : 1;
    result->loss = t->progress.loss_sum / images;
    result->accuracy = 100.0 * (double)t->progress.hits / images;
    result->seconds = sned_clock() - t->began;
    result->images_per_second = result->seconds > 0 ? (double)t->trained / result->seconds : 0;
    result->rollbacks = (int)t->progress.rollbacks;
}

sned_status train_network(struct graph *graph, struct dataset *dataset, const uint32_t *indices, size_t count,
                          const struct train_options *options, struct train_result *result, sned_error *error)
{
    struct training t = {
        .graph = graph, .dataset = dataset, .indices = indices, .count = count, .options = *options};
    sned_status status;
    *result = (struct train_result){0};
    t.began = sned_clock();
    SNED_TRY_DONE(check_input(&t, error));
    if (t.options.batch == 0)
        t.options.batch = DEFAULT_BATCH;
    if ((size_t)t.options.batch > count)
        t.options.batch = (int)count;
    if (t.options.threads < 1)
        t.options.threads = sned_thread_count();
    t.per_epoch = count / (size_t)t.options.batch;
    t.total = (size_t)llround(t.options.epochs * (double)t.per_epoch);
    if (t.total == 0 && t.options.epochs > 0)
        t.total = 1;
    if (t.total == 0)
        goto done;
    SNED_TRY_DONE(begin(&t, error));
    status = train_all(&t, error);
    summarize(&t, result);
done:
    train_state_free(&t.accepted);
    executor_free(t.executor);
    taught_close(&t.taught);
    return status;
}
