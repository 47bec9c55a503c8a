/*
 * arrange.c - see arrange.h.
 */
#include "accel/place/arrange.h"
#include "accel/program/numbers.h"
#include "accel/place/strips.h"

/* The graph's nodes before `last` placed in `bytes`, with a head before `cut`, in place of what was. */
static sned_status replace(struct arrangement *a, const struct graph *graph, int last, int cut, int64_t bytes,
                           sned_error *error)
{
    struct placement placement;
    struct accel_config config = *a->config;
    config.activation_bytes = bytes;
    SNED_TRY(placement_make(&placement, graph, last, cut, a->stay, &config, error));
    placement_free(&a->placement);
    a->placement = placement;
    a->graph = graph;
    a->last = last;
    return SNED_OK;
}

/* All as head, and with as much that stays for others to run beside it as memory allows. */
static sned_status place_whole(struct arrangement *a, const struct graph *graph, int host_nodes,
                               int64_t bytes, sned_error *error)
{
    const enum stay most = a->stay;
    const int last = graph->node_count - host_nodes, no_cut = last + 1;
    sned_status status = replace(a, graph, last, no_cut, bytes, error);
    while (status == SNED_ERROR_UNSUPPORTED && a->stay > STAY_SHORT) {
        a->stay--;
        status = replace(a, graph, last, no_cut, bytes, error);
    }
    if (status != SNED_OK)
        a->stay = most;
    return status;
}

/* The first layers in strips with which all fits in `bytes`: for less and less room until it does, as
 * strips_plan knows nothing of how spots lie beside each other. a->strips stays NULL where none is found. */
static sned_status place_strips(struct arrangement *a, const struct graph *graph, int host_nodes,
                                int64_t bytes, sned_error *error)
{
    enum { STEPS = 32 };
    for (int step = STEPS; step > STEPS / 4 && !a->strips; step--) {
        struct strips strips;
        struct graph *tried = NULL;
        SNED_TRY(strips_plan(&strips, graph, graph->node_count - host_nodes, a->config, bytes * step / STEPS,
                             error));
        const sned_status status = strips.count ? strips_cut(&tried, graph, &strips, error) : SNED_OK;
        strips_free(&strips);
        SNED_TRY(status);
        if (tried && place_whole(a, tried, host_nodes, bytes, NULL) == SNED_OK)
            a->strips = tried;
        else
            sned_graph_free(tried);
    }
    return SNED_OK;
}

/* Convs of a single image go in parts (parts.h), as do those in strips: no other image fills the gaps. Of
 * several images a small tail is to fit beside a head. */
sned_status arrange(struct arrangement *a, const struct graph *graph, int host_nodes,
                    const struct accel_config *config, const struct accel_request *request, sned_error *error)
{
    const int64_t bytes = config->activation_bytes;
    const enum stay most = request->parts != 1 ? STAY_PARTS : STAY_BESIDE;
    *a = (struct arrangement){.config = config, .stay = request->images == 1 ? most : STAY_BESIDE};
    if (graph->state_count > 0)
        return sned_fail(
            error, SNED_ERROR_UNSUPPORTED,
            "network '%.80s' has states ('%.80s'), which the accelerator does not keep from image "
            "to image; sned run does",
            graph->name, graph->tensors[graph->states[0].tensor].name);
    sned_status status = place_whole(a, graph, host_nodes, bytes, error);
    if (status != SNED_ERROR_UNSUPPORTED)
        return status;
    a->stay = most;
    if (request->images > 1)
        SNED_TRY(place_strips(a, graph, host_nodes, bytes - bytes / 16, error));
    if (!a->strips)
        SNED_TRY(place_strips(a, graph, host_nodes, bytes, error));
    return a->strips ? SNED_OK : status;
}

sned_status arrange_split(struct arrangement *a, int cut, sned_error *error)
{
    return replace(a, a->graph, a->last, cut, a->config->activation_bytes, error);
}

void arrangement_free(struct arrangement *a)
{
    placement_free(&a->placement);
    sned_graph_free(a->strips);
    *a = (struct arrangement){0};
}
