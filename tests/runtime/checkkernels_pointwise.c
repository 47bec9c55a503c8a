/*
 * checkkernels_pointwise.c - trials of the micro-kernels that do something to each number of a row by
 * itself, and of LRN's.
 */
#include "tests/runtime/trial.h"

#include <math.h>

/* ---- LRN ---- */

/* Numbers of all sizes, so that sums are, from those with entries of their own to the last entry's. */
static void draw_lrn_numbers(struct trial *trial, enum value_type type, bool is_large, struct random *random)
{
    const int smaller = is_large ? 0 : (int)between(random, 0, 6);
    const int32_t low = value_low(type) >> smaller, high = value_high(type) >> smaller;
    draw_numbers(trial, type, trial->count, random);
    for (size_t i = 0; i < trial->count; i++)
        value_store(trial->input, type, i,
                    is_large && between(random, 0, 15) ? (low < 0 ? low : high)
                                                       : (int32_t)number(random, low, high));
}

/* Windows of all sizes, larger than the image and of the most channels that there may be, too. What lies
 * between channels stays. */
static void draw_lrn(struct trial *trial, enum value_type type, struct random *random)
{
    const bool is_bench = trial->count == BENCH_COUNT, is_large = !is_bench && between(random, 0, 19) == 0;
    const int size = is_bench ? 5 : is_large ? 4096 : (int)number(random, 1, 40);
    struct lrn_strip *strip = &trial->lrn;
    *strip = (struct lrn_strip){.pixels = is_bench   ? 256
                                          : is_large ? 3
                                                     : trial->count,
                                .channels = is_bench   ? 4
                                            : is_large ? 4100
                                                       : (int)between(random, 1, 20),
                                .before = (size - 1) / 2};
    strip->after = size / 2 < strip->channels ? size / 2 : strip->channels - 1;
    strip->step = strip->pixels + (is_bench ? 0 : (size_t)between(random, 0, 5));
    strip->shift = is_bench                ? 16
                   : between(random, 0, 1) ? (int)between(random, 1, 62)
                                           : (int)between(random, 7, 18);
    trial->count = (size_t)(strip->channels - 1) * strip->step + strip->pixels;
    draw_lrn_numbers(trial, type, is_large, random);
    trial->constant_size = (LRN_TABLE_SIZE + 1) * sizeof(uint16_t);
    trial->constants = room(LRN_TABLE_SIZE + 1, sizeof(uint16_t));
    for (int i = 0; i <= LRN_TABLE_SIZE; i++)
        ((uint16_t *)trial->constants)[i] = (uint16_t)number(random, 0, UINT16_MAX);
    draw_rule(trial, between(random, 0, 1) ? VALUE_U8 : VALUE_S8, random);
    if (between(random, 0, 3))
        trial->rule.slope = 0;
    trial->output_unit = 1;
    trial->output = room(trial->count, 1);
    for (size_t i = 0; i < trial->count; i++)
        ((uint8_t *)trial->output)[i] = (uint8_t)sned_random_next(random);
}

static void call_lrn(const struct micro_kernels *micro, enum value_type type, const struct trial *trial,
                     const void *input, const void *constants, void *output)
{
    struct lrn_strip strip = trial->lrn;
    strip.table = constants;
    micro->lrn[type](output, input, &strip, &trial->rule);
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
    {"lrn u8", VALUE_U8, draw_lrn, call_lrn},
    {"lrn s8", VALUE_S8, draw_lrn, call_lrn},
    {"look_up", VALUE_U8, draw_look_up, call_look_up},
    {"quantize u8", VALUE_U8, draw_quantize, call_quantize},
    {"quantize s8", VALUE_S8, draw_quantize, call_quantize},
    {"add", VALUE_U8, draw_add, call_add},
};

const struct subject_list pointwise_subjects = {subjects, sizeof subjects / sizeof subjects[0]};
