/*
 * archive_file.h - files that may be compressed, seen as plain bytes; and the files inside a tar.
 *
 * A plain file is mapped. A compressed one (gzip, xz, bzip2, zstd, told by its first bytes, never by its
 * name) is unpacked once: into memory where it fits the budget given, else into a temporary file that has no
 * name, and is mapped from there. So every parser sees one block of bytes, and a tar is read by offset
 * however it was packed.
 */
#ifndef SNED_IO_SOURCES_ARCHIVE_FILE_H
#define SNED_IO_SOURCES_ARCHIVE_FILE_H

#include "base/error.h"
#include "base/file.h"

struct unpacked {
    const uint8_t *data; /* NULL where size is 0 */
    size_t size;
    size_t memory;       /* bytes of it that count against a memory budget: 0 where it is mapped */
    struct file_map map; /* where the bytes live: a mapping, or ... */
    uint8_t *owned;      /* ... memory of its own */
};

/* Errors name `path`. Free with unpacked_free, also after a failure; {0} is fine. */
sned_status unpacked_open(struct unpacked *unpacked, const char *path, size_t memory_budget,
                          sned_error *error);
void unpacked_free(struct unpacked *unpacked);

/* One regular file in a tar: `size` bytes at `offset` of the unpacked tar; or a folder, of no bytes. */
struct tar_entry {
    char *name; /* owned; without a leading "./"; a folder's ends in '/' */
    size_t offset, size;
};
struct tar_index {
    struct tar_entry *entries; /* sorted by name; of two of one name only the later is kept */
    size_t count;
};

/* Lists the tar in `unpacked`; a link called as a picture is refused, other links are not listed; `path` is
 * for error messages. No regular file in it is not an error. */
sned_status tar_index_make(struct tar_index *index, const struct unpacked *unpacked, const char *path,
                           sned_error *error);
void tar_index_free(struct tar_index *index);
/* The file of that name; NULL: not there. */
const struct tar_entry *tar_index_find(const struct tar_index *index, const char *name);

#endif
