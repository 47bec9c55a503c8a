/*
 * choose.c - which layers are mixed and which rans: the smallest file that opens in the time asked for.
 *
 * Mixed is the smaller, bit by bit through a model; rans is ten to forty times as fast. What opening takes
 * is counted, not timed: so many decisions, symbols and weights, each at a nominal price on one core, so
 * that a file's bytes depend on no machine. The prices are those of a core of 2026 that shares its caches
 * with another busy one (EPYC, about 2.2 GHz): decoding SqueezeNet, ResNet-20 and LeNet-300-100 took 20 to
 * 23 ns a decision, AlexNet of 61 million weights 2 ns a symbol of rans and 0.7 ns a weight to check and to
 * plan.
 *
 * A layer that alone would take the whole time is rans from the start. Of the others those stay mixed that
 * save most bytes within it (and none that saves nothing: large layers without structure): a knapsack,
 * solved by dynamic programming over a thousand slices of the time (Bellman, "Dynamic programming", 1957).
 */
#include "codec/sections.h"

enum { DECISION_NS = 25, SYMBOL_NS = 3, WEIGHT_NS = 1, FILE_NS = 10000000, USUAL_MS = 300, SLICES = 1000 };
enum { LEAVING = 64 }; /* bytes: what the layers that stay mixed would no longer have learned of this one */

static uint64_t time_allowed(const struct pack_options *options)
{
    const double ms = options && options->open_ms > 0 ? options->open_ms : USUAL_MS;
    return ms < 1e9 ? (uint64_t)(ms * 1e6) : (uint64_t)1e15;
}

static bool is_free(const struct layer_storage *layer, const struct pack_options *options)
{
    return !options || !options->force || options->force[layer->node] < 0;
}

/* Weights `index` of a node are a layer; layers lie in the order of the nodes. */
static const struct tensor *weights_of(const struct graph *graph, const struct layer_storage *layers, int i)
{
    int index = 0;
    for (int before = i - 1; before >= 0 && layers[before].node == layers[i].node; before--)
        index++;
    return &graph->tensors[node_weights(&graph->nodes[layers[i].node], index)];
}

static bool can_be_rans(const struct tensor *weights)
{
    int shape[4];
    sned_layer_shape(weights, shape);
    return sned_weights_fit(FORMAT_RANS, shape);
}

/* ---- what opening takes, in nanoseconds ---- */

/* Of rans: each weight a symbol, or, where fewer, a run and a value for each that is not 0. */
static uint64_t rans_time(const struct tensor *weights)
{
    const uint64_t all = sned_shape_elements(&weights->shape), kept = sned_tensor_kept(weights);
    return (2 * kept < all ? 2 * kept : all) * SYMBOL_NS;
}

/* At least: a decision for each weight of a filter that is not all zero. */
static uint64_t least_mixed_time(const struct tensor *weights)
{
    const size_t filters = (size_t)weights->shape.dim[0];
    const size_t size = sned_shape_elements(&weights->shape) / filters;
    struct tensor filter = {.type = TENSOR_I8, .shape = sned_shape(1, (int64_t)size)};
    uint64_t live = 0;
    for (size_t k = 0; k < filters; k++) {
        filter.data = (int8_t *)weights->data + k * size;
        live += sned_tensor_kept(&filter) ? size : 0;
    }
    return live * DECISION_NS;
}

/* Of a file whose layers have been coded. */
static uint64_t opening_time(const struct graph *graph, const struct layer_storage *layers, int count)
{
    uint64_t time = FILE_NS;
    for (int i = 0; i < count; i++) {
        const struct tensor *weights = weights_of(graph, layers, i);
        time += sned_shape_elements(&weights->shape) * WEIGHT_NS + layers[i].decisions * DECISION_NS;
        time += layers[i].format == FORMAT_RANS ? rans_time(weights) : 0;
    }
    return time;
}

/* ---- before anything is coded ---- */

void sned_choose_formats(struct layer_storage *layers, int count, const struct graph *graph,
                         const struct pack_options *options)
{
    const uint64_t allowed = time_allowed(options);
    for (int i = 0; i < count; i++) {
        const struct tensor *weights = weights_of(graph, layers, i);
        if (!is_free(&layers[i], options))
            layers[i].format = (enum weight_format)options->force[layers[i].node];
        else if (least_mixed_time(weights) > allowed && can_be_rans(weights))
            layers[i].format = FORMAT_RANS;
        else
            layers[i].format = FORMAT_MIXED;
    }
}

/* ---- when it is known what mixing takes ---- */

/* A layer that may be either: what being mixed saves, and how much longer than rans it takes. */
struct either {
    int layer;
    uint64_t bytes, time;
};

/* False: layer i is what it is. */
static sned_status make_choice(bool *made, struct either *choice, const struct layer_storage *layers, int i,
                               const struct graph *graph, sned_error *error)
{
    const struct tensor *weights = weights_of(graph, layers, i);
    const uint64_t fast = rans_time(weights), slow = layers[i].decisions * DECISION_NS;
    const double *parts = layers[i].parts;
    const uint64_t mixed = (uint64_t)(parts[PART_POSITIONS] + parts[PART_SIGNS] + parts[PART_MAGNITUDES]);
    struct layer_storage other = {.format = FORMAT_RANS};
    struct writer stream = {0};
    *made = layers[i].format == FORMAT_MIXED && can_be_rans(weights) && slow > fast;
    if (!*made)
        return SNED_OK;
    const sned_status status = sned_write_layer_stream(&stream, weights, &other, error);
    sned_writer_free(&stream);
    other.bytes += LEAVING;
    *choice = (struct either){i, other.bytes > mixed ? other.bytes - mixed : 0, slow - fast};
    return status;
}

/* Which choices save most within `room` slices: taken[choice]. slices[choice]: what each takes. */
static sned_status solve(bool *taken, const struct either *choices, const int *slices, int count, int room,
                         sned_error *error)
{
    const size_t width = (size_t)room + 1;
    uint64_t *saved; /* [slices]: the most that the choices so far save in so many */
    uint8_t *takes = NULL;
    sned_status status;
    SNED_TRY(sned_alloc(&saved, width, sizeof *saved, error));
    SNED_TRY_DONE(sned_alloc(&takes, (size_t)count, width, error));
    for (int i = 0; i < count; i++)
        for (int at = room; at >= slices[i]; at--) {
            const uint64_t with = saved[at - slices[i]] + choices[i].bytes;
            if (with > saved[at]) {
                saved[at] = with;
                takes[(size_t)i * width + (size_t)at] = 1;
            }
        }
    for (int i = count - 1; i >= 0; i--) {
        taken[i] = takes[(size_t)i * width + (size_t)room];
        room -= taken[i] ? slices[i] : 0;
    }
done:
    sned_free(saved);
    sned_free(takes);
    return status;
}

/* What the choices leave of the time allowed, in slices, and what each takes of it, rounded up. */
static int cut_time(int *slices, const struct either *choices, int count, uint64_t time, uint64_t allowed)
{
    const uint64_t slice = allowed / SLICES + 1;
    for (int i = 0; i < count; i++) {
        const uint64_t taken = (choices[i].time + slice - 1) / slice;
        slices[i] = taken < SLICES ? (int)taken : SLICES + 1;
        time -= choices[i].time;
    }
    const uint64_t room = time < allowed ? (allowed - time) / slice : 0;
    return room < SLICES ? (int)room : SLICES;
}

sned_status sned_choose_again(bool *changed, struct layer_storage *layers, int count,
                              const struct graph *graph, const struct pack_options *options,
                              sned_error *error)
{
    const uint64_t allowed = time_allowed(options), time = opening_time(graph, layers, count);
    struct either *choices = NULL;
    int *slices = NULL, choice_count = 0;
    bool *taken = NULL;
    sned_status status = SNED_OK;
    *changed = false;
    SNED_TRY_DONE(sned_alloc(&choices, (size_t)count, sizeof *choices, error));
    SNED_TRY_DONE(sned_alloc(&slices, (size_t)count, sizeof *slices, error));
    SNED_TRY_DONE(sned_alloc(&taken, (size_t)count, sizeof *taken, error));
    for (int i = 0; i < count; i++) {
        bool made = false;
        if (is_free(&layers[i], options))
            SNED_TRY_DONE(make_choice(&made, &choices[choice_count], layers, i, graph, error));
        choice_count += made;
    }
    const int room = cut_time(slices, choices, choice_count, time, allowed);
    SNED_TRY_DONE(solve(taken, choices, slices, choice_count, room, error));
    for (int i = 0; i < choice_count; i++)
        if (!taken[i]) {
            layers[choices[i].layer].format = FORMAT_RANS;
            *changed = true;
        }
done:
    sned_free(choices);
    sned_free(slices);
    sned_free(taken);
    return status;
}
