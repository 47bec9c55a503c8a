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
 * step where the constant has one, else with a scale per output channel; and biases to multiples of theirs,
 * where they have one. Backward passes the gradient straight through inside the range (Bengio et al. 2013).
 */
#ifndef SNED_TRAIN_EXECUTOR_EXECUTOR_H
#define SNED_TRAIN_EXECUTOR_EXECUTOR_H

#include "codec/cost.h"
#include "graph/graph.h"

enum optimizer {
    OPTIMIZER_SGD, /* with momentum */
    OPTIMIZER_ADAM /* Kingma and Ba 2014, with decay apart from the gradient (Loshchilov and Hutter 2017) */
};

struct executor_options {
    int batch;
    bool training; /* gradients; batch norm by batch statistics; dropout active */
    bool quantize_weights;
    enum optimizer optimizer;
    bool learn_steps;    /* training, with quantize_weights: steps of weights that have one are parameters */
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
    size_t unlabelled; /* of the batch's last images labels are not looked at: the teacher alone says */
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

/* What the integers of weights cost whose step is learned: set by whoever knows what they take in a file;
 * borrowed, NULL: nothing. */
void executor_set_cost(struct executor *executor, int tensor, const struct layer_cost *cost);
/* These integers, clamp(round(w / step), -127, 127), row-major; of blocks that round to 0 all 0. */
void executor_integers(const struct executor *executor, int tensor, int8_t *integers);

/*
 * One step by the gradients of the last backward pass, masks honoured: a pruned weight stays exactly zero.
 * decay applies to Conv and Gemm weights alone.
 *     SGD    v = momentum v + g + decay w; w -= rate v
 *     Adam   m, v: means of g and g^2 that keep 0.9 and 0.999; w -= rate (m / (sqrt(v) + 1e-8) + decay w),
 *            with m and v corrected for their start by the number of steps
 * Weights whose step s is learned are in the forward pass q s, q = clamp(round(w / s), -127, 127), but for
 * blocks that round to 0 (round_blocks.h). With g the
 * gradient of q s, x = w / s and `slope` the bits that a unit of |x| costs (sned_cost_slopes; 0 without):
 *     dw = g + lambda sign(x) slope / s,   dlog s = s sum g (q - x) - lambda sum over q != 0 of slope |x|,
 * where beyond 127 q stands for q - x (Esser et al. 2019). log s is stepped as weights are, SGD with its
 * gradient held within 0.1 of 0; the step in the graph is set at once.
 */
struct update {
    float rate, momentum, decay;
    uint64_t count;  /* Adam: of these steps, this one included */
    float lambda;    /* loss for a bit */
    float step_rate; /* of log s, in rates */
};
sned_status executor_step(struct executor *executor, const struct update *update, sned_error *error);
/* What steps remember, for checkpoints: momentum, and Adam's second mean, one float per parameter in tensor
 * order; three for each learned step. */
size_t executor_state_size(const struct executor *executor);           /* floats */
size_t executor_state_of(const struct executor *executor, int tensor); /* of these, a constant's */
sned_status executor_state_read(struct executor *executor, float *state, sned_error *error);
sned_status executor_state_write(struct executor *executor, const float *state, sned_error *error);

#endif
