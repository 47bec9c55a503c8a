/*
 * state.c - the network between steps: what was accepted, and what a cut on trial would go back to.
 *
 *     no cut on trial     snapshot: the accepted state
 *     one on trial        snapshot: the state on trial     fallback: the accepted one before it
 */
#include "compress/compression.h"
#include "train/checkpoint.h"

#include <string.h>

/* ---- a network as bytes: its state (checkpoint.h), then each tensor's quantization ---- */

static sned_status save(const struct graph *graph, struct buffer *state, sned_error *error)
{
    SNED_TRY(graph_state_save(graph, state, error));
    for (int t = 0; t < graph->tensor_count; t++) {
        const struct quantization *q = &graph->tensors[t].quantization;
        const uint8_t form[2] = {q->bits, q->is_signed};
        SNED_TRY(sned_buffer_append(state, &q->scale, sizeof q->scale, error));
        SNED_TRY(sned_buffer_append(state, form, sizeof form, error));
    }
    return SNED_OK;
}

static sned_status restore(struct graph *graph, const struct buffer *state, sned_error *error)
{
    const size_t each = sizeof(float) + 2, quantizations = (size_t)graph->tensor_count * each;
    if (state->size < quantizations)
        return sned_fail(error, SNED_ERROR_FORMAT, "saved parameters are not of this network");
    const size_t parameters = state->size - quantizations;
    SNED_TRY(graph_state_restore(graph, state->data, parameters, error));
    const uint8_t *at = (const uint8_t *)state->data + parameters;
    for (int t = 0; t < graph->tensor_count; t++, at += each) {
        struct quantization *q = &graph->tensors[t].quantization;
        memcpy(&q->scale, at, sizeof q->scale);
        q->bits = at[sizeof q->scale];
        q->is_signed = at[sizeof q->scale + 1] != 0;
    }
    return SNED_OK;
}

sned_status compression_accept(struct compression *compression, sned_error *error)
{
    const struct graph *graph = compression->graph;
    struct buffer state = {0};
    sned_status status = save(graph, &state, error);
    if (status != SNED_OK) {
        sned_buffer_free(&state);
        return status;
    }
    sned_buffer_free(&compression->snapshot);
    compression->snapshot = state;
    for (int i = 0; i < compression->layer_count; i++)
        compression->layers[i].kept = sned_tensor_kept(&graph->tensors[compression->layers[i].tensor]);
    return SNED_OK;
}

sned_status compression_take_back(struct compression *compression, sned_error *error)
{
    return restore(compression->graph, &compression->snapshot, error);
}

void compression_remember(struct compression *compression)
{
    for (int i = 0; i < compression->layer_count && !compression->on_trial; i++)
        compression->fallback_kept[i] = compression->layers[i].kept;
}

void compression_begin_trial(struct compression *compression)
{
    compression->on_trial = true;
    sned_buffer_free(&compression->fallback);
    compression->fallback = compression->snapshot;
    compression->snapshot = (struct buffer){0};
}

void compression_leave_trial(struct compression *compression, bool back)
{
    compression->on_trial = false;
    for (int i = 0; i < compression->layer_count && back; i++)
        compression->layers[i].kept = compression->fallback_kept[i];
    if (!journal_is_at_end(&compression->journal))
        return; /* the two states are those of the journal's end */
    if (back && compression->fallback.size > 0) {
        sned_buffer_free(&compression->snapshot);
        compression->snapshot = compression->fallback;
        compression->fallback = (struct buffer){0};
    }
    sned_buffer_free(&compression->fallback);
}
