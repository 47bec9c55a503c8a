/*
 * view.c - Transposes that are not carried out, until someone needs them.
 *
 * Files of channels-last networks (Keras, TensorFlow) turn an activation to [N][C][H][W] before an operator
 * and back behind it. A Transpose is therefore no node at once: its output is a view of its input,
 *
 *     value = reshape(transpose(reshape(tensor, base), order), shape of the value)
 *
 *     tensor [1][2][3][3]   what the graph has
 *     base   [1][2][3][3]   the tensor's own shape, or what it was before it was flattened
 *     order  0 2 3 1        the value's axes before its last reshape, as axes of base: here [1][3][3][2]
 *     shape  [1][18]        after a Flatten: channels-last order, which the graph never makes
 *
 * Operators that work element by element do so on the tensor and hand the view on; a second Transpose
 * composes with the first, and where they cancel the tensor itself is left; a Gemm behind a Flatten takes the
 * order into the columns of its weights. For everything else the view is straightened: the nodes that it
 * stands for are made, once for all later readers. The network's input is a view too where the file has it
 * otherwise than as [1][C][H][W] (picture.c).
 */
#include "io/onnx/node/view.h"

#include "io/onnx/node/emit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct shape turned_shape(const struct onnx_view *view)
{
    struct shape shape = {.rank = view->base.rank};
    for (int i = 0; i < shape.rank; i++)
        shape.dim[i] = view->base.dim[view->order[i]];
    return shape;
}

/* Do the elements lie in the tensor as in the value? Axes of size 1 may move at will. */
static bool keeps_order(const struct onnx_view *view)
{
    int last = -1;
    for (int i = 0; i < view->base.rank; i++) {
        if (view->base.dim[view->order[i]] == 1)
            continue;
        if (view->order[i] < last)
            return false;
        last = view->order[i];
    }
    return true;
}

static struct onnx_view view_in_order(const struct shape *shape)
{
    struct onnx_view view = {.is_set = true, .base = *shape};
    for (int i = 0; i < shape->rank; i++)
        view.order[i] = i;
    return view;
}

static const struct shape *tensor_shape(const struct importer *importer, const struct onnx_value *value)
{
    return &importer->graph->tensors[value->tensor].shape;
}

/* ---- straightening ---- */

/* A node on the way from a view to its value. Its names are the value's, unless the tensor that is viewed
 * bears them already, and end in `suffix`. */
static sned_status emit_way(struct importer *importer, const struct onnx_value *value, enum op op,
                            const struct shape *shape, const char *suffix, int *tensor, struct node **node)
{
    char name[256], node_name[256];
    bool is_taken = strcmp(importer->graph->tensors[value->tensor].name, value->name) == 0;
    onnx_node_name(importer, value, node_name, sizeof node_name - 32);
    strcat(node_name, is_taken ? "/turned" : "");
    strcat(node_name, suffix);
    snprintf(name, sizeof name, "%.200s%s%s", value->name, is_taken ? "/turned" : "", suffix);
    return onnx_emit_named(importer, op, tensor, shape, name, node_name, node);
}

static sned_status emit_way_reshape(struct importer *importer, const struct onnx_value *value,
                                    const struct shape *shape, const char *suffix, int *tensor)
{
    struct node *node;
    bool is_flat = shape->rank == 2;
    SNED_TRY(emit_way(importer, value, is_flat ? OP_FLATTEN : OP_RESHAPE, shape, suffix, tensor, &node));
    if (is_flat)
        node->u.flatten.axis = 1;
    else
        node->u.reshape.shape = *shape;
    return SNED_OK;
}

sned_status onnx_straighten(struct importer *importer, struct onnx_value *value)
{
    const struct onnx_view view = value->view;
    struct shape turned = turned_shape(&view);
    struct node *node;
    int tensor = value->tensor;
    if (!view.is_set)
        return SNED_OK;
    if (!keeps_order(&view)) {
        bool is_last = sned_shape_equal(&turned, &value->shape);
        if (!sned_shape_equal(tensor_shape(importer, value), &view.base))
            SNED_TRY(emit_way_reshape(importer, value, &view.base, "/axes", &tensor));
        SNED_TRY(emit_way(importer, value, OP_TRANSPOSE, &turned, is_last ? "" : "/turned", &tensor, &node));
        memcpy(node->u.transpose.order, view.order, sizeof view.order);
    }
    if (!sned_shape_equal(&importer->graph->tensors[tensor].shape, &value->shape))
        SNED_TRY(emit_way_reshape(importer, value, &value->shape, "", &tensor));
    value->tensor = tensor;
    value->view.is_set = false;
    value->made_by = -1;
    return SNED_OK;
}

/* ---- what views hand on ---- */

void onnx_output_like(struct importer *importer, const struct onnx_value *x)
{
    struct onnx_value *output = onnx_output(importer);
    output->view = x->view;
    output->shape = x->shape;
}

sned_status onnx_emit_like(struct importer *importer, enum op op, const int *inputs, int input_count,
                           const struct onnx_value *x, struct node **node)
{
    const struct shape shape = *tensor_shape(importer, x);
    SNED_TRY(onnx_emit(importer, op, inputs, input_count, &shape, node));
    onnx_output_like(importer, x);
    return SNED_OK;
}

bool onnx_same_view(const struct importer *importer, const struct onnx_value *a, const struct onnx_value *b)
{
    if (!a->view.is_set || !b->view.is_set || !sned_shape_equal(&a->shape, &b->shape) ||
        !sned_shape_equal(&a->view.base, &b->view.base) ||
        !sned_shape_equal(tensor_shape(importer, a), tensor_shape(importer, b)))
        return false;
    return memcmp(a->view.order, b->view.order, sizeof a->view.order) == 0;
}

bool onnx_view_axes(const struct importer *importer, const struct onnx_value *value, int axes[GRAPH_MAX_RANK])
{
    struct shape turned = turned_shape(&value->view);
    for (int i = 0; i < value->shape.rank; i++)
        axes[i] = value->view.is_set ? value->view.order[i] : i;
    return !value->view.is_set || (sned_shape_equal(&turned, &value->shape) &&
                                   sned_shape_equal(tensor_shape(importer, value), &value->view.base));
}

struct shape onnx_tensor_axes(const struct shape *shape, const int *axes)
{
    struct shape turned = {.rank = shape->rank};
    for (int i = 0; i < shape->rank; i++)
        turned.dim[axes[i]] = shape->dim[i];
    return turned;
}

void onnx_output_turned(struct importer *importer, const struct onnx_value *x)
{
    struct onnx_value *output = onnx_output(importer);
    output->view = x->view;
    output->view.base = output->shape;
    if (x->view.is_set)
        output->shape = turned_shape(&output->view);
}

/* The node's output is `tensor` seen through `view` as `shape`: the tensor itself, where that is the same. */
static void set_output(struct importer *importer, int tensor, const struct onnx_view *view,
                       const struct shape *shape)
{
    struct onnx_value *output = onnx_output(importer);
    bool is_plain = keeps_order(view) && sned_shape_equal(&importer->graph->tensors[tensor].shape, shape);
    output->kind = VALUE_ACTIVATION;
    output->shape = *shape;
    output->tensor = tensor;
    output->view = *view;
    output->view.is_set = !is_plain;
}

sned_status onnx_emit_turned(struct importer *importer, struct onnx_value *x, const int order[GRAPH_MAX_RANK])
{
    struct shape turned = turned_shape(&x->view);
    if (x->view.is_set && !keeps_order(&x->view) && !sned_shape_equal(&turned, &x->shape))
        SNED_TRY(onnx_straighten(importer, x));
    /* Elements that lie in order may be taken for any shape. */
    bool is_turned = x->view.is_set && !keeps_order(&x->view);
    struct onnx_view from = is_turned ? x->view : view_in_order(&x->shape), view = from;
    for (int i = 0; i < x->shape.rank; i++)
        view.order[i] = from.order[order[i]];
    struct shape shape = turned_shape(&view);
    bool is_reshape = !x->view.is_set || !sned_shape_equal(&shape, tensor_shape(importer, x));
    if (keeps_order(&view) && is_reshape)
        return onnx_emit_reshape(importer, x->tensor, &shape);
    set_output(importer, x->tensor, &view, &shape);
    return SNED_OK;
}

sned_status onnx_emit_new_shape(struct importer *importer, const struct onnx_value *x,
                                const struct shape *shape)
{
    struct node *node;
    if (x->view.is_set) {
        set_output(importer, x->tensor, &x->view, shape);
        return SNED_OK;
    }
    if (strcmp(importer->node->op_type, "Flatten") != 0)
        return onnx_emit_reshape(importer, x->tensor, shape);
    SNED_TRY(onnx_emit(importer, OP_FLATTEN, &x->tensor, 1, shape, &node));
    node->u.flatten.axis = 1;
    return SNED_OK;
}

/* ---- views of a flat list ---- */

/* places[i]: where the value's element i lies in the tensor. */
static void find_places(const struct onnx_view *view, int *places, int count)
{
    int64_t stride[GRAPH_MAX_RANK], step = 1, at[GRAPH_MAX_RANK] = {0};
    int rank = view->base.rank;
    for (int axis = rank - 1; axis >= 0; axis--) {
        stride[axis] = step;
        step *= view->base.dim[axis];
    }
    for (int i = 0; i < count; i++) {
        int64_t place = 0;
        for (int k = 0; k < rank; k++)
            place += at[k] * stride[view->order[k]];
        places[i] = (int)place;
        for (int k = rank - 1; k >= 0 && ++at[k] == view->base.dim[view->order[k]]; k--)
            at[k] = 0;
    }
}

sned_status onnx_flatten_view(struct importer *importer, struct onnx_value *value, int **places)
{
    *places = NULL;
    if (!value->view.is_set)
        return SNED_OK;
    if (!sned_shape_equal(tensor_shape(importer, value), &value->shape))
        SNED_TRY(emit_way_reshape(importer, value, &value->shape, "", &value->tensor));
    if (keeps_order(&value->view)) {
        value->view.is_set = false;
        return SNED_OK;
    }
    SNED_TRY(sned_alloc(places, (size_t)value->shape.dim[1], sizeof **places, importer->error));
    find_places(&value->view, *places, (int)value->shape.dim[1]);
    return SNED_OK;
}
