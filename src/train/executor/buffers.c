/*
 * buffers.c - see buffers.h.
 */
#include "train/executor/buffers.h"
#include "base/memory.h"
#include "train/executor/plan.h"

#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 64 };

static sned_status keep_memory(struct executor *executor, const dnnl_memory_desc_t *desc, void *handle,
                               dnnl_memory_t *memory, sned_error *error)
{
    struct buffers *buffers = &executor->buffers;
    if (buffers->memory_count == buffers->memory_capacity) {
        int capacity = buffers->memory_capacity ? buffers->memory_capacity * 2 : 64;
        SNED_TRY(sned_resize(&buffers->memories, (size_t)capacity, sizeof *buffers->memories, error));
        buffers->memory_capacity = capacity;
    }
    SNED_TRY(onednn_check(dnnl_memory_create(memory, desc, executor->engine, handle), "a tensor", error));
    buffers->memories[buffers->memory_count++] = *memory;
    return SNED_OK;
}

sned_status plan_memory(struct executor *executor, const dnnl_memory_desc_t *desc, dnnl_memory_t *memory,
                        sned_error *error)
{
    SNED_TRY(keep_memory(executor, desc, DNNL_MEMORY_ALLOCATE, memory, error));
    memset(layout_data(*memory), 0, dnnl_memory_desc_get_size(desc));
    return SNED_OK;
}

static size_t aligned_size(const dnnl_memory_desc_t *desc)
{
    return (dnnl_memory_desc_get_size(desc) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

/* A memory object whose place in the arena is `offset`. */
static sned_status place_at(struct executor *executor, struct arena *arena, const dnnl_memory_desc_t *desc,
                            size_t offset, dnnl_memory_t *memory, sned_error *error)
{
    if (arena->count == arena->capacity) {
        int capacity = arena->capacity ? arena->capacity * 2 : 64;
        SNED_TRY(sned_resize(&arena->places, (size_t)capacity, sizeof *arena->places, error));
        arena->capacity = capacity;
    }
    SNED_TRY(keep_memory(executor, desc, DNNL_MEMORY_NONE, memory, error));
    const size_t size = aligned_size(desc);
    arena->places[arena->count++] = (struct arena_place){*memory, offset, size, false};
    arena->position = offset + size;
    if (arena->position > arena->size)
        arena->size = arena->position;
    return SNED_OK;
}

sned_status plan_temporary(struct executor *executor, const dnnl_memory_desc_t *desc, dnnl_memory_t *memory,
                           sned_error *error)
{
    struct arena *arena = &executor->buffers.arenas[ARENA_TEMPORARY];
    return place_at(executor, arena, desc, arena->position, memory, error);
}

void plan_work_begins(struct executor *executor)
{
    executor->buffers.arenas[ARENA_TEMPORARY].position = 0;
}

sned_status plan_scratch(struct executor *executor, const dnnl_memory_desc_t *desc, dnnl_memory_t *memory,
                         sned_error *error)
{
    return place_at(executor, &executor->buffers.arenas[ARENA_SCRATCH], desc, 0, memory, error);
}

/* The lowest offset at which `size` bytes are free. */
static size_t find_gap(const struct arena *arena, size_t size)
{
    size_t offset = 0;
    for (int i = 0; i < arena->count; i++) {
        const struct arena_place *place = &arena->places[i];
        if (place->taken && place->offset < offset + size && offset < place->offset + place->size) {
            offset = place->offset + place->size;
            i = -1; /* places are in no order: look at all again */
        }
    }
    return offset;
}

sned_status plan_borrow(struct executor *executor, const dnnl_memory_desc_t *desc, dnnl_memory_t *memory,
                        sned_error *error)
{
    struct arena *arena = &executor->buffers.arenas[ARENA_GRADIENTS];
    SNED_TRY(place_at(executor, arena, desc, find_gap(arena, aligned_size(desc)), memory, error));
    arena->places[arena->count - 1].taken = true;
    return SNED_OK;
}

void plan_give_back(struct executor *executor, dnnl_memory_t memory)
{
    struct arena *arena = &executor->buffers.arenas[ARENA_GRADIENTS];
    for (int i = 0; i < arena->count; i++)
        if (arena->places[i].memory == memory)
            arena->places[i].taken = false;
}

sned_status plan_view(struct executor *executor, dnnl_memory_t whole, const dnnl_memory_desc_t *desc,
                      dnnl_memory_t *view, sned_error *error)
{
    for (int a = 0; a < ARENA_COUNT; a++) {
        struct arena *arena = &executor->buffers.arenas[a];
        const size_t position = arena->position;
        for (int i = arena->count - 1; i >= 0; i--) {
            if (arena->places[i].memory != whole)
                continue;
            sned_status status = place_at(executor, arena, desc, arena->places[i].offset, view, error);
            arena->position = position;
            return status;
        }
    }
    return keep_memory(executor, desc, layout_data(whole), view, error);
}

sned_status buffers_settle(struct buffers *buffers, sned_error *error)
{
    for (int a = 0; a < ARENA_COUNT; a++) {
        struct arena *arena = &buffers->arenas[a];
        SNED_TRY(sned_alloc(&arena->data, arena->size, 1, error));
        for (int i = 0; i < arena->count; i++)
            SNED_TRY(onednn_check(
                dnnl_memory_set_data_handle(arena->places[i].memory, arena->data + arena->places[i].offset),
                "a buffer", error));
    }
    return SNED_OK;
}

void buffers_free(struct buffers *buffers)
{
    for (int i = 0; i < buffers->memory_count; i++)
        dnnl_memory_destroy(buffers->memories[i]);
    free(buffers->memories);
    for (int a = 0; a < ARENA_COUNT; a++) {
        free(buffers->arenas[a].places);
        free(buffers->arenas[a].data);
    }
}
