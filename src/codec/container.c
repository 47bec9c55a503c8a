/*
 * container.c - the outside of a .sned file: magic, versions, the table of sections, checksums.
 *
 *     89 "SNED" 0A | major | minor | sections | (kind | size | checksum) ... | checksum | contents
 *
 * Every byte of a file is under one checksum or the other, and the sizes leave no gap, so that a file that
 * has lost, changed or gained a byte anywhere is refused before its contents are looked at.
 */
#include "codec/sections.h"
#include "base/hash.h"

#include <string.h>

static const uint8_t magic[6] = {0x89, 'S', 'N', 'E', 'D', '\n'};
enum { MIN_ENTRY_BYTES = 10 }; /* kind, a size of one byte, checksum */

/* ---- writing ---- */

sned_status sned_container_write(const struct section *sections, int count, uint8_t minor, struct buffer *out,
                                 sned_error *error)
{
    struct writer writer = {.buffer = *out};
    size_t start = out->size;
    sned_write_bytes(&writer, magic, sizeof magic);
    sned_write_u8(&writer, CONTAINER_MAJOR);
    sned_write_u8(&writer, minor);
    sned_write_u8(&writer, (uint8_t)count);
    for (int i = 0; i < count; i++) {
        sned_write_u8(&writer, sections[i].kind);
        sned_write_varint(&writer, sections[i].size);
        sned_write_u64(&writer, sned_hash(sections[i].data, sections[i].size));
    }
    if (writer.status == SNED_OK)
        sned_write_u64(&writer, sned_hash(writer.buffer.data + start, writer.buffer.size - start));
    for (int i = 0; i < count; i++)
        sned_write_bytes(&writer, sections[i].data, sections[i].size);
    *out = writer.buffer;
    return writer.status == SNED_OK ? SNED_OK : sned_fail(error, writer.status, "out of memory for the file");
}

/* ---- reading ---- */

static sned_status truncated(sned_error *error, const char *what)
{
    return sned_fail(error, SNED_ERROR_TRUNCATED, "the .sned file ends inside %s; copy or pack it again",
                     what);
}

static sned_status read_head(struct reader *reader, int *count, sned_error *error)
{
    size_t seen = reader->size < sizeof magic ? reader->size : sizeof magic;
    if (seen && memcmp(reader->data, magic, seen) != 0)
        return sned_fail(error, SNED_ERROR_FORMAT, "this is not a .sned file: it begins otherwise");
    if (reader->size == 0)
        return sned_fail(error, SNED_ERROR_TRUNCATED, "the .sned file is empty");
    sned_read_bytes(reader, sizeof magic);
    uint8_t major = sned_read_u8(reader), minor = sned_read_u8(reader);
    *count = sned_read_u8(reader);
    if (!reader->failed && major > CONTAINER_MAJOR)
        return sned_fail(
            error, SNED_ERROR_VERSION,
            "the file is of format version %u.%u, this program reads up to %d.x; use a newer sned", major,
            minor, CONTAINER_MAJOR);
    if (!reader->failed && major < CONTAINER_MAJOR)
        return sned_fail(error, SNED_ERROR_FORMAT, "format version %u.%u never was", major, minor);
    if (reader->failed)
        return truncated(error, "its head");
    return *count <= CONTAINER_MAX_SECTIONS
               ? SNED_OK
               : sned_fail(error, SNED_ERROR_FORMAT, "%d sections are announced; %d are possible", *count,
                           CONTAINER_MAX_SECTIONS);
}

struct entry {
    uint8_t kind;
    uint64_t size, checksum;
};

static sned_status read_table(struct reader *reader, struct entry *entries, int count, sned_error *error)
{
    if (sned_reader_left(reader) < (size_t)count * MIN_ENTRY_BYTES)
        return truncated(error, "its table of sections");
    for (int i = 0; i < count; i++) {
        entries[i].kind = sned_read_u8(reader);
        entries[i].size = sned_read_varint(reader);
        entries[i].checksum = sned_read_u64(reader);
    }
    bool whole = !reader->failed;
    size_t size = reader->position;
    uint64_t checksum = sned_read_u64(reader);
    if (!whole && sned_reader_left(reader) >= sizeof checksum)
        return sned_fail(error, SNED_ERROR_CHECKSUM, "the table of sections is damaged");
    if (reader->failed)
        return truncated(error, "its table of sections");
    if (checksum != sned_hash(reader->data, size))
        return sned_fail(
            error, SNED_ERROR_CHECKSUM,
            "the table of sections is damaged: its checksum differs; copy or pack the file again");
    for (int i = 1; i < count; i++) {
        if (entries[i].kind <= entries[i - 1].kind)
            return sned_fail(error, SNED_ERROR_FORMAT, "section %d is out of order or there twice",
                             entries[i].kind);
    }
    return SNED_OK;
}

/* ---- the sections that are known ---- */

static const struct {
    uint8_t kind;
    const char *name;
    size_t place; /* in struct container */
} known[] = {
    {SECTION_GRAPH, "GRAPH", offsetof(struct container, graph)},
    {SECTION_WEIGHTS, "WEIGHTS", offsetof(struct container, weights)},
    {SECTION_STATES, "STATES", offsetof(struct container, states)},
    {SECTION_OUTPUTS, "OUTPUTS", offsetof(struct container, outputs)},
    {SECTION_MIXED, "MIXED", offsetof(struct container, mixed)},
    {SECTION_LABELS, "LABELS", offsetof(struct container, labels)},
    {SECTION_PROVENANCE, "PROVENANCE", offsetof(struct container, provenance)},
    {SECTION_RESIZE, "RESIZE", offsetof(struct container, resize)},
};
enum { KNOWN = sizeof known / sizeof *known };

static struct section *known_section(struct container *container, uint8_t kind)
{
    for (int i = 0; i < KNOWN; i++)
        if (known[i].kind == kind)
            return (struct section *)(void *)((char *)container + known[i].place);
    return NULL;
}

static const char *section_name(uint8_t kind)
{
    for (int i = 0; i < KNOWN; i++)
        if (known[i].kind == kind)
            return known[i].name;
    return "unknown";
}

static sned_status read_section(struct reader *reader, const struct entry *entry, struct container *container,
                                sned_error *error)
{
    struct section *section = known_section(container, entry->kind);
    if (entry->size > sned_reader_left(reader))
        return truncated(error, section_name(entry->kind));
    const uint8_t *data = sned_read_bytes(reader, (size_t)entry->size);
    if (entry->checksum != sned_hash(data, (size_t)entry->size))
        return sned_fail(error, SNED_ERROR_CHECKSUM,
                         "section %s (%u) is damaged: its checksum differs; copy or pack the file again",
                         section_name(entry->kind), entry->kind);
    if (section)
        *section = (struct section){entry->kind, data, (size_t)entry->size};
    else if (entry->kind < SECTION_OPTIONAL)
        return sned_fail(error, SNED_ERROR_UNSUPPORTED,
                         "the file needs section %u, which this program does not know; use a newer sned",
                         entry->kind);
    return SNED_OK;
}

/* Either MIXED, which holds what else there is but streams in WEIGHTS, or the sections themselves. */
static sned_status check_complete(const struct container *container, sned_error *error)
{
    const bool coded = container->mixed.data != NULL;
    for (int i = 0; i < KNOWN; i++) {
        const struct section *section = (const void *)((const char *)container + known[i].place);
        if (coded && section->data && known[i].kind != SECTION_MIXED && known[i].kind != SECTION_WEIGHTS)
            return sned_fail(error, SNED_ERROR_FORMAT, "the .sned file has section %s besides MIXED",
                             known[i].name);
    }
    if (!coded && (!container->graph.data || !container->weights.data))
        return sned_fail(error, SNED_ERROR_FORMAT, "the .sned file has no %s section",
                         container->graph.data ? "WEIGHTS" : "GRAPH");
    return SNED_OK;
}

sned_status sned_container_read(struct container *container, const void *data, size_t size, sned_error *error)
{
    struct reader reader;
    struct entry entries[CONTAINER_MAX_SECTIONS];
    int count = 0;
    *container = (struct container){0};
    sned_reader_init(&reader, data, size);
    SNED_TRY(read_head(&reader, &count, error));
    SNED_TRY(read_table(&reader, entries, count, error));
    for (int i = 0; i < count; i++)
        SNED_TRY(read_section(&reader, &entries[i], container, error));
    if (sned_reader_left(&reader) > 0)
        return sned_fail(error, SNED_ERROR_FORMAT, "%zu bytes follow the last section of the .sned file",
                         sned_reader_left(&reader));
    return check_complete(container, error);
}
