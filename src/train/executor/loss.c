/*
 * loss.c - cross-entropy and its gradient, and the pull towards a teacher's scores.
 *
 * Softmax cross-entropy: loss = mean over images of log(sum exp(x)) - x[label], its gradient
 * (softmax(x) - onehot(label)) / images. Of a network whose numbers are probabilities apart from each other,
 * or that has one number, binary cross-entropy: the sum over its numbers of log(1 + exp(x)) - target x, its
 * gradient (sigmoid(x) - target) / images; the target is onehot(label), of one number the label itself.
 * Scores are taken relative to the largest, sums are double.
 */
#include "train/executor/calls.h"

#include <math.h>

/* The class of some logits: those that the loss is of. */
static size_t best_class(const struct scores *kind, const float *logits)
{
    const struct scores before = {.ending = OP_IDENTITY, .count = kind->count, .classes = kind->classes};
    return (size_t)sned_scores_best(&before, logits);
}

/* ---- one share of all: softmax ---- */

/* log(sum exp(x / temperature)). */
static double log_sum(const float *scores, size_t classes, double temperature)
{
    double largest = scores[0], sum = 0;
    for (size_t c = 1; c < classes; c++)
        largest = fmax(largest, scores[c]);
    for (size_t c = 0; c < classes; c++)
        sum += exp((scores[c] - largest) / temperature);
    return log(sum) + largest / temperature;
}

/* One image's cross-entropy with its label; adds weight times its gradient. */
static double label_loss(const float *scores, size_t classes, int32_t label, double weight, float *gradient)
{
    const double total = log_sum(scores, classes, 1);
    for (size_t c = 0; c < classes; c++)
        gradient[c] += (float)(weight * (exp(scores[c] - total) - (c == (size_t)label)));
    return total - scores[label];
}

/* T^2 KL(teacher || own); its gradient by the own scores is T (own - teacher), both softened. */
static double teacher_loss(const float *scores, const float *teacher, size_t classes, double temperature,
                           double weight, float *gradient)
{
    const double own_total = log_sum(scores, classes, temperature),
                 its_total = log_sum(teacher, classes, temperature);
    double divergence = 0;
    for (size_t c = 0; c < classes; c++) {
        const double own = scores[c] / temperature - own_total, its = teacher[c] / temperature - its_total;
        divergence += exp(its) * (its - own);
        gradient[c] += (float)(weight * temperature * (exp(own) - exp(its)));
    }
    return temperature * temperature * divergence;
}

/* ---- numbers apart from each other: sigmoid ---- */

/* log(1 + exp(x)), which is -log(1 - sigmoid(x)). */
static double soft_plus(double x)
{
    return fmax(x, 0) + log1p(exp(-fabs(x)));
}

static double sigmoid(double x)
{
    return exp(-soft_plus(-x));
}

static double label_loss_apart(const float *scores, size_t count, int32_t label, double weight,
                               float *gradient)
{
    double loss = 0;
    for (size_t c = 0; c < count; c++) {
        const double target = count == 1 ? label : c == (size_t)label;
        loss += soft_plus(scores[c]) - target * scores[c];
        gradient[c] += (float)(weight * (sigmoid(scores[c]) - target));
    }
    return loss;
}

static double teacher_loss_apart(const float *scores, const float *teacher, size_t count, double temperature,
                                 double weight, float *gradient)
{
    double divergence = 0;
    for (size_t c = 0; c < count; c++) {
        const double own = scores[c] / temperature, its = teacher[c] / temperature;
        divergence += sigmoid(its) * (soft_plus(-own) - soft_plus(-its)) +
                      sigmoid(-its) * (soft_plus(own) - soft_plus(its));
        gradient[c] += (float)(weight * temperature * (sigmoid(own) - sigmoid(its)));
    }
    return temperature * temperature * divergence;
}

/* ---- images ---- */

static sned_status check_labels(const int32_t *labels, size_t count, int classes, sned_error *error)
{
    for (size_t n = 0; n < count; n++)
        if (labels[n] < 0 || labels[n] >= classes)
            return sned_fail(error, SNED_ERROR_DATA, "label %d is not one of the network's %d classes",
                             labels[n], classes);
    return SNED_OK;
}

/* What one image adds to the mean loss; its gradient, and whether it is right. */
static double image_loss(const struct scores *kind, const float *scores, const int32_t *label,
                         const struct teaching *teaching, size_t image, size_t batch, float *gradient,
                         bool *correct)
{
    const size_t count = (size_t)kind->count;
    const double share = 1 / (double)batch;
    const bool alone = teaching && image + teaching->unlabelled >= batch;
    const double taught = alone ? 1 : teaching ? teaching->weight : 0;
    const float *teacher = taught > 0 ? teaching->scores + image * count : NULL;
    const size_t right = taught < 1 ? (size_t)*label : best_class(kind, teacher);
    double loss = 0;
    for (size_t c = 0; c < count; c++)
        gradient[c] = 0;
    if (taught < 1)
        loss += (1 - taught) * (kind->is_apart ? label_loss_apart : label_loss)(
                                   scores, count, *label, (1 - taught) * share, gradient);
    if (taught > 0)
        loss += taught * (kind->is_apart ? teacher_loss_apart : teacher_loss)(
                             scores, teacher, count, teaching->temperature, taught * share, gradient);
    *correct = best_class(kind, scores) == right;
    return loss * share;
}

sned_status executor_logits(struct executor *executor, float *scores, sned_error *error)
{
    return executor_copy_out(executor, plan_edge(executor, executor->scores.logits)->value, scores, error);
}

sned_status executor_loss_taught(struct executor *executor, const int32_t *labels,
                                 const struct teaching *teaching, double *loss, size_t *correct,
                                 sned_error *error)
{
    const struct scores *kind = &executor->scores;
    const size_t count = (size_t)kind->count;
    struct edge *edge = plan_edge(executor, kind->logits);
    float *gradient = executor->loss_gradient, *scores = executor->loss_scores;
    if (!teaching || teaching->weight < 1)
        SNED_TRY(check_labels(labels, executor->count, kind->classes, error));
    SNED_TRY(executor_copy_out(executor, edge->value, scores, error));
    *loss = 0;
    *correct = 0;
    for (size_t n = 0; n < executor->count; n++) {
        bool hit;
        *loss += image_loss(kind, scores + n * count, labels + n, teaching, n, executor->count,
                            gradient + n * count, &hit);
        *correct += hit;
    }
    if (!executor->options.training)
        return SNED_OK;
    if (!edge->gradient)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "the network has nothing to train before its ending");
    executor->backward_begin = executor->loss_begin;
    return executor_copy_in(executor, edge->gradient, gradient, error);
}

sned_status executor_loss(struct executor *executor, const int32_t *labels, double *loss, size_t *correct,
                          sned_error *error)
{
    return executor_loss_taught(executor, labels, NULL, loss, correct, error);
}
