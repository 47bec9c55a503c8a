/*
 * data_files.h - small data sets made in a scratch folder by the tests that read them, and how they are read.
 *
 * Every path is relative to one folder, which scratch_begin makes and scratch_end removes with all that is in
 * it.
 */
#ifndef SNED_TESTS_IO_DATA_FILES_H
#define SNED_TESTS_IO_DATA_FILES_H

#include "io/data/dataset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>
#include <jpeglib.h>
#include <cmocka.h>

enum { PATH_SIZE = 512, MESSAGES_SIZE = 4096 };

static char scratch_folder[PATH_SIZE];

static inline void scratch_begin(void)
{
    const char *folder = getenv("TMPDIR");

    snprintf(scratch_folder, sizeof scratch_folder, "%s/sned-test-XXXXXX", folder ? folder : "/tmp");
    assert_non_null(mkdtemp(scratch_folder));
}

static inline void scratch_end(void)
{
    char command[PATH_SIZE + 16];

    snprintf(command, sizeof command, "rm -rf '%s'", scratch_folder);
    assert_int_equal(system(command), 0);
}

/* A path in the scratch folder, good until the eighth call after this one. */
static inline const char *in_scratch(const char *name)
{
    static char paths[8][2 * PATH_SIZE];
    static int next;

    next = (next + 1) % 8;
    snprintf(paths[next], sizeof paths[next], "%s/%s", scratch_folder, name);
    return paths[next];
}

/* Writes a file and the folders above it. */
static inline void put_file(const char *name, const void *data, size_t size)
{
    char path[2 * PATH_SIZE];

    snprintf(path, sizeof path, "%s", in_scratch(name));
    for (char *slash = path + strlen(scratch_folder) + 1; (slash = strchr(slash, '/')); *slash++ = '/') {
        *slash = 0;
        mkdir(path, 0777);
    }
    FILE *stream = fopen(path, "wb");
    assert_non_null(stream);
    assert_int_equal(fwrite(data, 1, size, stream), size);
    assert_int_equal(fclose(stream), 0);
}

static inline void put_text(const char *name, const char *text)
{
    put_file(name, text, strlen(text));
}

/* ---- packed files ---- */

struct member {
    const char *name;
    const void *data;
    size_t size;
};

/* A tar of `members` (a name that ends in '/' is a folder's, one without data a link), or with raw set the
 * first member's bytes alone, through the filter that `name` ends in. */
static inline void put_packed(const char *name, bool raw, const struct member *members, size_t count)
{
    struct archive *archive = archive_write_new();
    const char *end = strrchr(name, '.');

    if (!strcmp(end, ".gz"))
        archive_write_add_filter_gzip(archive);
    else if (!strcmp(end, ".xz"))
        archive_write_add_filter_xz(archive);
    raw ? archive_write_set_format_raw(archive) : archive_write_set_format_ustar(archive);
    put_file(name, "", 0);
    assert_int_equal(archive_write_open_filename(archive, in_scratch(name)), ARCHIVE_OK);
    for (size_t i = 0; i < count; i++) {
        struct archive_entry *entry = archive_entry_new();
        archive_entry_set_pathname(entry, members[i].name);
        archive_entry_set_size(entry, (int64_t)members[i].size);
        bool is_folder = members[i].name[strlen(members[i].name) - 1] == '/';
        archive_entry_set_filetype(entry, is_folder ? AE_IFDIR : members[i].data ? AE_IFREG : AE_IFLNK);
        if (!is_folder && !members[i].data)
            archive_entry_set_symlink(entry, "elsewhere");
        archive_entry_set_perm(entry, is_folder ? 0755 : 0644);
        assert_int_equal(archive_write_header(archive, entry), ARCHIVE_OK);
        assert_int_equal(archive_write_data(archive, members[i].data, members[i].size), members[i].size);
        archive_entry_free(entry);
    }
    assert_int_equal(archive_write_close(archive), ARCHIVE_OK);
    archive_write_free(archive);
}

/* ---- images ---- */

/* A JPEG of one grey, which every decoder gives back exactly. Free it with free(). */
static inline unsigned char *gray_jpeg(int side, int gray, size_t *size)
{
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    unsigned char *data = NULL, row[256];
    unsigned long written = 0;

    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, &data, &written);
    jpeg.image_width = jpeg.image_height = (JDIMENSION)side;
    jpeg.input_components = 1;
    jpeg.in_color_space = JCS_GRAYSCALE;
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, 100, TRUE);
    jpeg_start_compress(&jpeg, TRUE);
    memset(row, gray, sizeof row);
    for (int y = 0; y < side; y++)
        jpeg_write_scanlines(&jpeg, (JSAMPROW[]){row}, 1);
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    *size = written;
    return data;
}

/* Makes a folder and those above it. */
static inline void put_folder(const char *name)
{
    char command[3 * PATH_SIZE];

    snprintf(command, sizeof command, "mkdir -p '%s'", in_scratch(name));
    assert_int_equal(system(command), 0);
}

/* Writes that JPEG as a file. */
static inline void put_jpeg(const char *name, int side, int gray)
{
    size_t size;
    unsigned char *data = gray_jpeg(side, gray, &size);

    put_file(name, data, size);
    free(data);
}

/* IDX bytes: dimensions `dim` [rank], then `data` [size]. Returns the bytes written to `out`. */
static inline size_t idx_bytes(uint8_t *out, int rank, const uint32_t *dim, const uint8_t *data, size_t size)
{
    memcpy(out, (uint8_t[]){0, 0, 8, (uint8_t)rank}, 4);
    for (int i = 0; i < rank; i++)
        for (int byte = 0; byte < 4; byte++)
            out[4 + 4 * i + byte] = (uint8_t)(dim[i] >> (24 - 8 * byte));
    memcpy(out + 4 + 4 * rank, data, size);
    return 4 + 4 * (size_t)rank + size;
}

/* FOLDER/{train,t10k}-{images-idx3,labels-idx1}-ubyte: `count` images of h x w, pixel p of image i is (7 i +
 * p) % 256, label i % 3. */
static inline void put_idx(const char *folder, const char *split, uint32_t count, uint32_t h, uint32_t w)
{
    char name[PATH_SIZE];
    uint8_t *data = malloc(16 + (size_t)count * h * w), *out = malloc(16 + (size_t)count * h * w);

    for (uint32_t i = 0; i < count; i++)
        for (uint32_t p = 0; p < h * w; p++)
            data[i * h * w + p] = (uint8_t)(7 * i + p);
    snprintf(name, sizeof name, "%s/%s-images-idx3-ubyte", folder, split);
    put_file(name, out, idx_bytes(out, 3, (uint32_t[]){count, h, w}, data, (size_t)count * h * w));
    for (uint32_t i = 0; i < count; i++)
        data[i] = (uint8_t)(i % 3);
    snprintf(name, sizeof name, "%s/%s-labels-idx1-ubyte", folder, split);
    put_file(name, out, idx_bytes(out, 1, &count, data, count));
    free(data);
    free(out);
}

/* ---- reading ---- */

/* Keeps the lines reported, one after another. */
static inline void keep_message(void *argument, const char *line)
{
    char *messages = argument;
    size_t length = strlen(messages);

    snprintf(messages + length, MESSAGES_SIZE - length, "%s\n", line);
}

static inline struct dataset_options input_of(int channels, int height, int width, const char *color)
{
    struct dataset_options options = {
        .split = SPLIT_TRAIN, .form = {.input = {channels, height, width}}, .threads = 2};

    snprintf(options.form.color, sizeof options.form.color, "%s", color);
    return options;
}

static inline struct dataset *open_data(const char *spec, const struct dataset_options *options)
{
    struct dataset *dataset;
    sned_error error = {0};

    if (dataset_open(&dataset, spec, options, &error) != SNED_OK)
        fail_msg("%s", error.message);
    return dataset;
}

/* Images [first, first + count) into pixels and labels; all must come. */
static inline void read_data(struct dataset *dataset, uint32_t first, size_t count, uint8_t *pixels,
                             int32_t *labels)
{
    uint32_t *indices = malloc(count * sizeof *indices + 1);
    sned_error error = {0};
    size_t got;

    for (size_t i = 0; i < count; i++)
        indices[i] = first + (uint32_t)i;
    if (dataset_read(dataset, indices, count, pixels, labels, &got, &error) != SNED_OK)
        fail_msg("%s", error.message);
    assert_int_equal(got, count);
    free(indices);
}

/* ---- the shared data ---- */

/* The path of a shared data set; skips the test, naming it, where it is absent. */
static inline const char *shared_data(const char *name)
{
    static char path[4 * PATH_SIZE];
    const char *folder = getenv("SNED_DATA");

    snprintf(path, sizeof path, "%s/data/%s", folder ? folder : "../shared", name);
    if (access(path, R_OK) != 0) {
        print_message("skipped: %s is absent\n", path);
        skip();
    }
    return path;
}

#endif
