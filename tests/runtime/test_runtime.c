/*
 * test_runtime.c - kernels against docs/arithmetic.md's plain loops (oracle.h): those that move numbers, on
 * random shapes, and what random_layers.c does not have.
 */
#include "tests/runtime/drawn_layers.h"
#include "tests/runtime/last_step.h"
#include "runtime/micro/lrn.h"
#include "runtime/runtime.h"
#include "runtime/model.h"

/* Now and then a large one, whose work is many tasks. */
static struct shape random_shape(struct random *random, int most)
{
    most = random_range(random, 0, 15) ? most : 70;
    return sned_shape(4, (int64_t)1, (int64_t)random_range(random, 1, 6),
                      (int64_t)random_range(random, 1, most), (int64_t)random_range(random, 1, most));
}

/* Wider than a tile of accumulators. */
static void conv_of_a_wide_image_equals_the_document(void **state)
{
    struct random random;
    sned_random_seed(&random, 3, 0);
    struct graph *graph =
        new_graph(sned_shape(4, (int64_t)1, (int64_t)2, (int64_t)5, (int64_t)1500), unsigned8);
    const struct window window = {{3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}};
    random_conv(graph, &random, &window, 1, 3, signed8);
    assert_true(check_last_step(graph, &random, NULL));
}

/* 1x1 with padding: outputs around the image are a filter's bias alone. On several tiles of rows, and of all
 * types; where the image is one row, or one column, too. */
static void a_point_with_padding_equals_the_document(void **state)
{
    static const struct window windows[] = {{{1, 1}, {1, 1}, {1, 1}, {1, 1}, {1, 1}},
                                            {{1, 1}, {1, 1}, {1, 1}, {0, 2}, {3, 0}},
                                            {{1, 1}, {1, 1}, {1, 1}, {0, 0}, {0, 1}},
                                            {{1, 1}, {1, 1}, {1, 1}, {2, 0}, {0, 0}}};
    static const int64_t sizes[][2] = {{13, 13}, {40, 37}, {1, 30}, {29, 1}, {60, 64}};
    struct random random;
    sned_random_seed(&random, 45, 0);
    for (int i = 0; i < 40; i++) {
        const int64_t *size = sizes[i % 5], channels = random_range(&random, 1, 9);
        struct graph *graph =
            graph_of(sned_shape(4, (int64_t)1, channels, size[0], size[1]), random_type(&random, true));
        random_conv(graph, &random, &windows[i % 4], 1, random_range(&random, 1, 37),
                    random_type(&random, true));
        assert_true(check_last_step(graph, &random, NULL));
    }
}

/* Of several blocks of rows, each of another density; and of more columns than a list can tell. */
static void a_large_gemm_equals_the_document(void **state)
{
    static const struct {
        int64_t columns, rows;
    } sizes[] = {{1500, 203}, {70001, 3}};
    struct random random;
    sned_random_seed(&random, 44, 0);
    for (int i = 0; i < 8; i++) {
        const int64_t columns = sizes[i / 6].columns, rows = sizes[i / 6].rows;
        struct graph *graph =
            graph_of(sned_shape(2, (int64_t)1, columns), random_type(&random, columns < 10000));
        random_gemm(graph, &random, rows, signed8);
        const struct node *node = &graph->nodes[graph->node_count - 1];
        int8_t *weights = graph->tensors[node_weights(node, 0)].data;
        for (int64_t k = 0; k < columns * rows; k++)
            weights[k] = sned_random_below(&random, 1000) < (uint32_t)(k * 500 / (columns * rows))
                             ? (int8_t)random_range(&random, -20, 20)
                             : 0;
        assert_true(check_last_step(graph, &random, NULL));
    }
}

/* The table has 64 steps an octave: index and sum meet at every power of two. */
static void lrn_index_is_the_documents(void **state)
{
    for (uint32_t sum = 0; sum < 1u << 22; sum += sum < 5000 ? 1 : 61)
        assert_int_equal(lrn_index(sum), oracle_lrn_index(sum));
    assert_int_equal(lrn_index(UINT32_MAX), 1023);
}

static void concat_equals_the_document(void **state)
{
    struct random random;
    int cases = 0;
    sned_random_seed(&random, 9, 0);
    for (int i = 0; i < 40; i++) {
        const int axis = random_range(&random, 1, 3), parts = random_range(&random, 1, 4);
        const struct quantization type = random_type(&random, true);
        struct graph *graph = graph_of(random_shape(&random, 7), type);
        int inputs[4] = {graph->outputs[0]};
        for (int p = 1; p < parts; p++) {
            struct node *longer = add_node(graph, OP_PAD, inputs, 1, type);
            longer->u.pad.after[axis] = random_range(&random, 0, 4);
            inputs[p] = longer->outputs[0];
        }
        add_node(graph, OP_CONCAT, inputs, parts, type)->u.concat.axis = axis;
        cases += check_last_step(graph, &random, NULL);
    }
    assert_true(cases > 40 / 2);
}

static void split_equals_the_document(void **state)
{
    struct random random;
    int cases = 0;
    sned_random_seed(&random, 22, 0);
    for (int i = 0; i < 60; i++) {
        const int axis = random_range(&random, 1, 3);
        const struct quantization type = random_type(&random, true);
        const struct shape shape = random_shape(&random, 9);
        struct graph *graph = graph_of(shape, type);
        const int most = shape.dim[axis] < 4 ? (int)shape.dim[axis] : 4;
        random_split(graph, &random, type, axis, random_range(&random, 1, most));
        cases += check_last_step(graph, &random, NULL);
    }
    assert_true(cases > 60 / 2);
}

static void slice_pad_and_transpose_equal_the_document(void **state)
{
    static const int orders[][4] = {{0, 2, 3, 1}, {0, 3, 1, 2}, {0, 1, 3, 2}};
    struct random random;
    int cases = 0;
    sned_random_seed(&random, 10, 0);
    for (int i = 0; i < 90; i++) {
        const enum op op = (const enum op[]){OP_SLICE, OP_PAD, OP_TRANSPOSE}[i % 3];
        const struct quantization type = random_type(&random, true);
        const struct shape shape = random_shape(&random, 9);
        struct graph *graph = graph_of(shape, type);
        struct node *node = add_node(graph, op, graph->outputs, 1, type);
        for (int axis = 0; axis < 4; axis++)
            if (op == OP_SLICE) {
                node->u.slice.start[axis] = random_range(&random, 0, (int)shape.dim[axis] - 1);
                node->u.slice.end[axis] =
                    random_range(&random, (int)node->u.slice.start[axis] + 1, (int)shape.dim[axis]);
                node->u.slice.step[axis] = random_range(&random, 1, 3);
            } else if (op == OP_PAD) {
                node->u.pad.before[axis] = axis ? random_range(&random, 0, 2) : 0;
                node->u.pad.after[axis] = axis ? random_range(&random, 0, 2) : 0;
            } else {
                node->u.transpose.order[axis] = orders[i % 9 / 3][axis];
            }
        cases += check_last_step(graph, &random, NULL);
    }
    assert_true(cases > 90 / 2);
}

static void depth_to_space_equals_the_document(void **state)
{
    struct random random;
    sned_random_seed(&random, 23, 0);
    for (int i = 0; i < 40; i++) {
        const int block = random_range(&random, 1, 4);
        const struct quantization type = random_type(&random, true);
        struct shape shape = random_shape(&random, 7);
        shape.dim[1] *= block * block;
        struct graph *graph = graph_of(shape, type);
        struct node *node = add_node(graph, OP_DEPTH_TO_SPACE, graph->outputs, 1, type);
        node->u.depth_to_space.block = block;
        node->u.depth_to_space.mode = i % 2 ? DEPTH_DCR : DEPTH_CRD;
        assert_true(check_last_step(graph, &random, NULL));
    }
}

/* ---- graphs that must be refused ---- */

static void expect_refused(struct graph *graph, sned_status status, const char *words)
{
    sned_model *model;
    sned_error error = {0};
    assert_int_equal(sned_model_from_graph(&model, graph, &error), status);
    assert_null(model);
    if (!strstr(error.message, words))
        fail_msg("'%s' does not say '%s'", error.message, words);
}

static const struct node *biased_conv(const struct graph *graph)
{
    int n = 0;
    while (graph->nodes[n].op != OP_CONV || graph->nodes[n].inputs[2] < 0)
        n++;
    return &graph->nodes[n];
}

static void an_accumulator_that_can_overflow_is_refused(void **state)
{
    struct graph *graph = branching_network(11);
    const struct node *conv = biased_conv(graph);
    const struct tensor *weights = &graph->tensors[conv->inputs[1]];
    int32_t *bias = graph->tensors[conv->inputs[2]].data;
    ((int8_t *)weights->data)[sned_shape_elements(&weights->shape) / (size_t)weights->shape.dim[0]] = 127;
    bias[1] = INT32_MAX;
    expect_refused(graph, SNED_ERROR_FORMAT, "filter 1 ");
}

static void a_float_graph_is_refused(void **state)
{
    struct graph *graph = branching_network(11);
    graph->integer = false;
    expect_refused(graph, SNED_ERROR_FORMAT, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conv_of_a_wide_image_equals_the_document),
        cmocka_unit_test(a_point_with_padding_equals_the_document),
        cmocka_unit_test(a_large_gemm_equals_the_document),
        cmocka_unit_test(lrn_index_is_the_documents),
        cmocka_unit_test(concat_equals_the_document),
        cmocka_unit_test(split_equals_the_document),
        cmocka_unit_test(slice_pad_and_transpose_equal_the_document),
        cmocka_unit_test(depth_to_space_equals_the_document),
        cmocka_unit_test(an_accumulator_that_can_overflow_is_refused),
        cmocka_unit_test(a_float_graph_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
