/*
 * test_reference_vectors.c - a small network with every operator, its input and all of its activations, as
 * committed under tests/vectors/: for the kernels of an instruction set, for the hardware, for another
 * decoder.
 *
 *     small.sned              the network
 *     small.in.s8             its input [3][17][13], one signed byte each
 *     small.activations.s16   every activation in tensor order, two bytes each, little-endian
 *
 * The activations come from the plain loops of oracle.h, not from the runtime. With SNED_WRITE_VECTORS=FOLDER
 * in the environment the first test writes the three files there instead of comparing.
 */
#include "tests/common/random_graphs.h"
#include "tests/common/oracle.h"

#include "base/file.h"
#include "codec/codec.h"
#include "runtime/runtime.h"

enum { MAX_TENSORS = 128 };

static const char folder[] = "tests/vectors";

static struct node *append(struct graph *graph, enum op op, struct quantization out)
{
    assert_int_equal(sned_graph_infer(graph, NULL), SNED_OK);
    return add_node(graph, op, &graph->outputs[0], 1, out);
}

static void append_lrn(struct graph *graph)
{
    uint16_t *table;
    int inputs[2] = {graph->outputs[0]};
    assert_int_equal(sned_alloc(&table, LRN_TABLE_SIZE, sizeof *table, NULL), SNED_OK);
    for (int i = 0; i < LRN_TABLE_SIZE; i++)
        table[i] = (uint16_t)(65000 - 50 * i);
    inputs[1] = add_constant(graph, "table", TENSOR_U16, sned_shape(1, (int64_t)LRN_TABLE_SIZE), table);
    struct node *node = add_node(graph, OP_LRN, inputs, 2, unsigned8);
    node->u.lrn.size = 5, node->u.lrn.alpha = 0.1f, node->u.lrn.beta = 0.75f, node->u.lrn.bias = 1;
    set_scalings(node, 1);
    node->rules[0].scalings[0].shift = 16;
}

/* ResNet's shortcut without weights: every second pixel, channels filled up with zeros. */
static int append_shortcut(struct graph *graph, int from)
{
    const int kept = graph->outputs[0];
    graph->outputs[0] = from;
    struct node *node = append(graph, OP_SLICE, unsigned8);
    const struct shape shape = graph->tensors[from].shape;
    for (int axis = 0; axis < 4; axis++) {
        node->u.slice.end[axis] = shape.dim[axis];
        node->u.slice.step[axis] = axis < 2 ? 1 : 2;
    }
    node = append(graph, OP_PAD, unsigned8);
    node->u.pad.before[1] = 1, node->u.pad.after[1] = 1;
    const int shortcut = graph->outputs[0];
    graph->outputs[0] = kept;
    return shortcut;
}

static void append_pair(struct graph *graph, enum op op, int first, int second, struct quantization out)
{
    assert_int_equal(sned_graph_infer(graph, NULL), SNED_OK);
    struct node *node = add_node(graph, op, (const int[]){first, second}, 2, out);
    if (op == OP_CONCAT) {
        node->u.concat.axis = 1;
        return;
    }
    set_scalings(node, op == OP_ADD ? 2 : 1);
    node->rules[0].scalings[0] = op == OP_ADD ? (struct scaling){41000, 16} : (struct scaling){60000, 22};
    if (op == OP_ADD)
        node->rules[0].scalings[1] = (struct scaling){23000, 16};
}

static void append_middle(struct graph *graph, struct random *random)
{
    const struct window dilated = {{3, 3}, {1, 1}, {2, 2}, {2, 2}, {2, 2}},
                        strided = {{3, 3}, {2, 2}, {1, 1}, {1, 1}, {1, 1}};
    const int trunk = graph->outputs[0];
    random_conv(graph, random, &dilated, 2, 6, signed8);
    graph->nodes[graph->node_count - 1].rules[0].slope = 3277;
    struct node *node = append(graph, OP_LEAKY_RELU, unsigned8);
    node->activation = (struct activation){.kind = ACTIVATION_LEAKY_RELU, .slope = 0.25f};
    node->rules[0].slope = 8192;
    set_scalings(node, 1);
    node->rules[0].scalings[0] = (struct scaling){50000, 15};
    append_pair(graph, OP_MUL, graph->outputs[0], trunk, unsigned8);
    random_conv(graph, random, &strided, 1, 8, unsigned8);
    append_pair(graph, OP_ADD, graph->outputs[0], append_shortcut(graph, trunk), unsigned8);
    const int sum = graph->outputs[0];
    random_conv(graph, random, &(const struct window){{1, 1}, {1, 1}, {1, 1}, {0, 0}, {0, 0}}, 1, 4,
                unsigned8);
    append_pair(graph, OP_CONCAT, graph->outputs[0], sum, unsigned8);
}

static struct graph *small_network(void)
{
    const struct window stem = {{5, 3}, {2, 1}, {1, 1}, {2, 1}, {1, 1}};
    struct random random;
    sned_random_seed(&random, 2019, 0);
    struct graph *graph = new_graph(sned_shape(4, (int64_t)1, (int64_t)3, (int64_t)17, (int64_t)13), signed8);
    random_conv(graph, &random, &stem, 1, 6, unsigned8);
    append_lrn(graph);
    struct node *node = append(graph, OP_MAX_POOL, unsigned8);
    node->u.pool.window = (struct window){{3, 2}, {1, 1}, {1, 1}, {1, 0}, {1, 1}};
    append_middle(graph, &random);
    node = append(graph, OP_AVERAGE_POOL, unsigned8);
    node->u.pool.window = (struct window){{3, 3}, {2, 2}, {1, 1}, {1, 1}, {1, 1}};
    node->u.pool.ceil_mode = true;
    scalings_by_count(node, 9);
    append(graph, OP_FLATTEN, unsigned8)->u.flatten.axis = 1;
    assert_int_equal(sned_graph_infer(graph, NULL), SNED_OK);
    random_gemm(graph, &random, 10, wide16);
    for (int n = 0; n < graph->node_count; n++)
        if (sned_node_has_weights(&graph->nodes[n])) { /* two of five weights kept, no clamp but the type's */
            const struct tensor *weights = &graph->tensors[graph->nodes[n].inputs[1]];
            for (size_t i = 0; i < sned_shape_elements(&weights->shape); i++)
                ((int8_t *)weights->data)[i] =
                    (int8_t)(sned_random_below(&random, 5) < 2 ? random_range(&random, -127, 127) : 0);
        }
    assert_int_equal(sned_graph_infer(graph, NULL), SNED_OK);
    return graph;
}

static void run_oracle(const struct graph *graph, int32_t **activations)
{
    struct random random;
    sned_random_seed(&random, 8, 295);
    for (int t = 0; t < graph->tensor_count; t++)
        activations[t] = graph->tensors[t].data
                             ? NULL
                             : calloc(sned_shape_elements(&graph->tensors[t].shape), sizeof(int32_t));
    random_input(graph, &random, activations[graph->input]);
    oracle_run(graph, activations);
}

static void free_activations(int32_t **activations, int count)
{
    for (int t = 0; t < count; t++)
        free(activations[t]);
}

static void append_bytes(struct buffer *buffer, int32_t value, int bytes)
{
    const uint8_t little[2] = {(uint8_t)value, (uint8_t)(value >> 8)};
    assert_int_equal(sned_buffer_append(buffer, little, (size_t)bytes, NULL), SNED_OK);
}

/* The bytes of the three files. */
static void make_vectors(struct buffer files[3])
{
    int32_t *activations[MAX_TENSORS];
    struct graph *graph = small_network();
    run_oracle(graph, activations);
    sned_error error = {0};
    if (sned_pack(graph, NULL, &files[0], NULL, NULL, &error) != SNED_OK)
        fail_msg("%s", error.message);
    for (size_t i = 0; i < sned_shape_elements(&graph->tensors[graph->input].shape); i++)
        append_bytes(&files[1], activations[graph->input][i], 1);
    for (int t = 0; t < graph->tensor_count; t++)
        for (size_t i = 0; activations[t] && i < sned_shape_elements(&graph->tensors[t].shape); i++)
            append_bytes(&files[2], activations[t][i], 2);
    free_activations(activations, graph->tensor_count);
    sned_graph_free(graph);
}

static const char *const names[3] = {"small.sned", "small.in.s8", "small.activations.s16"};

static void the_committed_files_are_what_the_document_says(void **state)
{
    struct buffer files[3] = {0};
    const char *write_to = getenv("SNED_WRITE_VECTORS");
    make_vectors(files);
    for (int i = 0; i < 3; i++) {
        char path[512];
        struct file_map map;
        sned_error error = {0};
        snprintf(path, sizeof path, "%s/%s", write_to ? write_to : folder, names[i]);
        if (write_to) {
            assert_int_equal(sned_file_write(path, files[i].data, files[i].size, &error), SNED_OK);
        } else {
            if (sned_file_map(&map, path, &error) != SNED_OK)
                fail_msg("%s", error.message);
            if (i > 0) { /* the packed file may change with the codec; what it computes may not */
                assert_int_equal(map.size, files[i].size);
                assert_memory_equal(map.data, files[i].data, map.size);
            }
            sned_file_unmap(&map);
        }
        sned_buffer_free(&files[i]);
    }
}

static void the_runtime_computes_every_activation_of_the_committed_file(void **state)
{
    char paths[3][512];
    struct file_map file, input, expected;
    struct graph *network;
    sned_model *model;
    sned_context *context;
    sned_error error = {0};
    for (int i = 0; i < 3; i++)
        snprintf(paths[i], sizeof paths[i], "%s/%s", folder, names[i]);
    if (sned_file_map(&file, paths[0], &error) != SNED_OK ||
        sned_unpack(&network, file.data, file.size, NULL, NULL, &error) != SNED_OK ||
        sned_model_from_graph(&model, network, &error) != SNED_OK ||
        sned_file_map(&input, paths[1], &error) != SNED_OK ||
        sned_file_map(&expected, paths[2], &error) != SNED_OK)
        fail_msg("%s", error.message);
    const struct graph *graph = sned_model_graph(model);
    assert_int_equal(sned_context_new_keep(&context, model, &error), SNED_OK);
    float values[3 * 17 * 13], scores[10];
    assert_int_equal(input.size, 3 * 17 * 13);
    for (size_t i = 0; i < input.size; i++)
        values[i] = (float)(int8_t)input.data[i] * graph->tensors[graph->input].quantization.scale;
    assert_int_equal(sned_run_values(context, values, 1, scores, &error), SNED_OK);
    const uint8_t *bytes = expected.data;
    for (int t = 0; t < graph->tensor_count; t++)
        for (size_t i = 0; !graph->tensors[t].data && i < sned_shape_elements(&graph->tensors[t].shape);
             i++, bytes += 2)
            if (sned_context_activation(context, t)[i] != (int16_t)(bytes[0] | bytes[1] << 8))
                fail_msg("'%s', element %zu", graph->tensors[t].name, i);
    assert_int_equal(bytes - expected.data, expected.size);
    sned_context_free(context);
    sned_close(model);
    sned_file_unmap(&file);
    sned_file_unmap(&input);
    sned_file_unmap(&expected);
}

/* Vectors that are all 0 or all saturated would test nothing. */
static void the_vectors_are_not_trivial(void **state)
{
    int32_t *activations[MAX_TENSORS];
    struct graph *graph = small_network();
    run_oracle(graph, activations);
    for (int t = 0; t < graph->tensor_count; t++) {
        const size_t count = sned_shape_elements(&graph->tensors[t].shape);
        size_t inner = 0;
        for (size_t i = 0; activations[t] && i < count; i++)
            inner += activations[t][i] != 0 && activations[t][i] != 255 && activations[t][i] != 127 &&
                     activations[t][i] != -128;
        if (activations[t] && inner < count / 5)
            fail_msg("'%s': %zu of %zu values are neither 0 nor at an end", graph->tensors[t].name, inner,
                     count);
    }
    free_activations(activations, graph->tensor_count);
    sned_graph_free(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_committed_files_are_what_the_document_says),
        cmocka_unit_test(the_vectors_are_not_trivial),
        cmocka_unit_test(the_runtime_computes_every_activation_of_the_committed_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
