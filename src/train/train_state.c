/*
 * train_state.c - see train_state.h.
 */
#include "train/train_state.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(struct train_progress) == 64,
               "struct train_progress is part of the checkpoint's format");

void train_state_free(struct train_state *state)
{
    sned_buffer_free(&state->parameters);
    sned_buffer_free(&state->guide);
    free(state->momentum);
    *state = (struct train_state){0};
}

static sned_status make_momentum(struct train_state *state, size_t count, sned_error *error)
{
    if (state->momentum && state->momentum_count == count)
        return SNED_OK;
    free(state->momentum);
    state->momentum = NULL;
    SNED_TRY(sned_alloc(&state->momentum, count, sizeof *state->momentum, error));
    state->momentum_count = count;
    return SNED_OK;
}

sned_status train_state_capture(struct train_state *state, struct graph *graph, struct executor *executor,
                                const struct train_progress *progress, const struct train_guide *guide,
                                sned_error *error)
{
    state->progress = *progress;
    state->guide.size = 0;
    if (guide)
        SNED_TRY(sned_buffer_append(&state->guide, guide->state, guide->state_size, error));
    state->parameters.size = 0;
    SNED_TRY(graph_state_save(graph, &state->parameters, error));
    SNED_TRY(make_momentum(state, executor_state_size(executor), error));
    return executor_state_read(executor, state->momentum, error);
}

sned_status train_state_tell(const struct train_state *state, const struct train_guide *guide,
                             sned_error *error)
{
    if (state->guide.size != (guide ? guide->state_size : 0))
        return sned_fail(error, SNED_ERROR_FORMAT, "the saved course of training is not of this network");
    if (guide)
        memcpy(guide->state, state->guide.data, guide->state_size);
    return SNED_OK;
}

sned_status train_state_return(const struct train_state *state, struct graph *graph,
                               struct executor *executor, const struct train_guide *guide, sned_error *error)
{
    if (state->momentum_count != executor_state_size(executor))
        return sned_fail(error, SNED_ERROR_FORMAT, "saved momentum is not of this network");
    SNED_TRY(train_state_tell(state, guide, error));
    SNED_TRY(graph_state_restore(graph, state->parameters.data, state->parameters.size, error));
    SNED_TRY(executor_load(executor, error));
    return executor_state_write(executor, state->momentum, error);
}

sned_status train_state_write(const struct train_state *state, const char *path, uint64_t key,
                              sned_error *error)
{
    const struct checkpoint_blob blobs[] = {
        {"progress", &state->progress, sizeof state->progress},
        {"parameters", state->parameters.data, state->parameters.size},
        {"momentum", state->momentum, state->momentum_count * sizeof(float)},
        {"guide", state->guide.data, state->guide.size},
    };
    sned_status status = checkpoint_write(path, key, blobs, state->guide.size ? 4 : 3, error);
    return sned_error_context(error, status, "checkpoint");
}

sned_status train_state_read(struct train_state *state, const char *path, uint64_t key, bool *found,
                             sned_error *error)
{
    struct checkpoint checkpoint = {0};
    sned_status status;
    SNED_TRY_DONE(checkpoint_read(&checkpoint, path, key, found, error));
    if (!*found)
        goto done;
    const struct checkpoint_blob *progress = checkpoint_find(&checkpoint, "progress");
    const struct checkpoint_blob *parameters = checkpoint_find(&checkpoint, "parameters");
    const struct checkpoint_blob *momentum = checkpoint_find(&checkpoint, "momentum");
    *found = progress && parameters && momentum && progress->size == sizeof state->progress;
    if (!*found)
        goto done;
    memcpy(&state->progress, progress->data, sizeof state->progress);
    state->parameters.size = state->guide.size = 0;
    const struct checkpoint_blob *guide = checkpoint_find(&checkpoint, "guide");
    if (guide)
        SNED_TRY_DONE(sned_buffer_append(&state->guide, guide->data, guide->size, error));
    SNED_TRY_DONE(sned_buffer_append(&state->parameters, parameters->data, parameters->size, error));
    SNED_TRY_DONE(make_momentum(state, momentum->size / sizeof(float), error));
    memcpy(state->momentum, momentum->data, state->momentum_count * sizeof(float));
done:
    checkpoint_free(&checkpoint);
    return status;
}
