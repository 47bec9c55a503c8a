/*
 * test_packed.c - a file's weights by blocks of rows: what they are is what unpacking the whole file gives,
 * in whatever order and on however many threads; and nothing that lies gets through.
 */
#include "codec/packed.h"
#include "runtime/model.h"
#include "tests/common/random_graphs.h"

#include <string.h>

enum { COLUMNS = 700, ROWS = 901 };

/* A Gemm of some blocks, whose filters of `dead` in ten are all zero. */
static struct graph *network(float density, int dead, uint64_t seed)
{
    struct random random;
    sned_random_seed(&random, 70, seed);
    struct graph *graph = new_graph(sned_shape(2, (int64_t)1, (int64_t)COLUMNS), unsigned8);
    random_gemm(graph, &random, ROWS, signed8);
    int8_t *weights = graph->tensors[node_weights(&graph->nodes[0], 0)].data;
    for (int k = 0; k < ROWS; k++)
        for (int c = 0; c < COLUMNS; c++)
            weights[k * COLUMNS + c] = k % 10 >= dead && sned_random_uniform(&random) < density
                                           ? (int8_t)random_range(&random, -20, 20)
                                           : 0;
    assert_int_equal(sned_graph_infer(graph, NULL), SNED_OK);
    return graph;
}

static struct buffer pack_as(const struct graph *graph, enum weight_format format)
{
    const int force[] = {(int)format};
    struct buffer file = {0};
    sned_error error = {0};
    if (sned_pack(graph, &(struct pack_options){.force = force}, &file, NULL, NULL, &error) != SNED_OK)
        fail_msg("%s", error.message);
    return file;
}

static const int8_t *weights_of(const struct graph *graph)
{
    return graph->tensors[node_weights(&graph->nodes[0], 0)].data;
}

/* Block by block, the last one first; of blocks for groups of `unit` rows. */
static void check_rows(const struct packed_file *packed, const int8_t *expected, size_t unit)
{
    struct weight_rows rows;
    assert_int_equal(sned_weight_rows_open(&rows, packed, &packed->graph->nodes[0], 0, NULL), SNED_OK);
    sned_weight_rows_join(&rows, unit);
    assert_int_equal(rows.rows, ROWS);
    assert_int_equal(rows.columns, COLUMNS);
    int8_t *room = malloc(rows.most_rows * rows.columns);
    size_t seen = 0;
    for (size_t b = rows.blocks; b-- > 0;) {
        const int8_t *weights;
        const size_t count = sned_weight_rows_count(&rows, b);
        assert_true(count <= rows.most_rows);
        memset(room, 77, count * rows.columns);
        assert_int_equal(sned_weight_rows_read(&rows, b, room, &weights, NULL), SNED_OK);
        assert_memory_equal(weights, expected + sned_weight_rows_first(&rows, b) * COLUMNS, count * COLUMNS);
        seen += count;
    }
    assert_int_equal(seen, ROWS);
    free(room);
    sned_weight_rows_close(&rows);
}

static void rows_are_those_that_were_packed(void **state)
{
    static const enum weight_format formats[] = {FORMAT_DENSE8, FORMAT_CCOO16, FORMAT_GAP16, FORMAT_RANS};
    static const int dead[] = {0, 3, 9, 10};
    for (int i = 0; i < 32; i++) {
        /* With few weights zeros lie between them that an entry of a sparse format does not count. */
        struct graph *graph = network(i < 16 ? 0.1f : 0.001f, dead[i % 4], (uint64_t)i);
        struct buffer file = pack_as(graph, formats[i / 4 % 4]);
        struct packed_file packed;
        assert_int_equal(sned_unpack_apart(&packed, file.data, file.size, NULL, NULL), SNED_OK);
        assert_null(weights_of(packed.graph));
        check_rows(&packed, weights_of(graph), i % 3 ? 1 : 64);
        assert_int_equal(sned_unpack_weights(&packed, &packed.graph->nodes[0], 0, 3, NULL), SNED_OK);
        assert_memory_equal(weights_of(packed.graph), weights_of(graph), ROWS * COLUMNS);
        sned_packed_free(&packed);
        sned_buffer_free(&file);
        sned_graph_free(graph);
    }
}

/* By hand: 65,536 weights are 93 rows of 700, which miss 35 of 2 * 64; twice as many miss 6 of 192, which is
 * little. Of the 10 pieces that 901 rows are, 9 of 93 and one of 64, five blocks come of two each. */
static void blocks_are_as_large_as_groups_of_rows_want_them(void **state)
{
    struct graph *graph = network(0.1f, 0, 0);
    const struct tensor *weights = &graph->tensors[node_weights(&graph->nodes[0], 0)];
    struct weight_rows rows;
    sned_weight_rows_of(&rows, weights);
    assert_int_equal(rows.blocks, 10);
    assert_int_equal(rows.most_rows, 93);
    sned_weight_rows_join(&rows, 64);
    assert_int_equal(rows.blocks, 5);
    assert_int_equal(rows.most_rows, 186);
    assert_int_equal(sned_weight_rows_first(&rows, 4), 744);
    assert_int_equal(sned_weight_rows_count(&rows, 4), 157);
    sned_weight_rows_close(&rows);
    sned_graph_free(graph);
}

static void blocks_are_not_joined_to_millions_of_weights(void **state)
{
    static int8_t never_read;
    const struct tensor weights = {.shape = sned_shape(2, (int64_t)20, (int64_t)200000), .data = &never_read};
    struct weight_rows rows;
    sned_weight_rows_of(&rows, &weights);
    sned_weight_rows_join(&rows, 16);
    assert_int_equal(rows.blocks, 20);
    assert_int_equal(rows.most_rows, 1);
    sned_weight_rows_close(&rows);
}

/* ---- models ---- */

static void run(const sned_model *model, float scores[ROWS])
{
    float values[COLUMNS];
    sned_context *context;
    for (int c = 0; c < COLUMNS; c++)
        values[c] = (float)(c * 37 % 256);
    assert_int_equal(sned_context_new(&context, model, NULL), SNED_OK);
    assert_int_equal(sned_run_values(context, values, 1, scores, NULL), SNED_OK);
    sned_context_free(context);
}

static void a_model_is_the_same_on_any_number_of_threads(void **state)
{
    struct graph *graph = network(0.2f, 2, 50);
    const uint64_t kept = sned_node_kept(graph, &graph->nodes[0]);
    struct buffer file = pack_as(graph, FORMAT_RANS);
    float expected[ROWS], scores[ROWS];
    sned_model *model;
    assert_int_equal(sned_model_from_graph(&model, graph, NULL), SNED_OK);
    run(model, expected);
    sned_close(model);
    for (uint64_t threads = 0; threads < 5; threads++) {
        const sned_limits limits = {.threads = threads};
        assert_int_equal(sned_open_memory_with(&model, file.data, file.size, &limits, NULL), SNED_OK);
        assert_int_equal(sned_model_get_info(model)->kept, kept);
        run(model, scores);
        assert_memory_equal(scores, expected, sizeof scores);
        sned_close(model);
    }
    sned_buffer_free(&file);
}

static void an_open_file_keeps_no_weights_of_its_graph(void **state)
{
    struct graph *graph = network(0.2f, 0, 51);
    struct buffer file = pack_as(graph, FORMAT_MIXED);
    sned_model *model;
    sned_context *context;
    sned_error error = {0};
    assert_int_equal(sned_open_memory(&model, file.data, file.size, NULL), SNED_OK);
    assert_null(weights_of(sned_model_graph(model)));
    assert_int_equal(sned_context_new_keep(&context, model, &error), SNED_ERROR_ARGUMENT);
    assert_null(context);
    assert_non_null(strstr(error.message, "given its weights back"));
    sned_close(model);
    sned_buffer_free(&file);
    sned_graph_free(graph);
}

static void too_many_threads_are_refused(void **state)
{
    const sned_limits limits = {.threads = 1025};
    sned_model *model;
    assert_int_equal(sned_open_memory_with(&model, "", 0, &limits, NULL), SNED_ERROR_ARGUMENT);
}

/* ---- lies ---- */

/* A file whose bias lets one row's sum pass 32 bits: by rows and at once, it is seen when the row comes. */
static void sums_that_can_overflow_are_refused_when_their_rows_come(void **state)
{
    struct graph *graph = network(0.2f, 0, 52);
    struct buffer file = pack_as(graph, FORMAT_RANS);
    for (int by_rows = 0; by_rows < 2; by_rows++) {
        struct packed_file packed;
        struct plan plan;
        sned_error error = {0};
        assert_int_equal(sned_unpack_apart(&packed, file.data, file.size, NULL, NULL), SNED_OK);
        const struct node *node = &packed.graph->nodes[0];
        ((int32_t *)packed.graph->tensors[node_bias(node, 0)].data)[700] = INT32_MAX;
        const struct weight_source source = {.packed = &packed, .threads = 2};
        const sned_status status =
            by_rows ? sned_plan_make(&plan, packed.graph, sned_micro_column(0), &source, false, &error)
                    : sned_unpack_weights(&packed, node, 0, 1, &error);
        assert_int_equal(status, SNED_ERROR_FORMAT);
        assert_non_null(strstr(error.message, "the sum of filter 700 can exceed 32 bits"));
        sned_packed_free(&packed);
    }
    sned_buffer_free(&file);
    sned_graph_free(graph);
}

static void a_damaged_block_is_refused_on_any_number_of_threads(void **state)
{
    struct graph *graph = network(0.2f, 0, 53);
    struct buffer file = pack_as(graph, FORMAT_RANS);
    struct packed_file packed;
    assert_int_equal(sned_unpack_apart(&packed, file.data, file.size, NULL, NULL), SNED_OK);
    struct packed_weights *weights = &packed.weights[node_weights(&packed.graph->nodes[0], 0)];
    uint8_t *stream = malloc(weights->size);
    memcpy(stream, weights->data, weights->size);
    stream[weights->size - 1] ^= 0x40;
    weights->data = stream;
    for (int threads = 1; threads < 4; threads++) {
        const struct weight_source source = {.packed = &packed, .threads = threads};
        struct plan plan;
        sned_error error = {0};
        assert_int_equal(sned_plan_make(&plan, packed.graph, sned_micro_column(0), &source, false, &error),
                         SNED_ERROR_FORMAT);
        assert_non_null(strstr(error.message, "is damaged"));
    }
    free(stream);
    sned_packed_free(&packed);
    sned_buffer_free(&file);
    sned_graph_free(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_those_that_were_packed),
        cmocka_unit_test(blocks_are_as_large_as_groups_of_rows_want_them),
        cmocka_unit_test(blocks_are_not_joined_to_millions_of_weights),
        cmocka_unit_test(a_model_is_the_same_on_any_number_of_threads),
        cmocka_unit_test(an_open_file_keeps_no_weights_of_its_graph),
        cmocka_unit_test(too_many_threads_are_refused),
        cmocka_unit_test(sums_that_can_overflow_are_refused_when_their_rows_come),
        cmocka_unit_test(a_damaged_block_is_refused_on_any_number_of_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
