/*
 * loss.c - softmax cross-entropy: loss = mean over images of log(sum exp(x)) - x[label], and its gradient,
 * (softmax(x) - onehot(label)) / images; and the pull towards a teacher's scores. Scores are taken relative
 * to the largest, sums are double.
 */
#include "train/calls.h"

#include <math.h>

static size_t highest(const float *scores, size_t classes)
{
    size_t best = 0;
    for (size_t c = 1; c < classes; c++)
        if (scores[c] > scores[best])
            best = c;
    return best;
}

/* log(sum exp(x / temperature)). */
static double log_sum(const float *scores, size_t classes, double temperature)
{
    const double largest = scores[highest(scores, classes)];
    double sum = 0;
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

static sned_status check_labels(const int32_t *labels, size_t count, size_t classes, sned_error *error)
{
    for (size_t n = 0; n < count; n++)
        if (labels[n] < 0 || (size_t)labels[n] >= classes)
            return sned_fail(error, SNED_ERROR_DATA, "label %d is not one of the network's %zu classes",
                             labels[n], classes);
    return SNED_OK;
}

/* What one image adds to the mean loss; its gradient, and whether it is right. */
static double image_loss(const float *scores, size_t classes, const int32_t *label,
                         const struct teaching *teaching, size_t image, double share, float *gradient,
                         bool *correct)
{
    const double taught = teaching ? teaching->weight : 0;
    const float *teacher = taught > 0 ? teaching->scores + image * classes : NULL;
    const size_t right = taught < 1 ? (size_t)*label : highest(teacher, classes);
    double loss = 0;
    for (size_t c = 0; c < classes; c++)
        gradient[c] = 0;
    if (taught < 1)
        loss += (1 - taught) * label_loss(scores, classes, *label, (1 - taught) * share, gradient);
    if (taught > 0)
        loss +=
            taught * teacher_loss(scores, teacher, classes, teaching->temperature, taught * share, gradient);
    *correct = highest(scores, classes) == right;
    return loss * share;
}

static struct edge *loss_edge(struct executor *executor, size_t *classes)
{
    struct edge *edge = plan_edge(executor, executor->loss_tensor);
    *classes = layout_elements(&edge->desc) / (size_t)executor->options.batch;
    return edge;
}

sned_status executor_logits(struct executor *executor, float *scores, sned_error *error)
{
    size_t classes;
    return executor_copy_out(executor, loss_edge(executor, &classes)->value, scores, error);
}

sned_status executor_loss_taught(struct executor *executor, const int32_t *labels,
                                 const struct teaching *teaching, double *loss, size_t *correct,
                                 sned_error *error)
{
    size_t classes;
    struct edge *edge = loss_edge(executor, &classes);
    float *gradient = executor->loss_gradient, *scores = executor->loss_scores;
    if (!teaching || teaching->weight < 1)
        SNED_TRY(check_labels(labels, executor->count, classes, error));
    SNED_TRY(executor_copy_out(executor, edge->value, scores, error));
    *loss = 0;
    *correct = 0;
    for (size_t n = 0; n < executor->count; n++) {
        bool hit;
        *loss += image_loss(scores + n * classes, classes, labels + n, teaching, n,
                            1 / (double)executor->count, gradient + n * classes, &hit);
        *correct += hit;
    }
    if (!executor->options.training)
        return SNED_OK;
    if (!edge->gradient)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "the network has nothing to train before its Softmax");
    executor->backward_begin = executor->loss_begin;
    return executor_copy_in(executor, edge->gradient, gradient, error);
}

sned_status executor_loss(struct executor *executor, const int32_t *labels, double *loss, size_t *correct,
                          sned_error *error)
{
    return executor_loss_taught(executor, labels, NULL, loss, correct, error);
}
