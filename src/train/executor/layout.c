/*
 * layout.c - shapes of the graph as oneDNN's memory descriptions.
 */
#include "train/executor/plan.h"
#include "train/executor/pointwise.h"

#include <math.h>
#include <string.h>

enum { BLOCK = 16 }; /* channels, on AVX-512 */
static const double ACCEPTED_WASTE =
    1.25; /* LeNet-5 pads to twice the work, and is a quarter faster without */

sned_status layout_dims(const struct executor *executor, int tensor, int *rank, dnnl_dims_t dims,
                        sned_error *error)
{
    const struct tensor *t = &executor->graph->tensors[tensor];
    const struct shape *shape = &t->shape;
    if (shape->rank < 1 || shape->dim[0] != 1)
        return sned_fail(error, SNED_ERROR_UNSUPPORTED,
                         "tensor %s: the executor needs a batch of 1 as its first dimension", t->name);
    dims[0] = executor->options.batch;
    *rank = shape->rank;
    for (int i = 1; i < shape->rank; i++)
        dims[i] = shape->dim[i];
    if (shape->rank == 3) {
        *rank = 4;
        dims[3] = dims[2];
        dims[2] = 1;
    }
    return SNED_OK;
}

sned_status layout_image(const struct executor *executor, int tensor, dnnl_dims_t dims, sned_error *error)
{
    int rank;
    SNED_TRY(layout_dims(executor, tensor, &rank, dims, error));
    if (rank != 2 && rank != 4)
        return sned_fail(error, SNED_ERROR_UNSUPPORTED, "tensor %s: images of rank %d are not supported",
                         executor->graph->tensors[tensor].name, executor->graph->tensors[tensor].shape.rank);
    if (rank == 2)
        dims[2] = dims[3] = 1;
    return SNED_OK;
}

dnnl_memory_desc_t layout_plain(int rank, const dnnl_dim_t *dims)
{
    dnnl_memory_desc_t desc;
    dnnl_dims_t strides;
    int64_t stride = 1;
    for (int i = rank - 1; i >= 0; i--) {
        strides[i] = stride;
        stride *= dims[i];
    }
    if (dnnl_memory_desc_init_by_strides(&desc, rank, dims, dnnl_f32, strides) != dnnl_success)
        memset(&desc, 0, sizeof desc); /* refused by whoever uses it */
    return desc;
}

dnnl_memory_desc_t layout_any(int rank, const dnnl_dim_t *dims)
{
    dnnl_memory_desc_t desc;
    if (dnnl_memory_desc_init_by_tag(&desc, rank, dims, dnnl_f32, dnnl_format_tag_any) != dnnl_success)
        memset(&desc, 0, sizeof desc);
    return desc;
}

static double padded(double channels)
{
    return ceil(channels / BLOCK) * BLOCK / channels;
}

/* Multiplications with blocks, padding included, over those without. First layers have no block of inputs. */
bool layout_wastes_blocks(const struct executor *executor)
{
    const struct graph *graph = executor->graph;
    double useful = 0, blocked = 0;
    for (int i = 0; i < graph->node_count; i++) {
        const struct node *node = &graph->nodes[i];
        if (executor->work[i].skipped || node->op != OP_CONV || node->u.conv.groups != 1)
            continue;
        const struct shape *shape = &graph->tensors[node_weights(node, 0)].shape;
        const double macs = (double)sned_node_macs(graph, node);
        const double inputs = (double)shape->dim[1], outputs = (double)shape->dim[0];
        useful += macs;
        blocked += macs * padded(outputs) * (inputs < 4 ? 1 : padded(inputs));
    }
    return blocked > ACCEPTED_WASTE * useful;
}

dnnl_memory_desc_t layout_for_conv(const struct executor *executor, const dnnl_dim_t *dims)
{
    dnnl_memory_desc_t desc;
    if (!executor->channels_last)
        return layout_any(LAYOUT_RANK, dims);
    if (dnnl_memory_desc_init_by_tag(&desc, LAYOUT_RANK, dims, dnnl_f32, dnnl_nhwc) != dnnl_success)
        memset(&desc, 0, sizeof desc);
    return desc;
}

dnnl_memory_desc_t layout_plain_like(const dnnl_memory_desc_t *desc)
{
    return layout_plain(desc->ndims, desc->dims);
}

dnnl_memory_desc_t layout_for_activation(const dnnl_memory_desc_t *desc, const struct activation *activation)
{
    const bool is_padded = layout_floats(desc) != layout_elements(desc);
    return is_padded && !pointwise_keeps_zero(activation) ? layout_plain_like(desc) : *desc;
}

size_t layout_floats(const dnnl_memory_desc_t *desc)
{
    return dnnl_memory_desc_get_size(desc) / sizeof(float);
}

size_t layout_elements(const dnnl_memory_desc_t *desc)
{
    size_t elements = 1;
    for (int i = 0; i < desc->ndims; i++)
        elements *= (size_t)desc->dims[i];
    return elements;
}

const dnnl_memory_desc_t *layout_of(dnnl_memory_t memory)
{
    const dnnl_memory_desc_t *desc = NULL;
    dnnl_memory_get_memory_desc(memory, &desc);
    return desc;
}

float *layout_data(dnnl_memory_t memory)
{
    void *data = NULL;
    dnnl_memory_get_data_handle(memory, &data);
    return data;
}
