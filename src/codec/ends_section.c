/*
 * ends_section.c - the STATES and OUTPUTS sections: what a network has besides one input and one output.
 *
 * Both are required where they are there: who skipped them would run another network, or lose results.
 */
#include "base/names.h"
#include "codec/sections.h"

#include <string.h>

/* ---- states ---- */

void sned_write_states_section(struct writer *writer, const struct graph *graph,
                               const struct activations *activations)
{
    sned_write_varint(writer, (uint64_t)graph->state_count);
    for (int k = 0; k < graph->state_count; k++) {
        sned_write_activation(writer, &graph->tensors[graph->states[k].tensor]);
        sned_write_back(writer, activations, activations->count - 1, graph->states[k].next);
    }
}

sned_status sned_read_states_section(struct reader *reader, struct graph *graph,
                                     struct activations *activations, sned_error *error)
{
    graph->state_count = (int)sned_read_integer(reader, 1, GRAPH_MAX_STATES);
    for (int k = 0; k < graph->state_count && !reader->failed; k++) {
        SNED_TRY(sned_read_activation(reader, graph, activations, &graph->states[k].tensor, error));
        graph->states[k].next = (int)sned_read_integer(reader, 0, GRAPH_MAX_TENSORS);
    }
    return reader->failed || sned_reader_left(reader) > 0 ? sned_fail_damaged("the list of states", error)
                                                          : SNED_OK;
}

sned_status sned_join_states(struct graph *graph, const struct activations *activations, sned_error *error)
{
    for (int k = 0; k < graph->state_count; k++) {
        if (graph->states[k].next >= activations->count)
            return sned_fail(error, SNED_ERROR_FORMAT, "state %d becomes number %d of %d activations", k,
                             activations->count - 1 - graph->states[k].next, activations->count);
        graph->states[k].next = activations->tensors[activations->count - 1 - graph->states[k].next];
    }
    return SNED_OK;
}

/* ---- outputs ---- */

/* Names as a reader will see them, each once. */
sned_status sned_write_outputs_section(struct writer *writer, const struct graph *graph,
                                       const struct activations *activations, sned_error *error)
{
    struct unique_names names = {0};
    sned_status status = SNED_OK;
    char *wanted = NULL;
    const char *name;
    sned_write_varint(writer, (uint64_t)graph->output_count - 1);
    for (int k = 0; k < graph->output_count; k++) {
        SNED_TRY_DONE(sned_strdup(&wanted, graph->tensors[graph->outputs[k]].name, error));
        sned_text_repair(wanted, strlen(wanted));
        SNED_TRY_DONE(sned_unique_name(&names, wanted, &name, error));
        sned_free(wanted);
        wanted = NULL;
        if (k == 0)
            continue; /* it is in GRAPH, with this name: the first is always free */
        sned_write_string(writer, name);
        sned_write_back(writer, activations, activations->count - 1, graph->outputs[k]);
    }
done:
    sned_unique_free(&names);
    sned_free(wanted);
    return status;
}

/* No activation and no name is an output twice: who asks for one by its name gets that one. */
static sned_status check_apart(const struct graph *graph, int index, int tensor, const char *name,
                               sned_error *error)
{
    for (int k = 0; k < index; k++)
        if (graph->outputs[k] == tensor || strcmp(graph->tensors[graph->outputs[k]].name, name) == 0)
            return sned_fail(error, SNED_ERROR_FORMAT, "output %d, '%.80s', is output %d already", index,
                             name, k);
    return SNED_OK;
}

sned_status sned_read_outputs_section(struct reader *reader, struct graph *graph,
                                      const struct activations *activations, sned_error *error)
{
    char *name = NULL;
    sned_status status = SNED_OK;
    const int count = 1 + (int)sned_read_integer(reader, 1, GRAPH_MAX_OUTPUTS - 1);
    while (graph->output_count < count && !reader->failed) {
        SNED_TRY_DONE(sned_read_string(reader, SNED_MAX_STRING, &name, error));
        const int tensor = sned_read_back(reader, activations, 1 + graph->state_count);
        SNED_TRY_DONE(check_apart(graph, graph->output_count, tensor, name, error));
        sned_free(graph->tensors[tensor].name);
        graph->tensors[tensor].name = name;
        name = NULL;
        graph->outputs[graph->output_count++] = tensor;
    }
    if (reader->failed || sned_reader_left(reader) > 0)
        status = sned_fail_damaged("the list of outputs", error);
done:
    sned_free(name);
    return status;
}
