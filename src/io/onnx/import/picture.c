/*
 * picture.c - which shape of input a picture has: the graph's [1][C][H][W], whatever the file's shape.
 *
 * PyTorch's networks take [N][C][H][W]. Keras' take [N][H][W][C], or [N][H][W] without channels, and networks
 * of Gemms alone take a list, [N][C * H * W], whose order they know. The file says which it is by what reads
 * its input, before any node is converted; where that does not say it, the caller does (onnx_options), or
 * metadata: input.size, and input.layout for the order. The file's own shape then is a view of the graph's
 * input (view.c): what reads it otherwise than as a picture gets the elements in the file's order.
 */
#include "io/onnx/import/import.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what reads the input ---- */

enum {
    READ_TURNED = 1, /* by a Transpose to [N][C][H][W] */
    READ_SHAPED = 2, /* by a Flatten or another new shape */
    READ_ELSE = 4
};

/* Operators behind which elements lie side by side as they did. */
static bool keeps_order_of_axes(const char *op)
{
    static const char *const names[] = {"Add",     "BatchNormalization", "Cast", "Clip", "Div",
                                        "Dropout", "Identity",           "Mul",  "Pad",  "Slice",
                                        "Sub"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(op, names[i]) == 0)
            return true;
    return false;
}

static bool turns_to_channels_first(const Onnx__NodeProto *node)
{
    static const int64_t order[4] = {0, 3, 1, 2};
    for (size_t i = 0; i < node->n_attribute; i++) {
        const Onnx__AttributeProto *attribute = node->attribute[i];
        if (attribute->name && strcmp(attribute->name, "perm") == 0 && attribute->n_ints == 4)
            return memcmp(attribute->ints, order, sizeof order) == 0;
    }
    return false;
}

static unsigned way_of_reading(const Onnx__NodeProto *node)
{
    static const char *const shapes[] = {"Flatten", "Reshape", "Squeeze", "Unsqueeze"};
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        if (strcmp(node->op_type, shapes[i]) == 0)
            return READ_SHAPED;
    return strcmp(node->op_type, "Transpose") == 0 && turns_to_channels_first(node) ? READ_TURNED : READ_ELSE;
}

/* The ways in which nodes read the input, or what operators that keep the order of its axes made of it. */
static sned_status find_readers(struct importer *importer, int input, unsigned *ways)
{
    bool *is_input;
    *ways = 0;
    SNED_TRY(sned_alloc(&is_input, (size_t)importer->value_count, sizeof *is_input, importer->error));
    is_input[input] = true;
    for (int i = 0; i < importer->order_count; i++) {
        const Onnx__NodeProto *node = importer->proto->node[importer->order[i]];
        bool reads = false;
        for (size_t k = 0; k < node->n_input; k++)
            reads |= node->input[k][0] && is_input[sned_names_find(&importer->names, node->input[k])];
        if (!reads || strcmp(node->op_type, "Shape") == 0)
            continue;
        if (!keeps_order_of_axes(node->op_type))
            *ways |= way_of_reading(node);
        else if (node->n_output > 0 && node->output[0][0])
            is_input[sned_names_find(&importer->names, node->output[0])] = true;
    }
    free(is_input);
    return SNED_OK;
}

/* ---- what caller and metadata say ---- */

/* input.size: "227" or "224x160" (height x width). */
static void read_size(const char *text, struct extent *extent)
{
    char *end;
    if (text == NULL || !isdigit((unsigned char)text[0]))
        return;
    long height = strtol(text, &end, 10), width = height;
    if (*end == 'x' && isdigit((unsigned char)end[1]))
        width = strtol(end + 1, &end, 10);
    if (*end != 0 || height < 1 || width < 1 || height > GRAPH_MAX_DIM || width > GRAPH_MAX_DIM)
        return;
    extent->height = (int)height;
    extent->width = (int)width;
}

static bool says_layout(const struct importer *importer, const char *wanted)
{
    const char *layout = onnx_metadata(importer->model, "input.layout");
    return layout && strcmp(layout, wanted) == 0;
}

/* The wanted picture; height 0: none is. Channels are 0 where metadata gives the size. */
static void find_wanted(const struct importer *importer, struct onnx_options *wanted)
{
    *wanted = importer->options;
    if (wanted->picture.height > 0)
        return;
    read_size(onnx_metadata(importer->model, "input.size"), &wanted->picture);
    wanted->channels_last = says_layout(importer, "NHWC");
}

/* ---- the shapes ---- */

static bool is_channels(int64_t size)
{
    return size == 1 || size == 3;
}

/* Two axes that could be a picture's: a list of measurements has a few rows or very long ones. */
static bool looks_like_a_picture(int64_t height, int64_t width)
{
    enum { LEAST_SIDE = 8, MOST_RATIO = 4 };
    const bool is_possible =
        height >= LEAST_SIDE && width >= LEAST_SIDE && height <= GRAPH_MAX_DIM && width <= GRAPH_MAX_DIM;
    return is_possible && height <= MOST_RATIO * width && width <= MOST_RATIO * height;
}

/* A network of Gemms on pictures never turns them; what tells its input from other lists is the size
 * of the axes. A file that says NCHW, as what sned writes does, may turn its input all the same. */
static bool is_channels_last(const struct importer *importer, const struct shape *file,
                             const struct onnx_options *wanted, unsigned ways)
{
    if (says_layout(importer, "NCHW"))
        return false;
    bool could_be = is_channels(file->dim[3]) && !is_channels(file->dim[1]);
    bool only_shaped = !(ways & READ_ELSE) && looks_like_a_picture(file->dim[1], file->dim[2]);
    return ways & READ_TURNED || (could_be && (wanted->channels_last || only_shaped));
}

static void fill_open(struct shape *file, int axis, int size)
{
    if (file->dim[axis] <= 0)
        file->dim[axis] = size;
}

static sned_status fail_size(struct importer *importer, const char *name, const struct shape *file,
                             const struct extent *picture)
{
    char text[128] = "[N]";
    for (int i = 1; i < file->rank; i++)
        snprintf(text + strlen(text), 24, "[%lld]", (long long)file->dim[i]);
    bool is_option = picture->channels > 0;
    return sned_fail(importer->error, is_option ? SNED_ERROR_ARGUMENT : SNED_ERROR_SHAPE,
                     "input '%.80s' is %s; a picture of %dx%d%s does not fit it", name, text, picture->height,
                     picture->width,
                     picture->channels == 0   ? " (metadata input.size)"
                     : picture->channels == 1 ? " in gray"
                                              : " in color");
}

/* [N][C][H][W] or [N][H][W][C]: open sizes are filled, and where the caller names a picture it
 * must be this. */
static sned_status picture_of_4(struct importer *importer, const char *name,
                                const struct onnx_options *wanted, unsigned ways, struct shape *file,
                                struct input_picture *picture)
{
    const struct extent *size = &wanted->picture;
    picture->channels_last = is_channels_last(importer, file, wanted, ways);
    int height = picture->channels_last ? 1 : 2, channels = picture->channels_last ? 3 : 1;
    fill_open(file, height, size->height);
    fill_open(file, height + 1, size->width);
    if (size->channels > 0 && (file->dim[channels] != size->channels || file->dim[height] != size->height ||
                               file->dim[height + 1] != size->width))
        return fail_size(importer, name, file, size);
    picture->is_set = picture->channels_last;
    picture->shape = sned_shape(4, (int64_t)1, file->dim[channels], file->dim[height], file->dim[height + 1]);
    return SNED_OK;
}

/* [N][H][W], where someone says so or everything that reads it gives it another shape. */
static sned_status picture_of_3(struct importer *importer, const char *name,
                                const struct onnx_options *wanted, unsigned ways, struct shape *file,
                                struct input_picture *picture)
{
    const struct extent *size = &wanted->picture;
    fill_open(file, 1, size->height);
    fill_open(file, 2, size->width);
    picture->is_set =
        size->height > 0 || (ways == READ_SHAPED && looks_like_a_picture(file->dim[1], file->dim[2]));
    picture->shape = sned_shape(4, (int64_t)1, (int64_t)1, file->dim[1], file->dim[2]);
    if (size->height > 0 &&
        (size->channels > 1 || file->dim[1] != size->height || file->dim[2] != size->width))
        return fail_size(importer, name, file, size);
    return SNED_OK;
}

/* [N][C * H * W], where someone says so. */
static sned_status picture_of_2(struct importer *importer, const char *name,
                                const struct onnx_options *wanted, struct shape *file,
                                struct input_picture *picture)
{
    const struct extent *size = &wanted->picture;
    int64_t plane = (int64_t)size->height * size->width;
    if (plane == 0)
        return SNED_OK;
    int64_t channels = size->channels > 0 ? size->channels : file->dim[1] / plane;
    if (file->dim[1] <= 0 && plane * channels <= GRAPH_MAX_DIM)
        file->dim[1] = plane * channels;
    if (!is_channels(channels) || file->dim[1] != plane * channels)
        return fail_size(importer, name, file, size);
    picture->is_set = true;
    picture->channels_last = wanted->channels_last;
    picture->shape = sned_shape(4, (int64_t)1, channels, (int64_t)size->height, (int64_t)size->width);
    return SNED_OK;
}

sned_status onnx_find_picture(struct importer *importer, int input, struct shape *file,
                              struct input_picture *picture)
{
    const char *name = importer->values[input].name;
    struct onnx_options wanted;
    unsigned ways;
    *picture = (struct input_picture){0};
    find_wanted(importer, &wanted);
    SNED_TRY(find_readers(importer, input, &ways));
    if (file->rank == 4)
        return picture_of_4(importer, name, &wanted, ways, file, picture);
    if (file->rank == 3)
        return picture_of_3(importer, name, &wanted, ways, file, picture);
    return picture_of_2(importer, name, &wanted, file, picture);
}
