/*
 * weighted.h - what Conv and Gemm have in common: a source, weights, a bias, a result, and oneDNN choosing
 * the layouts of all of them.
 */
#ifndef SNED_TRAIN_OPERATORS_WEIGHTED_H
#define SNED_TRAIN_OPERATORS_WEIGHTED_H

#include "train/executor/plan.h"

/* The four layouts, open for oneDNN to choose (the bias is a plain row), of a node whose forward pass is
 * planned. */
struct weighted_layouts {
    dnnl_memory_desc_t source, weights, bias, result;
    bool has_bias;
};
struct weighted_layouts weighted_layouts(struct executor *executor, const struct work *work);

/* `operation` is a oneDNN operation descriptor of the kind that the name says. */
sned_status weighted_forward(struct executor *executor, struct work *work, const_dnnl_op_desc_t operation,
                             sned_error *error);
sned_status weighted_backward_weights(struct executor *executor, struct work *work,
                                      const_dnnl_op_desc_t operation, sned_error *error);
sned_status weighted_backward_data(struct executor *executor, struct work *work,
                                   const_dnnl_op_desc_t operation, sned_error *error);

#endif
