/*
 * sned_worker.c - peers_sned MODEL.sned PICTURES.f32 THREADS: sned as one of the engines of bench/peers/run.
 *
 * Speaks what bench/peers/worker.py speaks for the others. It opens the file, says "ready", then answers
 * each line of its input by one of its output, until that ends:
 *
 *     time N       runs one picture N times; milliseconds of each by the clock, then of one by the
 *                  processors', on average
 *     scores FILE  runs every picture and writes its scores, float32, to FILE; "written"
 *
 * PICTURES.f32 is [pictures][channels][height][width] of float32 as the network takes them. What fails is
 * said in one line on standard error, and the status is 1.
 */
#include "sned.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST_RUNS = 10000 };

struct engine {
    sned_model *model;
    sned_context *context;
    float *pictures, *scores; /* [count][elements], [classes] */
    size_t count, elements;
};

static double milliseconds(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return 1e3 * (double)time.tv_sec + 1e-6 * (double)time.tv_nsec;
}

static sned_status refuse(sned_error *error, sned_status status, const char *where, const char *what)
{
    error->status = status;
    snprintf(error->message, sizeof error->message, "%s: %s", where, what);
    return status;
}

/* All of a file of float32, as whole pictures. */
static sned_status read_pictures(struct engine *engine, const char *path, sned_error *error)
{
    const size_t picture = engine->elements * sizeof(float);
    long size = 0;
    FILE *file = fopen(path, "rb");
    if (!file)
        return refuse(error, SNED_ERROR_IO, path, strerror(errno));
    if (fseek(file, 0, SEEK_END) || (size = ftell(file)) <= 0 || (size_t)size % picture ||
        fseek(file, 0, SEEK_SET)) {
        fclose(file);
        return refuse(error, SNED_ERROR_FORMAT, path, "not whole pictures of the network's size");
    }
    engine->count = (size_t)size / picture;
    engine->pictures = malloc((size_t)size);
    const int whole =
        engine->pictures && fread(engine->pictures, picture, engine->count, file) == engine->count;
    fclose(file);
    return whole ? SNED_OK : refuse(error, SNED_ERROR_IO, path, "not read");
}

static sned_status engine_open(struct engine *engine, char **arguments, sned_error *error)
{
    const sned_context_options options = {.threads = (int)strtol(arguments[3], NULL, 10)};
    sned_status status = sned_open(&engine->model, arguments[1], error);
    if (!status)
        status = sned_context_new_with(&engine->context, engine->model, &options, error);
    if (status)
        return status;
    const sned_model_info *info = sned_model_get_info(engine->model);
    engine->elements = (size_t)info->channels * (size_t)info->height * (size_t)info->width;
    engine->scores = malloc((size_t)info->classes * sizeof *engine->scores);
    if (!engine->scores)
        return refuse(error, SNED_ERROR_MEMORY, arguments[1], "no memory for the scores");
    return read_pictures(engine, arguments[2], error);
}

static sned_status answer_time(struct engine *engine, long runs, sned_error *error)
{
    static double clock_ms[MOST_RUNS];
    if (runs < 1 || runs > MOST_RUNS)
        return refuse(error, SNED_ERROR_ARGUMENT, "time", "1 to 10000 runs");
    const double began = milliseconds(CLOCK_PROCESS_CPUTIME_ID); /* a system call, as long as a small layer */
    for (long i = 0; i < runs; i++) {
        const double clock = milliseconds(CLOCK_MONOTONIC);
        const sned_status status =
            sned_run_values(engine->context, engine->pictures, 1, engine->scores, error);
        if (status)
            return status;
        clock_ms[i] = milliseconds(CLOCK_MONOTONIC) - clock;
    }
    const double processor_ms = (milliseconds(CLOCK_PROCESS_CPUTIME_ID) - began) / (double)runs;
    for (long i = 0; i < runs; i++)
        printf("%.6f ", clock_ms[i]);
    printf("%.6f\n", processor_ms);
    return SNED_OK;
}

static sned_status answer_scores(struct engine *engine, const char *path, sned_error *error)
{
    const size_t classes = (size_t)sned_model_get_info(engine->model)->classes;
    sned_status status = SNED_OK;
    FILE *file = fopen(path, "wb");
    if (!file)
        return refuse(error, SNED_ERROR_IO, path, strerror(errno));
    for (size_t i = 0; i < engine->count && !status; i++) {
        status = sned_run_values(engine->context, engine->pictures + i * engine->elements, 1, engine->scores,
                                 error);
        if (!status && fwrite(engine->scores, sizeof(float), classes, file) != classes)
            status = refuse(error, SNED_ERROR_IO, path, "not written");
    }
    if (fclose(file) && !status)
        status = refuse(error, SNED_ERROR_IO, path, "not written");
    if (!status)
        puts("written");
    return status;
}

static sned_status serve(struct engine *engine, sned_error *error)
{
    char line[4096];
    sned_status status = SNED_OK;
    puts("ready");
    fflush(stdout);
    while (!status && fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = 0;
        if (!strncmp(line, "time ", 5))
            status = answer_time(engine, strtol(line + 5, NULL, 10), error);
        else if (!strncmp(line, "scores ", 7))
            status = answer_scores(engine, line + 7, error);
        else
            status = refuse(error, SNED_ERROR_ARGUMENT, line, "no such question");
        fflush(stdout);
    }
    return status;
}

int main(int count, char **arguments)
{
    struct engine engine = {0};
    sned_error error = {0};
    if (count != 4) {
        fprintf(stderr, "usage: peers_sned MODEL.sned PICTURES.f32 THREADS\n");
        return 2;
    }
    sned_status status = engine_open(&engine, arguments, &error);
    if (!status)
        status = serve(&engine, &error);
    if (status)
        fprintf(stderr, "%s\n", error.message);
    sned_context_free(engine.context);
    sned_close(engine.model);
    free(engine.pictures);
    free(engine.scores);
    return status != SNED_OK;
}
