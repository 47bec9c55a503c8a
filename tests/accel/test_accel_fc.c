/*
 * test_accel_fc.c - random matrices through the FC engine's stream and its golden model: the results of
 * docs/arithmetic.md.
 */
#include "accel/cycles/fc_cycles.h"
#include "accel/program/fc_stream.h"
#include "accel/golden/fc.h"
#include "base/random.h"
#include "tests/common/oracle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct fc_shape shapes[] = {{1, 4, 64}, {2, 16, 16}, {4, 16, 64}, {4, 2, 64}};

struct layer {
    struct fc_gemm gemm;
    int8_t *weights;
    int32_t *bias;
    struct scaling *scalings;
    uint8_t *inputs;
};

static int range(struct random *random, int low, int high)
{
    return low + (int)sned_random_below(random, (uint32_t)(high - low + 1));
}

static struct layer random_layer(struct random *random, int most_outputs, float density)
{
    const int inputs = range(random, 1, 500),
              outputs = range(random, 1, most_outputs < 500 ? most_outputs : 500);
    const size_t weights = (size_t)inputs * (size_t)outputs;
    struct layer layer = {.weights = calloc(weights, 1),
                          .bias = malloc((size_t)outputs * sizeof(int32_t)),
                          .scalings = malloc((size_t)outputs * sizeof(struct scaling)),
                          .inputs = calloc((size_t)inputs, 1)};
    const float input_density = sned_random_uniform(random);
    for (size_t i = 0; i < weights; i++)
        if (sned_random_uniform(random) < density)
            layer.weights[i] = (int8_t)range(random, -127, 127);
    for (int i = 0; i < inputs; i++)
        if (sned_random_uniform(random) < input_density)
            layer.inputs[i] = (uint8_t)range(random, 0, 255);
    for (int k = 0; k < outputs; k++) {
        const bool none = range(random, 0, 9) == 0;
        layer.bias[k] = range(random, -1000000, 1000000);
        layer.scalings[k] = (struct scaling){none ? 0 : (uint16_t)range(random, 1 << 15, (1 << 16) - 1),
                                             none ? 1 : (uint8_t)range(random, 16, 30)};
        if (none) /* a row without weights */
            memset(layer.weights + k * inputs, 0, (size_t)inputs);
    }
    for (int i = 0; i < inputs; i++)
        if (range(random, 0, 9) == 0) /* a column without weights */
            for (int k = 0; k < outputs; k++)
                layer.weights[k * inputs + i] = 0;
    const bool wide = range(random, 0, 3) == 0, is_signed = range(random, 0, 1);
    layer.gemm = (struct fc_gemm){.inputs = inputs,
                                  .outputs = outputs,
                                  .weights = layer.weights,
                                  .bias = range(random, 0, 3) ? layer.bias : NULL,
                                  .scalings = layer.scalings,
                                  .low = wide        ? -32768
                                         : is_signed ? -128
                                                     : 0,
                                  .high = wide        ? 32767
                                          : is_signed ? 127
                                                      : 255,
                                  .is_signed = is_signed,
                                  .wide = wide};
    return layer;
}

static void layer_free(struct layer *layer)
{
    free(layer->weights);
    free(layer->bias);
    free(layer->scalings);
    free(layer->inputs);
}

static int32_t result_of(const struct layer *layer, int k)
{
    const struct fc_gemm *g = &layer->gemm;
    int64_t sum = g->bias ? g->bias[k] : 0;
    for (int i = 0; i < g->inputs; i++)
        sum +=
            layer->weights[k * g->inputs + i] * (g->is_signed ? (int8_t)layer->inputs[i] : layer->inputs[i]);
    const int64_t value = oracle_scale(sum, g->scalings[k]);
    return (int32_t)(value < g->low ? g->low : value > g->high ? g->high : value);
}

static void golden_fc_computes_the_gemm(void **state)
{
    struct random random;
    sned_random_seed(&random, 31, 0);
    for (int n = 0; n < 200; n++) {
        const struct fc_shape *shape = &shapes[n % 4];
        const float density = n % 10 == 0 ? 0 : n % 10 == 1 ? 1 : sned_random_uniform(&random);
        struct layer layer =
            random_layer(&random, shape->ports * shape->lanes * shape->lane_rows, density * density);
        int32_t *results = malloc((size_t)layer.gemm.outputs * sizeof *results);
        struct fc_stream stream;
        assert_int_equal(fc_stream_make(&stream, &layer.gemm, shape, NULL), SNED_OK);
        assert_int_equal(golden_fc_run(&stream, layer.inputs, results, NULL), SNED_OK);
        for (int k = 0; k < layer.gemm.outputs; k++)
            assert_int_equal(results[k], result_of(&layer, k));
        fc_stream_free(&stream);
        layer_free(&layer);
        free(results);
    }
}

/* More outputs than the engine has rows: slices of the same arrays, one behind the other. */
static void a_large_gemm_goes_in_slices(void **state)
{
    struct random random;
    sned_random_seed(&random, 32, 0);
    struct layer layer = random_layer(&random, 500, .3F);
    const struct fc_shape small = {2, 4, 8};
    for (int first = 0; first < layer.gemm.outputs; first += 64) {
        struct fc_gemm slice = layer.gemm;
        struct fc_stream stream;
        int32_t results[64];
        slice.outputs = layer.gemm.outputs - first < 64 ? layer.gemm.outputs - first : 64;
        slice.weights += (size_t)first * (size_t)slice.inputs;
        slice.bias = slice.bias ? slice.bias + first : NULL;
        slice.scalings += first;
        assert_int_equal(fc_stream_make(&stream, &slice, &small, NULL), SNED_OK);
        assert_int_equal(golden_fc_run(&stream, layer.inputs, results, NULL), SNED_OK);
        for (int k = 0; k < slice.outputs; k++)
            assert_int_equal(results[k], result_of(&layer, first + k));
        fc_stream_free(&stream);
    }
    layer_free(&layer);
}

static void what_the_engine_has_no_room_for_is_refused(void **state)
{
    const struct fc_shape shape = {1, 2, 2};
    int8_t weights[2 * 3000];
    int32_t bias[5] = {0};
    struct scaling scalings[5] = {{0}};
    struct fc_stream stream;
    sned_error error;
    memset(weights, 127, sizeof weights);
    struct fc_gemm gemm = {.inputs = 10, .outputs = 5, .weights = weights, .scalings = scalings, .high = 255};
    assert_int_equal(fc_stream_make(&stream, &gemm, &shape, &error), SNED_ERROR_UNSUPPORTED);
    assert_non_null(strstr(error.message, "5 outputs"));
    assert_null(stream.bytes);
    /* 127 x 255 x n is beyond 2^26 from n = 2073 on. */
    gemm.outputs = 2;
    gemm.inputs = 2072;
    assert_int_equal(fc_stream_make(&stream, &gemm, &shape, &error), SNED_OK);
    fc_stream_free(&stream);
    gemm.inputs = 2073;
    assert_int_equal(fc_stream_make(&stream, &gemm, &shape, &error), SNED_ERROR_UNSUPPORTED);
    assert_non_null(strstr(error.message, "27 bits"));
    gemm.is_signed = true;
    assert_int_equal(fc_stream_make(&stream, &gemm, &shape, &error), SNED_OK);
    fc_stream_free(&stream);
    gemm.inputs = 1;
    gemm.bias = bias;
    bias[1] = -(1 << 26) - 1;
    assert_int_equal(fc_stream_make(&stream, &gemm, &shape, &error), SNED_ERROR_UNSUPPORTED);
    bias[1] = 0;
    gemm.high = 65536;
    assert_int_equal(fc_stream_make(&stream, &gemm, &shape, &error), SNED_ERROR_UNSUPPORTED);
    assert_non_null(strstr(error.message, "17 bits"));
}

static void a_stream_that_lies_is_refused(void **state)
{
    const struct fc_shape shape = {1, 4, 64};
    const struct fc_memory memory = {40, 16};
    int8_t weights[3 * 2] = {1, 2, 0, 3, 4, 5};
    struct scaling scalings[3] = {{1 << 15, 15}, {1 << 15, 15}, {1 << 15, 15}};
    const struct fc_gemm gemm = {
        .inputs = 2, .outputs = 3, .weights = weights, .scalings = scalings, .high = 255};
    const uint8_t inputs[2] = {1, 1}, none[2] = {0, 0};
    int32_t results[3];
    struct fc_count count;
    struct fc_stream stream;
    sned_error error;
    assert_int_equal(fc_stream_make(&stream, &gemm, &shape, NULL), SNED_OK);
    const size_t beats = stream.beats;
    assert_int_equal(beats, 1 + 2 + 2);
    for (size_t cut = 0; cut < beats; cut++) {
        stream.beats = cut;
        assert_int_equal(golden_fc_run(&stream, inputs, results, &error), SNED_ERROR_DATA);
        assert_int_equal(fc_cycles(&count, &stream, &shape, &memory, inputs, &error), SNED_ERROR_DATA);
        assert_int_equal(golden_fc_run(&stream, none, results, &error), cut < 3 ? SNED_ERROR_DATA : SNED_OK);
    }
    stream.beats = beats;
    stream.start[0] = UINT32_MAX;
    assert_int_equal(golden_fc_run(&stream, inputs, results, &error), SNED_ERROR_DATA);
    stream.start[0] = 0;
    stream.bytes[1] = 255; /* the length of input 1's column */
    assert_int_equal(golden_fc_run(&stream, inputs, results, &error), SNED_ERROR_DATA);
    stream.bytes[1] = 1;
    stream.bytes[4 * FC_BEAT_BYTES + 1] |= 4; /* the gap before its first weight */
    assert_int_equal(golden_fc_run(&stream, inputs, results, &error), SNED_ERROR_DATA);
    assert_non_null(strstr(error.message, "of 3"));
    fc_stream_free(&stream);
}

/* Any bytes at all: an answer or SNED_ERROR_DATA, nothing outside of the arrays (a sanitizer would say). */
static void any_bytes_are_safe(void **state)
{
    struct random random;
    sned_random_seed(&random, 33, 0);
    for (int n = 0; n < 300; n++) {
        const struct fc_shape *shape = &shapes[n % 4];
        struct fc_stream stream = {.inputs = range(&random, 1, 60),
                                   .outputs = range(&random, 1, shape->ports * shape->lanes),
                                   .ports = shape->ports,
                                   .high = 255,
                                   .beats = (size_t)range(&random, 1, 4000)};
        const struct fc_memory memory = {range(&random, 1, 60), range(&random, 1, 16)};
        struct fc_count count;
        uint8_t inputs[60];
        int32_t results[64];
        stream.bytes = malloc(stream.beats * FC_BEAT_BYTES);
        for (size_t i = 0; i < stream.beats * FC_BEAT_BYTES; i++)
            stream.bytes[i] = range(&random, 0, 3) ? 0 : (uint8_t)sned_random_next(&random);
        for (int i = 0; i < 60; i++)
            inputs[i] = (uint8_t)range(&random, 0, 2);
        for (int p = 0; p < FC_PORTS; p++)
            stream.start[p] = sned_random_below(&random, (uint32_t)stream.beats + 2);
        const sned_status status = golden_fc_run(&stream, inputs, results, NULL);
        assert_true(status == SNED_OK || status == SNED_ERROR_DATA);
        const sned_status counted = fc_cycles(&count, &stream, shape, &memory, inputs, NULL);
        assert_true(counted == SNED_OK || (counted == SNED_ERROR_DATA && status == SNED_ERROR_DATA));
        fc_stream_free(&stream);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_fc_computes_the_gemm),
        cmocka_unit_test(a_large_gemm_goes_in_slices),
        cmocka_unit_test(what_the_engine_has_no_room_for_is_refused),
        cmocka_unit_test(a_stream_that_lies_is_refused),
        cmocka_unit_test(any_bytes_are_safe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
