/*
 * test_coder.c - the coded stream and its models: what goes in comes out, near its entropy, and what is
 * damaged ends in an error.
 */
#include "codec/coder/bytes_model.h"
#include "codec/coder/constants_model.h"
#include "codec/coder/mixer.h"
#include "codec/coder/weights_model.h"
#include "tests/common/integer_graphs.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* ---- the range coder ---- */

static void bits_cost_what_their_probability_says(void **state)
{
    static const int probabilities[] = {PROBABILITY_LEAST, 1000, 1 << 15, 60000, PROBABILITY_MOST};
    for (size_t i = 0; i < sizeof probabilities / sizeof *probabilities; i++) {
        enum { BITS = 40000 };
        struct coder *coder = malloc(sizeof *coder), *decoder = malloc(sizeof *decoder);
        struct random random;
        double bits = 0;
        sned_random_seed(&random, 3, i);
        sned_coder_encode(coder);
        for (int n = 0; n < BITS; n++) {
            const int bit = sned_random_below(&random, 65536) < (uint32_t)probabilities[i];
            coder_bit(coder, bit, (uint32_t)probabilities[i]);
            bits -= log2((bit ? probabilities[i] : 65536 - probabilities[i]) / 65536.0);
        }
        assert_int_equal(sned_coder_finish(coder, NULL), SNED_OK);
        assert_in_range(coder->writer.buffer.size, bits / 8 - 1, bits / 8 * 1.003 + 2);
        assert_float_equal((double)coder->spent[SPENT_OTHER] / COST_ONE, bits, bits / 15 + 1);
        sned_random_seed(&random, 3, i);
        sned_coder_decode(decoder, coder->writer.buffer.data, coder->writer.buffer.size);
        for (int n = 0; n < BITS; n++) {
            const int bit = sned_random_below(&random, 65536) < (uint32_t)probabilities[i];
            assert_int_equal(coder_bit(decoder, 0, (uint32_t)probabilities[i]), bit);
        }
        assert_int_equal(sned_coder_finish(decoder, NULL), SNED_OK);
        sned_coder_free(coder);
        free(coder);
        free(decoder);
    }
}

/* 16744491 / 2^32 is 1 - e^(-1/256), and the tables are the functions that they are named for. */
static void logits_are_those_of_the_probabilities(void **state)
{
    struct logistic *logistic = malloc(sizeof *logistic);
    sned_logistic_make(logistic);
    for (int x = -2047; x <= 2047; x++) {
        const double exact = 65536 / (1 + exp(-x / 256.0));
        const double within = fmin(fmax(exact, PROBABILITY_LEAST), PROBABILITY_MOST);
        assert_float_equal(logistic->squash[x + 2048], within, 1.5);
    }
    for (int i = 0; i < 4096; i++) {
        const double p = (i + 0.5) / 4096, logit = log(p / (1 - p)) * 256;
        assert_float_equal(logistic->stretch[i], fmin(fmax(logit, -2047), 2047),
                           150 / (4096 * p * (1 - p)) + 1);
        assert_float_equal(logistic->cost[i] / (double)COST_ONE, -log2(p), 0.001);
    }
    free(logistic);
}

/* ---- weights ---- */

struct coded {
    struct buffer stream;
    double bits;
};

static sned_status code_weights(struct coder *coder, int8_t *weights, const int shape[4])
{
    struct weights_model *model;
    sned_error error = {0};
    MUST(sned_weights_model_new(&model, NULL));
    sned_status status = sned_weights_model_code(model, coder, weights, shape, &error);
    if (status == SNED_OK)
        status = sned_coder_finish(coder, &error);
    assert_true(status == SNED_OK || error.message[0]);
    sned_weights_model_free(model);
    return status;
}

/* The stream, which gives back the weights. */
static struct coded encode(int8_t *weights, const int shape[4])
{
    const size_t count = (size_t)shape[0] * (size_t)shape[1] * (size_t)shape[2] * (size_t)shape[3];
    struct coder *coder = malloc(sizeof *coder);
    struct coded coded = {0};
    int8_t *decoded = malloc(count + 1);
    memset(decoded, 0x55, count + 1);
    sned_coder_encode(coder);
    assert_int_equal(code_weights(coder, weights, shape), SNED_OK);
    coded.stream = coder->writer.buffer;
    for (int i = 0; i < SPENT_COUNT; i++)
        coded.bits += (double)coder->spent[i] / COST_ONE;
    sned_coder_decode(coder, coded.stream.data, coded.stream.size);
    assert_int_equal(code_weights(coder, decoded, shape), SNED_OK);
    assert_memory_equal(decoded, weights, count);
    assert_int_equal(decoded[count], 0x55);
    free(decoded);
    free(coder);
    return coded;
}

static void fill(struct random *random, int8_t *weights, size_t count, float density, int largest)
{
    for (size_t i = 0; i < count; i++) {
        const bool kept = sned_random_uniform(random) < density;
        const int magnitude = 1 + (int)sned_random_below(random, (uint32_t)largest);
        weights[i] = (int8_t)(kept ? (sned_random_below(random, 2) ? magnitude : -magnitude) : 0);
    }
}

static void weights_of_every_shape_and_density_come_back(void **state)
{
    static const int shapes[][4] = {{1, 1, 1, 1},   {20, 1, 5, 5},  {50, 20, 5, 5},  {9, 3, 11, 11},
                                    {32, 32, 3, 3}, {64, 64, 1, 1}, {30, 1, 28, 28}, {10, 300, 1, 1},
                                    {8, 8, 1, 7},   {8, 8, 7, 1},   {3, 700, 1, 1},  {1, 1, 40, 40}};
    static const float densities[] = {0, 0.001f, 0.01f, 0.1f, 0.5f, 1};
    struct random random;
    sned_random_seed(&random, 7, 0);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const size_t count =
            (size_t)shapes[i][0] * (size_t)shapes[i][1] * (size_t)shapes[i][2] * (size_t)shapes[i][3];
        int8_t *weights = malloc(count);
        for (size_t d = 0; d < sizeof densities / sizeof *densities; d++) {
            for (int largest = 1; largest <= 127; largest += 63) {
                fill(&random, weights, count, densities[d], largest);
                struct coded coded = encode(weights, shapes[i]), again = encode(weights, shapes[i]);
                assert_int_equal(coded.stream.size, again.stream.size);
                assert_memory_equal(coded.stream.data, again.stream.data, coded.stream.size);
                assert_float_equal(coded.bits / 8, coded.stream.size, coded.bits / 8 / 500 + 3);
                sned_buffer_free(&coded.stream);
                sned_buffer_free(&again.stream);
            }
        }
        free(weights);
    }
}

/* Without any structure: 400,000 weights, of which a twentieth is 1 to 15, cost at most 3 % more than their
 * entropy: .2864 + .05 x (1 + log2 15) bits each. */
static void weights_without_structure_take_little_more_than_their_entropy(void **state)
{
    static const int shape[4] = {500, 800, 1, 1};
    int8_t *weights = malloc(400000);
    struct random random;
    sned_random_seed(&random, 8, 0);
    fill(&random, weights, 400000, 0.05f, 15);
    struct coded coded = encode(weights, shape);
    const double bits = 400000 * (.2864 + .05 * (1 + log2(15)));
    assert_in_range(coded.stream.size, bits / 8 * 0.98, bits / 8 * 1.03);
    sned_buffer_free(&coded.stream);
    free(weights);
}

/* Rows of density .4 and .005 in turn: known rows would cost H(.4) and H(.005), .5082 bits a weight together
 * where the mean density .2025 would cost .7272; with a sign each. */
static void rows_of_unequal_density_cost_what_each_row_would(void **state)
{
    static const int shape[4] = {400, 400, 1, 1};
    int8_t *weights = malloc(160000);
    struct random random;
    size_t kept = 0;
    sned_random_seed(&random, 9, 0);
    for (int k = 0; k < 400; k++)
        fill(&random, weights + (size_t)k * 400, 400, k % 2 ? 0.4f : 0.005f, 1);
    for (int i = 0; i < 160000; i++)
        kept += weights[i] != 0;
    struct coded coded = encode(weights, shape);
    const double bits = 160000 * .5082 + (double)kept;
    assert_in_range(coded.stream.size, bits / 8 * 0.98, bits / 8 * 1.06);
    sned_buffer_free(&coded.stream);
    free(weights);
}

static void dead_rows_and_channels_cost_next_to_nothing(void **state)
{
    static const int shape[4] = {300, 300, 3, 3};
    int8_t *weights = calloc(810000, 1);
    for (int k = 0; k < 20; k++)
        for (int c = 0; c < 20; c++)
            weights[(k * 300 + c) * 9 + 4] = 1;
    struct coded coded = encode(weights, shape);
    assert_in_range(coded.stream.size, 5, 100);
    sned_buffer_free(&coded.stream);
    free(weights);
}

/* ---- damage ---- */

static void a_damaged_stream_is_an_error_or_other_weights(void **state)
{
    static const int shape[4] = {12, 6, 3, 3};
    int8_t weights[12 * 6 * 9], decoded[12 * 6 * 9];
    struct random random;
    struct coder *coder = malloc(sizeof *coder);
    int errors = 0;
    sned_random_seed(&random, 10, 0);
    fill(&random, weights, sizeof weights, 0.3f, 20);
    struct coded coded = encode(weights, shape);
    for (size_t size = 0; size < coded.stream.size; size++) { /* cuts */
        uint8_t *cut = malloc(size ? size : 1);
        memcpy(cut, coded.stream.data, size);
        sned_coder_decode(coder, cut, size);
        assert_int_equal(code_weights(coder, decoded, shape), SNED_ERROR_FORMAT);
        free(cut);
    }
    for (size_t bit = 0; bit < 8 * coded.stream.size; bit++) {
        coded.stream.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        sned_coder_decode(coder, coded.stream.data, coded.stream.size);
        errors += code_weights(coder, decoded, shape) != SNED_OK;
        for (size_t i = 0; i < sizeof decoded; i++)
            assert_true(decoded[i] != -128);
        coded.stream.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_true((size_t)errors > 7 * coded.stream.size);
    free(coder);
    sned_buffer_free(&coded.stream);
}

/* A byte holds at most 11359 decisions, so that a file of a few bytes that claims much ends soon. */
static void a_short_stream_ends_soon_whatever_it_claims(void **state)
{
    static const int shapes[2][4] = {{2000, 2000, 1, 1}, {1, 1 << 18, 4, 4}};
    int8_t *weights = malloc(1 << 22);
    uint8_t bytes[64];
    struct coder *coder = malloc(sizeof *coder);
    for (int i = 0; i < 2; i++) {
        for (int value = 0; value < 256; value += 15) {
            memset(bytes, value, sizeof bytes);
            sned_coder_decode(coder, bytes, sizeof bytes);
            assert_int_equal(code_weights(coder, weights, shapes[i]), SNED_ERROR_FORMAT);
            assert_true(coder->decisions <= (sizeof bytes + 4) * DECISIONS_PER_BYTE);
        }
    }
    free(coder);
    free(weights);
}

/* ---- numbers and bytes ---- */

static void numbers_of_any_size_come_back(void **state)
{
    static const int64_t numbers[] = {0,   1,       -1,        2,         3, -4, 7,         8,
                                      100, -100000, INT32_MAX, INT32_MIN, 0, 0,  UINT32_MAX};
    enum { COUNT = sizeof numbers / sizeof *numbers };
    struct numbers_model *model = malloc(sizeof *model);
    struct coder *coder = malloc(sizeof *coder);
    sned_coder_encode(coder);
    sned_numbers_model_start(model);
    for (int i = 0; i < COUNT; i++)
        assert_true(sned_numbers_model_code(model, coder, numbers[i]) == numbers[i]);
    assert_int_equal(sned_coder_finish(coder, NULL), SNED_OK);
    struct buffer stream = coder->writer.buffer;
    sned_coder_decode(coder, stream.data, stream.size);
    sned_numbers_model_start(model);
    for (int i = 0; i < COUNT; i++)
        assert_true(sned_numbers_model_code(model, coder, 0) == numbers[i]);
    assert_int_equal(sned_coder_finish(coder, NULL), SNED_OK);
    sned_buffer_free(&stream);
    free(coder);
    free(model);
}

/* 60 filters: 15 + 1 bits and a shift once, biases by the 2^9 that they share. */
static void equal_scalings_cost_three_bytes_and_biases_only_their_upper_bits(void **state)
{
    struct constants_model *model = malloc(sizeof *model);
    struct coder *coder = malloc(sizeof *coder);
    struct scaling scalings[60];
    int32_t biases[60];
    for (int i = 0; i < 60; i++) {
        scalings[i] = (struct scaling){43210, 22};
        biases[i] = (i * 7 % 9 - 4) * 512;
    }
    sned_coder_encode(coder);
    sned_constants_model_start(model);
    assert_int_equal(sned_constants_code_scalings(model, coder, scalings, 60, NULL), SNED_OK);
    assert_int_equal(sned_constants_code_biases(model, coder, biases, 60, NULL), SNED_OK);
    assert_in_range(coder->spent[SPENT_SCALINGS] / COST_ONE, 17, 28);
    assert_in_range(coder->spent[SPENT_BIASES] / COST_ONE, 150, 240); /* log2(9) bits each are 190 */
    assert_int_equal(sned_coder_finish(coder, NULL), SNED_OK);
    sned_coder_free(coder);
    free(coder);
    free(model);
}

static void what_the_primer_knows_costs_little(void **state)
{
    static const uint8_t known[] =
        "{\"tool\":\"sned 0.1.0\",\"command\":\"compress\",\"source\":\"net.onnx\",\"seed\":1}";
    struct coder *coder = malloc(sizeof *coder);
    struct bytes_model *model;
    MUST(sned_bytes_model_new(&model, NULL));
    sned_coder_encode(coder);
    assert_int_equal(sned_bytes_model_code(model, coder, known, sizeof known - 1, NULL), SNED_OK);
    assert_true(coder->spent[SPENT_OTHER] / COST_ONE < 8 * 16);
    sned_bytes_model_free(model);
    sned_coder_free(coder);
    free(coder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bits_cost_what_their_probability_says),
        cmocka_unit_test(logits_are_those_of_the_probabilities),
        cmocka_unit_test(weights_of_every_shape_and_density_come_back),
        cmocka_unit_test(weights_without_structure_take_little_more_than_their_entropy),
        cmocka_unit_test(rows_of_unequal_density_cost_what_each_row_would),
        cmocka_unit_test(dead_rows_and_channels_cost_next_to_nothing),
        cmocka_unit_test(a_damaged_stream_is_an_error_or_other_weights),
        cmocka_unit_test(a_short_stream_ends_soon_whatever_it_claims),
        cmocka_unit_test(numbers_of_any_size_come_back),
        cmocka_unit_test(equal_scalings_cost_three_bytes_and_biases_only_their_upper_bits),
        cmocka_unit_test(what_the_primer_knows_costs_little),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
