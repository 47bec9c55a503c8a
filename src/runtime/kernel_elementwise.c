/*
 * kernel_elementwise.c - Add, Mul, and the activations that stand on their own: sums or products of a few
 * numbers, which then end as those of every operator do. Sums of bytes are a micro-kernel's, and an
 * activation of bytes is a look-up.
 */
#include "runtime/kernel.h"
#include "runtime/micro/requantize.h"

/* Numbers at a time, a task; with room for the over-read of what reads them. */
enum { PART = 256, PART_ROOM = PART + MICRO_OVER_READ / sizeof(int32_t) };

static void share_out(struct step *step)
{
    step->tasks[0] = (int)((step->outputs[0].span + PART - 1) / PART);
}

static sned_status elementwise_prepare(struct step *step, const struct graph *graph, const struct node *node,
                                       sned_error *error)
{
    share_out(step);
    return SNED_OK;
}

/* All images of an Add lie in the same way, whichever it is. */
static enum quads_use add_quads(const struct step *step, const struct value *image)
{
    return QUADS_TOO;
}

/* How many numbers the part that begins at `at` has. */
static size_t part_size(const struct step *step, size_t at)
{
    const size_t left = step->outputs[0].span - at;
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

/* Sums of numbers of 16 bits exceed int32; those of 8 may have 16. */
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

static bool is_wide(const struct step *step)
{
    bool wide = step->outputs[0].type == VALUE_S16;
    for (int i = 0; i < step->input_count; i++)
        wide = wide || step->inputs[i].type == VALUE_S16;
    return wide;
}

/* The sum is below 2^25, so that a shift beyond 30 gives 0, as 30 does. */
static struct byte_sum sum_of(const struct step *step)
{
    enum { MOST_SHIFT = 30 };
    const struct scaling *scalings = step->rule->scalings;
    struct byte_sum sum = {.shift = scalings[0].shift < MOST_SHIFT ? scalings[0].shift : MOST_SHIFT};
    sum.start = 1 << (sum.shift - 1);
    for (int i = 0; i < 2; i++) {
        sum.multiplier[i] = scalings[i].multiplier;
        sum.flip[i] = step->inputs[i].type == VALUE_S8 ? 0x80 : 0;
        sum.start -= sum.flip[i] * sum.multiplier[i];
    }
    return sum;
}

static void add_run(const struct step *step, const struct step_work *work, int phase, int first, int end)
{
    const size_t at = (size_t)first * PART, last = (size_t)(end - 1) * PART;
    const size_t past = last + part_size(step, last);
    if (is_wide(step)) {
        add_wide(step, work->inputs, work->outputs[0], at, past);
        return;
    }
    const struct byte_sum sum = sum_of(step);
    step->micro->add((uint8_t *)work->outputs[0] + at, (const uint8_t *)work->inputs[0] + at,
                     (const uint8_t *)work->inputs[1] + at, past - at, &sum, step->rule);
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

static sned_status activation_prepare(struct step *step, const struct graph *graph, const struct node *node,
                                      sned_error *error)
{
    const enum value_type type = step->inputs[0].type;
    uint8_t *results;
    if (is_wide(step))
        return elementwise_prepare(step, graph, node, error);
    SNED_TRY(sned_lookup_new(step, &results, error));
    for (int value = value_low(type); value <= value_high(type); value++)
        results[(uint8_t)value] =
            (uint8_t)finish_value(scale_value(value, step->rule->scalings[0]), step->rule);
    return SNED_OK;
}

/* Of wide numbers, or to them. */
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

const struct kernel sned_kernel_add = {
    .name = "add", .prepare = elementwise_prepare, .quads = add_quads, .lie = share_out, .run = add_run};
const struct kernel sned_kernel_mul = {.name = "mul", .prepare = elementwise_prepare, .run = mul_run};
const struct kernel sned_kernel_activation = {
    .name = "activation", .prepare = activation_prepare, .run = activation_run};
