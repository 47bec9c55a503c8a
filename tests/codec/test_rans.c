/*
 * test_rans.c - static rANS of a layer: what goes in comes out, by blocks as well, in as few bytes as the
 * weights' entropy allows; damage is refused.
 */
#include "codec/codec.h"
#include "codec/coder/rans.h"
#include "tests/common/integer_graphs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

struct layer {
    int8_t *weights;
    size_t rows, columns, count;
};

static struct layer layer_new(size_t rows, size_t columns)
{
    const size_t count = rows * columns;
    return (struct layer){calloc(count ? count : 1, 1), rows, columns, count};
}

static struct writer encode(const struct layer *layer)
{
    struct writer writer = {0};
    sned_error error;
    if (sned_rans_encode(&writer, layer->weights, layer->rows, layer->columns, &error) != SNED_OK)
        fail_msg("%s", error.message);
    assert_int_equal(writer.status, SNED_OK);
    return writer;
}

/* Of a copy of exactly so many bytes, so that AddressSanitizer sees one too many. */
static sned_status decode(const struct layer *layer, const void *data, size_t size, int8_t *weights,
                          sned_error *error)
{
    const int shape[4] = {(int)layer->rows, (int)layer->columns, 1, 1};
    uint8_t *copy = malloc(size ? size : 1);
    memcpy(copy, data, size);
    sned_status status = sned_weights_decode(FORMAT_RANS, copy, size, shape, weights, error);
    free(copy);
    return status;
}

static size_t assert_comes_back(const struct layer *layer)
{
    struct writer stream = encode(layer);
    int8_t *decoded = malloc(layer->count + 1);
    sned_error error = {0};
    memset(decoded, 0x55, layer->count + 1);
    if (decode(layer, stream.buffer.data, stream.buffer.size, decoded, &error) != SNED_OK)
        fail_msg("%zu x %zu: %s", layer->rows, layer->columns, error.message);
    assert_memory_equal(decoded, layer->weights, layer->count);
    assert_int_equal(decoded[layer->count], 0x55);
    const size_t size = stream.buffer.size;
    free(decoded);
    sned_writer_free(&stream);
    return size;
}

/* Rows and columns are from a tenth to twice as dense as `density`; magnitudes fall by half every two
 * steps. */
static void fill_uneven(struct layer *layer, float density, struct random *random)
{
    float *columns = malloc(layer->columns * sizeof *columns);
    for (size_t c = 0; c < layer->columns; c++)
        columns[c] = .1f + 1.9f * sned_random_uniform(random);
    for (size_t r = 0; r < layer->rows; r++) {
        const float row = density * (.1f + 1.9f * sned_random_uniform(random));
        for (size_t c = 0; c < layer->columns; c++) {
            int value = 1;
            while (value < 127 && sned_random_uniform(random) < .7f)
                value++;
            layer->weights[r * layer->columns + c] = sned_random_uniform(random) >= row * columns[c] ? 0
                                                     : sned_random_below(random, 2) ? (int8_t)value
                                                                                    : (int8_t)-value;
        }
    }
    free(columns);
}

/* ---- round trips ---- */

static void any_shape_and_density_comes_back(void **state)
{
    static const size_t shapes[][2] = {{0, 9},   {1, 1},     {1, 7},    {7, 1},     {1, 3000}, {3000, 1},
                                       {20, 25}, {50, 500},  {64, 576}, {300, 784}, {3, 4096}, {33, 129},
                                       {8, 8},   {2, 70000}, {500, 8},  {16, 1000}};
    static const float densities[] = {0, .0005f, .01f, .08f, .3f, .6f, 1};
    struct random random;
    sned_random_seed(&random, 1, 0);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (size_t d = 0; d < sizeof densities / sizeof *densities; d++) {
            struct layer layer = layer_new(shapes[i][0], shapes[i][1]);
            random_weights(&random, layer.weights, layer.count, densities[d]);
            assert_comes_back(&layer);
            fill_uneven(&layer, densities[d], &random);
            assert_comes_back(&layer);
            free(layer.weights);
        }
}

static void random_shapes_come_back(void **state)
{
    struct random random;
    sned_random_seed(&random, 2, 0);
    for (int i = 0; i < 400; i++) {
        struct layer layer =
            layer_new(1 + sned_random_below(&random, 60), 1 + sned_random_below(&random, 200));
        if (i % 2)
            fill_uneven(&layer, sned_random_uniform(&random), &random);
        else
            random_weights(&random, layer.weights, layer.count, sned_random_uniform(&random));
        assert_comes_back(&layer);
        free(layer.weights);
    }
}

static void one_value_alone_comes_back(void **state)
{
    static const int8_t values[] = {1, -1, 127, -127};
    struct layer layer = layer_new(40, 50);
    for (size_t i = 0; i < sizeof values; i++) {
        memset(layer.weights, values[i], layer.count); /* a table of one symbol, which takes no bits */
        assert_true(assert_comes_back(&layer) < 64);
        memset(layer.weights, 0, layer.count);
        layer.weights[layer.count - 1] = values[i];
        assert_comes_back(&layer);
    }
    free(layer.weights);
}

static void values_too_rare_for_a_table_come_back(void **state)
{
    struct layer layer = layer_new(300, 1000);
    for (size_t i = 0; i < layer.count; i++)
        layer.weights[i] = i % 3 ? 0 : 1;
    layer.weights[150001] = 127; /* one in 100,000: less than a slot in 4096 */
    layer.weights[299999] = -77;
    assert_comes_back(&layer);
    for (size_t i = 0; i < layer.count; i++)
        layer.weights[i] = 1; /* the same without runs */
    layer.weights[150001] = 127;
    layer.weights[299999] = 0;
    assert_comes_back(&layer);
    free(layer.weights);
}

static void the_same_weights_give_the_same_bytes(void **state)
{
    struct layer layer = layer_new(200, 300);
    struct random random;
    sned_random_seed(&random, 3, 0);
    fill_uneven(&layer, .2f, &random);
    struct writer one = encode(&layer), other = encode(&layer);
    assert_int_equal(one.buffer.size, other.buffer.size);
    assert_memory_equal(one.buffer.data, other.buffer.data, one.buffer.size);
    sned_writer_free(&one);
    sned_writer_free(&other);
    free(layer.weights);
}

/* ---- blocks ---- */

static void any_block_decodes_by_itself(void **state)
{
    struct layer layer = layer_new(900, 1000);
    struct random random;
    struct rans_decoder decoder;
    sned_random_seed(&random, 4, 0);
    fill_uneven(&layer, .1f, &random);
    struct writer stream = encode(&layer);
    MUST(sned_rans_open(&decoder, stream.buffer.data, stream.buffer.size, 900, 1000, NULL));
    const size_t blocks = rans_blocks(&decoder.layer), rows = decoder.layer.block_rows;
    assert_true(blocks > 2);
    for (size_t b = blocks; b-- > 0;) { /* the last first: none needs another */
        const size_t size = rans_block_height(&decoder.layer, b) * layer.columns;
        int8_t *block = malloc(size);
        MUST(sned_rans_decode_block(&decoder, b, block, NULL));
        assert_memory_equal(block, layer.weights + b * rows * layer.columns, size);
        free(block);
    }
    sned_rans_close(&decoder);
    sned_writer_free(&stream);
    free(layer.weights);
}

static void frequencies_add_up_and_leave_nothing_out(void **state)
{
    static const uint64_t occur[][4] = {
        {1, 0, 0, 0}, {1, 1, 1, 0}, {1ull << 40, 1, 0, 1}, {3, 3, 3, 3}, {5, 1000000, 5, 5}};
    for (size_t i = 0; i < sizeof occur / sizeof *occur; i++) {
        uint16_t frequencies[4];
        int sum = 0;
        sned_rans_normalize(frequencies, occur[i], 4);
        for (int k = 0; k < 4; k++) {
            assert_int_equal(frequencies[k] > 0, occur[i][k] > 0);
            sum += frequencies[k];
        }
        assert_int_equal(sum, 4096);
    }
}

/* ---- size ---- */

/* 1024 x 1024, one weight in 13 kept: -(12/13 log2 12/13 + 1/13 log2 1/13) = 0.39124 bits for where they are;
 * magnitudes 1 to 8 equally often, and a sign: 4 bits for each, 0.30769 a weight. 91,611 bytes. */
static void weights_without_structure_take_their_entropy_and_a_hundredth(void **state)
{
    struct layer layer = layer_new(1024, 1024);
    struct random random;
    sned_random_seed(&random, 5, 0);
    for (size_t i = 0; i < layer.count; i++) {
        const int value = 1 + (int)sned_random_below(&random, 8);
        layer.weights[i] = sned_random_below(&random, 13)  ? 0
                           : sned_random_below(&random, 2) ? (int8_t)value
                                                           : (int8_t)-value;
    }
    assert_in_range(assert_comes_back(&layer), 91611 * .99, 91611 * 1.01);
    free(layer.weights);
}

/* Odd rows and odd columns are four times as dense as even ones: cells of 0.02, 0.08, 0.08 and 0.32. Where
 * the weights are takes (H(.02) + 2 H(.08) + H(.32)) / 4 = 0.46255 bits, their magnitudes and signs 0.125 x
 * 4 bits: 126,163 bytes, and 256 for the classes. One table for all would take H(.125) + 0.5 bits: 136,780
 * bytes. */
static void uneven_rows_and_columns_take_the_entropy_of_their_cells(void **state)
{
    static const float densities[] = {.02f, .08f, .32f};
    struct layer layer = layer_new(1024, 1024);
    struct random random;
    sned_random_seed(&random, 6, 0);
    for (size_t i = 0; i < layer.count; i++) {
        const int value = 1 + (int)sned_random_below(&random, 8);
        if (sned_random_uniform(&random) < densities[i / 1024 % 2 + i % 2])
            layer.weights[i] = sned_random_below(&random, 2) ? (int8_t)value : (int8_t)-value;
    }
    assert_in_range(assert_comes_back(&layer), 126163 * .99, (126163 + 256) * 1.01);
    free(layer.weights);
}

static void filters_and_channels_that_are_zero_take_their_class_alone(void **state)
{
    struct layer layer = layer_new(512, 2048);
    struct random random;
    sned_random_seed(&random, 7, 0);
    for (size_t r = 0; r < layer.rows; r++)
        if (r % 2)
            random_weights(&random, layer.weights + r * layer.columns, layer.columns, .5f);
    /* A bit a row, and the same as without them; and as they are twice as many, two blocks more. */
    struct layer half = layer_new(256, 2048);
    for (size_t r = 0; r < half.rows; r++)
        memcpy(half.weights + r * 2048, layer.weights + (2 * r + 1) * 2048, 2048);
    const size_t whole = assert_comes_back(&layer), alone = assert_comes_back(&half);
    assert_in_range(whole, alone, alone + 512 / 8 + 2 * 40);
    free(layer.weights);
    free(half.weights);
}

/* ---- damage ---- */

/* By the stream itself, whose states end elsewhere. What it cannot notice (a value of equal frequency in
 * place of another) is for the file's checksum: test_sned_damage.c. */
static void nearly_every_flipped_bit_is_noticed(void **state)
{
    struct layer layer = layer_new(60, 90);
    struct random random;
    int8_t *decoded = malloc(layer.count);
    sned_random_seed(&random, 8, 0);
    for (int dense = 0; dense < 2; dense++) {
        fill_uneven(&layer, dense ? .8f : .1f, &random);
        struct writer stream = encode(&layer);
        const size_t bits = 8 * stream.buffer.size;
        size_t unnoticed = 0;
        for (size_t bit = 0; bit < bits; bit++) {
            sned_error error = {0};
            stream.buffer.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
            const sned_status status =
                decode(&layer, stream.buffer.data, stream.buffer.size, decoded, &error);
            assert_true(status == SNED_OK || (status == SNED_ERROR_FORMAT && error.message[0]));
            unnoticed += status == SNED_OK;
            stream.buffer.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        assert_in_range(unnoticed, 0, bits / 100);
        sned_writer_free(&stream);
    }
    free(decoded);
    free(layer.weights);
}

static void a_stream_of_another_length_is_refused(void **state)
{
    struct layer layer = layer_new(60, 90);
    struct random random;
    int8_t *decoded = malloc(layer.count);
    sned_random_seed(&random, 9, 0);
    fill_uneven(&layer, .1f, &random);
    struct writer stream = encode(&layer);
    for (size_t size = 0; size < stream.buffer.size; size++)
        assert_int_equal(decode(&layer, stream.buffer.data, size, decoded, NULL), SNED_ERROR_FORMAT);
    sned_write_u8(&stream, 0);
    assert_int_equal(decode(&layer, stream.buffer.data, stream.buffer.size, decoded, NULL),
                     SNED_ERROR_FORMAT);
    sned_writer_free(&stream);
    free(decoded);
    free(layer.weights);
}

static void damage_in_many_places_never_leaves_the_weights(void **state)
{
    struct layer layer = layer_new(30, 40);
    struct random random;
    sned_random_seed(&random, 10, 0);
    for (int i = 0; i < 3000; i++) {
        int8_t *decoded = malloc(layer.count); /* of its own size, for AddressSanitizer */
        if (i % 30 == 0)
            fill_uneven(&layer, sned_random_uniform(&random), &random);
        struct writer stream = encode(&layer);
        for (int k = 0; k < 1 + i % 9; k++)
            stream.buffer.data[sned_random_below(&random, (uint32_t)stream.buffer.size)] =
                (uint8_t)sned_random_next(&random);
        decode(&layer, stream.buffer.data, stream.buffer.size, decoded, NULL);
        sned_writer_free(&stream);
        free(decoded);
    }
    free(layer.weights);
}

static void sides_past_a_million_are_refused(void **state)
{
    int8_t *weights = calloc((1 << 20) + 1, 1);
    struct buffer out = {0};
    const int wide[4] = {1, (1 << 20) + 1, 1, 1}, high[4] = {(1 << 20) + 1, 1, 1, 1};
    assert_int_equal(sned_weights_encode(FORMAT_RANS, weights, wide, &out, NULL), SNED_ERROR_UNSUPPORTED);
    assert_int_equal(sned_weights_decode(FORMAT_RANS, (uint8_t *)weights, 40, high, weights, NULL),
                     SNED_ERROR_UNSUPPORTED);
    sned_buffer_free(&out);
    free(weights);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_shape_and_density_comes_back),
        cmocka_unit_test(random_shapes_come_back),
        cmocka_unit_test(one_value_alone_comes_back),
        cmocka_unit_test(values_too_rare_for_a_table_come_back),
        cmocka_unit_test(the_same_weights_give_the_same_bytes),
        cmocka_unit_test(any_block_decodes_by_itself),
        cmocka_unit_test(frequencies_add_up_and_leave_nothing_out),
        cmocka_unit_test(weights_without_structure_take_their_entropy_and_a_hundredth),
        cmocka_unit_test(uneven_rows_and_columns_take_the_entropy_of_their_cells),
        cmocka_unit_test(filters_and_channels_that_are_zero_take_their_class_alone),
        cmocka_unit_test(nearly_every_flipped_bit_is_noticed),
        cmocka_unit_test(a_stream_of_another_length_is_refused),
        cmocka_unit_test(damage_in_many_places_never_leaves_the_weights),
        cmocka_unit_test(sides_past_a_million_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
