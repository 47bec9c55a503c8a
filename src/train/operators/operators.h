/*
 * operators.h - the plans of all operators; operators.c is the table by which they are found.
 */
#ifndef SNED_TRAIN_OPERATORS_H
#define SNED_TRAIN_OPERATORS_H

#include "train/executor/plan.h"

extern const struct operator_plan plan_conv;                /* op_conv.c */
extern const struct operator_plan plan_gemm;                /* op_gemm.c */
extern const struct operator_plan plan_batch_normalization; /* op_batch_normalization.c */
extern const struct operator_plan plan_lone_activation; /* op_activation.c: Relu, Clip, LeakyRelu, Identity */
extern const struct operator_plan plan_pool; /* op_pool.c: MaxPool, AveragePool, GlobalAveragePool */
extern const struct operator_plan
    plan_max_pool_channels_last;                /* op_max_pool.c: what plan_pool leaves to it */
extern const struct operator_plan plan_lrn;     /* op_lrn.c */
extern const struct operator_plan plan_binary;  /* op_binary.c: Add, Mul */
extern const struct operator_plan plan_concat;  /* op_concat.c */
extern const struct operator_plan plan_flatten; /* op_flatten.c: Flatten, Reshape */
extern const struct operator_plan plan_shape;   /* op_shape.c: Slice, Pad, Transpose */
extern const struct operator_plan plan_softmax; /* op_softmax.c: LogSoftmax too */
extern const struct operator_plan plan_sigmoid; /* op_sigmoid.c */
extern const struct operator_plan plan_dropout; /* op_dropout.c */

/* Whether a pool is a MaxPool that plan_max_pool_channels_last plans. */
bool max_pool_is_here(struct executor *executor, const struct step *step);

#endif
