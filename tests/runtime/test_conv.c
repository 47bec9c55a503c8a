/*
 * test_conv.c - how a convolution is laid out and listed: what forms, tiles and rows it takes.
 */
#include "tests/common/random_graphs.h"
#include "runtime/conv/conv.h"

#include <math.h>
#include <string.h>

enum { FILTERS = 8, CHANNELS = 8, TAPS = 9 };

/* Costs of an instruction set whose dense form multiplies twice as fast as its sparse one. */
static const struct micro_kernels fast_dense = {
    .bytes = VALUE_U8,
    .dense_filters = 8,
    .piece_outputs = 32,
    .gather_bytes = 64,
    .costs = {.taps = 1,
              .dense_quad = 0.1f,
              .dense_product = 0.1f,
              .sparse_quad = 1,
              .sparse_product = 0.4f,
              .sparse_far = 1.5f,
              .shared_quad = 10,
              .sliding_quad = 0.1f,
              .lane_product = 0.1f},
};

/* A layer 3x3 with padding on 10 x 13 pixels, whose weights follow each other in `weights`. */
static struct conv_layer layer_of(const int8_t *weights, enum value_type type)
{
    return (struct conv_layer){
        .input = {.type = type, .extent = {CHANNELS, 10, 13}},
        .output = {.type = type, .extent = {FILTERS, 10, 13}},
        .window = {{3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}},
        .groups = 1,
        .group_channels = CHANNELS,
        .group_filters = FILTERS,
        .weights = weights,
    };
}

static void set_all(int8_t *weights)
{
    for (int i = 0; i < FILTERS * CHANNELS * TAPS; i++)
        weights[i] = (int8_t)(i % 50 + 1);
}

static struct conv_lists choose(struct conv_layer *conv)
{
    struct conv_lists lists;
    assert_int_equal(sned_conv_choose(conv, &fast_dense, NULL, NULL, &lists, NULL), SNED_OK);
    return lists;
}

static void weights_that_are_all_there_are_dense(void **state)
{
    int8_t weights[FILTERS * CHANNELS * TAPS];
    set_all(weights);
    struct conv_layer conv = layer_of(weights, VALUE_U8);
    const struct conv_lists lists = choose(&conv);
    assert_int_equal(conv.form, CONV_DENSE);
    assert_int_equal(lists.tiles, 1);
    assert_int_equal(lists.entries, CHANNELS / 4 * TAPS);
    assert_int_equal(lists.products, CHANNELS / 4 * TAPS * FILTERS);
}

static void few_weights_are_sparse_and_four_of_them_an_entry(void **state)
{
    int8_t weights[FILTERS * CHANNELS * TAPS] = {0};
    for (int k = 0; k < FILTERS; k++)
        for (int i = 0; i < 7; i++) /* other ones in each filter */
            weights[k * CHANNELS * TAPS + k + i * 8] = 1;
    struct conv_layer conv = layer_of(weights, VALUE_U8);
    const struct conv_lists lists = choose(&conv);
    assert_int_equal(conv.form, CONV_SPARSE);
    assert_int_equal(lists.tiles, FILTERS);
    assert_int_equal(lists.entries, FILTERS * 2);
}

/* Of two filters that share four taps: 100 and 100, or 90 and 90, may not stand together, and there are four
 * that may. */
static void taps_that_may_not_stand_together_find_others(void **state)
{
    int8_t weights[FILTERS * CHANNELS * TAPS] = {0};
    static const int8_t taps[2][4] = {{100, 100, -90, -90}, {90, 5, 3, 90}};
    for (int k = 0; k < FILTERS; k++)
        for (int i = 0; i < 4; i++)
            weights[k * CHANNELS * TAPS + k / 2 + i * 8] = taps[k % 2][i];
    struct conv_layer conv = layer_of(weights, VALUE_U8);
    struct micro_kernels limited = fast_dense;
    struct conv_lists lists;
    limited.pair_limit = 128;
    assert_int_equal(sned_conv_choose(&conv, &limited, NULL, NULL, &lists, NULL), SNED_OK);
    assert_int_equal(conv.form, CONV_SPARSE);
    assert_int_equal(lists.tiles, FILTERS / 2);
    assert_int_equal(lists.entries, FILTERS / 2);
}

static void filters_that_share_their_zeros_share_lists(void **state)
{
    int8_t weights[FILTERS * CHANNELS * TAPS] = {0};
    for (int k = 0; k < FILTERS; k++)
        for (int i = 0; i < 8; i++)
            weights[k * CHANNELS * TAPS + k / 4 + i * 8] = (int8_t)(k + 1);
    struct conv_layer conv = layer_of(weights, VALUE_U8);
    const struct conv_lists lists = choose(&conv);
    assert_int_equal(conv.form, CONV_SPARSE);
    assert_int_equal(lists.tiles, 2);
    assert_int_equal(lists.entries, 2 * 2);
}

static void channels_that_are_zero_together_are_left_out_of_dense(void **state)
{
    int8_t weights[FILTERS * CHANNELS * TAPS];
    set_all(weights);
    for (int k = 0; k < FILTERS; k++)
        memset(weights + (k * CHANNELS + 4) * TAPS, 0, 4 * TAPS);
    struct conv_layer conv = layer_of(weights, VALUE_U8);
    const struct conv_lists lists = choose(&conv);
    assert_int_equal(conv.form, CONV_DENSE);
    assert_int_equal(lists.entries, TAPS);
}

static void activations_of_16_bits_take_pairs_of_taps(void **state)
{
    int8_t weights[FILTERS * CHANNELS * TAPS];
    set_all(weights);
    struct conv_layer conv = layer_of(weights, VALUE_S16);
    assert_int_equal(choose(&conv).entries, FILTERS * CHANNELS * TAPS / 2);
    assert_int_equal(conv.form, CONV_TAPS);
}

/* A kernel of 2x2 at a stride of 2: 3 channels of 4 phases are 3 quads; by channels they would be 4. */
static void few_channels_and_a_stride_make_quads_of_both(void **state)
{
    int8_t weights[FILTERS * 3 * 4];
    memset(weights, 1, sizeof weights);
    struct conv_layer conv = layer_of(weights, VALUE_U8);
    conv.input.extent = (struct extent){3, 20, 26};
    conv.window = (struct window){{2, 2}, {2, 2}, {1, 1}, {0, 0}, {0, 0}};
    conv.group_channels = 3;
    const struct conv_lists lists = choose(&conv);
    assert_int_equal(conv.form, CONV_DENSE_PHASES);
    assert_int_equal(lists.entries, 3);
}

/* 3x3 at a stride of 2, two channels: a quad for each row of a kernel; the stride splits no planes. */
static void a_first_layer_slides_over_rows(void **state)
{
    int8_t weights[FILTERS * 2 * TAPS];
    memset(weights, 1, sizeof weights);
    struct conv_layer conv = layer_of(weights, VALUE_U8);
    conv.window.stride[0] = conv.window.stride[1] = 2;
    conv.input.extent = (struct extent){2, 10, 32};
    conv.output.extent = (struct extent){FILTERS, 5, 16};
    conv.group_channels = 2;
    const struct conv_lists lists = choose(&conv);
    assert_int_equal(conv.form, CONV_SLIDING);
    assert_int_equal(lists.tiles, 1);
    assert_int_equal(lists.entries, 2 * 3);
    assert_int_equal(conv.planes.count, 2);
    assert_int_equal(conv.planes.pitch, 33);
}

/* 60 filters are 32 and 28, whose lanes cost as much; of an image 7 pixels wide they compute no others, where
 * vectors of pixels end in columns between the rows. */
static void filters_are_lanes_where_images_are_small(void **state)
{
    enum { MANY = 60 };
    static int8_t weights[MANY * CHANNELS * TAPS];
    memset(weights, 1, sizeof weights);
    struct conv_layer conv = layer_of(weights, VALUE_U8);
    conv.input.extent = (struct extent){CHANNELS, 7, 7};
    conv.output.extent = (struct extent){MANY, 7, 7};
    conv.group_filters = MANY;
    const struct conv_lists lists = choose(&conv);
    assert_int_equal(conv.form, CONV_FILTER_LANES);
    assert_int_equal(lists.tiles, 2);
    assert_int_equal(lists.entries, 2 * CHANNELS / 4 * TAPS);
    assert_int_equal(lists.products, lists.entries * FILTER_LANES);
}

/* Runs of 7 in pairs: seven rows are three pairs, and one that is halved to 4 and 4. */
static void filter_lanes_compute_few_pixels_for_nothing(void **state)
{
    struct conv_layer conv = layer_of(NULL, VALUE_U8);
    conv.form = CONV_FILTER_LANES;
    conv.output.extent = conv.input.extent = (struct extent){CHANNELS, 7, 7};
    conv.slide[0] = conv.slide[1] = 1;
    assert_true(sned_conv_lay_out(&conv));
    assert_int_equal(conv.rows, 7);
    assert_true(sned_conv_vectors(&conv) == 50);
}

/* 49 pixels are four vectors of 16, of which 15 pixels are for nothing, or seven halves of them. */
static void rows_end_in_halves_of_vectors_where_these_are_narrow(void **state)
{
    struct conv_layer conv = layer_of(NULL, VALUE_U8);
    conv.form = CONV_DENSE;
    conv.output.extent = conv.input.extent = (struct extent){CHANNELS, 7, 7};
    conv.window = (struct window){{1, 1}, {1, 1}, {1, 1}, {0, 0}, {0, 0}};
    conv.slide[0] = conv.slide[1] = 1;
    assert_true(sned_conv_lay_out(&conv));
    assert_true(sned_conv_vectors(&conv) == 4);
    conv.is_narrow = true;
    assert_true(sned_conv_vectors(&conv) == 3.5);
}

/* A kernel of 3x3 needs all that a stride of 2 could split a plane into; of 1x1 one quarter is enough. */
static void filter_lanes_have_planes_whole_where_all_is_of_use(void **state)
{
    enum { MANY = 64 };
    static int8_t weights[MANY * CHANNELS * TAPS];
    memset(weights, 1, sizeof weights);
    for (int kernel = 1; kernel <= 3; kernel += 2) {
        struct conv_layer conv = layer_of(weights, VALUE_U8);
        conv.window = (struct window){{kernel, kernel}, {2, 2}, {1, 1}, {0, 0}, {0, 0}};
        conv.input.extent = (struct extent){CHANNELS, 15, 15};
        conv.output.extent = (struct extent){MANY, 7, 7};
        conv.group_filters = MANY;
        choose(&conv);
        assert_int_equal(conv.form, CONV_FILTER_LANES);
        assert_int_equal(conv.planes.count, CHANNELS / 4);
        assert_int_equal(conv.slide[1], kernel == 3 ? 2 : 1);
        assert_int_equal(conv.planes.pitch, kernel == 3 ? 15 : 7);
    }
}

/* ---- shared ---- */

static struct conv_lists choose_shared(struct conv_layer *conv)
{
    struct micro_kernels cheap = fast_dense;
    struct conv_lists lists;
    cheap.costs.shared_quad = 1e-3f;
    cheap.costs.shared_product = 1e-3f;
    assert_int_equal(sned_conv_choose(conv, &cheap, NULL, NULL, &lists, NULL), SNED_OK);
    assert_int_equal(conv->form, CONV_SHARED);
    return lists;
}

/* Two filters have all of four channels, one has all of the others. */
static void quads_are_for_those_filters_that_have_their_taps(void **state)
{
    int8_t weights[FILTERS * CHANNELS * TAPS] = {0};
    memset(weights, 1, CHANNELS / 2 * TAPS);
    memset(weights + CHANNELS * TAPS, 1, CHANNELS / 2 * TAPS);
    memset(weights + 2 * CHANNELS * TAPS + CHANNELS / 2 * TAPS, 1, CHANNELS / 2 * TAPS);
    struct conv_layer conv = layer_of(weights, VALUE_U8);
    const struct conv_lists lists = choose_shared(&conv);
    assert_int_equal(lists.entries, TAPS + TAPS);
    assert_int_equal(lists.products, 2 * TAPS + TAPS);
    assert_int_equal(lists.sets, 2);
}

/* Of three filters, three taps, two and three: two quads instead of three. */
static void taps_that_fill_no_quad_share_one_with_those_of_other_sets(void **state)
{
    int8_t weights[FILTERS * CHANNELS * TAPS] = {1, 1, 1};
    weights[CHANNELS * TAPS + 3] = weights[CHANNELS * TAPS + 4] = 1;
    memset(weights + 2 * CHANNELS * TAPS + 5, 1, 3);
    struct conv_layer conv = layer_of(weights, VALUE_U8);
    const struct conv_lists lists = choose_shared(&conv);
    assert_int_equal(lists.entries, 2);
    assert_int_equal(lists.products, 2 + 2);
}

/* Filters in pairs that have the same zeros are taken by four: five would tear a pair apart. */
static void filters_in_pairs_are_shared_by_four(void **state)
{
    int8_t weights[FILTERS * CHANNELS * TAPS];
    for (int i = 0; i < FILTERS * CHANNELS * TAPS; i++)
        weights[i] = (i / (CHANNELS * TAPS) / 2 * 7 + i % (CHANNELS * TAPS)) % 3 == 0;
    struct conv_layer conv = layer_of(weights, VALUE_U8);
    const struct conv_lists lists = choose_shared(&conv);
    assert_int_equal(lists.way.cluster, 4);
    assert_int_equal(lists.tiles, FILTERS / 4);
}

/* What the lists of such a layer come to, shared, by those costs. */
static struct conv_lists count_shared(const int8_t *weights, struct micro_costs costs)
{
    struct micro_kernels micro = fast_dense;
    struct conv_lists lists;
    struct conv_layer conv = layer_of(weights, VALUE_U8);
    micro.costs = costs;
    conv.form = CONV_SHARED;
    conv.slide[0] = conv.slide[1] = 1;
    assert_true(sned_conv_lay_out(&conv) && sned_conv_cut_blocks(&conv));
    assert_int_equal(sned_conv_count(&conv, &micro, &lists, NULL), SNED_OK);
    return lists;
}

/* Of filters of eight taps the first two have four in common. Shared, these are three quads in three loops
 * instead of four in two. */
static void filters_are_shared_unless_loops_are_too_short(void **state)
{
    int8_t weights[FILTERS * CHANNELS * TAPS] = {0};
    for (int k = 0; k < FILTERS; k++)
        memset(weights + k * CHANNELS * TAPS + (k ? k * 8 - 4 : 0), 1, 8);
    const struct micro_costs costs = {.shared_quad = 1, .shared_product = 2};
    struct micro_costs dear_loops = costs;
    dear_loops.shared_set = 3;
    assert_int_equal(count_shared(weights, costs).entries, FILTERS * 2 - 1);
    const struct conv_lists lists = count_shared(weights, dear_loops);
    assert_int_equal(lists.entries, FILTERS * 2);
    assert_int_equal(lists.products, FILTERS * 2);
}

/* The same of every pair: that is usual, and no loop's end is a surprise but those of single filters. */
static void filters_are_shared_where_all_lists_are_alike(void **state)
{
    int8_t weights[FILTERS * CHANNELS * TAPS] = {0};
    for (int k = 0; k < FILTERS; k++)
        memset(weights + k * CHANNELS * TAPS + k / 2 * 12 + k % 2 * 4, 1, 8);
    const struct conv_lists lists =
        count_shared(weights, (struct micro_costs){.shared_quad = 1, .shared_set = 3});
    assert_true(lists.way.is_even);
    assert_int_equal(lists.entries, FILTERS / 2 * 3);
    assert_int_equal(lists.sets, FILTERS);
}

/* With padding that keeps the size: behind each `width` pixels of a plane are as many as the kernel is wider
 * than 1. What is flipped has planes. */
static bool can_share(int width, int kernel, uint8_t flip)
{
    struct conv_layer conv = layer_of(NULL, VALUE_U8);
    conv.form = CONV_SHARED;
    conv.flip = flip;
    conv.slide[0] = conv.slide[1] = 1;
    conv.window.kernel[0] = conv.window.kernel[1] = kernel;
    conv.input.extent.width = conv.output.extent.width = width;
    conv.input.extent.height = conv.output.extent.height = 100;
    for (int axis = 0; axis < 2; axis++)
        conv.window.pad_begin[axis] = conv.window.pad_end[axis] = kernel / 2;
    return sned_conv_lay_out(&conv) && sned_conv_can_share(&conv);
}

/* Two vectors have 128 bytes: of 7x7 with padding 3 columns lie between two rows. */
static void lines_are_of_pixels_that_are_near(void **state)
{
    assert_true(can_share(3, 7, 0x80));
    assert_false(can_share(2, 7, 0x80));
    assert_true(can_share(2, 7, 0));
}

static struct conv_layer cut(int channels, int kernel)
{
    struct conv_layer conv = {.group_channels = channels, .window = {.kernel = {kernel, kernel}}};
    assert_true(sned_conv_cut_blocks(&conv));
    return conv;
}

/* 32 KB are 512 lines; but up to 600, of nine taps each 66 channels, are one block. */
static void channels_are_cut_into_blocks_of_nearly_one_size(void **state)
{
    const struct conv_layer whole = cut(66, 3), halves = cut(67, 3), thirds = cut(130, 3);
    assert_int_equal(whole.blocks, 1);
    assert_int_equal(halves.blocks, 2);
    assert_int_equal(sned_conv_channels_of(&halves, 0), 34);
    assert_int_equal(sned_conv_channels_of(&halves, 1), 33);
    assert_int_equal(thirds.blocks, 3);
    assert_int_equal(sned_conv_channels_of(&thirds, 2), 42);
}

/* Of a channel more than 512 lines are a block; more than 8192 have no number of 16 bits. */
static void no_block_has_more_lines_than_can_be_counted(void **state)
{
    struct conv_layer large = {.group_channels = 2, .window = {.kernel = {91, 91}}};
    assert_int_equal(cut(2, 90).blocks, 2);
    assert_false(sned_conv_cut_blocks(&large));
}

/* 1024 channels of 12 x 14 pixels with their padding are more than the first cache holds. */
static void planes_that_are_far_make_sparse_dearer(void **state)
{
    const struct conv_lists lists = {.tiles = 1, .entries = 100, .products = 100};
    double far[STEP_PHASES], near[STEP_PHASES];
    struct conv_layer conv = layer_of(NULL, VALUE_U8);
    conv.form = CONV_SPARSE;
    conv.slide[0] = conv.slide[1] = 1;
    assert_true(sned_conv_lay_out(&conv));
    assert_int_equal(sned_conv_tile_bytes(&conv), CHANNELS * 12 * 14);
    sned_conv_cost(near, &conv, &lists, &fast_dense.costs);
    conv.planes.count = 1024;
    sned_conv_cost(far, &conv, &lists, &fast_dense.costs);
    assert_true(fabs(far[1] / near[1] - (2 * 1 + 0.4) / (1 + 0.4)) < 1e-6);
}

/* The padding of two rows is one column, of an image of 13; and what is behind the last row is one pixel. */
static void rows_share_their_padding(void **state)
{
    int8_t weights[FILTERS * CHANNELS * TAPS];
    set_all(weights);
    struct conv_layer conv = layer_of(weights, VALUE_U8);
    choose(&conv);
    assert_int_equal(conv.planes.pitch, 14);
    assert_int_equal(conv.planes.pixels, 12 * 14 + 1);
}

/* 8 channels of `width` x `width` pixels, each by itself, with padding that keeps their size. */
static struct conv_layer depthwise_layer(const int8_t *weights, int width, int kernel)
{
    struct conv_layer conv = layer_of(weights, VALUE_U8);
    conv.input.extent = conv.output.extent = (struct extent){CHANNELS, width, width};
    conv.window =
        (struct window){{kernel, kernel}, {1, 1}, {1, 1}, {kernel / 2, kernel / 2}, {kernel / 2, kernel / 2}};
    conv.groups = CHANNELS;
    conv.group_channels = conv.group_filters = 1;
    return conv;
}

/* 196 outputs in pieces of 32, whatever rows these are of; a quad for each row of a kernel 3x3. */
static void a_depthwise_layer_is_cut_into_pieces(void **state)
{
    int8_t weights[CHANNELS * TAPS];
    memset(weights, 1, sizeof weights);
    struct conv_layer conv = depthwise_layer(weights, 14, 3);
    choose(&conv);
    assert_int_equal(conv.form, CONV_DEPTHWISE);
    assert_int_equal(conv.pieces.count, 7);
    assert_int_equal(conv.pieces.quads, 3);
}

/* 25 taps are 7 quads where two rows of the image are near each other, else 2 for each row of the kernel. */
static void quads_go_over_rows_of_a_kernel_where_images_are_narrow(void **state)
{
    int8_t weights[CHANNELS * 25];
    memset(weights, 1, sizeof weights);
    struct conv_layer narrow = depthwise_layer(weights, 14, 5), wide = depthwise_layer(weights, 56, 5);
    assert_true(sned_conv_cut(&narrow, &fast_dense));
    assert_int_equal(narrow.pieces.quads, 7);
    assert_true(sned_conv_cut(&wide, &fast_dense));
    assert_int_equal(wide.pieces.quads, 10);
}

/* Of an image 112 wide every other pixel: 32 outputs take 64 bytes of a row, since the first one has padding,
 * and no piece goes over the end of a row, since the next one is too far. */
static void pieces_end_where_bytes_are_too_far(void **state)
{
    int8_t weights[CHANNELS * TAPS];
    struct conv_layer conv = depthwise_layer(weights, 112, 3);
    conv.window.stride[0] = conv.window.stride[1] = 2;
    conv.output.extent = (struct extent){CHANNELS, 56, 56};
    assert_true(sned_conv_cut(&conv, &fast_dense));
    assert_int_equal(conv.pieces.count, 2 * 56);
}

/* Of eight outputs that take 16 bytes: the last 4 of 196 are a piece by themselves. At a stride of 2 there
 * are seven, which take 15. */
static void pieces_are_as_long_as_the_columns_permutations(void **state)
{
    int8_t weights[CHANNELS * TAPS];
    const struct micro_kernels micro = {.piece_outputs = 8, .gather_bytes = 16};
    struct conv_layer conv = depthwise_layer(weights, 14, 3);
    assert_true(sned_conv_cut(&conv, &micro));
    assert_int_equal(conv.pieces.count, 25);
    conv.window.stride[0] = conv.window.stride[1] = 2;
    conv.output.extent = (struct extent){CHANNELS, 7, 7};
    assert_true(sned_conv_cut(&conv, &micro));
    assert_int_equal(conv.pieces.count, 7);
}

static void taps_that_are_too_far_from_each_other_are_left_to_other_forms(void **state)
{
    int8_t weights[CHANNELS * TAPS];
    memset(weights, 1, sizeof weights);
    struct conv_layer conv = depthwise_layer(weights, 100, 3);
    conv.window.dilation[1] = conv.window.pad_begin[1] = conv.window.pad_end[1] = 32; /* 65 bytes */
    choose(&conv);
    assert_int_equal(conv.form, CONV_SPARSE);
}

/* Of the image a b c / d e f / g h i the kernel's upper row takes nothing for the first three outputs; for
 * the next ones nothing, a, b; a, b, c; b, c, nothing. What its outer taps take comes first. */
static void orders_say_which_bytes_are_a_quad(void **state)
{
    enum { NONE = GATHER_NOTHING };
    static const uint8_t upper[9][4] = {
        {NONE, NONE, NONE, NONE}, {NONE, NONE, NONE, NONE}, {NONE, NONE, NONE, NONE},
        {NONE, 1, 0, NONE},       {0, 2, 1, NONE},          {1, NONE, 2, NONE},
        {NONE, 4, 3, NONE},       {3, 5, 4, NONE},          {4, NONE, 5, NONE}};
    static const int8_t quads[3][4] = {{1, 3, 2, 0}, {4, 6, 5, 0}, {7, 9, 8, 0}};
    int8_t weights[CHANNELS * TAPS];
    for (int i = 0; i < CHANNELS * TAPS; i++)
        weights[i] = (int8_t)(i + 1);
    struct conv_layer conv = depthwise_layer(weights, 3, 3);
    assert_true(sned_conv_cut(&conv, &fast_dense));
    assert_int_equal(sned_conv_list_pieces(&conv, &fast_dense, NULL), SNED_OK);
    assert_int_equal(conv.pieces.count, 1);
    assert_int_equal(conv.pieces.first[1], 9);
    assert_int_equal(conv.pieces.gathers[0].offset, 0);
    assert_memory_equal(conv.pieces.orders[conv.pieces.gathers[0].order], upper, sizeof upper);
    assert_memory_equal(conv.pieces.weights, quads, sizeof quads);
    sned_conv_free_lists(&conv);
}

/* Of unsigned bytes, 100 of positive weights make 25,500 at most and -60 of negative ones -15,300 at least;
 * signed ones make 12,700 + 7,680 of them. */
static void sums_are_small_up_to_what_floats_hold(void **state)
{
    int8_t weights[CHANNELS * TAPS] = {40, -60, 60};
    int32_t bias[CHANNELS] = {0};
    struct conv_layer conv = depthwise_layer(weights, 14, 3);
    conv.bias = bias;
    bias[0] = SMALL_SUM - 25500;
    assert_true(sned_conv_has_small_sums(&conv, 0, CHANNELS));
    bias[0]++;
    assert_false(sned_conv_has_small_sums(&conv, 0, CHANNELS));
    assert_true(sned_conv_has_small_sums(&conv, 1, CHANNELS - 1));
    bias[0] = -SMALL_SUM + 15300;
    assert_true(sned_conv_has_small_sums(&conv, 0, 1));
    bias[0]--;
    assert_false(sned_conv_has_small_sums(&conv, 0, 1));
    conv.input.type = VALUE_S8;
    bias[0] = SMALL_SUM - 12700 - 7680;
    assert_true(sned_conv_has_small_sums(&conv, 0, 1));
    bias[0]++;
    assert_false(sned_conv_has_small_sums(&conv, 0, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_that_are_all_there_are_dense),
        cmocka_unit_test(few_weights_are_sparse_and_four_of_them_an_entry),
        cmocka_unit_test(taps_that_may_not_stand_together_find_others),
        cmocka_unit_test(filters_that_share_their_zeros_share_lists),
        cmocka_unit_test(channels_that_are_zero_together_are_left_out_of_dense),
        cmocka_unit_test(activations_of_16_bits_take_pairs_of_taps),
        cmocka_unit_test(few_channels_and_a_stride_make_quads_of_both),
        cmocka_unit_test(a_first_layer_slides_over_rows),
        cmocka_unit_test(filters_are_lanes_where_images_are_small),
        cmocka_unit_test(filter_lanes_compute_few_pixels_for_nothing),
        cmocka_unit_test(rows_end_in_halves_of_vectors_where_these_are_narrow),
        cmocka_unit_test(filter_lanes_have_planes_whole_where_all_is_of_use),
        cmocka_unit_test(quads_are_for_those_filters_that_have_their_taps),
        cmocka_unit_test(taps_that_fill_no_quad_share_one_with_those_of_other_sets),
        cmocka_unit_test(filters_in_pairs_are_shared_by_four),
        cmocka_unit_test(filters_are_shared_unless_loops_are_too_short),
        cmocka_unit_test(filters_are_shared_where_all_lists_are_alike),
        cmocka_unit_test(lines_are_of_pixels_that_are_near),
        cmocka_unit_test(channels_are_cut_into_blocks_of_nearly_one_size),
        cmocka_unit_test(no_block_has_more_lines_than_can_be_counted),
        cmocka_unit_test(planes_that_are_far_make_sparse_dearer),
        cmocka_unit_test(rows_share_their_padding),
        cmocka_unit_test(a_depthwise_layer_is_cut_into_pieces),
        cmocka_unit_test(quads_go_over_rows_of_a_kernel_where_images_are_narrow),
        cmocka_unit_test(pieces_end_where_bytes_are_too_far),
        cmocka_unit_test(pieces_are_as_long_as_the_columns_permutations),
        cmocka_unit_test(taps_that_are_too_far_from_each_other_are_left_to_other_forms),
        cmocka_unit_test(orders_say_which_bytes_are_a_quad),
        cmocka_unit_test(sums_are_small_up_to_what_floats_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
