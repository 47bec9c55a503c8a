/*
 * glyphs.c - glyphs.h: draws the images of both splits, many at a time, and writes them as they come.
 *
 * Image i of a split is drawn from a random stream of its own, so the files do not depend on the threads. All
 * files are complete under other names before the first of them gets its own.
 */
#include "io/pictures/glyphs.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/thread.h"
#include "io/files/folder.h"
#include "io/pictures/glyph_draw.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    TASK = 512,        /* images drawn with one pen */
    CHUNK = TASK * 32, /* images in memory at a time */
    MAX_IMAGES = 1 << 27,
};

enum { TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS, CLASS_NAMES, FILE_COUNT };
static const char *const file_names[FILE_COUNT] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                                                   "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte",
                                                   "classes.txt"};

/* A chunk of one split while it is drawn. */
struct drawing {
    const struct glyph_faces *faces;
    uint64_t seed, stream; /* the split's streams begin here */
    size_t first, count;
    uint8_t *pixels; /* [CHUNK][28][28] */
    uint8_t *labels; /* [CHUNK] */
};

static sned_status draw_task(void *argument, size_t task, sned_error *error)
{
    sned_status status;
    struct drawing *drawing = argument;
    const struct glyph_faces *faces = drawing->faces;
    struct glyph_pen pen;
    size_t end = (task + 1) * TASK < drawing->count ? (task + 1) * TASK : drawing->count;

    SNED_TRY_DONE(glyph_pen_open(&pen, faces, error));
    for (size_t i = task * TASK; i < end; i++) {
        struct random random;
        sned_random_seed(&random, drawing->seed, drawing->stream + drawing->first + i);
        uint32_t label = sned_random_below(&random, (uint32_t)faces->classes);
        uint32_t face = sned_random_below(&random, (uint32_t)faces->faces);
        drawing->labels[i] = (uint8_t)label;
        SNED_TRY_DONE(glyph_draw(&pen, &faces->outlines[face * (uint32_t)faces->classes + label], &random,
                                 drawing->pixels + i * GLYPH_PIXELS, error));
    }
done:
    glyph_pen_close(&pen);
    return status;
}

/* 0, 0, unsigned byte, rank, then the sizes, big endian. */
static sned_status write_header(struct output *output, int rank, size_t count, sned_error *error)
{
    uint32_t size[3] = {(uint32_t)count, GLYPH_SIDE, GLYPH_SIDE};
    uint8_t header[16] = {0, 0, 8, (uint8_t)rank};

    for (int i = 0; i < rank; i++)
        for (int byte = 0; byte < 4; byte++)
            header[4 + 4 * i + byte] = (uint8_t)(size[i] >> (24 - 8 * byte));
    return sned_output_write(output, header, 4 + 4 * (size_t)rank, error);
}

/* One split into its two files. */
static sned_status write_split(struct output *outputs, struct drawing *drawing, size_t count,
                               const char *task, int threads, const struct reporter *reporter,
                               sned_error *error)
{
    double begin = sned_clock();

    SNED_TRY(write_header(&outputs[0], 3, count, error));
    SNED_TRY(write_header(&outputs[1], 1, count, error));
    for (drawing->first = 0; drawing->first < count; drawing->first += drawing->count) {
        drawing->count = count - drawing->first < CHUNK ? count - drawing->first : CHUNK;
        SNED_TRY(sned_parallel_for(threads, (drawing->count + TASK - 1) / TASK, draw_task, drawing, error));
        SNED_TRY(sned_output_write(&outputs[0], drawing->pixels, drawing->count * GLYPH_PIXELS, error));
        SNED_TRY(sned_output_write(&outputs[1], drawing->labels, drawing->count, error));
        struct progress progress = {.task = task,
                                    .done = drawing->first + drawing->count,
                                    .total = count,
                                    .seconds = sned_clock() - begin,
                                    .loss = -1,
                                    .accuracy = -1};
        sned_report_progress(reporter, &progress);
    }
    return SNED_OK;
}

/* A line a character, as in the options: its bytes up to the next one's first. */
static sned_status write_names(struct output *output, const char *characters, sned_error *error)
{
    while (*characters) {
        size_t length = 1;
        while (((unsigned char)characters[length] & 0xc0) == 0x80)
            length++;
        SNED_TRY(sned_output_write(output, characters, length, error));
        SNED_TRY(sned_output_write(output, "\n", 1, error));
        characters += length;
    }
    return SNED_OK;
}

static sned_status open_outputs(struct output *outputs, const char *folder, sned_error *error)
{
    sned_status status = SNED_OK;
    char *path = NULL;

    if (mkdir(folder, 0777) != 0 && errno != EEXIST)
        return sned_fail(error, SNED_ERROR_IO, "%s: cannot make this folder: %s", folder, strerror(errno));
    for (int i = 0; i < FILE_COUNT && status == SNED_OK; i++) {
        status = path_format(&path, error, "%s/%s", folder, file_names[i]);
        if (status == SNED_OK)
            status = sned_output_open(&outputs[i], path, error);
        free(path);
    }
    return status;
}

/* Images of one set with labels of another would be a lie: all files are whole before the first is renamed,
 * and a folder that does not sync after one rename does not stop the others. */
static sned_status commit_set(struct output *outputs, sned_error *error)
{
    sned_status status = SNED_OK;
    for (int i = 0; i < FILE_COUNT; i++)
        SNED_TRY(sned_output_finish(&outputs[i], error));
    for (int i = 0; i < FILE_COUNT; i++) {
        sned_status committed = sned_output_commit(&outputs[i], status == SNED_OK ? error : NULL);
        status = status == SNED_OK ? committed : status;
    }
    return status;
}

sned_status glyphs_write(const char *folder, const struct glyph_options *options,
                         const struct reporter *reporter, sned_error *error)
{
    sned_status status;
    struct glyph_faces faces = {0};
    struct output outputs[FILE_COUNT] = {0};
    struct drawing drawing = {.faces = &faces, .seed = options->seed};
    const char *characters = options->characters ? options->characters : "0123456789";

    if (options->train == 0 || options->test == 0 || options->train > MAX_IMAGES ||
        options->test > MAX_IMAGES)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "%zu training and %zu test images: 1 to %d are possible",
                         options->train, options->test, MAX_IMAGES);
    SNED_TRY_DONE(glyph_faces_open(&faces, characters,
                                   options->font_folder ? options->font_folder : "/usr/share/fonts", error));
    sned_report(reporter, "drawing %zu + %zu images of %d characters in %d font faces", options->train,
                options->test, faces.classes, faces.faces);
    SNED_TRY_DONE(open_outputs(outputs, folder, error));
    SNED_TRY_DONE(sned_alloc(&drawing.pixels, CHUNK, GLYPH_PIXELS, error));
    SNED_TRY_DONE(sned_alloc(&drawing.labels, CHUNK, 1, error));
    SNED_TRY_DONE(write_split(&outputs[TRAIN_IMAGES], &drawing, options->train, "draw training images",
                              options->threads, reporter, error));
    drawing.stream = (uint64_t)1 << 32;
    SNED_TRY_DONE(write_split(&outputs[TEST_IMAGES], &drawing, options->test, "draw test images",
                              options->threads, reporter, error));
    SNED_TRY_DONE(write_names(&outputs[CLASS_NAMES], characters, error));
    SNED_TRY_DONE(commit_set(outputs, error));
done:
    for (int i = 0; i < FILE_COUNT; i++)
        sned_output_abort(&outputs[i]);
    free(drawing.pixels);
    free(drawing.labels);
    glyph_faces_close(&faces);
    return status;
}
