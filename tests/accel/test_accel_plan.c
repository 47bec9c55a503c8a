/*
 * test_accel_plan.c - a Conv as rows of a flat raster gives what docs/arithmetic.md says; filters are dealt
 * to lanes without loss; the cycle model's counts add up and keep its bounds.
 */
#include "tests/accel/accel_layers.h"

#include "accel/cycles/cycles.h"

/* ---- raster ---- */

static void sum_rows(const struct graph *graph, const struct node *node, const struct raster *raster,
                     const int32_t *in, int32_t *out)
{
    const struct extent e = sned_shape_extent(&graph->tensors[graph->input].shape);
    const int8_t *weights = graph->tensors[node->inputs[1]].data;
    const int32_t *bias = node->inputs[2] >= 0 ? graph->tensors[node->inputs[2]].data : NULL;
    const int depth = e.channels / raster->groups * raster->stride[0] * raster->stride[1];
    for (int k = 0; k < raster->groups * raster->filters; k++)
        for (int y = 0; y < raster->height; y++)
            for (int x = 0; x < raster->width; x++) {
                int64_t sum = bias ? bias[k] : 0;
                for (int r = 0; r < raster->row_count; r++) {
                    const struct raster_row row = raster->rows[r];
                    const int channel = k / raster->filters * depth + row.channel;
                    /* The flat shift never leaves the row that dy names, but where the mask has a zero. */
                    const int p = y * raster->pitch + x + row.dy * raster->pitch + row.dx;
                    if (x + row.dx >= 0 && x + row.dx < raster->pitch)
                        assert_int_equal(p - (y + row.dy) * raster->pitch, x + row.dx);
                    sum += (int64_t)weights[k * raster->row_count + r] *
                           block_at(in, e, raster, channel, y + row.dy, x + row.dx);
                }
                *out++ = oracle_end(node, oracle_scale(sum, node->rules[0].scalings[k]));
            }
}

static void rows_of_a_flat_raster_are_the_convolution(void **state)
{
    struct random random;
    sned_random_seed(&random, 11, 0);
    for (int i = 0; i < 200; i++) {
        struct graph *graph = random_layer(&random);
        const struct node *node = &graph->nodes[0];
        const struct extent in_extent = sned_shape_extent(&graph->tensors[graph->input].shape),
                            out_extent = sned_shape_extent(&graph->tensors[graph->outputs[0]].shape);
        const size_t inputs = sned_shape_elements(&graph->tensors[graph->input].shape),
                     outputs = sned_shape_elements(&graph->tensors[graph->outputs[0]].shape);
        int32_t *in = malloc(inputs * sizeof *in), *expected = malloc(outputs * sizeof *in),
                *got = malloc(outputs * sizeof *in);
        struct raster raster;
        random_input(graph, &random, in);
        oracle_conv(graph, node, in, in_extent, expected, out_extent);
        assert_int_equal(raster_of(&raster, graph, node, NULL), SNED_OK);
        assert_true(raster.pitch >= raster.width && raster.pitch * raster.stride[1] >= in_extent.width);
        sum_rows(graph, node, &raster, in, got);
        assert_memory_equal(got, expected, outputs * sizeof *got);
        raster_free(&raster);
        sned_graph_free(graph);
        free(in);
        free(expected);
        free(got);
    }
}

/* ---- lanes ---- */

static void check_plan(const struct lane_plan *plan, const struct raster *raster, const int8_t *weights,
                       const struct accel_config *config)
{
    int *seen = calloc((size_t)raster->filters, sizeof *seen), rows = 0;
    assert_non_null(seen);
    for (int p = 0; p < plan->pair_count; p++) {
        const struct pair *pair = &plan->pairs[p];
        int entries = 0, in_halves = 0;
        for (int r = 0; r < raster->row_count; r++)
            entries += weights[pair->filters[0] * raster->row_count + r] != 0 ||
                       (pair->filters[1] >= 0 && weights[pair->filters[1] * raster->row_count + r] != 0);
        for (int h = 0; h < plan->halves; h++) {
            assert_true(pair->in_half[h] <= plan->half_rows[h]);
            in_halves += pair->in_half[h];
        }
        assert_int_equal(pair->entries, entries);
        assert_int_equal(in_halves, entries);
        seen[pair->filters[0]]++;
        if (pair->filters[1] >= 0)
            seen[pair->filters[1]]++;
    }
    for (int k = 0; k < raster->filters; k++)
        assert_int_equal(seen[k], 1);
    for (int h = 0; h < plan->halves; h++) {
        assert_true(plan->half_rows[h] <= config->half_rows);
        rows += plan->half_rows[h];
    }
    assert_int_equal(rows, plan->live_count);
    for (int b = 0; b < plan->passes * config->lanes; b++) {
        int load = 0;
        assert_true(plan->start[b + 1] - plan->start[b] <= config->slots);
        for (int i = plan->start[b]; i < plan->start[b + 1]; i++) {
            assert_int_equal(plan->bin[plan->order[i]], b);
            load += plan->pairs[plan->order[i]].entries;
        }
        assert_true(load <= accel_stream_items(config));
    }
    assert_int_equal(plan->start[plan->passes * config->lanes], plan->pair_count);
    free(seen);
}

static void filters_are_dealt_to_lanes_without_loss(void **state)
{
    struct random random;
    const struct accel_config *config = config_named("ci");
    sned_random_seed(&random, 12, 0);
    for (int i = 0; i < 100; i++) {
        struct raster raster = {
            .groups = 1, .filters = random_range(&random, 1, 40), .row_count = random_range(&random, 1, 300)};
        const size_t count = (size_t)raster.filters * (size_t)raster.row_count;
        int8_t *weights = calloc(count, 1);
        const float density = sned_random_uniform(&random);
        struct lane_plan plan;
        for (size_t w = 0; w < count; w++)
            weights[w] = sned_random_uniform(&random) < density * density ? 5 : 0;
        assert_int_equal(lane_plan_make(&plan, &raster, weights, config, false, NULL), SNED_OK);
        check_plan(&plan, &raster, weights, config);
        lane_plan_free(&plan);
        free(weights);
    }
}

static void filters_with_one_mask_become_a_pair(void **state)
{
    enum { FILTERS = 12, ROWS = 100 };
    struct raster raster = {.groups = 1, .filters = FILTERS, .row_count = ROWS};
    struct random random;
    struct lane_plan plan;
    int8_t weights[FILTERS * ROWS] = {0};
    sned_random_seed(&random, 13, 0);
    for (int k = 0; k < FILTERS / 2; k++)
        for (int r = 0; r < ROWS; r++)
            if (random_range(&random, 0, 2) == 0)
                weights[k * ROWS + r] = weights[(FILTERS - 1 - k) * ROWS + r] = 1;
    assert_int_equal(lane_plan_make(&plan, &raster, weights, config_named("ci"), false, NULL), SNED_OK);
    assert_int_equal(plan.pair_count, FILTERS / 2);
    for (int p = 0; p < plan.pair_count; p++)
        assert_int_equal(plan.pairs[p].filters[0] + plan.pairs[p].filters[1], FILTERS - 1);
    lane_plan_free(&plan);
}

static void a_filter_longer_than_a_lanes_buffer_is_refused(void **state)
{
    struct raster raster = {.groups = 1, .filters = 1, .row_count = 2000};
    int8_t *weights = malloc(2000);
    struct lane_plan plan;
    sned_error error;
    memset(weights, 1, 2000);
    assert_int_equal(lane_plan_make(&plan, &raster, weights, config_named("ci"), false, &error),
                     SNED_ERROR_UNSUPPORTED);
    assert_non_null(strstr(error.message, "2000"));
    free(weights);
}

/* ---- cycles ---- */

static void counts_add_up_and_keep_their_bounds(void **state)
{
    struct random random;
    const struct accel_config *config = config_named("ci");
    sned_random_seed(&random, 14, 0);
    for (int i = 0; i < 200; i++) {
        struct graph *graph = random_layer(&random);
        struct node_cycles n;
        assert_int_equal(cycles_of_conv(&n, graph, &graph->nodes[0], config, NULL), SNED_OK);
        const int64_t outputs = (int64_t)sned_shape_elements(&graph->tensors[graph->outputs[0]].shape);
        assert_int_equal(n.issued + n.rounding + n.unfed + n.blocked + n.idle, n.cycles * config->lanes);
        assert_true(n.issued >= 0 && n.rounding >= 0 && n.unfed >= 0 && n.blocked >= 0 && n.idle >= 0);
        /* Neither lanes nor collector work faster than they can. */
        assert_true(n.cycles * config->lanes * 2 * config->pixels >= n.macs);
        assert_true(n.cycles * config->collectors * 2 * (config->pixels / config->drain + 1) >= outputs);
        sned_graph_free(graph);
    }
}

/* Sixteen filters of one kernel full of weights on two lanes: every number can be told beforehand. */
static void a_dense_layer_takes_what_its_entries_take(void **state)
{
    const struct accel_config *config = config_named("ci");
    const struct window point = {{1, 1}, {1, 1}, {1, 1}, {0, 0}, {0, 0}};
    struct random random;
    struct node_cycles n;
    sned_random_seed(&random, 15, 0);
    struct graph *graph =
        new_graph(sned_shape(4, (int64_t)1, (int64_t)32, (int64_t)8, (int64_t)8), unsigned8);
    random_conv(graph, &random, &point, 1, 16, unsigned8);
    assert_int_equal(sned_graph_infer(graph, NULL), SNED_OK);
    memset(graph->tensors[graph->nodes[0].inputs[1]].data, 3, 16 * 32);
    assert_int_equal(cycles_of_conv(&n, graph, &graph->nodes[0], config, NULL), SNED_OK);
    assert_int_equal(n.tiles, 4);
    assert_int_equal(n.passes, 1);
    assert_int_equal(n.halves, 1);
    assert_int_equal(n.issued, 4 * 8 * 32); /* tiles, pairs, rows */
    assert_int_equal(n.rounding, 4 * 8);    /* headers */
    /* Two lanes, 4 pairs of 32 rows and a header in each of 4 tiles: 528 cycles, and the first tile to be
     * fed. */
    assert_in_range(n.cycles, 528 + 32, 528 + 32 + 90);
    sned_graph_free(graph);
}

static void a_node_without_a_unit_is_named(void **state)
{
    struct network_cycles cycles;
    sned_error error;
    struct graph *graph = new_graph(sned_shape(4, (int64_t)1, (int64_t)4, (int64_t)8, (int64_t)8), unsigned8);
    add_node(graph, OP_MUL, (const int[]){graph->input, graph->input}, 2, unsigned8);
    assert_int_equal(cycles_count(&cycles, graph, config_named("ci"), &(struct cycles_options){0}, &error),
                     SNED_ERROR_UNSUPPORTED);
    assert_non_null(strstr(error.message, "node0"));
    assert_non_null(strstr(error.message, "Mul"));
    sned_graph_free(graph);
}

/* What the compiler makes of a network is what is counted: the copy before a strided Conv, and strips. */
static void copies_and_strips_are_counted(void **state)
{
    static const struct cycles_options options = {0};
    const struct window strided = {{3, 3}, {2, 2}, {1, 1}, {1, 1}, {1, 1}},
                        point = {{1, 1}, {1, 1}, {1, 1}, {0, 0}, {0, 0}},
                        same = {{3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}};
    struct accel_config config = *config_named("ci");
    struct network_cycles cycles;
    struct random random;
    sned_random_seed(&random, 31, 0);
    struct graph *graph =
        new_graph(sned_shape(4, (int64_t)1, (int64_t)4, (int64_t)32, (int64_t)32), unsigned8);
    random_conv(graph, &random, &point, 1, 8, unsigned8);
    random_conv(graph, &random, &strided, 1, 4, unsigned8);
    assert_int_equal(sned_graph_infer(graph, NULL), SNED_OK);
    assert_int_equal(cycles_count(&cycles, graph, &config, &options, NULL), SNED_OK);
    assert_null(cycles.strips);
    assert_int_equal(cycles.nodes[0].copy, 0);
    /* Eight channels of four phases of 16 rows, in segments of a read. */
    assert_in_range(cycles.nodes[1].copy, 8 * 4 * 16, 8 * 4 * 16 * 16);
    cycles_free(&cycles);
    sned_graph_free(graph);

    config.activation_bytes = 8192;
    graph = new_graph(sned_shape(4, (int64_t)1, (int64_t)4, (int64_t)32, (int64_t)32), unsigned8);
    random_conv(graph, &random, &same, 1, 8, unsigned8);
    random_conv(graph, &random, &same, 1, 2, unsigned8);
    assert_int_equal(sned_graph_infer(graph, NULL), SNED_OK);
    assert_int_equal(cycles_count(&cycles, graph, &config, &options, NULL), SNED_OK);
    assert_non_null(cycles.strips);
    assert_true(cycles.graph->node_count > graph->node_count);
    cycles_free(&cycles);
    sned_graph_free(graph);
}

/* Two inputs of a Concat lie in its result as they are made; the network's own is copied there. */
static void copies_into_a_concat_are_counted(void **state)
{
    static const struct cycles_options options = {0};
    const struct window point = {{1, 1}, {1, 1}, {1, 1}, {0, 0}, {0, 0}};
    struct network_cycles cycles;
    struct random random;
    int parts[3];
    sned_random_seed(&random, 32, 0);
    for (int copied = 0; copied < 2; copied++) {
        struct graph *graph =
            new_graph(sned_shape(4, (int64_t)1, (int64_t)4, (int64_t)8, (int64_t)5), unsigned8);
        parts[2] = graph->input;
        for (int i = 0; i < 2; i++) {
            random_conv(graph, &random, &point, 1, 4, unsigned8);
            parts[i] = graph->outputs[0];
        }
        add_node(graph, OP_CONCAT, parts, 2 + copied, unsigned8)->u.concat.axis = 1;
        assert_int_equal(sned_graph_infer(graph, NULL), SNED_OK);
        assert_int_equal(cycles_count(&cycles, graph, config_named("ci"), &options, NULL), SNED_OK);
        /* 4 channels of 8 rows of a segment, and what a step takes besides. */
        assert_int_equal(cycles.nodes[2].cycles, copied ? 12 + 4 * 8 + 10 : 0);
        cycles_free(&cycles);
        sned_graph_free(graph);
    }
}

static void an_unknown_configuration_is_told_the_known_ones(void **state)
{
    const struct accel_config *config;
    sned_error error;
    assert_int_equal(accel_config_find(&config, "zcu999", &error), SNED_ERROR_ARGUMENT);
    assert_non_null(strstr(error.message, "zcu104, ecp5, ci"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_a_flat_raster_are_the_convolution),
        cmocka_unit_test(filters_are_dealt_to_lanes_without_loss),
        cmocka_unit_test(filters_with_one_mask_become_a_pair),
        cmocka_unit_test(a_filter_longer_than_a_lanes_buffer_is_refused),
        cmocka_unit_test(counts_add_up_and_keep_their_bounds),
        cmocka_unit_test(a_dense_layer_takes_what_its_entries_take),
        cmocka_unit_test(a_node_without_a_unit_is_named),
        cmocka_unit_test(copies_and_strips_are_counted),
        cmocka_unit_test(copies_into_a_concat_are_counted),
        cmocka_unit_test(an_unknown_configuration_is_told_the_known_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
