/*
 * passes.c - a placement, pass after pass: passes.h.
 */
#include "accel/place/passes.h"
#include "base/memory.h"

static sned_status allocate(struct placement *p, const struct graph *graph, sned_error *error)
{
    size_t most = 1; /* the input; of each node a copy and its results */
    for (int n = 0; n < graph->node_count; n++)
        most += 1 + (size_t)graph->nodes[n].output_count;
    SNED_TRY(sned_alloc(&p->spots, most, sizeof *p->spots, error));
    SNED_TRY(sned_alloc(&p->tensors, (size_t)graph->tensor_count, sizeof *p->tensors, error));
    return sned_alloc(&p->copies, (size_t)graph->node_count, sizeof *p->copies, error);
}

sned_status placement_make(struct placement *placement, const struct graph *graph, int last, int cut,
                           enum stay stay, const struct accel_config *config, sned_error *error)
{
    struct placing p = {.placement = placement,
                        .graph = graph,
                        .last = last,
                        .stay = stay,
                        .config = config,
                        .results = results_of(graph, last)};
    sned_status status;
    *placement = (struct placement){.graph = graph, .cut = cut};
    SNED_TRY_DONE(allocate(placement, graph, error));
    SNED_TRY_DONE(place_activations(&p, error));
    SNED_TRY_DONE(place_inside(&p, error));
    SNED_TRY_DONE(place_times(&p, error));
    SNED_TRY_DONE(place_over(&p, error));
    SNED_TRY_DONE(place_pitches(&p, error));
    SNED_TRY_DONE(place_memory(&p, error));
done:
    if (status != SNED_OK)
        placement_free(placement);
    return status;
}
