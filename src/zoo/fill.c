/*
 * fill.c - random weights, and random masks of an exact density.
 */
#include "base/memory.h"
#include "base/random.h"
#include "base/thread.h"
#include "zoo/build.h"

#include <math.h>
#include <stdlib.h>

/* Streams of one seed (base/random.h): a layer's masks, and its weights in pieces, so that several threads
 * fill them and the numbers are the same for any number of threads. */
enum { FILL_PIECE = 1 << 16 };

static uint64_t stream_of(int layer, uint64_t piece)
{
    return ((uint64_t)layer + 1) << 32 | piece;
}

struct fill {
    float *weights;
    size_t count;
    float deviation;
    uint64_t seed;
    int layer;
};

static sned_status fill_piece(void *argument, size_t index, sned_error *error)
{
    const struct fill *fill = argument;
    size_t begin = index * FILL_PIECE;
    size_t end = begin + FILL_PIECE < fill->count ? begin + FILL_PIECE : fill->count;
    struct random random;
    sned_random_seed(&random, fill->seed, stream_of(fill->layer, index + 1));
    for (size_t i = begin; i < end; i++)
        fill->weights[i] = fill->deviation * sned_random_normal(&random);
    return SNED_OK;
}

/* He et al. 2015, equation 10: variance 2 / fan-in. */
sned_status fill_he(float *weights, size_t count, size_t fan_in, uint64_t seed, int layer, sned_error *error)
{
    struct fill fill = {weights, count, sqrtf(2.0f / (float)fan_in), seed, layer};
    return sned_parallel_for(sned_thread_count(), (count + FILL_PIECE - 1) / FILL_PIECE, fill_piece, &fill,
                             error);
}

/* ---- masks ---- */

/* A layer's weights as a grid of blocks: [block rows][block columns][positions in the kernel]. */
struct grid {
    size_t filters, channels, positions; /* of the weights */
    size_t height, width;                /* of a block, in output and input channels */
    size_t rows, columns;
};

static struct grid grid_of(const struct shape *shape, const int block[2])
{
    struct grid grid = {.filters = (size_t)shape->dim[0], .channels = (size_t)shape->dim[1], .positions = 1};
    for (int i = 2; i < shape->rank; i++)
        grid.positions *= (size_t)shape->dim[i];
    grid.height = block[0] > 0 ? (size_t)block[0] : 1;
    grid.width = block[1] > 0 ? (size_t)block[1] : 1;
    grid.rows = (grid.filters - 1) / grid.height + 1;
    grid.columns = (grid.channels - 1) / grid.width + 1;
    return grid;
}

static size_t element(const struct grid *grid, size_t filter, size_t channel, size_t position)
{
    return (filter * grid->channels + channel) * grid->positions + position;
}

/* Chooses in the first filter of each row of blocks, at the first channel of each block; algorithm S of Knuth
 * (volume 2, 3.4.2): each block in turn is kept with probability kept left / blocks left. */
static void choose_blocks(uint8_t *mask, const struct grid *grid, float density, struct random *random)
{
    size_t blocks = grid->rows * grid->columns * grid->positions;
    size_t keep = (size_t)llround((double)density * (double)blocks);
    keep = keep > 0 ? keep : 1;
    for (size_t row = 0; row < grid->rows; row++)
        for (size_t column = 0; column < grid->columns; column++)
            for (size_t position = 0; position < grid->positions; position++, blocks--) {
                bool kept = sned_random_below(random, (uint32_t)blocks) < keep;
                keep -= kept;
                mask[element(grid, row * grid->height, column * grid->width, position)] = kept;
            }
}

/* Every other weight has the mask of its block's corner. */
static void spread_blocks(uint8_t *mask, float *weights, const struct grid *grid)
{
    for (size_t filter = 0; filter < grid->filters; filter++)
        for (size_t channel = 0; channel < grid->channels; channel++)
            for (size_t position = 0; position < grid->positions; position++) {
                size_t i = element(grid, filter, channel, position);
                mask[i] = mask[element(grid, filter - filter % grid->height, channel - channel % grid->width,
                                       position)];
                if (!mask[i])
                    weights[i] = 0.0f;
            }
}

sned_status prune_randomly(uint8_t **mask, float *weights, const struct shape *shape, float density,
                           const int block[2], uint64_t seed, int layer, sned_error *error)
{
    struct grid grid = grid_of(shape, block);
    struct random random;
    SNED_TRY(sned_alloc(mask, sned_shape_elements(shape), 1, error));
    sned_random_seed(&random, seed, stream_of(layer, 0));
    choose_blocks(*mask, &grid, density, &random);
    spread_blocks(*mask, weights, &grid);
    return SNED_OK;
}
