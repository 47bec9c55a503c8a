/*
 * kernel_lrn.c - local response normalization across channels, by table.
 *
 * The sums of squares slide from channel to channel: the square that enters the window is added, the one that
 * leaves it taken away. Integers, so nothing is lost on the way.
 */
#include "runtime/kernel.h"
#include "runtime/micro/requantize.h"
#include "base/memory.h"

#include <string.h>

struct lrn_work {
    const uint16_t *table; /* the graph's */
    int size;
};

static sned_status lrn_prepare(struct step *step, const struct graph *graph, const struct node *node,
                               sned_error *error)
{
    const struct value in = step->inputs[0];
    struct lrn_work *lrn;
    SNED_TRY(sned_alloc(&lrn, 1, sizeof *lrn, error));
    *lrn = (struct lrn_work){.table = graph->tensors[node->inputs[1]].data, .size = node->u.lrn.size};
    step->state = lrn;
    step->scratch_size = (size_t)in.extent.height * in.extent.width * sizeof(uint32_t);
    return SNED_OK;
}

/* sums += sign * square, over one channel's plane; modulo 2^32, which sned_graph_check has proved exact. */
static void add_squares(uint32_t *sums, const void *input, enum value_type type, size_t channel, size_t plane,
                        uint32_t sign)
{
    for (size_t i = 0; i < plane; i++) {
        int32_t value = value_load(input, type, channel * plane + i);
        sums[i] += sign * (uint32_t)(value * value);
    }
}

static void lrn_run(const struct step *step, const struct step_work *work, int phase, int first, int end)
{
    const struct lrn_work *lrn = step->state;
    const struct value in = step->inputs[0], out = step->outputs[0];
    const struct integer_rule *rule = step->rule;
    const size_t plane = (size_t)in.extent.height * in.extent.width;
    const int channels = in.extent.channels, size = lrn->size;
    const int before = (size - 1) / 2, after = size / 2;
    const void *input = work->inputs[0];
    uint32_t *sums = work->scratch;
    memset(sums, 0, step->scratch_size);
    for (int c = 0; c < after && c < channels; c++)
        add_squares(sums, input, in.type, c, plane, 1);
    for (int c = 0; c < channels; c++) {
        if (c + after < channels)
            add_squares(sums, input, in.type, c + after, plane, 1);
        if (c - before - 1 >= 0)
            add_squares(sums, input, in.type, c - before - 1, plane, (uint32_t)-1);
        for (size_t i = 0; i < plane; i++) {
            int64_t value = value_load(input, in.type, c * plane + i);
            int64_t scaled = round_shift(value * lrn->table[lrn_index(sums[i])], rule->scalings[0].shift);
            value_store(work->outputs[0], out.type, c * plane + i, finish_value(scaled, rule));
        }
    }
}

const struct kernel sned_kernel_lrn = {"lrn", lrn_prepare, lrn_run, NULL};
