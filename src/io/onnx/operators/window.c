/*
 * window.c - operators that slide a window: Conv and the pools.
 *
 * The graph knows images, [1][C][H][W]. A one-dimensional Conv or pool on [1][C][W] is done on [1][C][1][W],
 * between two Reshapes; a pool on [1][C][D][H][W] whose window moves along D alone is done on
 * [1][C][D][H * W].
 */
#include "io/onnx/node/attributes.h"
#include "io/onnx/node/emit.h"
#include "io/onnx/node/inputs.h"
#include "io/onnx/operators/operators.h"

#include <math.h>
#include <string.h>

enum { MAX_SPATIAL = 3 };

/* The data input as an image. */
struct image_input {
    int tensor;
    struct shape shape; /* [1][C][H][W] */
    struct shape from;  /* the file's */
    int spatial;        /* axes of the file's window: 2, 1 for [1][C][W], 3 for [1][C][D][H][W] */
};

static sned_status image_input(struct importer *importer, int most_axes, struct image_input *image)
{
    struct onnx_value *x;
    SNED_TRY(onnx_input_activation(importer, 0, &x));
    if (x->shape.rank < 3 || x->shape.rank > 2 + most_axes)
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED,
                         "on a tensor of %d dimensions; 3 to %d are handled", x->shape.rank, 2 + most_axes);
    image->spatial = x->shape.rank - 2;
    image->tensor = x->tensor;
    image->shape = image->from = x->shape;
    if (image->spatial == 2)
        return SNED_OK;
    const int64_t *dim = image->from.dim;
    image->shape = image->spatial == 1 ? sned_shape(4, (int64_t)1, dim[1], (int64_t)1, dim[2])
                                       : sned_shape(4, (int64_t)1, dim[1], dim[2], dim[3] * dim[4]);
    return onnx_emit_reshape_step(importer, x->tensor, &image->shape, "/image", &image->tensor);
}

/* The node itself, and a Reshape back to the file's axes. *node stays valid until the next call. */
static sned_status emit_window_node(struct importer *importer, const struct image_input *image, enum op op,
                                    const int *inputs, int input_count, const struct shape *shape,
                                    const struct node *fields)
{
    struct node *node;
    int tensor;
    if (image->spatial == 2) {
        SNED_TRY(onnx_emit(importer, op, inputs, input_count, shape, &node));
        node->u = fields->u;
        return SNED_OK;
    }
    SNED_TRY(onnx_emit_step(importer, op, inputs, input_count, shape, "/window", &tensor, &node));
    node->u = fields->u;
    struct shape back = image->from;
    back.dim[1] = shape->dim[1];
    back.dim[2] = shape->dim[image->spatial == 1 ? 3 : 2];
    return onnx_emit_reshape(importer, tensor, &back);
}

/* One list attribute with an entry per spatial axis (pads: two), each in [low,
 * GRAPH_MAX_DIM]. Absent: untouched. */
static sned_status window_ints(struct importer *importer, const char *name, int expected, int64_t low,
                               int *values)
{
    const int64_t *given;
    int count;
    SNED_TRY(onnx_attribute_ints(importer, name, &given, &count));
    if (given == NULL)
        return SNED_OK;
    if (count != expected)
        return onnx_fail(importer, SNED_ERROR_FORMAT, "%s has %d entries instead of %d", name, count,
                         expected);
    for (int i = 0; i < count; i++) {
        if (given[i] < low || given[i] > GRAPH_MAX_DIM)
            return onnx_fail(importer, SNED_ERROR_FORMAT, "%s has the entry %lld", name, (long long)given[i]);
        values[i] = (int)given[i];
    }
    return SNED_OK;
}

/* SAME: as many outputs as ceil(input / stride); an odd padding gets its extra row below or above. */
static void same_padding(struct window *window, int axis, int64_t input, bool upper)
{
    int64_t output = (input + window->stride[axis] - 1) / window->stride[axis];
    int64_t extent = (int64_t)(window->kernel[axis] - 1) * window->dilation[axis] + 1;
    int64_t total = (output - 1) * window->stride[axis] + extent - input;
    if (total < 0)
        total = 0;
    window->pad_begin[axis] = (int)(upper ? total / 2 : total - total / 2);
    window->pad_end[axis] = (int)(total - window->pad_begin[axis]);
}

/* The attributes of a window, an entry for each of the file's spatial axes. */
struct spatial_window {
    int kernel[MAX_SPATIAL], stride[MAX_SPATIAL], dilation[MAX_SPATIAL];
    int pads[2 * MAX_SPATIAL]; /* all begins, then all ends */
};

/* The axis of the graph's window, 0 or 1, that the file's axis `i` is. */
static int window_axis(const struct image_input *image, int i)
{
    return image->spatial == 1 ? 1 : i;
}

/* Nothing may happen along the last two of three axes, which are one axis of the image. */
static sned_status move_window(struct importer *importer, const struct image_input *image,
                               const struct spatial_window *from, struct window *window)
{
    *window = (struct window){.kernel = {1, 1}, .stride = {1, 1}, .dilation = {1, 1}};
    for (int i = 0; i < image->spatial; i++) {
        int axis = window_axis(image, i), begin = from->pads[i], end = from->pads[image->spatial + i];
        if (image->spatial == 3 && i > 0) {
            if (from->kernel[i] != 1 || from->stride[i] != 1 || begin != 0 || end != 0)
                return onnx_fail(importer, SNED_ERROR_UNSUPPORTED,
                                 "a window in three dimensions; along the first alone it is handled");
            continue;
        }
        window->kernel[axis] = from->kernel[i];
        window->stride[axis] = from->stride[i];
        window->dilation[axis] = from->dilation[i];
        window->pad_begin[axis] = begin;
        window->pad_end[axis] = end;
    }
    return SNED_OK;
}

/* auto_pad, which replaces pads; *is_automatic: the number of outputs follows from it alone, whatever
 * ceil_mode says. */
static sned_status read_auto_pad(struct importer *importer, const struct image_input *image,
                                 struct window *window, bool *is_automatic)
{
    char mode[32];
    SNED_TRY(onnx_attribute_string(importer, "auto_pad", "NOTSET", mode));
    *is_automatic = strcmp(mode, "NOTSET") != 0;
    bool upper = strcmp(mode, "SAME_UPPER") == 0, lower = strcmp(mode, "SAME_LOWER") == 0;
    if (*is_automatic && !upper && !lower && strcmp(mode, "VALID") != 0)
        return onnx_fail(importer, SNED_ERROR_FORMAT, "auto_pad '%s'", mode);
    for (int axis = 0; *is_automatic && axis < 2; axis++) {
        window->pad_begin[axis] = window->pad_end[axis] = 0;
        if (upper || lower)
            same_padding(window, axis, image->shape.dim[2 + axis], upper);
    }
    return SNED_OK;
}

/* kernel (from kernel_shape, else from `kernel`, which may be NULL), strides, dilations and padding. */
static sned_status read_window(struct importer *importer, const struct image_input *image,
                               const int64_t *kernel, struct window *window, bool *is_automatic)
{
    struct spatial_window from = {.kernel = {1, 1, 1}, .stride = {1, 1, 1}, .dilation = {1, 1, 1}};
    if (kernel == NULL && onnx_attribute(importer, "kernel_shape") == NULL)
        return onnx_fail(importer, SNED_ERROR_FORMAT, "no kernel_shape");
    for (int i = 0; kernel && i < image->spatial; i++)
        from.kernel[i] = (int)kernel[i];
    SNED_TRY(window_ints(importer, "kernel_shape", image->spatial, 1, from.kernel));
    for (int i = 0; kernel && i < image->spatial; i++)
        if (kernel[i] != from.kernel[i])
            return onnx_fail(importer, SNED_ERROR_SHAPE, "kernel_shape %d, but weights of %lld along axis %d",
                             from.kernel[i], (long long)kernel[i], i + 2);
    SNED_TRY(window_ints(importer, "strides", image->spatial, 1, from.stride));
    SNED_TRY(window_ints(importer, "dilations", image->spatial, 1, from.dilation));
    SNED_TRY(window_ints(importer, "pads", 2 * image->spatial, 0, from.pads));
    SNED_TRY(move_window(importer, image, &from, window));
    return read_auto_pad(importer, image, window, is_automatic);
}

/* Height and width of what the window gives on `image`. */
static sned_status window_shape(struct importer *importer, const struct image_input *image,
                                const struct window *window, bool ceil_mode, struct shape *shape)
{
    for (int i = 0; i < 2; i++) {
        int64_t input = image->shape.dim[2 + i];
        int64_t extent = (int64_t)(window->kernel[i] - 1) * window->dilation[i] + 1;
        if (input + window->pad_begin[i] + window->pad_end[i] < extent)
            return onnx_fail(importer, SNED_ERROR_SHAPE, "a window of %lld does not fit into %lld + %d + %d",
                             (long long)extent, (long long)input, window->pad_begin[i], window->pad_end[i]);
        shape->dim[2 + i] = sned_window_output(window, i, input, ceil_mode);
    }
    return SNED_OK;
}

/* ---- Conv ---- */

/* Shapes of the weights: in the file [K][C/groups][R][S] (or [S]), in the graph always the former. */
static sned_status conv_weight_shape(struct importer *importer, const struct image_input *image,
                                     int64_t groups, struct shape *weights)
{
    struct onnx_value *value;
    SNED_TRY(onnx_input(importer, 1, &value));
    if (value == NULL || value->kind != VALUE_FLOATS)
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "its weights are not constant floats");
    if (value->shape.rank != 2 + image->spatial)
        return onnx_fail(importer, SNED_ERROR_SHAPE, "weights of %d dimensions on data of %d",
                         value->shape.rank, 2 + image->spatial);
    *weights = value->shape;
    if (image->spatial == 1)
        *weights = sned_shape(4, value->shape.dim[0], value->shape.dim[1], (int64_t)1, value->shape.dim[2]);
    for (int i = 0; i < 4; i++)
        if (weights->dim[i] < 1)
            return onnx_fail(importer, SNED_ERROR_SHAPE, "weights without elements");
    if (groups < 1 || groups > weights->dim[0] || weights->dim[0] % groups != 0 ||
        weights->dim[1] * groups != image->shape.dim[1])
        return onnx_fail(importer, SNED_ERROR_SHAPE,
                         "%lld channels, but weights for %lld in each of %lld groups of %lld outputs",
                         (long long)image->shape.dim[1], (long long)weights->dim[1], (long long)groups,
                         (long long)weights->dim[0]);
    return SNED_OK;
}

sned_status onnx_convert_conv(struct importer *importer)
{
    struct image_input image;
    struct shape weights;
    struct node fields = {0};
    int64_t groups;
    bool is_automatic;
    SNED_TRY(image_input(importer, 2, &image));
    SNED_TRY(onnx_attribute_int(importer, "group", 1, &groups));
    SNED_TRY(conv_weight_shape(importer, &image, groups, &weights));
    SNED_TRY(
        read_window(importer, &image, weights.dim + 4 - image.spatial, &fields.u.conv.window, &is_automatic));
    fields.u.conv.groups = (int)groups;
    struct shape bias = sned_shape(1, weights.dim[0]);
    struct shape shape = sned_shape(4, (int64_t)1, weights.dim[0], (int64_t)1, (int64_t)1);
    SNED_TRY(window_shape(importer, &image, &fields.u.conv.window, false, &shape));
    int inputs[3] = {image.tensor, -1, -1};
    SNED_TRY(onnx_input_weights(importer, 1, &weights, &inputs[1]));
    SNED_TRY(onnx_input_weights(importer, 2, &bias, &inputs[2]));
    return emit_window_node(importer, &image, OP_CONV, inputs, 3, &shape, &fields);
}

/* ---- pools ---- */

static sned_status convert_pool(struct importer *importer, enum op op)
{
    struct image_input image;
    struct node fields = {0};
    int64_t ceil_mode, include_pad, storage_order;
    bool is_automatic;
    SNED_TRY(image_input(importer, MAX_SPATIAL, &image));
    SNED_TRY(onnx_attribute_int(importer, "ceil_mode", 0, &ceil_mode));
    SNED_TRY(onnx_attribute_int(importer, "count_include_pad", 0, &include_pad));
    SNED_TRY(
        onnx_attribute_int(importer, "storage_order", 0, &storage_order)); /* of the indices: not computed */
    SNED_TRY(read_window(importer, &image, NULL, &fields.u.pool.window, &is_automatic));
    fields.u.pool.ceil_mode = ceil_mode != 0 && !is_automatic;
    fields.u.pool.count_include_pad = include_pad != 0;
    struct shape shape = image.shape;
    SNED_TRY(window_shape(importer, &image, &fields.u.pool.window, fields.u.pool.ceil_mode, &shape));
    return emit_window_node(importer, &image, op, &image.tensor, 1, &shape, &fields);
}

sned_status onnx_convert_max_pool(struct importer *importer)
{
    return convert_pool(importer, OP_MAX_POOL);
}

sned_status onnx_convert_average_pool(struct importer *importer)
{
    return convert_pool(importer, OP_AVERAGE_POOL);
}
