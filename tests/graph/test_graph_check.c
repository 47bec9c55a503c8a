/*
 * test_graph_check.c - sned_graph_check accepts sound graphs, and refuses each way in which a hostile file
 * could break one, by name.
 */
#include "tests/graph/graph_fixture.h"

#include <math.h>
#include <stdlib.h>

/* ---- two sound graphs to damage ---- */

enum { CONV, BN, RELU, POOL, FLATTEN, FC, FLOAT_NODES };

/* conv 3x3, batch normalization, Relu, MaxPool 2x2, Flatten, Gemm on a gray image of 6 x 6. */
static struct graph *float_graph(void)
{
    struct graph *graph = graph_on(SHAPE(1, 1, 6, 6));
    int x = append_conv(graph, "conv", graph->input, 4, 1, 1, window_of(3, 1, 1));
    x = append_batch_normalization(graph, "bn", x, 4);
    x = APPEND(graph, "relu", OP_RELU, x)->outputs[0];
    struct node *pool = APPEND(graph, "pool", OP_MAX_POOL, x);
    pool->u.pool.window = window_of(2, 2, 0);
    struct node *flatten = APPEND(graph, "flatten", OP_FLATTEN, pool->outputs[0]);
    flatten->u.flatten.axis = 1;
    append_gemm(graph, "fc", flatten->outputs[0], 5, 36);
    graph->rule = (struct input_rule){.is_image = true, .color = "gray", .scale = {1.0f}};
    infer(graph);
    return graph;
}

static void scale_by(struct graph *graph, int node, int count, int shift)
{
    sned_error error;
    struct integer_rule *rule = &graph->nodes[node].rules[0];
    succeeds(sned_alloc(&rule->scalings, (size_t)count, sizeof *rule->scalings, &error), &error);
    rule->scaling_count = count;
    for (int i = 0; i < count; i++)
        rule->scalings[i] = (struct scaling){.multiplier = 40000, .shift = (uint8_t)shift};
}

static void count_by(struct graph *graph, int node, int count, const int *counts)
{
    sned_error error;
    struct integer_rule *rule = &graph->nodes[node].rules[0];
    succeeds(sned_alloc(&rule->counts, (size_t)count, sizeof *rule->counts, &error), &error);
    memcpy(rule->counts, counts, (size_t)count * sizeof *counts);
}

enum { I_CONV, I_LRN, I_MAX, I_AVERAGE, I_ADD, I_GLOBAL, I_FLATTEN, I_FC, I_SOFTMAX };

static void integer_conv(struct graph *graph)
{
    int weights = zeros(graph, "conv.weight", TENSOR_I8, SHAPE(4, 1, 3, 3));
    int bias = zeros(graph, "conv.bias", TENSOR_I32, SHAPE(4));
    struct node *node = APPEND(graph, "conv", OP_CONV, graph->input, weights, bias);
    node->u.conv.window = window_of(3, 1, 1);
    node->u.conv.groups = 1;
    memset(graph->tensors[weights].data, 127, 36);
}

static void integer_pools(struct graph *graph)
{
    int table = zeros(graph, "lrn.table", TENSOR_U16, SHAPE(LRN_TABLE_SIZE));
    struct node *node = APPEND(graph, "lrn", OP_LRN, graph->outputs[0], table);
    node->u.lrn.size = 5;
    node->u.lrn.alpha = 1e-4f;
    node->u.lrn.beta = 0.75f;
    node->u.lrn.bias = 1.0f;
    node = APPEND(graph, "max", OP_MAX_POOL, graph->outputs[0]);
    node->u.pool.window = window_of(2, 2, 0);
    node = APPEND(graph, "average", OP_AVERAGE_POOL, graph->outputs[0]); /* on 3 x 3: windows of 4, 6 and 9 */
    node->u.pool.window = window_of(3, 1, 1);
}

/* Every kind of integer node, ending wide; the input is a gray image of 6 x 6. */
static struct graph *integer_graph(void)
{
    struct graph *graph = graph_on(SHAPE(1, 1, 6, 6));
    integer_conv(graph);
    integer_pools(graph);
    APPEND(graph, "add", OP_ADD, graph->outputs[0], graph->outputs[0]);
    APPEND(graph, "global", OP_GLOBAL_AVERAGE_POOL, graph->outputs[0]);
    APPEND(graph, "flatten", OP_FLATTEN, graph->outputs[0])->u.flatten.axis = 1;
    int weights = zeros(graph, "fc.weight", TENSOR_I8, SHAPE(5, 4));
    APPEND(graph, "fc", OP_GEMM, graph->outputs[0], weights);
    APPEND(graph, "softmax", OP_SOFTMAX, graph->outputs[0])->u.softmax.axis = 1;
    infer(graph);
    graph->integer = true;
    for (int i = 0; i < graph->tensor_count; i++)
        if (!graph->tensors[i].data)
            graph->tensors[i].quantization = (struct quantization){.scale = 0.5f, .bits = 8};
    for (int i = I_CONV; i < I_SOFTMAX; i++)
        graph->nodes[i].rules[0].high = 255;
    scale_by(graph, I_CONV, 4, 20);
    scale_by(graph, I_LRN, 1, 20);
    scale_by(graph, I_AVERAGE, 3, 20);
    count_by(graph, I_AVERAGE, 3, (int[]){4, 6, 9});
    scale_by(graph, I_ADD, 2, 20);
    scale_by(graph, I_GLOBAL, 1, 20);
    count_by(graph, I_GLOBAL, 1, (int[]){9});
    scale_by(graph, I_FC, 5, 20);
    graph->tensors[graph->nodes[I_FC].outputs[0]].quantization = (struct quantization){0.5f, 16, true};
    graph->nodes[I_FC].rules[0].low = INT16_MIN;
    graph->rule = (struct input_rule){.is_image = true, .color = "gray", .scale = {1.0f}};
    graph->rule.integer[0].shift = 8;
    return graph;
}

static void a_sound_float_graph_is_accepted(void **state)
{
    struct graph *graph = float_graph();
    check(graph);
    sned_graph_free(graph);
}

static void a_sound_integer_graph_is_accepted(void **state)
{
    struct graph *graph = integer_graph();
    check(graph);
    sned_graph_free(graph);
}

/* ---- each damage ---- */

static struct tensor *input_of(struct graph *graph, int node, int input)
{
    return &graph->tensors[graph->nodes[node].inputs[input]];
}

static struct tensor *output_of(struct graph *graph, int node)
{
    return &graph->tensors[graph->nodes[node].outputs[0]];
}

static float *float_data(struct graph *graph, int node, int input)
{
    return input_of(graph, node, input)->data;
}

static void mask_weights(struct graph *graph, uint8_t value)
{
    sned_error error;
    struct tensor *weights = input_of(graph, CONV, 1);
    succeeds(sned_alloc(&weights->mask, 36, 1, &error), &error);
    memset(weights->mask, 1, 36);
    weights->mask[7] = value;
}

/* Declares a test: a sound graph, damaged by one statement, is refused with a status and words. */
#define REFUSES(behaviour, sound, wanted, words, damage)                                                     \
    static void behaviour(void **state)                                                                      \
    {                                                                                                        \
        sned_error error;                                                                                    \
        struct graph *graph = sound();                                                                       \
        damage;                                                                                              \
        refused(sned_graph_check(graph, &error), &error, wanted, words);                                     \
        sned_graph_free(graph);                                                                              \
    }
#define FORMAT      SNED_ERROR_FORMAT
#define BAD_SHAPE   SNED_ERROR_SHAPE
#define UNSUPPORTED SNED_ERROR_UNSUPPORTED

/* Indices, order and counts. */
REFUSES(an_input_index_out_of_range, float_graph, FORMAT, "input 0 is tensor 999",
        graph->nodes[RELU].inputs[0] = 999)
REFUSES(a_negative_input_index, float_graph, FORMAT, "input 0 is tensor -1",
        graph->nodes[RELU].inputs[0] = -1)
REFUSES(missing_weights, float_graph, FORMAT, "input 1 is tensor -1", graph->nodes[FC].inputs[1] = -1)
REFUSES(an_output_index_out_of_range, float_graph, FORMAT, "output 0 is tensor",
        graph->nodes[FC].outputs[0] = 1000)
REFUSES(a_node_that_makes_a_constant, float_graph, FORMAT, "is a constant",
        graph->nodes[FC].outputs[0] = graph->nodes[FC].inputs[1])
REFUSES(a_node_that_makes_the_input, float_graph, FORMAT, "which is made already",
        graph->nodes[RELU].outputs[0] = graph->input)
REFUSES(two_nodes_that_make_one_tensor, float_graph, FORMAT, "which is made already",
        graph->nodes[RELU].outputs[0] = graph->nodes[BN].outputs[0])
REFUSES(a_cycle, float_graph, FORMAT, "which no node before it makes",
        graph->nodes[CONV].inputs[0] = graph->nodes[RELU].outputs[0])
REFUSES(too_few_inputs, float_graph, FORMAT, "which this operator does not take",
        graph->nodes[BN].input_count = 4)
REFUSES(an_unknown_operator, float_graph, FORMAT, "is unknown", graph->nodes[RELU].op = (enum op)77)
REFUSES(weights_that_are_computed, float_graph, UNSUPPORTED, "must be a constant",
        graph->nodes[FC].inputs[1] = graph->nodes[FLATTEN].outputs[0])
REFUSES(data_that_is_a_constant, float_graph, UNSUPPORTED, "must be computed",
        graph->nodes[FC].inputs[0] = graph->nodes[FC].inputs[1])
REFUSES(no_input, float_graph, FORMAT, "has no input", graph->input = -1)
REFUSES(an_output_out_of_range, float_graph, FORMAT, "has no output", graph->outputs[0] = graph->tensor_count)
REFUSES(an_output_that_is_the_input, float_graph, FORMAT, "computes nothing",
        graph->outputs[0] = graph->input)
REFUSES(an_activation_that_nothing_makes, float_graph, FORMAT, "neither a constant nor made by a node", {
    int orphan;
    struct shape shape = SHAPE(1, 2);
    succeeds(sned_graph_add_tensor(graph, "orphan", TENSOR_F32, &shape, NULL, &orphan, &error), &error);
})

/* Shapes and attributes. */
REFUSES(a_shape_that_is_not_the_computed_one, float_graph, BAD_SHAPE, "is another",
        output_of(graph, RELU)->shape.dim[2]++)
REFUSES(a_shape_of_negative_size, float_graph, BAD_SHAPE, "empty or larger",
        input_of(graph, FC, 1)->shape.dim[0] = -5)
REFUSES(a_shape_of_too_many_dimensions, float_graph, BAD_SHAPE, "empty or larger",
        output_of(graph, RELU)->shape.rank = 7)
REFUSES(a_shape_whose_product_overflows, float_graph, BAD_SHAPE, "empty or larger",
        output_of(graph, RELU)->shape = SHAPE(1, GRAPH_MAX_DIM, GRAPH_MAX_DIM, GRAPH_MAX_DIM))
REFUSES(a_batch_that_is_not_one, float_graph, BAD_SHAPE, "the batch",
        graph->tensors[graph->input].shape.dim[0] = 2)
REFUSES(a_kernel_of_zero, float_graph, BAD_SHAPE, "must be from 1",
        graph->nodes[POOL].u.pool.window.kernel[0] = 0)
REFUSES(a_stride_of_zero, float_graph, BAD_SHAPE, "must be from 1",
        graph->nodes[CONV].u.conv.window.stride[1] = 0)
REFUSES(a_dilation_of_zero, float_graph, BAD_SHAPE, "must be from 1",
        graph->nodes[CONV].u.conv.window.dilation[0] = 0)
REFUSES(a_huge_dilation, float_graph, BAD_SHAPE, "must be from 1",
        graph->nodes[CONV].u.conv.window.dilation[0] = INT32_MAX)
REFUSES(a_negative_pad, float_graph, BAD_SHAPE, "must be from 0",
        graph->nodes[CONV].u.conv.window.pad_end[0] = -1)
REFUSES(no_groups, float_graph, BAD_SHAPE, "0 groups", graph->nodes[CONV].u.conv.groups = 0)
REFUSES(groups_that_do_not_divide, float_graph, BAD_SHAPE, "3 groups do not divide",
        graph->nodes[CONV].u.conv.groups = 3)
REFUSES(a_bias_of_another_length, float_graph, BAD_SHAPE, "must be [5]",
        input_of(graph, FC, 2)->shape.dim[0] = 4)
REFUSES(an_axis_from_the_end, float_graph, FORMAT, "not counted from the front",
        graph->nodes[FLATTEN].u.flatten.axis = -3)
REFUSES(a_negative_variance, float_graph, FORMAT, "the variance of channel 2",
        float_data(graph, BN, 4)[2] = -1.0f)
REFUSES(an_epsilon_that_is_no_number, float_graph, FORMAT, "epsilon",
        graph->nodes[BN].u.batch_normalization.epsilon = NAN)
REFUSES(an_empty_clip, float_graph, FORMAT, "empty range",
        graph->nodes[CONV].activation = ((struct activation){ACTIVATION_CLIP, 2.0f, 1.0f, 0.0f}))
REFUSES(a_clip_to_no_number, float_graph, FORMAT, "empty range",
        graph->nodes[CONV].activation = ((struct activation){ACTIVATION_CLIP, NAN, 1.0f, 0.0f}))
REFUSES(an_unknown_activation, float_graph, FORMAT, "is unknown",
        graph->nodes[CONV].activation.kind = (enum activation_kind)9)
REFUSES(an_activation_where_none_belongs, float_graph, FORMAT, "does not belong",
        graph->nodes[POOL].activation.kind = ACTIVATION_RELU)

/* Constants and masks. */
REFUSES(a_weight_that_is_no_number, float_graph, FORMAT, "tensor 'fc.weight': element 9 is NaN",
        float_data(graph, FC, 1)[9] = NAN)
REFUSES(an_infinite_bias, float_graph, FORMAT, "is infinite", float_data(graph, FC, 2)[1] = -INFINITY)
REFUSES(an_unknown_type, float_graph, FORMAT, "type 8 is unknown",
        input_of(graph, FC, 1)->type = (enum tensor_type)8)
REFUSES(integers_in_a_float_graph, float_graph, FORMAT, "must be float32",
        input_of(graph, FC, 2)->type = TENSOR_I32)
REFUSES(a_mask_that_is_neither_0_nor_1, float_graph, FORMAT, "of the mask is 2", mask_weights(graph, 2))
REFUSES(a_pruned_weight_that_is_not_zero, float_graph, FORMAT, "is pruned, but not zero",
        mask_weights(graph, 0))

/* The input rule. */
REFUSES(an_unknown_color, float_graph, FORMAT, "not RGB, BGR or gray", strcpy(graph->rule.color, "CMYK"))
REFUSES(a_color_without_end, float_graph, FORMAT, "does not end", memset(graph->rule.color, 'x', 8))
REFUSES(a_short_side_that_does_not_cover, float_graph, FORMAT, "leaves no centre",
        graph->rule.resize = ((struct resize){RESIZE_SIDE, 1}))
REFUSES(an_unknown_way_of_resizing, float_graph, FORMAT, "is unknown",
        graph->rule.resize.kind = (enum resize_kind)9)
REFUSES(a_color_of_other_channels, float_graph, BAD_SHAPE, "has 3 channels", strcpy(graph->rule.color, "RGB"))
REFUSES(a_mean_that_is_no_number, float_graph, FORMAT, "mean nan", graph->rule.mean[0] = NAN)
REFUSES(a_scale_of_zero, float_graph, FORMAT, "scale 0", graph->rule.scale[0] = 0.0f)
REFUSES(a_rule_shift_of_zero, integer_graph, FORMAT, "not from 1 to 62", graph->rule.integer[0].shift = 0)

/* Integer graphs. */
REFUSES(a_missing_scaling, integer_graph, FORMAT, "3 scalings instead of 4",
        graph->nodes[I_CONV].rules[0].scaling_count = 3)
REFUSES(a_shift_of_63, integer_graph, FORMAT, "shift 63",
        graph->nodes[I_CONV].rules[0].scalings[2].shift = 63)
REFUSES(a_shift_of_0, integer_graph, FORMAT, "shift 0", graph->nodes[I_FC].rules[0].scalings[0].shift = 0)
REFUSES(a_multiplier_that_is_not_normal, integer_graph, FORMAT, "below 2^15",
        graph->nodes[I_FC].rules[0].scalings[0].multiplier = 5)
REFUSES(two_shifts_in_an_add, integer_graph, FORMAT, "one shift",
        graph->nodes[I_ADD].rules[0].scalings[1].shift = 9)
REFUSES(counts_that_do_not_rise, integer_graph, FORMAT, "count 1 (4)",
        graph->nodes[I_AVERAGE].rules[0].counts[1] = 4)
REFUSES(a_count_of_zero, integer_graph, FORMAT, "count 0 (0)", graph->nodes[I_AVERAGE].rules[0].counts[0] = 0)
REFUSES(a_window_without_its_count, integer_graph, FORMAT, "windows of 6 elements",
        graph->nodes[I_AVERAGE].rules[0].counts[1] = 5)
REFUSES(a_global_pool_without_its_count, integer_graph, FORMAT, "windows of 9 elements",
        graph->nodes[I_GLOBAL].rules[0].counts[0] = 8)
REFUSES(a_clamp_outside_of_the_type, integer_graph, FORMAT, "the clamp from 0 to 256",
        graph->nodes[I_CONV].rules[0].high = 256)
REFUSES(a_clamp_below_an_unsigned_type, integer_graph, FORMAT, "the clamp from -1",
        graph->nodes[I_CONV].rules[0].low = -1)
REFUSES(an_empty_clamp, integer_graph, FORMAT, "the clamp from 9 to 8",
        (graph->nodes[I_CONV].rules[0].low = 9, graph->nodes[I_CONV].rules[0].high = 8))
REFUSES(a_weight_of_minus_128, integer_graph, FORMAT, "is -128",
        ((int8_t *)input_of(graph, I_CONV, 1)->data)[3] = INT8_MIN)
REFUSES(an_accumulator_that_overflows, integer_graph, FORMAT, "can exceed 32 bits",
        ((int32_t *)input_of(graph, I_CONV, 2)->data)[1] = INT32_MAX - 255 * 127 * 9 + 1)
REFUSES(float_weights_in_an_integer_graph, integer_graph, FORMAT, "a constant of the integer network",
        (input_of(graph, I_FC, 1)->type = TENSOR_I32, input_of(graph, I_FC, 1)->shape.dim[0] = 5))
REFUSES(an_lrn_table_of_another_size, integer_graph, BAD_SHAPE, "must be [1024]",
        input_of(graph, I_LRN, 1)->shape.dim[0] = 1023)
REFUSES(an_lrn_without_table, integer_graph, FORMAT, "has no table", graph->nodes[I_LRN].input_count = 1)
REFUSES(an_activation_without_quantization, integer_graph, FORMAT, "has no quantization",
        output_of(graph, I_CONV)->quantization.scale = 0.0f)
REFUSES(a_pool_that_changes_its_quantization, integer_graph, FORMAT, "must share one quantization",
        output_of(graph, I_MAX)->quantization.scale = 0.25f)
REFUSES(a_wide_tensor_in_the_middle, integer_graph, FORMAT, "which has 16 bits",
        output_of(graph, I_CONV)->quantization = ((struct quantization){0.5f, 16, true}))
REFUSES(a_scale_that_is_no_number, integer_graph, FORMAT, "must be a positive number",
        output_of(graph, I_CONV)->quantization.scale = NAN)
REFUSES(bits_that_no_kernel_has, integer_graph, FORMAT, "12 bits",
        output_of(graph, I_CONV)->quantization.bits = 12)
REFUSES(an_identity_in_an_integer_graph, integer_graph, UNSUPPORTED, "has no integer form",
        (graph->nodes[I_LRN].op = OP_IDENTITY, graph->nodes[I_LRN].input_count = 1))

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sound_float_graph_is_accepted),
        cmocka_unit_test(a_sound_integer_graph_is_accepted),
        cmocka_unit_test(an_input_index_out_of_range),
        cmocka_unit_test(a_negative_input_index),
        cmocka_unit_test(missing_weights),
        cmocka_unit_test(an_output_index_out_of_range),
        cmocka_unit_test(a_node_that_makes_a_constant),
        cmocka_unit_test(a_node_that_makes_the_input),
        cmocka_unit_test(two_nodes_that_make_one_tensor),
        cmocka_unit_test(a_cycle),
        cmocka_unit_test(too_few_inputs),
        cmocka_unit_test(an_unknown_operator),
        cmocka_unit_test(weights_that_are_computed),
        cmocka_unit_test(data_that_is_a_constant),
        cmocka_unit_test(no_input),
        cmocka_unit_test(an_output_out_of_range),
        cmocka_unit_test(an_output_that_is_the_input),
        cmocka_unit_test(an_activation_that_nothing_makes),
        cmocka_unit_test(a_shape_that_is_not_the_computed_one),
        cmocka_unit_test(a_shape_of_negative_size),
        cmocka_unit_test(a_shape_of_too_many_dimensions),
        cmocka_unit_test(a_shape_whose_product_overflows),
        cmocka_unit_test(a_batch_that_is_not_one),
        cmocka_unit_test(a_kernel_of_zero),
        cmocka_unit_test(a_stride_of_zero),
        cmocka_unit_test(a_dilation_of_zero),
        cmocka_unit_test(a_huge_dilation),
        cmocka_unit_test(a_negative_pad),
        cmocka_unit_test(no_groups),
        cmocka_unit_test(groups_that_do_not_divide),
        cmocka_unit_test(a_bias_of_another_length),
        cmocka_unit_test(an_axis_from_the_end),
        cmocka_unit_test(a_negative_variance),
        cmocka_unit_test(an_epsilon_that_is_no_number),
        cmocka_unit_test(an_empty_clip),
        cmocka_unit_test(a_clip_to_no_number),
        cmocka_unit_test(an_unknown_activation),
        cmocka_unit_test(an_activation_where_none_belongs),
        cmocka_unit_test(a_weight_that_is_no_number),
        cmocka_unit_test(an_infinite_bias),
        cmocka_unit_test(an_unknown_type),
        cmocka_unit_test(integers_in_a_float_graph),
        cmocka_unit_test(a_mask_that_is_neither_0_nor_1),
        cmocka_unit_test(a_pruned_weight_that_is_not_zero),
        cmocka_unit_test(an_unknown_color),
        cmocka_unit_test(a_color_without_end),
        cmocka_unit_test(a_short_side_that_does_not_cover),
        cmocka_unit_test(an_unknown_way_of_resizing),
        cmocka_unit_test(a_color_of_other_channels),
        cmocka_unit_test(a_mean_that_is_no_number),
        cmocka_unit_test(a_scale_of_zero),
        cmocka_unit_test(a_rule_shift_of_zero),
        cmocka_unit_test(a_missing_scaling),
        cmocka_unit_test(a_shift_of_63),
        cmocka_unit_test(a_shift_of_0),
        cmocka_unit_test(a_multiplier_that_is_not_normal),
        cmocka_unit_test(two_shifts_in_an_add),
        cmocka_unit_test(counts_that_do_not_rise),
        cmocka_unit_test(a_count_of_zero),
        cmocka_unit_test(a_window_without_its_count),
        cmocka_unit_test(a_global_pool_without_its_count),
        cmocka_unit_test(a_clamp_outside_of_the_type),
        cmocka_unit_test(a_clamp_below_an_unsigned_type),
        cmocka_unit_test(an_empty_clamp),
        cmocka_unit_test(a_weight_of_minus_128),
        cmocka_unit_test(an_accumulator_that_overflows),
        cmocka_unit_test(float_weights_in_an_integer_graph),
        cmocka_unit_test(an_lrn_table_of_another_size),
        cmocka_unit_test(an_lrn_without_table),
        cmocka_unit_test(an_activation_without_quantization),
        cmocka_unit_test(a_pool_that_changes_its_quantization),
        cmocka_unit_test(a_wide_tensor_in_the_middle),
        cmocka_unit_test(a_scale_that_is_no_number),
        cmocka_unit_test(bits_that_no_kernel_has),
        cmocka_unit_test(an_identity_in_an_integer_graph),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
