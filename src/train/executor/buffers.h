/*
 * buffers.h - the memory of a plan.
 *
 * What lives as long as the executor is allocated at once. The rest shares arenas, whose places are handed
 * out while planning and get addresses when the plan is complete (buffers_settle):
 *     scratch      within one primitive
 *     temporary    within what one node does in one direction
 *     gradients    from the first gradient that arrives at an activation to its producer's backward pass
 */
#ifndef SNED_TRAIN_EXECUTOR_BUFFERS_H
#define SNED_TRAIN_EXECUTOR_BUFFERS_H

#include "base/error.h"

#include <stdbool.h>

#include <oneapi/dnnl/dnnl.h>

struct executor;

struct arena_place {
    dnnl_memory_t memory;
    size_t offset, size;
    bool taken; /* of the gradients: still needed at this point of the plan */
};
struct arena {
    struct arena_place *places;
    int count, capacity;
    size_t position, size; /* where the next place goes; bytes in all */
    uint8_t *data;
};
enum { ARENA_SCRATCH, ARENA_TEMPORARY, ARENA_GRADIENTS, ARENA_COUNT };

struct buffers {
    struct arena arenas[ARENA_COUNT];
    dnnl_memory_t *memories; /* every memory object, for freeing */
    int memory_count, memory_capacity;
};

/* Zeroed, and the executor's for good. */
sned_status plan_memory(struct executor *executor, const dnnl_memory_desc_t *desc, dnnl_memory_t *memory,
                        sned_error *error);
/* Valid while the node being planned works: until plan_work_begins says that another one's work begins. */
sned_status plan_temporary(struct executor *executor, const dnnl_memory_desc_t *desc, dnnl_memory_t *memory,
                           sned_error *error);
void plan_work_begins(struct executor *executor);
/* Valid for one primitive. */
sned_status plan_scratch(struct executor *executor, const dnnl_memory_desc_t *desc, dnnl_memory_t *memory,
                         sned_error *error);
/* Valid until it is given back. */
sned_status plan_borrow(struct executor *executor, const dnnl_memory_desc_t *desc, dnnl_memory_t *memory,
                        sned_error *error);
void plan_give_back(struct executor *executor, dnnl_memory_t memory);
/* A window of layout `desc` on memory that lies elsewhere, arenas included. */
sned_status plan_view(struct executor *executor, dnnl_memory_t whole, const dnnl_memory_desc_t *desc,
                      dnnl_memory_t *view, sned_error *error);

sned_status buffers_settle(struct buffers *buffers, sned_error *error);
void buffers_free(struct buffers *buffers);

#endif
