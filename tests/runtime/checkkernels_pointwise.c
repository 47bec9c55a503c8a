/*
 * checkkernels_pointwise.c - trials of the micro-kernels that do something to each number of a row by
 * itself, and of LRN's.
 */
#include "tests/runtime/trial.h"

#include <math.h>

/* ---- LRN ---- */

static void draw_slide_squares(struct trial *trial, enum value_type type, struct random *random)
{
    draw_numbers(trial, type, 2 * trial->count, random);
    trial->output_unit = sizeof(uint32_t);
    trial->output = room(trial->count, sizeof(uint32_t));
    for (size_t i = 0; i < trial->count; i++)
        ((uint32_t *)trial->output)[i] = (uint32_t)between(random, 0, UINT32_MAX);
}

/* `input` is what enters, and behind it what leaves. */
static void call_slide_squares(const struct micro_kernels *micro, enum value_type type,
                               const struct trial *trial, const void *input, const void *constants,
                               void *output)
{
    micro->slide_squares[type](output, input, (const uint8_t *)input + trial->count, trial->count);
}

/* Of all sizes, and often beside a power of two. */
static uint32_t draw_sum(struct random *random)
{
    const uint32_t power = (uint32_t)1 << between(random, 0, 28);
    return (power + (uint32_t)between(random, 0, power - 1) * (uint32_t)between(random, 0, 1) -
            (uint32_t)between(random, 0, 1)) %
           (1 << 28);
}

static void draw_normalize(struct trial *trial, enum value_type type, struct random *random)
{
    const size_t count = trial->count;
    trial->input_unit = sizeof(uint32_t);
    trial->input_elements = count + (count + sizeof(uint32_t) - 1) / sizeof(uint32_t);
    trial->input = room(trial->input_elements, sizeof(uint32_t));
    for (size_t i = 0; i < count; i++) {
        ((uint32_t *)trial->input)[i] = draw_sum(random);
        value_store((uint32_t *)trial->input + count, type, i,
                    (int32_t)number(random, value_low(type), value_high(type)));
    }
    trial->constant_size = (LRN_TABLE_SIZE + 1) * sizeof(uint16_t);
    trial->constants = room(LRN_TABLE_SIZE + 1, sizeof(uint16_t));
    for (int i = 0; i <= LRN_TABLE_SIZE; i++)
        ((uint16_t *)trial->constants)[i] = (uint16_t)number(random, 0, UINT16_MAX);
    draw_rule(trial, between(random, 0, 1) ? VALUE_U8 : VALUE_S8, random);
    trial->output_unit = 1;
}

/* `input` is the sums, and behind them the numbers. */
static void call_normalize(const struct micro_kernels *micro, enum value_type type, const struct trial *trial,
                           const void *input, const void *constants, void *output)
{
    micro->normalize[type](output, (const uint32_t *)input + trial->count, input, trial->count, constants,
                           trial->scaling.shift, &trial->rule);
}

/* ---- each number by itself ---- */

enum { TABLE = 256 };

/* What is looked up is read to its end and no further: it and the table, before it, are constants. */
static void draw_look_up(struct trial *trial, enum value_type type, struct random *random)
{
    trial->input_unit = 1;
    trial->input = room(0, 1);
    trial->constant_size = TABLE + trial->count;
    trial->constants = room(trial->constant_size, 1);
    for (size_t i = 0; i < trial->constant_size; i++)
        ((uint8_t *)trial->constants)[i] = (uint8_t)sned_random_next(random);
    trial->output_unit = 1;
}

static void call_look_up(const struct micro_kernels *micro, enum value_type type, const struct trial *trial,
                         const void *input, const void *constants, void *output)
{
    micro->look_up(output, (const uint8_t *)constants + TABLE, trial->count, constants);
}

/* Numbers of all sizes, halves between two integers, and what is no number; before them the scale. */
static void draw_quantize(struct trial *trial, enum value_type type, struct random *random)
{
    const float odd[] = {NAN, INFINITY, -INFINITY, -0.0f, 3e38f, -3e38f, 1e-40f};
    const float scale = (float)(between(random, 0, 1) ? 0.25 : 0.01 + sned_random_uniform(random));
    float *numbers;
    trial->input_unit = 1;
    trial->input = room(0, 1);
    trial->constant_size = (1 + trial->count) * sizeof *numbers;
    trial->constants = numbers = room(1 + trial->count, sizeof *numbers);
    numbers[0] = scale;
    for (size_t i = 1; i <= trial->count; i++)
        switch (between(random, 0, 4)) {
        case 0:
            numbers[i] = odd[between(random, 0, sizeof odd / sizeof odd[0] - 1)];
            break;
        case 1:
            numbers[i] = ((float)between(random, -300, 300) + 0.5f) * scale;
            break;
        default:
            numbers[i] = (float)(sned_random_uniform(random) - 0.5) * 600 * scale;
        }
    trial->output_unit = 1;
}

static void call_quantize(const struct micro_kernels *micro, enum value_type type, const struct trial *trial,
                          const void *input, const void *constants, void *output)
{
    const float *numbers = constants;
    micro->quantize[type](output, numbers + 1, trial->count, numbers[0]);
}

/* Of any two types, and to any. */
static void draw_add(struct trial *trial, enum value_type type, struct random *random)
{
    struct byte_sum *sum = room(1, sizeof *sum);
    draw_numbers(trial, VALUE_U8, 2 * trial->count, random);
    draw_rule(trial, between(random, 0, 1) ? VALUE_U8 : VALUE_S8, random);
    sum->shift = (int)between(random, 1, 30);
    sum->start = 1 << (sum->shift - 1);
    for (int i = 0; i < 2; i++) {
        sum->flip[i] = between(random, 0, 1) ? 0x80 : 0;
        sum->multiplier[i] = (uint16_t)number(random, 0, UINT16_MAX);
        sum->start -= sum->flip[i] * sum->multiplier[i];
    }
    trial->constant_size = sizeof *sum;
    trial->constants = sum;
    trial->output_unit = 1;
}

static void call_add(const struct micro_kernels *micro, enum value_type type, const struct trial *trial,
                     const void *input, const void *constants, void *output)
{
    micro->add(output, input, (const uint8_t *)input + trial->count, trial->count, constants, &trial->rule);
}

static struct subject subjects[] = {
    {"slide_squares u8", VALUE_U8, draw_slide_squares, call_slide_squares},
    {"slide_squares s8", VALUE_S8, draw_slide_squares, call_slide_squares},
    {"normalize u8", VALUE_U8, draw_normalize, call_normalize},
    {"normalize s8", VALUE_S8, draw_normalize, call_normalize},
    {"look_up", VALUE_U8, draw_look_up, call_look_up},
    {"quantize u8", VALUE_U8, draw_quantize, call_quantize},
    {"quantize s8", VALUE_S8, draw_quantize, call_quantize},
    {"add", VALUE_U8, draw_add, call_add},
};

const struct subject_list pointwise_subjects = {subjects, sizeof subjects / sizeof subjects[0]};
