/*
 * failing_disk.c - a disk that fails: preloaded into a program, it makes the n-th write to a file fail.
 *
 *     SNED_FAIL_AT=n     which one: openings for writing, writes, syncs, closings, renames and new folders
 * count SNED_FAIL_ON=1     all later ones fail too, as on a full disk SNED_FAIL_LOG=F    a line for each that
 * failed: its name and its file
 *
 * A stdio stream writes from inside libc, where nothing can be put between; so a stream opened for writing is
 * one of our own (fopencookie), which writes to its file itself.
 */
#undef _FILE_OFFSET_BITS /* it would make fopen another name of fopen64 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* A stream opened for writing. */
struct written {
    FILE *stream; /* NULL: this entry is free */
    int file;
    bool touched; /* something was written: only then does closing it matter */
    char path[512];
};
static struct written streams[32];
enum { STREAMS = sizeof streams / sizeof *streams };

static long setting(const char *name)
{
    const char *text = getenv(name);
    return text ? atol(text) : 0;
}

/* Counts a call; true, and errno set, where it has to fail. */
static bool fails(const char *call, const char *path, int reason)
{
    static atomic_long calls;
    const long number = ++calls, chosen = setting("SNED_FAIL_AT");
    const bool failing = chosen && (setting("SNED_FAIL_ON") ? number >= chosen : number == chosen);
    const char *log = getenv("SNED_FAIL_LOG");
    char line[640];
    if (failing && log) {
        int file = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
        int length = snprintf(line, sizeof line, "%s %s\n", call, path);
        if (file < 0 || write(file, line, (size_t)length) != length)
            abort();
        close(file);
    }
    if (failing)
        errno = reason;
    return failing;
}

/* ---- streams ---- */

/* A full disk takes a part of the bytes first. */
static ssize_t stream_write(void *cookie, const char *data, size_t size)
{
    struct written *written = cookie;
    bool failing = fails("write", written->path, ENOSPC);
    size_t done = 0, wanted = failing ? size / 2 : size;
    int reason = errno;
    written->touched = true;
    while (done < wanted) {
        ssize_t now = write(written->file, data + done, wanted - done);
        if (now < 0)
            return 0;
        done += (size_t)now;
    }
    errno = reason;
    return failing ? 0 : (ssize_t)size;
}

static int stream_close(void *cookie)
{
    struct written *written = cookie;
    bool failing = written->touched && fails("close", written->path, EIO);
    int result = close(written->file);
    written->stream = NULL;
    if (failing)
        errno = EIO;
    return failing ? -1 : result;
}

static FILE *open_stream(const char *path)
{
    struct written *written = streams;
    while (written < streams + STREAMS && written->stream)
        written++;
    if (written == streams + STREAMS)
        abort();
    if (fails("open", path, ENOSPC))
        return NULL;
    *written = (struct written){.file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)};
    snprintf(written->path, sizeof written->path, "%s", path);
    if (written->file >= 0)
        written->stream =
            fopencookie(written, "w", (cookie_io_functions_t){.write = stream_write, .close = stream_close});
    return written->stream;
}

#define NEXT(function) ((__typeof__(&(function)))dlsym(RTLD_NEXT, #function))

FILE *fopen(const char *path, const char *mode)
{
    return mode[0] == 'w' ? open_stream(path) : NEXT(fopen)(path, mode);
}

FILE *fopen64(const char *path, const char *mode)
{
    return mode[0] == 'w' ? open_stream(path) : NEXT(fopen64)(path, mode);
}

int fileno(FILE *stream)
{
    for (int i = 0; i < STREAMS; i++)
        if (streams[i].stream == stream)
            return streams[i].file;
    return NEXT(fileno)(stream);
}

/* ---- the rest ---- */

static const char *path_of(int file)
{
    for (int i = 0; i < STREAMS; i++)
        if (streams[i].stream && streams[i].file == file)
            return streams[i].path;
    return "-";
}

/* Where it does not fail it does nothing: no power is cut here, and hundreds of syncs take minutes on a busy
 * disk. */
int fsync(int file)
{
    struct stat about;
    bool folder = fstat(file, &about) == 0 && S_ISDIR(about.st_mode);
    return fails(folder ? "sync-folder" : "sync", path_of(file), EIO) ? -1 : 0;
}

/* SNED_FREE_BYTES: what is left, in blocks of 1 byte. */
static void leave_free(fsblkcnt_t *blocks, fsblkcnt_t *available, unsigned long *size)
{
    if (!getenv("SNED_FREE_BYTES"))
        return;
    *size = 1;
    *blocks = 1 << 30;
    *available = (fsblkcnt_t)setting("SNED_FREE_BYTES");
}

int statvfs(const char *path, struct statvfs *disk)
{
    int result = NEXT(statvfs)(path, disk);
    leave_free(&disk->f_blocks, &disk->f_bavail, &disk->f_frsize);
    return result;
}

int statvfs64(const char *path, struct statvfs64 *disk)
{
    int result = NEXT(statvfs64)(path, disk);
    leave_free(&disk->f_blocks, &disk->f_bavail, &disk->f_frsize);
    return result;
}

int rename(const char *from, const char *to)
{
    return fails("rename", to, EIO) ? -1 : NEXT(rename)(from, to);
}

int mkdir(const char *path, mode_t mode)
{
    return fails("mkdir", path, ENOSPC) ? -1 : NEXT(mkdir)(path, mode);
}
