/*
 * test_structure.c - weights that are cut together: blocks, pairs, filters of equal numbers; and what comes
 * back of them.
 */
#include "compress/prune/regrow.h"
#include "compress/prune/structure.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- words ---- */

static void the_words_of_a_recipe_are_understood(void **state)
{
    struct structure structure;
    assert_true(structure_parse(&structure, "unstructured"));
    assert_int_equal(structure.kind, STRUCTURE_UNSTRUCTURED);
    assert_true(structure_parse(&structure, "balanced"));
    assert_int_equal(structure.kind, STRUCTURE_BALANCED);
    assert_true(structure_parse(&structure, "pairs"));
    assert_true(structure.kind == STRUCTURE_BLOCK && structure.filters == 2 && structure.channels == 1);
    assert_true(structure_parse(&structure, "block 4x16"));
    assert_true(structure.kind == STRUCTURE_BLOCK && structure.filters == 4 && structure.channels == 16);
}

static void other_words_are_refused(void **state)
{
    static const char *const bad[] = {"",           "block",       "block 4",    "block 4x",
                                      "block 0x1",  "block 1x0",   "block 65x1", "block 4x4x4",
                                      "block4x4",   "pair",        "Pairs",      "block -1x4",
                                      "block 4x4 ", "block 999x1", "block 4x 4", "block  4x4"};
    struct structure structure;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (structure_parse(&structure, bad[i]))
            fail_msg("'%s' is taken for a structure", bad[i]);
}

/* ---- cuts ---- */

static struct tensor make_weights(int64_t filters, int64_t channels, int64_t positions)
{
    struct tensor tensor = {.type = TENSOR_F32,
                            .shape = sned_shape(4, filters, channels, positions, (int64_t)1)};
    const size_t count = (size_t)(filters * channels * positions);
    tensor.data = malloc(count * sizeof(float));
    for (size_t i = 0; i < count; i++)
        ((float *)tensor.data)[i] = 1;
    return tensor;
}

/* Cuts to `keep` and compares the mask, a digit an element, with `wanted`; weights are 0 where it is. */
static void cuts_to(const char *words, struct tensor *weights, const float *given, size_t keep,
                    const char *wanted)
{
    struct structure structure;
    sned_error error;
    float scores[64];
    const size_t count = strlen(wanted);
    assert_int_equal(sned_shape_elements(&weights->shape), count);
    memcpy(scores, given, count * sizeof *scores);
    assert_true(structure_parse(&structure, words));
    structure_scores(&structure, weights, scores);
    assert_int_equal(structure_prune(&structure, weights, scores, keep, &error), SNED_OK);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(weights->mask[i], wanted[i] - '0');
        assert_true((((float *)weights->data)[i] != 0) == (wanted[i] == '1'));
    }
}

static void free_weights(struct tensor *weights)
{
    free(weights->data);
    free(weights->mask);
}

/* 4 filters of 3 channels; pairs (0, 1) and (2, 3). Squares summed: 10 4 1 over 0 2 25. */
static void pairs_of_filters_share_a_mask(void **state)
{
    const float scores[] = {1, 2, 1, 3, 0, 0, 0, 1, 3, 0, 1, 4};
    struct tensor weights = make_weights(4, 3, 1);
    cuts_to("pairs", &weights, scores, 5, "100100001001");
    free_weights(&weights);
}

/* 2 x 4 in blocks of 1 x 2: 8 and 13 above 5 and 1. */
static void blocks_of_channels_share_a_mask(void **state)
{
    const float scores[] = {1, 2, 2, 2, 0, 1, 3, 2};
    struct tensor weights = make_weights(2, 4, 1);
    cuts_to("block 1x2", &weights, scores, 4, "00110011");
    free_weights(&weights);
}

/* 2 filters, 1 channel, kernels of 3: each position of the pair by itself. */
static void positions_of_a_kernel_are_apart(void **state)
{
    const float scores[] = {5, 0, 1, 0, 1, 1};
    struct tensor weights = make_weights(2, 1, 3);
    cuts_to("pairs", &weights, scores, 4, "101101");
    free_weights(&weights);
}

/* 3 filters, 3 channels in blocks of 2 x 2: one whole, two of two weights, one of one. A block's score is a
 * mean, so that a small one is not cut for being small. */
static void blocks_at_the_ends_are_smaller(void **state)
{
    const float scores[] = {1, 1, 2, 1, 1, 2, 0, 0, 3};
    struct tensor weights = make_weights(3, 3, 1);
    cuts_to("block 2x2", &weights, scores, 8, "001001001");
    free_weights(&weights);
}

static void one_block_stays_however_few_are_asked_for(void **state)
{
    const float scores[] = {1, 2, 1, 2, 1, 1, 1, 1};
    struct tensor weights = make_weights(4, 2, 1);
    cuts_to("block 4x1", &weights, scores, 1, "01010101");
    free_weights(&weights);
}

/* Of equal blocks the first stay, none in part. */
static void equal_blocks_are_cut_whole(void **state)
{
    const float scores[] = {1, 1, 1, 1, 1, 1, 1, 1};
    struct tensor weights = make_weights(4, 2, 1);
    cuts_to("pairs", &weights, scores, 5, "11110000");
    free_weights(&weights);
}

static void filters_keep_equal_numbers(void **state)
{
    const float scores[] = {9, 8, 7, 6, 0, 1, 3, 2, 1, 5, 1, 4};
    struct tensor weights = make_weights(3, 4, 1);
    cuts_to("balanced", &weights, scores, 7, "110000110101");
    free_weights(&weights);
}

static void what_was_cut_before_stays_cut(void **state)
{
    const float scores[] = {9, 2, 3, 1, 9, 2, 3, 1};
    struct tensor weights = make_weights(2, 4, 1);
    cuts_to("pairs", &weights, scores, 6, "11101110");
    weights.mask[0] = weights.mask[4] = 0; /* and whatever their scores are */
    ((float *)weights.data)[0] = ((float *)weights.data)[4] = 0;
    cuts_to("pairs", &weights, scores, 2, "00100010");
    free_weights(&weights);
}

/* ---- what comes back ---- */

/* One exchange of a share; the mask afterwards, a digit an element. What came back is 0. */
static void exchanges_to(const char *words, int64_t filters, const float *values, const char *mask,
                         const float *gradients, double share, const char *wanted)
{
    struct tensor weights = make_weights(filters, (int64_t)strlen(mask) / filters, 1);
    sned_error error;
    weights.mask = malloc(strlen(mask));
    for (size_t i = 0; i < strlen(mask); i++) {
        weights.mask[i] = mask[i] == '1';
        ((float *)weights.data)[i] = weights.mask[i] ? values[i] : 0;
    }
    assert_true(structure_parse(&weights.structure, words));
    assert_int_equal(regrow_exchange(&weights, gradients, share, &error), SNED_OK);
    for (size_t i = 0; i < strlen(mask); i++) {
        assert_int_equal(weights.mask[i], wanted[i] - '0');
        assert_true(((const float *)weights.data)[i] == (wanted[i] == '1' && mask[i] == '1' ? values[i] : 0));
    }
    free_weights(&weights);
}

static void the_smallest_go_and_the_largest_gradients_come_back(void **state)
{
    const float values[] = {3, -1, 2, -4, 0, 0, 0, 0}, gradients[] = {9, 9, 9, 9, 1, -3, 2, 0};
    exchanges_to("unstructured", 2, values, "11110000", gradients, 0.25, "10110100");
    exchanges_to("unstructured", 2, values, "11110000", gradients, 0.5, "10010110");
    exchanges_to("unstructured", 2, values, "11110000", gradients, 0.1, "11110000"); /* none */
}

/* Pairs of 2 filters: columns 0 and 2 are kept, 2 is the weaker; of 1 and 3 the gradients are 3 and 4. */
static void blocks_go_and_come_back_whole(void **state)
{
    const float values[] = {3, 0, 2, 0, 0, 0, 1, 0}, gradients[] = {9, 3, 9, 0, 9, 0, 9, -4};
    exchanges_to("pairs", 2, values, "10101010", gradients, 0.5, "10011001");
}

static void balanced_filters_exchange_as_many_each(void **state)
{
    const float values[] = {3, 1, 0, 0, 9, 8, 0, 0}, gradients[] = {0, 0, 1, 2, 0, 0, 9, 8};
    exchanges_to("balanced", 2, values, "11001100", gradients, 0.5, "10011010");
}

static void no_more_are_exchanged_than_were_cut(void **state)
{
    const float values[] = {3, 1, 2, 0}, gradients[] = {0, 0, 0, 1};
    exchanges_to("unstructured", 1, values, "1110", gradients, 0.7, "1011");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_words_of_a_recipe_are_understood),
        cmocka_unit_test(other_words_are_refused),
        cmocka_unit_test(pairs_of_filters_share_a_mask),
        cmocka_unit_test(blocks_of_channels_share_a_mask),
        cmocka_unit_test(positions_of_a_kernel_are_apart),
        cmocka_unit_test(blocks_at_the_ends_are_smaller),
        cmocka_unit_test(one_block_stays_however_few_are_asked_for),
        cmocka_unit_test(equal_blocks_are_cut_whole),
        cmocka_unit_test(filters_keep_equal_numbers),
        cmocka_unit_test(what_was_cut_before_stays_cut),
        cmocka_unit_test(the_smallest_go_and_the_largest_gradients_come_back),
        cmocka_unit_test(blocks_go_and_come_back_whole),
        cmocka_unit_test(balanced_filters_exchange_as_many_each),
        cmocka_unit_test(no_more_are_exchanged_than_were_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
