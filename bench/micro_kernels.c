/*
 * micro_kernels.c - each micro-kernel that multiplies, by itself: micro_kernels [COLUMN [ROW CALLS]]. Whole
 * convolutions are timed by kernels.c.
 *
 * Prints a JSON array: of the column of micro-kernels called COLUMN (SNED_CPU's names; default: the fastest
 * that runs here) a row for each kernel and shape: nanoseconds a call, the best of many; products, those of
 * weights that are not 0; bytes of weights that a call reads. With ROW and CALLS it makes so many calls of a
 * part of that one and times nothing, for a tool that counts instructions (bench/micro_kernels.sh), and
 * prints the products of a call. `micro_kernels columns` names the columns that the machine runs.
 *
 * Shapes are those of real layers. A convolution's call is a piece of one: some filters over a row of pixels,
 * or over the whole plane where it is small. A fully connected layer's is a layer.
 */
#include "base/clock.h"
#include "base/memory.h"
#include "base/random.h"
#include "runtime/rows/spans.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TRIALS = 60,
    TRIAL_NANOSECONDS = 20000,
    MOST_COUNTED = 256 /* pixels or rows, since a counter is slow */
};

/* A layer: a convolution's planes are `width` wide, padding included, and a call does `pixels` of them. Of a
 * fully connected layer `channels` are the inputs and `pixels` the rows. */
struct piece {
    const char *name;
    int channels, kernel, width, pixels;
    int filters; /* that share taps; 0: as many as the column takes */
    double density;
};

/* A call of a micro-kernel, with all that it reads. */
struct call {
    const struct micro_kernels *micro;
    const struct piece *piece;
    size_t products, weight_bytes;
    int32_t *sums;
    uint8_t *input;
    uint32_t *offsets; /* of taps; of rows: where each begins */
    int8_t *weights;   /* or values */
    uint64_t *masks;   /* of rows */
    uint16_t *columns; /* of rows */
    int16_t *wide;     /* the input of listed rows */
    struct quad_list list;
    struct span_list spans;
    void *steps; /* of spans */
};

/* A micro-kernel: how its call is made ready and made. */
struct kernel {
    const char *name;
    bool rows_of_bytes; /* taken only by columns that say so (micro->byte_rows, span_rows) */
    sned_status (*prepare)(struct call *call, struct random *random, sned_error *error);
    void (*run)(const struct call *call);
};

/* Any weight but 0, and small enough for every column's pair_limit. */
static int8_t draw_weight(struct random *random)
{
    const int magnitude = 1 + (int)sned_random_below(random, 63);
    return (int8_t)(sned_random_below(random, 2) ? magnitude : -magnitude);
}

/* ---- convolutions ---- */

/* Taps in the order of the weights, of which `density` are kept; dense: quads of channels. Their count. */
static size_t draw_taps(struct call *call, bool is_dense, struct random *random)
{
    const struct piece *piece = call->piece;
    const int channels = is_dense ? (piece->channels + 3) / 4 : piece->channels;
    const size_t plane = (size_t)(piece->pixels + (piece->kernel - 1) * (piece->width + 1));
    size_t count = 0;
    for (int c = 0; c < channels; c++)
        for (int r = 0; r < piece->kernel; r++)
            for (int s = 0; s < piece->kernel; s++)
                if ((double)sned_random_uniform(random) < piece->density)
                    call->offsets[count++] = (uint32_t)((size_t)c * plane + (size_t)(r * piece->width + s));
    return count;
}

static sned_status prepare_quads(struct call *call, bool is_dense, struct random *random, sned_error *error)
{
    const struct piece *piece = call->piece;
    const int filters = piece->filters ? piece->filters : call->micro->dense_filters;
    const size_t plane = (size_t)(piece->pixels + (piece->kernel - 1) * (piece->width + 1));
    const size_t most = (size_t)(piece->channels * piece->kernel * piece->kernel) + 4;
    const size_t input = 4 * plane * (size_t)((piece->channels + 3) / 4) + 4 * MICRO_OVER_READ;
    static const int32_t start[64];
    SNED_TRY(sned_alloc(&call->offsets, most, sizeof *call->offsets, error));
    SNED_TRY(sned_alloc(&call->weights, 4 * most * (size_t)filters, 1, error));
    SNED_TRY(sned_alloc(&call->input, input, 1, error));
    SNED_TRY(sned_alloc(&call->sums, (size_t)(piece->pixels * filters), sizeof *call->sums, error));
    const size_t taps = draw_taps(call, is_dense, random);
    const size_t quads = is_dense ? taps : (taps + 3) / 4;
    for (size_t i = 0; i < input; i++)
        call->input[i] = (uint8_t)sned_random_next(random);
    for (size_t i = 0; i < 4 * quads * (size_t)filters; i++)
        call->weights[i] = draw_weight(random);
    for (size_t i = taps; !is_dense && i < 4 * quads; i++) { /* the last quad's rest */
        call->offsets[i] = 0;
        for (int f = 0; f < filters; f++)
            call->weights[(quads - 1) * 4 * (size_t)filters + (size_t)f * 4 + i % 4] = 0;
    }
    call->list = (struct quad_list){.count = quads,
                                    .filters = filters,
                                    .offsets = call->offsets,
                                    .weights = call->weights,
                                    .start = start};
    call->products = taps * (is_dense ? 4 : 1) * (size_t)(filters * piece->pixels);
    call->weight_bytes = 4 * quads * (size_t)filters;
    return SNED_OK;
}

static sned_status prepare_dense(struct call *call, struct random *random, sned_error *error)
{
    return prepare_quads(call, true, random, error);
}

static sned_status prepare_sparse(struct call *call, struct random *random, sned_error *error)
{
    return prepare_quads(call, false, random, error);
}

static void run_dense(const struct call *call)
{
    const size_t pixels = (size_t)call->piece->pixels;
    call->micro->dense[call->micro->bytes](call->sums, pixels, pixels, call->input, &call->list);
}

static void run_sparse(const struct call *call)
{
    const size_t pixels = (size_t)call->piece->pixels;
    call->micro->sparse[call->micro->bytes](call->sums, pixels, pixels, call->input, &call->list);
}

/* ---- fully connected layers ---- */

static sned_status prepare_rows(struct call *call, struct random *random, sned_error *error)
{
    const size_t rows = (size_t)call->piece->pixels, inputs = (size_t)call->piece->channels;
    const size_t chunks = (inputs + ROW_CHUNK - 1) / ROW_CHUNK, most = rows * chunks * ROW_CHUNK;
    SNED_TRY(sned_alloc(&call->sums, rows, sizeof *call->sums, error));
    SNED_TRY(sned_alloc(&call->input, chunks * ROW_CHUNK + MICRO_OVER_READ, 1, error));
    SNED_TRY(sned_alloc(&call->wide, chunks * ROW_CHUNK + MICRO_OVER_READ, sizeof *call->wide, error));
    SNED_TRY(sned_alloc(&call->weights, most + MICRO_OVER_READ, 1, error));
    for (size_t i = 0; i < inputs; i++)
        call->wide[i] = call->input[i] = (uint8_t)(sned_random_next(random) & 127);
    return SNED_OK;
}

static sned_status prepare_dense_rows(struct call *call, struct random *random, sned_error *error)
{
    SNED_TRY(prepare_rows(call, random, error));
    const size_t rows = (size_t)call->piece->pixels, inputs = (size_t)call->piece->channels;
    call->weight_bytes = rows * ((inputs + ROW_CHUNK - 1) / ROW_CHUNK) * ROW_CHUNK;
    for (size_t i = 0; i < call->weight_bytes; i++)
        call->weights[i] = draw_weight(random);
    call->products = rows * inputs;
    return SNED_OK;
}

/* Which weights of a chunk are kept; no matter whose, all are alike. */
static sned_status prepare_masked_rows(struct call *call, struct random *random, sned_error *error)
{
    SNED_TRY(prepare_rows(call, random, error));
    const size_t rows = (size_t)call->piece->pixels;
    const size_t chunks = rows * (((size_t)call->piece->channels + ROW_CHUNK - 1) / ROW_CHUNK);
    SNED_TRY(sned_alloc(&call->masks, chunks, sizeof *call->masks, error));
    for (size_t chunk = 0; chunk < chunks; chunk++)
        for (int i = 0; i < ROW_CHUNK; i++)
            if ((double)sned_random_uniform(random) < call->piece->density) {
                call->masks[chunk] |= (uint64_t)1 << i;
                call->weights[call->products++] = draw_weight(random);
            }
    call->weight_bytes = call->products + chunks * sizeof *call->masks;
    return SNED_OK;
}

static sned_status prepare_listed_rows(struct call *call, struct random *random, sned_error *error)
{
    SNED_TRY(prepare_rows(call, random, error));
    const size_t rows = (size_t)call->piece->pixels, inputs = (size_t)call->piece->channels;
    SNED_TRY(sned_alloc(&call->offsets, rows + 1, sizeof *call->offsets, error));
    SNED_TRY(sned_alloc(&call->columns, rows * inputs, sizeof *call->columns, error));
    for (size_t row = 0; row < rows; row++) {
        for (size_t i = 0; i < inputs; i++)
            if ((double)sned_random_uniform(random) < call->piece->density) {
                call->columns[call->products] = (uint16_t)i;
                call->weights[call->products++] = draw_weight(random);
            }
        call->offsets[row + 1] = (uint32_t)call->products;
    }
    call->weight_bytes = call->products * (1 + sizeof *call->columns) + rows * sizeof *call->offsets;
    return SNED_OK;
}

/* Of a matrix, which call->weights is for as long. */
static sned_status prepare_spanned_rows(struct call *call, struct random *random, sned_error *error)
{
    const size_t rows = (size_t)call->piece->pixels, inputs = (size_t)call->piece->channels;
    const size_t width = (size_t)call->micro->span_columns;
    struct marked_rows marked = {0};
    sned_status status;
    SNED_TRY_DONE(prepare_rows(call, random, error));
    for (size_t i = 0; i < rows * inputs; i++)
        if ((double)sned_random_uniform(random) < call->piece->density)
            call->weights[i] = draw_weight(random);
    SNED_TRY_DONE(sned_mark_rows(&marked, call->weights, rows, inputs, error));
    SNED_TRY_DONE(sned_spans_count(&marked, width, error));
    SNED_TRY_DONE(sned_spans_make(&call->spans, &call->steps, &marked, width, error));
    call->products = marked.kept;
    call->weight_bytes = marked.steps * (sizeof(struct span_step) + sizeof(uint16_t));
done:
    sned_marked_rows_free(&marked);
    return status;
}

static size_t chunks_of(const struct call *call)
{
    return ((size_t)call->piece->channels + ROW_CHUNK - 1) / ROW_CHUNK;
}

static void run_dense_rows(const struct call *call)
{
    call->micro->dense_rows[call->micro->bytes](call->sums, (size_t)call->piece->pixels, chunks_of(call),
                                                call->weights, call->input);
}

static void run_masked_rows(const struct call *call)
{
    call->micro->masked_rows[call->micro->bytes](call->sums, (size_t)call->piece->pixels, chunks_of(call),
                                                 call->masks, call->weights, call->input);
}

static void run_listed_rows(const struct call *call)
{
    call->micro->listed_rows(call->sums, (size_t)call->piece->pixels, call->offsets, call->columns,
                             call->weights, call->wide);
}

static void run_spanned_rows(const struct call *call)
{
    call->micro->spanned_rows[call->micro->bytes](call->sums, (size_t)call->piece->pixels, &call->spans,
                                                  call->input);
}

/* ---- what is measured ---- */

static const struct kernel dense = {"dense", false, prepare_dense, run_dense};
static const struct kernel sparse = {"sparse", false, prepare_sparse, run_sparse};
static const struct kernel dense_rows = {"dense_rows", true, prepare_dense_rows, run_dense_rows};
static const struct kernel masked_rows = {"masked_rows", true, prepare_masked_rows, run_masked_rows};
static const struct kernel spanned_rows = {"spanned_rows", true, prepare_spanned_rows, run_spanned_rows};
static const struct kernel listed_rows = {"listed_rows", false, prepare_listed_rows, run_listed_rows};

static const struct measured {
    const struct kernel *kernel;
    struct piece piece;
} all[] = {
    {&dense, {"AlexNet conv3, 256 x 3x3", 256, 3, 15, 195, 0, 1}},
    {&dense, {"VGG-16 conv1_2, 64 x 3x3", 64, 3, 226, 224, 0, 1}},
    {&dense, {"VGG-16 conv4_2, 512 x 3x3", 512, 3, 30, 28, 0, 1}},
    {&dense, {"ResNet-50, 256 x 1x1 at 14x14", 256, 1, 14, 196, 0, 1}},
    {&dense, {"ResNet-20, 16 x 3x3", 16, 3, 34, 32, 0, 1}},
    {&sparse, {"AlexNet conv3 at .35", 256, 3, 15, 195, 1, .35}},
    {&sparse, {"AlexNet conv3 at .35, pairs", 256, 3, 15, 195, 2, .35}},
    {&sparse, {"AlexNet conv3 at .35, fours", 256, 3, 15, 195, 4, .35}},
    {&sparse, {"VGG-16 conv3_2 at .24", 256, 3, 58, 56, 1, .24}},
    {&sparse, {"ResNet-50, 256 x 1x1 at .20", 256, 1, 14, 196, 1, .20}},
    {&sparse, {"SqueezeNet expand 3x3 at .33", 64, 3, 15, 195, 1, .33}},
    {&sparse, {"MobileNetV2 depthwise 3x3", 1, 3, 114, 112, 1, 1}},
    {&dense_rows, {"MobileNetV2 logits", 1280, 1, 0, 1001, 0, 1}},
    {&masked_rows, {"AlexNet fc6 at .09", 9216, 1, 0, 4096, 0, .09}},
    {&masked_rows, {"AlexNet fc8 at .25", 4096, 1, 0, 1000, 0, .25}},
    {&spanned_rows, {"AlexNet fc6 at .09", 9216, 1, 0, 4096, 0, .09}},
    {&spanned_rows, {"AlexNet fc8 at .25", 4096, 1, 0, 1000, 0, .25}},
    {&listed_rows, {"AlexNet fc6 at .09", 9216, 1, 0, 4096, 0, .09}},
};
enum { ALL = sizeof all / sizeof *all };

static void call_free(struct call *call)
{
    free(call->sums);
    free(call->input);
    free(call->offsets);
    free(call->weights);
    free(call->masks);
    free(call->steps);
    free(call->columns);
    free(call->wide);
}

/* Of a call, in trials of so many that the clock's steps do not matter. */
static double best_nanoseconds(const struct kernel *kernel, const struct call *call)
{
    double best = 0;
    int calls = 1;
    for (int i = 0; i < TRIALS;) {
        const double begin = sned_clock();
        for (int c = 0; c < calls; c++)
            kernel->run(call);
        const double took = 1e9 * (sned_clock() - begin);
        if (took < TRIAL_NANOSECONDS) {
            calls *= 2;
            continue;
        }
        best = i == 0 || took / calls < best ? took / calls : best;
        i++;
    }
    return best;
}

/* Row `index`: timed and printed, or where `calls` is not 0 a part of it called so often, and the products of
 * a call printed. */
static sned_status measure(int index, const struct micro_kernels *micro, long calls, sned_error *error)
{
    const struct measured *row = &all[index];
    struct piece piece = row->piece;
    struct call call = {.micro = micro, .piece = &piece};
    struct random random;
    sned_status status;
    if (row->kernel == &spanned_rows ? !micro->span_rows : row->kernel->rows_of_bytes && !micro->byte_rows)
        return SNED_OK;
    sned_random_seed(&random, 17, (uint64_t)index);
    if (calls > 0 && piece.pixels > MOST_COUNTED)
        piece.pixels = MOST_COUNTED;
    SNED_TRY_DONE(row->kernel->prepare(&call, &random, error));
    for (long i = 0; i < calls; i++)
        row->kernel->run(&call);
    if (calls > 0)
        printf("%zu\n", call.products);
    else
        printf("%s{\"row\": %d, \"kernel\": \"%s\", \"shape\": \"%s\", \"column\": \"%s\", \"ns\": %.1f, "
               "\"products\": %zu, \"weight_bytes\": %zu}\n",
               index ? ", " : "[", index, row->kernel->name, row->piece.name, micro->name,
               best_nanoseconds(row->kernel, &call), call.products, call.weight_bytes);
done:
    call_free(&call);
    return status;
}

static void print_columns(void)
{
    for (int column = 0; sned_micro_column(column); column++)
        if (sned_micro_runs(column))
            puts(sned_micro_column(column)->name);
}

static sned_status measure_all(const struct micro_kernels *micro, sned_error *error)
{
    for (int i = 0; i < ALL; i++)
        SNED_TRY(measure(i, micro, 0, error));
    puts("]");
    return SNED_OK;
}

int main(int count, char **arguments)
{
    sned_error error = {0};
    const struct micro_kernels *micro = sned_micro_choose(count > 1 ? arguments[1] : NULL);
    const int row = count == 4 ? atoi(arguments[2]) : 0;
    const long calls = count == 4 ? atol(arguments[3]) : 1;
    sned_status status = SNED_OK;
    if (count == 3 || count > 4 || row < 0 || row >= ALL || calls < 1) {
        fprintf(stderr,
                "usage: micro_kernels columns | micro_kernels [COLUMN [ROW CALLS]], ROW from 0 to %d\n",
                ALL - 1);
        return 2;
    }
    if (count == 2 && strcmp(arguments[1], "columns") == 0)
        print_columns();
    else if (count == 4)
        status = measure(row, micro, calls, &error);
    else
        status = measure_all(micro, &error);
    if (status)
        fprintf(stderr, "%s\n", error.message);
    return status != SNED_OK;
}
