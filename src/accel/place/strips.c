/*
 * strips.c - see strips.h.
 */
#include "accel/place/strips.h"
#include "accel/program/numbers.h"
#include "base/memory.h"

#include <stdlib.h>

enum { MOST = 32 }; /* strips of a stretch */

/* Of a stretch in some number of strips. */
struct need {
    int64_t bytes;
    int64_t work; /* of its Convs: weights times pixels, these in whole tiles */
};

static int64_t plane_of(const struct graph *graph, int tensor, int rows)
{
    const struct extent e = sned_shape_extent(&graph->tensors[tensor].shape);
    return (int64_t)e.channels * e.width * rows;
}

static int height_of(const struct graph *graph, int tensor)
{
    return sned_shape_extent(&graph->tensors[tensor].shape).height;
}

static int64_t whole(const struct graph *graph, int tensor)
{
    return plane_of(graph, tensor, height_of(graph, tensor));
}

/* What is asked again and again while ways to cut are compared. */
struct question {
    const struct graph *graph;
    int64_t *kept; /* of each node of the chain: a Conv's weights that are not 0; owned */
    int pixels;    /* of a tile */
    int64_t room;
};

static int64_t work_of(const struct question *q, int node, int rows)
{
    const int output = q->graph->nodes[node].outputs[0];
    const int64_t raster = (int64_t)rows * sned_shape_extent(&q->graph->tensors[output].shape).width;
    return q->kept[node] * divide_up(raster, q->pixels);
}

/* Backwards through one strip: the most that two neighbours between the stretch's ends take, and all work. */
static void add_strip(struct need *need, const struct question *q, const struct stretch *s, int strip)
{
    const struct graph *graph = q->graph;
    const int last = s->first + s->length - 1, height = height_of(graph, graph->nodes[last].outputs[0]);
    struct rows rows = {(int)((int64_t)strip * height / s->strips),
                        (int)((int64_t)(strip + 1) * height / s->strips)};
    int64_t behind = 0; /* bytes of the node's output, where it lies between */
    for (int n = last; n >= s->first; n--) {
        const struct node *node = &graph->nodes[n];
        need->work += work_of(q, n, rows.to - rows.from);
        rows = sned_node_rows(node, rows, height_of(graph, node->inputs[0]));
        const int64_t before = n > s->first ? plane_of(graph, node->inputs[0], rows.to - rows.from) : 0;
        need->bytes = larger(need->bytes, before + behind);
        behind = before;
    }
}

static struct need need_of(const struct question *q, const struct stretch *s)
{
    const struct graph *graph = q->graph;
    struct need need = {0};
    for (int strip = 0; strip < s->strips; strip++)
        add_strip(&need, q, s, strip);
    need.bytes += whole(graph, graph->nodes[s->first].inputs[0]) +
                  whole(graph, graph->nodes[s->first + s->length - 1].outputs[0]);
    return need;
}

/* The fewest strips with which the stretch fits; a node alone is not cut. Returns its work, INT64_MAX where
 * it does not fit. */
static int64_t fit(const struct question *q, struct stretch *s)
{
    const struct graph *graph = q->graph;
    const int most =
        s->length == 1
            ? 1
            : (int)smaller(MOST, height_of(graph, graph->nodes[s->first + s->length - 1].outputs[0]));
    struct need need = {.bytes = INT64_MAX};
    for (s->strips = s->length == 1 ? 1 : 2; s->strips <= most; s->strips++) {
        need = need_of(q, s);
        if (need.bytes <= q->room)
            break;
    }
    return s->strips <= most ? need.work : INT64_MAX;
}

/* The best way to cut the nodes before one: its work, and its last stretch. */
struct way {
    int64_t work;
    struct stretch last;
};

static void find_ways(struct way *ways, int chain, const struct question *q)
{
    ways[0] = (struct way){0};
    for (int end = 1; end <= chain; end++) {
        ways[end].work = INT64_MAX;
        /* The shortest stretches first: whole nodes, where they fit. */
        for (int first = end - 1; first >= 0; first--) {
            struct stretch last = {.first = first, .length = end - first};
            const int64_t before = ways[first].work, work = fit(q, &last);
            if (before < INT64_MAX && work < INT64_MAX && before + work < ways[end].work)
                ways[end] = (struct way){before + work, last};
        }
    }
}

sned_status strips_plan(struct strips *strips, const struct graph *graph, int last,
                        const struct accel_config *config, int64_t room, sned_error *error)
{
    const int chain = (int)smaller(sned_graph_chain(graph), last);
    struct question question = {.graph = graph, .pixels = config->pixels, .room = room};
    struct way *ways = NULL;
    sned_status status;
    *strips = (struct strips){0};
    SNED_TRY_DONE(sned_alloc(&question.kept, (size_t)chain + 1, sizeof *question.kept, error));
    for (int n = 0; n < chain; n++)
        if (graph->nodes[n].op == OP_CONV)
            question.kept[n] = (int64_t)sned_node_kept(graph, &graph->nodes[n]);
    SNED_TRY_DONE(sned_alloc(&ways, (size_t)chain + 1, sizeof *ways, error));
    SNED_TRY_DONE(sned_alloc(&strips->stretches, (size_t)chain + 1, sizeof *strips->stretches, error));
    find_ways(ways, chain, &question);
    /* What is behind the last end that can be reached has to fit as it is. */
    int end = chain;
    while (ways[end].work == INT64_MAX)
        end--;
    for (; end > 0; end = ways[end].last.first)
        if (ways[end].last.strips > 1) {
            for (int i = strips->count++; i > 0; i--)
                strips->stretches[i] = strips->stretches[i - 1];
            strips->stretches[0] = ways[end].last;
        }
done:
    free(ways);
    free(question.kept);
    if (status != SNED_OK)
        strips_free(strips);
    return status;
}

void strips_free(struct strips *strips)
{
    free(strips->stretches);
    *strips = (struct strips){0};
}

sned_status strips_cut(struct graph **cut, const struct graph *graph, const struct strips *strips,
                       sned_error *error)
{
    sned_status status = SNED_OK;
    SNED_TRY(sned_graph_copy(cut, graph, error));
    for (int s = strips->count - 1; s >= 0; s--) { /* from behind: nodes before keep their numbers */
        const struct stretch *stretch = &strips->stretches[s];
        SNED_TRY_DONE(sned_graph_cut_rows(*cut, stretch->first, stretch->length, stretch->strips, error));
    }
done:
    if (status != SNED_OK) {
        sned_graph_free(*cut);
        *cut = NULL;
    }
    return status;
}
