/*
 * test_structure.c - weights that are cut together: blocks, pairs, filters of equal numbers.
 */
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
