/*
 * blocks.c - shared, a block of channels at a time: the lines of 64 outputs (lines.c) are copied for so many
 * channels as the first cache holds, and all filters take what they need of them there: from the second one
 * lines come more slowly than they can be multiplied (docs/engine.md has both). Sums go to memory and back
 * for each block, 20 lines of the cache for five filters, about a tenth of what a list takes.
 *
 *     of 64 outputs:   block 0    copy lines    filters 0 to 4: sums = start + ..
 *                                               filters 5 to 9: sums = start + ..   and so on
 *                      block 1    copy lines    filters 0 to 4: sums += ..          and so on
 *                      the last   likewise; and sums become outputs
 */
#include "runtime/conv/conv.h"

enum {
    BLOCK_LINES = 512, /* 32 KB of the first cache's 32 to 48 */
    WHOLE_LINES = 600, /* what is not more is one block, whose sums need not go to memory and back */
    MOST_LINES = (UINT16_MAX + 1) * LINE_UNIT / LINE_PIXELS,
    MOST_TILES = 104,   /* whose sums stay in the second one */
    STRETCH_TILES = 24, /* of a task, for which it is worth to copy lines */
};

bool sned_conv_cut_blocks(struct conv_layer *conv)
{
    const size_t taps = sned_conv_tap_count(conv), lines = (size_t)conv->group_channels * taps;
    const int most = lines <= WHOLE_LINES ? 1 : (int)((lines + BLOCK_LINES - 1) / BLOCK_LINES);
    const int blocks = most < conv->group_channels ? most : conv->group_channels;
    conv->block_channels = (conv->group_channels + blocks - 1) / blocks;
    conv->blocks = (conv->group_channels + conv->block_channels - 1) / conv->block_channels;
    return (size_t)conv->block_channels * taps <= MOST_LINES;
}

int sned_conv_channels_of(const struct conv_layer *conv, int block)
{
    const int left = conv->group_channels - block * conv->block_channels;
    return left < conv->block_channels ? left : conv->block_channels;
}

/* Of a block, and a group. */
static int block_tiles(const struct conv_layer *conv)
{
    return conv->tile_count / conv->groups / conv->blocks;
}

static int stretches_of(const struct conv_layer *conv)
{
    return (block_tiles(conv) + STRETCH_TILES - 1) / STRETCH_TILES;
}

static size_t lines_size(const struct conv_layer *conv)
{
    return (size_t)conv->block_channels * sned_conv_tap_count(conv) * LINE_PIXELS;
}

/* Where sums need not wait for a next block, those of one tile do. */
size_t sned_conv_blocks_size(const struct conv_layer *conv)
{
    const int tiles = block_tiles(conv), most = tiles < MOST_TILES ? tiles : MOST_TILES;
    return lines_size(conv) + (size_t)(conv->blocks > 1 ? most : 1) * sizeof(struct line_sums);
}

int sned_conv_block_tasks(const struct conv_layer *conv)
{
    return conv->row_tiles * conv->groups * stretches_of(conv);
}

/* Of 64 outputs, those of some tiles of filters, [first, first + count) of each block of a group. */
struct line_stretch {
    int group, first, count;
    size_t pixels; /* 64 times this, the first */
};

/* `tile`: of the first block, which knows how its filters' sums end; `pixels`: 64 times this, the first. */
static void end_tile(const struct step *step, const struct step_work *work, const struct filter_tile *tile,
                     const struct line_sums *sums, size_t pixels)
{
    const struct conv_layer *conv = step->state;
    const size_t first = pixels * LINE_PIXELS, plane = conv->output.plane;
    const size_t all = (size_t)conv->output.extent.height * (size_t)conv->output.extent.width;
    const size_t left = all - first, count = left < LINE_PIXELS ? left : LINE_PIXELS;
    const size_t size = value_size(conv->output.type);
    const struct quad_ends ends = conv_ends(step, tile);
    uint8_t *channel = (uint8_t *)work->outputs[0] + (size_t)tile->filter * plane * size;
    if (!conv->frame.is_there) {
        step->micro->end_shared(channel + first * size, plane, count, sums, tile->list.filters, &ends);
        return;
    }
    uint8_t outputs[SET_FILTERS * LINE_PIXELS * sizeof(int16_t) + MICRO_OVER_READ];
    step->micro->end_shared(outputs, LINE_PIXELS, count, sums, tile->list.filters, &ends);
    for (int f = 0; f < tile->list.filters; f++)
        sned_conv_make_framed(step, tile->filter + f, channel + (size_t)f * plane * size,
                              outputs + (size_t)f * LINE_PIXELS * size, first, count);
}

/* A block's lines. */
static void copy_lines(const struct conv_layer *conv, const struct micro_kernels *micro, uint8_t *to,
                       const struct line_source *source, int block)
{
    struct tap_lines lines = source->lines;
    lines.channels = (size_t)sned_conv_channels_of(conv, block);
    micro->lines(to, source->first + (size_t)block * (size_t)conv->block_channels * lines.step, &lines);
}

/* `has_lines`: of the only block. */
static void run_stretch(const struct step *step, const struct step_work *work, struct line_stretch of,
                        bool has_lines)
{
    const struct conv_layer *conv = step->state;
    const struct micro_kernels *micro = step->micro;
    const uint8_t *planes = sned_conv_is_direct(conv) ? work->inputs[0] : work->scratch;
    const int tiles = block_tiles(conv);
    const struct filter_tile *begun = conv->tiles + of.group * conv->blocks * tiles + of.first, *tile = begun;
    uint8_t *lines = work->own;
    struct line_sums *all = (struct line_sums *)(void *)(lines + lines_size(conv));
    struct line_source source;
    if (!has_lines)
        sned_conv_find_lines(&source, conv, planes, of.group, of.pixels);
    for (int block = 0; block < conv->blocks; block++, tile += tiles) {
        if (!has_lines)
            copy_lines(conv, micro, lines, &source, block);
        for (int t = 0; t < of.count; t++) {
            struct line_sums *sums = &all[conv->blocks > 1 ? t : 0];
            micro->add_shared[micro->bytes](sums, lines, &tile[t].list);
            if (block == conv->blocks - 1)
                end_tile(step, work, &begun[t], sums, of.pixels);
        }
    }
}

/* Tasks that follow each other have the same lines, up to the last one of these: they are copied once for as
 * many of their tiles as there is room for sums. */
void sned_conv_run_blocks(const struct step *step, const struct step_work *work, int first, int end)
{
    const struct conv_layer *conv = step->state;
    const int stretches = stretches_of(conv), tiles = block_tiles(conv);
    for (int task = first, next; task < end; task = next) {
        const int place = task / stretches, behind = (place + 1) * stretches;
        next = behind < end ? behind : end;
        const int from = tiles * (task % stretches) / stretches;
        const int to = tiles * (next - place * stretches) / stretches;
        for (int t = from; t < to; t += MOST_TILES)
            run_stretch(step, work,
                        (struct line_stretch){.group = place % conv->groups,
                                              .first = t,
                                              .count = to - t < MOST_TILES ? to - t : MOST_TILES,
                                              .pixels = (size_t)(place / conv->groups)},
                        conv->blocks == 1 && t > from);
    }
}
