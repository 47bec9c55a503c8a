/*
 * file.c - mapped input files, and output files that appear whole or not at all.
 */
#include "base/file.h"
#include "base/memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static sned_status io_error(sned_error *error, const char *what, const char *path)
{
    return sned_fail(error, SNED_ERROR_IO, "%s: cannot %s: %s", path, what, strerror(errno));
}

sned_status sned_file_map(struct file_map *map, const char *path, sned_error *error)
{
    sned_status status = SNED_OK;
    struct stat info;
    *map = (struct file_map){0};
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return io_error(error, "open", path);
    if (fstat(file, &info) != 0) {
        status = io_error(error, "stat", path);
    } else if (!S_ISREG(info.st_mode)) {
        status = sned_fail(error, SNED_ERROR_IO, "%s: not a regular file", path);
    } else if (info.st_size > 0) {
        void *data = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, file, 0);
        if (data == MAP_FAILED)
            status = io_error(error, "map", path);
        else
            *map = (struct file_map){data, (size_t)info.st_size};
    }
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

/* Whether `entry` is ".NAME.PID.tmp" and no process has that number: one that was killed left it. */
static bool is_left_behind(const char *entry, const char *name)
{
    size_t length = strlen(name);
    if (entry[0] != '.' || strncmp(entry + 1, name, length) != 0 || entry[1 + length] != '.')
        return false;
    const char *digits = entry + length + 2;
    size_t count = strspn(digits, "0123456789");
    if (count == 0 || count > 9 || strcmp(digits + count, ".tmp") != 0)
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
    if (asprintf(&output->temporary, "%s.%s.%ld.tmp", folder, name, (long)getpid()) < 0) {
        output->temporary = NULL;
        status = sned_fail(error, SNED_ERROR_MEMORY, "out of memory");
        goto done;
    }
    remove_left_behind(folder, name);
    output->stream = fopen(output->temporary, "wbe");
    if (!output->stream)
        status = io_error(error, "create a file beside it", path);
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
