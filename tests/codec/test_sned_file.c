/*
 * test_sned_file.c - networks to .sned files and back.
 */
#include "codec/sections.h"
#include "tests/common/sned_files.h"

#include <math.h>

static struct graph *unpack(const struct buffer *file)
{
    struct graph *graph;
    sned_error error;
    if (sned_unpack(&graph, file->data, file->size, NULL, NULL, &error) != SNED_OK)
        fail_msg("%s", error.message);
    return graph;
}

/* ---- equality, wherever a tensor lies ---- */

static void assert_constants_equal(const struct tensor *a, const struct tensor *b)
{
    assert_int_equal(a->type, b->type);
    assert_true(sned_shape_equal(&a->shape, &b->shape));
    assert_memory_equal(a->data, b->data, sned_shape_elements(&a->shape) * sned_type_size(a->type));
}

static void assert_activations_equal(const struct tensor *a, const struct tensor *b)
{
    assert_null(b->data);
    assert_true(sned_shape_equal(&a->shape, &b->shape));
    assert_true(a->quantization.scale == b->quantization.scale);
    assert_int_equal(a->quantization.bits, b->quantization.bits);
    assert_int_equal(a->quantization.is_signed, b->quantization.is_signed);
}

static void assert_attributes_equal(const struct node *x, const struct node *y)
{
    assert_int_equal(x->output_count, y->output_count);
    if (x->op == OP_SPLIT) {
        assert_int_equal(x->u.split.axis, y->u.split.axis);
        assert_memory_equal(x->u.split.sizes, y->u.split.sizes,
                            (size_t)x->output_count * sizeof *x->u.split.sizes);
    } else {
        assert_memory_equal(&x->u, &y->u, sizeof x->u);
    }
    assert_memory_equal(&x->activation, &y->activation, sizeof x->activation);
}

/* The number of an activation in the file; of a tensor of each graph, that is what must be the same. */
static int number_of(const struct graph *graph, int tensor)
{
    struct activations activations;
    MUST(sned_activations_list(&activations, graph, NULL));
    const int number = activations.numbers[tensor];
    sned_activations_free(&activations);
    return number;
}

static void assert_nodes_equal(const struct graph *a, const struct graph *b, int index)
{
    const struct node *x = &a->nodes[index], *y = &b->nodes[index];
    assert_string_equal(x->name, y->name);
    assert_int_equal(x->op, y->op);
    assert_attributes_equal(x, y);
    assert_int_equal(x->rules[0].low, y->rules[0].low);
    assert_int_equal(x->rules[0].high, y->rules[0].high);
    assert_int_equal(x->rules[0].slope, y->rules[0].slope);
    assert_int_equal(x->rules[0].scaling_count, y->rules[0].scaling_count);
    for (int i = 0; i < x->rules[0].scaling_count; i++) {
        assert_int_equal(x->rules[0].scalings[i].multiplier, y->rules[0].scalings[i].multiplier);
        assert_int_equal(x->rules[0].scalings[i].shift, y->rules[0].scalings[i].shift);
    }
    assert_true(!x->rules[0].counts == !y->rules[0].counts);
    if (x->rules[0].counts)
        assert_memory_equal(x->rules[0].counts, y->rules[0].counts,
                            (size_t)x->rules[0].scaling_count * sizeof *x->rules[0].counts);
    assert_int_equal(x->input_count, y->input_count);
    for (int k = 0; k < x->output_count; k++)
        assert_activations_equal(&a->tensors[x->outputs[k]], &b->tensors[y->outputs[k]]);
    for (int i = 0; i < x->input_count; i++) {
        assert_int_equal(x->inputs[i] < 0, y->inputs[i] < 0);
        if (x->inputs[i] < 0)
            continue;
        if (a->tensors[x->inputs[i]].data)
            assert_constants_equal(&a->tensors[x->inputs[i]], &b->tensors[y->inputs[i]]);
        else
            assert_int_equal(number_of(a, x->inputs[i]), number_of(b, y->inputs[i]));
    }
}

static void assert_ends_equal(const struct graph *a, const struct graph *b)
{
    assert_activations_equal(&a->tensors[a->input], &b->tensors[b->input]);
    assert_string_equal(a->tensors[a->input].name, b->tensors[b->input].name);
    assert_int_equal(a->output_count, b->output_count);
    for (int k = 0; k < a->output_count; k++) {
        assert_string_equal(a->tensors[a->outputs[k]].name, b->tensors[b->outputs[k]].name);
        assert_int_equal(number_of(a, a->outputs[k]), number_of(b, b->outputs[k]));
    }
    assert_int_equal(a->state_count, b->state_count);
    for (int k = 0; k < a->state_count; k++) {
        const struct tensor *x = &a->tensors[a->states[k].tensor], *y = &b->tensors[b->states[k].tensor];
        assert_string_equal(x->name, y->name);
        assert_activations_equal(x, y);
        assert_int_equal(number_of(a, a->states[k].tensor), number_of(b, b->states[k].tensor));
        assert_int_equal(number_of(a, a->states[k].next), number_of(b, b->states[k].next));
    }
}

static void assert_graphs_equal(const struct graph *a, const struct graph *b)
{
    assert_string_equal(a->name, b->name);
    assert_int_equal(a->node_count, b->node_count);
    assert_true(b->integer);
    for (int i = 0; i < a->node_count; i++)
        assert_nodes_equal(a, b, i);
    assert_ends_equal(a, b);
    assert_memory_equal(&a->rule, &b->rule, sizeof a->rule);
    assert_int_equal(a->label_count, b->label_count);
    for (int i = 0; i < a->label_count; i++)
        assert_string_equal(a->labels[i], b->labels[i]);
    assert_true(!a->provenance == !b->provenance);
    if (a->provenance)
        assert_string_equal(a->provenance, b->provenance);
}

/* ---- round trips ---- */

static void unpacking_gives_back_the_network(void **state)
{
    static const float densities[] = {0, 0.02f, 0.3f, 1};
    for (int i = 0; i < MAKERS; i++) {
        for (int d = 0; d < 4; d++) {
            struct graph *graph = makers[i](densities[d], (uint64_t)d);
            struct buffer file = pack(graph), again;
            struct graph *copy = unpack(&file);
            assert_graphs_equal(graph, copy);
            again = pack(copy);
            assert_int_equal(again.size, file.size);
            assert_memory_equal(again.data, file.data, file.size);
            sned_buffer_free(&file);
            sned_buffer_free(&again);
            sned_graph_free(graph);
            sned_graph_free(copy);
        }
    }
}

static void the_way_of_resizing_is_kept_and_costs_nothing_where_it_is_the_usual_one(void **state)
{
    static const struct resize ways[] = {{RESIZE_COVER, 0}, {RESIZE_SQUASH, 0}, {RESIZE_SIDE, 300}};
    enum { MINOR = 7 }; /* its offset */
    struct graph *graph = small_graph(0.5f, 1);
    struct buffer usual = pack_as(graph, FORMAT_GAP16);
    assert_int_equal(usual.data[MINOR], 0);
    for (int i = 0; i < 3; i++) {
        graph->rule.resize = ways[i];
        struct buffer file = pack_as(graph, FORMAT_GAP16);
        struct graph *copy = unpack(&file);
        assert_graphs_equal(graph, copy);
        assert_int_equal(file.data[MINOR], 1);
        assert_int_equal(file.size, usual.size + 10 + (ways[i].kind == RESIZE_SIDE ? 3 : 1));
        sned_buffer_free(&file);
        sned_graph_free(copy);
    }
    sned_buffer_free(&usual);
    sned_graph_free(graph);
}

static void packing_appends_behind_what_is_there(void **state)
{
    struct graph *graph = small_graph(0.5f, 1);
    struct buffer alone = pack(graph), behind = {0};
    assert_int_equal(sned_buffer_append(&behind, "abc", 3, NULL), SNED_OK);
    assert_int_equal(sned_pack(graph, NULL, &behind, NULL, NULL, NULL), SNED_OK);
    assert_int_equal(behind.size, alone.size + 3);
    assert_memory_equal(behind.data, "abc", 3);
    assert_memory_equal(behind.data + 3, alone.data, alone.size);
    sned_buffer_free(&alone);
    sned_buffer_free(&behind);
    sned_graph_free(graph);
}

/* Every layer in `format`; its file gives back the network. */
static size_t forced_size(const struct graph *graph, enum weight_format format)
{
    struct buffer file = {0};
    int *force = malloc((size_t)graph->node_count * sizeof *force), count;
    struct layer_storage *storage;
    for (int i = 0; i < graph->node_count; i++)
        force[i] = (int)format;
    assert_int_equal(sned_pack(graph, &(struct pack_options){.force = force}, &file, &storage, &count, NULL),
                     SNED_OK);
    for (int i = 0; i < count; i++)
        assert_int_equal(storage[i].format, format);
    struct graph *copy = unpack(&file);
    assert_graphs_equal(graph, copy);
    size_t size = file.size;
    sned_graph_free(copy);
    sned_buffer_free(&file);
    free(storage);
    free(force);
    return size;
}

static void mixed_is_smaller_than_plain_formats_and_what_is_written_unasked_no_larger(void **state)
{
    static const float densities[] = {0.02f, 0.3f};
    for (int d = 0; d < 2; d++) {
        struct graph *graph = lenet_graph(densities[d], 3);
        const size_t mixed = forced_size(graph, FORMAT_MIXED);
        struct buffer file = pack(graph);
        assert_true(file.size <= mixed);
        for (int format = 0; format < FORMAT_MIXED; format++)
            assert_true(forced_size(graph, (enum weight_format)format) > mixed);
        sned_buffer_free(&file);
        sned_graph_free(graph);
    }
}

static void a_layer_in_another_format_lies_beside_the_mixed_ones(void **state)
{
    struct graph *graph = lenet_graph(0.1f, 3);
    int *force = malloc((size_t)graph->node_count * sizeof *force), count;
    struct layer_storage *storage;
    struct buffer file = {0};
    for (int i = 0; i < graph->node_count; i++)
        force[i] = i == 2 ? FORMAT_CCOO16 : i == 6 ? FORMAT_DENSE8 : -1;
    assert_int_equal(sned_pack(graph, &(struct pack_options){.force = force}, &file, &storage, &count, NULL),
                     SNED_OK);
    assert_int_equal(storage[0].format, FORMAT_MIXED);
    assert_int_equal(storage[1].format, FORMAT_CCOO16);
    assert_int_equal(storage[2].format, FORMAT_MIXED);
    assert_int_equal(storage[3].format, FORMAT_DENSE8);
    assert_true(storage[3].bytes > 1 + 2 + 10 * 500); /* form, size, weights */
    struct graph *copy = unpack(&file);
    assert_graphs_equal(graph, copy);
    sned_graph_free(copy);
    sned_graph_free(graph);
    sned_buffer_free(&file);
    free(storage);
    free(force);
}

/* Of LeNet-5's eight nodes. */
static const struct pack_options all_mixed = {.force = (const int[]){FORMAT_MIXED, FORMAT_MIXED, FORMAT_MIXED,
                                                                     FORMAT_MIXED, FORMAT_MIXED, FORMAT_MIXED,
                                                                     FORMAT_MIXED, FORMAT_MIXED}};

static void storage_tells_node_format_and_bytes(void **state)
{
    struct graph *graph = lenet_graph(0.05f, 3), *copy;
    struct buffer file = {0};
    struct layer_storage *packed, *unpacked;
    int packed_count, unpacked_count;
    uint64_t bytes = 0;
    assert_int_equal(sned_pack(graph, &all_mixed, &file, &packed, &packed_count, NULL), SNED_OK);
    assert_int_equal(sned_unpack(&copy, file.data, file.size, &unpacked, &unpacked_count, NULL), SNED_OK);
    assert_int_equal(packed_count, 4);
    assert_int_equal(unpacked_count, 4);
    for (int i = 0; i < 4; i++) {
        static const int nodes[] = {0, 2, 5, 6};
        assert_int_equal(packed[i].node, nodes[i]);
        assert_int_equal(packed[i].format, FORMAT_MIXED);
        assert_true(packed[i].decisions > sned_node_weights(graph, &graph->nodes[nodes[i]]));
        assert_memory_equal(&packed[i], &unpacked[i], sizeof packed[i]);
        bytes += packed[i].bytes;
    }
    assert_in_range(file.size - bytes, 50, 300); /* all that is not layers */
    free(packed);
    free(unpacked);
    sned_buffer_free(&file);
    sned_graph_free(graph);
    sned_graph_free(copy);
}

/* fc1 of gap16: half of an entry is its gap, an eighth of the other half a sign. */
static void storage_tells_what_a_layers_bytes_say(void **state)
{
    struct graph *graph = lenet_graph(0.05f, 3), *copy;
    struct buffer file = {0};
    struct layer_storage *packed, *unpacked;
    int count;
    assert_int_equal(sned_pack(graph, &all_mixed, &file, &packed, &count, NULL), SNED_OK);
    assert_int_equal(sned_unpack(&copy, file.data, file.size, &unpacked, &count, NULL), SNED_OK);
    for (int i = 0; i < 4; i++) {
        double sum = 0;
        for (int part = 0; part < PART_COUNT; part++) {
            assert_true(packed[i].parts[part] == unpacked[i].parts[part]);
            sum += packed[i].parts[part];
        }
        assert_float_equal(sum, packed[i].bytes, 1); /* bytes are whole ones */
    }
    const double *parts = packed[2].parts, kept = (double)sned_node_kept(graph, &graph->nodes[5]);
    const double zeros = 400000 - kept, bits = kept * log2(400000 / kept) + zeros * log2(400000 / zeros);
    assert_float_equal(parts[PART_POSITIONS], bits / 8, bits / 8 / 33);
    assert_float_equal(parts[PART_SIGNS], kept / 8, kept / 8 / 50);
    assert_float_equal(parts[PART_MAGNITUDES], 7 * kept / 8, 7 * kept / 8 / 50);
    free(packed);
    free(unpacked);
    sned_buffer_free(&file);
    sned_graph_free(graph);
    sned_graph_free(copy);
}

static void filters_that_are_all_zero_cost_a_bit(void **state)
{
    struct graph *graph = lenet_graph(1, 4), *copy;
    struct node *fc1 = &graph->nodes[5];
    memset((int8_t *)graph->tensors[fc1->inputs[1]].data + 17 * 800, 0, 300 * 800);
    struct buffer file = {0};
    struct layer_storage *storage;
    int count, force[32];
    for (int i = 0; i < graph->node_count; i++)
        force[i] = FORMAT_DENSE8;
    assert_int_equal(sned_pack(graph, &(struct pack_options){.force = force}, &file, &storage, &count, NULL),
                     SNED_OK);
    assert_in_range(storage[2].bytes, 200 * 800, 200 * 800 + 500 / 8 + 500 * 6);
    copy = unpack(&file);
    assert_graphs_equal(graph, copy);
    free(storage);
    sned_buffer_free(&file);
    sned_graph_free(graph);
    sned_graph_free(copy);
}

/* 8,600 weights: positions hold .1414 bits for each of 430,500, 7.6 KB; signs and magnitudes, all equally
 * likely, 8 bits for each that is kept, 8.6 KB; 580 biases and scalings 2 bytes each and more, 2.4 KB. */
static void lenet5_with_two_percent_of_its_weights_takes_19_kilobytes(void **state)
{
    struct buffer file = pack_new(lenet_graph, 0.02f, 5);
    assert_in_range(file.size, 18300, 19500);
    sned_buffer_free(&file);
}

/* A layer as compression leaves it: `live` filters, one scaling for all, biases a few bits above a power of
 * two. */
static void thin_out(struct graph *graph, struct node *node, int live)
{
    struct tensor *weights = &graph->tensors[node->inputs[1]];
    const int filters = (int)weights->shape.dim[0];
    const size_t size = sned_shape_elements(&weights->shape) / (size_t)filters;
    int32_t *biases = graph->tensors[node->inputs[2]].data;
    memset((int8_t *)weights->data + (size_t)live * size, 0, (size_t)(filters - live) * size);
    for (int k = 0; k < filters; k++) {
        biases[k] = k < live ? (k * 5 % 13 - 6) * 2048 : 0;
        node->rules[0].scalings[k] = node->rules[0].scalings[0];
    }
}

static void what_is_no_weight_of_a_lenet5_takes_220_bytes_at_most(void **state)
{
    static const struct {
        int node, live;
    } layers[] = {{0, 8}, {2, 20}, {5, 60}, {6, 10}};
    struct graph *graph = lenet_graph(0.05f, 5);
    struct layer_storage *storage;
    struct buffer file = {0};
    int count;
    double rest;
    for (int i = 0; i < 4; i++)
        thin_out(graph, &graph->nodes[layers[i].node], layers[i].live);
    free(graph->provenance);
    graph->provenance =
        strdup("{\"tool\":\"sned 0.1.0\",\"command\":\"compress\",\"source\":\"digits.onnx\",\"seed\":1}");
    assert_int_equal(sned_pack(graph, NULL, &file, &storage, &count, NULL), SNED_OK);
    rest = (double)file.size;
    for (int i = 0; i < count; i++)
        for (int part = PART_POSITIONS; part <= PART_MAGNITUDES; part++)
            rest -= storage[i].parts[part];
    assert_true(rest > 28 && rest <= 220); /* 28 of them are the container's */
    free(storage);
    sned_buffer_free(&file);
    sned_graph_free(graph);
}

static void names_are_made_distinct_and_utf8(void **state)
{
    struct graph *graph = small_graph(0.5f, 1);
    static const char *const given[] = {"", "same", "same", "caf\xe9"}, *const stored[] = {"#0", "same",
                                                                                           "same#2", "caf?"};
    for (int i = 0; i < 4; i++) {
        free(graph->nodes[i].name);
        graph->nodes[i].name = strdup(given[i]);
    }
    struct buffer file = pack(graph);
    struct graph *copy = unpack(&file);
    for (int i = 0; i < 4; i++)
        assert_string_equal(copy->nodes[i].name, stored[i]);
    sned_buffer_free(&file);
    sned_graph_free(graph);
    sned_graph_free(copy);
}

static void networks_that_no_file_can_hold_are_refused(void **state)
{
    struct graph *graph = small_graph(0.5f, 1);
    struct buffer file = {0};
    sned_error error;
    graph->integer = false;
    assert_int_not_equal(sned_pack(graph, NULL, &file, NULL, NULL, &error), SNED_OK);
    graph->integer = true;

    free(graph->nodes[0].name);
    graph->nodes[0].name = malloc(70001);
    memset(graph->nodes[0].name, 'x', 70000);
    graph->nodes[0].name[70000] = 0;
    assert_int_equal(sned_pack(graph, NULL, &file, NULL, NULL, &error), SNED_ERROR_FORMAT);
    graph->nodes[0].name[10] = 0;

    assert_int_equal(sned_pack(graph, &(struct pack_options){.force = (const int[]){-1, -1, -1, 9}}, &file,
                               NULL, NULL, &error),
                     SNED_ERROR_ARGUMENT);
    assert_non_null(strstr(error.message, "fc1"));
    graph->nodes[0].rules[0].scalings[1].shift = 77;
    assert_int_not_equal(sned_pack(graph, NULL, &file, NULL, NULL, &error), SNED_OK);
    assert_int_equal(file.size, 0);
    sned_buffer_free(&file);
    sned_graph_free(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unpacking_gives_back_the_network),
        cmocka_unit_test(the_way_of_resizing_is_kept_and_costs_nothing_where_it_is_the_usual_one),
        cmocka_unit_test(packing_appends_behind_what_is_there),
        cmocka_unit_test(mixed_is_smaller_than_plain_formats_and_what_is_written_unasked_no_larger),
        cmocka_unit_test(a_layer_in_another_format_lies_beside_the_mixed_ones),
        cmocka_unit_test(storage_tells_node_format_and_bytes),
        cmocka_unit_test(storage_tells_what_a_layers_bytes_say),
        cmocka_unit_test(filters_that_are_all_zero_cost_a_bit),
        cmocka_unit_test(lenet5_with_two_percent_of_its_weights_takes_19_kilobytes),
        cmocka_unit_test(what_is_no_weight_of_a_lenet5_takes_220_bytes_at_most),
        cmocka_unit_test(names_are_made_distinct_and_utf8),
        cmocka_unit_test(networks_that_no_file_can_hold_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
