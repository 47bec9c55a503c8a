/*
 * file.c - mapped input files, and output files that appear whole or not at all.
 */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_TRIES = 100 };

static sned_status io_error(sned_error *error, const char *what, const char *path)
{
    return sned_fail(error, SNED_ERROR_IO, "%s: cannot %s: %s", path, what, strerror(errno));
}

/* A regular file; *file is the caller's to close, also on failure, where it is not -1. A pipe is refused
 * rather than waited for. */
static sned_status open_regular(int *file, size_t *size, const char *path, sned_error *error)
{
    struct stat info;
    *file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (*file < 0)
        return io_error(error, "open", path);
    if (fstat(*file, &info) != 0)
        return io_error(error, "stat", path);
    if (!S_ISREG(info.st_mode))
        return sned_fail(error, SNED_ERROR_IO, "%s: not a regular file", path);
    *size = (size_t)info.st_size;
    return SNED_OK;
}

sned_status sned_file_map(struct file_map *map, const char *path, sned_error *error)
{
    int file;
    size_t size;
    *map = (struct file_map){0};
    sned_status status = open_regular(&file, &size, path, error);
    if (status == SNED_OK && size > 0) {
        void *data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, file, 0);
        if (data == MAP_FAILED)
            status = io_error(error, "map", path);
        else
            *map = (struct file_map){data, size};
    }
    if (file >= 0)
        close(file);
    return status;
}

/* `size` bytes, or as many as there are by now. */
static sned_status read_all(struct buffer *out, int file, size_t size, const char *path, sned_error *error)
{
    size_t end = out->size + size;
    SNED_TRY(sned_buffer_reserve(out, end, error));
    while (out->size < end) {
        ssize_t got = read(file, out->data + out->size, end - out->size);
        if (got < 0 && errno != EINTR)
            return io_error(error, "read", path);
        if (got == 0)
            break;
        out->size += got > 0 ? (size_t)got : 0;
    }
    return SNED_OK;
}

sned_status sned_file_read(struct buffer *out, const char *path, size_t limit, sned_error *error)
{
    int file;
    size_t size;
    sned_status status = open_regular(&file, &size, path, error);
    if (status == SNED_OK)
        status = read_all(out, file, limit < size ? limit : size, path, error);
    if (file >= 0)
        close(file);
    return status;
}

void sned_file_unmap(struct file_map *map)
{
    if (map->data)
        munmap((void *)map->data, map->size);
    *map = (struct file_map){0};
}

/* "folder/" of a path, or "./", in memory of its own. */
static sned_status folder_of(char **folder, const char *path, sned_error *error)
{
    const char *slash = strrchr(path, '/');
    SNED_TRY(sned_strdup(folder, slash ? path : "./", error));
    if (slash)
        (*folder)[slash - path + 1] = 0;
    return SNED_OK;
}

/* Whether `entry` is ".NAME.PID-RANDOM.tmp" (".NAME.PID.tmp" in version 0.1) and no process has that number:
 * one that was killed left it. */
static bool is_left_behind(const char *entry, const char *name)
{
    size_t length = strlen(name);
    if (entry[0] != '.' || strncmp(entry + 1, name, length) != 0 || entry[1 + length] != '.')
        return false;
    const char *digits = entry + length + 2;
    size_t count = strspn(digits, "0123456789");
    const char *end = digits + count;
    if (*end == '-' && strspn(end + 1, "0123456789abcdef") == 8)
        end += 9;
    if (count == 0 || count > 9 || strcmp(end, ".tmp") != 0)
        return false;
    pid_t process = (pid_t)atoi(digits);
    return process > 0 && kill(process, 0) != 0 && errno == ESRCH;
}

/* Best effort: what cannot be listed or removed stays. */
static void remove_left_behind(const char *folder, const char *name)
{
    DIR *entries = opendir(folder);
    const struct dirent *entry;
    while (entries && (entry = readdir(entries)))
        if (is_left_behind(entry->d_name, name))
            unlinkat(dirfd(entries), entry->d_name, 0);
    if (entries)
        closedir(entries);
}

/* Beside the target, under a name that nobody could foresee, and only where nothing has it: "x" is O_EXCL,
 * which follows no link. */
static sned_status open_temporary(struct output *output, const char *folder, const char *name,
                                  sned_error *error)
{
    for (int i = 0; i < NAME_TRIES && !output->stream; i++) {
        uint32_t random;
        if (getrandom(&random, sizeof random, 0) != sizeof random)
            return io_error(error, "get a random name beside it", output->path);
        free(output->temporary);
        if (asprintf(&output->temporary, "%s.%s.%ld-%08" PRIx32 ".tmp", folder, name, (long)getpid(),
                     random) < 0) {
            output->temporary = NULL;
            return sned_fail(error, SNED_ERROR_MEMORY, "out of memory");
        }
        output->stream = fopen(output->temporary, "wbxe");
        if (!output->stream && errno != EEXIST)
            break;
    }
    if (output->stream)
        return SNED_OK;
    sned_status status = io_error(error, "create a file beside it", output->path);
    free(output->temporary); /* it is not ours: nothing to remove */
    output->temporary = NULL;
    return status;
}

sned_status sned_output_open(struct output *output, const char *path, sned_error *error)
{
    sned_status status = SNED_OK;
    char *folder = NULL;
    struct stat info;
    *output = (struct output){0};
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode))
        return sned_fail(error, SNED_ERROR_IO, "%s: exists and is not a regular file", path);
    SNED_TRY_DONE(folder_of(&folder, path, error));
    SNED_TRY_DONE(sned_strdup(&output->path, path, error));
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    remove_left_behind(folder, name);
    status = open_temporary(output, folder, name, error);
done:
    free(folder);
    if (status != SNED_OK)
        sned_output_abort(output);
    return status;
}

sned_status sned_output_write(struct output *output, const void *data, size_t size, sned_error *error)
{
    if (size && fwrite(data, 1, size, output->stream) != size)
        return io_error(error, "write", output->path);
    return SNED_OK;
}

/* A rename is durable once its folder is synced; file systems that cannot sync a folder say EINVAL. */
static sned_status sync_folder(const char *path, sned_error *error)
{
    char *folder = NULL;
    sned_status status = folder_of(&folder, path, error);
    if (status == SNED_OK) {
        int handle = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (handle >= 0 && fsync(handle) != 0 && errno != EINVAL)
            status = io_error(error, "make it last through a power cut (its folder does not sync)", path);
        if (handle >= 0)
            close(handle);
    }
    free(folder);
    return status;
}

sned_status sned_output_finish(struct output *output, sned_error *error)
{
    bool written =
        fflush(output->stream) == 0 && !ferror(output->stream) && fsync(fileno(output->stream)) == 0;
    sned_status status = written ? SNED_OK : io_error(error, "write", output->path);
    if (fclose(output->stream) != 0 && status == SNED_OK)
        status = io_error(error, "write", output->path);
    output->stream = NULL;
    if (status != SNED_OK)
        sned_output_abort(output);
    return status;
}

sned_status sned_output_commit(struct output *output, sned_error *error)
{
    sned_status status = SNED_OK;
    if (output->stream)
        SNED_TRY(sned_output_finish(output, error));
    if (rename(output->temporary, output->path) != 0) {
        status = io_error(error, "rename a finished file to", output->path);
        goto done;
    }
    free(output->temporary); /* it is the target now: nothing to remove */
    output->temporary = NULL;
    status = sync_folder(output->path, error);
done:
    sned_output_abort(output);
    return status;
}

void sned_output_abort(struct output *output)
{
    if (output->stream)
        fclose(output->stream);
    if (output->temporary)
        unlink(output->temporary);
    free(output->temporary);
    free(output->path);
    *output = (struct output){0};
}

sned_status sned_file_write(const char *path, const void *data, size_t size, sned_error *error)
{
    struct output output;
    SNED_TRY(sned_output_open(&output, path, error));
    sned_status status = sned_output_write(&output, data, size, error);
    if (status == SNED_OK)
        status = sned_output_commit(&output, error);
    sned_output_abort(&output);
    return status;
}
