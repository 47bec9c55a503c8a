/*
 * test_accel_outputs.c - networks with several outputs, and nodes with several: each output of a program
 * holds what the runtime gives for it, whatever else reads it, wherever it lies.
 */
#include "tests/accel/accel_check.h"
#include "tests/accel/accel_nodes.h"

/* ---- networks ---- */

static struct graph *begin(struct random *random, uint64_t seed, int *stem)
{
    struct graph *graph = new_graph(sned_shape(4, (int64_t)1, (int64_t)3, (int64_t)9, (int64_t)7), unsigned8);
    sned_random_seed(random, seed, 0);
    *stem = add_conv(graph, random, graph->input, 3, 6);
    return graph;
}

/* Of 1 and 3 images, on each configuration: the program's outputs are these tensors, in this order. */
static void check(struct graph *graph, const int *tensors, int count, struct random *random)
{
    static const char *const names[] = {"ci", "ecp5", "zcu104"};
    sned_model *model;
    sned_error error = {0};
    if (sned_model_from_graph(&model, graph, &error) != SNED_OK)
        fail_msg("%s", error.message);
    for (int i = 0; i < 6; i++) {
        const struct accel_request request = {.images = i % 2 ? 3 : 1};
        struct accel_program program;
        int64_t offset = 0;
        if (accel_compile(&program, graph, config_named(names[i / 2]), &request, &error) != SNED_OK)
            fail_msg("%s", error.message);
        assert_int_equal(program.output_count, count);
        for (int k = 0; k < count; k++) {
            assert_int_equal(program.outputs[k].tensor, tensors[k]);
            assert_int_equal(program.outputs[k].offset, offset);
            offset += program.outputs[k].layout.bytes;
        }
        assert_int_equal(program.output_bytes, offset);
        check_pictures(&program, model, random);
        accel_program_free(&program);
    }
    sned_close(model);
}

static void set_outputs(struct graph *graph, const int *outputs, int count)
{
    assert_int_equal(sned_graph_set_outputs(graph, outputs, count, NULL), SNED_OK);
}

/* ---- tests ---- */

static void a_split_feeds_two_heads(void **state)
{
    struct random random;
    int stem, pieces[2];
    struct graph *graph = begin(&random, 50, &stem);
    add_split(graph, stem, 1, (const int64_t[]){2, 4}, 2, pieces);
    const int heads[2] = {add_conv(graph, &random, pieces[0], 3, 5),
                          add_conv(graph, &random, pieces[1], 1, 3)};
    set_outputs(graph, heads, 2);
    check(graph, heads, 2, &random);
}

/* On each axis, also of columns, whose pieces are copied. */
static void the_pieces_of_a_split_are_outputs(void **state)
{
    for (int axis = 1; axis < 4; axis++) {
        struct random random;
        int stem, pieces[3];
        struct graph *graph = begin(&random, 51, &stem);
        const int64_t size = graph->tensors[stem].shape.dim[axis];
        add_split(graph, stem, axis, (const int64_t[]){1, 2, size - 3}, 3, pieces);
        set_outputs(graph, pieces, 3);
        check(graph, pieces, 3, &random);
    }
}

/* A Relu writes over what it reads, but not over an output. */
static void an_output_that_others_read_stays(void **state)
{
    struct random random;
    int stem;
    struct graph *graph = begin(&random, 52, &stem);
    const int outputs[2] = {add_conv(graph, &random, add_relu(graph, stem), 3, 4), stem};
    set_outputs(graph, outputs, 2);
    check(graph, outputs, 2, &random);
}

/* And what a Concat joins is made inside of the result, but for an output. */
static void an_output_that_a_concat_joins_is_whole(void **state)
{
    struct random random;
    int stem;
    struct graph *graph = begin(&random, 53, &stem);
    const int other = add_conv(graph, &random, stem, 3, 2);
    const int outputs[3] = {add_concat(graph, (const int[]){other, stem}, 2, 1), other, stem};
    set_outputs(graph, outputs, 3);
    check(graph, outputs, 3, &random);
}

static void an_activation_and_another_shape_of_it_are_outputs(void **state)
{
    struct random random;
    int stem;
    struct graph *graph = begin(&random, 54, &stem);
    const int outputs[2] = {add_flatten(graph, stem), stem};
    set_outputs(graph, outputs, 2);
    check(graph, outputs, 2, &random);
}

/* The first layers run in strips, which is another network with the same outputs. */
static void an_output_is_found_in_a_network_of_strips(void **state)
{
    struct random random;
    sned_random_seed(&random, 55, 0);
    struct accel_config config = *config_named("ci");
    struct seen seen = {0};
    struct graph *graph =
        new_graph(sned_shape(4, (int64_t)1, (int64_t)2, (int64_t)40, (int64_t)24), unsigned8);
    const struct window half = {{2, 2}, {2, 2}, {1, 1}, {0, 0}, {0, 0}};
    const int first = add_max_pool(graph, add_conv(graph, &random, graph->input, 3, 6), &half);
    const int outputs[2] = {add_max_pool(graph, add_conv(graph, &random, first, 3, 3), &half), first};
    set_outputs(graph, outputs, 2);
    config.activation_bytes = 4096;
    assert_true(check_network(graph, &config, &(struct accel_request){.images = 2}, &seen, &random));
    assert_int_equal(seen.strips, 1);
    assert_int_equal(seen.outputs, 1);
}

/* A product goes to the host: it goes on from what it reads; the output before it is the accelerator's. */
static void what_the_host_goes_on_from_comes_behind_the_outputs(void **state)
{
    struct random random;
    int stem;
    struct graph *graph = begin(&random, 56, &stem);
    const int before = add_conv(graph, &random, stem, 3, 4), pair[2] = {before, before};
    struct node *square = add_node(graph, OP_MUL, pair, 2, unsigned8);
    set_scalings(square, 1);
    square->rules[0].scalings[0] = (struct scaling){40000, 24};
    accel_extent(graph);
    const int outputs[2] = {graph->outputs[0], stem};
    struct accel_program program;
    sned_model *model;
    sned_error error = {0};
    set_outputs(graph, outputs, 2);
    if (sned_model_from_graph(&model, graph, &error) != SNED_OK)
        fail_msg("%s", error.message);
    const struct accel_request request = {.images = 1, .to_host = true};
    assert_int_equal(accel_compile(&program, graph, config_named("ci"), &request, NULL), SNED_OK);
    assert_int_equal(program.host_first, 2);
    assert_int_equal(program.output_count, 2);
    assert_int_equal(program.outputs[0].tensor, stem);
    assert_int_equal(program.outputs[1].tensor, before);
    check_part(&program, model, &random);
    accel_program_free(&program);
    sned_close(model);
}

/* Units read bytes, but what only moves goes byte by byte: the lower ones, then the upper ones. */
static void what_has_16_bits_may_move(void **state)
{
    const struct window point = {{1, 1}, {1, 1}, {1, 1}, {0, 0}, {0, 0}};
    struct random random;
    int stem, pieces[2];
    struct graph *graph = begin(&random, 58, &stem);
    random_conv(graph, &random, &point, 1, 4, wide16);
    accel_no_slope(graph);
    accel_extent(graph);
    const int wide = graph->outputs[0];
    add_split(graph, wide, 1, (const int64_t[]){1, 3}, 2, pieces);
    const int outputs[5] = {add_slice(graph, wide, 3, 1, 6, 2), add_pad(graph, pieces[1], 1, 2),
                            add_concat(graph, (const int[]){pieces[1], wide}, 2, 1),
                            add_transpose(graph, wide, (const int[]){0, 3, 1, 2}), pieces[0]};
    set_outputs(graph, outputs, 5);
    check(graph, outputs, 5, &random);
}

static int add_ending(struct graph *graph, enum op op, int input)
{
    struct node *node = add_node(graph, op, &input, 1, (struct quantization){.scale = 0});
    node->rules[0].low = node->rules[0].high = 0;
    if (op == OP_SOFTMAX)
        node->u.softmax.axis = 1;
    accel_extent(graph);
    return graph->outputs[0];
}

/* Endings are the host's wherever they stand; what they read are the program's outputs. */
static void each_output_may_have_an_ending(void **state)
{
    struct random random;
    int stem;
    struct graph *graph = begin(&random, 57, &stem);
    add_flatten(graph, stem);
    random_gemm(graph, &random, 10, wide16);
    accel_no_slope(graph);
    const int classes = graph->outputs[0], shares = add_ending(graph, OP_SOFTMAX, classes);
    const int map = add_conv(graph, &random, stem, 3, 2), apart = add_ending(graph, OP_SIGMOID, map);
    set_outputs(graph, (const int[]){shares, apart}, 2);
    check(graph, (const int[]){classes, map}, 2, &random);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_split_feeds_two_heads),
        cmocka_unit_test(the_pieces_of_a_split_are_outputs),
        cmocka_unit_test(an_output_that_others_read_stays),
        cmocka_unit_test(an_output_that_a_concat_joins_is_whole),
        cmocka_unit_test(an_activation_and_another_shape_of_it_are_outputs),
        cmocka_unit_test(an_output_is_found_in_a_network_of_strips),
        cmocka_unit_test(what_has_16_bits_may_move),
        cmocka_unit_test(each_output_may_have_an_ending),
        cmocka_unit_test(what_the_host_goes_on_from_comes_behind_the_outputs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
