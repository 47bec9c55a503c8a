/*
 * carry.c - see carry.h.
 */
#include "compress/quantize/carry.h"
#include "base/memory.h"

static sned_status carry_ends(struct graph *to, const struct graph *from, const int *tensors,
                              sned_error *error)
{
    int outputs[GRAPH_MAX_OUTPUTS];
    to->input = tensors[from->input];
    to->state_count = from->state_count;
    for (int i = 0; i < from->state_count; i++)
        to->states[i] = (struct state_tensor){tensors[from->states[i].tensor], tensors[from->states[i].next]};
    for (int i = 0; i < from->output_count; i++)
        outputs[i] = tensors[from->outputs[i]];
    return sned_graph_set_outputs(to, outputs, from->output_count, error);
}

sned_status carry_activations(struct graph *to, const struct graph *from, int **tensors, sned_error *error)
{
    SNED_TRY(sned_alloc(tensors, (size_t)from->tensor_count, sizeof **tensors, error));
    for (int t = 0; t < from->tensor_count; t++) {
        const struct tensor *tensor = &from->tensors[t];
        int *index = &(*tensors)[t];
        *index = -1;
        if (tensor->data)
            continue;
        SNED_TRY(sned_graph_add_tensor(to, tensor->name, TENSOR_F32, &tensor->shape, NULL, index, error));
        to->tensors[*index].quantization = tensor->quantization;
    }
    return carry_ends(to, from, *tensors, error);
}

sned_status carry_description(struct graph *to, const struct graph *from, sned_error *error)
{
    to->rule = from->rule;
    for (int c = 0; c < GRAPH_MAX_CHANNELS_MEAN; c++)
        to->rule.integer[c].multiplier = to->rule.integer[c].offset = to->rule.integer[c].shift = 0;
    if (from->provenance)
        SNED_TRY(sned_strdup(&to->provenance, from->provenance, error));
    if (!from->labels)
        return SNED_OK;
    return sned_graph_set_labels(to, (const char *const *)from->labels, from->label_count, error);
}
