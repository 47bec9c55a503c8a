/*
 * test_accel_lane.c - random layers through plan, streams and the golden lane: the sums of
 * docs/arithmetic.md.
 */
#include "tests/accel/accel_layers.h"

#include "accel/golden/lane.h"
#include "accel/program/stream.h"

/* Where a lane's sums go: the outputs of its pairs, in order. */
struct target {
    const struct graph *graph;
    const struct raster *raster;
    const struct lane_plan *plan;
    int group, first, pixels, next;
    int32_t *out; /* [K][height][width] */
};

static void put_filter(struct target *t, int filter, const int32_t *sums)
{
    const struct node *node = &t->graph->nodes[0];
    const int k = t->group * t->raster->filters + filter;
    const int32_t bias =
        node->inputs[2] >= 0 ? ((const int32_t *)t->graph->tensors[node->inputs[2]].data)[k] : 0;
    for (int p = 0; p < t->pixels; p++) {
        const int y = (t->first + p) / t->raster->pitch, x = (t->first + p) % t->raster->pitch;
        if (y < t->raster->height && x < t->raster->width)
            t->out[(k * t->raster->height + y) * t->raster->width + x] =
                oracle_end(node, oracle_scale((int64_t)sums[p] + bias, node->rules[0].scalings[k]));
    }
}

static void put_pair(void *context, const int32_t *sums)
{
    struct target *t = context;
    const struct pair *pair = &t->plan->pairs[t->plan->order[t->next++]];
    put_filter(t, pair->filters[0], sums);
    if (pair->filters[1] >= 0)
        put_filter(t, pair->filters[1], sums + t->pixels);
}

static void run_group(const struct graph *graph, const struct raster *raster, const int32_t *in, int group,
                      const struct accel_config *config, int32_t *out)
{
    const struct node *node = &graph->nodes[0];
    const int8_t *weights =
        (const int8_t *)graph->tensors[node->inputs[1]].data + group * raster->filters * raster->row_count;
    const struct extent e = sned_shape_extent(&graph->tensors[graph->input].shape);
    struct lane_plan plan;
    assert_int_equal(lane_plan_make(&plan, raster, weights, config, false, NULL), SNED_OK);
    int16_t *rows = malloc((size_t)(plan.live_count + 1) * (size_t)config->pixels * sizeof *rows);
    for (int bin = 0; bin < plan.passes * config->lanes; bin++) {
        uint32_t *items;
        size_t count;
        assert_int_equal(stream_make(&items, &count, &plan, raster, weights, config, bin, NULL), SNED_OK);
        for (int first = 0; first < raster_pixels(raster); first += config->pixels) {
            struct target target = {graph, raster, &plan, group, first, config->pixels, plan.start[bin], out};
            feed_tile(raster, &plan, in, e, group, first, config->pixels, rows);
            assert_int_equal(golden_lane_run(items, count, rows, plan.live_count ? plan.live_count : 1,
                                             config->half_rows, config->pixels, put_pair, &target, NULL),
                             SNED_OK);
            assert_int_equal(target.next, plan.start[bin + 1]);
        }
        free(items);
    }
    free(rows);
    lane_plan_free(&plan);
}

static void golden_lanes_compute_the_convolution(void **state)
{
    struct random random;
    sned_random_seed(&random, 21, 0);
    for (int i = 0; i < 150; i++) {
        struct graph *graph = random_layer(&random);
        const size_t inputs = sned_shape_elements(&graph->tensors[graph->input].shape),
                     outputs = sned_shape_elements(&graph->tensors[graph->outputs[0]].shape);
        int32_t *in = malloc(inputs * sizeof *in), *expected = malloc(outputs * sizeof *in),
                *got = calloc(outputs, sizeof *in);
        struct raster raster;
        random_input(graph, &random, in);
        oracle_conv(graph, &graph->nodes[0], in, sned_shape_extent(&graph->tensors[graph->input].shape),
                    expected, sned_shape_extent(&graph->tensors[graph->outputs[0]].shape));
        assert_int_equal(raster_of(&raster, graph, &graph->nodes[0], NULL), SNED_OK);
        for (int g = 0; g < raster.groups; g++)
            run_group(graph, &raster, in, g, config_named("ci"), got);
        assert_memory_equal(got, expected, outputs * sizeof *got);
        raster_free(&raster);
        sned_graph_free(graph);
        free(in);
        free(expected);
        free(got);
    }
}

/* Eight products of the largest size, both ways: what the packing of two sums in one register must bear. */
static void keep_sums(void *context, const int32_t *sums)
{
    memcpy(context, sums, 4 * sizeof *sums);
}

static void the_largest_round_keeps_its_sums_apart(void **state)
{
    const int8_t signs[4][2] = {{127, 127}, {-127, 127}, {127, -127}, {-127, -127}};
    for (int s = 0; s < 4; s++) {
        uint32_t items[9];
        int16_t rows[8 * 2];
        int32_t sums[4];
        items[0] = stream_header_pack((struct stream_header){8, 3, true, true, true});
        for (int i = 0; i < 8; i++) {
            items[1 + i] = stream_entry_pack(i, signs[s][0], signs[s][1]);
            rows[2 * i] = 255;
            rows[2 * i + 1] = -128;
        }
        assert_int_equal(golden_lane_run(items, 9, rows, 8, 8, 2, keep_sums, sums, NULL), SNED_OK);
        assert_int_equal(sums[0], 8 * 255 * signs[s][0]);
        assert_int_equal(sums[1], 8 * -128 * signs[s][0]);
        assert_int_equal(sums[2], 8 * 255 * signs[s][1]);
        assert_int_equal(sums[3], 8 * -128 * signs[s][1]);
    }
}

static void a_stream_that_lies_is_refused(void **state)
{
    const int16_t rows[4] = {1, 2, 3, 4};
    int32_t sums[4];
    sned_error error;
    const uint32_t torn[2] = {stream_header_pack((struct stream_header){3, 0, true, true, true}),
                              stream_entry_pack(0, 1, 1)};
    assert_int_equal(golden_lane_run(torn, 2, rows, 2, 8, 2, keep_sums, sums, &error), SNED_ERROR_DATA);
    const uint32_t beyond[2] = {stream_header_pack((struct stream_header){1, 0, true, true, true}),
                                stream_entry_pack(2, 1, 1)};
    assert_int_equal(golden_lane_run(beyond, 2, rows, 2, 8, 2, keep_sums, sums, &error), SNED_ERROR_DATA);
    assert_non_null(strstr(error.message, "row 2 of 2"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_lanes_compute_the_convolution),
        cmocka_unit_test(the_largest_round_keeps_its_sums_apart),
        cmocka_unit_test(a_stream_that_lies_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
