/*
 * compile_vector.c - sums, activations and LRN on the vector unit; pools: compile_pool.c, copies:
 * compile_moves.c.
 */
#include "accel/compiler/compile.h"
#include "accel/program/vector_cycles.h"

static sned_status refuse(sned_error *error, const char *why)
{
    return sned_fail(error, SNED_ERROR_UNSUPPORTED, "the accelerator has no %s", why);
}

/* a * multiplier[0] + b * multiplier[1]: Relu and Clip take 0 of b. */
sned_status compile_sum(struct compiler *c, int index, sned_error *error)
{
    const struct node *node = &c->graph->nodes[index];
    const struct spot *in = placement_spot(c->placement, node->inputs[0]),
                      *out = placement_spot(c->placement, node->outputs[0]);
    const struct integer_rule *rule = &node->rules[0];
    const bool two = node->input_count > 1;
    const struct spot *second = two ? placement_spot(c->placement, node->inputs[1]) : in;
    if (!second)
        return refuse(error, "sum with a constant");
    if (out->wide)
        return refuse(error, "sum of 16 bits");
    return compile_runs(c, index, in, second, out,
                        &(struct vector_work){.is_signed = in->is_signed,
                                              .second_signed = second->is_signed,
                                              .multiplier = rule->scalings[0].multiplier,
                                              .second_multiplier = two ? rule->scalings[1].multiplier : 0,
                                              .shift = rule->scalings[0].shift,
                                              .low = rule->low,
                                              .high = rule->high},
                        error);
}

sned_status compile_lrn(struct compiler *c, int index, sned_error *error)
{
    enum { MOST = 15, WORDS = LRN_TABLE_SIZE * 2 / DDR_WORD };
    const struct node *node = &c->graph->nodes[index];
    const struct spot *in = placement_spot(c->placement, node->inputs[0]),
                      *out = placement_spot(c->placement, node->outputs[0]);
    const uint16_t *table = c->graph->tensors[node->inputs[1]].data;
    struct task task = {.work = {.unit = CODE_VECTOR}};
    uint8_t *bytes;
    if (node->u.lrn.size > MOST)
        return refuse(error, "LRN over more than 15 channels");
    SNED_TRY(step_data(&c->steps, WORDS, &task.table, &bytes, error));
    for (int i = 0; i < LRN_TABLE_SIZE; i++) {
        bytes[2 * i] = (uint8_t)table[i];
        bytes[2 * i + 1] = (uint8_t)(table[i] >> 8);
    }
    task.work.u.vector = (struct vector_work){.operation = VECTOR_LRN,
                                              .is_signed = in->is_signed,
                                              .base = in->base,
                                              .plane = in->plane,
                                              .out_base = out->base,
                                              .out_plane = out->plane,
                                              .channels = in->extent.channels,
                                              .length = (int64_t)in->height * in->pitch,
                                              .shift = node->rules[0].scalings[0].shift,
                                              .low = node->rules[0].low,
                                              .high = node->rules[0].high,
                                              .lrn_size = node->u.lrn.size,
                                              .lrn_after = node->u.lrn.size / 2};
    task.cycles = vector_cycles(&task.work.u.vector, c->config);
    return step_add(&c->steps, index, &task, error);
}
