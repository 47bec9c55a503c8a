/*
 * loss.c - softmax cross-entropy: loss = mean over images of log(sum exp(x)) - x[label], and its gradient,
 * (softmax(x) - onehot(label)) / images. Scores are taken relative to the largest, sums are double.
 */
#include "train/calls.h"

#include <math.h>

/* One image; returns its loss, writes its gradient, and says whether the label has the highest score. */
static double image_loss(const float *scores, size_t classes, int32_t label, float *gradient, double images,
                         bool *correct)
{
    size_t best = 0;
    for (size_t c = 1; c < classes; c++)
        if (scores[c] > scores[best])
            best = c;
    *correct = best == (size_t)label;
    const double largest = scores[best], own = scores[label]; /* gradient may be where the scores are */
    double sum = 0;
    for (size_t c = 0; c < classes; c++)
        sum += exp(scores[c] - largest);
    for (size_t c = 0; c < classes; c++)
        gradient[c] = (float)((exp(scores[c] - largest) / sum - (c == (size_t)label)) / images);
    return log(sum) - (own - largest);
}

static sned_status check_labels(const int32_t *labels, size_t count, size_t classes, sned_error *error)
{
    for (size_t n = 0; n < count; n++)
        if (labels[n] < 0 || (size_t)labels[n] >= classes)
            return sned_fail(error, SNED_ERROR_DATA, "label %d is not one of the network's %zu classes",
                             labels[n], classes);
    return SNED_OK;
}

sned_status executor_loss(struct executor *executor, const int32_t *labels, double *loss, size_t *correct,
                          sned_error *error)
{
    struct edge *edge = plan_edge(executor, executor->loss_tensor);
    const size_t batch = (size_t)executor->options.batch, classes = layout_elements(&edge->desc) / batch;
    SNED_TRY(check_labels(labels, executor->count, classes, error));
    float *gradient = executor->loss_gradient;
    SNED_TRY(executor_copy_out(executor, edge->value, gradient, error));
    double sum = 0;
    *correct = 0;
    for (size_t n = 0; n < executor->count; n++) {
        bool hit;
        float *row = gradient + n * classes;
        sum += image_loss(row, classes, labels[n], row, (double)executor->count, &hit);
        *correct += hit;
    }
    *loss = sum / (double)executor->count;
    if (!executor->options.training)
        return SNED_OK;
    if (!edge->gradient)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "the network has nothing to train before its Softmax");
    executor->backward_begin = executor->loss_begin;
    return executor_copy_in(executor, edge->gradient, gradient, error);
}
