/*
 * onednn.h - what asking oneDNN takes everywhere: its statuses as our errors, and descriptions of primitives,
 * which always have their scratch memory from us (buffers.h).
 */
#ifndef SNED_TRAIN_EXECUTOR_ONEDNN_H
#define SNED_TRAIN_EXECUTOR_ONEDNN_H

#include "graph/graph.h"

#include <oneapi/dnnl/dnnl.h>

/* `what` names, behind an article, what was asked for. */
sned_status onednn_check(dnnl_status_t status, const char *what, sned_error *error);
/* What is done besides the primitive itself: an activation (or NULL) behind it, adding to what is there. */
sned_status onednn_attributes(dnnl_primitive_attr_t *attributes, const struct activation *activation,
                              bool accumulate, sned_error *error);
/* A primitive's description; `activation` (or NULL) fused behind it; `hint` (or NULL) of its forward pass. */
sned_status onednn_describe(dnnl_engine_t engine, const_dnnl_op_desc_t operation,
                            const struct activation *activation, const_dnnl_primitive_desc_t hint,
                            dnnl_primitive_desc_t *description, sned_error *error);
/* A layout that the description names; of size 0 where it names none. */
dnnl_memory_desc_t onednn_query(const_dnnl_primitive_desc_t description, dnnl_query_t what);

#endif
