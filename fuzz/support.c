/*
 * support.c - target.h: files in memory, a folder that is gone at the end, promises.
 */
#include "target.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

void fuzz_require(bool holds, const char *promise)
{
    if (holds)
        return;
    fprintf(stderr, "broken promise: %s\n", promise);
    abort();
}

void fuzz_require_outcome(sned_status status, const void *object, const sned_error *error)
{
    fuzz_require((status == SNED_OK) == (object != NULL), "success gives an object, failure none");
    if (status == SNED_OK)
        return;
    fuzz_require(error->status == status, "the error has the status that is returned");
    fuzz_require(error->message[0] != 0, "an error says what is wrong");
    fuzz_require(strpbrk(error->message, "\n\r") == NULL, "an error is one line");
}

/* ---- files ---- */

const char *fuzz_file(int slot, const void *data, size_t size)
{
    static struct {
        int file; /* 0: not made yet */
        char path[32];
    } files[FUZZ_FILES];

    if (files[slot].file == 0) {
        files[slot].file = memfd_create("fuzz", MFD_CLOEXEC);
        snprintf(files[slot].path, sizeof files[slot].path, "/proc/self/fd/%d", files[slot].file);
    }
    fuzz_require(files[slot].file > 0 && ftruncate(files[slot].file, 0) == 0 &&
                     (size == 0 || pwrite(files[slot].file, data, size, 0) == (ssize_t)size),
                 "there is memory for the file");
    return files[slot].path;
}

static char folder[64];

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    return remove(path);
}

static void remove_folder(void)
{
    nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

const char *fuzz_folder(void)
{
    if (folder[0])
        return folder;
    snprintf(folder, sizeof folder, "%s/sned-fuzz-XXXXXX", access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
    fuzz_require(mkdtemp(folder) != NULL, "a folder can be made");
    setenv("TMPDIR", folder, 1); /* where data sets unpack to */
    atexit(remove_folder);
    return folder;
}

void fuzz_link(const char *name, int slot)
{
    char path[256];

    snprintf(path, sizeof path, "%s/%s", fuzz_folder(), name);
    char *slash = strrchr(path, '/');
    *slash = 0;
    mkdir(path, 0700); /* may be there already */
    *slash = '/';
    fuzz_require(symlink(fuzz_file(slot, NULL, 0), path) == 0, "a link can be made");
}

/* ---- inputs ---- */

static struct fuzz_bytes take(const uint8_t **data, size_t *left, size_t size)
{
    struct fuzz_bytes bytes = {*data, size < *left ? size : *left};

    *data += bytes.size;
    *left -= bytes.size;
    return bytes;
}

struct fuzz_parts fuzz_split(const uint8_t *data, size_t size)
{
    struct fuzz_parts parts = {0};
    enum { HEAD = 5 };

    if (size < HEAD)
        return parts;
    size_t names = data[1] | (size_t)data[2] << 8, labels = data[3] | (size_t)data[4] << 8;
    parts.options = data[0];
    data += HEAD;
    size -= HEAD;
    parts.names = take(&data, &size, names);
    parts.labels = take(&data, &size, labels);
    parts.content = take(&data, &size, size);
    return parts;
}
