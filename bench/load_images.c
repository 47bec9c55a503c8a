/*
 * load_images.c - how fast pictures become a network's input, against what libjpeg-turbo alone takes for
 * them.
 *
 *   load_images DATA SIDE THREADS ROUNDS FILE.jpg...
 *
 * DATA is what --data takes, FILE... the same pictures as single files. Rounds alternate: all of DATA through
 * the data set (find, decode, resize to SIDE x SIDE, order the channels), nothing kept from the round before;
 * then all FILEs decoded to RGB by libjpeg-turbo and forgotten. Prints images per second of both, a line a
 * round.
 */
#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/thread.h"
#include "io/data/dataset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

enum { BATCH = 64, MAX_ROW = 3 * 65500 };

/* Images per second through the data set; the first batch opens and lists, which is not counted. */
static sned_status load_all(const char *spec, int side, int threads, double *rate, sned_error *error)
{
    const struct dataset_options options = {.split = SPLIT_TRAIN,
                                            .form = {.input = {3, side, side}, .color = "RGB"},
                                            .threads = threads,
                                            .memory_budget = (size_t)1 << 27};
    struct dataset *dataset = NULL;
    uint32_t indices[BATCH];
    int32_t labels[BATCH];
    uint8_t *pixels = NULL;
    sned_status status;
    SNED_TRY_DONE(dataset_open(&dataset, spec, &options, error));
    SNED_TRY_DONE(sned_alloc(&pixels, BATCH, dataset_item_size(dataset), error));
    const double start = sned_clock();
    const size_t size = dataset_size(dataset);
    for (size_t first = 0; first < size; first += BATCH) {
        const size_t count = size - first < BATCH ? size - first : BATCH;
        size_t got;
        for (size_t i = 0; i < count; i++)
            indices[i] = (uint32_t)(first + i);
        SNED_TRY_DONE(dataset_read(dataset, indices, count, pixels, labels, &got, error));
    }
    *rate = (double)size / (sned_clock() - start);
done:
    free(pixels);
    dataset_free(dataset);
    return status;
}

struct files {
    struct file_map *maps;
    size_t count;
};

static sned_status decode_file(void *argument, size_t index, sned_error *error)
{
    const struct files *files = argument;
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    static _Thread_local JSAMPLE row[MAX_ROW];
    JSAMPROW rows[1] = {row};
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_decompress(&jpeg);
    jpeg_mem_src(&jpeg, files->maps[index].data, files->maps[index].size);
    jpeg_read_header(&jpeg, TRUE);
    jpeg.out_color_space = JCS_RGB;
    jpeg_start_decompress(&jpeg);
    while (jpeg.output_scanline < jpeg.output_height)
        jpeg_read_scanlines(&jpeg, rows, 1);
    jpeg_finish_decompress(&jpeg);
    jpeg_destroy_decompress(&jpeg);
    return SNED_OK;
}

static sned_status run(char **argv, int file_count, sned_error *error)
{
    const int side = atoi(argv[2]), threads = atoi(argv[3]), rounds = atoi(argv[4]);
    struct files files = {0};
    sned_status status;
    SNED_TRY_DONE(sned_alloc(&files.maps, (size_t)file_count, sizeof *files.maps, error));
    for (; files.count < (size_t)file_count; files.count++)
        SNED_TRY_DONE(sned_file_map(&files.maps[files.count], argv[5 + files.count], error));
    for (int round = 0; round < rounds; round++) {
        double rate;
        SNED_TRY_DONE(load_all(argv[1], side, threads, &rate, error));
        const double start = sned_clock();
        SNED_TRY_DONE(sned_parallel_for(threads, files.count, decode_file, &files, error));
        printf("%.1f %.1f\n", rate, (double)files.count / (sned_clock() - start));
    }
done:
    for (size_t i = 0; i < files.count; i++)
        sned_file_unmap(&files.maps[i]);
    free(files.maps);
    return status;
}

int main(int argc, char **argv)
{
    sned_error error = {0};
    if (argc < 6) {
        fprintf(stderr, "usage: load_images DATA SIDE THREADS ROUNDS FILE.jpg...\n");
        return 2;
    }
    if (run(argv, argc - 5, &error) == SNED_OK)
        return 0;
    fprintf(stderr, "%s\n", error.message);
    return 1;
}
