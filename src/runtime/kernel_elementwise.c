/*
 * kernel_elementwise.c - Add, Mul, and the activations that stand on their own.
 */
#include "runtime/kernel.h"

static sned_status elementwise_prepare(struct step *step, const struct graph *graph, const struct node *node,
                                       sned_error *error)
{
    return SNED_OK;
}

static void add_run(const struct step *step, const void *const *inputs, void *const *outputs, void *scratch)
{
    const struct integer_rule *rule = step->rule;
    const struct value out = step->outputs[0];
    const enum value_type a = step->inputs[0].type;
    const enum value_type b = step->inputs[1].type;
    const int64_t scale_a = rule->scalings[0].multiplier, scale_b = rule->scalings[1].multiplier;
    const int shift = rule->scalings[0].shift;
    for (size_t i = 0; i < out.elements; i++) {
        int64_t sum = value_load(inputs[0], a, i) * scale_a + value_load(inputs[1], b, i) * scale_b;
        value_store(outputs[0], out.type, i, finish_value(round_shift(sum, shift), rule));
    }
}

static void mul_run(const struct step *step, const void *const *inputs, void *const *outputs, void *scratch)
{
    const struct integer_rule *rule = step->rule;
    const struct value out = step->outputs[0];
    const enum value_type a = step->inputs[0].type;
    const enum value_type b = step->inputs[1].type;
    for (size_t i = 0; i < out.elements; i++) {
        int64_t product = (int64_t)value_load(inputs[0], a, i) * value_load(inputs[1], b, i);
        value_store(outputs[0], out.type, i, finish_value(scale_value(product, rule->scalings[0]), rule));
    }
}

static void activation_run(const struct step *step, const void *const *inputs, void *const *outputs,
                           void *scratch)
{
    const struct integer_rule *rule = step->rule;
    const struct value out = step->outputs[0];
    const enum value_type type = step->inputs[0].type;
    for (size_t i = 0; i < out.elements; i++) {
        int64_t scaled = scale_value(value_load(inputs[0], type, i), rule->scalings[0]);
        value_store(outputs[0], out.type, i, finish_value(scaled, rule));
    }
}

const struct kernel sned_kernel_add = {"add", elementwise_prepare, add_run, NULL};
const struct kernel sned_kernel_mul = {"mul", elementwise_prepare, mul_run, NULL};
const struct kernel sned_kernel_activation = {"activation", elementwise_prepare, activation_run, NULL};
