/*
 * onednn.c - see onednn.h.
 */
#include "train/executor/onednn.h"

#include <string.h>

sned_status onednn_check(dnnl_status_t status, const char *what, sned_error *error)
{
    switch (status) {
    case dnnl_success:
        return SNED_OK;
    case dnnl_out_of_memory:
        return sned_fail(error, SNED_ERROR_MEMORY, "oneDNN: out of memory for %s; use a smaller batch", what);
    case dnnl_unimplemented:
        return sned_fail(error, SNED_ERROR_UNSUPPORTED, "oneDNN has no implementation of this %s", what);
    default:
        return sned_fail(error, SNED_ERROR_ARGUMENT, "oneDNN refused %s (status %d)", what, (int)status);
    }
}

static sned_status append_activation(dnnl_post_ops_t operations, const struct activation *activation)
{
    dnnl_status_t status = dnnl_success;
    if (activation->kind == ACTIVATION_RELU)
        status = dnnl_post_ops_append_eltwise(operations, 1, dnnl_eltwise_relu, 0, 0);
    else if (activation->kind == ACTIVATION_CLIP)
        status =
            dnnl_post_ops_append_eltwise(operations, 1, dnnl_eltwise_clip, activation->low, activation->high);
    else if (activation->kind == ACTIVATION_LEAKY_RELU)
        status = dnnl_post_ops_append_eltwise(operations, 1, dnnl_eltwise_relu, activation->slope, 0);
    return onednn_check(status, "an activation", NULL);
}

sned_status onednn_attributes(dnnl_primitive_attr_t *attributes, const struct activation *activation,
                              bool accumulate, sned_error *error)
{
    dnnl_post_ops_t operations = NULL;
    sned_status status;
    SNED_TRY_DONE(onednn_check(dnnl_primitive_attr_create(attributes), "attributes", error));
    SNED_TRY_DONE(
        onednn_check(dnnl_primitive_attr_set_scratchpad_mode(*attributes, dnnl_scratchpad_mode_user),
                     "attributes", error));
    if (!activation && !accumulate)
        goto done;
    SNED_TRY_DONE(onednn_check(dnnl_post_ops_create(&operations), "attributes", error));
    if (activation)
        SNED_TRY_DONE(append_activation(operations, activation));
    if (accumulate)
        SNED_TRY_DONE(onednn_check(dnnl_post_ops_append_sum(operations, 1), "attributes", error));
    SNED_TRY_DONE(
        onednn_check(dnnl_primitive_attr_set_post_ops(*attributes, operations), "attributes", error));
done:
    dnnl_post_ops_destroy(operations);
    return status;
}

sned_status onednn_describe(dnnl_engine_t engine, const_dnnl_op_desc_t operation,
                            const struct activation *activation, const_dnnl_primitive_desc_t hint,
                            dnnl_primitive_desc_t *description, sned_error *error)
{
    dnnl_primitive_attr_t attributes = NULL;
    sned_status status;
    SNED_TRY_DONE(onednn_attributes(&attributes, activation, false, error));
    SNED_TRY_DONE(onednn_check(dnnl_primitive_desc_create(description, operation, attributes, engine, hint),
                               "operator", error));
done:
    dnnl_primitive_attr_destroy(attributes);
    return status;
}

dnnl_memory_desc_t onednn_query(const_dnnl_primitive_desc_t description, dnnl_query_t what)
{
    const dnnl_memory_desc_t *desc = dnnl_primitive_desc_query_md(description, what, 0);
    dnnl_memory_desc_t none;
    memset(&none, 0, sizeof none);
    return desc ? *desc : none;
}
