/*
 * activations.c - the activations that a file lists, the input and the states, and the numbers by which it
 * means any of them (docs/format.md, "GRAPH").
 *
 * They are numbered as they come to be: the input is 0, then the states, then what each node makes. A number
 * is stored as its distance back from the newest.
 */
#include "base/memory.h"
#include "codec/sections.h"

/* ---- numbers ---- */

sned_status sned_activations_add(struct activations *activations, int tensor, sned_error *error)
{
    if (activations->count == activations->capacity) {
        const int larger = activations->count < 16 ? 16 : 2 * activations->count;
        SNED_TRY(sned_resize(&activations->tensors, (size_t)larger, sizeof tensor, error));
        activations->capacity = larger;
    }
    activations->tensors[activations->count++] = tensor;
    return SNED_OK;
}

sned_status sned_activations_list(struct activations *activations, const struct graph *graph,
                                  sned_error *error)
{
    *activations = (struct activations){0};
    SNED_TRY(sned_alloc(&activations->numbers, (size_t)graph->tensor_count, sizeof(int), error));
    SNED_TRY(sned_activations_add(activations, graph->input, error));
    for (int k = 0; k < graph->state_count; k++)
        SNED_TRY(sned_activations_add(activations, graph->states[k].tensor, error));
    for (int i = 0; i < graph->node_count; i++)
        for (int k = 0; k < graph->nodes[i].output_count; k++)
            SNED_TRY(sned_activations_add(activations, graph->nodes[i].outputs[k], error));
    for (int number = 0; number < activations->count; number++)
        activations->numbers[activations->tensors[number]] = number;
    return SNED_OK;
}

void sned_activations_free(struct activations *activations)
{
    sned_free(activations->tensors);
    sned_free(activations->numbers);
    *activations = (struct activations){0};
}

void sned_write_back(struct writer *writer, const struct activations *activations, int newest, int tensor)
{
    sned_write_varint(writer, (uint64_t)(newest - activations->numbers[tensor]));
}

int sned_read_back(struct reader *reader, const struct activations *activations, int first)
{
    const int newest = activations->count - 1;
    return activations->tensors[newest - sned_read_integer(reader, 0, newest - first)];
}

/* ---- those that are listed ---- */

void sned_write_activation(struct writer *writer, const struct tensor *tensor)
{
    sned_write_string(writer, tensor->name);
    sned_write_u8(writer, (uint8_t)tensor->shape.rank);
    for (int i = 1; i < tensor->shape.rank; i++)
        sned_write_varint(writer, (uint64_t)tensor->shape.dim[i]);
    sned_write_u8(writer, (uint8_t)sned_quantization_code(&tensor->quantization));
    if (tensor->quantization.scale != 0)
        sned_write_f32(writer, tensor->quantization.scale);
}

sned_status sned_read_activation(struct reader *reader, struct graph *graph, struct activations *activations,
                                 int *tensor, sned_error *error)
{
    struct shape shape = {0};
    char *name = NULL;
    sned_status status;
    SNED_TRY_DONE(sned_read_string(reader, SNED_MAX_STRING, &name, error));
    shape.rank = sned_read_u8(reader);
    if (shape.rank < 2 || shape.rank > GRAPH_MAX_RANK) {
        status = sned_fail(error, SNED_ERROR_FORMAT, "'%.80s' has %d dimensions", name, shape.rank);
        goto done;
    }
    shape.dim[0] = 1;
    for (int i = 1; i < shape.rank; i++)
        shape.dim[i] = sned_read_integer(reader, 1, GRAPH_MAX_DIM);
    SNED_TRY_DONE(sned_graph_add_tensor(graph, name, TENSOR_F32, &shape, NULL, tensor, error));
    SNED_TRY_DONE(sned_activations_add(activations, *tensor, error));
    const int code = sned_read_u8(reader);
    if (code > QUANTIZED_S16)
        reader->failed = true;
    else
        graph->tensors[*tensor].quantization = sned_read_quantization(reader, code);
done:
    sned_free(name);
    return status;
}
