/*
 * listed.c - operators that are one node of the graph as they are: the table of operators (graph/operator.h)
 * lists their attributes and knows their shapes.
 */
#include "graph/operator.h"
#include "io/onnx/node/attributes.h"
#include "io/onnx/node/emit.h"
#include "io/onnx/node/inputs.h"
#include "io/onnx/operators/operators.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum op onnx_op(const char *name)
{
    int op = 0;
    while (op < OP_COUNT && strcmp(sned_op_name((enum op)op), name) != 0)
        op++;
    return (enum op)op;
}

/* ---- attributes ---- */

static sned_status read_choice(struct importer *importer, const struct operator_attribute *attribute,
                               int *choice)
{
    char text[32];
    const int otherwise = (int)attribute->otherwise;
    SNED_TRY(onnx_attribute_string(importer, attribute->name, attribute->choices[otherwise], text));
    for (*choice = 0; *choice <= attribute->most; ++*choice)
        if (strcmp(text, attribute->choices[*choice]) == 0)
            return SNED_OK;
    return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "%s '%s' is not handled", attribute->name, text);
}

static sned_status read_int(struct importer *importer, const struct operator_attribute *attribute, int *value)
{
    int64_t number;
    SNED_TRY(onnx_attribute_int(importer, attribute->name, (int64_t)attribute->otherwise, &number));
    if (number < attribute->least || number > attribute->most)
        return onnx_fail(importer, SNED_ERROR_FORMAT, "%s %lld; %d to %d are handled", attribute->name,
                         (long long)number, attribute->least, attribute->most);
    *value = (int)number;
    return SNED_OK;
}

static sned_status read_axis(struct importer *importer, const struct operator_attribute *attribute, int rank,
                             int *axis)
{
    int64_t number;
    SNED_TRY(onnx_attribute_int(importer, attribute->name, (int64_t)attribute->otherwise, &number));
    SNED_TRY(onnx_axis(importer, number, rank, axis));
    if (*axis == 0)
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "along the batch");
    return SNED_OK;
}

static sned_status read_attribute(struct importer *importer, const struct operator_attribute *attribute,
                                  int rank, struct node *node)
{
    int number = 0;
    float value;
    if (attribute->is_required && onnx_attribute(importer, attribute->name) == NULL)
        return onnx_fail(importer, SNED_ERROR_FORMAT, "no %s", attribute->name);
    switch (attribute->kind) {
    case ATTRIBUTE_INT:
        SNED_TRY(read_int(importer, attribute, &number));
        break;
    case ATTRIBUTE_CHOICE:
        SNED_TRY(read_choice(importer, attribute, &number));
        break;
    case ATTRIBUTE_AXIS:
        SNED_TRY(read_axis(importer, attribute, rank, &number));
        break;
    case ATTRIBUTE_FLOAT:
        SNED_TRY(onnx_attribute_float(importer, attribute->name, (float)attribute->otherwise, &value));
        if (!isfinite(value))
            return onnx_fail(importer, SNED_ERROR_FORMAT, "%s %g", attribute->name, value);
        sned_attribute_set_float(node, attribute, value);
        return SNED_OK;
    }
    sned_attribute_set_int(node, attribute, number);
    return SNED_OK;
}

bool onnx_is_listed(enum op op, const char *attribute)
{
    const struct operator_attribute *listed = sned_operator(op)->attributes;
    while (listed->name && strcmp(listed->name, attribute) != 0)
        listed++;
    return listed->name != NULL;
}

/* ---- nodes ---- */

/* On one activation, number by number: also on a view, as its tensor lies. */
static sned_status emit_pointwise(struct importer *importer, const struct node *fields)
{
    struct onnx_value *x;
    struct node *node;
    SNED_TRY(onnx_input_view(importer, 0, &x));
    SNED_TRY(onnx_emit_like(importer, fields->op, &x->tensor, 1, x, &node));
    node->u = fields->u;
    node->activation = fields->activation;
    return SNED_OK;
}

/* On inputs [fields->input_count], which are straightened. */
static sned_status emit_inferred(struct importer *importer, struct node *fields)
{
    struct shape shape;
    struct node *node;
    sned_error why = {0};
    sned_status status = sned_operator(fields->op)->infer(importer->graph, fields, &shape, &why);
    if (status != SNED_OK)
        return onnx_fail(importer, status, "%s", why.message);
    SNED_TRY(onnx_emit(importer, fields->op, fields->inputs, fields->input_count, &shape, &node));
    node->u = fields->u;
    return SNED_OK;
}

static sned_status read_inputs(struct importer *importer, int *inputs, int count, int *rank)
{
    for (int i = 0; i < count; i++) {
        struct onnx_value *x;
        SNED_TRY(onnx_input_activation(importer, i, &x));
        *rank = i == 0 ? x->shape.rank : *rank;
        inputs[i] = x->tensor;
    }
    return SNED_OK;
}

sned_status onnx_convert_listed(struct importer *importer)
{
    struct node fields = {.op = onnx_op(importer->node->op_type), .output_count = 1};
    const struct operator_row *row = sned_operator(fields.op);
    const int count = onnx_input_count(importer);
    int inputs[ONNX_MAX_INPUTS], rank = 0;
    if (count < row->inputs_least)
        return onnx_fail(importer, SNED_ERROR_FORMAT, "%d inputs of %d", count, row->inputs_least);
    fields.activation.kind = row->activation;
    fields.inputs = inputs;
    fields.input_count = count;
    const bool is_pointwise = row->traits & (OPERATOR_POINTWISE | OPERATOR_PASSES) && count == 1;
    if (!is_pointwise)
        SNED_TRY(read_inputs(importer, inputs, count, &rank));
    for (const struct operator_attribute *attribute = row->attributes; attribute->name; attribute++)
        SNED_TRY(read_attribute(importer, attribute, rank, &fields));
    return is_pointwise ? emit_pointwise(importer, &fields) : emit_inferred(importer, &fields);
}
