/*
 * test_gradients.c - the gradient of every operator equals finite differences.
 */
#include "tests/train/gradient_check.h"

static void check_conv(struct conv_setup setup, int height, int width)
{
    struct builder b = build_new(image(setup.in, height, width), 1);
    build_conv(&b, setup);
    check_gradients(build_graph(&b), INPUT_RANDOM);
}

static void conv(void **state)
{
    check_conv((struct conv_setup){.in = 3, .out = 4, .window = square_window(3, 1, 1)}, 6, 5);
    check_conv((struct conv_setup){.in = 16, .out = 32, .window = square_window(3, 2, 1)}, 6, 6);
    check_conv((struct conv_setup){.in = 16, .out = 16, .window = square_window(1, 1, 0), .no_bias = true}, 4,
               4);
    check_conv((struct conv_setup){.in = 8, .out = 20, .window = square_window(1, 1, 1)}, 4, 4);
}

static void conv_with_groups(void **state)
{
    check_conv((struct conv_setup){.in = 4, .out = 6, .groups = 2, .window = square_window(3, 1, 1)}, 5, 5);
    check_conv((struct conv_setup){.in = 32, .out = 32, .groups = 2, .window = square_window(3, 1, 1)}, 5, 5);
}

static void depthwise_conv(void **state)
{
    check_conv((struct conv_setup){.in = 5, .out = 5, .groups = 5, .window = square_window(3, 1, 1)}, 5, 5);
    check_conv((struct conv_setup){.in = 16, .out = 16, .groups = 16, .window = square_window(3, 2, 1)}, 6,
               6);
    check_conv((struct conv_setup){.in = 4, .out = 8, .groups = 4, .window = square_window(3, 1, 1)}, 5, 5);
}

static void dilated_conv(void **state)
{
    struct window window = square_window(3, 1, 2);
    window.dilation[0] = 2;
    window.dilation[1] = 3;
    check_conv((struct conv_setup){.in = 3, .out = 4, .window = window}, 8, 9);
}

static void conv_with_uneven_padding_and_kernel(void **state)
{
    struct window window = {
        .kernel = {3, 2}, .stride = {2, 1}, .dilation = {1, 1}, .pad_begin = {0, 1}, .pad_end = {2, 0}};
    check_conv((struct conv_setup){.in = 3, .out = 4, .window = window}, 7, 6);
}

static void gemm(void **state)
{
    struct builder b = build_new(sned_shape(2, (int64_t)1, (int64_t)13), 1);
    build_gemm(&b, 13, 7);
    check_gradients(build_graph(&b), INPUT_RANDOM);
    b = build_new(sned_shape(2, (int64_t)1, (int64_t)64), 1);
    build_gemm(&b, 64, 48);
    check_gradients(build_graph(&b), INPUT_RANDOM);
}

static void batch_normalization(void **state)
{
    struct builder b = build_new(image(5, 4, 3), 1);
    build_batch_normalization(&b, 5);
    check_gradients(build_graph(&b), INPUT_RANDOM);
    b = build_new(image(3, 4, 4), 1);
    build_conv(&b,
               (struct conv_setup){.in = 3, .out = 16, .window = square_window(3, 1, 1), .no_bias = true});
    build_batch_normalization(&b, 16);
    check_gradients(build_graph(&b), INPUT_RANDOM);
}

static void check_activation(enum op op, bool after_conv)
{
    struct builder b = build_new(image(2, 5, 5), 1);
    if (after_conv) { /* 1 x 1, so that distinct inputs stay distinct: then the activation is done in place */
        build_conv(&b, (struct conv_setup){.in = 2, .out = 2, .groups = 2, .window = square_window(1, 1, 0)});
        float *weights = b.graph->tensors[1].data, *bias = b.graph->tensors[2].data;
        weights[0] = weights[1] = 1;
        bias[0] = bias[1] = 0;
    }
    build_activation(&b, op);
    check_gradients(build_graph(&b), INPUT_DISTINCT);
}

static void relu(void **state)
{
    check_activation(OP_RELU, false);
    check_activation(OP_RELU, true);
}

static void clip(void **state)
{
    check_activation(OP_CLIP, false);
    check_activation(OP_CLIP, true);
}

static void leaky_relu(void **state)
{
    check_activation(OP_LEAKY_RELU, false);
    check_activation(OP_LEAKY_RELU, true);
}

static void hard_swish(void **state)
{
    struct builder b = build_new(image(3, 4, 4), 1);
    build_conv(&b, (struct conv_setup){.in = 3, .out = 4, .window = square_window(3, 1, 1)});
    build_unary(&b, OP_HARD_SWISH);
    check_gradients(build_graph(&b), INPUT_RANDOM);
    b = build_new(image(2, 5, 5), 1);
    build_unary(&b, OP_HARD_SWISH);
    check_gradients(build_graph(&b), INPUT_DISTINCT);
}

static void activation_fused_on_a_node(void **state)
{
    struct builder b = build_new(image(2, 5, 5), 1);
    build_pool(&b, OP_MAX_POOL, square_window(2, 1, 0))->activation =
        (struct activation){.kind = ACTIVATION_RELU};
    check_gradients(build_graph(&b), INPUT_DISTINCT);
}

static void check_pool(enum op op, struct window window, bool ceil_mode, bool count_include_pad, int channels)
{
    struct builder b = build_new(image(channels, 7, 6), 1);
    struct node *node = build_pool(&b, op, window);
    node->u.pool.ceil_mode = ceil_mode;
    node->u.pool.count_include_pad = count_include_pad;
    check_gradients(build_graph(&b), op == OP_MAX_POOL ? INPUT_DISTINCT : INPUT_RANDOM);
}

static void max_pool(void **state)
{
    check_pool(OP_MAX_POOL, square_window(2, 2, 0), false, false, 2);
    check_pool(OP_MAX_POOL, square_window(3, 2, 0), true, false, 2);
    check_pool(OP_MAX_POOL, square_window(3, 2, 1), true, false, 2);
    check_pool(OP_MAX_POOL, square_window(3, 1, 1), false, false, 16);
}

/* Five channels would be mostly padding in blocks: the network keeps channels last. The first Conv scales
 * each channel, which moves no maximum. */
static void max_pool_with_channels_last(void **state)
{
    const struct window windows[] = {square_window(2, 2, 0), square_window(3, 2, 1), square_window(3, 1, 1)};
    for (int i = 0; i < 3; i++) {
        struct builder b = build_new(image(5, 7, 6), 1);
        build_conv(&b, (struct conv_setup){.in = 5, .out = 5, .groups = 5, .window = square_window(1, 1, 0)});
        build_pool(&b, OP_MAX_POOL, windows[i])->u.pool.ceil_mode = true;
        build_conv(&b, (struct conv_setup){.in = 5, .out = 5, .window = square_window(1, 1, 0)});
        check_gradients(build_graph(&b), INPUT_DISTINCT);
    }
}

static void dilated_max_pool(void **state)
{
    struct window window = square_window(2, 1, 0);
    window.dilation[0] = window.dilation[1] = 2;
    check_pool(OP_MAX_POOL, window, false, false, 2);
}

static void average_pool(void **state)
{
    for (int mode = 0; mode < 4; mode++) {
        check_pool(OP_AVERAGE_POOL, square_window(2, 2, 0), mode & 1, mode & 2, 2);
        check_pool(OP_AVERAGE_POOL, square_window(3, 2, 1), mode & 1, mode & 2, 2);
        check_pool(OP_AVERAGE_POOL, square_window(3, 3, 0), mode & 1, mode & 2, 16);
    }
}

static void global_average_pool(void **state)
{
    struct builder b = build_new(image(5, 4, 3), 1);
    build_unary(&b, OP_GLOBAL_AVERAGE_POOL);
    check_gradients(build_graph(&b), INPUT_RANDOM);
}

static void check_lrn(int channels, int size, float beta)
{
    struct builder b = build_new(image(channels, 3, 2), 1);
    struct node *node = build_unary(&b, OP_LRN);
    node->u.lrn.size = size;
    node->u.lrn.alpha = 0.5f;
    node->u.lrn.beta = beta;
    node->u.lrn.bias = 1.5f;
    check_gradients(build_graph(&b), INPUT_RANDOM);
}

static void lrn(void **state)
{
    check_lrn(7, 5, 0.75f);
    check_lrn(16, 5, 0.75f);
    check_lrn(7, 3, 0.5f);
}

static void lrn_of_even_size(void **state)
{
    check_lrn(7, 4, 0.75f);
    check_lrn(5, 2, 0.6f);
}

/* x op conv(x): two readers of one tensor. */
static void check_two_activations(enum op op)
{
    struct builder b = build_new(image(3, 4, 4), 1);
    int input = b.last;
    build_conv(&b, (struct conv_setup){.in = 3, .out = 3, .window = square_window(3, 1, 1)});
    build_node(&b, op, (int[]){b.last, input}, 2);
    check_gradients(build_graph(&b), INPUT_RANDOM);
}

static void check_constant(enum op op, struct shape shape)
{
    struct builder b = build_new(image(3, 4, 4), 1);
    build_conv(&b, (struct conv_setup){.in = 3, .out = 5, .window = square_window(3, 1, 1)});
    int constant = build_constant(&b, shape, 0.5f, 1);
    build_node(&b, op, (int[]){b.last, constant}, 2);
    b.last = b.graph->nodes[b.graph->node_count - 1].outputs[0];
    check_gradients(build_graph(&b), INPUT_RANDOM);
}

static void add(void **state)
{
    check_two_activations(OP_ADD);
    check_constant(OP_ADD, sned_shape(1, (int64_t)1));
    check_constant(OP_ADD, sned_shape(1, (int64_t)5));
}

static void mul(void **state)
{
    check_two_activations(OP_MUL);
    check_constant(OP_MUL, sned_shape(1, (int64_t)1));
    check_constant(OP_MUL, sned_shape(1, (int64_t)5));
}

static void tensor_added_to_itself(void **state)
{
    struct builder b = build_new(image(3, 4, 4), 1);
    build_node(&b, OP_ADD, (int[]){b.last, b.last}, 2);
    check_gradients(build_graph(&b), INPUT_RANDOM);
}

static void check_concat(int first, int second)
{
    struct builder b = build_new(image(4, 4, 4), 1);
    int input = b.last;
    build_conv(&b, (struct conv_setup){.in = 4, .out = first, .window = square_window(1, 1, 0)});
    int left = b.last;
    b.last = input;
    build_conv(&b, (struct conv_setup){.in = 4, .out = second, .window = square_window(3, 1, 1)});
    build_node(&b, OP_CONCAT, (int[]){left, b.last}, 2)->u.concat.axis = 1;
    check_gradients(build_graph(&b), INPUT_RANDOM);
}

static void concat(void **state)
{
    check_concat(3, 5);
    check_concat(16, 32);
    check_concat(16, 20);
}

static void slice(void **state)
{
    struct builder b = build_new(image(3, 5, 6), 1);
    struct node *node = build_unary(&b, OP_SLICE);
    for (int i = 0; i < 4; i++) {
        node->u.slice.end[i] = (int64_t[]){1, 3, 5, 6}[i];
        node->u.slice.step[i] = 1;
    }
    node->u.slice.start[1] = 1;
    node->u.slice.step[2] = 2;
    node->u.slice.start[3] = 1;
    node->u.slice.end[3] = 5;
    node->u.slice.step[3] = 3;
    check_gradients(build_graph(&b), INPUT_RANDOM);
}

static void pad(void **state)
{
    struct builder b = build_new(image(3, 4, 4), 1);
    struct node *node = build_unary(&b, OP_PAD);
    node->u.pad.before[1] = 2;
    node->u.pad.after[1] = 1;
    node->u.pad.after[3] = 2;
    check_gradients(build_graph(&b), INPUT_RANDOM);
}

static void flatten_and_reshape(void **state)
{
    struct builder b = build_new(image(3, 4, 4), 1);
    build_conv(&b, (struct conv_setup){.in = 3, .out = 16, .window = square_window(3, 2, 1)});
    build_flatten(&b);
    build_unary(&b, OP_RESHAPE)->u.reshape.shape = image(4, 4, 4);
    check_gradients(build_graph(&b), INPUT_RANDOM);
}

/* Pieces of 2, 3 and 1 channels, or rows, which a layer each reads before they are joined again. */
static void check_split(int axis)
{
    struct builder b = build_new(image(6, 6, 4), 1);
    const int64_t sizes[] = {2, 3, 1};
    int pieces[3];
    build_conv(&b, (struct conv_setup){.in = 6, .out = 6, .window = square_window(3, 1, 1)});
    build_split(&b, axis, sizes, pieces, 3);
    for (int i = 0; i < 3; i++) {
        const int channels = axis == 1 ? (int)sizes[i] : 6;
        b.last = pieces[i];
        build_conv(&b,
                   (struct conv_setup){.in = channels, .out = channels, .window = square_window(1, 1, 0)});
        pieces[i] = b.last;
    }
    build_node(&b, OP_CONCAT, pieces, 3)->u.concat.axis = axis;
    check_gradients(build_graph(&b), INPUT_RANDOM);
}

static void split(void **state)
{
    check_split(1);
    check_split(2);
}

/* A piece that nothing reads, and one that only another output reads: numbers without a gradient. */
static void split_into_pieces_that_do_not_matter(void **state)
{
    struct builder b = build_new(image(6, 3, 3), 1);
    int pieces[3], outputs[2];
    build_split(&b, 1, (int64_t[]){2, 3, 1}, pieces, 3);
    b.last = pieces[2];
    build_conv(&b, (struct conv_setup){.in = 1, .out = 2, .window = square_window(3, 1, 1)});
    outputs[1] = b.last;
    b.last = pieces[1];
    build_conv(&b, (struct conv_setup){.in = 3, .out = 2, .window = square_window(3, 1, 1)});
    outputs[0] = b.last;
    build_graph(&b);
    must(sned_graph_set_outputs(b.graph, outputs, 2, error));
    check_gradients(b.graph, INPUT_RANDOM);
}

/* The first output's layers, and none of the second's, have gradients, though both read one activation. */
static void two_outputs(void **state)
{
    struct builder b = build_new(image(3, 4, 4), 1);
    int outputs[2];
    build_conv(&b, (struct conv_setup){.in = 3, .out = 4, .window = square_window(3, 1, 1)});
    const int trunk = b.last;
    build_conv(&b, (struct conv_setup){.in = 4, .out = 2, .window = square_window(3, 1, 1)});
    outputs[0] = b.last;
    b.last = trunk;
    build_conv(&b, (struct conv_setup){.in = 4, .out = 5, .window = square_window(3, 1, 1)});
    outputs[1] = b.last;
    build_graph(&b);
    must(sned_graph_set_outputs(b.graph, outputs, 2, error));
    check_gradients(b.graph, INPUT_RANDOM);
}

static void transpose(void **state)
{
    struct builder b = build_new(image(3, 4, 5), 1);
    struct node *node = build_unary(&b, OP_TRANSPOSE);
    memcpy(node->u.transpose.order, (int[]){0, 2, 3, 1}, 4 * sizeof(int));
    check_gradients(build_graph(&b), INPUT_RANDOM);
}

static void depth_to_space(void **state)
{
    for (int mode = DEPTH_DCR; mode <= DEPTH_CRD; mode++) {
        struct builder b = build_new(image(8, 2, 3), 1);
        struct node *node = build_unary(&b, OP_DEPTH_TO_SPACE);
        node->u.depth_to_space.block = 2;
        node->u.depth_to_space.mode = mode;
        check_gradients(build_graph(&b), INPUT_RANDOM);
    }
}

static void softmax(void **state)
{
    struct builder b = build_new(sned_shape(2, (int64_t)1, (int64_t)6), 1);
    build_gemm(&b, 6, 5);
    build_unary(&b, OP_SOFTMAX)->u.softmax.axis = 1;
    check_gradients(build_graph(&b), INPUT_RANDOM);
}

static void log_softmax(void **state)
{
    struct builder b = build_new(sned_shape(2, (int64_t)1, (int64_t)6), 1);
    build_gemm(&b, 6, 5);
    build_unary(&b, OP_LOG_SOFTMAX)->u.softmax.axis = 1;
    check_gradients(build_graph(&b), INPUT_RANDOM);
}

static void sigmoid(void **state)
{
    struct builder b = build_new(sned_shape(2, (int64_t)1, (int64_t)6), 1);
    build_gemm(&b, 6, 5);
    build_unary(&b, OP_SIGMOID);
    check_gradients(build_graph(&b), INPUT_RANDOM);
}

static void dropout(void **state)
{
    struct builder b = build_new(sned_shape(2, (int64_t)1, (int64_t)40), 1);
    build_unary(&b, OP_DROPOUT)->u.dropout.ratio = 0.4f;
    check_gradients(build_graph(&b), INPUT_RANDOM);
}

static void identity(void **state)
{
    struct builder b = build_new(sned_shape(2, (int64_t)1, (int64_t)6), 1);
    build_unary(&b, OP_IDENTITY);
    build_gemm(&b, 6, 5);
    build_unary(&b, OP_IDENTITY);
    check_gradients(build_graph(&b), INPUT_RANDOM);
}

/* Weights that two nodes share get the sum of both gradients. */
static void shared_weights(void **state)
{
    struct builder b = build_new(sned_shape(2, (int64_t)1, (int64_t)16), 1);
    build_gemm(&b, 16, 16);
    const int *first = b.graph->nodes[0].inputs;
    build_node(&b, OP_GEMM, (int[]){b.last, first[1], first[2]}, 3);
    check_gradients(build_graph(&b), INPUT_RANDOM);
}

/* A residual block: Conv, BatchNormalization, Relu, a shortcut by Slice and Pad, Add, Relu, pool, Gemm. */
static void residual_network(void **state)
{
    struct builder b = build_new(image(4, 6, 6), 3);
    int input = b.last;
    build_conv(&b, (struct conv_setup){.in = 4, .out = 8, .window = square_window(3, 2, 1), .no_bias = true});
    build_batch_normalization(&b, 8);
    build_activation(&b, OP_LEAKY_RELU)->activation.slope =
        0.8f; /* a slight kink: the difference may cross it */
    int main_path = b.last;
    b.last = input;
    struct node *node = build_unary(&b, OP_SLICE);
    for (int i = 0; i < 4; i++) {
        node->u.slice.end[i] = (int64_t[]){1, 4, 6, 6}[i];
        node->u.slice.step[i] = i < 2 ? 1 : 2;
    }
    node = build_unary(&b, OP_PAD);
    node->u.pad.before[1] = node->u.pad.after[1] = 2;
    build_node(&b, OP_ADD, (int[]){main_path, b.last}, 2);
    build_activation(&b, OP_LEAKY_RELU)->activation.slope = 0.95f;
    build_unary(&b, OP_GLOBAL_AVERAGE_POOL);
    build_flatten(&b);
    build_gemm(&b, 8, 5);
    check_gradients(build_graph(&b), INPUT_RANDOM);
}

int main(int argc, char **argv)
{
    openmp_wait_briefly(argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conv),
        cmocka_unit_test(conv_with_groups),
        cmocka_unit_test(depthwise_conv),
        cmocka_unit_test(dilated_conv),
        cmocka_unit_test(conv_with_uneven_padding_and_kernel),
        cmocka_unit_test(gemm),
        cmocka_unit_test(batch_normalization),
        cmocka_unit_test(relu),
        cmocka_unit_test(clip),
        cmocka_unit_test(leaky_relu),
        cmocka_unit_test(hard_swish),
        cmocka_unit_test(activation_fused_on_a_node),
        cmocka_unit_test(max_pool),
        cmocka_unit_test(max_pool_with_channels_last),
        cmocka_unit_test(dilated_max_pool),
        cmocka_unit_test(average_pool),
        cmocka_unit_test(global_average_pool),
        cmocka_unit_test(lrn),
        cmocka_unit_test(lrn_of_even_size),
        cmocka_unit_test(add),
        cmocka_unit_test(mul),
        cmocka_unit_test(tensor_added_to_itself),
        cmocka_unit_test(concat),
        cmocka_unit_test(slice),
        cmocka_unit_test(pad),
        cmocka_unit_test(flatten_and_reshape),
        cmocka_unit_test(split),
        cmocka_unit_test(split_into_pieces_that_do_not_matter),
        cmocka_unit_test(two_outputs),
        cmocka_unit_test(transpose),
        cmocka_unit_test(depth_to_space),
        cmocka_unit_test(softmax),
        cmocka_unit_test(log_softmax),
        cmocka_unit_test(sigmoid),
        cmocka_unit_test(dropout),
        cmocka_unit_test(identity),
        cmocka_unit_test(shared_weights),
        cmocka_unit_test(residual_network),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
