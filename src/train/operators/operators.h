/*
 * operators.h - the plans of all operators; operators.c is the table by which they are found.
 */
#ifndef SNED_TRAIN_OPERATORS_OPERATORS_H
#define SNED_TRAIN_OPERATORS_OPERATORS_H

#include "train/executor/plan.h"

extern const struct operator_plan plan_conv;                   /* conv.c */
extern const struct operator_plan plan_gemm;                   /* gemm.c */
extern const struct operator_plan plan_batch_normalization;    /* batch_normalization.c */
extern const struct operator_plan plan_lone_activation;        /* activation.c: Relu, Clip, ..., Identity */
extern const struct operator_plan plan_pool;                   /* pool.c: all pools, asking the next first */
extern const struct operator_plan plan_max_pool_channels_last; /* max_pool_plan.c */
extern const struct operator_plan plan_lrn;                    /* lrn.c */
extern const struct operator_plan plan_binary;                 /* binary.c: Add, Mul */
extern const struct operator_plan plan_concat;                 /* concat.c */
extern const struct operator_plan plan_flatten;                /* flatten.c: Flatten, Reshape */
extern const struct operator_plan plan_movement;               /* movement.c: what moves numbers */
extern const struct operator_plan plan_value;                  /* value.c: what has value and slope */
extern const struct operator_plan plan_softmax;                /* softmax.c: LogSoftmax too */
extern const struct operator_plan plan_sigmoid;                /* sigmoid.c */
extern const struct operator_plan plan_dropout;                /* dropout.c */

/* Whether a pool is a MaxPool that plan_max_pool_channels_last plans. */
bool max_pool_is_here(struct executor *executor, const struct work *work);

#endif
