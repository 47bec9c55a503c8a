/*
 * test_accel_place.c - where activations lie: what place.h promises, on networks small enough to place by
 * hand.
 */
#include "tests/accel/accel_check.h"
#include "tests/accel/accel_nodes.h"

#include "accel/place/place.h"

/* Planes of 4 x 4 pixels. */
static struct graph *begin(int channels)
{
    return new_graph(sned_shape(4, (int64_t)1, (int64_t)channels, (int64_t)4, (int64_t)4), unsigned8);
}

/* All nodes, one after the other. */
static void place(struct placement *placement, const struct graph *graph)
{
    sned_error error = {0};
    const int last = graph->node_count;
    if (placement_make(placement, graph, last, last + 1, STAY_SHORT, config_named("ci"), &error) != SNED_OK)
        fail_msg("%s", error.message);
}

static void expect(const struct placement *placement, int tensor, enum relation_kind kind, int64_t base,
                   int born, int dies)
{
    const struct spot *spot = placement_spot(placement, tensor);
    assert_int_equal(spot->relation.kind, kind);
    assert_int_equal(spot->base, base);
    assert_int_equal(spot->born, born);
    assert_int_equal(spot->dies, dies);
}

static void the_network_of_place_h_lies_as_drawn(void **state)
{
    struct random random;
    struct placement p;
    sned_random_seed(&random, 60, 0);
    struct graph *graph = begin(2);
    const int x = graph->input, a = add_conv(graph, &random, x, 3, 4), b = add_slice(graph, a, 1, 2, 4, 1),
              c = add_conv(graph, &random, b, 3, 2), d = add_conv(graph, &random, a, 3, 2),
              e = add_concat(graph, (int[]){c, d}, 2, 1), f = add_sum(graph, a, e);
    place(&p, graph);
    expect(&p, x, RELATION_OWN, 64, -1, 0);
    expect(&p, a, RELATION_OWN, 0, 0, 5);
    expect(&p, b, RELATION_VIEW, 32, 1, 2);
    expect(&p, c, RELATION_PART, 64, 2, 4);
    expect(&p, d, RELATION_PART, 96, 3, 4);
    expect(&p, e, RELATION_OWN, 64, 2, 6);
    expect(&p, f, RELATION_OVER, 64, 5, 6);
    assert_int_equal(p.bytes, 128);
    assert_false(placement_needs_step(&p, 1));
    assert_false(placement_needs_step(&p, 4));
    placement_free(&p);
    sned_graph_free(graph);
}

/* Rows 1 to 3 of four: planes are as far apart as those around them. */
static void pieces_of_rows_and_channels_are_views(void **state)
{
    struct random random;
    struct placement p;
    int pieces[2];
    sned_random_seed(&random, 61, 0);
    for (int axis = 1; axis <= 2; axis++) {
        struct graph *graph = begin(4);
        const int a = add_conv(graph, &random, graph->input, 3, 4);
        add_split(graph, a, axis, (const int64_t[]){1, 3}, 2, pieces);
        const int first = add_conv(graph, &random, pieces[0], 1, 2),
                  second = add_conv(graph, &random, pieces[1], 1, 2);
        sned_graph_set_outputs(graph, (int[]){first, second}, 2, NULL);
        place(&p, graph);
        const int64_t base = placement_spot(&p, a)->base;
        expect(&p, pieces[0], RELATION_VIEW, base, 1, 2);
        expect(&p, pieces[1], RELATION_VIEW, base + (axis == 1 ? 16 : 4), 1, 3);
        assert_int_equal(placement_spot(&p, pieces[1])->plane, 16);
        assert_int_equal(spot_is_solid(placement_spot(&p, pieces[1])), axis == 1);
        assert_false(placement_needs_step(&p, 1));
        placement_free(&p);
        sned_graph_free(graph);
    }
}

static void pieces_of_columns_have_bytes_of_their_own(void **state)
{
    struct random random;
    struct placement p;
    int pieces[2];
    sned_random_seed(&random, 62, 0);
    struct graph *graph = begin(4);
    add_split(graph, add_conv(graph, &random, graph->input, 3, 4), 3, (const int64_t[]){1, 3}, 2, pieces);
    add_conv(graph, &random, pieces[1], 1, 2);
    place(&p, graph);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(placement_spot(&p, pieces[i])->relation.kind, RELATION_OWN);
        assert_false(placement_in_place(&p, 1, 0, i));
    }
    assert_true(placement_needs_step(&p, 1));
    placement_free(&p);
    sned_graph_free(graph);
}

/* A result is stored as a whole, and what a Concat joins is copied there all the same. */
static void a_piece_that_is_a_result_or_joined_is_no_view(void **state)
{
    struct random random;
    struct placement p;
    int pieces[3];
    sned_random_seed(&random, 63, 0);
    struct graph *graph = begin(6);
    add_split(graph, add_conv(graph, &random, graph->input, 3, 6), 1, (const int64_t[]){2, 2, 2}, 3, pieces);
    const int worked = add_conv(graph, &random, pieces[2], 3, 2);
    const int joined = add_concat(graph, (int[]){pieces[1], worked}, 2, 1);
    sned_graph_set_outputs(graph, (int[]){joined, pieces[0]}, 2, NULL);
    place(&p, graph);
    assert_int_equal(placement_spot(&p, pieces[0])->relation.kind, RELATION_OWN);
    assert_int_equal(placement_spot(&p, pieces[1])->relation.kind, RELATION_PART);
    assert_int_equal(placement_spot(&p, pieces[2])->relation.kind, RELATION_VIEW);
    assert_false(placement_in_place(&p, 1, 0, 1));
    assert_true(placement_in_place(&p, 3, 0, 0));
    placement_free(&p);
    sned_graph_free(graph);
}

/* Of one row a plane: channels become rows, which do not lie where rows do. */
static void axes_that_change_places_are_no_view(void **state)
{
    struct random random;
    struct placement p;
    sned_random_seed(&random, 65, 0);
    struct graph *graph = begin(3);
    const int row = add_slice(graph, add_conv(graph, &random, graph->input, 3, 3), 2, 1, 2, 1),
              turned = add_transpose(graph, row, (const int[4]){0, 2, 1, 3});
    add_conv(graph, &random, turned, 1, 2);
    place(&p, graph);
    assert_int_equal(placement_spot(&p, row)->relation.kind, RELATION_VIEW);
    assert_int_equal(placement_spot(&p, turned)->relation.kind, RELATION_OWN);
    assert_true(placement_needs_step(&p, 2));
    placement_free(&p);
    sned_graph_free(graph);
}

/* The upper bytes of each lie behind all of its lower ones, so they would lie among the other's. */
static void scores_of_16_bits_are_no_parts(void **state)
{
    const struct window point = {{1, 1}, {1, 1}, {1, 1}, {0, 0}, {0, 0}};
    struct random random;
    struct placement p;
    int parts[2];
    sned_random_seed(&random, 66, 0);
    struct graph *graph = begin(2);
    for (int i = 0; i < 2; i++) {
        graph->outputs[0] = graph->input;
        random_conv(graph, &random, &point, 1, 3, wide16);
        parts[i] = graph->outputs[0];
        accel_extent(graph);
    }
    add_concat(graph, parts, 2, 1);
    place(&p, graph);
    assert_int_equal(placement_spot(&p, parts[0])->relation.kind, RELATION_OWN);
    assert_true(placement_needs_step(&p, 2));
    placement_free(&p);
    sned_graph_free(graph);
}

static void every_result_stays_to_the_end(void **state)
{
    struct random random;
    struct placement p;
    sned_random_seed(&random, 64, 0);
    struct graph *graph = begin(2);
    const int early = add_conv(graph, &random, graph->input, 3, 2), relu = add_relu(graph, early),
              late = add_conv(graph, &random, relu, 3, 2);
    sned_graph_set_outputs(graph, (int[]){late, early}, 2, NULL);
    place(&p, graph);
    /* The Relu must not go over its input; its own bytes are free once the last Conv has read them. */
    expect(&p, early, RELATION_OWN, 32, 0, 3);
    assert_int_equal(placement_spot(&p, relu)->relation.kind, RELATION_OWN);
    assert_int_equal(placement_spot(&p, late)->dies, 3);
    placement_free(&p);
    sned_graph_free(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_network_of_place_h_lies_as_drawn),
        cmocka_unit_test(pieces_of_rows_and_channels_are_views),
        cmocka_unit_test(pieces_of_columns_have_bytes_of_their_own),
        cmocka_unit_test(a_piece_that_is_a_result_or_joined_is_no_view),
        cmocka_unit_test(axes_that_change_places_are_no_view),
        cmocka_unit_test(scores_of_16_bits_are_no_parts),
        cmocka_unit_test(every_result_stays_to_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
