/*
 * kernel_elementwise.c - Add, Mul, and the activations that stand on their own: sums or products of a few
 * numbers, which then end as those of every operator do.
 */
#include "runtime/kernel.h"
#include "runtime/micro/requantize.h"

/* Numbers at a time, a task; with room for the over-read of what reads them. */
enum { PART = 256, PART_ROOM = PART + MICRO_OVER_READ / sizeof(int32_t) };

static sned_status elementwise_prepare(struct step *step, const struct graph *graph, const struct node *node,
                                       sned_error *error)
{
    step->tasks[0] = (int)((step->outputs[0].elements + PART - 1) / PART);
    return SNED_OK;
}

/* How many numbers the part that begins at `at` has. */
static size_t part_size(const struct step *step, size_t at)
{
    const size_t left = step->outputs[0].elements - at;
    return left < PART ? left : PART;
}

/* Numbers [at, at + count) of input `input`. */
static void widen_part(const struct step *step, const void *const *inputs, int input, size_t at, size_t count,
                       int16_t *values)
{
    const enum value_type type = step->inputs[input].type;
    step->micro->widen[type](values, (const uint8_t *)inputs[input] + at * value_size(type), count);
}

static void finish_part(const struct step *step, const int32_t *sums, size_t at, size_t count,
                        struct scaling scaling, void *output)
{
    const enum value_type type = step->outputs[0].type;
    step->micro->requantize[type]((uint8_t *)output + at * value_size(type), sums, count, scaling,
                                  step->rule);
}

/* Sums of numbers of 16 bits exceed int32. */
static void add_wide(const struct step *step, const void *const *inputs, void *output, size_t at, size_t end)
{
    const struct scaling *scalings = step->rule->scalings;
    const struct value *a = &step->inputs[0], *b = &step->inputs[1], *out = &step->outputs[0];
    for (size_t i = at; i < end; i++) {
        const int64_t sum = (int64_t)value_load(inputs[0], a->type, i) * scalings[0].multiplier +
                            (int64_t)value_load(inputs[1], b->type, i) * scalings[1].multiplier;
        value_store(output, out->type, i, finish_value(round_shift(sum, scalings[0].shift), step->rule));
    }
}

/* A number's multiplier is in the sum, which is below 2^25; of the scaling their one shift is left. */
static void add_run(const struct step *step, const struct step_work *work, int phase, int first, int end)
{
    const struct scaling *scalings = step->rule->scalings;
    const int32_t scale_a = scalings[0].multiplier, scale_b = scalings[1].multiplier;
    const bool is_wide = step->inputs[0].type == VALUE_S16 || step->inputs[1].type == VALUE_S16;
    int16_t a[PART], b[PART];
    int32_t sums[PART_ROOM];
    for (int task = first; task < end; task++) {
        const size_t at = (size_t)task * PART, count = part_size(step, at);
        if (is_wide) {
            add_wide(step, work->inputs, work->outputs[0], at, at + count);
            continue;
        }
        widen_part(step, work->inputs, 0, at, count, a);
        widen_part(step, work->inputs, 1, at, count, b);
        for (size_t i = 0; i < count; i++)
            sums[i] = a[i] * scale_a + b[i] * scale_b;
        finish_part(step, sums, at, count, (struct scaling){1, scalings[0].shift}, work->outputs[0]);
    }
}

static void mul_run(const struct step *step, const struct step_work *work, int phase, int first, int end)
{
    int16_t a[PART], b[PART];
    int32_t products[PART_ROOM];
    for (int task = first; task < end; task++) {
        const size_t at = (size_t)task * PART, count = part_size(step, at);
        widen_part(step, work->inputs, 0, at, count, a);
        widen_part(step, work->inputs, 1, at, count, b);
        for (size_t i = 0; i < count; i++)
            products[i] = a[i] * b[i];
        finish_part(step, products, at, count, step->rule->scalings[0], work->outputs[0]);
    }
}

static void activation_run(const struct step *step, const struct step_work *work, int phase, int first,
                           int end)
{
    int16_t values[PART];
    int32_t sums[PART_ROOM];
    for (int task = first; task < end; task++) {
        const size_t at = (size_t)task * PART, count = part_size(step, at);
        widen_part(step, work->inputs, 0, at, count, values);
        for (size_t i = 0; i < count; i++)
            sums[i] = values[i];
        finish_part(step, sums, at, count, step->rule->scalings[0], work->outputs[0]);
    }
}

const struct kernel sned_kernel_add = {"add", elementwise_prepare, add_run, NULL};
const struct kernel sned_kernel_mul = {"mul", elementwise_prepare, mul_run, NULL};
const struct kernel sned_kernel_activation = {"activation", elementwise_prepare, activation_run, NULL};
