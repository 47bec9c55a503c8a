/*
 * test_passes.c - folding, fusing and preparing keep the network's function. The judge is a plain float
 * evaluator, which computes each operator straight from its definition and knows nothing of folding.
 */
#include "base/names.h"
#include "tests/graph/graph_evaluate.h"

/* ---- folding ---- */

static void batch_normalization_folds_into_conv(void **state)
{
    struct graph *graph = graph_on(SHAPE(1, 4, 6, 6));
    int x = append_conv(graph, "conv", graph->input, 6, 4, 2, window_of(3, 2, 1));
    append_batch_normalization(graph, "bn", x, 6);
    keeps_the_function(graph, sned_graph_fold_affine);
    assert_int_equal(graph->node_count, 1);
    assert_string_equal(graph->nodes[0].name, "conv");
    sned_graph_free(graph);
}

static void batch_normalization_gives_a_conv_a_bias(void **state)
{
    struct graph *graph = graph_on(SHAPE(1, 4, 6, 6));
    int x = append_conv(graph, "conv", graph->input, 6, 4, 1, window_of(3, 1, 0));
    graph->nodes[0].input_count = 2;
    append_batch_normalization(graph, "bn", x, 6);
    sned_error error;
    succeeds(sned_graph_remove_unused(graph, &error), &error);
    keeps_the_function(graph, sned_graph_fold_affine);
    assert_int_equal(graph->node_count, 1);
    assert_int_equal(graph->nodes[0].input_count, 3);
    sned_graph_free(graph);
}

static void a_chain_of_mul_add_and_normalization_folds_into_gemm(void **state)
{
    struct graph *graph = graph_on(SHAPE(1, 7));
    int factors = floats(graph, "factors", SHAPE(5)), offset = floats(graph, "offset", SHAPE(1));
    int x = append_gemm(graph, "fc", graph->input, 5, 7);
    x = APPEND(graph, "mul", OP_MUL, x, factors)->outputs[0];
    x = append_batch_normalization(graph, "bn", x, 5);
    APPEND(graph, "add", OP_ADD, x, offset);
    keeps_the_function(graph, sned_graph_fold_affine);
    assert_int_equal(graph->node_count, 1);
    sned_graph_free(graph);
}

static void a_pruned_weight_stays_zero_when_folded(void **state)
{
    sned_error error;
    struct graph *graph = graph_on(SHAPE(1, 4, 6, 6));
    int x = append_conv(graph, "conv", graph->input, 6, 4, 1, window_of(3, 1, 1));
    append_batch_normalization(graph, "bn", x, 6);
    struct tensor *weights = &graph->tensors[graph->nodes[0].inputs[1]];
    size_t elements = sned_shape_elements(&weights->shape);
    succeeds(sned_alloc(&weights->mask, elements, 1, &error), &error);
    for (size_t i = 0; i < elements; i++) {
        weights->mask[i] = i % 3 == 0;
        ((float *)weights->data)[i] *= weights->mask[i];
    }
    keeps_the_function(graph, sned_graph_fold_affine); /* checks the mask */
    assert_int_equal(sned_node_kept(graph, &graph->nodes[0]), elements / 3);
    assert_non_null(graph->tensors[graph->nodes[0].inputs[1]].mask);
    sned_graph_free(graph);
}

static void shared_weights_are_copied_before_they_are_folded_into(void **state)
{
    struct graph *graph = graph_on(SHAPE(1, 4, 6, 6));
    int x = append_conv(graph, "one", graph->input, 4, 4, 1, window_of(3, 1, 1));
    int weights = graph->nodes[0].inputs[1], bias = graph->nodes[0].inputs[2];
    struct node *node = APPEND(graph, "two", OP_CONV, graph->input, weights, bias);
    node->u = graph->nodes[0].u;
    int y = node->outputs[0];
    x = append_batch_normalization(graph, "bn", x, 4);
    APPEND(graph, "sum", OP_ADD, x, y);
    keeps_the_function(graph, sned_graph_fold_affine);
    assert_int_equal(graph->node_count, 3);
    sned_graph_free(graph);
}

static void normalization_of_what_others_read_becomes_a_depthwise_conv(void **state)
{
    struct graph *graph = graph_on(SHAPE(1, 4, 6, 6));
    int x = append_conv(graph, "conv", graph->input, 4, 4, 1, window_of(3, 1, 1));
    int factor = floats(graph, "factor", SHAPE(1));
    int y = append_batch_normalization(graph, "bn", x, 4);
    y = APPEND(graph, "mul", OP_MUL, y, factor)->outputs[0]; /* goes into the new Conv */
    APPEND(graph, "sum", OP_ADD, x, y);
    keeps_the_function(graph, sned_graph_fold_affine);
    assert_int_equal(graph->node_count, 3);
    assert_string_equal(graph->nodes[1].name, "bn");
    assert_int_equal(graph->nodes[1].op, OP_CONV);
    assert_int_equal(graph->nodes[1].u.conv.groups, 4);
    sned_graph_free(graph);
}

static void normalization_of_a_vector_becomes_a_conv_between_reshapes(void **state)
{
    struct graph *graph = graph_on(SHAPE(1, 9));
    int x = append_batch_normalization(graph, "bn", graph->input, 9);
    append_gemm(graph, "fc", x, 4, 9);
    keeps_the_function(graph, sned_graph_fold_affine);
    assert_int_equal(graph->node_count, 4);
    assert_int_equal(nodes_of(graph, OP_RESHAPE), 2);
    sned_graph_free(graph);
}

/* ---- activations ---- */

/* A file chooses the names, and how many: looking for free ones by trial took minutes here. */
static void tensors_of_two_thousand_nodes_of_one_long_name_get_names_of_their_own(void **state)
{
    struct graph *graph = graph_on(SHAPE(1, 2));
    struct name_map names = {0};
    int factor = floats(graph, "factor", SHAPE(1)), x = graph->input, index;
    for (int i = 0; i < 2000; i++) {
        char name[16];
        snprintf(name, sizeof name, "mul%d", i);
        struct node *node = APPEND(graph, name, OP_MUL, x, factor);
        x = node->outputs[0];
        free(node->name);
        node->name = memset(calloc(1, 301), 'n', 300);
    }
    assert_int_equal(sned_graph_fold_affine(graph, NULL), SNED_OK);
    for (int i = 0; i < graph->tensor_count; i++) {
        bool is_new;
        assert_int_equal(sned_names_add(&names, graph->tensors[i].name, i, &index, &is_new, NULL), SNED_OK);
        assert_true(is_new);
    }
    sned_names_free(&names);
    sned_graph_free(graph);
}

static void append_activation(struct graph *graph, const char *name, enum op op, float low, float high,
                              float slope)
{
    struct node *node = APPEND(graph, name, op, graph->outputs[0]);
    node->activation.low = low;
    node->activation.high = high;
    node->activation.slope = slope;
}

static void activations_go_into_the_node_before(void **state)
{
    struct graph *graph = graph_on(SHAPE(1, 4, 6, 6));
    append_conv(graph, "conv", graph->input, 4, 4, 1, window_of(3, 1, 1));
    append_activation(graph, "leaky", OP_LEAKY_RELU, 0.0f, 0.0f, 0.1f);
    APPEND(graph, "sum", OP_ADD, graph->outputs[0], graph->input);
    append_activation(graph, "clip", OP_CLIP, -0.5f, 0.75f, 0.0f);
    keeps_the_function(graph, sned_graph_fuse_activations);
    assert_int_equal(graph->node_count, 2);
    assert_int_equal(graph->nodes[0].activation.kind, ACTIVATION_LEAKY_RELU);
    assert_int_equal(graph->nodes[1].activation.kind, ACTIVATION_CLIP);
    sned_graph_free(graph);
}

static void an_activation_of_what_others_read_stays(void **state)
{
    struct graph *graph = graph_on(SHAPE(1, 4, 6, 6));
    int x = append_conv(graph, "conv", graph->input, 4, 4, 1, window_of(3, 1, 1));
    int y = APPEND(graph, "relu", OP_RELU, x)->outputs[0];
    APPEND(graph, "sum", OP_ADD, x, y);
    keeps_the_function(graph, sned_graph_fuse_activations);
    assert_int_equal(graph->node_count, 3);
    sned_graph_free(graph);
}

static void relu_then_clip_is_one_clip(void **state)
{
    struct graph *graph = graph_on(SHAPE(1, 4, 6, 6));
    append_conv(graph, "conv", graph->input, 4, 4, 1, window_of(3, 1, 1));
    append_activation(graph, "relu", OP_RELU, 0.0f, 0.0f, 0.0f);
    append_activation(graph, "clip", OP_CLIP, -1.0f, 1.5f, 0.0f);
    keeps_the_function(graph, sned_graph_fuse_activations);
    assert_int_equal(graph->node_count, 1);
    assert_int_equal(graph->nodes[0].activation.kind, ACTIVATION_CLIP);
    assert_true(graph->nodes[0].activation.low == 0.0f && graph->nodes[0].activation.high == 1.5f);
    sned_graph_free(graph);
}

static void clip_from_zero_upwards_is_relu(void **state)
{
    struct graph *graph = graph_on(SHAPE(1, 4, 6, 6));
    append_conv(graph, "conv", graph->input, 4, 4, 1, window_of(3, 1, 1));
    append_activation(graph, "clip", OP_CLIP, 0.0f, INFINITY, 0.0f);
    keeps_the_function(graph, sned_graph_fuse_activations);
    assert_int_equal(graph->node_count, 1);
    assert_int_equal(graph->nodes[0].activation.kind, ACTIVATION_RELU);
    sned_graph_free(graph);
}

static void activations_that_no_kind_combines_stay_apart(void **state)
{
    struct graph *graph = graph_on(SHAPE(1, 4, 6, 6));
    append_conv(graph, "conv", graph->input, 4, 4, 1, window_of(3, 1, 1));
    append_activation(graph, "clip", OP_CLIP, -1.0f, 1.0f, 0.0f);
    append_activation(graph, "leaky", OP_LEAKY_RELU, 0.0f, 0.0f, 0.25f);
    keeps_the_function(graph, sned_graph_fuse_activations);
    assert_int_equal(graph->node_count, 2);
    sned_graph_free(graph);
}

static void relu_after_max_pool_goes_into_the_conv_before_the_pool(void **state)
{
    struct graph *graph = graph_on(SHAPE(1, 4, 6, 6));
    int x = append_conv(graph, "conv", graph->input, 4, 4, 1, window_of(3, 1, 1));
    APPEND(graph, "pool", OP_MAX_POOL, x)->u.pool.window = window_of(3, 2, 1);
    append_activation(graph, "relu", OP_RELU, 0.0f, 0.0f, 0.0f);
    keeps_the_function(graph, sned_graph_fuse_activations);
    assert_int_equal(graph->node_count, 2);
    assert_int_equal(graph->nodes[0].activation.kind, ACTIVATION_RELU);
    assert_int_equal(graph->nodes[1].op, OP_MAX_POOL);
    assert_string_equal(graph->tensors[graph->outputs[0]].name, "relu.out");
    sned_graph_free(graph);
}

static void a_falling_slope_stays_behind_its_pool(void **state)
{
    struct graph *graph = graph_on(SHAPE(1, 4, 6, 6));
    int x = append_conv(graph, "conv", graph->input, 4, 4, 1, window_of(3, 1, 1));
    APPEND(graph, "pool", OP_MAX_POOL, x)->u.pool.window = window_of(3, 2, 1);
    append_activation(graph, "leaky", OP_LEAKY_RELU, 0.0f, 0.0f, -0.5f);
    keeps_the_function(graph, sned_graph_fuse_activations);
    assert_int_equal(graph->node_count, 3);
    sned_graph_free(graph);
}

/* ---- all together ---- */

static void prepare_leaves_convs_sums_and_pools(void **state)
{
    struct graph *graph = graph_on(SHAPE(1, 3, 8, 8));
    int x = append_conv(graph, "stem", graph->input, 4, 3, 1, window_of(3, 1, 1));
    x = append_batch_normalization(graph, "stem.bn", x, 4);
    x = APPEND(graph, "stem.relu", OP_RELU, x)->outputs[0];
    int y = append_conv(graph, "inner", x, 4, 4, 1, window_of(3, 1, 1));
    y = append_batch_normalization(graph, "inner.bn", y, 4);
    y = APPEND(graph, "sum", OP_ADD, y, x)->outputs[0];
    y = APPEND(graph, "relu", OP_RELU, y)->outputs[0];
    struct node *pool = APPEND(graph, "pool", OP_MAX_POOL, y);
    pool->u.pool.window = window_of(2, 2, 0);
    struct node *flatten = APPEND(graph, "flatten", OP_FLATTEN, pool->outputs[0]);
    flatten->u.flatten.axis = 1;
    y = APPEND(graph, "drop", OP_DROPOUT, flatten->outputs[0])->outputs[0];
    append_gemm(graph, "fc", y, 5, 64);
    keeps_the_function(graph, sned_graph_prepare);
    assert_int_equal(graph->node_count, 6);
    assert_int_equal(nodes_of(graph, OP_BATCH_NORMALIZATION) + nodes_of(graph, OP_RELU), 0);
    sned_graph_free(graph);
}

static void preparing_twice_changes_nothing(void **state)
{
    sned_error error;
    struct graph *graph = graph_on(SHAPE(1, 3, 8, 8));
    int x = append_batch_normalization(graph, "bn", graph->input, 3);
    append_conv(graph, "conv", x, 4, 3, 1, window_of(3, 1, 1));
    infer(graph);
    succeeds(sned_graph_prepare(graph, &error), &error);
    int nodes = graph->node_count, tensors = graph->tensor_count;
    keeps_the_function(graph, sned_graph_prepare);
    assert_int_equal(graph->node_count, nodes);
    assert_int_equal(graph->tensor_count, tensors);
    sned_graph_free(graph);
}

static void an_integer_graph_is_not_prepared(void **state)
{
    sned_error error;
    struct graph *graph = graph_on(SHAPE(1, 3, 8, 8));
    append_conv(graph, "conv", graph->input, 4, 3, 1, window_of(3, 1, 1));
    graph->integer = true;
    refused(sned_graph_fold_affine(graph, &error), &error, SNED_ERROR_ARGUMENT, "integer network");
    refused(sned_graph_fuse_activations(graph, &error), &error, SNED_ERROR_ARGUMENT, "integer network");
    sned_graph_free(graph);
}

/* ---- strips ---- */

/* 256 strips of 2^26 rows: a product of the two is beyond 32 bits. */
static void the_tallest_image_is_cut_into_strips(void **state)
{
    enum { STRIPS = 256 };
    sned_error error;
    struct graph *graph = graph_on(SHAPE(1, 1, GRAPH_MAX_DIM, 1));
    struct node *pool = APPEND(graph, "pool", OP_MAX_POOL, graph->input);
    pool->u.pool.window = window_of(1, 1, 0);
    infer(graph);
    succeeds(sned_graph_cut_rows(graph, 0, 1, STRIPS, &error), &error);
    check(graph);
    const struct node *join = &graph->nodes[graph->node_count - 1];
    assert_int_equal(join->input_count, STRIPS);
    for (int s = 0; s < STRIPS; s++)
        assert_int_equal(graph->tensors[join->inputs[s]].shape.dim[2], GRAPH_MAX_DIM / STRIPS);
    sned_graph_free(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batch_normalization_folds_into_conv),
        cmocka_unit_test(batch_normalization_gives_a_conv_a_bias),
        cmocka_unit_test(a_chain_of_mul_add_and_normalization_folds_into_gemm),
        cmocka_unit_test(a_pruned_weight_stays_zero_when_folded),
        cmocka_unit_test(shared_weights_are_copied_before_they_are_folded_into),
        cmocka_unit_test(normalization_of_what_others_read_becomes_a_depthwise_conv),
        cmocka_unit_test(normalization_of_a_vector_becomes_a_conv_between_reshapes),
        cmocka_unit_test(tensors_of_two_thousand_nodes_of_one_long_name_get_names_of_their_own),
        cmocka_unit_test(activations_go_into_the_node_before),
        cmocka_unit_test(an_activation_of_what_others_read_stays),
        cmocka_unit_test(relu_then_clip_is_one_clip),
        cmocka_unit_test(clip_from_zero_upwards_is_relu),
        cmocka_unit_test(activations_that_no_kind_combines_stay_apart),
        cmocka_unit_test(relu_after_max_pool_goes_into_the_conv_before_the_pool),
        cmocka_unit_test(a_falling_slope_stays_behind_its_pool),
        cmocka_unit_test(prepare_leaves_convs_sums_and_pools),
        cmocka_unit_test(preparing_twice_changes_nothing),
        cmocka_unit_test(an_integer_graph_is_not_prepared),
        cmocka_unit_test(the_tallest_image_is_cut_into_strips),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
