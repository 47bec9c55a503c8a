/*
 * test_movement.c - how the numbers go through operators that only move them (sned_node_movement). The wanted
 * numbers are numpy's, by the expressions beside them, for an input of 1, 2, 3 and so on.
 */
#include "graph/operator.h"
#include "graph_fixture.h"

#include <stdlib.h>

enum { GUARD = 5, GUARDED = -77 };

/* The plainest way to follow a movement: one element at a time, each of which is read and written once at
 * most. */
static void move(const struct movement *movement, const int *from, size_t from_count, int *to,
                 size_t to_count)
{
    int64_t at[GRAPH_MAX_RANK] = {0};
    const size_t count = sned_shape_elements(&movement->box);
    bool *taken = calloc(from_count, sizeof *taken);
    assert_non_null(taken);
    for (size_t i = 0; i < count; i++) {
        int64_t read = movement->from_offset, written = movement->to_offset;
        for (int axis = 0; axis < movement->box.rank; axis++) {
            read += at[axis] * movement->from_stride[axis];
            written += at[axis] * movement->to_stride[axis];
        }
        assert_true(read >= 0 && (size_t)read < from_count);
        assert_true(written >= 0 && (size_t)written < to_count);
        assert_int_equal(to[written], 0);
        assert_false(taken[read]);
        taken[read] = true;
        to[written] = from[read];
        for (int axis = movement->box.rank - 1; axis >= 0 && ++at[axis] == movement->box.dim[axis]; axis--)
            at[axis] = 0;
    }
    free(taken);
}

/* Output `output` of the graph's only node, whose inputs hold 1, 2, 3 and so on, each from where the one
 * before it ended. */
static void moves_to(struct graph *graph, int output, const int *wanted, size_t wanted_count)
{
    const struct node *node = &graph->nodes[0];
    const size_t count = sned_shape_elements(&graph->tensors[node->outputs[output]].shape);
    int *guarded = malloc((count + 2 * GUARD) * sizeof *guarded), first = 1;
    assert_non_null(guarded);
    for (size_t i = 0; i < count + 2 * GUARD; i++)
        guarded[i] = i < GUARD || i >= count + GUARD ? GUARDED : 0;
    for (int k = 0; k < node->input_count; k++) {
        struct movement movement;
        const size_t elements = sned_shape_elements(&graph->tensors[node->inputs[k]].shape);
        int *from = malloc(elements * sizeof *from);
        assert_non_null(from);
        for (size_t i = 0; i < elements; i++)
            from[i] = first++;
        assert_true(sned_node_movement(graph, node, k, output, &movement));
        move(&movement, from, elements, guarded + GUARD, count);
        free(from);
    }
    assert_int_equal(count, wanted_count);
    assert_memory_equal(guarded + GUARD, wanted, count * sizeof *wanted);
    for (size_t i = 0; i < GUARD; i++)
        assert_true(guarded[i] == GUARDED && guarded[count + GUARD + i] == GUARDED);
    free(guarded);
}
#define MOVES_TO(graph, output, ...)                                                                         \
    moves_to(graph, output, (int[]){__VA_ARGS__}, sizeof((int[]){__VA_ARGS__}) / sizeof(int))

/* ---- the operators ---- */

/* x = numpy.arange(1, 13).reshape(1, 3, 2, 2) */
static struct graph *small(void)
{
    return graph_on(SHAPE(1, 3, 2, 2));
}

static void flatten_reshape_and_identity_leave_the_bytes(void **state)
{
    static const enum op ops[] = {OP_FLATTEN, OP_RESHAPE, OP_IDENTITY};
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        struct graph *graph = small();
        struct node *node = APPEND(graph, "move", ops[i], graph->input);
        if (ops[i] == OP_FLATTEN)
            node->u.flatten.axis = 1;
        if (ops[i] == OP_RESHAPE)
            node->u.reshape.shape = SHAPE(1, 2, 6);
        infer(graph);
        check(graph);
        MOVES_TO(graph, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
        sned_graph_free(graph);
    }
}

static void transpose_orders_the_axes(void **state)
{
    struct graph *graph = small();
    struct node *node = APPEND(graph, "move", OP_TRANSPOSE, graph->input);
    memcpy(node->u.transpose.order, (int[]){0, 2, 3, 1}, 4 * sizeof(int));
    infer(graph);
    check(graph);
    MOVES_TO(graph, 0, 1, 5, 9, 2, 6, 10, 3, 7, 11, 4, 8, 12); /* x.transpose(0, 2, 3, 1) */
    sned_graph_free(graph);
}

static void slice_takes_each_step(void **state)
{
    struct graph *graph = graph_on(SHAPE(1, 2, 2, 5));
    struct node *node = APPEND(graph, "move", OP_SLICE, graph->input);
    memcpy(node->u.slice.start, (int64_t[]){0, 1, 0, 1}, 4 * sizeof(int64_t));
    memcpy(node->u.slice.end, (int64_t[]){1, 2, 2, 5}, 4 * sizeof(int64_t));
    memcpy(node->u.slice.step, (int64_t[]){1, 1, 1, 2}, 4 * sizeof(int64_t));
    infer(graph);
    check(graph);
    MOVES_TO(graph, 0, 12, 14, 17, 19); /* x[:, 1:2, :, 1:5:2] of 1 to 20 */
    sned_graph_free(graph);
}

static void pad_leaves_zeros_around(void **state)
{
    struct graph *graph = graph_on(SHAPE(1, 1, 2, 2));
    struct node *node = APPEND(graph, "move", OP_PAD, graph->input);
    memcpy(node->u.pad.before, (int64_t[]){0, 1, 0, 2}, 4 * sizeof(int64_t));
    memcpy(node->u.pad.after, (int64_t[]){0, 0, 1, 1}, 4 * sizeof(int64_t));
    infer(graph);
    check(graph);
    /* numpy.pad(x, ((0, 0), (1, 0), (0, 1), (2, 1))) */
    MOVES_TO(graph, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 3, 4, 0, 0, 0, 0, 0,
             0);
    sned_graph_free(graph);
}

static void concat_lays_one_behind_the_other(void **state)
{
    struct graph *graph = graph_on(SHAPE(1, 2, 1, 2));
    APPEND(graph, "move", OP_CONCAT, graph->input, graph->input, graph->input)->u.concat.axis = 3;
    infer(graph);
    check(graph);
    /* numpy.concatenate([x, x + 4, x + 8], 3) */
    MOVES_TO(graph, 0, 1, 2, 5, 6, 9, 10, 3, 4, 7, 8, 11, 12);
    sned_graph_free(graph);
}

static void split_takes_the_pieces_apart(void **state)
{
    struct graph *graph = small();
    append_split(graph, "move", graph->input, 1, (int64_t[]){2, 1}, 2);
    infer(graph);
    check(graph);
    MOVES_TO(graph, 0, 1, 2, 3, 4, 5, 6, 7, 8); /* numpy.split(x, [2], 1) */
    MOVES_TO(graph, 1, 9, 10, 11, 12);
    sned_graph_free(graph);
    graph = graph_on(SHAPE(1, 2, 5));
    append_split(graph, "move", graph->input, -1, (int64_t[]){1, 3, 1}, 3);
    infer(graph);
    check(graph);
    MOVES_TO(graph, 0, 1, 6); /* numpy.split(x, [1, 4], 2) of 1 to 10 */
    MOVES_TO(graph, 1, 2, 3, 4, 7, 8, 9);
    MOVES_TO(graph, 2, 5, 10);
    sned_graph_free(graph);
}

/* x.reshape(1, 2, 2, 2, 1, 2).transpose(0, 3, 4, 1, 5, 2) and
 * x.reshape(1, 2, 2, 2, 1, 2).transpose(0, 1, 4, 2, 5, 3), of 1 to 16, as [1][2][2][4]. */
static void depth_to_space_makes_squares_of_channels(void **state)
{
    for (int mode = DEPTH_DCR; mode <= DEPTH_CRD; mode++) {
        struct graph *graph = graph_on(SHAPE(1, 8, 1, 2));
        struct node *node = APPEND(graph, "move", OP_DEPTH_TO_SPACE, graph->input);
        node->u.depth_to_space.block = 2;
        node->u.depth_to_space.mode = mode;
        infer(graph);
        check(graph);
        if (mode == DEPTH_DCR)
            MOVES_TO(graph, 0, 1, 5, 2, 6, 9, 13, 10, 14, 3, 7, 4, 8, 11, 15, 12, 16);
        else
            MOVES_TO(graph, 0, 1, 3, 2, 4, 5, 7, 6, 8, 9, 11, 10, 12, 13, 15, 14, 16);
        sned_graph_free(graph);
    }
}

/* ---- the table ---- */

static void every_operator_that_moves_numbers_says_how(void **state)
{
    for (int op = 0; op < OP_COUNT; op++) {
        const struct operator_row *row = sned_operator((enum op)op);
        if (sned_op_is((enum op)op, OPERATOR_MOVES) != (row->movement != NULL))
            fail_msg("%s: its trait and its function differ", row->name);
    }
}

static void what_computes_has_no_movement(void **state)
{
    struct movement movement;
    struct graph *graph = small();
    APPEND(graph, "relu", OP_RELU, graph->input);
    infer(graph);
    assert_false(sned_node_movement(graph, &graph->nodes[0], 0, 0, &movement));
    sned_graph_free(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flatten_reshape_and_identity_leave_the_bytes),
        cmocka_unit_test(transpose_orders_the_axes),
        cmocka_unit_test(slice_takes_each_step),
        cmocka_unit_test(pad_leaves_zeros_around),
        cmocka_unit_test(concat_lays_one_behind_the_other),
        cmocka_unit_test(split_takes_the_pieces_apart),
        cmocka_unit_test(depth_to_space_makes_squares_of_channels),
        cmocka_unit_test(every_operator_that_moves_numbers_says_how),
        cmocka_unit_test(what_computes_has_no_movement),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
