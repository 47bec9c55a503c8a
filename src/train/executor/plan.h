/*
 * plan.h - the inside of an executor: a graph laid out as actions on tapes.
 *
 * Making an executor is making a plan. Each operator appends to the forward tape what it has to do (oneDNN
 * primitives and calls of our own code), with the layouts it likes best, and later, in reverse order, to the
 * backward tape. Running is playing a tape: nothing is decided or allocated then.
 *
 * A tensor of the graph is an edge here: a layout, a value and a gradient. An operator takes its input in the
 * layout it is in or has it converted; it names the layout of its output. Gradients lie in the layout of the
 * value; where a tensor is read by several nodes, the first gradient that arrives is stored and the others
 * are added (plan_gradient_target, plan_gradient_done).
 *
 * Edges are shared where tensors are the same numbers: an Identity's output, and the input of a Relu that is
 * done in place as part of the node before it. `root` says which edge stands for a tensor.
 */
#ifndef SNED_TRAIN_EXECUTOR_PLAN_H
#define SNED_TRAIN_EXECUTOR_PLAN_H

#include "train/executor/buffers.h"
#include "train/executor/executor.h"
#include "train/executor/onednn.h"

#include <oneapi/dnnl/dnnl.h>

struct work;
struct executor;

typedef sned_status (*action_call)(struct executor *executor, struct work *work, sned_error *error);
struct action {
    dnnl_primitive_t primitive; /* or, where it is NULL, */
    action_call call;
    struct work *work;
    dnnl_exec_arg_t *arguments; /* owned */
    int argument_count;
};
struct tape {
    struct action *actions;
    int count, capacity;
};

/* One kind of operator: how it appends itself to the tapes. A new operator is a new file with one of these,
 * or none where its row in the graph's table says enough (operators.c). */
struct operator_plan {
    sned_status (*forward)(struct executor *executor, struct work *work, sned_error *error);
    sned_status (*backward)(struct executor *executor, struct work *work, sned_error *error);
    int statistics; /* the first of its constants that are not trained, by their slot; 0: all are */
};
const struct operator_plan *operator_find(enum op op);

/* A step that is learned (struct update): its logarithm, and what the optimizer remembers of it. */
struct learned_step {
    float log, momentum, square;
};

/* What training rounds, quantized or clipped away, per element of an activation. */
enum pass_code { PASS_BLOCKED, PASS_WHOLE, PASS_SLOPE };

struct edge {
    dnnl_memory_desc_t desc;
    dnnl_memory_t value; /* NULL until its producer, or for a constant its first reader, is planned */
    bool wants_gradient, gradient_begun;
    dnnl_memory_desc_t gradient_desc;
    dnnl_memory_t gradient;
    bool is_rounded;     /* its node rounds what it gives */
    uint8_t *pass_codes; /* owned; of what is rounded in training, else NULL */

    /* of a constant */
    bool is_weights;        /* INPUT_WEIGHTS: decays, and is rounded where options.quantize_weights */
    dnnl_memory_t master;   /* what SGD changes: value itself, or row-major beside a rounded value */
    dnnl_memory_t rounded;  /* master rounded, on its way to value; NULL where value is master */
    int refresh;            /* the action that copies it there */
    dnnl_memory_t momentum; /* like master; NULL where the constant is not trained */
    dnnl_memory_t squares;  /* the same; Adam's second mean, else NULL */
    bool learns_step;
    struct learned_step step;
    const struct layer_cost *cost; /* borrowed; NULL: its integers cost nothing */
    uint8_t *mask;                 /* owned; in master's layout; NULL: all kept */
};

/* What one node of the graph comes to in this plan. */
struct work {
    const struct node *node;
    int index;                        /* among the nodes that are judged */
    bool skipped;                     /* its output is an edge of another node's, or it is not judged */
    struct activation activation;     /* after the operator, in place: the node's own or an absorbed node's */
    bool activation_done;             /* the operator itself has applied it */
    dnnl_primitive_desc_t hint;       /* owned; forward's description, which backward needs */
    dnnl_memory_t saved[3];           /* what forward keeps for backward: inputs converted, workspace, ... */
    void *state;                      /* owned, by free(): an operator's own */
    int backward_begin, backward_end; /* its actions on the backward tape */
};

struct executor {
    struct graph *graph;
    int tensor_count, node_count; /* of the graph, as it was planned */
    struct executor_options options;
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    bool channels_last; /* images as [N][H][W][C]: layout_for_conv */
    int *root;          /* [tensor_count] */
    bool *absorbed;     /* [tensor_count]: the value before an in-place activation, which is overwritten */
    struct edge *edges; /* [tensor_count]; only those of roots are used */
    struct work *work;  /* [node_count] */
    int judged;         /* nodes that the loss depends on; all in evaluation */
    struct tape forward, backward, refresh; /* refresh: weights from their rounded copies */
    struct buffers buffers;
    struct scores scores;               /* the loss attaches to scores.logits */
    int loss_begin;                     /* the backward action that it starts from */
    dnnl_memory_t *outputs;             /* owned; [output_count], row-major; in training the first alone */
    float *loss_scores, *loss_gradient; /* [batch][classes], owned */
    int backward_begin; /* where the next backward pass starts: after the loss, or at the output */
    size_t count;       /* images in the last forward pass */
    uint64_t iteration; /* training passes so far: what dropout draws from */
};

/* ---- layouts (layout.c) ---- */

enum { LAYOUT_RANK = 4 };
/* Rank and dims of an activation in this batch; rank 3 is held as [N][C][1][W]. */
sned_status layout_dims(const struct executor *executor, int tensor, int *rank, dnnl_dims_t dims,
                        sned_error *error);
dnnl_memory_desc_t layout_plain(int rank, const dnnl_dim_t *dims); /* row-major */
dnnl_memory_desc_t layout_any(int rank, const dnnl_dim_t *dims);   /* for oneDNN to choose */
/* An image for a Conv: open for oneDNN to choose, which then pads channels to blocks of 16, or, in networks
 * where that would be mostly padding (layout_wastes_blocks), channels last. */
dnnl_memory_desc_t layout_for_conv(const struct executor *executor, const dnnl_dim_t *dims);
bool layout_wastes_blocks(const struct executor *executor); /* once it is known what it computes */
dnnl_memory_desc_t layout_plain_like(const dnnl_memory_desc_t *desc);
/* The layout itself where it is fit for the activation to be applied in place, else row-major. */
dnnl_memory_desc_t layout_for_activation(const dnnl_memory_desc_t *desc, const struct activation *activation);
size_t layout_floats(const dnnl_memory_desc_t *desc); /* floats in its buffer, padding included */
size_t layout_elements(const dnnl_memory_desc_t *desc);
/* [N][C][H][W] of an activation of rank 2 to 4, for windows and channels. */
sned_status layout_image(const struct executor *executor, int tensor, dnnl_dims_t dims, sned_error *error);
const dnnl_memory_desc_t *layout_of(dnnl_memory_t memory);
float *layout_data(dnnl_memory_t memory);

/* ---- appending to tapes (plan.c) ---- */

struct edge *plan_edge(struct executor *executor, int tensor);
struct edge *plan_input(struct executor *executor, const struct work *work, int slot); /* NULL: absent */
struct edge *plan_output_edge(struct executor *executor, const struct work *work); /* of its first output */

sned_status plan_run(struct executor *executor, struct tape *tape, const_dnnl_primitive_desc_t description,
                     const dnnl_exec_arg_t *arguments, int count, sned_error *error);
sned_status plan_call(struct executor *executor, struct tape *tape, struct work *work, action_call call,
                      sned_error *error);
/* to = from, or to += from; layouts may differ. */
sned_status plan_copy(struct executor *executor, struct tape *tape, dnnl_memory_t from, dnnl_memory_t to,
                      bool accumulate, sned_error *error);
/* *out is `from` itself where it has the layout, else a converted copy: kept, or a temporary. */
sned_status plan_convert(struct executor *executor, struct tape *tape, dnnl_memory_t from,
                         const dnnl_memory_desc_t *desc, bool keep, dnnl_memory_t *out, sned_error *error);
/* Gives the node's output, or its output `slot`, its layout and memory. */
sned_status plan_output(struct executor *executor, struct work *work, const dnnl_memory_desc_t *desc,
                        dnnl_memory_t *memory, sned_error *error);
sned_status plan_output_slot(struct executor *executor, struct work *work, int slot,
                             const dnnl_memory_desc_t *desc, dnnl_memory_t *memory, sned_error *error);
/* Constant `slot` of a node in the layout `desc`. */
sned_status plan_constant(struct executor *executor, struct work *work, int slot,
                          const dnnl_memory_desc_t *desc, dnnl_memory_t *memory, sned_error *error);
/* Where to write the gradient of an edge in layout `desc`, and, once that is on the tape, its delivery.
 * plan_gradient_done also takes any other memory: a gradient that is simply passed on. */
sned_status plan_gradient_target(struct executor *executor, struct edge *edge, const dnnl_memory_desc_t *desc,
                                 dnnl_memory_t *memory, sned_error *error);
sned_status plan_gradient_done(struct executor *executor, struct edge *edge, dnnl_memory_t memory,
                               sned_error *error);
/* Gives an edge its gradient's memory, if it has none yet: for good where somebody may ask for it later. */
sned_status plan_gradient_memory(struct executor *executor, struct edge *edge, sned_error *error);
/* The gradient of a node's output in layout `desc`. */
sned_status plan_output_gradient(struct executor *executor, struct work *work, const dnnl_memory_desc_t *desc,
                                 dnnl_memory_t *memory, sned_error *error);

/* Actions `begin` to before `end`. */
sned_status tape_play(struct executor *executor, const struct tape *tape, int begin, int end,
                      sned_error *error);
void plan_free(struct executor *executor); /* all but the executor itself */

/* ---- the whole (build.c) ---- */
sned_status plan_build(struct executor *executor, sned_error *error);

#endif
