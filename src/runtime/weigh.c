/*
 * weigh.c - about how long each phase of a step takes, so that threads share what is worth it.
 *
 * Within a factor of a few is enough: a step of two microseconds is not to be shared, one of twenty is.
 * Layers say it themselves, by what their form costs. Of other steps each number takes as long as to end a
 * sum, and what they lay out first as long as to widen it.
 */
#include "runtime/model.h"

static double bytes_of(const struct value *values, int count)
{
    double bytes = 0;
    for (int i = 0; i < count; i++)
        bytes += (double)values[i].elements * (double)value_size(values[i].type);
    return bytes;
}

static double elements_of(const struct value *values, int count)
{
    double elements = 0;
    for (int i = 0; i < count; i++)
        elements += (double)values[i].elements;
    return elements;
}

void sned_model_weigh(sned_model *model)
{
    struct plan *plan = &model->plan;
    const struct micro_costs *costs = &plan->micro->costs;
    const sned_layer *layer = model->layers;
    plan->nanoseconds = 0;
    for (int s = 0, n = 0; s < plan->step_count; s++) {
        struct step *step = &plan->steps[s];
        const int last = step->tasks[1] > 0;
        const double elements =
            elements_of(step->inputs, step->input_count) + elements_of(step->outputs, step->output_count);
        for (; n <= step->node; n++)
            if (sned_node_has_weights(&model->graph->nodes[n])) {
                step->macs += layer->macs;
                step->products +=
                    (uint64_t)((double)layer->macs * ((double)layer->kept / (double)layer->weights));
                layer++;
            }
        if (!step->nanoseconds[last])
            step->nanoseconds[last] = elements * costs->requantize / 16;
        if (last && step->tasks[0] && !step->nanoseconds[0])
            step->nanoseconds[0] =
                (bytes_of(step->inputs, step->input_count) + (double)step->scratch_size) * costs->widen / 16;
        plan->nanoseconds += step->nanoseconds[0] + step->nanoseconds[1];
    }
}
