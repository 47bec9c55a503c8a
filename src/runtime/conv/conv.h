/*
 * conv.h - a convolution as the runtime does it: no work for what is zero, in one of several forms.
 *
 *     input [C][H][W] -- phase 0 -> planes, in scratch -- phase 1 -> sums of a tile -> output [K][H'][W']
 *
 * The input is first laid out in planes with its padding, one for each channel and each phase of the stride:
 * with stride 2, the pixels of even rows and even columns are one plane, and so on (geometry.c, planes.c). On
 * these planes any convolution has stride 1, and a kernel's tap is a constant distance in memory. A tile,
 * some rows of a few filters, is the sum of rows of pixels at such distances, each times a weight: long loops
 * over adjacent pixels, which are micro-kernels. Columns between the output's width and the planes' are
 * computed and thrown away.
 *
 *     form            a pixel of a plane          a filter's list                for
 *     taps            int16                       pairs of taps                  activations of 16 bits
 *     dense           bytes of four channels      quads that are of use to some  many weights, and blocks
 *                                                 filter of the tile             of four inputs
 *     dense phases    bytes of four, whatever     likewise                       the same, of few channels
 *                     channels and phases
 *     filter lanes    as dense                    likewise, of up to 32 filters  small images; lanes are
 *                                                                                filters and not pixels
 *     sparse          byte                        quads of any four taps         few weights, blocks of 2
 *                                                                                or 4 filters
 *     shared          byte; taps are copied       quads of any four taps, each   few weights, as they come
 *                     for 64 outputs              for some of the filters
 *     sliding         byte; planes are not        quads of four taps that are    first layers
 *                     split by the stride         neighbours in a row
 *     depthwise       (there are no planes)       quads of all taps              depthwise
 *
 * Depthwise convolutions may do without planes (depthwise.c). Else, where each group is one tile, there is
 * one phase: a task lays a group's planes out in its thread's own memory, where they stay in the cache, and
 * computes the tile.
 *
 * Shared reads 64 pixels of four taps at once, which would cross lines of the cache. So what 64 outputs take
 * of each tap is first copied, to a line each (lines.c), of so many channels at a time as the first cache
 * holds (blocks.c): a block, with tiles of its own, which go on with the sums of those before.
 *
 * What is listed has a weight that is not 0. Which form a layer takes is told by what each would cost
 * (form.c); activations of 16 bits have taps alone.
 */
#ifndef SNED_RUNTIME_CONV_CONV_H
#define SNED_RUNTIME_CONV_CONV_H

#include "runtime/kernel.h"

enum conv_form {
    CONV_TAPS,
    CONV_DENSE,
    CONV_DENSE_PHASES,
    CONV_FILTER_LANES,
    CONV_SPARSE,
    CONV_SHARED,
    CONV_SLIDING,
    CONV_DEPTHWISE,
    CONV_FORMS
};

const char *sned_conv_form_name(enum conv_form form); /* form.c: "taps", "dense", ... */

enum { STORED_PHASES = 2 };

/* The pixels [first, end) of an axis of a plane that lie in the image; the others are padding. */
struct axis_span {
    size_t first, end;
};

struct conv_planes {
    int phases[2];                             /* that a tap can fall on: at most the stride */
    size_t height, width;                      /* of a plane, as far as windows reach */
    size_t pitch;                              /* pixels from one row to the next */
    size_t pixels;                             /* of a plane */
    int count;                                 /* planes of a group of channels */
    struct axis_span inside[2][STORED_PHASES]; /* of an axis and its first phases */
};

/* Some filters that are computed together, and their list: pairs, or quads. */
struct filter_tile {
    int filter; /* the first */
    size_t pair_count;
    const struct tap_pair *pairs;
    struct quad_list list;
    bool has_small_sums; /* of quads: none can exceed SMALL_SUM; of shared, said of the first block's */
};

/* Outputs of 1x1 and stride 1 that see nothing but padding: around the others, and one number a filter. They
 * are not computed, and the layer has no padding. */
struct conv_frame {
    bool is_there;
    size_t before[2];           /* rows and columns of it */
    size_t width, framed_width; /* of the image within, and with it */
};

struct conv_layer {
    struct value input, output; /* extents without the frame; its plane has it */
    struct conv_frame frame;
    struct window window; /* on the planes: where they are not split, its stride is 1 */
    int slide[2];         /* and from an output to the next, in pixels of a plane: 1, or there the stride */
    int groups, group_channels, group_filters;
    /* [K][C / groups][rows][columns], NULL once they are listed, and [K] or NULL; the graph's. */
    const int8_t *weights;
    const int32_t *bias;

    enum conv_form form;
    struct conv_planes planes;
    bool is_narrow;             /* vectors are half as long as others have them (micro.h) */
    int rows, row_tiles;        /* of the output: those of a tile, and how many tiles; of lines, 64 pixels */
    int blocks, block_channels; /* of shared: of a group's channels, the last of what is left */
    uint8_t flip;               /* turns the input's bytes into those that the column wants */
    bool joins_rows;            /* dense and sparse leave out columns between rows as they end */
    uint64_t *kept;             /* then: of a tile's pixels, those of rows (struct quad_rows) */
    struct filter_tile *tiles;  /* [tile_count]; of shared [groups][blocks][tiles of a block] */
    int tile_count;
    bool own_planes;        /* a group's are made in a thread's own memory, one group behind the other */
    struct tap_pair *pairs; /* where the lists lie */
    uint32_t *offsets;
    uint16_t *lines;
    int8_t *quads;
    uint16_t *sets;        /* of shared: [tile_count][QUAD_SETS] */
    struct line_tap *taps; /* of lines: where a channel's are */
    int32_t *start;        /* [K] */
    /* Of depthwise, whose quads take taps of one row of the kernel each, or any: and where that lies. */
    struct channel_pieces pieces;
    bool has_quads_by_rows, has_small_sums;
    uint32_t *piece_firsts;
    struct quad_gather *gathers;
    gather_order *orders;
};

/* How a tile's sums end. */
static inline struct quad_ends conv_ends(const struct step *step, const struct filter_tile *tile)
{
    const struct conv_layer *conv = step->state;
    return (struct quad_ends){conv->output.type, step->rule->scalings + tile->filter, step->rule,
                              tile->has_small_sums, conv->output.in_quads};
}

/* How a layer's filters are listed. */
struct list_way {
    int cluster; /* filters that are looked at together */
    /* Of shared: whether each list of so many filters has as many quads of each set of several of them as all
     * others, these. */
    bool is_even;
    uint8_t usual[QUAD_SETS];
};

/* What the lists of a layer's form come to. */
struct conv_lists {
    struct list_way way;
    size_t tiles;
    size_t entries;  /* pairs or quads */
    size_t products; /* of each with each filter that it is for */
    size_t sets;     /* of shared: those of a list whose quads are not as many as usual */
    size_t gone_on;  /* of shared: tiles that go on with sums */
};

/* ---- geometry.c ---- */

/* Planes and tiles of rows for conv->form; false where a distance would exceed 31 bits. */
bool sned_conv_lay_out(struct conv_layer *conv);
/* Whether output and input are the same pixels: then they are laid out as rows of one. */
bool sned_conv_is_flat(const struct conv_layer *conv);
/* Whether the input is its planes, as it lies: in quads; or bytes without padding or phases, whose channels
 * lie apart as planes do, or are copied anyway. */
bool sned_conv_is_direct(const struct conv_layer *conv);
/* Whether it could be, in quads; and that it is. */
bool sned_conv_can_take_quads(const struct conv_layer *conv);
void sned_conv_take_quads(struct conv_layer *conv);
/* Whether a pixel of a plane is four channels'. */
bool sned_conv_is_channels(const struct conv_layer *conv);
/* Whether lists are of any four taps; whether planes hold single bytes. */
bool sned_conv_is_sparse(const struct conv_layer *conv);
bool sned_conv_is_bytes(const struct conv_layer *conv);
/* Whether an output's neighbour is made of its pixel's neighbour, and what lies between rows of outputs may
 * be computed with them: then all rows of a tile are one. */
bool sned_conv_is_one_row(const struct conv_layer *conv);
/* Whether such rows are left to the micro-kernel to join; and what it wants for that, conv->kept. */
bool sned_conv_joins_rows(const struct conv_layer *conv);
sned_status sned_conv_find_kept(struct conv_layer *conv, sned_error *error);
/* Sums of a filter from a row of outputs to the next one's, and of a tile of so many rows; those of all
 * tiles, in vectors of 16, or of 64 where sparse, or in halves of such; of filter lanes pixels, with those
 * that are computed for nothing. */
size_t sned_conv_sums_pitch(const struct conv_layer *conv);
size_t sned_conv_tile_pixels(const struct conv_layer *conv, size_t rows);
double sned_conv_vectors(const struct conv_layer *conv);
/* Bytes of a pixel, of a group's planes, and of all. */
size_t sned_conv_pixel_size(const struct conv_layer *conv);
size_t sned_conv_group_size(const struct conv_layer *conv);
size_t sned_conv_planes_size(const struct conv_layer *conv);
/* Of the planes that a tile of filters reads, those that its rows need. */
size_t sned_conv_tile_bytes(const struct conv_layer *conv);
/* Whether lines are copied from the image as it is: outputs that follow each other are made of pixels that
 * do, but for padding. */
bool sned_conv_has_lines_in_image(const struct conv_layer *conv);
enum { MOST_INSIDE = 64 /* taps whose pixels within the image are marked */ };
/* Taps of a channel. */
size_t sned_conv_tap_count(const struct conv_layer *conv);
/* What a tile reads beyond the first cache, in sizes of it. It reads that again for each filter, or few. */
double sned_conv_beyond_near(const struct conv_layer *conv);
/* How far a tap is, in pixels, from a pixel's place in the first plane of the group. */
uint32_t sned_conv_tap_offset(const struct conv_layer *conv, int channel, int row, int column);
/* What byte `lane` of the pixels of a group's plane is; false: nothing. Planes of one channel have lane 0. */
bool sned_conv_source(const struct conv_layer *conv, int plane, int lane, int *channel, int phase[2]);
struct axis_span sned_conv_inside(const struct conv_layer *conv, int axis, int phase);

/* ---- planes.c ---- */

/* The planes [first, end) of all groups'; `own` has sned_conv_fill_size bytes. */
void sned_conv_fill(const struct conv_layer *conv, const struct micro_kernels *micro, const uint8_t *input,
                    uint8_t *planes, uint8_t *own, int first, int end);
size_t sned_conv_fill_size(const struct conv_layer *conv);
/* Planes of bytes of one group, in two steps: padding, which may stay for the next group; what lies in the
 * image. */
void sned_conv_pad(const struct conv_layer *conv, uint8_t *planes);
void sned_conv_pick(const struct conv_layer *conv, const struct micro_kernels *micro, const uint8_t *input,
                    uint8_t *planes, int group);

/* ---- frame.c ---- */

/* Whether rows of one pixel, as many as the image has pixels, can be counted. */
bool sned_conv_can_be_flat(struct extent extent);
/* Makes padding of 1x1 a frame of the output, where there is such. */
void sned_conv_take_frame(struct conv_layer *conv);
/* A filter's outputs [first, first + count), those before known to be there, to their places in its channel,
 * with what lies before and between them, and behind them where they are the last. */
void sned_conv_make_framed(const struct step *step, int filter, uint8_t *channel, const uint8_t *outputs,
                           size_t first, size_t count);

/* ---- lines.c ---- */

/* Whether a layer that is laid out as shared can be so: there is something to share, and no line is of pixels
 * too far from each other. */
bool sned_conv_can_share(const struct conv_layer *conv);
/* Where taps are, as conv->taps. */
sned_status sned_conv_find_taps(struct conv_layer *conv, sned_error *error);
/* Where the lines of 64 outputs are copied from: for a group's channels from `first` on. */
struct line_source {
    struct tap_lines lines; /* of no channels yet */
    const uint8_t *first;
    struct line_bits bits[MOST_INSIDE];
};
/* Those of the output's pixels from 64 * tile on; from all planes, or the input that they are. */
void sned_conv_find_lines(struct line_source *source, const struct conv_layer *conv, const uint8_t *planes,
                          int group, size_t tile);

/* ---- blocks.c ---- */

/* Cuts a group's channels, as conv->blocks; false: not even one channel's lines are few enough. */
bool sned_conv_cut_blocks(struct conv_layer *conv);
/* How many channels a block has. */
int sned_conv_channels_of(const struct conv_layer *conv, int block);
/* Of a run of shared: a thread's own memory, how many tasks it is, and some of these. */
size_t sned_conv_blocks_size(const struct conv_layer *conv);
int sned_conv_block_tasks(const struct conv_layer *conv);
void sned_conv_run_blocks(const struct step *step, const struct step_work *work, int first, int end);

/* ---- lists.c ---- */

/* What the lists for conv->form would come to; and the lists, which come to that. */
sned_status sned_conv_count(const struct conv_layer *conv, const struct micro_kernels *micro,
                            struct conv_lists *work, sned_error *error);
sned_status sned_conv_list(struct conv_layer *conv, const struct micro_kernels *micro,
                           const struct conv_lists *work, sned_error *error);

/* Those of any form. */
void sned_conv_free_lists(struct conv_layer *conv);
/* Whether sums of these filters stay within SMALL_SUM, whatever the input. */
bool sned_conv_has_small_sums(const struct conv_layer *conv, int filter, int count);
/* The bias, less what the flip adds to the products, as conv->start. */
sned_status sned_conv_start(struct conv_layer *conv, const struct micro_kernels *micro, sned_error *error);

/* ---- shared.c ---- */

/* Of shared, what its lists cost for 64 pixels. */
double sned_conv_shared_cost(const struct conv_lists *work, const struct micro_costs *costs);

/* ---- depthwise.c ---- */

/* How many pieces and quads the channels of a depthwise layer have; false: it can have none. */
bool sned_conv_cut(struct conv_layer *conv, const struct micro_kernels *micro);
/* All of conv->pieces. */
sned_status sned_conv_list_pieces(struct conv_layer *conv, const struct micro_kernels *micro,
                                  sned_error *error);

/* ---- form.c ---- */

/* What each phase of a run would cost in conv->form, in the unit of the costs. */
void sned_conv_cost(double cost[STEP_PHASES], const struct conv_layer *conv, const struct conv_lists *work,
                    const struct micro_costs *costs);
/* What the layer costs in conv->form, whose lists would come to `work`. */
typedef sned_status conv_judge(double *cost, const void *by, const struct conv_layer *conv,
                               const struct conv_lists *work, sned_error *error);
/* Takes the form that costs least, and lays it out; conv->form is CONV_FORMS where none can be. The judge is
 * given `by`; NULL: sned_conv_cost by the column's. */
sned_status sned_conv_choose(struct conv_layer *conv, const struct micro_kernels *micro, conv_judge *judge,
                             const void *by, struct conv_lists *work, sned_error *error);

/* ---- trial.c ---- */

/* Nanoseconds of a run of a step that has all that a run needs: the least of a few. */
sned_status sned_conv_time(const struct step *step, double *nanoseconds, sned_error *error);

#endif
