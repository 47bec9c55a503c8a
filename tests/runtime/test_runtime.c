/*
 * test_runtime.c - every kernel against docs/arithmetic.md's plain loops (oracle.h), on random shapes.
 */
#include "tests/runtime/last_step.h"
#include "runtime/micro/requantize.h"
#include "runtime/runtime.h"
#include "runtime/model.h"

enum { CASES = 400 };

/* Another activation of the input's shape, for the last step to read. */
static int other_input(struct graph *graph, struct quantization type)
{
    const int inputs[2] = {graph->input, graph->input};
    struct node *node = add_node(graph, OP_MUL, inputs, 2, type);
    set_scalings(node, 1);
    node->rules[0].scalings[0] = (struct scaling){40000, 16};
    return node->outputs[0];
}

/* A graph whose next node reads graph->outputs[0], of that type: of 16 bits, which an input may not have, it
 * is made. */
static struct graph *graph_of(struct shape shape, struct quantization type)
{
    struct graph *graph = new_graph(shape, type.bits == 16 ? unsigned8 : type);
    if (type.bits == 16)
        other_input(graph, type);
    return graph;
}

/* Sums of 16 bits are larger by 2^7 or so. */
static void scale_for(struct graph *graph, struct quantization in)
{
    struct integer_rule *rule = &graph->nodes[graph->node_count - 1].rules[0];
    for (int i = 0; in.bits == 16 && i < rule->scaling_count; i++)
        rule->scalings[i].shift += 7;
}

static struct window random_window(struct random *random, int most_kernel)
{
    struct window window;
    for (int axis = 0; axis < 2; axis++) {
        window.kernel[axis] = random_range(random, 1, most_kernel);
        window.stride[axis] = random_range(random, 1, 3);
        window.dilation[axis] = random_range(random, 1, 2);
        window.pad_begin[axis] = random_range(random, 0, window.kernel[axis]);
        window.pad_end[axis] = random_range(random, 0, window.kernel[axis]);
    }
    return window;
}

/* Now and then a large one, whose work is many tasks. */
static struct shape random_shape(struct random *random, int most)
{
    most = random_range(random, 0, 15) ? most : 70;
    return sned_shape(4, (int64_t)1, (int64_t)random_range(random, 1, 6),
                      (int64_t)random_range(random, 1, most), (int64_t)random_range(random, 1, most));
}

static void conv_equals_the_document(void **state)
{
    struct random random;
    int cases = 0;
    sned_random_seed(&random, 1, 0);
    for (int i = 0; i < CASES; i++) {
        int groups = random_range(&random, 1, 3);
        struct shape shape = random_shape(&random, 24);
        shape.dim[1] *= groups;
        const struct quantization in = random_type(&random, true);
        struct graph *graph = graph_of(shape, in);
        const struct window window = random_window(&random, 5);
        random_conv(graph, &random, &window, groups, (int64_t)groups * random_range(&random, 1, 4),
                    random_type(&random, true));
        scale_for(graph, in);
        cases += check_last_step(graph, &random, NULL);
    }
    assert_true(cases > CASES / 2);
}

static void depthwise_conv_equals_the_document(void **state)
{
    struct random random;
    int cases = 0;
    sned_random_seed(&random, 2, 0);
    for (int i = 0; i < 20; i++) {
        struct shape shape = random_shape(&random, 20);
        struct graph *graph = new_graph(shape, random_type(&random, false));
        const struct window window = random_window(&random, 3);
        random_conv(graph, &random, &window, (int)shape.dim[1], shape.dim[1], random_type(&random, true));
        cases += check_last_step(graph, &random, NULL);
    }
    assert_true(cases > 20 / 2);
}

static void conv_of_many_filters_in_blocks_equals_the_document(void **state)
{
    struct random random;
    int cases = 0;
    sned_random_seed(&random, 27, 0);
    for (int i = 0; i < CASES; i++) {
        const int groups = random_range(&random, 1, 2);
        struct shape shape = random_shape(&random, 60);
        shape.dim[1] = groups * random_range(&random, 1, 13);
        shape.dim[2] = random_range(&random, 1, 9);
        struct graph *graph = new_graph(shape, random_type(&random, false));
        struct window window = {{1, 1}, {1, 1}, {1, 1}, {0, 0}, {0, 0}};
        if (i % 3)
            window = random_window(&random, 3);
        random_conv(graph, &random, &window, groups, (int64_t)groups * random_range(&random, 1, 21),
                    random_type(&random, false));
        clear_blocks(graph, &random);
        cases += check_last_step(graph, &random, NULL);
    }
    assert_true(cases > CASES / 2);
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

static void gemm_equals_the_document(void **state)
{
    struct random random;
    int cases = 0;
    sned_random_seed(&random, 4, 0);
    for (int i = 0; i < CASES; i++) {
        const struct quantization in = random_type(&random, true);
        struct graph *graph = graph_of(sned_shape(2, (int64_t)1, (int64_t)random_range(&random, 1, 200)), in);
        random_gemm(graph, &random, random_range(&random, 1, 30), random_type(&random, true));
        scale_for(graph, in);
        cases += check_last_step(graph, &random, NULL);
    }
    assert_true(cases > CASES / 2);
}

static void pools_equal_the_document(void **state)
{
    static const enum op ops[] = {OP_MAX_POOL, OP_AVERAGE_POOL, OP_GLOBAL_AVERAGE_POOL};
    struct random random;
    int cases = 0;
    sned_random_seed(&random, 5, 0);
    for (int i = 0; i < CASES; i++) {
        const enum op op = ops[i % 3];
        const struct quantization in = random_type(&random, true);
        struct graph *graph = graph_of(random_shape(&random, 12), in);
        const struct extent extent = sned_shape_extent(&graph->tensors[graph->input].shape);
        struct node *node =
            add_node(graph, op, graph->outputs, 1, op == OP_MAX_POOL ? in : random_type(&random, true));
        if (op != OP_GLOBAL_AVERAGE_POOL) {
            node->u.pool.window = random_window(&random, 4);
            node->u.pool.ceil_mode = random_range(&random, 0, 1);
            node->u.pool.count_include_pad = op == OP_AVERAGE_POOL && random_range(&random, 0, 1);
        }
        if (op != OP_MAX_POOL)
            scalings_by_count(node, op == OP_AVERAGE_POOL ? 16 : extent.height * extent.width);
        scale_for(graph, in);
        cases += check_last_step(graph, &random, NULL);
    }
    assert_true(cases > CASES / 2);
}

static void add_and_mul_equal_the_document(void **state)
{
    struct random random;
    int cases = 0;
    sned_random_seed(&random, 6, 0);
    for (int i = 0; i < CASES; i++) {
        const struct shape shape = random_shape(&random, 9);
        const struct quantization in = random_type(&random, true);
        struct graph *graph = graph_of(shape, in);
        int inputs[2] = {graph->outputs[0]};
        inputs[1] = other_input(graph, random_type(&random, true));
        struct node *node = add_node(graph, i % 2 ? OP_ADD : OP_MUL, inputs, 2, random_type(&random, true));
        set_scalings(node, i % 2 ? 2 : 1);
        node->rules[0].scalings[0] = random_scaling(&random, i % 2 ? 200 : 10000);
        if (i % 2) {
            node->rules[0].scalings[1] = node->rules[0].scalings[0];
            node->rules[0].scalings[1].multiplier = (uint16_t)random_range(&random, 0, 65535);
        }
        random_activation(node, &random);
        scale_for(graph, in);
        cases += check_last_step(graph, &random, NULL);
    }
    assert_true(cases > CASES / 2);
}

static void activations_on_their_own_equal_the_document(void **state)
{
    static const enum op ops[] = {OP_RELU, OP_CLIP, OP_LEAKY_RELU};
    struct random random;
    int cases = 0;
    sned_random_seed(&random, 7, 0);
    for (int i = 0; i < 60; i++) {
        const struct quantization in = random_type(&random, true);
        struct graph *graph = graph_of(random_shape(&random, 9), in);
        struct node *node = add_node(graph, ops[i % 3], graph->outputs, 1, random_type(&random, true));
        set_scalings(node, 1);
        node->rules[0].scalings[0] = random_scaling(&random, 200);
        random_activation(node, &random);
        scale_for(graph, in);
        cases += check_last_step(graph, &random, NULL);
    }
    assert_true(cases > 60 / 2);
}

static void lrn_equals_the_document(void **state)
{
    struct random random;
    int cases = 0;
    sned_random_seed(&random, 8, 0);
    for (int i = 0; i < 60; i++) {
        struct shape shape = random_shape(&random, 6);
        shape.dim[1] = random_range(&random, 1, 40);
        struct graph *graph = new_graph(shape, random_type(&random, false));
        const struct quantization out = random_type(&random, false);
        random_lrn(graph, &random, random_range(&random, 1, 45), out);
        cases += check_last_step(graph, &random, NULL);
    }
    assert_true(cases > 60 / 2);
}

/* The table has 64 steps an octave: index and sum meet at every power of two. */
static void lrn_index_is_the_documents(void **state)
{
    for (uint32_t sum = 0; sum < 1u << 22; sum += sum < 5000 ? 1 : 61)
        assert_int_equal(lrn_index(sum), oracle_lrn_index(sum));
    assert_int_equal(lrn_index(UINT32_MAX), 1023);
}

static void table_look_up_equals_the_document(void **state)
{
    struct random random;
    int cases = 0;
    sned_random_seed(&random, 25, 0);
    for (int i = 0; i < 20; i++) {
        struct graph *graph = new_graph(random_shape(&random, 9), random_type(&random, false));
        random_hard_swish(graph, &random, random_type(&random, false));
        cases += check_last_step(graph, &random, NULL);
    }
    assert_int_equal(cases, 20);
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
        cmocka_unit_test(conv_equals_the_document),
        cmocka_unit_test(depthwise_conv_equals_the_document),
        cmocka_unit_test(conv_of_many_filters_in_blocks_equals_the_document),
        cmocka_unit_test(conv_of_a_wide_image_equals_the_document),
        cmocka_unit_test(gemm_equals_the_document),
        cmocka_unit_test(a_large_gemm_equals_the_document),
        cmocka_unit_test(pools_equal_the_document),
        cmocka_unit_test(add_and_mul_equal_the_document),
        cmocka_unit_test(activations_on_their_own_equal_the_document),
        cmocka_unit_test(lrn_equals_the_document),
        cmocka_unit_test(lrn_index_is_the_documents),
        cmocka_unit_test(table_look_up_equals_the_document),
        cmocka_unit_test(concat_equals_the_document),
        cmocka_unit_test(split_equals_the_document),
        cmocka_unit_test(slice_pad_and_transpose_equal_the_document),
        cmocka_unit_test(depth_to_space_equals_the_document),
        cmocka_unit_test(an_accumulator_that_can_overflow_is_refused),
        cmocka_unit_test(a_float_graph_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
