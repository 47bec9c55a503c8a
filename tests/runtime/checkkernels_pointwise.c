/*
 * checkkernels_pointwise.c - trials of the micro-kernels that do something to each number of a row by
 * itself, and of LRN's.
 */
#include "tests/runtime/trial.h"

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

static struct subject subjects[] = {
    {"slide_squares u8", VALUE_U8, draw_slide_squares, call_slide_squares},
    {"slide_squares s8", VALUE_S8, draw_slide_squares, call_slide_squares},
    {"normalize u8", VALUE_U8, draw_normalize, call_normalize},
    {"normalize s8", VALUE_S8, draw_normalize, call_normalize},
};

const struct subject_list pointwise_subjects = {subjects, sizeof subjects / sizeof subjects[0]};
