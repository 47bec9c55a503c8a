/*
 * reduce.c - global pools, means, sums and largest: each number of the result is of whole axes.
 *
 * The graph's GlobalAveragePool takes the mean over height and width of [1][C][H][W], a MaxPool of that size
 * the largest. Any that leaves the batch alone is that: the axes that stay become the channels and those that
 * go become the width, by a Transpose where they are not in that order already, and by Reshapes.
 */
#include "io/onnx/node/attributes.h"
#include "io/onnx/node/emit.h"
#include "io/onnx/node/inputs.h"
#include "io/onnx/operators/operators.h"

/* ---- global pools ---- */

/* [1][C][...] as an image: height and width, or all axes in a row as the width. */
static sned_status pool_input(struct importer *importer, const struct onnx_value **x, struct shape *image,
                              int *tensor)
{
    struct onnx_value *input;
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
    const struct onnx_value *x;
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

/* ---- ReduceMean, ReduceSum, ReduceMax ---- */

/* From opset axes_since on, the axes are an input. The sum is the mean times the number of elements. */
struct reduction {
    enum op op;
    int axes_since;
    bool is_sum;
};

/* The axes that go, as bits. No axes: all of them, or none where noop_with_empty_axes says so. */
static sned_status reduced_axes(struct importer *importer, const struct reduction *reduction, int rank,
                                unsigned *reduced)
{
    const int64_t *axes;
    int64_t no_op;
    int count, axis;
    *reduced = 0;
    SNED_TRY(onnx_ints(importer, "axes", 1, reduction->axes_since, &axes, &count));
    SNED_TRY(onnx_attribute_int(importer, "noop_with_empty_axes", 0, &no_op));
    for (int i = 0; i < count; i++) {
        SNED_TRY(onnx_axis(importer, axes[i], rank, &axis));
        *reduced |= 1u << axis;
    }
    if (count == 0 && !no_op)
        *reduced = (1u << rank) - 1;
    if (*reduced & 1)
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "over the batch");
    return SNED_OK;
}

/* `x` with the axes that stay in front of those that go, as [1][kept][1][gone]. */
static sned_status emit_rows(struct importer *importer, const struct onnx_value *x, unsigned reduced,
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

/* A step, or the node's output where `suffix` is NULL. */
static sned_status emit_either(struct importer *importer, enum op op, const int *inputs, int count,
                               const struct shape *shape, const char *suffix, int *tensor, struct node **node)
{
    if (suffix)
        return onnx_emit_step(importer, op, inputs, count, shape, suffix, tensor, node);
    SNED_TRY(onnx_emit(importer, op, inputs, count, shape, node));
    *tensor = onnx_output(importer)->tensor;
    return SNED_OK;
}

/* [1][C][H][W] to [1][C][1][1]; `is_last`: that is the node's output. */
static sned_status emit_reduction(struct importer *importer, const struct reduction *reduction, int input,
                                  const struct shape *image, bool is_last, int *tensor)
{
    const struct shape pooled = sned_shape(4, (int64_t)1, image->dim[1], (int64_t)1, (int64_t)1),
                       one = sned_shape(1, (int64_t)1);
    struct node *node;
    float *elements;
    int factor;
    SNED_TRY(emit_either(importer, reduction->op, &input, 1, &pooled,
                         is_last && !reduction->is_sum ? NULL : "/pool", tensor, &node));
    if (reduction->op == OP_MAX_POOL)
        node->u.pool.window = (struct window){
            .kernel = {(int)image->dim[2], (int)image->dim[3]}, .stride = {1, 1}, .dilation = {1, 1}};
    if (!reduction->is_sum)
        return SNED_OK;
    SNED_TRY(sned_alloc(&elements, 1, sizeof *elements, importer->error));
    elements[0] = (float)(image->dim[2] * image->dim[3]);
    SNED_TRY(onnx_add_constant(importer, NULL, &one, elements, &factor));
    return emit_either(importer, OP_MUL, (int[]){*tensor, factor}, 2, &pooled, is_last ? NULL : "/sum",
                       tensor, &node);
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

static struct shape reduced_shape(const struct shape *x, unsigned reduced, bool keep)
{
    struct shape shape = {0};
    for (int i = 0; i < x->rank; i++)
        if (keep || !(reduced >> i & 1))
            shape.dim[shape.rank++] = reduced >> i & 1 ? 1 : x->dim[i];
    return shape;
}

/* A tensor reduced over the axes `reduced` of it, in the shape `result`. */
static sned_status emit_reduced(struct importer *importer, const struct reduction *reduction,
                                const struct onnx_value *x, unsigned reduced, struct shape result)
{
    struct shape image = x->shape;
    int tensor = x->tensor;
    bool is_image = x->shape.rank == 4 && reduced == 0xc, is_last = is_image && result.rank == 4;
    if (!is_image)
        SNED_TRY(emit_rows(importer, x, reduced, &image, &tensor));
    SNED_TRY(emit_reduction(importer, reduction, tensor, &image, is_last, &tensor));
    return is_last ? SNED_OK : onnx_emit_reshape(importer, tensor, &result);
}

static sned_status convert_reduce(struct importer *importer, const struct reduction *reduction)
{
    struct onnx_value *x;
    int64_t keep;
    unsigned reduced, turned = 0;
    int axes[GRAPH_MAX_RANK];
    SNED_TRY(onnx_input_axes(importer, 0, &x, axes));
    SNED_TRY(onnx_attribute_int(importer, "keepdims", 1, &keep));
    SNED_TRY(reduced_axes(importer, reduction, x->shape.rank, &reduced));
    if (!keep && !stay_in_order(&x->shape, reduced, axes)) {
        SNED_TRY(onnx_straighten(importer, x));
        onnx_view_axes(importer, x, axes);
    }
    for (int i = 0; i < x->shape.rank; i++)
        turned |= (reduced >> i & 1) << axes[i];
    struct onnx_value seen = *x; /* as its tensor lies */
    seen.shape = importer->graph->tensors[x->tensor].shape;
    /* Without the axes that go, what stays lies in order, whatever the place of its axes of size 1. */
    struct shape result =
        keep ? reduced_shape(&seen.shape, turned, true) : reduced_shape(&x->shape, reduced, false);
    SNED_TRY(emit_reduced(importer, reduction, &seen, turned, result));
    if (keep)
        onnx_output_turned(importer, x);
    return SNED_OK;
}

sned_status onnx_convert_reduce_mean(struct importer *importer)
{
    return convert_reduce(importer, &(struct reduction){.op = OP_GLOBAL_AVERAGE_POOL, .axes_since = 18});
}

sned_status onnx_convert_reduce_sum(struct importer *importer)
{
    return convert_reduce(
        importer, &(struct reduction){.op = OP_GLOBAL_AVERAGE_POOL, .axes_since = 13, .is_sum = true});
}

sned_status onnx_convert_reduce_max(struct importer *importer)
{
    return convert_reduce(importer, &(struct reduction){.op = OP_MAX_POOL, .axes_since = 18});
}
