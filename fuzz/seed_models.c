/*
 * seed_models.c - writes the seeds that are networks: every operator that is read from ONNX, and .sned files
 * of every operator, format and section.
 *
 *     fuzz-seeds FOLDER      FOLDER/onnx/NAME.onnx, FOLDER/sned/NAME.sned, FOLDER/weights/NAME.weights
 *
 * As small as they can be: a fuzzer changes small files more often than large ones.
 */
#include "codec/codec.h"
#include "base/file.h"
#include "tests/common/integer_graphs.h"
#include "tests/common/onnx_builder.h"

#include <sys/stat.h>

static const char *folder;

static void write_file(const char *kind, const char *name, const struct buffer *file)
{
    char path[1024];
    sned_error error;

    snprintf(path, sizeof path, "%s/%s", folder, kind);
    mkdir(path, 0777); /* may be there already */
    snprintf(path, sizeof path, "%s/%s/%s.%s", folder, kind, name, kind);
    if (sned_file_write(path, file->data, file->size, &error) != SNED_OK) {
        fprintf(stderr, "fuzz-seeds: %s\n", error.message);
        exit(1);
    }
}

/* ---- ONNX ---- */

/* One line of a network: operator, inputs, attributes; its name and its output are "n" and its number. */
struct line {
    const char *op, *inputs, *attributes;
};

static void write_model(struct builder *model, const char *name)
{
    model_finish(model);
    write_file("onnx", name, &model->file);
    sned_buffer_free(&model->file);
}

static void write_onnx(struct builder *model, const char *name, const struct line *lines)
{
    char output[16] = "x";

    for (int i = 0; lines[i].op; i++) {
        snprintf(output, sizeof output, "n%d", i);
        model_node(model, lines[i].op, output, lines[i].inputs, output, lines[i].attributes);
    }
    model_output(model, output);
    write_model(model, name);
}

static void write_perceptron(void)
{
    struct builder model = {.opset = 13};

    model_input(&model, "x", "N,1,2,2");
    model_floats(&model, "w", "3,4");
    model_floats(&model, "v", "3,2");
    model_floats(&model, "b", "3");
    model_property(&model, "input.mean", "127.5");
    model_property(&model, "input.scale", "0.01");
    model_property(&model, "labels", "classes: a,b");
    model_property(&model, "labels.offset", "-1");
    write_onnx(&model, "perceptron",
               (const struct line[]){{"Flatten", "x", "axis=1"},
                                     {"Gemm", "n0 w b", "transB=1 alpha=0.5 beta=2.0"},
                                     {"Relu", "n1", ""},
                                     {"MatMul", "n2 v", ""},
                                     {"Softmax", "n3", "axis=-1"},
                                     {0}});
}

static void write_convolution(void)
{
    struct builder model = {.opset = 11};

    model_input(&model, "x", "1,3,6,6");
    model_floats(&model, "w", "4,3,3,3");
    model_floats(&model, "d", "4,1,2,2");
    model_floats(&model, "s", "4");
    model_number(&model, "low", 0);
    model_number(&model, "high", 6);
    model_property(&model, "input.color", "BGR");
    model_property(&model, "input.mean", "1,2,3");
    write_onnx(&model, "convolution",
               (const struct line[]){{"Conv", "x w s", "kernel_shape=[3,3] auto_pad='SAME_UPPER' group=1"},
                                     {"BatchNormalization", "n0 s s s s", "epsilon=0.001"},
                                     {"Clip", "n1 low high", ""},
                                     {"Conv", "n2 d", "pads=[1,0,0,1] strides=[2,1] dilations=[1,2] group=4"},
                                     {"GlobalAveragePool", "n3", ""},
                                     {0}});
}

static void write_pools(void)
{
    struct builder model = {.opset = 12};

    model_input(&model, "x", "N,2,7,5");
    write_onnx(
        &model, "pools",
        (const struct line[]){
            {"MaxPool", "x", "kernel_shape=[3,2] strides=[2,1] ceil_mode=1 dilations=[1,2]"},
            {"AveragePool", "x", "kernel_shape=[3,2] strides=[2,1] pads=[1,1,1,1] count_include_pad=1"},
            {"LRN", "n1", "size=3 alpha=0.01 beta=0.75 bias=1.0"},
            {"LeakyRelu", "n2", "alpha=0.1"},
            {"Dropout", "n3", ""},
            {"ReduceMean", "n4", "axes=[2,3] keepdims=1"},
            {0}});
}

/* A node and a network of several outputs. */
static void write_outputs(void)
{
    struct builder model = {.opset = 13};

    model_input(&model, "x", "N,6,2,2");
    model_ints(&model, "sizes", "1,3,2");
    model_node(&model, "Split", "s", "x sizes", "a b c", "axis=1");
    model_node(&model, "Concat", "j", "c a", "y", "axis=1");
    model_node(&model, "Softmax", "e", "b", "z", "axis=1");
    model_output(&model, "y");
    model_output(&model, "b");
    model_output(&model, "z");
    write_model(&model, "outputs");
}

static void write_residual(void)
{
    struct builder model = {.opset = 13};

    model_input(&model, "x", "N,2,4,4");
    model_ints(&model, "starts", "0,0");
    model_ints(&model, "ends", "4,4");
    model_ints(&model, "axes", "2,3");
    model_ints(&model, "steps", "2,2");
    model_ints(&model, "pads", "0,1,0,0,0,1,0,0");
    model_floats(&model, "scale", "4,1,1");
    write_onnx(&model, "residual",
               (const struct line[]){{"Slice", "x starts ends axes steps", ""},
                                     {"Pad", "n0 pads", "mode='constant'"},
                                     {"MaxPool", "x", "kernel_shape=[1,1] strides=[2,2]"},
                                     {"Concat", "n2 n2", "axis=1"},
                                     {"Add", "n1 n3", ""},
                                     {"Mul", "n4 scale", ""},
                                     {"Identity", "n5", ""},
                                     {"Transpose", "n6", "perm=[0,2,3,1]"},
                                     {0}});
}

/* Shapes that are computed in the file, as exporters write them. */
static void write_folding(void)
{
    struct builder model = {.opset = 13};

    model_input(&model, "x", "N,2,3,4");
    model_ints(&model, "zero", "0");
    model_ints(&model, "one", "1");
    model_ints(&model, "two", "2");
    model_ints(&model, "minus", "-1");
    write_onnx(&model, "folding",
               (const struct line[]){{"Shape", "x", ""},
                                     {"Gather", "n0 zero", "axis=0"},
                                     {"Slice", "n0 one two zero", ""},
                                     {"Mul", "n2 two", ""},
                                     {"Sub", "n3 one", ""},
                                     {"Div", "n4 one", ""},
                                     {"Cast", "n5", "to=7"},
                                     {"Squeeze", "n1 zero", ""},
                                     {"Unsqueeze", "n7 zero", ""},
                                     {"ConstantOfShape", "one", ""},
                                     {"Cast", "n9", "to=7"},
                                     {"Add", "n10 n8", ""},
                                     {"Concat", "n11 minus", "axis=0"},
                                     {"Reshape", "x n12", "allowzero=0"},
                                     {0}});
}

/* A TensorProto whose elements lie in list `field`, not in raw bytes. */
static void put_list(struct builder *model, const char *name, int type, const char *dims, int field,
                     const void *list, size_t size)
{
    struct buffer tensor = {0};

    put_numbers(&tensor, 1, dims);
    put_number(&tensor, 2, type);
    put_bytes(&tensor, field, list, size); /* numbers of a fixed size, packed */
    put_text(&tensor, 8, name);
    put_message(&model->graph, 5, &tensor);
}

/* Constants in every type, as weights, as sums, and as a shape. */
static void write_types(void)
{
    enum { FLOAT = 1, INT64 = 7, HALF = 10, DOUBLE = 11, BFLOAT = 16 };
    static const float floats[] = {1, -2, 0.5f, 3};
    static const double doubles[] = {0.25, -1};
    static const uint16_t halves[] = {0x3c00, 0xc000, 0x0001, 0x7bff};
    struct builder model = {.opset = 13};

    model_input(&model, "x", "N,2");
    put_list(&model, "floats", FLOAT, "2,2", 4, floats, sizeof floats);
    put_list(&model, "doubles", DOUBLE, "2", 10, doubles, sizeof doubles);
    put_list(&model, "int64s", INT64, "2", 7, "\1\2", 2); /* varints */
    put_list(&model, "int32s", HALF, "2", 5, "\x80\x78\1", 3);
    model_tensor(&model, "halves", HALF, "2,2", halves, sizeof halves);
    model_tensor(&model, "bfloats", BFLOAT, "2", "\x80\x3f\0\xc0", 4);
    model_tensor(&model, "bytes", 3, "2", "\xff\2", 2);
    write_onnx(&model, "types",
               (const struct line[]){{"MatMul", "x floats", ""},
                                     {"Add", "n0 doubles", ""},
                                     {"Mul", "n1 int32s", ""},
                                     {"Gemm", "n2 halves bfloats", "transB=1"},
                                     {"Sub", "int64s int64s", ""},
                                     {"Add", "n4 bytes", ""},
                                     {"Reshape", "n3 n5", ""},
                                     {0}});
}

/* "w" is what the target lays beside the model. */
static void write_external(void)
{
    enum { FLOAT = 1, INT32 = 6, HALF = 10 };
    struct builder model = {.opset = 18};

    model_input(&model, "x", "N,4");
    model_external(&model, "floats", FLOAT, "4,4", "location=w offset=64 length=64");
    model_external(&model, "halves", HALF, "4", "location=./w offset=8");
    model_external(&model, "ints", INT32, "2", "location=w offset=128 length=8 other=1");
    write_onnx(&model, "external",
               (const struct line[]){
                   {"Gemm", "x floats halves", ""}, {"Sub", "ints ints", ""}, {"Reshape", "n0 n1", ""}, {0}});
}

static void write_old_style(void)
{
    struct builder model = {.opset = 9};

    model_input(&model, "x", "1,2,3,3");
    model_floats(&model, "w", "18,2");
    write_onnx(&model, "opset9",
               (const struct line[]){{"Clip", "x", "min=0.5 max=6.5"},
                                     {"Slice", "n0", "starts=[0] ends=[2] axes=[1]"},
                                     {"Unsqueeze", "n1", "axes=[0]"},
                                     {"Squeeze", "n2", "axes=[0]"},
                                     {"Pad", "n3", "pads=[0,0,0,0,0,0,0,0]"},
                                     {"Flatten", "n4", ""},
                                     {"MatMul", "n5 w", ""},
                                     {"Softmax", "n6", "axis=1"},
                                     {0}});
}

/* ---- .sned ---- */

static struct graph *resized_graph(void)
{
    struct graph *graph = small_graph(0.5f, 1);
    graph->rule.resize = (struct resize){RESIZE_SIDE, 8};
    return graph;
}

static void write_packed(const char *name, struct graph *graph, int format)
{
    struct buffer file = {0};
    int force[64];
    sned_error error;

    for (int i = 0; i < graph->node_count; i++)
        force[i] = format;
    if (sned_pack(graph, &(struct pack_options){.force = force}, &file, NULL, NULL, &error) != SNED_OK) {
        fprintf(stderr, "fuzz-seeds: %s: %s\n", name, error.message);
        exit(1);
    }
    write_file("sned", name, &file);
    sned_buffer_free(&file);
    sned_graph_free(graph);
}

static struct maker begin(const char *name, int channels, int height, int width)
{
    struct shape input = sned_shape(4, (int64_t)1, (int64_t)channels, (int64_t)height, (int64_t)width);

    return maker_begin(name, &input, 0.5f, 1);
}

/* No weights: GRAPH may be changed at will. */
static struct graph *pools_graph(void)
{
    struct maker maker = begin("p", 2, 6, 5);
    struct node *node = add_max_pool(&maker, "m", true);
    node->u.pool.window.pad_end[0] = 1;
    node = add_one(&maker, "a", OP_AVERAGE_POOL, 1, S8);
    node->u.pool.window = (struct window){{2, 2}, {1, 1}, {1, 1}, {0, 0}, {0, 0}};
    set_counts(node, (const int[]){4});
    node = add_one(&maker, "g", OP_GLOBAL_AVERAGE_POOL, 1, S16);
    set_counts(node, (const int[]){4});
    return maker_end(&maker);
}

static struct graph *layout_graph(void)
{
    struct maker maker = begin("l", 2, 3, 4);
    struct node *node = add_one(&maker, "s", OP_SLICE, 0, S8);
    for (int i = 0; i < 4; i++) {
        node->u.slice.end[i] = i ? i + 1 : 1;
        node->u.slice.step[i] = i == 3 ? 2 : 1;
    }
    add_one(&maker, "p", OP_PAD, 0, S8)->u.pad.before[1] = 1;
    add(&maker, "c", OP_CONCAT, (int[]){maker.last, maker.last}, 2, 0, S8)->u.concat.axis = 1;
    node = add_one(&maker, "t", OP_TRANSPOSE, 0, S8);
    memcpy(node->u.transpose.order, (const int[]){0, 2, 3, 1}, sizeof(int[4]));
    add_one(&maker, "r", OP_RESHAPE, 0, S8)->u.reshape.shape = sned_shape(2, (int64_t)1, (int64_t)36);
    return maker_end(&maker);
}

static struct graph *elementwise_graph(void)
{
    struct maker maker = begin("e", 3, 2, 2);
    struct node *node;
    maker_image(&maker);
    int pair[2] = {maker.last, maker.last};
    node = add(&maker, "a", OP_ADD, pair, 2, 2, S8);
    node->rules[0].scalings[1].shift = node->rules[0].scalings[0].shift;
    pair[1] = maker.last;
    add(&maker, "m", OP_MUL, pair, 2, 1, S8);
    add_one(&maker, "r", OP_RELU, 1, U8);
    node = add_one(&maker, "k", OP_LEAKY_RELU, 1, S8);
    node->activation.slope = 0.25f;
    node->rules[0].slope = 8192;
    add_one(&maker, "f", OP_FLATTEN, 0, S8)->u.flatten.axis = 1;
    add_one(&maker, "s", OP_SOFTMAX, 0, (struct quantization){0})->u.softmax.axis = 1;
    return maker_end(&maker);
}

static struct graph *layers_graph(float density)
{
    struct maker maker = begin("w", 1, 3, 3);
    maker.density = density;
    add_conv(&maker, "c", 3, 1, 2, 1, true);
    add_conv(&maker, "d", 3, 1, 3, 3, false);
    add_one(&maker, "f", OP_FLATTEN, 0, U8)->u.flatten.axis = 1;
    add_gemm(&maker, "g", 2, 48, S16);
    return maker_end(&maker);
}

/* ---- streams of weights, as fuzz/weights.c takes them ---- */

static void write_stream(const char *name, enum weight_format format, int rows, int columns, float density)
{
    const int shape[4] = {rows, columns, 1, 1};
    const uint8_t head[] = {(uint8_t)format, (uint8_t)rows, (uint8_t)(columns - 1),
                            (uint8_t)((columns - 1) >> 8)};
    struct buffer file = {0};
    struct random random;
    int8_t *weights = malloc((size_t)rows * (size_t)columns);

    sned_random_seed(&random, 1, 0);
    for (int r = 0; r < rows; r++) /* some rows are denser */
        random_weights(&random, weights + r * columns, (size_t)columns, r % 3 ? density / 8 : density);
    MUST(sned_buffer_append(&file, head, sizeof head, NULL));
    MUST(sned_weights_encode(format, weights, shape, &file, NULL));
    write_file("weights", name, &file);
    sned_buffer_free(&file);
    free(weights);
}

static void write_streams(void)
{
    write_stream("rans-runs", FORMAT_RANS, 30, 100, 0.2f);
    write_stream("rans-direct", FORMAT_RANS, 10, 40, 0.9f);
    write_stream("rans-both", FORMAT_RANS, 60, 100, 1.0f);
    write_stream("rans-none", FORMAT_RANS, 0, 7, 0.0f);
    write_stream("gap16", FORMAT_GAP16, 5, 400, 0.1f);
    write_stream("dense8", FORMAT_DENSE8, 4, 11, 0.5f);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: fuzz-seeds FOLDER\n");
        return 2;
    }
    folder = argv[1];
    write_perceptron();
    write_convolution();
    write_pools();
    write_residual();
    write_outputs();
    write_folding();
    write_types();
    write_external();
    write_old_style();
    write_packed("small", small_graph(0.5f, 1), FORMAT_GAP16);
    write_packed("resized", resized_graph(), FORMAT_GAP16);
    write_packed("every-operator", every_operator_graph(0.1f, 1), FORMAT_GAP16);
    write_packed("several-ends", several_ends_graph(0.3f, 1), FORMAT_GAP16);
    write_packed("pools", pools_graph(), FORMAT_GAP16);
    write_packed("layout", layout_graph(), FORMAT_GAP16);
    write_packed("elementwise", elementwise_graph(), FORMAT_GAP16);
    write_packed("dense8", layers_graph(1.0f), FORMAT_DENSE8);
    write_packed("ccoo16", layers_graph(0.1f), FORMAT_CCOO16);
    write_packed("gap16", layers_graph(0.1f), FORMAT_GAP16);
    write_packed("rans", layers_graph(0.1f), FORMAT_RANS);
    write_packed("mixed", small_graph(0.5f, 1), FORMAT_MIXED);
    write_packed("mixed-ends", several_ends_graph(0.3f, 1), FORMAT_MIXED);
    write_packed("mixed-every-operator", every_operator_graph(0.1f, 1), FORMAT_MIXED);
    write_streams();
    return 0;
}
