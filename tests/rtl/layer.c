/*
 * layer.c - see layer.h.
 */
#include "rtl/layer.h"

#include "accel/cycles/cycles.h"
#include "accel/golden/lane.h"
#include "accel/program/lanes.h"
#include "accel/program/stream.h"
#include "base/memory.h"
#include "base/random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MUST(call)                                                                                           \
    do {                                                                                                     \
        sned_error must_error_ = {0}, *error = &must_error_;                                                 \
        if ((call) != SNED_OK) {                                                                             \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, error->message);                              \
            exit(1);                                                                                         \
        }                                                                                                    \
    } while (0)

static int range(struct random *random, int low, int high)
{
    return low + (int)sned_random_below(random, (uint32_t)(high - low + 1));
}

static void fill_weights(struct random *random, int8_t *weights, size_t count)
{
    const float density = range(random, 0, 9) ? sned_random_uniform(random) : 0;
    for (size_t i = 0; i < count; i++)
        weights[i] = sned_random_uniform(random) < density ? (int8_t)range(random, -127, 127) : 0;
}

/* One Conv with one group. Its lane plan needs shapes and weights alone. */
static struct graph *make_graph(struct random *random)
{
    struct graph *graph;
    struct node *node;
    struct window w;
    int input, weights, output;
    const int most = range(random, 0, 2) ? 3 : 11;
    for (int axis = 0; axis < 2; axis++) {
        w.kernel[axis] = range(random, 1, most);
        w.stride[axis] = range(random, 0, 2) ? 1 : range(random, 2, 4);
        w.dilation[axis] = range(random, 0, 4) ? 1 : 2;
        w.pad_begin[axis] = range(random, 0, w.kernel[axis] / 2);
        w.pad_end[axis] = range(random, 0, w.kernel[axis] / 2);
    }
    const int64_t channels = range(random, 1, 12), filters = range(random, 1, 20);
    const struct shape in =
        sned_shape(4, (int64_t)1, channels, (int64_t)range(random, 21, 30), (int64_t)range(random, 21, 30));
    const struct shape kernel = sned_shape(4, filters, channels, (int64_t)w.kernel[0], (int64_t)w.kernel[1]);
    int8_t *values;
    MUST(sned_graph_new(&graph, "layer", error));
    MUST(sned_graph_add_tensor(graph, "in", TENSOR_F32, &in, NULL, &input, error));
    MUST(sned_alloc(&values, sned_shape_elements(&kernel), 1, error));
    fill_weights(random, values, sned_shape_elements(&kernel));
    MUST(sned_graph_add_tensor(graph, "weights", TENSOR_I8, &kernel, values, &weights, error));
    MUST(sned_graph_add_tensor(graph, "out", TENSOR_F32, &in, NULL, &output, error));
    MUST(sned_graph_add_node(graph, "conv", OP_CONV, (const int[]){input, weights}, 2, output, &node, error));
    node->u.conv.window = w;
    node->u.conv.groups = 1;
    graph->input = input;
    graph->outputs[0] = output;
    MUST(sned_graph_infer(graph, error));
    return graph;
}

enum { OUT_GAP = 100 }; /* bytes around the outputs that must stay */

/* ---- activations ---- */

/* In the layout that the feeder reads: channels after space-to-depth, rows `pitch` apart. */
static void fill_memory(struct rtl_layer *layer, struct random *random, const struct raster *raster,
                        const struct extent *in)
{
    const int phases = raster->stride[0] * raster->stride[1];
    const int height = layer->limit / layer->pitch;
    layer->base = range(random, 0, 200);
    layer->memory_size = (size_t)layer->base + (size_t)(in->channels * phases) * (size_t)layer->limit +
                         (size_t)raster->filters * (size_t)(raster->height * raster->pitch) + OUT_GAP;
    MUST(sned_alloc(&layer->memory, layer->memory_size, 1, error));
    for (size_t i = 0; i < layer->memory_size; i++)
        layer->memory[i] =
            (uint8_t)range(random, 0, 255); /* also where nothing is stored: it must not be seen */
    for (int c = 0; c < in->channels * phases; c++)
        for (int y = 0; y < height; y++)
            for (int x = 0; x < layer->width; x++) {
                const int pixel_y = y * raster->stride[0] + c % phases / raster->stride[1];
                const int pixel_x = x * raster->stride[1] + c % raster->stride[1];
                if (pixel_y >= in->height || pixel_x >= in->width)
                    layer->memory[layer->base + c * layer->limit + y * layer->pitch + x] = 0;
            }
}

static int16_t activation(const struct rtl_layer *layer, const struct raster_row *row, int place)
{
    const int y = place / layer->pitch + row->dy, x = place % layer->pitch + row->dx;
    if (y < 0 || y >= layer->limit / layer->pitch || x < 0 || x >= layer->width)
        return 0;
    const uint8_t byte = layer->memory[layer->base + row->channel * layer->limit + y * layer->pitch + x];
    return layer->is_signed ? (int8_t)byte : byte;
}

/* ---- sums ---- */

struct kept {
    int32_t *sums;
    size_t count, pixels;
};

static void keep(void *context, const int32_t *sums)
{
    struct kept *kept = context;
    memcpy(kept->sums + kept->count++ * 2 * kept->pixels, sums, 2 * kept->pixels * sizeof *sums);
}

static void expect_bin(struct rtl_layer *layer, const struct raster *raster, const struct lane_plan *plan,
                       int bin, const struct accel_config *config)
{
    const size_t pixels = (size_t)config->pixels, pairs = (size_t)(plan->start[bin + 1] - plan->start[bin]);
    struct kept kept = {.pixels = pixels};
    int16_t *rows = malloc((size_t)layer->row_count * pixels * sizeof *rows);
    MUST(sned_alloc(&kept.sums, (size_t)layer->tiles * pairs * 2 * pixels + 1, sizeof *kept.sums, error));
    for (int tile = 0; tile < layer->tiles; tile++) {
        for (int r = 0; r < layer->row_count; r++) {
            const int row = plan->live_count ? plan->live[r] : 0;
            for (size_t p = 0; p < pixels; p++)
                rows[(size_t)r * pixels + p] =
                    activation(layer, &raster->rows[row], tile * config->pixels + (int)p);
        }
        MUST(golden_lane_run(layer->items[bin], layer->counts[bin], rows, layer->row_count, config->half_rows,
                             config->pixels, keep, &kept, error));
    }
    free(rows);
    layer->sums[bin] = kept.sums;
    layer->sum_pairs[bin] = pairs;
}

static void make_bins(struct rtl_layer *layer, const struct raster *raster, const struct lane_plan *plan,
                      const int8_t *weights, const struct accel_config *config)
{
    layer->bins = plan->passes * config->lanes;
    const size_t bins = (size_t)layer->bins;
    MUST(sned_alloc(&layer->items, bins, sizeof *layer->items, error));
    MUST(sned_alloc(&layer->counts, bins, sizeof *layer->counts, error));
    MUST(sned_alloc(&layer->sums, bins, sizeof *layer->sums, error));
    MUST(sned_alloc(&layer->sum_pairs, bins, sizeof *layer->sum_pairs, error));
    for (int b = 0; b < layer->bins; b++) {
        MUST(stream_make(&layer->items[b], &layer->counts[b], plan, raster, weights, config, b, error));
        expect_bin(layer, raster, plan, b, config);
    }
}

/* ---- outputs ---- */

/* floor(v / 2^shift + 1/2), v small enough. */
static int scaled(int64_t value, int multiplier, int shift)
{
    return (int)((value * multiplier + ((int64_t)1 << (shift - 1))) >> shift);
}

static void write_outputs(struct rtl_layer *layer, const struct rtl_pair *pair, int f, int place,
                          const int32_t *sums, int pixels)
{
    for (int p = 0; p < pixels && place + p < layer->out_limit; p++) {
        const int value = scaled((int64_t)sums[p] + pair->bias[f], pair->multiplier[f], pair->shift[f]);
        const int clamped = value < layer->low ? layer->low : value > layer->high ? layer->high : value;
        layer->expected[pair->channel[f] + place + p] = (uint8_t)(pair->upper[f] ? clamped >> 8 : clamped);
    }
}

/* Scalings at random, about as large as the sums need. */
static void make_outputs(struct rtl_layer *layer, struct random *random, const struct raster *raster,
                         const struct lane_plan *plan, const struct accel_config *config)
{
    const int plane = raster->height * raster->pitch;
    const int first = (int)layer->memory_size - OUT_GAP / 2 - raster->filters * plane;
    const int wide = range(random, 0, 2) == 0; /* numbers of 16 bits, as scores have */
    layer->low = range(random, 0, 1) ? wide ? -32768 : -128 : 0;
    layer->high = layer->low ? -1 - layer->low : wide ? 32767 : 255;
    layer->out_limit = raster_pixels(raster);
    MUST(sned_alloc(&layer->pairs, (size_t)layer->bins, sizeof *layer->pairs, error));
    MUST(sned_alloc(&layer->expected, layer->memory_size, 1, error));
    memcpy(layer->expected, layer->memory, layer->memory_size);
    for (int b = 0; b < layer->bins; b++) {
        const size_t pairs = layer->sum_pairs[b], pixels = (size_t)config->pixels;
        MUST(sned_alloc(&layer->pairs[b], pairs + 1, sizeof **layer->pairs, error));
        for (size_t i = 0; i < pairs; i++) {
            struct rtl_pair *pair = &layer->pairs[b][i];
            pair->ends = i == pairs - 1;
            for (int f = 0; f < 2; f++) {
                const int filter = plan->pairs[plan->order[plan->start[b] + (int)i]].filters[f];
                pair->used[f] = filter >= 0;
                pair->upper[f] = range(random, 0, 2) == 0;
                pair->multiplier[f] = range(random, 1 << 15, (1 << 16) - 1);
                pair->shift[f] = range(random, 20, 30);
                pair->bias[f] = range(random, -100000, 100000);
                pair->channel[f] = filter >= 0 ? first + filter * plane : 0;
                for (int tile = 0; filter >= 0 && tile < layer->tiles; tile++)
                    write_outputs(layer, pair, f, tile * config->pixels,
                                  layer->sums[b] + (((size_t)tile * pairs + i) * 2 + (size_t)f) * pixels,
                                  config->pixels);
            }
        }
    }
}

void rtl_layer_make(struct rtl_layer *layer, uint64_t seed, const struct accel_config *config)
{
    struct random random;
    struct raster raster;
    struct lane_plan plan;
    struct node_cycles cycles;
    sned_random_seed(&random, seed, 7);
    struct graph *graph = make_graph(&random);
    const struct extent in = sned_shape_extent(&graph->tensors[graph->input].shape);
    const int8_t *weights = graph->tensors[graph->nodes[0].inputs[1]].data;
    MUST(raster_of(&raster, graph, &graph->nodes[0], error));
    MUST(lane_plan_make(&plan, &raster, weights, config, false, error));
    const int height = (in.height + raster.stride[0] - 1) / raster.stride[0];
    *layer = (struct rtl_layer){.is_signed = range(&random, 0, 1),
                                .pitch = raster.pitch,
                                .width = (in.width + raster.stride[1] - 1) / raster.stride[1],
                                .limit = height * raster.pitch,
                                .passes = plan.passes,
                                .tiles = (raster_pixels(&raster) + config->pixels - 1) / config->pixels,
                                .halves = plan.halves,
                                .row_count = plan.live_count ? plan.live_count : 1};
    layer->last_rows = layer->row_count - (layer->halves - 1) * config->half_rows;
    MUST(sned_alloc(&layer->rows, (size_t)layer->row_count, sizeof *layer->rows, error));
    for (int r = 0; r < layer->row_count; r++) {
        const struct raster_row row = raster.rows[plan.live_count ? plan.live[r] : 0];
        layer->rows[r] = (struct rtl_row){row.channel * layer->limit, row.dy * layer->pitch + row.dx, row.dx};
    }
    fill_memory(layer, &random, &raster, &in);
    make_bins(layer, &raster, &plan, weights, config);
    make_outputs(layer, &random, &raster, &plan, config);
    struct accel_config fast = *config;
    MUST(cycles_of_conv(&cycles, graph, &graph->nodes[0], config, error));
    layer->model_cycles = (long)cycles.cycles;
    fast.collectors = 0;
    MUST(cycles_of_conv(&cycles, graph, &graph->nodes[0], &fast, error));
    layer->model_cycles_alone = (long)cycles.cycles;
    lane_plan_free(&plan);
    raster_free(&raster);
    sned_graph_free(graph);
}

void rtl_layer_describe(uint8_t descriptor[DESCRIPTOR_BYTES], const struct rtl_layer *layer, int pass, int first,
                        int tiles, const struct accel_config *config)
{
    const int pixel = first * config->pixels;
    struct descriptor d = {.unit = CODE_CONV,
                           .u.conv = {.is_signed = layer->is_signed,
                                      .base = layer->base,
                                      .limit = layer->limit,
                                      .pitch = layer->pitch,
                                      .width = layer->width,
                                      .step = config->pixels % layer->pitch,
                                      .first = pixel,
                                      .first_column = pixel % layer->pitch,
                                      .tiles = tiles,
                                      .halves = layer->halves,
                                      .last_rows = layer->last_rows,
                                      .out_base = pixel,
                                      .out_limit = layer->out_limit - pixel,
                                      .low = layer->low,
                                      .high = layer->high}};
    const char *field;
    for (int l = 0; l < config->lanes; l++)
        d.u.conv.active |= (int64_t)(layer->sum_pairs[pass * config->lanes + l] != 0) << l;
    descriptor_pack(descriptor, &d, &field);
}

void rtl_layer_free(struct rtl_layer *layer)
{
    for (int b = 0; b < layer->bins; b++) {
        free(layer->items[b]);
        free(layer->sums[b]);
        free(layer->pairs[b]);
    }
    free(layer->items);
    free(layer->counts);
    free(layer->sums);
    free(layer->sum_pairs);
    free(layer->pairs);
    free(layer->expected);
    free(layer->rows);
    free(layer->memory);
}
