/*
 * external.c - tensors whose bytes lie in another file ("external data"), as PyTorch's exporter writes
 * every network: model.onnx, and model.onnx.data beside it.
 *
 * The file that a tensor names lies in the model's folder or below it. Nothing else is opened: no absolute
 * path, no "..", no link that leads out, nothing but a regular file. The bytes are read once, from where the
 * tensor says straight into memory of their own, and take the place of the raw data that a tensor inside the
 * model would have: from there on the two are alike. Reading rather than mapping keeps the peak at the size
 * of the weights, and a file that shrinks meanwhile is an error, not a signal.
 */
#include "io/files/sha1.h"
#include "io/onnx/node/tensor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- what a tensor says ---- */

struct external_place {
    const char *location, *checksum; /* of the file; checksum NULL: none */
    uint64_t offset, length;         /* in bytes; length UINT64_MAX: not given */
};

static sned_status read_number(struct importer *importer, const char *key, const char *text, uint64_t *number)
{
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 18 || text[digits] != 0)
        return sned_fail(importer->error, SNED_ERROR_FORMAT,
                         "external data: %s '%.40s' is not a number of bytes", key, text);
    *number = strtoull(text, NULL, 10);
    return SNED_OK;
}

/* Keys that ONNX does not define are other programs' notes and say nothing of where the bytes are. */
static sned_status read_place(struct importer *importer, const Onnx__TensorProto *tensor,
                              struct external_place *place)
{
    static const char *const keys[] = {"location", "offset", "length", "checksum"};
    const char *texts[4] = {NULL};
    for (size_t i = 0; i < tensor->n_external_data; i++) {
        const Onnx__StringStringEntryProto *entry = tensor->external_data[i];
        for (int k = 0; k < 4; k++) {
            if (entry->key == NULL || strcmp(entry->key, keys[k]) != 0)
                continue;
            if (texts[k])
                return sned_fail(importer->error, SNED_ERROR_FORMAT, "external data: %s comes twice",
                                 keys[k]);
            texts[k] = entry->value ? entry->value : "";
        }
    }
    *place = (struct external_place){.location = texts[0], .checksum = texts[3], .length = UINT64_MAX};
    if (texts[0] == NULL || texts[0][0] == 0)
        return sned_fail(importer->error, SNED_ERROR_FORMAT, "external data: no file is named");
    if (texts[1])
        SNED_TRY(read_number(importer, keys[1], texts[1], &place->offset));
    if (texts[2])
        SNED_TRY(read_number(importer, keys[2], texts[2], &place->length));
    return SNED_OK;
}

/* ---- opening the file ---- */

static bool leaves_folder(const char *location)
{
    const char *at = location;
    while (*at && !(strncmp(at, "..", 2) == 0 && (at[2] == '/' || at[2] == 0)))
        at += strcspn(at, "/") + (at[strcspn(at, "/")] == '/');
    return location[0] == '/' || *at != 0;
}

static sned_status fail_open(struct importer *importer, const char *location)
{
    const char *slash = strrchr(importer->path, '/');
    if (errno == ENOENT || errno == ENOTDIR)
        return sned_fail(importer->error, SNED_ERROR_IO,
                         "its data lies in '%.200s', which is not there: put that file beside '%.200s', or "
                         "export the model with its weights inside (external_data=False)",
                         location, slash ? slash + 1 : importer->path);
    return sned_fail(importer->error, SNED_ERROR_IO, "its data lies in '%.200s', which cannot be opened: %s",
                     location, strerror(errno));
}

/* Opens `path`, without links, from `folder` down, a step at a time and following no link: what was resolved
 * and checked cannot be another file by now. */
static int open_below(const char *folder, char *path)
{
    int at = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (char *step = path, *slash; at >= 0 && step; step = slash) {
        slash = strchr(step, '/');
        if (slash)
            *slash++ = 0;
        int flags = slash ? O_DIRECTORY : O_NONBLOCK; /* a pipe must not make us wait */
        int next = openat(at, step, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | flags);
        int reason = errno;
        close(at);
        errno = reason;
        at = next;
    }
    return at;
}

/* The file at `location`, resolved and found to lie below the model's folder. */
static sned_status open_location(struct importer *importer, const char *location, int *descriptor)
{
    sned_status status = SNED_OK;
    const char *slash = strrchr(importer->path, '/');
    int folder_length = slash ? (int)(slash - importer->path) + 1 : 0;
    char *named = NULL, *folder = NULL, *resolved = NULL;
    *descriptor = -1;
    if (asprintf(&named, "%.*s.", folder_length, importer->path) < 0)
        return sned_fail(importer->error, SNED_ERROR_MEMORY, "out of memory");
    folder = realpath(named, NULL);
    free(named);
    if (asprintf(&named, "%.*s%s", folder_length, importer->path, location) < 0) {
        free(folder);
        return sned_fail(importer->error, SNED_ERROR_MEMORY, "out of memory");
    }
    resolved = realpath(named, NULL);
    if (folder == NULL || resolved == NULL) {
        status = fail_open(importer, location);
        goto done;
    }
    size_t length = strcmp(folder, "/") == 0 ? 0 : strlen(folder);
    if (strncmp(resolved, folder, length) != 0 || resolved[length] != '/') {
        status = sned_fail(importer->error, SNED_ERROR_UNSUPPORTED,
                           "its data lies in '%.200s', a link that leads out of the model's folder; copy the "
                           "file there",
                           location);
        goto done;
    }
    *descriptor = open_below(folder, resolved + length + 1);
    if (*descriptor < 0)
        status = fail_open(importer, location);
done:
    free(named);
    free(folder);
    free(resolved);
    return status;
}

static bool is_written(const struct importer *importer, const struct stat *info)
{
    struct stat other;
    for (int i = 0; i < 2; i++) {
        const char *path = importer->options.written[i];
        if (path && stat(path, &other) == 0 && other.st_dev == info->st_dev && other.st_ino == info->st_ino)
            return true;
    }
    return false;
}

/* Keeps an opened file for the next tensor that names it. Its size is what folding and reading may take in
 * memory besides what the model has. */
static sned_status keep_file(struct importer *importer, const char *location, int descriptor,
                             struct external_file **file)
{
    struct external_file *files = importer->external_files;
    struct stat info;
    if (fstat(descriptor, &info) != 0 || !S_ISREG(info.st_mode))
        return sned_fail(importer->error, SNED_ERROR_FORMAT,
                         "its data lies in '%.200s', which is no regular file", location);
    if (is_written(importer, &info))
        return sned_fail(importer->error, SNED_ERROR_ARGUMENT,
                         "its data lies in '%.200s', which would be written over; name another file",
                         location);
    if (importer->external_count == ONNX_MAX_EXTERNAL_FILES)
        return sned_fail(importer->error, SNED_ERROR_UNSUPPORTED,
                         "its data lies in '%.200s', the %dth file of the model; at most %d are read",
                         location, importer->external_count + 1, ONNX_MAX_EXTERNAL_FILES);
    SNED_TRY(sned_resize(&files, (size_t)importer->external_count + 1, sizeof *files, importer->error));
    importer->external_files = files;
    *file = &files[importer->external_count++];
    **file = (struct external_file){
        .location = location, .descriptor = descriptor, .size = (uint64_t)info.st_size};
    importer->external_room += (*file)->size;
    importer->fold_budget += (*file)->size;
    return SNED_OK;
}

static sned_status find_file(struct importer *importer, const char *location, struct external_file **file)
{
    int descriptor;
    *file = NULL;
    for (int i = 0; i < importer->external_count; i++)
        if (strcmp(importer->external_files[i].location, location) == 0)
            *file = &importer->external_files[i];
    if (*file)
        return SNED_OK;
    if (leaves_folder(location))
        return sned_fail(importer->error, SNED_ERROR_UNSUPPORTED,
                         "its data lies in '%.200s'; only files in the model's folder and below it are read",
                         location);
    SNED_TRY(open_location(importer, location, &descriptor));
    sned_status status = keep_file(importer, location, descriptor, file);
    if (status != SNED_OK)
        close(descriptor);
    return status;
}

uint64_t onnx_external_bytes(const struct importer *importer)
{
    uint64_t bytes = 0;
    for (int i = 0; i < importer->external_count; i++)
        bytes += importer->external_files[i].size;
    return bytes;
}

void onnx_external_close(struct importer *importer)
{
    for (int i = 0; i < importer->external_count; i++)
        close(importer->external_files[i].descriptor);
    free(importer->external_files);
}

/* ---- reading ---- */

static sned_status read_bytes(struct importer *importer, const struct external_file *file, uint64_t offset,
                              uint8_t *data, size_t size)
{
    while (size > 0) {
        ssize_t got = pread(file->descriptor, data, size, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return sned_fail(importer->error, SNED_ERROR_IO, "'%.200s' cannot be read: %s", file->location,
                             got < 0 ? strerror(errno) : "it became shorter meanwhile");
        data += got;
        offset += (uint64_t)got;
        size -= (size_t)got;
    }
    return SNED_OK;
}

/* A checksum is of the whole file; the file is summed up for the first tensor that gives one. */
static sned_status check_sum(struct importer *importer, struct external_file *file, const char *checksum)
{
    uint8_t part[1 << 16];
    struct sha1 sha1;
    sha1_start(&sha1);
    for (uint64_t at = 0; file->checksum[0] == 0 && at < file->size;) {
        size_t size = file->size - at < sizeof part ? (size_t)(file->size - at) : sizeof part;
        SNED_TRY(read_bytes(importer, file, at, part, size));
        sha1_add(&sha1, part, size);
        at += size;
    }
    if (file->checksum[0] == 0)
        sha1_finish(&sha1, file->checksum);
    if (strcasecmp(checksum, file->checksum) == 0)
        return SNED_OK;
    return sned_fail(importer->error, SNED_ERROR_CHECKSUM,
                     "'%.200s' is damaged or another model's: its SHA-1 is %s, the model says '%.40s'",
                     file->location, file->checksum, checksum);
}

/* The `size` bytes that the tensor's dimensions ask for lie in the file, and what all tensors
 * together read is not much more than the files have: they may share bytes, but not to fill the
 * memory from a small file. */
static sned_status check_place(struct importer *importer, const struct external_place *place,
                               const struct external_file *file, uint64_t size)
{
    if (place->length != UINT64_MAX && place->length != size)
        return sned_fail(importer->error, SNED_ERROR_FORMAT,
                         "its dimensions ask for %llu bytes, its external data has %llu",
                         (unsigned long long)size, (unsigned long long)place->length);
    if (place->offset > file->size || size > file->size - place->offset)
        return sned_fail(
            importer->error, SNED_ERROR_TRUNCATED,
            "bytes %llu to %llu of '%.200s', which has %llu: the file is cut short or another model's",
            (unsigned long long)place->offset, (unsigned long long)(place->offset + size), file->location,
            (unsigned long long)file->size);
    if (size > importer->external_room)
        return sned_fail(importer->error, SNED_ERROR_UNSUPPORTED,
                         "the tensors in '%.200s' overlap too often: together they are far larger than it",
                         file->location);
    importer->external_room -= size;
    return SNED_OK;
}

sned_status onnx_external_read(struct importer *importer, Onnx__TensorProto *tensor, size_t size)
{
    struct external_place place = {0};
    struct external_file *file = NULL;
    uint8_t *data = NULL;
    if (tensor->raw_data.len > 0)
        return sned_fail(importer->error, SNED_ERROR_FORMAT, "tensor has its data twice");
    SNED_TRY(read_place(importer, tensor, &place));
    SNED_TRY(find_file(importer, place.location, &file));
    SNED_TRY(check_place(importer, &place, file, size));
    if (place.checksum)
        SNED_TRY(check_sum(importer, file, place.checksum));
    SNED_TRY(sned_alloc(&data, size, 1, importer->error));
    sned_status status = read_bytes(importer, file, place.offset, data, size);
    if (status != SNED_OK) {
        free(data);
        return status;
    }
    free(tensor->raw_data.data);
    tensor->raw_data = (ProtobufCBinaryData){size, data};
    return SNED_OK;
}
