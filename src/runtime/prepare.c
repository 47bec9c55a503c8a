/*
 * prepare.c - a step's kernel gets its weights: all of them at once, or by rows.
 */
#include "runtime/prepare.h"
#include "base/memory.h"
#include "base/thread.h"
#include "codec/packed.h"

/* ---- by rows ---- */

struct handing {
    struct step *step;
    const struct graph *graph;
    const struct node *node;
    struct weight_rows rows;
    bool check;
    size_t *kept; /* [blocks]: of each, the weights that are not 0; owned */
};

/* A block of rows to the kernel, by way of memory that is there for it alone. */
static sned_status hand_block(void *argument, size_t block, sned_error *error)
{
    struct handing *handing = argument;
    const struct weight_rows *rows = &handing->rows;
    const size_t first = sned_weight_rows_first(rows, block), count = sned_weight_rows_count(rows, block);
    const int8_t *weights;
    int8_t *room = NULL;
    sned_status status;
    if (!rows->dense)
        SNED_TRY_DONE(sned_alloc_unset(&room, count, rows->columns, error));
    SNED_TRY_DONE(sned_weight_rows_read(rows, block, room, &weights, error));
    if (handing->check)
        SNED_TRY_DONE(sned_node_check_rows(handing->graph, handing->node, 0, first, count, weights, error));
    handing->kept[block] = sned_bytes_kept(weights, count * rows->columns);
    status = handing->step->kernel->take_rows(handing->step, block, first, count, weights, error);
done:
    sned_free(room);
    return status;
}

static sned_status prepare_by_rows(struct step *step, const struct graph *graph, const struct node *node,
                                   const struct weight_source *source, sned_error *error)
{
    const int tensor = node_weights(node, 0);
    struct handing handing = {.step = step, .graph = graph, .node = node, .check = source->packed};
    sned_status status;
    if (source->packed)
        SNED_TRY(sned_weight_rows_open(&handing.rows, source->packed, node, 0, error));
    else
        sned_weight_rows_of(&handing.rows, &graph->tensors[tensor]);
    if (step->micro->span_rows)
        sned_weight_rows_join(&handing.rows, SPAN_ROWS);
    step->pieces = handing.rows.blocks;
    step->piece_rows = handing.rows.most_rows;
    SNED_TRY_DONE(sned_alloc(&handing.kept, handing.rows.blocks, sizeof *handing.kept, error));
    SNED_TRY_DONE(step->kernel->prepare(step, graph, node, error));
    SNED_TRY_DONE(sned_parallel_for(source->threads ? source->threads : 1, handing.rows.blocks, hand_block,
                                    &handing, error));
    step->kernel->took_rows(step);
    for (size_t b = 0; source->kept && b < handing.rows.blocks; b++)
        source->kept[tensor] += handing.kept[b];
done:
    sned_free(handing.kept);
    sned_weight_rows_close(&handing.rows);
    return status;
}

/* ---- at once ---- */

static sned_status prepare_at_once(struct step *step, const struct graph *graph, const struct node *node,
                                   const struct weight_source *source, sned_error *error)
{
    for (int w = 0; w < sned_node_weight_count(node); w++) {
        const int tensor = node_weights(node, w);
        if (source->packed)
            SNED_TRY(
                sned_unpack_weights(source->packed, node, w, source->threads ? source->threads : 1, error));
        if (source->kept)
            source->kept[tensor] = sned_tensor_kept(&graph->tensors[tensor]);
    }
    return step->kernel->prepare(step, graph, node, error);
}

/* What the kernel has a form of its own of. */
static void give_back(const struct packed_file *packed, const struct node *node)
{
    for (int w = 0; w < sned_node_weight_count(node); w++) {
        struct tensor *weights = &packed->graph->tensors[node_weights(node, w)];
        sned_free(weights->data);
        weights->data = NULL;
    }
}

sned_status sned_step_prepare(struct step *step, const struct graph *graph, const struct node *node,
                              const struct weight_source *source, sned_error *error)
{
    const sned_status status = step->kernel->take_rows ? prepare_by_rows(step, graph, node, source, error)
                                                       : prepare_at_once(step, graph, node, source, error);
    if (source->packed)
        give_back(source->packed, node);
    return status;
}
