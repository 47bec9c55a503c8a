/*
 * zip_file.c - libarchive behind zip_file.h. The zip is given to it as one block that is the whole of it, so
 * that what it gives for a stored file lies in our own mapping. It converts names to the charset of the
 * thread's locale, which is UTF-8 as long as it runs here.
 */
#include "io/sources/zip_file.h"
#include "base/memory.h"
#include "io/sources/spool.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

enum { ZIP_MAX_ENTRIES = 1 << 12, ZIP_MAX_NAME = 4096 };

bool zip_is(const void *bytes, size_t size)
{
    return size >= 4 && (!memcmp(bytes, "PK\3\4", 4) || !memcmp(bytes, "PK\5\6", 4));
}

/* A zip as libarchive reads it, from its beginning. */
struct zip_reading {
    struct archive *archive;
    locale_t utf8, before; /* 0: the locale is as it was */
};

static sned_status start(struct zip_reading *reading, const struct zip_file *zip, sned_error *error)
{
    *reading = (struct zip_reading){.archive = archive_read_new(),
                                    .utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0)};
    if (!reading->archive)
        return sned_fail(error, SNED_ERROR_MEMORY, "%s: out of memory", zip->path);
    if (reading->utf8)
        reading->before = uselocale(reading->utf8);
    archive_read_support_format_zip(reading->archive);
    if (archive_read_open_memory(reading->archive, zip->map.data, zip->map.size) != ARCHIVE_OK)
        return archive_failed(error, reading->archive, zip->path);
    return SNED_OK;
}

static void stop(struct zip_reading *reading)
{
    archive_read_free(reading->archive);
    if (reading->before)
        uselocale(reading->before);
    if (reading->utf8)
        freelocale(reading->utf8);
}

/* *name: of the next regular file, or NULL at the end. */
static sned_status next(struct archive *archive, const struct zip_file *zip, struct archive_entry **entry,
                        const char **name, sned_error *error)
{
    int result;
    *name = NULL;
    while ((result = archive_read_next_header(archive, entry)) == ARCHIVE_OK || result == ARCHIVE_WARN) {
        if (archive_entry_filetype(*entry) != AE_IFREG)
            continue;
        *name = archive_entry_pathname(*entry) ? archive_entry_pathname(*entry)
                                               : archive_entry_pathname_utf8(*entry);
        if (!*name || !**name || strlen(*name) > ZIP_MAX_NAME)
            return sned_fail(error, SNED_ERROR_FORMAT, "%s: a file in it has no usable name", zip->path);
        return SNED_OK;
    }
    return result == ARCHIVE_EOF ? SNED_OK : archive_failed(error, archive, zip->path);
}

static bool is_listed(const struct name_list *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++)
        if (!strcmp(names->names[i], name))
            return true;
    return false;
}

sned_status zip_open(struct zip_file *zip, const char *path, sned_error *error)
{
    sned_status status;
    struct zip_reading reading = {0};
    struct archive_entry *entry;
    const char *name;

    *zip = (struct zip_file){0};
    SNED_TRY_DONE(sned_strdup(&zip->path, path, error));
    SNED_TRY_DONE(sned_file_map(&zip->map, path, error));
    SNED_TRY_DONE(start(&reading, zip, error));
    for (;;) {
        SNED_TRY_DONE(next(reading.archive, zip, &entry, &name, error));
        if (!name)
            break;
        if (zip->names.count == ZIP_MAX_ENTRIES)
            status =
                sned_fail(error, SNED_ERROR_UNSUPPORTED, "%s: more than %d files", path, ZIP_MAX_ENTRIES);
        else if (is_listed(&zip->names, name))
            status = sned_fail(error, SNED_ERROR_FORMAT, "%s: holds %s twice", path, name);
        else
            status = name_list_add(&zip->names, name, error);
        if (status != SNED_OK)
            goto done;
    }
done:
    stop(&reading);
    return status;
}

void zip_close(struct zip_file *zip)
{
    name_list_free(&zip->names);
    sned_file_unmap(&zip->map);
    free(zip->path);
    *zip = (struct zip_file){0};
}

/* The content of the entry that was just found. */
static sned_status read_content(struct unpacked *content, struct archive *archive,
                                struct archive_entry *entry, const struct zip_file *zip, struct spool *spool,
                                sned_error *error)
{
    const uint8_t *end = zip->map.data + zip->map.size;
    const void *block;
    size_t size;
    int64_t offset;
    int result;

    while ((result = archive_read_data_block(archive, &block, &size, &offset)) == ARCHIVE_OK) {
        const uint8_t *data = block;
        bool whole = archive_entry_size_is_set(entry) && (uint64_t)archive_entry_size(entry) == size;
        if (whole && size && data >= zip->map.data && data < end && size <= (size_t)(end - data))
            *content = (struct unpacked){.data = data, .size = size};
        else
            SNED_TRY(spool_add(spool, block, size, error));
    }
    if (result != ARCHIVE_EOF)
        return archive_failed(error, archive, zip->path);
    return content->data ? SNED_OK : spool_finish(spool, content, error);
}

sned_status zip_read(struct unpacked *content, const struct zip_file *zip, const char *name,
                     size_t memory_budget, sned_error *error)
{
    sned_status status;
    struct spool spool = {.budget = memory_budget, .file = -1};
    struct zip_reading reading = {0};
    struct archive_entry *entry;
    const char *found;

    *content = (struct unpacked){0};
    SNED_TRY_DONE(start(&reading, zip, error));
    do {
        SNED_TRY_DONE(next(reading.archive, zip, &entry, &found, error));
    } while (found && strcmp(found, name) != 0);
    if (found)
        status = sned_error_context(error, read_content(content, reading.archive, entry, zip, &spool, error),
                                    "%s", name);
    else
        status = sned_fail(error, SNED_ERROR_DATA, "%s: holds no %s", zip->path, name);
done:
    if (status != SNED_OK)
        unpacked_free(content);
    spool_free(&spool);
    stop(&reading);
    return status;
}
