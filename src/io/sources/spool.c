/*
 * spool.c - see spool.h.
 */
#include "io/sources/spool.h"
#include "base/memory.h"

#include <archive.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* More than any data set here unpacks to: what stops a file made to fill the disk. */
static const size_t UNPACKED_MAX = (size_t)1 << 36;

sned_status archive_failed(sned_error *error, struct archive *archive, const char *path)
{
    const char *reason = archive_error_string(archive);

    if (!reason)
        reason = "unknown reason";
    bool cut = strcasestr(reason, "truncated") || strcasestr(reason, "unexpected end") ||
               strcasestr(reason, "no progress"); /* what liblzma says of a cut-off file */
    if (archive_errno(archive) == ENOMEM)
        return sned_fail(error, SNED_ERROR_MEMORY, "%s: out of memory", path);
    return sned_fail(error, cut ? SNED_ERROR_TRUNCATED : SNED_ERROR_FORMAT,
                     cut ? "%s: cut off: %s" : "%s: damaged: %s", path, reason);
}

/* A file that is gone when it is closed. */
static sned_status open_unnamed(int *file, sned_error *error)
{
    const char *folder = getenv("TMPDIR");
    char *name = NULL;

    if (!folder || !*folder)
        folder = "/var/tmp";
    if (asprintf(&name, "%s/sned-XXXXXX", folder) < 0)
        return sned_fail(error, SNED_ERROR_MEMORY, "out of memory");
    *file = mkostemp(name, O_CLOEXEC);
    if (*file >= 0)
        unlink(name);
    free(name);
    if (*file < 0)
        return sned_fail(error, SNED_ERROR_IO,
                         "cannot make a temporary file in %s: %s; set TMPDIR to a writable folder", folder,
                         strerror(errno));
    return SNED_OK;
}

static sned_status write_all(int file, const uint8_t *data, size_t size, sned_error *error)
{
    while (size > 0) {
        ssize_t written = write(file, data, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return sned_fail(
                error, SNED_ERROR_IO,
                "cannot write the unpacked bytes to a temporary file: %s; set TMPDIR to a larger folder",
                strerror(errno));
        data += written;
        size -= (size_t)written;
    }
    return SNED_OK;
}

sned_status spool_add(struct spool *spool, const void *data, size_t size, sned_error *error)
{
    if (size > UNPACKED_MAX - spool->size)
        return sned_fail(error, SNED_ERROR_UNSUPPORTED, "unpacks to more than %zu bytes", UNPACKED_MAX);
    spool->size += size;
    if (spool->file < 0 && spool->size <= spool->budget)
        return sned_buffer_append(&spool->buffer, data, size, error);
    if (spool->file < 0) {
        SNED_TRY(open_unnamed(&spool->file, error));
        SNED_TRY(write_all(spool->file, spool->buffer.data, spool->buffer.size, error));
        sned_buffer_free(&spool->buffer);
    }
    return write_all(spool->file, data, size, error);
}

sned_status spool_finish(struct spool *spool, struct unpacked *unpacked, sned_error *error)
{
    if (spool->file < 0) {
        SNED_TRY(sned_resize(&spool->buffer.data, spool->size, 1, error));
        unpacked->owned = spool->buffer.data;
        unpacked->data = spool->buffer.data;
        unpacked->memory = spool->size;
        spool->buffer = (struct buffer){0};
    } else {
        void *data = mmap(NULL, spool->size, PROT_READ, MAP_PRIVATE, spool->file, 0);
        if (data == MAP_FAILED)
            return sned_fail(error, SNED_ERROR_IO, "cannot map the unpacked bytes: %s", strerror(errno));
        unpacked->map = (struct file_map){data, spool->size};
        unpacked->data = data;
    }
    unpacked->size = spool->size;
    return SNED_OK;
}

void spool_free(struct spool *spool)
{
    sned_buffer_free(&spool->buffer);
    if (spool->file >= 0)
        close(spool->file);
    spool->file = -1;
}
