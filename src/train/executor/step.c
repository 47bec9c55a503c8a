/*
 * step.c - one step of the optimizer over the constants of a graph (struct update), learned steps of weights
 * among them.
 *
 * The gradient of a weights constant with a learned step takes a pass of its own: what its integers cost is
 * added to it in place, and what the step's gradient needs of it is summed, row by row, so that the sum is
 * the same whatever the threads. Then all constants go the same way.
 */
#include "base/memory.h"
#include "train/executor/calls.h"
#include "train/executor/pointwise.h"

#include <math.h>
#include <stdlib.h>

enum { CHUNK = 512 }; /* floats of a row that are dealt with while they are in the nearest cache */
static const double STEP_GRADIENT_LIMIT = 0.1; /* SGD: of log s */

/* Over weights: of g (q - x), and of the bits that non-zero ones would cost at their slope. */
struct step_sums {
    double shift, bits;
};

/* One stretch of a row: gradients [count] become those with the cost. */
static struct step_sums take_chunk(const float *restrict weights, float *restrict gradients,
                                   const float *restrict x, const float *restrict integers,
                                   const float *restrict slopes, size_t count, float force)
{
    float shift = 0, bits = 0;
#pragma omp simd reduction(+ : shift, bits)
    for (size_t i = 0; i < count; i++) {
        const float q = integers[i], size = fabsf(x[i]);
        shift += gradients[i] * (size > 127 ? q : q - x[i]);
        bits += q != 0 ? slopes[i] * size : 0;
        const float pull = force * slopes[i];
        gradients[i] += weights[i] > 0 ? pull : weights[i] < 0 ? -pull : 0;
    }
    return (struct step_sums){shift, bits};
}

/* What is the same of all rows of a layer. */
struct layer_step {
    const struct layer_cost *cost; /* NULL: none */
    size_t rows, columns;
    const float *weights;
    float *gradients;
    float step, lambda;
    size_t sizes_of_row;
    float *sizes;           /* owned; [rows of blocks][sizes_of_row]; NULL: blocks are single weights */
    int8_t *integers;       /* owned; [rows][columns], where there are blocks, which are rounded as such */
    struct step_sums *sums; /* owned; [rows] */
};

static void take_row(const struct layer_step *layer, size_t row)
{
    const float *weights = layer->weights + row * layer->columns;
    const float *sizes =
        layer->sizes ? layer->sizes + row / layer->cost->grid.height * layer->sizes_of_row : NULL;
    float *gradients = layer->gradients + row * layer->columns;
    float x[CHUNK], integers[CHUNK], slopes[CHUNK] = {0};
    for (size_t first = 0; first < layer->columns; first += CHUNK) {
        const size_t left = layer->columns - first, count = left < CHUNK ? left : CHUNK;
        for (size_t i = 0; i < count; i++) {
            x[i] = weights[first + i] / layer->step;
            integers[i] = pointwise_integer(x[i]);
        }
        for (size_t i = 0; i < count && layer->integers; i++)
            integers[i] = layer->integers[row * layer->columns + first + i];
        if (layer->cost)
            sned_cost_slopes(layer->cost, row, first, count, x, sizes, slopes);
        const struct step_sums some = take_chunk(weights + first, gradients + first, x, integers, slopes,
                                                 count, layer->lambda / layer->step);
        layer->sums[row].shift += some.shift;
        layer->sums[row].bits += some.bits;
    }
}

static sned_status find_blocks(struct layer_step *layer, const struct executor *executor, int tensor,
                               sned_error *error)
{
    const struct layer_cost *cost = layer->cost;
    if (!cost || !cost_has_blocks(cost))
        return SNED_OK;
    layer->sizes_of_row = cost->channels_of_blocks * cost->grid.positions;
    SNED_TRY(sned_alloc(&layer->sizes, cost->rows_of_blocks, layer->sizes_of_row * sizeof(float), error));
    SNED_TRY(sned_alloc(&layer->integers, layer->rows, layer->columns, error));
    executor_integers(executor, tensor, layer->integers);
    for (size_t b = 0; b < cost->rows_of_blocks; b++)
        sned_cost_sizes(cost, b, layer->weights, layer->step, layer->sizes + b * layer->sizes_of_row);
    return SNED_OK;
}

/* The cost into the gradient of weights with a learned step, and *gradient: that of log s. */
static sned_status take_cost(const struct executor *executor, int tensor, float lambda, float *gradient,
                             sned_error *error)
{
    const struct edge *edge = &executor->edges[tensor];
    const struct tensor *constant = &executor->graph->tensors[tensor];
    struct layer_step layer = {.cost = edge->cost,
                               .rows = (size_t)constant->shape.dim[0],
                               .weights = layout_data(edge->master),
                               .gradients = layout_data(edge->gradient),
                               .step = constant->quantization.scale,
                               .lambda = lambda};
    struct step_sums all = {0};
    sned_status status;
    layer.columns = layout_floats(layout_of(edge->master)) / layer.rows;
    SNED_TRY_DONE(sned_alloc(&layer.sums, layer.rows, sizeof *layer.sums, error));
    SNED_TRY_DONE(find_blocks(&layer, executor, tensor, error));
#pragma omp parallel for schedule(static) if (layer.rows * layer.columns >= PARALLEL_MIN)
    for (size_t k = 0; k < layer.rows; k++)
        take_row(&layer, k);
    for (size_t k = 0; k < layer.rows; k++) {
        all.shift += layer.sums[k].shift;
        all.bits += layer.sums[k].bits;
    }
    *gradient = (float)(layer.step * all.shift - lambda * all.bits);
done:
    free(layer.sums);
    free(layer.sizes);
    free(layer.integers);
    return status;
}

static void step_floats(const struct executor *executor, const struct update *update, float decay,
                        struct parameter *parameter)
{
    if (executor->options.optimizer == OPTIMIZER_ADAM)
        pointwise_adam(&(struct adam){update->rate, decay, update->count}, parameter);
    else
        pointwise_sgd(&(struct sgd){update->rate, update->momentum, decay}, parameter);
}

static void step_step(const struct executor *executor, const struct update *update, struct edge *edge,
                      float gradient, float *scale)
{
    struct update own = *update;
    struct parameter parameter = {.values = &edge->step.log,
                                  .momentum = &edge->step.momentum,
                                  .squares = &edge->step.square,
                                  .gradients = &gradient,
                                  .count = 1};
    own.rate *= update->step_rate;
    if (executor->options.optimizer == OPTIMIZER_SGD)
        gradient = (float)fmin(fmax(gradient, -STEP_GRADIENT_LIMIT), STEP_GRADIENT_LIMIT);
    step_floats(executor, &own, 0, &parameter);
    *scale = expf(edge->step.log);
}

static sned_status step_constant(struct executor *executor, const struct update *update, int tensor,
                                 sned_error *error)
{
    struct edge *edge = &executor->edges[tensor];
    struct tensor *constant = &executor->graph->tensors[tensor];
    struct parameter parameter = {.values = layout_data(edge->master),
                                  .momentum = layout_data(edge->momentum),
                                  .squares = edge->squares ? layout_data(edge->squares) : NULL,
                                  .gradients = layout_data(edge->gradient),
                                  .mask = edge->mask,
                                  .count = layout_floats(layout_of(edge->master))};
    float gradient = 0;
    if (edge->learns_step)
        SNED_TRY(take_cost(executor, tensor, update->lambda, &gradient, error));
    step_floats(executor, update, edge->is_weights ? update->decay : 0, &parameter);
    if (edge->learns_step)
        step_step(executor, update, edge, gradient, &constant->quantization.scale);
    return SNED_OK;
}

sned_status executor_step(struct executor *executor, const struct update *update, sned_error *error)
{
    int threads = executor_threads_enter(executor);
    sned_status status = SNED_OK;
    for (int t = 0; t < executor->graph->tensor_count && status == SNED_OK; t++)
        if (executor->edges[t].momentum && executor->edges[t].gradient)
            status = step_constant(executor, update, t, error);
    executor_threads_leave(threads);
    return status == SNED_OK ? parameters_refresh(executor, error) : status;
}
