/*
 * select.c - Split and Gather: some channels, rows or columns of an activation.
 *
 * A Split is a node with an output for each piece, along an axis of the input's tensor, viewed as the input
 * is; where but one piece is read by anyone, it is a Slice, and where there is but one, an Identity.
 *
 * A Gather whose indices go up in equal steps is a Slice, too; any other indices are cut into runs that do, a
 * Slice each, which a Concat joins:
 *
 *     indices 0 1 2 7 5 3     runs 0..2 by 1, 7, 5, 3      (a run never goes down)
 */
#include "io/onnx/node/attributes.h"
#include "io/onnx/node/emit.h"
#include "io/onnx/node/inputs.h"
#include "io/onnx/node/tensor.h"
#include "io/onnx/operators/operators.h"
#include "io/onnx/operators/shapes.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_RUNS = 64 };

static void part_shape(const struct shape *from, int axis, const struct slice_range *range,
                       struct shape *shape)
{
    *shape = *from;
    shape->dim[axis] = range->count;
}

/* All of the other axes, and along `axis` a range. */
static void set_part(struct node *node, const struct shape *from, int axis, const struct slice_range *range)
{
    for (int i = 0; i < from->rank; i++) {
        node->u.slice.start[i] = i == axis ? range->start : 0;
        node->u.slice.end[i] = i == axis ? range->start + (range->count - 1) * range->step + 1 : from->dim[i];
        node->u.slice.step[i] = i == axis ? range->step : 1;
    }
}

static sned_status emit_part(struct importer *importer, int tensor, const struct shape *from, int axis,
                             const struct slice_range *range)
{
    struct shape shape;
    struct node *node;
    part_shape(from, axis, range, &shape);
    SNED_TRY(onnx_emit(importer, OP_SLICE, &tensor, 1, &shape, &node));
    set_part(node, from, axis, range);
    return SNED_OK;
}

static sned_status emit_part_step(struct importer *importer, const struct onnx_value *x, int axis,
                                  const struct slice_range *range, const char *suffix, int *tensor)
{
    struct shape shape;
    struct node *node;
    part_shape(&x->shape, axis, range, &shape);
    SNED_TRY(onnx_emit_step(importer, OP_SLICE, &x->tensor, 1, &shape, suffix, tensor, &node));
    set_part(node, &x->shape, axis, range);
    return SNED_OK;
}

/* The axis, which must not be the batch. */
static sned_status selected_axis(struct importer *importer, const struct onnx_value *x, int *axis)
{
    int64_t attribute;
    SNED_TRY(onnx_attribute_int(importer, "axis", 0, &attribute));
    SNED_TRY(onnx_axis(importer, attribute, x->shape.rank, axis));
    if (*axis == 0)
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "it takes a part of the batch");
    return SNED_OK;
}

/* ---- Split ---- */

/* Of output `index`: as listed, or equal parts, of which from opset 18 on the last may be smaller. */
static sned_status part_size(struct importer *importer, int64_t total, int index, const int64_t *sizes,
                             int count, int64_t *size)
{
    const int outputs = (int)importer->node->n_output;
    int64_t parts;
    SNED_TRY(onnx_attribute_int(importer, "num_outputs", outputs, &parts));
    if (sizes ? count != outputs : parts != outputs)
        return onnx_fail(importer, SNED_ERROR_FORMAT, "%d outputs, but %lld parts", outputs,
                         sizes ? (long long)count : (long long)parts);
    const int64_t equal = (total + outputs - 1) / outputs, left = total - index * equal;
    if (!sizes && importer->opset < 18 && total % outputs != 0)
        return onnx_fail(importer, SNED_ERROR_SHAPE, "%lld elements in %d equal parts", (long long)total,
                         outputs);
    *size = sizes ? sizes[index] : left < equal ? left : equal;
    if (*size < 1 || *size > total)
        return onnx_fail(importer, SNED_ERROR_SHAPE, "part %d has %lld of %lld elements", index,
                         (long long)*size, (long long)total);
    return SNED_OK;
}

/* parts [n_output], which are all of `total`. */
static sned_status find_parts(struct importer *importer, int64_t total, int64_t *parts)
{
    const int64_t *sizes;
    int64_t sum = 0;
    int count;
    if (importer->opset >= 13)
        SNED_TRY(onnx_input_sizes(importer, 1, &sizes, &count));
    else
        SNED_TRY(onnx_attribute_sizes(importer, "split", &sizes, &count));
    for (int i = 0; i < (int)importer->node->n_output; i++) {
        SNED_TRY(part_size(importer, total, i, sizes, count, &parts[i]));
        sum += parts[i];
        if (sum > total)
            return onnx_fail(importer, SNED_ERROR_SHAPE, "parts of more than %lld elements",
                             (long long)total);
    }
    if (sum != total)
        return onnx_fail(importer, SNED_ERROR_SHAPE, "parts of %lld of %lld elements", (long long)sum,
                         (long long)total);
    return SNED_OK;
}

/* How many outputs are read, in the branch of an If by whomever; *last: the last of them. */
static int count_read(struct importer *importer, int *last)
{
    int count = 0;
    *last = 0;
    for (int i = 0; i < (int)importer->node->n_output; i++) {
        importer->output = i;
        if (importer->node->output[i][0] == 0)
            continue;
        const struct onnx_value *value = onnx_output(importer);
        if (value->readers > 0 || value->node < 0) {
            count++;
            *last = i;
        }
    }
    return count;
}

/* Output `index` alone; `shape` and `axis` as the tensor of x has them. */
static sned_status emit_one(struct importer *importer, const struct onnx_value *x, const struct shape *shape,
                            int axis, const int64_t *parts, int index)
{
    struct slice_range range = {.step = 1, .count = parts[index]};
    struct node *node;
    for (int i = 0; i < index; i++)
        range.start += parts[i];
    importer->output = index;
    if (range.count == shape->dim[axis])
        return onnx_emit_like(importer, OP_IDENTITY, &x->tensor, 1, x, &node);
    SNED_TRY(emit_part(importer, x->tensor, shape, axis, &range));
    onnx_output_turned(importer, x);
    return SNED_OK;
}

/* All outputs. parts [n_output] is taken over, also on failure. */
static sned_status emit_all(struct importer *importer, const struct onnx_value *x, const struct shape *shape,
                            int axis, int64_t *parts)
{
    const size_t count = importer->node->n_output;
    struct shape *shapes;
    struct node *node;
    sned_status status = sned_alloc(&shapes, count, sizeof *shapes, importer->error);
    for (size_t i = 0; status == SNED_OK && i < count; i++) {
        shapes[i] = *shape;
        shapes[i].dim[axis] = parts[i];
    }
    SNED_TRY_DONE(status);
    SNED_TRY_DONE(onnx_emit_outputs(importer, OP_SPLIT, &x->tensor, 1, shapes, &node));
    node->u.split.axis = axis;
    node->u.split.sizes = parts;
    parts = NULL;
    for (importer->output = 0; importer->output < (int)count; importer->output++)
        if (importer->node->output[importer->output][0])
            onnx_output_turned(importer, x);
done:
    free(shapes);
    free(parts);
    return status;
}

sned_status onnx_convert_split(struct importer *importer)
{
    struct onnx_value *x;
    int64_t *parts;
    int axis, axes[GRAPH_MAX_RANK], last;
    SNED_TRY(onnx_input_axes(importer, 0, &x, axes));
    SNED_TRY(selected_axis(importer, x, &axis));
    SNED_TRY(sned_alloc(&parts, importer->node->n_output, sizeof *parts, importer->error));
    const struct shape shape = onnx_tensor_axes(&x->shape, axes);
    sned_status status = find_parts(importer, x->shape.dim[axis], parts);
    if (status == SNED_OK && count_read(importer, &last) > 1)
        return emit_all(importer, x, &shape, axes[axis], parts);
    if (status == SNED_OK)
        status = emit_one(importer, x, &shape, axes[axis], parts, last);
    free(parts);
    return status;
}

/* ---- Gather ---- */

/* The runs of indices [count] in order; -1 where they are more than MOST_RUNS. */
static int find_runs(const int64_t *indices, int count, struct slice_range runs[MOST_RUNS])
{
    int found = 0;
    for (int i = 0; i < count;) {
        struct slice_range run = {indices[i], 1, 1};
        if (i + 1 < count && indices[i + 1] > indices[i])
            run.step = indices[i + 1] - indices[i];
        while (i + run.count < count && indices[i + run.count] == run.start + run.count * run.step)
            run.count++;
        if (run.count == 1)
            run.step = 1;
        if (found == MOST_RUNS)
            return -1;
        runs[found++] = run;
        i += (int)run.count;
    }
    return found;
}

static sned_status emit_runs(struct importer *importer, const struct onnx_value *x, int axis,
                             const struct slice_range *runs, int count, const struct shape *shape,
                             int *tensor)
{
    struct node *node;
    int parts[MOST_RUNS] = {0};
    for (int i = 0; i < count; i++)
        SNED_TRY(emit_part_step(importer, x, axis, &runs[i], "/part", &parts[i]));
    *tensor = parts[0];
    if (count == 1)
        return SNED_OK;
    SNED_TRY(onnx_emit_step(importer, OP_CONCAT, parts, count, shape, "/joined", tensor, &node));
    node->u.concat.axis = axis;
    return SNED_OK;
}

/* The indices counted from the front. */
static sned_status read_indices(struct importer *importer, int64_t size, struct shape *shape,
                                int64_t **indices, int *count)
{
    struct onnx_value *value;
    size_t elements;
    *indices = NULL;
    SNED_TRY(onnx_input(importer, 1, &value));
    if (value == NULL || value->kind != VALUE_INTEGERS)
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "its indices are not constant integers");
    if (!onnx_elements(&value->shape, &elements) || elements < 1 || elements > GRAPH_MAX_DIM)
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "no indices, or too many");
    SNED_TRY(sned_alloc(indices, elements, sizeof **indices, importer->error));
    memcpy(*indices, value->data, elements * sizeof **indices);
    *shape = value->shape;
    *count = (int)elements;
    for (size_t i = 0; i < elements; i++) {
        (*indices)[i] += (*indices)[i] < 0 ? size : 0;
        if ((*indices)[i] < 0 || (*indices)[i] >= size)
            return onnx_fail(importer, SNED_ERROR_SHAPE, "index %lld of an axis of %lld",
                             (long long)((const int64_t *)value->data)[i], (long long)size);
    }
    return SNED_OK;
}

/* x's shape with `axis` replaced by the axes of the indices. */
static sned_status gathered_shape(struct importer *importer, const struct shape *x, int axis,
                                  const struct shape *indices, struct shape *shape)
{
    *shape = (struct shape){0};
    if (x->rank - 1 + indices->rank > GRAPH_MAX_RANK)
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "its result has more than %d dimensions",
                         GRAPH_MAX_RANK);
    for (int i = 0; i < axis; i++)
        shape->dim[shape->rank++] = x->dim[i];
    for (int i = 0; i < indices->rank; i++)
        shape->dim[shape->rank++] = indices->dim[i];
    for (int i = axis + 1; i < x->rank; i++)
        shape->dim[shape->rank++] = x->dim[i];
    return SNED_OK;
}

static sned_status emit_gather(struct importer *importer, const struct onnx_value *x, int axis,
                               const int64_t *indices, int count, const struct shape *result)
{
    struct slice_range runs[MOST_RUNS];
    struct shape joined = x->shape;
    int tensor;
    const int found = find_runs(indices, count, runs);
    if (found < 0)
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED,
                         "its indices are of more than %d runs that go up in equal steps", MOST_RUNS);
    joined.dim[axis] = count;
    if (found == 1 && sned_shape_equal(&joined, result))
        return emit_part(importer, x->tensor, &x->shape, axis, &runs[0]);
    SNED_TRY(emit_runs(importer, x, axis, runs, found, &joined, &tensor));
    return onnx_emit_reshape(importer, tensor, result);
}

sned_status onnx_convert_gather(struct importer *importer)
{
    struct onnx_value *x;
    struct shape shape = {0}, result;
    int64_t *indices = NULL;
    int axis, count = 0;
    sned_status status;
    SNED_TRY(onnx_input_activation(importer, 0, &x));
    SNED_TRY(selected_axis(importer, x, &axis));
    SNED_TRY_DONE(read_indices(importer, x->shape.dim[axis], &shape, &indices, &count));
    SNED_TRY_DONE(gathered_shape(importer, &x->shape, axis, &shape, &result));
    status = emit_gather(importer, x, axis, indices, count, &result);
done:
    free(indices);
    return status;
}
