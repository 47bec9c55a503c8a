/*
 * executor.h - a float graph as oneDNN primitives for one batch size: forward, loss, backward.
 *
 * The graph stays the owner of all parameters: an executor reads them from it (executor_load after somebody
 * else changed them) and, in training, holds them and their gradients in oneDNN's layouts.
 *
 * Of a graph with several outputs all are computed, but in training: there the loss is of the first, and what
 * it does not depend on is neither computed nor changed, the running statistics of batch norms included.
 *
 * Quantization-aware: where an activation of the graph has a quantization, the forward pass rounds and
 * clips it so, and where options.quantize_weights is set, weights are rounded to int8: with their layer's
 * step where the constant has one, else with a scale per output channel; backward passes the gradient
 * straight through inside the range (Bengio et al. 2013).
 */
#ifndef SNED_TRAIN_EXECUTOR_EXECUTOR_H
#define SNED_TRAIN_EXECUTOR_EXECUTOR_H

#include "graph/graph.h"

struct executor_options {
    int batch;
    bool training; /* gradients; batch norm by batch statistics; dropout active */
    bool quantize_weights;
    int threads;         /* 0: all */
    uint64_t seed;       /* dropout */
    bool input_gradient; /* training: the gradient of the input activation too, for executor_gradient */
    bool overwrite;      /* evaluation: a lone Relu, Clip or LeakyRelu may overwrite its input, which
                            executor_read then refuses; training always does so */
};

struct executor;
sned_status executor_new(struct executor **executor, struct graph *graph,
                         const struct executor_options *options, sned_error *error);
void executor_free(struct executor *executor);
/* Takes all parameters from the graph again. */
sned_status executor_load(struct executor *executor, sned_error *error);
/* Puts all parameters (batch norm's running statistics included) into the graph. */
sned_status executor_store(struct executor *executor, sned_error *error);

/* Training passes so far, which dropout draws from: set when training goes on from a checkpoint. */
void executor_set_iteration(struct executor *executor, uint64_t iteration);

/* values [count][C][H][W], count <= batch; the rest of the batch is computed on zeros and ignored. Training
 * needs count == batch. */
sned_status executor_forward(struct executor *executor, const float *values, size_t count, sned_error *error);
/* The graph's output `index`, [batch] + shape, until the next forward pass; in training, which computes what
 * the loss depends on and nothing else, the first alone. */
const float *executor_output(const struct executor *executor, int index);
/* Any activation of the last forward pass, plain layout, [batch] + shape, into `values`. What was overwritten
 * (options.overwrite) is SNED_ERROR_UNSUPPORTED, what was not computed SNED_ERROR_ARGUMENT. */
sned_status executor_read(struct executor *executor, int tensor, float *values, sned_error *error);

/* Cross-entropy with labels [batch] (of the logits before an ending: softmax, or binary where the numbers are
 * apart, loss.c), its mean to *loss, and the number whose best class is the label to *correct. */
sned_status executor_loss(struct executor *executor, const int32_t *labels, double *loss, size_t *correct,
                          sned_error *error);
/* Another network whose scores the loss pulls towards (Hinton, Vinyals, Dean 2015): with T the temperature,
 *   loss = (1 - weight) cross-entropy with the labels
 *          + weight T^2 KL(softmax(scores / T) || softmax(own / T)),
 * and of numbers apart the sum of KL over each. */
struct teaching {
    const float *scores; /* [batch][count], before any ending: executor_logits of the teacher */
    double weight, temperature;
};
/* The same with a teacher; at weight 1 the labels are not looked at, and *correct counts where both have the
 * same best class. */
sned_status executor_loss_taught(struct executor *executor, const int32_t *labels,
                                 const struct teaching *teaching, double *loss, size_t *correct,
                                 sned_error *error);
/* The scores [batch][count] that the loss is of: what the ending reads, or the output. */
sned_status executor_logits(struct executor *executor, float *scores, sned_error *error);
/* Gradients of that loss for every parameter. */
sned_status executor_backward(struct executor *executor, sned_error *error);
/* The gradient of a constant (or of the input activation), plain layout, as of the last backward pass. */
sned_status executor_gradient(struct executor *executor, int tensor, float *values, sned_error *error);
/* Sets the output's gradient [batch][classes] instead of executor_loss: for gradient checks. */
sned_status executor_set_output_gradient(struct executor *executor, const float *values, sned_error *error);

/* One SGD step (momentum v = m v + g + decay w; w -= rate v), masks honoured: a pruned weight stays exactly
 * zero. decay applies to Conv and Gemm weights alone. */
sned_status executor_step(struct executor *executor, float rate, float momentum, float decay,
                          sned_error *error);
/* Momentum buffers, one float per parameter in tensor order, for checkpoints. */
size_t executor_state_size(const struct executor *executor); /* floats */
sned_status executor_state_read(struct executor *executor, float *state, sned_error *error);
sned_status executor_state_write(struct executor *executor, const float *state, sned_error *error);

#endif
