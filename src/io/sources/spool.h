/*
 * spool.h - unpacked bytes on their way: memory up to a budget, then a file that has no name.
 *
 * What archive_file.c and zip_file.c share, with the words for what libarchive finds wrong.
 */
#ifndef SNED_IO_SOURCES_SPOOL_H
#define SNED_IO_SOURCES_SPOOL_H

#include "base/memory.h"
#include "io/sources/archive_file.h"

struct archive;

struct spool {
    struct buffer buffer;
    size_t budget, size;
    int file; /* -1: still in memory */
};
sned_status spool_add(struct spool *spool, const void *data, size_t size, sned_error *error);
/* The spool's bytes become the result's; the spool is empty afterwards. */
sned_status spool_finish(struct spool *spool, struct unpacked *unpacked, sned_error *error);
void spool_free(struct spool *spool);

/* What libarchive says of `path`, as an error. */
sned_status archive_failed(sned_error *error, struct archive *archive, const char *path);

#endif
