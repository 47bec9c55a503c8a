/*
 * checkpoint.c - see checkpoint.h.
 *
 *     "SNEDCKPT" | version u32 | count u32 | key u64
 *     per blob: name, 32 bytes | size u64 | the bytes
 *     XXH64 of all that precedes, u64
 *
 * Little endian. The blobs of a checkpoint in memory point into one copy of the file.
 */
#include "train/checkpoint.h"

#include "base/bytes.h"
#include "base/file.h"
#include "base/hash.h"

#include <string.h>
#include <sys/stat.h>

static const char MAGIC[8] = "SNEDCKPT";
enum {
    VERSION = 1,
    HASH_SIZE = 8,
    MAX_BLOBS = sizeof((struct checkpoint *)0)->blobs / sizeof(struct checkpoint_blob)
};

sned_status checkpoint_write(const char *path, uint64_t key, const struct checkpoint_blob *blobs, int count,
                             sned_error *error)
{
    struct writer writer = {0};
    if (count < 0 || count > MAX_BLOBS)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "a checkpoint holds at most %d parts", (int)MAX_BLOBS);
    sned_write_bytes(&writer, MAGIC, sizeof MAGIC);
    sned_write_u32(&writer, VERSION);
    sned_write_u32(&writer, (uint32_t)count);
    sned_write_u64(&writer, key);
    for (int i = 0; i < count; i++) {
        sned_write_bytes(&writer, blobs[i].name, sizeof blobs[i].name);
        sned_write_u64(&writer, blobs[i].size);
        sned_write_bytes(&writer, blobs[i].data, blobs[i].size);
    }
    sned_write_u64(&writer, sned_hash(writer.buffer.data, writer.buffer.size));
    sned_status status = writer.status;
    if (status != SNED_OK)
        sned_fail(error, status, "checkpoint %s: out of memory", path);
    else
        status = sned_file_write(path, writer.buffer.data, writer.buffer.size, error);
    sned_writer_free(&writer);
    return status;
}

/* Whether the bytes are a whole checkpoint with this key; its parts are then in `checkpoint`. */
static bool parse(struct checkpoint *checkpoint, uint64_t key)
{
    const struct buffer *memory = &checkpoint->memory;
    struct reader reader;
    if (memory->size < HASH_SIZE)
        return false;
    sned_reader_init(&reader, memory->data + memory->size - HASH_SIZE, HASH_SIZE);
    if (sned_read_u64(&reader) != sned_hash(memory->data, memory->size - HASH_SIZE))
        return false;
    sned_reader_init(&reader, memory->data, memory->size - HASH_SIZE);
    const uint8_t *magic = sned_read_bytes(&reader, sizeof MAGIC);
    if (!magic || memcmp(magic, MAGIC, sizeof MAGIC) != 0 || sned_read_u32(&reader) != VERSION)
        return false;
    uint32_t count = sned_read_u32(&reader);
    if (sned_read_u64(&reader) != key || count > MAX_BLOBS)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        struct checkpoint_blob *blob = &checkpoint->blobs[i];
        const uint8_t *name = sned_read_bytes(&reader, sizeof blob->name);
        uint64_t size = sned_read_u64(&reader);
        if (!name || size > sned_reader_left(&reader))
            return false;
        memcpy(blob->name, name, sizeof blob->name);
        blob->name[sizeof blob->name - 1] = 0;
        blob->size = (size_t)size;
        blob->data = sned_read_bytes(&reader, blob->size);
    }
    checkpoint->count = (int)count;
    return !reader.failed && sned_reader_left(&reader) == 0;
}

sned_status checkpoint_read(struct checkpoint *checkpoint, const char *path, uint64_t key, bool *found,
                            sned_error *error)
{
    struct stat about;
    struct file_map map = {0};
    *checkpoint = (struct checkpoint){0};
    *found = false;
    if (stat(path, &about) != 0)
        return SNED_OK;
    SNED_TRY(sned_file_map(&map, path, error));
    sned_status status = sned_buffer_append(&checkpoint->memory, map.data, map.size, error);
    sned_file_unmap(&map);
    if (status == SNED_OK)
        *found = parse(checkpoint, key);
    if (!*found)
        checkpoint_free(checkpoint);
    return status;
}

bool checkpoint_is_one(const char *path)
{
    char start[sizeof MAGIC];
    FILE *file = fopen(path, "rbe");
    bool is_one = file && fread(start, sizeof start, 1, file) == 1 && !memcmp(start, MAGIC, sizeof MAGIC);
    if (file)
        fclose(file);
    return is_one;
}

void checkpoint_report_other(const char *path, const struct reporter *reporter)
{
    if (checkpoint_is_one(path))
        sned_report(reporter,
                    "checkpoint %s is of another run (network, data or options), or damaged: beginning "
                    "anew, and writing over it",
                    path);
}

const struct checkpoint_blob *checkpoint_find(const struct checkpoint *checkpoint, const char *name)
{
    for (int i = 0; i < checkpoint->count; i++)
        if (strcmp(checkpoint->blobs[i].name, name) == 0)
            return &checkpoint->blobs[i];
    return NULL;
}

void checkpoint_free(struct checkpoint *checkpoint)
{
    sned_buffer_free(&checkpoint->memory);
    *checkpoint = (struct checkpoint){0};
}
