/*
 * onnx_input.c - the graph's one input and one output, from the file's lists.
 */
#include "io/onnx_import.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* The one input of the file that is no initialiser. */
static sned_status find_input(struct importer *importer, const Onnx__ValueInfoProto **input,
                              struct value **value)
{
    int count = 0;
    for (size_t i = 0; i < importer->proto->n_input; i++) {
        struct value *found =
            &importer->values[sned_names_find(&importer->names, importer->proto->input[i]->name)];
        if (found->initializer)
            continue;
        *input = importer->proto->input[i];
        *value = found;
        count++;
    }
    if (count != 1)
        return sned_fail(importer->error, SNED_ERROR_UNSUPPORTED, "the network has %d inputs; one is handled",
                         count);
    return SNED_OK;
}

/* input.size: "227" or "224x160" (height x width); 0 where it is absent or no size. */
static void declared_size(const struct importer *importer, int64_t size[2])
{
    const char *text = onnx_metadata(importer->model, "input.size");
    char *end;
    size[0] = size[1] = 0;
    if (text == NULL || !isdigit((unsigned char)text[0]))
        return;
    size[0] = size[1] = strtol(text, &end, 10);
    if (*end == 'x' && isdigit((unsigned char)end[1]))
        size[1] = strtol(end + 1, &end, 10);
    if (*end != 0)
        size[0] = size[1] = 0;
}

static int64_t dimension(const Onnx__TensorShapeProto *shape, size_t axis)
{
    const Onnx__TensorShapeProto__Dimension *dim = shape->dim[axis];
    return dim->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE ? dim->dim_value : 0;
}

/* Batch 1; height and width that the file leaves open come from input.size. */
static sned_status input_shape(struct importer *importer, const Onnx__ValueInfoProto *input,
                               struct shape *shape)
{
    const Onnx__TypeProto__Tensor *type =
        input->type && input->type->value_case == ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE
            ? input->type->tensor_type
            : NULL;
    if (type == NULL || type->elem_type != ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT)
        return sned_fail(importer->error, SNED_ERROR_UNSUPPORTED, "input '%s' is not a float tensor",
                         input->name);
    if (type->shape == NULL || type->shape->n_dim < 2 || type->shape->n_dim > 4)
        return sned_fail(importer->error, SNED_ERROR_UNSUPPORTED,
                         "input '%s' has no shape of 2 to 4 dimensions, batch first", input->name);
    int64_t size[2];
    const char *layout = onnx_metadata(importer->model, "input.layout");
    int height = layout && strcmp(layout, "NHWC") == 0 ? 1 : 2;
    declared_size(importer, size);
    *shape = (struct shape){.rank = (int)type->shape->n_dim};
    for (int i = 0; i < shape->rank; i++) {
        shape->dim[i] = dimension(type->shape, (size_t)i);
        bool is_open = shape->rank == 4 && shape->dim[i] <= 0 && i >= height && i < height + 2;
        if (is_open)
            shape->dim[i] = size[i - height];
        if (i > 0 && (shape->dim[i] < 1 || shape->dim[i] > GRAPH_MAX_DIM))
            return sned_fail(
                importer->error, SNED_ERROR_UNSUPPORTED,
                "input '%s' leaves axis %d open; export the model with fixed sizes, or set input.size "
                "in its metadata",
                input->name, i);
    }
    importer->is_batch_open = shape->dim[0] <= 0;
    importer->batch = shape->dim[0] > 0 ? shape->dim[0] : 1;
    shape->dim[0] = 1;
    return SNED_OK;
}

sned_status onnx_make_input(struct importer *importer)
{
    const Onnx__ValueInfoProto *input = NULL;
    struct value *value = NULL;
    struct shape shape;
    const char *name;
    int tensor;
    SNED_TRY(find_input(importer, &input, &value));
    SNED_TRY(input_shape(importer, input, &shape));
    SNED_TRY(sned_unique_name(&importer->tensor_names, value->name, &name, importer->error));
    SNED_TRY(
        sned_graph_add_tensor(importer->graph, name, TENSOR_F32, &shape, NULL, &tensor, importer->error));
    value->kind = VALUE_ACTIVATION;
    value->shape = shape;
    value->tensor = tensor;
    importer->graph->input = tensor;
    return SNED_OK;
}

sned_status onnx_make_output(struct importer *importer)
{
    const char *name = importer->proto->output[0]->name;
    const struct value *value = &importer->values[sned_names_find(&importer->names, name)];
    if (value->kind != VALUE_ACTIVATION)
        return sned_fail(importer->error, SNED_ERROR_FORMAT, "the output '%s' does not depend on the input",
                         name);
    importer->graph->output = value->tensor;
    return SNED_OK;
}
