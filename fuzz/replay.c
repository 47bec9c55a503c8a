/*
 * replay.c - a fuzz target without a fuzzer: runs it on files that are kept (fuzz/corpus, fuzz/regressions).
 *
 *     replay-TARGET FOLDER...
 *
 * Any compiler builds it, so that ./check goes through all that was ever found, plainly and under the
 * sanitizers. A file that takes too long ends the process, and the last line names it.
 */
#include "base/file.h"
#include "target.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { MOST_SECONDS = 30, MOST_MEGABYTES = 2048 }; /* a sanitizer on a busy machine, and fuzz/run's limit */

static long peak_megabytes(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss / 1024;
}

/* In a block of exactly its size, so that a sanitizer sees every step past its end. */
static bool replay_file(const char *path)
{
    struct file_map map;
    sned_error error;

    printf("[ RUN      ] %s\n", path);
    fflush(stdout);
    if (sned_file_map(&map, path, &error) != SNED_OK) {
        printf("[  FAILED  ] %s\n", error.message);
        return false;
    }
    uint8_t *bytes = malloc(map.size);
    if (map.size)
        memcpy(bytes, map.data, map.size);
    alarm(MOST_SECONDS);
    LLVMFuzzerTestOneInput(bytes, map.size);
    alarm(0);
    free(bytes);
    sned_file_unmap(&map);
    if (peak_megabytes() > MOST_MEGABYTES)
        printf("[  FAILED  ] %s: %ld MB of memory\n", path, peak_megabytes());
    else
        printf("[       OK ] %s\n", path);
    return peak_megabytes() <= MOST_MEGABYTES;
}

static int is_no_dot_file(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void replay_folder(const char *folder, int *passed, int *failed)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, is_no_dot_file, alphasort);
    char path[4096];

    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        *(replay_file(path) ? passed : failed) += 1;
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
}

int main(int argc, char **argv)
{
    int passed = 0, failed = 0;

    for (int i = 1; i < argc; i++)
        replay_folder(argv[i], &passed, &failed);
    if (passed + failed == 0) {
        printf("[  FAILED  ] no file to replay\n");
        failed = 1;
    }
    printf("[  PASSED  ] %d tests.\n", passed);
    if (failed)
        printf("[  FAILED  ] %d tests.\n", failed);
    return failed != 0;
}
