/*
 * test_rate_structure.c - rate-aware training of weights that are zero together: blocks and balance, through
 * units that leave, the freezing of zeros, a kill, and the file.
 */
#include "tests/compress/rate_fixture.h"
#include "compress/search/search.h"
#include "graph/blocks.h"
#include "graph/passes/compact.h"

static const struct structure pairs = {STRUCTURE_BLOCK, 2, 1}, squares = {STRUCTURE_BLOCK, 4, 4},
                              balanced = {STRUCTURE_BALANCED, 1, 1}, none;

static void keep_to(struct structure conv, struct structure fc)
{
    conv_structure = conv;
    fc_structure = fc;
}

static struct rate_options quick_structure(void)
{
    struct rate_options options = quick_rate();
    options.epochs = 12;
    options.lambda = 1e-4;
    return options;
}

static const struct tensor *weights_named(const struct graph *graph, const char *name)
{
    return &graph->tensors[node_weights(find(graph, name), 0)];
}

static bool is_zero(const struct tensor *weights, size_t i)
{
    return weights->type == TENSOR_F32 ? ((const float *)weights->data)[i] == 0
                                       : ((const int8_t *)weights->data)[i] == 0;
}

/* Blocks that are not all zero, and the weights in them, of which `filled` are not zero. */
struct blocks {
    size_t live, weights, filled;
};

static struct blocks blocks_of(const struct tensor *weights, const struct structure *structure)
{
    const struct block_grid grid = sned_block_grid(structure, &weights->shape);
    struct blocks blocks = {0};
    struct mask_block block = {0};
    while (sned_next_block(&grid, &block)) {
        size_t some = 0;
        for (size_t k = block.k; k < block.k_end; k++)
            for (size_t c = block.c; c < block.c_end; c++)
                some += !is_zero(weights, block_element(&grid, k, c, block.position));
        blocks.live += some > 0;
        blocks.filled += some;
        blocks.weights += some > 0 ? (block.k_end - block.k) * (block.c_end - block.c) : 0;
    }
    return blocks;
}

static size_t allowed(const struct tensor *weights, size_t first, size_t count)
{
    size_t sum = 0;
    for (size_t i = first; i < first + count; i++)
        sum += weights->mask[i];
    return sum;
}

/* ---- blocks ---- */

/* Without the structure the same price leaves weights in many more blocks, and fewer in each. */
static void weights_of_a_block_die_together(void **state)
{
    const struct rate_options options = quick_structure();
    keep_to(pairs, squares);
    struct rated rated = rated_with(&options);
    keep_to(none, none);
    struct rated free_ones = rated_with(&options);
    const struct blocks blocks = blocks_of(weights_named(rated.graph, "fc1"), &squares),
                        scattered = blocks_of(weights_named(free_ones.graph, "fc1"), &squares);
    assert_true(accuracy(rated.integer) > 90);
    assert_true(blocks.live * 2 < scattered.live);
    assert_true((double)blocks.filled / (double)blocks.weights >
                1.5 * (double)scattered.filled / (double)scattered.weights);
    rated_free(&rated);
    rated_free(&free_ones);
}

static void a_mask_lets_all_of_a_block_live_or_none(void **state)
{
    const struct rate_options options = quick_structure();
    keep_to(pairs, squares);
    struct rated rated = rated_with(&options);
    for (int i = 0; i < 3; i++) {
        const struct tensor *weights = weights_named(rated.graph, (const char *[]){"conv", "fc1", "fc2"}[i]);
        const struct block_grid grid = sned_block_grid(&weights->structure, &weights->shape);
        struct mask_block block = {0};
        while (sned_next_block(&grid, &block)) {
            bool some = false;
            const uint8_t first = weights->mask[block_element(&grid, block.k, block.c, block.position)];
            for (size_t k = block.k; k < block.k_end; k++)
                for (size_t c = block.c; c < block.c_end; c++) {
                    const size_t at = block_element(&grid, k, c, block.position);
                    assert_int_equal(weights->mask[at], first);
                    some |= !is_zero(weights, at);
                }
            assert_int_equal(some, first);
        }
    }
    rated_free(&rated);
    keep_to(none, none);
}

/* Units left, and what is left was sorted: the blocks of the file are those of the network, none torn. */
static void the_file_has_the_blocks_that_were_trained(void **state)
{
    const struct rate_options options = quick_structure();
    struct graph *compacted, *integer, *unpacked;
    struct buffer file = {0};
    sned_error error = {0};
    keep_to(pairs, squares);
    struct rated rated = rated_with(&options);
    assert_int_equal(sned_graph_copy(&compacted, rated.graph, NULL), SNED_OK);
    assert_int_equal(sned_graph_compact(compacted, NULL, NULL), SNED_OK);
    assert_true(filters(compacted, "fc1") < HIDDEN && filters(compacted, "fc1") % 4 == 0);
    assert_int_equal(quantize_lower(&integer, compacted, NULL), SNED_OK);
    assert_int_equal(compress_pack(&file, integer, -1, 0, NULL, NULL, &error), SNED_OK);
    assert_int_equal(sned_unpack(&unpacked, file.data, file.size, NULL, NULL, &error), SNED_OK);
    for (int i = 0; i < 3; i++) {
        const char *name = (const char *[]){"conv", "fc1", "fc2"}[i];
        const struct structure *structure = i == 0 ? &pairs : &squares;
        const struct blocks trained_ones = blocks_of(weights_named(rated.graph, name), structure),
                            filed = blocks_of(weights_named(unpacked, name), structure);
        assert_int_equal(filed.live, trained_ones.live);
        assert_int_equal(filed.filled, trained_ones.filled);
    }
    assert_true(accuracy(unpacked) == accuracy(rated.integer));
    sned_graph_free(compacted);
    sned_graph_free(integer);
    sned_graph_free(unpacked);
    sned_buffer_free(&file);
    rated_free(&rated);
    keep_to(none, none);
}

/* ---- balance ---- */

static void filters_that_are_balanced_have_as_many_weights(void **state)
{
    const struct rate_options options = quick_structure();
    keep_to(none, balanced);
    struct rated rated = rated_with(&options);
    const struct tensor *fc1 = weights_named(rated.graph, "fc1");
    const size_t inputs = sned_shape_elements(&fc1->shape) / HIDDEN, each = allowed(fc1, 0, inputs);
    size_t kept = 0;
    assert_true(accuracy(rated.integer) > 90);
    assert_true(each < inputs / 2);
    for (size_t k = 0; k < HIDDEN; k++) {
        assert_int_equal(allowed(fc1, k * inputs, inputs), each);
        for (size_t i = 0; i < inputs; i++) {
            kept += !is_zero(fc1, k * inputs + i);
            assert_true(fc1->mask[k * inputs + i] || is_zero(fc1, k * inputs + i));
        }
    }
    assert_true(kept > 0);
    rated_free(&rated);
    keep_to(none, none);
}

/* ---- from a recipe ---- */

static void a_recipe_says_it_of_each_layer(void **state)
{
    struct compress_options options = {.max_drop = -1, .format = -1, .seed = 5, .threads = 1};
    struct recipe_rule rules[] = {{.kind = "conv", .skip = -1, .structure = pairs}};
    struct compress_result result;
    struct graph *graph, *integer;
    sned_error error = {0};
    recipe_defaults(&options.recipe, METHOD_RATE);
    options.recipe.holdout = 0.2;
    options.recipe.train.epochs = 12;
    options.recipe.train.batch = 30;
    options.recipe.train.rate = 3e-3f;
    options.max_bytes = 800;
    options.recipe.structure = squares;
    options.recipe.rules = rules;
    options.recipe.rule_count = 1;
    assert_int_equal(sned_graph_copy(&graph, trained, NULL), SNED_OK);
    if (compress_rate(&integer, graph, dataset, &options, &result, &error) != SNED_OK)
        fail_msg("%s", error.message);
    const struct blocks conv = blocks_of(weights_named(integer, "conv"), &pairs),
                        fc1 = blocks_of(weights_named(integer, "fc1"), &squares);
    assert_int_equal(weights_named(integer, "conv")->structure.filters, 2);
    assert_int_equal(weights_named(integer, "fc1")->structure.filters, 4);
    assert_true(conv.filled * 2 > conv.weights);
    assert_true(fc1.live > 0 && fc1.live < 200 && fc1.filled * 4 > fc1.weights);
    sned_graph_free(graph);
    sned_graph_free(integer);
    compress_result_free(&result);
}

/* ---- interruptions ---- */

static void a_killed_run_ends_with_the_same_bytes(void **state)
{
    struct rate_options options = quick_structure();
    options.epochs = 6;
    for (int i = 0; i < 2; i++) {
        keep_to(pairs, i == 0 ? squares : balanced);
        options.checkpoint = NULL;
        struct rated whole = rated_with(&options);
        options.checkpoint = checkpoint;
        unlink(checkpoint);
        run_until(options, 4);
        run_until(options, 6);
        struct rated resumed = rated_with(&options);
        assert_true(graph_state_hash(resumed.graph) == graph_state_hash(whole.graph));
        assert_same_file(resumed.integer, whole.integer);
        rated_free(&whole);
        rated_free(&resumed);
    }
    unlink(checkpoint);
    keep_to(none, none);
}

static void a_checkpoint_of_another_structure_is_not_gone_on_from(void **state)
{
    struct rate_options options = quick_structure();
    options.epochs = 3;
    keep_to(none, squares);
    struct rated alone = rated_with(&options);
    options.checkpoint = checkpoint;
    unlink(checkpoint);
    keep_to(none, pairs);
    run_until(options, 3);
    keep_to(none, squares);
    struct rated after = rated_with(&options);
    assert_same_file(after.integer, alone.integer);
    rated_free(&alone);
    rated_free(&after);
    unlink(checkpoint);
    keep_to(none, none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_of_a_block_die_together),
        cmocka_unit_test(a_mask_lets_all_of_a_block_live_or_none),
        cmocka_unit_test(the_file_has_the_blocks_that_were_trained),
        cmocka_unit_test(filters_that_are_balanced_have_as_many_weights),
        cmocka_unit_test(a_recipe_says_it_of_each_layer),
        cmocka_unit_test(a_killed_run_ends_with_the_same_bytes),
        cmocka_unit_test(a_checkpoint_of_another_structure_is_not_gone_on_from),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
