/*
 * micro_kernels.c - each micro-kernel that multiplies, by itself: micro_kernels [COLUMN [ROW CALLS]]. Whole
 * convolutions are timed by kernels.c.
 *
 * Prints a JSON array: of the column of micro-kernels called COLUMN (SNED_CPU's names; default: the fastest
 * that runs here) a row for each kernel and shape: nanoseconds a call, the best of many; products, those of
 * weights that are not 0; bytes of weights that a call reads; whether they are in no cache when it begins, as
 * those of layers are that are larger than a core's own ones. With ROW and CALLS it makes so many calls of a
 * part of that one and times nothing, for a tool that counts instructions (bench/micro_kernels.sh), and
 * prints the products of a call. `micro_kernels columns` names the columns that the machine runs.
 *
 * Shapes are those of real layers. A convolution's call is a piece of one: some filters over a row of pixels,
 * or over the whole plane where it is small; or all filters over some rows (micro_layers.c). A fully
 * connected layer's is a layer.
 */
#include "micro_kernels.h"
#include "base/clock.h"
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TRIALS = 60,
    TRIAL_NANOSECONDS = 20000,
    MOST_COUNTED = 256,    /* pixels or rows, since a counter is slow */
    MOST_CACHED = 4 << 20, /* bytes of weights: more are read from memory */
    COLD_TRIALS = 20,
    SWEPT = 256 << 20 /* bytes that push everything else out of the caches */
};

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

static bool has_byte_rows(const struct micro_kernels *micro)
{
    return micro->byte_rows;
}

static bool has_span_rows(const struct micro_kernels *micro)
{
    return micro->span_rows;
}

static const struct bench_kernel dense = {"dense", NULL, prepare_dense, run_dense};
static const struct bench_kernel sparse = {"sparse", NULL, prepare_sparse, run_sparse};
static const struct bench_kernel dense_rows = {"dense_rows", has_byte_rows, prepare_dense_rows,
                                               run_dense_rows};
static const struct bench_kernel masked_rows = {"masked_rows", has_byte_rows, prepare_masked_rows,
                                                run_masked_rows};
static const struct bench_kernel spanned_rows = {"spanned_rows", has_span_rows, prepare_spanned_rows,
                                                 run_spanned_rows};
static const struct bench_kernel listed_rows = {"listed_rows", NULL, prepare_listed_rows, run_listed_rows};

static const struct measured {
    const struct bench_kernel *kernel;
    struct piece piece;
} all[] = {
    {&dense, {"AlexNet conv3, 256 x 3x3", 256, 3, 15, 195, 0, 1, 1}},
    {&dense, {"VGG-16 conv1_2, 64 x 3x3", 64, 3, 226, 224, 0, 1, 1}},
    {&dense, {"VGG-16 conv4_2, 512 x 3x3", 512, 3, 30, 28, 0, 1, 1}},
    {&dense, {"ResNet-50, 256 x 1x1 at 14x14", 256, 1, 14, 196, 0, 1, 1}},
    {&dense, {"ResNet-20, 16 x 3x3", 16, 3, 34, 32, 0, 1, 1}},
    {&sparse, {"AlexNet conv3 at .35", 256, 3, 15, 195, 1, .35, 1}},
    {&sparse, {"AlexNet conv3 at .35, pairs", 256, 3, 15, 195, 2, .35, 1}},
    {&sparse, {"AlexNet conv3 at .35, fours", 256, 3, 15, 195, 4, .35, 1}},
    {&sparse, {"VGG-16 conv3_2 at .24", 256, 3, 58, 56, 1, .24, 1}},
    {&sparse, {"ResNet-50, 256 x 1x1 at .20", 256, 1, 14, 196, 1, .20, 1}},
    {&sparse, {"SqueezeNet expand 3x3 at .33", 64, 3, 15, 195, 1, .33, 1}},
    {&sparse, {"MobileNetV2 depthwise 3x3", 1, 3, 114, 112, 1, 1, 1}},
    {&bench_shared, {"AlexNet conv3 at .35", 256, 3, 13, 0, 384, .35, 1}},
    {&bench_shared, {"VGG-16 conv3_2 at .24", 256, 3, 56, 0, 256, .24, 1}},
    {&bench_shared, {"ResNet-50, 1024 x 1x1 at .20", 1024, 1, 14, 0, 256, .20, 1}},
    {&bench_shared, {"ResNet-50, 256 x 3x3 at .20", 256, 3, 14, 0, 256, .20, 1}},
    {&bench_filter_lanes, {"ResNet-50, 2048 x 1x1 at 7x7", 2048, 1, 7, 0, 512, 1, 1}},
    {&bench_filter_lanes, {"ResNet-50, 512 x 3x3 at 7x7", 512, 3, 7, 0, 512, 1, 1}},
    {&bench_filter_lanes, {"ResNet-20, 64 x 3x3", 64, 3, 8, 0, 64, 1, 1}},
    {&bench_sliding, {"VGG-16 conv1_1", 3, 3, 224, 0, 64, 1, 1}},
    {&bench_sliding, {"ResNet-50 conv1, 7x7", 3, 7, 224, 0, 64, 1, 2}},
    {&bench_depthwise, {"MobileNetV2, 32 at 112x112", 32, 3, 112, 0, 32, 1, 1}},
    {&bench_depthwise, {"MobileNetV2, 96 at 112x112, stride 2", 96, 3, 112, 0, 96, 1, 2}},
    {&bench_depthwise, {"MobileNetV2, 384 at 14x14", 384, 3, 14, 0, 384, 1, 1}},
    {&dense_rows, {"MobileNetV2 logits", 1280, 1, 0, 1001, 0, 1, 1}},
    {&masked_rows, {"AlexNet fc6 at .09", 9216, 1, 0, 4096, 0, .09, 1}},
    {&masked_rows, {"AlexNet fc8 at .25", 4096, 1, 0, 1000, 0, .25, 1}},
    {&spanned_rows, {"AlexNet fc6 at .09", 9216, 1, 0, 4096, 0, .09, 1}},
    {&spanned_rows, {"VGG-16 fc6 at .04", 25088, 1, 0, 4096, 0, .04, 1}},
    {&spanned_rows, {"AlexNet fc8 at .25", 4096, 1, 0, 1000, 0, .25, 1}},
    {&listed_rows, {"AlexNet fc6 at .09", 9216, 1, 0, 4096, 0, .09, 1}},
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
    bench_layer_free(call->layer);
}

/* Of a call, in trials of so many that the clock's steps do not matter. */
static double best_nanoseconds(const struct bench_kernel *kernel, const struct call *call)
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

/* Reads all of it: to write it, memset goes by the caches. */
static void sweep(const uint8_t *bytes)
{
    for (size_t i = 0; i < SWEPT; i += 64)
        (void)*(const volatile uint8_t *)(bytes + i);
}

/* Of a call whose weights are in no cache. */
static sned_status best_cold_nanoseconds(double *best, const struct bench_kernel *kernel,
                                         const struct call *call, sned_error *error)
{
    uint8_t *swept;
    SNED_TRY(sned_alloc_unset(&swept, SWEPT, 1, error));
    memset(swept, 1, SWEPT); /* pages of its own, not the one of zeros */
    for (int i = 0; i < COLD_TRIALS; i++) {
        sweep(swept);
        const double begin = sned_clock();
        kernel->run(call);
        const double took = 1e9 * (sned_clock() - begin);
        *best = i == 0 || took < *best ? took : *best;
    }
    free(swept);
    return SNED_OK;
}

static sned_status time_row(int index, const struct call *call, sned_error *error)
{
    const struct measured *row = &all[index];
    const bool is_cold = call->weight_bytes > MOST_CACHED;
    double best = 0;
    if (is_cold)
        SNED_TRY(best_cold_nanoseconds(&best, row->kernel, call, error));
    else
        best = best_nanoseconds(row->kernel, call);
    printf("%s{\"row\": %d, \"kernel\": \"%s\", \"shape\": \"%s\", \"column\": \"%s\", \"ns\": %.1f, "
           "\"products\": %zu, \"weight_bytes\": %zu, \"cold\": %s}\n",
           index ? ", " : "[", index, row->kernel->name, row->piece.name, call->micro->name, best,
           call->products, call->weight_bytes, is_cold ? "true" : "false");
    return SNED_OK;
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
    if (row->kernel->is_had && !row->kernel->is_had(micro))
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
        SNED_TRY_DONE(time_row(index, &call, error));
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
    else if (count > 1 && strcmp(micro->name, arguments[1]) != 0)
        status = sned_fail(&error, SNED_ERROR_ARGUMENT,
                           "%s: not a column that this machine runs; see `columns`", arguments[1]);
    else if (count == 4)
        status = measure(row, micro, calls, &error);
    else
        status = measure_all(micro, &error);
    if (status)
        fprintf(stderr, "%s\n", error.message);
    return status != SNED_OK;
}
