/*
 * file.h - whole files in, and files out that are either complete or not there.
 */
#ifndef SNED_BASE_FILE_H
#define SNED_BASE_FILE_H

#include "base/memory.h"
#include <stdio.h>

/* A regular file mapped read-only. Zero bytes: data is NULL, size 0. Where another program makes the file
 * shorter meanwhile, reading the map raises SIGBUS: libsned itself reads instead (sned_file_read), and the
 * tool ends with a message (src/cli/main.c). */
struct file_map {
    const uint8_t *data;
    size_t size;
};
sned_status sned_file_map(struct file_map *map, const char *path, sned_error *error);
void sned_file_unmap(struct file_map *map);
/* The first `limit` bytes of a regular file, or all it has, appended to `out`: a copy, whatever becomes of
 * the file. */
sned_status sned_file_read(struct buffer *out, const char *path, size_t limit, sned_error *error);

/*
 * Writes beside the target and renames over it at the end, after fsync of the file and its folder: whatever
 * happens before sned_output_commit, an old file of that name stays whole. The temporary name is
 * ".<name>.<pid>-<random>.tmp" in the same folder, removed by sned_output_abort (safe after commit, and on
 * {0}); those that killed processes left for the same target are removed by sned_output_open. In a folder
 * that others may write to, nobody can foresee the name, and a link or file planted under it is never
 * followed or written to: it is made anew or not at all (O_EXCL).
 */
struct output {
    FILE *stream; /* write here; errors are found at commit too */
    char *path, *temporary;
};
sned_status sned_output_open(struct output *output, const char *path, sned_error *error);
sned_status sned_output_write(struct output *output, const void *data, size_t size, sned_error *error);
/* All that can go wrong on a full disk, before a commit: for files that must change together. */
sned_status sned_output_finish(struct output *output, sned_error *error);
sned_status sned_output_commit(struct output *output, sned_error *error);
void sned_output_abort(struct output *output);

/* The three calls above for a whole buffer. */
sned_status sned_file_write(const char *path, const void *data, size_t size, sned_error *error);

#endif
