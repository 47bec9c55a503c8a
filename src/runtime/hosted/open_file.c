/*
 * open_file.c - opening a packed network by its path: the one thing of sned.h that needs files.
 */
#include "base/file.h"
#include "base/memory.h"
#include "sned.h"

enum { HEAD_BYTES = 1 << 12 /* enough to see that a file is none of ours */ };

/* The bytes to read of a file, which are one more than the limit where it is larger. */
static size_t most_bytes(const sned_limits *limits)
{
    return limits && limits->file_bytes && limits->file_bytes < SIZE_MAX ? (size_t)limits->file_bytes + 1
                                                                         : SIZE_MAX;
}

sned_status sned_open_with(sned_model **model, const char *path, const sned_limits *limits, sned_error *error)
{
    struct buffer file = {0};
    sned_error why = {0}; /* of the head alone it is not the caller's yet */
    sned_status status;
    if (model)
        *model = NULL;
    if (!model || !path)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "sned_open: model or path is NULL");
    /* The head first: what is no .sned file is refused before gigabytes of it are read. */
    SNED_TRY_DONE(sned_file_read(&file, path, HEAD_BYTES, error));
    status = sned_open_memory_with(model, file.data, file.size, limits, &why);
    if (status == SNED_ERROR_TRUNCATED && file.size == HEAD_BYTES) {
        file.size = 0;
        SNED_TRY_DONE(sned_file_read(&file, path, most_bytes(limits), error));
        status = sned_open_memory_with(model, file.data, file.size, limits, &why);
    }
    if (status != SNED_OK && error)
        *error = why;
    sned_error_context(error, status, "%s", path);
done:
    sned_buffer_free(&file);
    return status;
}

sned_status sned_open(sned_model **model, const char *path, sned_error *error)
{
    return sned_open_with(model, path, NULL, error);
}
