/*
 * input.c - the graph's one input, from the file's list.
 */
#include "io/onnx/import/import.h"

#include <string.h>

/* The one input of the file that is no initialiser. */
static sned_status find_input(struct importer *importer, const Onnx__ValueInfoProto **input,
                              struct onnx_value **value)
{
    int count = 0;
    for (size_t i = 0; i < importer->proto->n_input; i++) {
        struct onnx_value *found =
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

static int64_t dimension(const Onnx__TensorShapeProto *shape, size_t axis)
{
    const Onnx__TensorShapeProto__Dimension *dim = shape->dim[axis];
    return dim->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE ? dim->dim_value : 0;
}

/* The file's shape, 0 where it is open, with batch 1. */
static sned_status file_shape(struct importer *importer, const Onnx__ValueInfoProto *input,
                              struct shape *shape)
{
    const Onnx__TypeProto__Tensor *type =
        input->type && input->type->value_case == ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE
            ? input->type->tensor_type
            : NULL;
    if (type == NULL ||
        (type->elem_type != ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT &&
         type->elem_type != ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE && !onnx_is_narrow(type->elem_type)))
        return sned_fail(importer->error, SNED_ERROR_UNSUPPORTED, "input '%s' is not a float tensor",
                         input->name);
    if (type->shape == NULL || type->shape->n_dim < 2 || type->shape->n_dim > 4)
        return sned_fail(importer->error, SNED_ERROR_UNSUPPORTED,
                         "input '%s' has no shape of 2 to 4 dimensions, batch first", input->name);
    *shape = (struct shape){.rank = (int)type->shape->n_dim};
    for (int i = 0; i < shape->rank; i++)
        shape->dim[i] = dimension(type->shape, (size_t)i);
    importer->is_input_narrow = onnx_is_narrow(type->elem_type);
    importer->is_batch_open = shape->dim[0] <= 0;
    importer->batch = shape->dim[0] > 0 ? shape->dim[0] : 1;
    shape->dim[0] = 1;
    return SNED_OK;
}

static sned_status check_sizes(struct importer *importer, const char *name, const struct shape *shape)
{
    for (int i = 1; i < shape->rank; i++)
        if (shape->dim[i] < 1 || shape->dim[i] > GRAPH_MAX_DIM)
            return sned_fail(
                importer->error, SNED_ERROR_UNSUPPORTED,
                "input '%s' leaves axis %d open; export the model with fixed sizes, or give the size of its "
                "pictures (--input 3x224x224), or set input.size in its metadata",
                name, i);
    return SNED_OK;
}

/* The file's shape as a view of the picture that the graph takes. */
static void view_picture(struct importer *importer, struct onnx_value *value,
                         const struct input_picture *picture)
{
    static const int from_channels_last[4] = {0, 2, 3, 1};
    value->view = (struct onnx_view){.is_set = true, .base = picture->shape, .order = {0, 1, 2, 3}};
    if (picture->channels_last)
        memcpy(value->view.order, from_channels_last, sizeof from_channels_last);
    importer->graph->given = (struct given_input){value->shape, picture->channels_last};
}

sned_status onnx_make_input(struct importer *importer)
{
    const Onnx__ValueInfoProto *input = NULL;
    struct onnx_value *value = NULL;
    struct input_picture picture;
    struct shape shape;
    const char *name;
    int tensor;
    SNED_TRY(find_input(importer, &input, &value));
    SNED_TRY(file_shape(importer, input, &shape));
    SNED_TRY(onnx_find_picture(importer, (int)(value - importer->values), &shape, &picture));
    SNED_TRY(check_sizes(importer, input->name, &shape));
    SNED_TRY(sned_unique_name(&importer->tensor_names, value->name, &name, importer->error));
    SNED_TRY(sned_graph_add_tensor(importer->graph, name, TENSOR_F32,
                                   picture.is_set ? &picture.shape : &shape, NULL, &tensor, importer->error));
    value->kind = VALUE_ACTIVATION;
    value->shape = shape;
    value->tensor = tensor;
    importer->graph->input = tensor;
    if (picture.is_set)
        view_picture(importer, value, &picture);
    return SNED_OK;
}
