/*
 * zip_file.h - the files in a zip, by name: what numpy.savez writes.
 */
#ifndef SNED_IO_SOURCES_ZIP_FILE_H
#define SNED_IO_SOURCES_ZIP_FILE_H

#include "io/sources/archive_file.h"
#include "io/files/folder.h"

struct zip_file {
    char *path; /* owned */
    struct file_map map;
    struct name_list names; /* of its regular files, in the zip's order; none twice */
};

bool zip_is(const void *bytes, size_t size); /* whether they begin as a zip does */

/* Lists it. Free with zip_close, also after a failure; {0} is fine. */
sned_status zip_open(struct zip_file *zip, const char *path, sned_error *error);
void zip_close(struct zip_file *zip);

/* The content of one of the names, its checksum looked at. What is stored as it is, is seen in the zip's own
 * mapping, which must then stay open; the rest is unpacked as unpacked_open does. unpacked_free it. */
sned_status zip_read(struct unpacked *content, const struct zip_file *zip, const char *name,
                     size_t memory_budget, sned_error *error);

#endif
