/*
 * archive_file.c - libarchive behind archive_file.h.
 *
 * Only the filters named there are switched on: libarchive would run outside programs for some of the others.
 * A tar is listed by libarchive from one block that is the whole of it, so that the pointer it gives for a
 * file's content lies in our own bytes and can be kept as an offset.
 */
#include "io/sources/archive_file.h"
#include "base/memory.h"
#include "io/files/folder.h"
#include "io/pictures/image.h"
#include "io/sources/spool.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { TAR_MAX_ENTRIES = 1 << 26, TAR_MAX_NAME = 4096 };

static bool is_compressed(const struct file_map *map)
{
    static const struct {
        size_t size;
        const char *bytes;
    } magic[] = {{3, "\x1f\x8b\x08"}, {6, "\xfd\x37zXZ\0"}, {3, "BZh"}, {4, "\x28\xb5\x2f\xfd"}};

    for (size_t i = 0; i < sizeof magic / sizeof *magic; i++)
        if (map->size >= magic[i].size && memcmp(map->data, magic[i].bytes, magic[i].size) == 0)
            return true;
    return false;
}

/* ---- unpacking ---- */

static sned_status unpack(struct spool *spool, const struct file_map *map, const char *path,
                          sned_error *error)
{
    sned_status status = SNED_OK;
    struct archive_entry *entry;
    struct archive *archive = archive_read_new();
    const void *block;
    size_t size;
    int64_t offset;
    int result;

    if (!archive)
        return sned_fail(error, SNED_ERROR_MEMORY, "%s: out of memory", path);
    archive_read_support_filter_gzip(archive);
    archive_read_support_filter_xz(archive);
    archive_read_support_filter_bzip2(archive);
    archive_read_support_filter_zstd(archive);
    archive_read_support_format_raw(archive);
    archive_read_support_format_empty(archive);
    if (archive_read_open_memory(archive, map->data, map->size) != ARCHIVE_OK) {
        status = archive_failed(error, archive, path);
        goto done;
    }
    result = archive_read_next_header(archive, &entry);
    if (result == ARCHIVE_EOF) /* the compressed form of nothing */
        goto done;
    while (result == ARCHIVE_OK &&
           (result = archive_read_data_block(archive, &block, &size, &offset)) == ARCHIVE_OK)
        SNED_TRY_DONE(sned_error_context(error, spool_add(spool, block, size, error), "%s", path));
    if (result != ARCHIVE_EOF)
        status = archive_failed(error, archive, path);
done:
    archive_read_free(archive);
    return status;
}

sned_status unpacked_open(struct unpacked *unpacked, const char *path, size_t memory_budget,
                          sned_error *error)
{
    sned_status status;
    struct file_map map = {0};
    struct spool spool = {.budget = memory_budget, .file = -1};

    *unpacked = (struct unpacked){0};
    SNED_TRY_DONE(sned_file_map(&map, path, error));
    if (is_compressed(&map)) {
        SNED_TRY_DONE(unpack(&spool, &map, path, error));
        SNED_TRY_DONE(sned_error_context(error, spool_finish(&spool, unpacked, error), "%s", path));
    } else {
        unpacked->map = map;
        unpacked->data = map.data;
        unpacked->size = map.size;
        map = (struct file_map){0};
    }
done:
    sned_file_unmap(&map);
    spool_free(&spool);
    return status;
}

void unpacked_free(struct unpacked *unpacked)
{
    sned_file_unmap(&unpacked->map);
    free(unpacked->owned);
    *unpacked = (struct unpacked){0};
}

/* ---- tar ---- */

/* The entry's content as an offset into the tar's own bytes. */
static sned_status locate_content(struct archive *archive, const struct unpacked *unpacked,
                                  struct tar_entry *entry, const char *path, sned_error *error)
{
    const void *block = NULL;
    size_t size = 0;
    int64_t offset = 0;

    if (entry->size == 0)
        return SNED_OK;
    int result = archive_read_data_block(archive, &block, &size, &offset);
    if (result != ARCHIVE_OK)
        return archive_failed(error, archive, path);
    const uint8_t *data = block;
    bool inside = data >= unpacked->data && data <= unpacked->data + unpacked->size;
    if (!inside || offset != 0 || size > (size_t)(unpacked->data + unpacked->size - data))
        return sned_fail(error, SNED_ERROR_UNSUPPORTED, "%s: %s is not stored in one piece (a sparse file?)",
                         path, entry->name);
    if (size < entry->size)
        return sned_fail(error, SNED_ERROR_TRUNCATED, "%s: damaged: the tar ends inside %s", path,
                         entry->name);
    entry->offset = (size_t)(data - unpacked->data);
    return SNED_OK;
}

/* An entry of that name, without a leading "./"; a folder's ends in '/'. NULL in *entry: it is
 * the whole tar. */
static sned_status new_entry(struct tar_entry **entry, struct tar_index *index, size_t *capacity,
                             const char *name, bool is_folder, sned_error *error)
{
    *entry = NULL;
    while (strncmp(name, "./", 2) == 0)
        name += 2;
    if (is_folder && (!*name || strcmp(name, ".") == 0))
        return SNED_OK;
    if (index->count >= TAR_MAX_ENTRIES)
        return sned_fail(error, SNED_ERROR_UNSUPPORTED, "more than %d files", TAR_MAX_ENTRIES);
    if (index->count == *capacity) {
        size_t larger = *capacity ? *capacity * 2 : 1024;
        SNED_TRY(sned_resize(&index->entries, larger, sizeof *index->entries, error));
        *capacity = larger;
    }
    bool wants_slash = is_folder && name[strlen(name) - 1] != '/';
    *entry = &index->entries[index->count];
    **entry = (struct tar_entry){0};
    SNED_TRY(path_format(&(*entry)->name, error, "%s%s", name, wants_slash ? "/" : ""));
    index->count++;
    return SNED_OK;
}

static sned_status add_entry(struct tar_index *index, size_t *capacity, struct archive *archive,
                             struct archive_entry *found, const struct unpacked *unpacked, const char *path,
                             sned_error *error)
{
    const char *name =
        archive_entry_pathname(found) ? archive_entry_pathname(found) : archive_entry_pathname_utf8(found);
    bool is_folder = archive_entry_filetype(found) == AE_IFDIR;
    int64_t size = is_folder ? 0 : archive_entry_size(found);
    struct tar_entry *entry;

    if ((archive_entry_hardlink(found) || archive_entry_filetype(found) == AE_IFLNK) && name &&
        image_has_name(name) && !path_is_clutter(name))
        return sned_fail(error, SNED_ERROR_UNSUPPORTED,
                         "%s: %s is a link, which is not followed in a tar: make the tar with --dereference "
                         "--hard-dereference",
                         path, name);
    if (!is_folder && (archive_entry_filetype(found) != AE_IFREG || archive_entry_hardlink(found)))
        return SNED_OK;
    if (!name || !*name || strlen(name) > TAR_MAX_NAME || size < 0)
        return sned_fail(error, SNED_ERROR_FORMAT, "%s: file %zu of the tar has no usable name or size", path,
                         index->count + 1);
    SNED_TRY(
        sned_error_context(error, new_entry(&entry, index, capacity, name, is_folder, error), "%s", path));
    if (!entry || is_folder)
        return SNED_OK;
    entry->size = (size_t)size;
    return locate_content(archive, unpacked, entry, path, error);
}

static int compare_entries(const void *a, const void *b)
{
    const struct tar_entry *left = a, *right = b;
    int order = strcmp(left->name, right->name);

    return order ? order : (left->offset > right->offset) - (left->offset < right->offset);
}

/* Sorted; where a tar was appended to, the later file of a name replaces the earlier, as tar -x does. */
static void sort_entries(struct tar_index *index)
{
    size_t kept = 0;

    if (index->count)
        qsort(index->entries, index->count, sizeof *index->entries, compare_entries);
    for (size_t i = 0; i < index->count; i++) {
        if (i + 1 < index->count && strcmp(index->entries[i].name, index->entries[i + 1].name) == 0)
            free(index->entries[i].name);
        else
            index->entries[kept++] = index->entries[i];
    }
    index->count = kept;
}

sned_status tar_index_make(struct tar_index *index, const struct unpacked *unpacked, const char *path,
                           sned_error *error)
{
    sned_status status = SNED_OK;
    size_t capacity = 0;
    int result;
    struct archive_entry *entry;
    struct archive *archive = archive_read_new();

    *index = (struct tar_index){0};
    if (!archive)
        return sned_fail(error, SNED_ERROR_MEMORY, "%s: out of memory", path);
    archive_read_support_format_tar(archive);
    archive_read_support_format_empty(archive);
    if (archive_read_open_memory(archive, unpacked->data, unpacked->size) != ARCHIVE_OK) {
        status = sned_fail(error, SNED_ERROR_FORMAT, "%s: not a tar", path);
        goto done;
    }
    while ((result = archive_read_next_header(archive, &entry)) == ARCHIVE_OK || result == ARCHIVE_WARN)
        SNED_TRY_DONE(add_entry(index, &capacity, archive, entry, unpacked, path, error));
    if (result != ARCHIVE_EOF)
        status = index->count == 0
                     ? sned_fail(error, SNED_ERROR_FORMAT, "%s: not a tar, or its beginning is damaged", path)
                     : archive_failed(error, archive, path);
    sort_entries(index);
done:
    archive_read_free(archive);
    if (status != SNED_OK)
        tar_index_free(index);
    return status;
}

void tar_index_free(struct tar_index *index)
{
    for (size_t i = 0; i < index->count; i++)
        free(index->entries[i].name);
    free(index->entries);
    *index = (struct tar_index){0};
}

const struct tar_entry *tar_index_find(const struct tar_index *index, const char *name)
{
    size_t low = 0, high = index->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(index->entries[middle].name, name);
        if (order == 0)
            return text_ends_with(name, "/") ? NULL : &index->entries[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}
