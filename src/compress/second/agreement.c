/*
 * agreement.c - see agreement.h.
 */
#include "compress/second/agreement.h"
#include "base/memory.h"
#include "compress/quantize/inputs.h"
#include "train/executor/executor.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 16 };

struct answering {
    struct answers *answers;
    struct executor *executor;
    float *batch; /* [BATCH][count] */
};

void answers_free(struct answers *answers)
{
    free(answers->scores);
    *answers = (struct answers){0};
}

static sned_status see_batch(void *context, const float *values, size_t count, sned_error *error)
{
    struct answering *a = context;
    const size_t each = a->answers->count;
    SNED_TRY(executor_forward(a->executor, values, count, error));
    SNED_TRY(executor_logits(a->executor, a->batch, error));
    memcpy(a->answers->scores + a->answers->images * each, a->batch, count * each * sizeof *a->batch);
    a->answers->images += count;
    return SNED_OK;
}

sned_status answers_take(struct answers *answers, struct graph *graph,
                         const struct calibration_images *images, size_t wanted, bool quantize_weights,
                         int threads, sned_error *error)
{
    const struct executor_options how = {
        .batch = BATCH, .quantize_weights = quantize_weights, .threads = threads, .overwrite = true};
    struct answering a = {.answers = answers};
    sned_status status;
    *answers = (struct answers){.count = (size_t)sned_graph_scores(graph).count};
    SNED_TRY_DONE(sned_alloc(&answers->scores, inputs_count(images, wanted),
                             answers->count * sizeof *answers->scores, error));
    SNED_TRY_DONE(sned_alloc(&a.batch, BATCH, answers->count * sizeof *a.batch, error));
    SNED_TRY_DONE(executor_new(&a.executor, graph, &how, error));
    status = inputs_walk(images, graph, wanted, BATCH, see_batch, &a, error);
done:
    executor_free(a.executor);
    free(a.batch);
    return status;
}

/* ---- comparing ---- */

/* log(sigmoid(x)). */
static double log_sigmoid(double x)
{
    return fmin(x, 0) - log1p(exp(-fabs(x)));
}

/* Numbers apart from each other: the sum over them. */
static double divergence_apart(const float *before, const float *after, size_t count)
{
    double sum = 0;
    for (size_t c = 0; c < count; c++)
        for (int sign = -1; sign <= 1; sign += 2) {
            const double own = log_sigmoid(sign * (double)before[c]);
            sum += exp(own) * (own - log_sigmoid(sign * (double)after[c]));
        }
    return sum;
}

static double log_sum(const float *scores, size_t count)
{
    double largest = scores[0], sum = 0;
    for (size_t c = 1; c < count; c++)
        largest = fmax(largest, scores[c]);
    for (size_t c = 0; c < count; c++)
        sum += exp(scores[c] - largest);
    return largest + log(sum);
}

static double divergence_of_shares(const float *before, const float *after, size_t count)
{
    const double own_sum = log_sum(before, count), other_sum = log_sum(after, count);
    double sum = 0;
    for (size_t c = 0; c < count; c++) {
        const double own = before[c] - own_sum;
        sum += exp(own) * (own - (after[c] - other_sum));
    }
    return sum;
}

/* How sure the scores before are of a class. */
static double sureness(const struct scores *scores, const float *before, int answer)
{
    if (!scores->is_apart)
        return exp(before[answer] - log_sum(before, (size_t)scores->count));
    return exp(log_sigmoid(scores->count == 1 && answer == 0 ? -(double)before[0]
                                                             : before[scores->count == 1 ? 0 : answer]));
}

struct agreement answers_compare(const struct scores *scores, const struct answers *before,
                                 const struct answers *after)
{
    const struct scores logits = {.ending = OP_IDENTITY, .count = scores->count, .classes = scores->classes};
    const size_t images = before->images < after->images ? before->images : after->images;
    struct agreement agreement = {.images = images};
    for (size_t i = 0; i < images; i++) {
        const float *b = before->scores + i * before->count, *a = after->scores + i * before->count;
        const int own = sned_scores_best(&logits, b), other = sned_scores_best(&logits, a);
        agreement.same += own == other;
        agreement.drop += sureness(scores, b, own) - sureness(scores, b, other);
        agreement.divergence += scores->is_apart ? divergence_apart(b, a, before->count)
                                                 : divergence_of_shares(b, a, before->count);
    }
    agreement.same *= 100 / fmax((double)images, 1);
    agreement.drop *= 100 / fmax((double)images, 1);
    agreement.divergence /= fmax((double)images, 1);
    return agreement;
}
