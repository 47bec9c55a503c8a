/*
 * npy_write.c - see npy_write.h. The zip is libarchive's, stored without compression.
 */
#include "io/sources/npy_write.h"
#include "base/memory.h"
#include "io/files/folder.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PREFIX = 10, ALIGNMENT = 64, HEADER_SPACE = 512 };

/* Magic, version 1.0, length, header: a multiple of 64 bytes, as numpy.save writes it. */
static size_t make_header(char header[HEADER_SPACE], const struct npy_output *array)
{
    int length = PREFIX + snprintf(header + PREFIX, HEADER_SPACE - PREFIX,
                                   "{'descr': '%s', 'fortran_order': False, 'shape': (", array->descr);
    for (int i = 0; i < array->rank; i++)
        length += snprintf(header + length, HEADER_SPACE - (size_t)length, "%s%zu%s", i ? " " : "",
                           array->dim[i], i + 1 < array->rank || array->rank == 1 ? "," : "");
    length += snprintf(header + length, HEADER_SPACE - (size_t)length, "), }");
    size_t whole = ((size_t)length + ALIGNMENT) / ALIGNMENT * ALIGNMENT; /* a newline fits */
    memset(header + length, ' ', whole - (size_t)length);
    header[whole - 1] = '\n';
    memcpy(header, "\x93NUMPY\1\0", 8);
    header[8] = (char)((whole - PREFIX) & 255);
    header[9] = (char)((whole - PREFIX) >> 8);
    return whole;
}

sned_status npy_write(struct output *output, const struct npy_output *array, sned_error *error)
{
    char header[HEADER_SPACE];
    SNED_TRY(sned_output_write(output, header, make_header(header, array), error));
    return sned_output_write(output, array->data, array->size, error);
}

/* ---- zip ---- */

struct stream {
    struct output *output;
    sned_error *error;
    sned_status status;
};

static la_ssize_t write_block(struct archive *archive, void *context, const void *block, size_t size)
{
    struct stream *stream = context;
    stream->status = sned_output_write(stream->output, block, size, stream->error);
    return stream->status == SNED_OK ? (la_ssize_t)size : -1;
}

/* The status of a libarchive call: what the disk said, else what libarchive says. */
static sned_status zip_status(int result, const struct stream *stream, struct archive *archive)
{
    if (result >= ARCHIVE_OK || stream->status != SNED_OK)
        return stream->status;
    const char *reason = archive_error_string(archive);
    return sned_fail(stream->error, SNED_ERROR_IO, "%s: cannot write the zip: %s", stream->output->path,
                     reason ? reason : "unknown reason");
}

static sned_status write_member(struct archive *archive, const struct stream *stream,
                                const struct npy_output *array)
{
    char header[HEADER_SPACE];
    size_t length = make_header(header, array);
    char *name = NULL;
    struct archive_entry *entry = archive_entry_new();
    sned_status status;

    if (!entry) {
        status = sned_fail(stream->error, SNED_ERROR_MEMORY, "out of memory");
        goto done;
    }
    SNED_TRY_DONE(path_format(&name, stream->error, "%s.npy", array->name));
    archive_entry_set_pathname_utf8(entry, name);
    archive_entry_set_size(entry, (int64_t)(length + array->size));
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    SNED_TRY_DONE(zip_status(archive_write_header(archive, entry), stream, archive));
    SNED_TRY_DONE(zip_status(archive_write_data(archive, header, length) < 0 ? -1 : 0, stream, archive));
    for (size_t done = 0; done < array->size;) {
        la_ssize_t written =
            archive_write_data(archive, (const uint8_t *)array->data + done, array->size - done);
        SNED_TRY_DONE(zip_status(written <= 0 ? ARCHIVE_FATAL : ARCHIVE_OK, stream, archive));
        done += (size_t)written;
    }
done:
    archive_entry_free(entry);
    free(name);
    return status;
}

sned_status npz_write(struct output *output, const struct npy_output *arrays, size_t count, sned_error *error)
{
    struct stream stream = {.output = output, .error = error};
    struct archive *archive = archive_write_new();
    sned_status status;

    if (!archive)
        return sned_fail(error, SNED_ERROR_MEMORY, "out of memory");
    archive_write_set_format_zip(archive);
    archive_write_zip_set_compression_store(archive);
    SNED_TRY_DONE(zip_status(archive_write_set_options(archive, "zip:hdrcharset=UTF-8"), &stream, archive));
    archive_write_set_bytes_in_last_block(archive, 1); /* no padding */
    SNED_TRY_DONE(
        zip_status(archive_write_open(archive, &stream, NULL, write_block, NULL), &stream, archive));
    for (size_t i = 0; i < count; i++)
        SNED_TRY_DONE(write_member(archive, &stream, &arrays[i]));
    status = zip_status(archive_write_close(archive), &stream, archive);
done:
    archive_write_free(archive);
    return status;
}

/* ---- texts ---- */

/* The next letter of a text, which is passed; a byte that is no UTF-8 is 0xdc00 + itself. */
static uint32_t next_letter(const char **text)
{
    static const uint32_t lowest[5] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *bytes = (const unsigned char *)*text;
    int length = bytes[0] < 0x80 ? 1 : bytes[0] >= 0xf0 ? 4 : bytes[0] >= 0xe0 ? 3 : 2;
    uint32_t letter = length == 1 ? bytes[0] : bytes[0] & (0xffu >> (length + 1));
    bool valid = bytes[0] < 0x80 || (bytes[0] >= 0xc2 && bytes[0] <= 0xf4);

    for (int i = 1; i < length && valid; i++) {
        valid = (bytes[i] & 0xc0) == 0x80;
        letter = letter << 6 | (bytes[i] & 0x3f);
    }
    valid = valid && letter >= lowest[length] && letter <= 0x10ffff && (letter < 0xd800 || letter > 0xdfff);
    *text += valid ? length : 1;
    return valid ? letter : 0xdc00u + bytes[0];
}

sned_status npy_texts(uint32_t **elements, size_t *letters, const char *const *texts, size_t count,
                      sned_error *error)
{
    *letters = 1;
    for (size_t i = 0; i < count; i++) {
        size_t length = 0;
        for (const char *text = texts[i]; *text; length++)
            (void)next_letter(&text);
        *letters = length > *letters ? length : *letters;
    }
    size_t row;
    if (!sned_size_multiply(*letters, sizeof **elements, &row))
        return sned_fail(error, SNED_ERROR_MEMORY, "names too long");
    SNED_TRY(sned_alloc(elements, count, row, error));
    for (size_t i = 0; i < count; i++) {
        uint32_t *element = *elements + i * *letters;
        for (const char *text = texts[i]; *text;)
            *element++ = next_letter(&text);
    }
    return SNED_OK;
}
