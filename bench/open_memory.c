/*
 * open_memory.c - what a packed network costs a program that does nothing else: open_memory NET.sned
 * [THREADS]. Prints, as JSON, how long opening and a run take, by the wall's clock and by the processor's,
 * and the memory of the process in bytes: at its highest while it opened, then while it runs.
 */
#include "base/clock.h"
#include "sned.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { RUNS = 5 };

static double processor_seconds(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* A line of /proc/self/status, of kilobytes: "VmRSS:", "VmHWM:". */
static long long status_bytes(const char *name)
{
    char line[256];
    long long kilobytes = -1;
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, name, strlen(name)) == 0)
            kilobytes = strtoll(line + strlen(name), NULL, 10);
    if (file)
        fclose(file);
    return kilobytes * 1024;
}

/* One image, some times; the fastest, in seconds. */
static double run(sned_context *context, const sned_model_info *info, sned_error *error)
{
    const size_t count = (size_t)info->channels * (size_t)info->height * (size_t)info->width;
    float *values = calloc(count, sizeof *values), *scores = calloc((size_t)info->classes, sizeof *scores);
    double best = -1;
    for (int i = 0; values && scores && i < RUNS; i++) {
        const double begin = sned_clock();
        if (sned_run_values(context, values, 1, scores, error) != SNED_OK)
            break;
        const double took = sned_clock() - begin;
        best = best < 0 || took < best ? took : best;
    }
    free(values);
    free(scores);
    return best;
}

int main(int argc, char **argv)
{
    const sned_limits limits = {.threads = argc > 2 ? strtoull(argv[2], NULL, 10) : 1};
    sned_model *model = NULL;
    sned_context *context = NULL;
    sned_error error = {0};
    if (argc < 2) {
        fprintf(stderr, "usage: open_memory NET.sned [THREADS]\n");
        return 2;
    }
    const double begin = sned_clock(), spent = processor_seconds();
    if (sned_open_with(&model, argv[1], &limits, &error) == SNED_OK) {
        const double wall = sned_clock() - begin, processor = processor_seconds() - spent;
        const long long opening = status_bytes("VmHWM:");
        if (sned_context_new(&context, model, &error) == SNED_OK) {
            const double took = run(context, sned_model_get_info(model), &error);
            printf("{\"open_ms\": %.1f, \"open_processor_ms\": %.1f, \"open_threads\": %d, \"run_ms\": %.2f, "
                   "\"opening_bytes\": %lld, \"running_bytes\": %lld}\n",
                   wall * 1e3, processor * 1e3, (int)limits.threads, took * 1e3, opening,
                   status_bytes("VmRSS:"));
        }
    }
    sned_context_free(context);
    sned_close(model);
    if (error.status != SNED_OK)
        fprintf(stderr, "%s\n", error.message);
    return error.status != SNED_OK;
}
