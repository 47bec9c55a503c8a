/*
 * test_accel_views.c - what lies inside of other activations, or is copied into them: slices of rows, columns
 * and channels, and what a Concat joins, with every kind of step before and behind; and windows that take
 * several steps.
 */
#include "tests/accel/accel_check.h"
#include "tests/accel/accel_nodes.h"

/* ---- networks ---- */

static struct graph *begin(struct random *random, int *stem)
{
    struct graph *graph = new_graph(sned_shape(4, (int64_t)1, (int64_t)3, (int64_t)9, (int64_t)7), unsigned8);
    *stem = add_conv(graph, random, graph->input, 3, 6);
    return graph;
}

/* In several lists and configurations; it must compile. */
static void check(struct graph *graph, struct random *random)
{
    static const char *const names[] = {"ci", "ecp5", "zcu104"};
    struct seen seen = {0};
    sned_model *model;
    sned_error error = {0};
    if (sned_model_from_graph(&model, graph, &error) != SNED_OK)
        fail_msg("%s", error.message);
    for (int i = 0; i < 3; i++)
        for (int images = 1; images <= 3; images += 2) {
            const struct accel_request request = {.images = images};
            assert_true(check_model(model, config_named(names[i]), &request, &seen, random));
        }
    sned_close(model);
}

/* Half of the channels goes on as it is: ShuffleNet. */
static void a_slice_that_feeds_a_concat_is_copied(void **state)
{
    struct random random;
    int stem;
    sned_random_seed(&random, 40, 0);
    struct graph *graph = begin(&random, &stem);
    const int low = add_slice(graph, stem, 1, 0, 3, 1), high = add_slice(graph, stem, 1, 3, 6, 1);
    const int worked = add_conv(graph, &random, high, 3, 3);
    const int joined = add_concat(graph, (int[]){low, worked}, 2, 1);
    add_concat(graph, (int[]){add_slice(graph, joined, 1, 1, 6, 2), add_slice(graph, joined, 1, 0, 6, 2)}, 2,
               1);
    check(graph, &random);
}

/* Every other row and column, four times, as channels: YOLO's Focus stem. */
static void a_focus_stem_is_exact(void **state)
{
    struct random random;
    int parts[4];
    sned_random_seed(&random, 41, 0);
    struct graph *graph =
        new_graph(sned_shape(4, (int64_t)1, (int64_t)3, (int64_t)8, (int64_t)12), unsigned8);
    for (int i = 0; i < 4; i++)
        parts[i] = add_slice(graph, add_slice(graph, graph->input, 2, i % 2, 8, 2), 3, i / 2, 12, 2);
    add_conv(graph, &random, add_concat(graph, parts, 4, 1), 3, 5);
    check(graph, &random);
}

static void halves_swapped_on_each_axis_are_exact(void **state)
{
    struct random random;
    sned_random_seed(&random, 42, 0);
    for (int axis = 1; axis < 4; axis++) {
        int stem;
        struct graph *graph = begin(&random, &stem);
        const int size = (int)graph->tensors[stem].shape.dim[axis];
        const int low = add_slice(graph, stem, axis, 0, 3, 1),
                  high = add_slice(graph, stem, axis, 3, size, 1);
        add_relu(graph, add_concat(graph, (int[]){high, low}, 2, axis));
        check(graph, &random);
    }
}

static void views_of_rows_feed_sums_activations_lrn_and_pads(void **state)
{
    struct random random;
    sned_random_seed(&random, 43, 0);
    for (int kind = 0; kind < 5; kind++) {
        int stem, made;
        struct graph *graph = begin(&random, &stem);
        const int top = add_slice(graph, stem, 2, 0, 4, 1), bottom = add_slice(graph, stem, 2, 5, 9, 1);
        switch (kind) {
        case 0:
            made = add_sum(graph, top, bottom);
            break;
        case 1:
            made = add_sum(graph, add_conv(graph, &random, top, 3, 6), bottom);
            break;
        case 2:
            made = add_relu(graph, bottom);
            break;
        case 3:
            made = add_lrn(graph, &random, bottom);
            break;
        default:
            made = add_pad(graph, bottom, 1, 2);
        }
        /* What the rows are taken from is as it was. */
        add_concat(graph, (int[]){add_flatten(graph, made), add_flatten(graph, stem)}, 2, 1);
        check(graph, &random);
    }
}

static void sums_activations_lrn_and_pads_make_parts_of_rows(void **state)
{
    struct random random;
    int stem;
    sned_random_seed(&random, 44, 0);
    struct graph *graph = begin(&random, &stem);
    const int other = add_conv(graph, &random, stem, 1, 6);
    const int inner = add_slice(graph, stem, 3, 1, 6, 1);
    const int parts[5] = {add_sum(graph, stem, other), add_relu(graph, other), add_lrn(graph, &random, stem),
                          add_pad(graph, inner, 2, 1), stem};
    add_conv(graph, &random, add_concat(graph, parts, 5, 2), 3, 3);
    check(graph, &random);
}

/* A Relu must not write over a Concat's result while one of its parts is still read. */
static void a_part_outlives_what_it_is_a_part_of(void **state)
{
    struct random random;
    int stem;
    sned_random_seed(&random, 45, 0);
    struct graph *graph = begin(&random, &stem);
    const int part = add_conv(graph, &random, stem, 3, 6);
    const int joined = add_concat(graph, (int[]){part, add_conv(graph, &random, stem, 1, 6)}, 2, 1);
    const int worked = add_conv(graph, &random, add_relu(graph, joined), 1, 6);
    add_sum(graph, worked, part);
    check(graph, &random);
}

/* One tensor in two Concats, and twice in one; the network's input in a Concat. */
static void a_tensor_may_be_joined_more_than_once(void **state)
{
    struct random random;
    int stem;
    sned_random_seed(&random, 46, 0);
    struct graph *graph = begin(&random, &stem);
    const int first = add_concat(graph, (int[]){stem, stem, graph->input}, 3, 1);
    const int second = add_concat(graph, (int[]){add_conv(graph, &random, first, 3, 6), stem, stem}, 3, 3);
    add_conv(graph, &random, second, 3, 4);
    check(graph, &random);
}

/* Flattened images of different heights, joined as a vector. */
static void flattened_images_are_joined_for_a_gemm(void **state)
{
    struct random random;
    int stem;
    sned_random_seed(&random, 47, 0);
    struct graph *graph = begin(&random, &stem);
    const int rows = add_flatten(graph, add_slice(graph, stem, 2, 2, 6, 1));
    const int conv = add_flatten(graph, add_conv(graph, &random, stem, 3, 2));
    add_concat(graph, (int[]){rows, conv}, 2, 1);
    random_gemm(graph, &random, 7, wide16);
    accel_no_slope(graph);
    accel_extent(graph);
    check(graph, &random);
}

/* The unit has strides up to 15 down and 3 to the right: others go row by row, column by column. */
static void any_stride_goes(void **state)
{
    const struct window pool = {{5, 6}, {17, 5}, {1, 1}, {2, 3}, {2, 3}};
    struct random random;
    sned_random_seed(&random, 48, 0);
    for (int kind = 0; kind < 3; kind++) {
        struct graph *graph =
            new_graph(sned_shape(4, (int64_t)1, (int64_t)3, (int64_t)40, (int64_t)23), unsigned8);
        const int stem = add_conv(graph, &random, graph->input, 1, 4);
        if (kind == 0) {
            add_max_pool(graph, stem, &pool);
        } else if (kind == 1) {
            add_slice(graph, add_slice(graph, stem, 2, 1, 40, 18), 3, 2, 23, 6);
        } else {
            const struct window window = {{4, 5}, {7, 5}, {1, 1}, {1, 2}, {0, 1}};
            random_conv(graph, &random, &window, 1, 3, unsigned8);
            accel_no_slope(graph);
            accel_extent(graph);
        }
        check(graph, &random);
    }
}

/* At the edges, whose padding does not count, windows of 3 x 3 count 4 and 6 elements. */
static void an_average_counts_fewer_elements_at_the_edges(void **state)
{
    struct random random;
    int stem;
    sned_random_seed(&random, 49, 0);
    struct graph *graph = begin(&random, &stem);
    struct node *node = add_node(graph, OP_AVERAGE_POOL, &stem, 1, unsigned8);
    node->u.pool.window = (struct window){{3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}};
    scalings_by_count(node, 9);
    accel_extent(graph);
    check(graph, &random);
}

/* Pieces that go on by themselves, one of which is read as a vector: no view. */
static void pieces_of_each_axis_are_exact(void **state)
{
    struct random random;
    sned_random_seed(&random, 50, 0);
    for (int axis = 1; axis < 4; axis++) {
        int stem, pieces[3];
        struct graph *graph = begin(&random, &stem);
        const int64_t size = graph->tensors[stem].shape.dim[axis];
        add_split(graph, stem, axis, (const int64_t[]){1, 2, size - 3}, 3, pieces);
        const int first = add_relu(graph, pieces[0]), last = add_conv(graph, &random, pieces[2], 3, 4);
        const int flat[3] = {add_flatten(graph, last), add_flatten(graph, pieces[1]),
                             add_flatten(graph, first)};
        add_concat(graph, flat, 3, 1);
        check(graph, &random);
    }
}

/* The split and join of ShuffleNet: half of the channels goes on as it is. */
static void pieces_that_are_joined_are_copied(void **state)
{
    struct random random;
    int stem, pieces[2];
    sned_random_seed(&random, 51, 0);
    struct graph *graph = begin(&random, &stem);
    add_split(graph, stem, 1, (const int64_t[]){3, 3}, 2, pieces);
    add_concat(graph, (int[]){pieces[0], add_conv(graph, &random, pieces[1], 3, 3)}, 2, 1);
    check(graph, &random);
}

/* Element after element, where rows become columns. */
static void axes_in_any_order_are_exact(void **state)
{
    static const int orders[5][4] = {{0, 1, 3, 2}, {0, 2, 1, 3}, {0, 2, 3, 1}, {0, 3, 1, 2}, {0, 3, 2, 1}};
    struct random random;
    sned_random_seed(&random, 52, 0);
    for (int i = 0; i < 5; i++) {
        int stem;
        struct graph *graph = begin(&random, &stem);
        add_conv(graph, &random, add_transpose(graph, stem, orders[i]), 3, 4);
        check(graph, &random);
    }
}

/* Moves along five axes. */
static void depth_to_space_is_exact(void **state)
{
    struct random random;
    sned_random_seed(&random, 53, 0);
    for (int mode = DEPTH_DCR; mode <= DEPTH_CRD; mode++) {
        int stem;
        struct graph *graph = begin(&random, &stem);
        const int deep = add_conv(graph, &random, stem, 3, 8);
        add_conv(graph, &random, add_depth_to_space(graph, deep, 2, (enum depth_mode)mode), 3, 4);
        check(graph, &random);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slice_that_feeds_a_concat_is_copied),
        cmocka_unit_test(a_focus_stem_is_exact),
        cmocka_unit_test(halves_swapped_on_each_axis_are_exact),
        cmocka_unit_test(views_of_rows_feed_sums_activations_lrn_and_pads),
        cmocka_unit_test(sums_activations_lrn_and_pads_make_parts_of_rows),
        cmocka_unit_test(a_part_outlives_what_it_is_a_part_of),
        cmocka_unit_test(a_tensor_may_be_joined_more_than_once),
        cmocka_unit_test(flattened_images_are_joined_for_a_gemm),
        cmocka_unit_test(any_stride_goes),
        cmocka_unit_test(an_average_counts_fewer_elements_at_the_edges),
        cmocka_unit_test(pieces_of_each_axis_are_exact),
        cmocka_unit_test(pieces_that_are_joined_are_copied),
        cmocka_unit_test(axes_in_any_order_are_exact),
        cmocka_unit_test(depth_to_space_is_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
