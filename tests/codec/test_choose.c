/*
 * test_choose.c - which layers of a file are mixed and which rans, by the time that opening may take.
 */
#include "codec/codec.h"
#include "tests/common/integer_graphs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* Weights with structure that mixing finds and classes do not: stripes that move on from row to row. */
static struct graph *structured_graph(void)
{
    struct graph *graph = lenet_graph(0.1f, 1);
    struct random random;
    sned_random_seed(&random, 1, 0);
    for (int t = 0; t < graph->tensor_count; t++) {
        struct tensor *tensor = &graph->tensors[t];
        if (!tensor->data || tensor->type != TENSOR_I8)
            continue;
        const size_t filters = (size_t)tensor->shape.dim[0];
        const size_t size = sned_shape_elements(&tensor->shape) / filters;
        int8_t *weights = tensor->data;
        for (size_t i = 0; i < filters * size; i++) {
            const float row = (float)(i / size) / (float)filters, column = (float)(i % size) / (float)size;
            const float wave =
                row + column * 7 - (float)(int)(row + column * 7); /* moves on from row to row */
            const bool kept = sned_random_uniform(&random) < (wave < .1f ? .6f : .01f);
            weights[i] = kept ? (int8_t)(1 + sned_random_below(&random, 3)) : 0;
        }
    }
    return graph;
}

struct packed {
    struct buffer file;
    struct layer_storage *layers;
    int count;
};

static struct packed pack(const struct graph *graph, const int *force, double open_ms)
{
    struct packed packed = {0};
    const struct pack_options options = {.force = force, .open_ms = open_ms};
    sned_error error;
    if (sned_pack(graph, &options, &packed.file, &packed.layers, &packed.count, &error) != SNED_OK)
        fail_msg("%s", error.message);
    return packed;
}

static void packed_free(struct packed *packed)
{
    sned_buffer_free(&packed->file);
    free(packed->layers);
}

static int count_format(const struct packed *packed, enum weight_format format)
{
    int count = 0;
    for (int i = 0; i < packed->count; i++)
        count += packed->layers[i].format == format;
    return count;
}

static void small_layers_are_mixed(void **state)
{
    struct graph *graph = structured_graph();
    struct packed packed = pack(graph, NULL, 0);
    assert_int_equal(count_format(&packed, FORMAT_MIXED), packed.count);
    packed_free(&packed);
    sned_graph_free(graph);
}

static void without_time_all_layers_are_rans(void **state)
{
    struct graph *graph = structured_graph();
    struct packed packed = pack(graph, NULL, 0.001);
    assert_int_equal(count_format(&packed, FORMAT_RANS), packed.count);
    packed_free(&packed);
    sned_graph_free(graph);
}

/* LeNet-5's 430,500 weights cost 25 ns each to mix, or more; a file 10 ms. */
static void more_time_never_makes_the_file_larger(void **state)
{
    static const double times[] = {1, 10.5, 11, 12, 14, 16, 20, 30, 60, 300};
    struct graph *graph = structured_graph();
    size_t before = SIZE_MAX;
    int formats = 0;
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        struct packed packed = pack(graph, NULL, times[i]);
        const int mixed = count_format(&packed, FORMAT_MIXED);
        assert_true(packed.file.size <= before);
        formats |= 1 << mixed;
        before = packed.file.size;
        packed_free(&packed);
    }
    assert_true(formats & 1);      /* none is mixed */
    assert_true(formats & 1 << 4); /* all are */
    assert_true(formats & 0xe);    /* some are */
    sned_graph_free(graph);
}

static void a_large_layer_without_structure_is_rans_whatever_the_time(void **state)
{
    const struct shape input = sned_shape(2, (int64_t)1, (int64_t)2048);
    struct maker maker = maker_begin("plain", &input, 0.3f, 2);
    add_gemm(&maker, "fc", 512, 2048, S16);
    struct graph *graph = maker_end(&maker);
    struct packed packed = pack(graph, NULL, 1e6);
    struct packed rans = pack(graph, NULL, 1);
    assert_int_equal(packed.layers[0].format, FORMAT_RANS);
    assert_int_equal(packed.file.size, rans.file.size);
    packed_free(&packed);
    packed_free(&rans);
    sned_graph_free(graph);
}

static void forced_layers_keep_their_format(void **state)
{
    struct graph *graph = structured_graph();
    int force[64], first = -1;
    for (int i = 0; i < graph->node_count; i++) {
        const bool is_first = first < 0 && sned_node_has_weights(&graph->nodes[i]);
        force[i] = is_first ? (int)FORMAT_GAP16 : -1;
        first = is_first ? i : first;
    }
    struct packed packed = pack(graph, force, 1);
    assert_int_equal(packed.layers[0].format, FORMAT_GAP16);
    for (int i = 1; i < packed.count; i++)
        assert_int_equal(packed.layers[i].format, FORMAT_RANS);
    packed_free(&packed);
    sned_graph_free(graph);
}

static void whatever_is_chosen_comes_back(void **state)
{
    struct graph *graph = structured_graph();
    for (int i = 0; i < 2; i++) {
        struct packed packed = pack(graph, NULL, i ? 12 : 1);
        struct graph *again = NULL;
        MUST(sned_unpack(&again, packed.file.data, packed.file.size, NULL, NULL, NULL));
        for (int n = 0; n < graph->node_count; n++) {
            if (!sned_node_has_weights(&graph->nodes[n]))
                continue;
            const struct tensor *one = &graph->tensors[node_weights(&graph->nodes[n], 0)],
                                *other = &again->tensors[node_weights(&again->nodes[n], 0)];
            assert_memory_equal(one->data, other->data, sned_shape_elements(&one->shape));
        }
        sned_graph_free(again);
        packed_free(&packed);
    }
    sned_graph_free(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_layers_are_mixed),
        cmocka_unit_test(without_time_all_layers_are_rans),
        cmocka_unit_test(more_time_never_makes_the_file_larger),
        cmocka_unit_test(a_large_layer_without_structure_is_rans_whatever_the_time),
        cmocka_unit_test(forced_layers_keep_their_format),
        cmocka_unit_test(whatever_is_chosen_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
