/*
 * onnx_reduce.c - global pools and means: each number of the result is of whole axes.
 *
 * The graph's GlobalAveragePool takes the mean over height and width of [1][C][H][W]. Any mean that leaves
 * the batch alone is that: the axes that stay become the channels and those that go become the width, by a
 * Transpose where they are not in that order already, and by Reshapes.
 */
#include "io/onnx_import.h"

/* ---- global pools ---- */

/* [1][C][...] as an image: height and width, or all axes in a row as the width. */
static sned_status pool_input(struct importer *importer, const struct value **x, struct shape *image,
                              int *tensor)
{
    struct value *input;
    SNED_TRY(onnx_input_activation(importer, 0, &input));
    *x = input;
    *tensor = input->tensor;
    *image = input->shape;
    if (image->rank < 3)
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED,
                         "on a tensor of %d dimensions; 3 and more are handled", image->rank);
    if (image->rank == 4)
        return SNED_OK;
    *image = sned_shape(4, (int64_t)1, input->shape.dim[1], (int64_t)1, (int64_t)1);
    for (int i = 2; i < input->shape.rank; i++)
        image->dim[3] *= input->shape.dim[i];
    return onnx_emit_reshape_step(importer, input->tensor, image, "/image", tensor);
}

static sned_status convert_global_pool(struct importer *importer, enum op op)
{
    const struct value *x;
    struct shape image;
    struct node *node;
    int input, pooled;
    SNED_TRY(pool_input(importer, &x, &image, &input));
    struct window window = {
        .kernel = {(int)image.dim[2], (int)image.dim[3]}, .stride = {1, 1}, .dilation = {1, 1}};
    struct shape shape = sned_shape(4, (int64_t)1, image.dim[1], (int64_t)1, (int64_t)1), back = x->shape;
    if (back.rank == 4)
        SNED_TRY(onnx_emit(importer, op, &input, 1, &shape, &node));
    else
        SNED_TRY(onnx_emit_step(importer, op, &input, 1, &shape, "/pool", &pooled, &node));
    if (op == OP_MAX_POOL)
        node->u.pool.window = window;
    if (back.rank == 4)
        return SNED_OK;
    for (int i = 2; i < back.rank; i++)
        back.dim[i] = 1;
    return onnx_emit_reshape(importer, pooled, &back);
}

sned_status onnx_convert_global_average_pool(struct importer *importer)
{
    return convert_global_pool(importer, OP_GLOBAL_AVERAGE_POOL);
}

sned_status onnx_convert_global_max_pool(struct importer *importer)
{
    return convert_global_pool(importer, OP_MAX_POOL);
}

/* ---- ReduceMean ---- */

/* The axes that go, as bits. No axes: all of them, or none where noop_with_empty_axes says so. */
static sned_status reduced_axes(struct importer *importer, int rank, unsigned *reduced)
{
    const int64_t *axes;
    int64_t no_op;
    int count, axis;
    *reduced = 0;
    SNED_TRY(onnx_ints(importer, "axes", 1, 18, &axes, &count));
    SNED_TRY(onnx_attribute_int(importer, "noop_with_empty_axes", 0, &no_op));
    for (int i = 0; i < count; i++) {
        SNED_TRY(onnx_axis(importer, axes[i], rank, &axis));
        *reduced |= 1u << axis;
    }
    if (count == 0 && !no_op)
        *reduced = (1u << rank) - 1;
    if (*reduced & 1)
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "a mean over the batch");
    return SNED_OK;
}

/* `x` with the axes that stay in front of those that go, as [1][kept][1][gone]. */
static sned_status emit_rows(struct importer *importer, const struct value *x, unsigned reduced,
                             struct shape *rows, int *tensor)
{
    int order[GRAPH_MAX_RANK], at = 0;
    struct shape turned = {.rank = x->shape.rank};
    struct node *node;
    bool is_in_order = true;
    *rows = sned_shape(4, (int64_t)1, (int64_t)1, (int64_t)1, (int64_t)1);
    *tensor = x->tensor;
    for (unsigned goes = 0; goes < 2; goes++)
        for (int i = 0; i < x->shape.rank; i++)
            if ((reduced >> i & 1) == goes) {
                rows->dim[goes ? 3 : 1] *= x->shape.dim[i];
                turned.dim[at] = x->shape.dim[i];
                is_in_order &= i == at;
                order[at++] = i;
            }
    if (!is_in_order) {
        SNED_TRY(onnx_emit_step(importer, OP_TRANSPOSE, &x->tensor, 1, &turned, "/turned", tensor, &node));
        for (int i = 0; i < turned.rank; i++)
            node->u.transpose.order[i] = order[i];
    }
    return onnx_emit_reshape_step(importer, *tensor, rows, "/rows", tensor);
}

/* Do the axes that stay lie in the tensor in the value's order? */
static bool stay_in_order(const struct shape *shape, unsigned reduced, const int *axes)
{
    int last = 0;
    for (int i = 0; i < shape->rank; i++) {
        if (reduced >> i & 1 || shape->dim[i] == 1)
            continue;
        if (axes[i] < last)
            return false;
        last = axes[i];
    }
    return true;
}

/* The mean of a tensor over the axes `reduced` of it. */
static sned_status emit_mean(struct importer *importer, const struct value *x, unsigned reduced, bool keep)
{
    struct node *node;
    struct shape image = x->shape, result = {0};
    int tensor = x->tensor, pooled;
    for (int i = 0; i < x->shape.rank; i++)
        if (keep || !(reduced >> i & 1))
            result.dim[result.rank++] = reduced >> i & 1 ? 1 : x->shape.dim[i];
    bool is_image = x->shape.rank == 4 && reduced == 0xc;
    if (is_image && keep)
        return onnx_emit(importer, OP_GLOBAL_AVERAGE_POOL, &x->tensor, 1, &result, &node);
    if (!is_image)
        SNED_TRY(emit_rows(importer, x, reduced, &image, &tensor));
    image.dim[2] = image.dim[3] = 1;
    SNED_TRY(onnx_emit_step(importer, OP_GLOBAL_AVERAGE_POOL, &tensor, 1, &image, "/pool", &pooled, &node));
    return onnx_emit_reshape(importer, pooled, &result);
}

sned_status onnx_convert_reduce_mean(struct importer *importer)
{
    struct value *x;
    int64_t keep;
    unsigned reduced, turned = 0;
    int axes[GRAPH_MAX_RANK];
    SNED_TRY(onnx_input_axes(importer, 0, &x, axes));
    SNED_TRY(onnx_attribute_int(importer, "keepdims", 1, &keep));
    SNED_TRY(reduced_axes(importer, x->shape.rank, &reduced));
    if (!keep && !stay_in_order(&x->shape, reduced, axes)) {
        SNED_TRY(onnx_straighten(importer, x));
        onnx_view_axes(importer, x, axes);
    }
    for (int i = 0; i < x->shape.rank; i++)
        turned |= (reduced >> i & 1) << axes[i];
    struct value seen = *x; /* as its tensor lies */
    seen.shape = importer->graph->tensors[x->tensor].shape;
    SNED_TRY(emit_mean(importer, &seen, turned, keep != 0));
    if (keep)
        onnx_output_turned(importer, x);
    return SNED_OK;
}
