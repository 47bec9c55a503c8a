/*
 * geometry.c - where the pixels of a convolution lie: planes, taps and tiles.
 *
 * The padding on the right of a row may be that on the left of the next one, which holds the same zeros. So
 * rows stand as close as they can, and fewer columns are computed for nothing:
 *
 *     0 0 0 0 0 0
 *     0 a b c d e
 *     0 f g h i j      a 3x3 kernel with padding on 5 columns: 6 pixels from row to row, not 7
 *     ..
 *     0 0 0 0 0 0 0    and one more behind the last row
 */
#include "runtime/conv/conv.h"
#include "base/memory.h"

/* Pixels of a tile: the sums, and of sparse the rows that they read, stay in the first cache. */
enum {
    TAPS_PIXELS = 1024,
    DENSE_PIXELS = 256,
    SPARSE_PIXELS = 1024,
    SPARSE_LEAST = 384,
    SPARSE_BYTES = 32768,
    LANES_TASKS = 32,   /* filter lanes: of few tiles of filters threads want some more */
    LANES_QUADS = 8192, /* but not of next to nothing: quads of all pixels of a tile */
    LANES_LEAST = 28
};

enum {
    LANES = 16,
    SPARSE_LANES = 64 /* pixels that costs are of; of narrow vectors half as many */,
    LINE = 64
};

bool sned_conv_is_channels(const struct conv_layer *conv)
{
    return conv->form == CONV_DENSE || conv->form == CONV_FILTER_LANES;
}

static bool is_dense(const struct conv_layer *conv)
{
    return sned_conv_is_channels(conv) || conv->form == CONV_DENSE_PHASES;
}

bool sned_conv_is_sparse(const struct conv_layer *conv)
{
    return conv->form == CONV_SPARSE || conv->form == CONV_SHARED;
}

bool sned_conv_is_bytes(const struct conv_layer *conv)
{
    return sned_conv_is_sparse(conv) || conv->form == CONV_SLIDING;
}

size_t sned_conv_pixel_size(const struct conv_layer *conv)
{
    return conv->form == CONV_TAPS ? sizeof(int16_t) : is_dense(conv) ? 4 : 1;
}

size_t sned_conv_group_size(const struct conv_layer *conv)
{
    return (size_t)conv->planes.count * conv->planes.pixels * sned_conv_pixel_size(conv);
}

size_t sned_conv_planes_size(const struct conv_layer *conv)
{
    return (size_t)conv->groups * sned_conv_group_size(conv);
}

bool sned_conv_is_flat(const struct conv_layer *conv)
{
    const struct window *window = &conv->window;
    for (int axis = 0; axis < 2; axis++)
        if (window->kernel[axis] != 1 || window->stride[axis] != 1 || window->pad_begin[axis] ||
            window->pad_end[axis])
            return false;
    return true;
}

bool sned_conv_has_lines_in_image(const struct conv_layer *conv)
{
    const struct window *window = &conv->window;
    return !conv->flip && window->stride[0] == 1 && window->stride[1] == 1 && !sned_conv_is_flat(conv) &&
           conv->input.extent.width == conv->output.extent.width && sned_conv_tap_count(conv) <= MOST_INSIDE;
}

/* Whether planes of bytes are the image, whose channels lie as far apart: there is no padding, nor a stride
 * that splits them. Of groups some are laid out one by one. */
static bool has_planes_of_image(const struct conv_layer *conv)
{
    bool has = (conv->form == CONV_SPARSE || conv->form == CONV_SLIDING) &&
               (conv->groups == 1 || sned_conv_is_flat(conv)) &&
               conv->planes.pitch == (size_t)conv->input.extent.width &&
               conv->planes.pixels == conv->input.plane;
    for (int axis = 0; axis < 2; axis++)
        has = has && conv->window.stride[axis] == 1 && !conv->window.pad_begin[axis];
    return has;
}

bool sned_conv_is_direct(const struct conv_layer *conv)
{
    if (conv->input.in_quads)
        return true;
    if (conv->form == CONV_SHARED && sned_conv_has_lines_in_image(conv))
        return true;
    if (conv->flip)
        return false;
    return conv->form == CONV_SHARED ? sned_conv_is_flat(conv) : has_planes_of_image(conv);
}

/* How many pixels of `phase` lie before the image, and before its end. */
static void span(const struct conv_layer *conv, int axis, int phase, size_t *before, size_t *within)
{
    const int64_t size = axis ? conv->input.extent.width : conv->input.extent.height;
    const int64_t stride = conv->window.stride[axis], at = (int64_t)phase - conv->window.pad_begin[axis];
    *before = (size_t)(at >= 0 ? 0 : (stride - 1 - at) / stride);
    *within = (size_t)(at >= size ? 0 : (size - at + stride - 1) / stride);
}

static struct axis_span find_inside(const struct conv_layer *conv, int axis, int phase)
{
    const size_t length = axis ? conv->planes.pitch : conv->planes.height;
    struct axis_span inside;
    span(conv, axis, phase, &inside.first, &inside.end);
    inside.end = inside.end < length ? inside.end : length;
    inside.first = inside.first < inside.end ? inside.first : inside.end;
    return inside;
}

struct axis_span sned_conv_inside(const struct conv_layer *conv, int axis, int phase)
{
    return phase < STORED_PHASES ? conv->planes.inside[axis][phase] : find_inside(conv, axis, phase);
}

/* The least for which what lies behind a row's end is padding there and on the left of the next row. */
static size_t least_pitch(const struct conv_layer *conv)
{
    size_t left = SIZE_MAX, pitch = (size_t)conv->output.extent.width;
    for (int phase = 0; phase < conv->planes.phases[1]; phase++) {
        size_t before, within;
        span(conv, 1, phase, &before, &within);
        left = before < left ? before : left;
        pitch = within > pitch ? within : pitch;
    }
    const size_t width = conv->planes.width, needed = width > left ? width - left : 0;
    pitch = needed > pitch ? needed : pitch;
    return pitch < width ? pitch : width;
}

/* Planes of a group, and bytes of all. */
static bool count_planes(struct conv_layer *conv)
{
    struct conv_planes *planes = &conv->planes;
    const size_t phases = (size_t)planes->phases[0] * (size_t)planes->phases[1];
    const size_t channels = (size_t)conv->group_channels;
    size_t count, total;
    if (sned_conv_is_channels(conv))
        count = (channels + 3) / 4 * phases;
    else if (conv->form == CONV_DENSE_PHASES)
        count = (channels * phases + 3) / 4;
    else
        count = channels * phases;
    if (!sned_size_multiply(planes->height, planes->pitch, &planes->pixels) || planes->pixels > INT32_MAX)
        return false;
    planes->pixels =
        conv->input.in_quads ? conv->input.plane : planes->pixels + planes->width - planes->pitch;
    if (sned_conv_is_sparse(conv) && sned_conv_is_flat(conv)) /* loads that cross no lines of the cache */
        planes->pixels = ((planes->pixels + LINE - 1) / LINE | 1) * LINE; /* and an odd number of these */
    if (!sned_size_multiply(count * (size_t)conv->groups, planes->pixels, &total) || total > INT32_MAX)
        return false;
    planes->count = (int)count;
    return true;
}

static size_t most_lane_pixels(const struct conv_layer *conv)
{
    const size_t tiles =
        ((size_t)conv->group_filters + FILTER_LANES - 1) / FILTER_LANES * (size_t)conv->groups;
    const size_t taps = (size_t)conv->window.kernel[0] * (size_t)conv->window.kernel[1];
    const size_t pixels = (size_t)conv->output.extent.height * (size_t)conv->output.extent.width;
    const size_t of_task = pixels * tiles / LANES_TASKS;
    const size_t worth = LANES_QUADS / (((size_t)conv->group_channels + 3) / 4 * taps);
    const size_t least = worth < LANES_LEAST ? LANES_LEAST : worth, most = of_task < least ? least : of_task;
    return most < DENSE_PIXELS ? most : DENSE_PIXELS;
}

static size_t most_pixels(const struct conv_layer *conv)
{
    if (conv->form == CONV_FILTER_LANES)
        return most_lane_pixels(conv);
    if (conv->form != CONV_SPARSE)
        return is_dense(conv) ? DENSE_PIXELS : TAPS_PIXELS;
    const size_t fitting = SPARSE_BYTES / (size_t)conv->group_channels;
    return fitting < SPARSE_LEAST ? SPARSE_LEAST : fitting < SPARSE_PIXELS ? fitting : SPARSE_PIXELS;
}

static bool is_near(const struct conv_layer *conv)
{
    return conv->slide[0] == 1 && conv->slide[1] == 1;
}

bool sned_conv_joins_rows(const struct conv_layer *conv)
{
    return conv->joins_rows && conv->form != CONV_FILTER_LANES &&
           (conv->form == CONV_SPARSE || is_dense(conv));
}

sned_status sned_conv_find_kept(struct conv_layer *conv, sned_error *error)
{
    enum { BITS = 64 };
    const size_t pitch = conv->planes.pitch, pixels = (size_t)conv->rows * pitch;
    SNED_TRY(sned_alloc(&conv->kept, pixels / BITS + 2, sizeof *conv->kept, error));
    for (size_t i = 0; i < pixels; i++)
        if (i % pitch < (size_t)conv->output.extent.width)
            conv->kept[i / BITS] |= (uint64_t)1 << i % BITS;
    return SNED_OK;
}

bool sned_conv_is_one_row(const struct conv_layer *conv)
{
    /* Filter lanes compute no pixels between rows. */
    if (sned_conv_joins_rows(conv) || conv->form == CONV_FILTER_LANES)
        return is_near(conv) && conv->planes.pitch == (size_t)conv->output.extent.width;
    return is_near(conv);
}

size_t sned_conv_sums_pitch(const struct conv_layer *conv)
{
    return sned_conv_is_one_row(conv) ? conv->planes.pitch : (size_t)conv->output.extent.width;
}

size_t sned_conv_tile_pixels(const struct conv_layer *conv, size_t rows)
{
    return (rows - 1) * sned_conv_sums_pitch(conv) + (size_t)conv->output.extent.width;
}

/* Pixels that filter lanes compute of so many rows: in pairs of runs. */
static size_t lane_pixels(const struct conv_layer *conv, size_t rows)
{
    const size_t width = (size_t)conv->output.extent.width * (sned_conv_is_one_row(conv) ? rows : 1);
    const size_t of_row = (width + LANE_RUN - 1) / LANE_RUN, run = (width + of_row - 1) / of_row;
    const size_t runs = (sned_conv_is_one_row(conv) ? 1 : rows) * of_row;
    return runs / 2 * 2 * run + runs % 2 * ((run + 1) / 2 * 2);
}

/* Pixels of a tile of so many rows that are one, or are joined: of dense rows of whole vectors no others. */
static size_t summed_pixels(const struct conv_layer *conv, size_t rows)
{
    const size_t width = (size_t)conv->output.extent.width;
    const bool has_gaps = sned_conv_joins_rows(conv) && (conv->form == CONV_SPARSE || width % LANES);
    return has_gaps ? (rows - 1) * conv->planes.pitch + width : sned_conv_tile_pixels(conv, rows);
}

/* Vectors of a filter's sums in all tiles, if a tile had so many rows. */
static size_t vectors_of(const struct conv_layer *conv, size_t rows)
{
    const size_t lanes = (sned_conv_is_sparse(conv) ? SPARSE_LANES : LANES) / (conv->is_narrow ? 2 : 1);
    const size_t height = (size_t)conv->output.extent.height, whole = height / rows, rest = height % rows;
    if (conv->form == CONV_FILTER_LANES)
        return whole * lane_pixels(conv, rows) + (rest ? lane_pixels(conv, rest) : 0);
    if (conv->form == CONV_SHARED)
        return (size_t)conv->row_tiles;
    if (!sned_conv_is_one_row(conv) && !sned_conv_joins_rows(conv))
        return height * (((size_t)conv->output.extent.width + lanes - 1) / lanes);
    const size_t of_whole = (summed_pixels(conv, rows) + lanes - 1) / lanes;
    return whole * of_whole + (rest ? (summed_pixels(conv, rest) + lanes - 1) / lanes : 0);
}

double sned_conv_vectors(const struct conv_layer *conv)
{
    return (double)vectors_of(conv, (size_t)conv->rows) / (conv->is_narrow ? 2 : 1);
}

/* The rows of a tile that leave least of the vectors unused; a tile by itself costs as much as a vector. */
static void choose_rows(struct conv_layer *conv)
{
    const size_t height = (size_t)conv->output.extent.height, most = most_pixels(conv);
    size_t least = SIZE_MAX;
    if (conv->form == CONV_SHARED) {
        conv->rows = 1;
        conv->row_tiles = (int)((height * (size_t)conv->output.extent.width + LINE_PIXELS - 1) / LINE_PIXELS);
        return;
    }
    for (size_t rows = 1; rows <= height; rows++) {
        if (rows > 1 && summed_pixels(conv, rows) > most)
            break;
        const size_t tiles = (height + rows - 1) / rows, vectors = vectors_of(conv, rows) + tiles;
        if (vectors <= least) {
            conv->rows = (int)rows;
            conv->row_tiles = (int)tiles;
            least = vectors;
        }
    }
}

bool sned_conv_lay_out(struct conv_layer *conv)
{
    const struct window *window = &conv->window;
    const size_t outputs[2] = {(size_t)conv->output.extent.height, (size_t)conv->output.extent.width};
    size_t reach[2];
    for (int axis = 0; axis < 2; axis++) {
        const size_t stride = (size_t)window->stride[axis],
                     size = (size_t)(window->kernel[axis] - 1) * (size_t)window->dilation[axis] + 1;
        reach[axis] = (outputs[axis] - 1) * (size_t)conv->slide[axis] + (size + stride - 1) / stride;
        conv->planes.phases[axis] = (int)(size < stride ? size : stride);
    }
    conv->planes.height = reach[0];
    conv->planes.width = reach[1];
    conv->planes.pitch = conv->input.in_quads ? (size_t)conv->input.extent.width : least_pitch(conv);
    if (!count_planes(conv))
        return false;
    for (int axis = 0; axis < 2; axis++)
        for (int phase = 0; phase < STORED_PHASES; phase++)
            conv->planes.inside[axis][phase] = find_inside(conv, axis, phase);
    choose_rows(conv);
    return true;
}

/* Pixels of 1x1 lie as the image's, or every few of them, and there is no padding. Filter lanes take them as
 * far apart as they are. */
bool sned_conv_can_take_quads(const struct conv_layer *conv)
{
    const struct window *window = &conv->window;
    bool can = sned_conv_is_channels(conv) && !conv->flip && conv->groups == 1 &&
               conv->group_channels % 4 == 0 && conv->input.span <= INT32_MAX;
    for (int axis = 0; axis < 2; axis++)
        can = can && window->kernel[axis] == 1 && !window->pad_begin[axis] && !window->pad_end[axis] &&
              window->stride[axis] <= (conv->form == CONV_FILTER_LANES ? (int)SLIDING_STRIDE : 1);
    return can;
}

/* Lists stay as they are, but for how far planes are apart. */
void sned_conv_take_quads(struct conv_layer *conv)
{
    const size_t pixels = conv->planes.pixels;
    for (int axis = 0; axis < 2; axis++) {
        conv->slide[axis] *= conv->window.stride[axis];
        conv->window.stride[axis] = 1;
    }
    sned_conv_lay_out(conv);
    for (int t = 0; t < conv->tile_count; t++) {
        uint32_t *offsets = conv->offsets + (conv->tiles[t].list.offsets - conv->offsets);
        for (size_t q = 0; q < conv->tiles[t].list.count; q++)
            offsets[q] = (uint32_t)(offsets[q] / pixels * conv->planes.pixels);
    }
}

size_t sned_conv_tap_count(const struct conv_layer *conv)
{
    return (size_t)conv->window.kernel[0] * (size_t)conv->window.kernel[1];
}

size_t sned_conv_tile_bytes(const struct conv_layer *conv)
{
    const size_t halo = conv->planes.height - (size_t)conv->output.extent.height;
    const size_t rows = (size_t)conv->rows + (conv->slide[0] == 1 ? halo : 0);
    return (size_t)conv->planes.count * rows * conv->planes.pitch * sned_conv_pixel_size(conv);
}

double sned_conv_beyond_near(const struct conv_layer *conv)
{
    enum { NEAR_BYTES = 32 << 10 };
    const double beyond = (double)sned_conv_tile_bytes(conv) / NEAR_BYTES - 1;
    return beyond < 0 ? 0 : beyond;
}

static int phase_count(const struct conv_layer *conv)
{
    return conv->planes.phases[0] * conv->planes.phases[1];
}

uint32_t sned_conv_tap_offset(const struct conv_layer *conv, int channel, int row, int column)
{
    const struct window *window = &conv->window;
    const size_t y = (size_t)row * (size_t)window->dilation[0],
                 x = (size_t)column * (size_t)window->dilation[1];
    const size_t dy = y / (size_t)window->stride[0], dx = x / (size_t)window->stride[1];
    const size_t phase =
        y % (size_t)window->stride[0] * (size_t)conv->planes.phases[1] + x % (size_t)window->stride[1];
    const size_t phases = (size_t)phase_count(conv);
    size_t plane = (size_t)channel * phases + phase;
    if (sned_conv_is_channels(conv))
        plane = (size_t)channel / 4 * phases + phase;
    else if (conv->form == CONV_DENSE_PHASES)
        plane /= 4;
    return (uint32_t)(plane * conv->planes.pixels + dy * conv->planes.pitch + dx);
}

bool sned_conv_source(const struct conv_layer *conv, int plane, int lane, int *channel, int phase[2])
{
    const int phases = phase_count(conv);
    int index = plane; /* channel * phases + phase */
    if (phases == 1) {
        *channel = is_dense(conv) ? plane * 4 + lane : plane;
        phase[0] = phase[1] = 0;
        return *channel < conv->group_channels;
    }
    if (sned_conv_is_channels(conv))
        index = (plane / phases * 4 + lane) * phases + plane % phases;
    else if (conv->form == CONV_DENSE_PHASES)
        index = plane * 4 + lane;
    *channel = index / phases;
    phase[0] = index % phases / conv->planes.phases[1];
    phase[1] = index % conv->planes.phases[1];
    return *channel < conv->group_channels;
}
