/*
 * cmd_bench.c - sned bench: how long one image takes.
 */
#include "base/clock.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/text.h"
#include "cli/options/command.h"
#include "cli/terminal/json.h"
#include "cli/terminal/print.h"
#include "cli/terminal/progress.h"
#include "cli/common/session.h"

#include <stdlib.h>
#include <string.h>

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Noise: an input whose content costs what any other does. */
static void fill_input(struct session *session, enum item_type type, uint64_t seed)
{
    struct random random;
    sned_random_seed(&random, seed, 0);
    size_t size = sned_shape_elements(&session->graph->tensors[session->graph->input].shape);
    for (size_t i = 0; i < size; i++) {
        session->pixels[i] = (uint8_t)sned_random_next(&random);
        session->values[i] = session->pixels[i];
    }
    if (type == ITEM_PIXELS)
        session_normalize(session);
}

/* Of an integer network, what its kernels are made of; says where SNED_CPU asks for what there is not. */
static const char *instructions(const struct session *session, const struct reporter *reporter)
{
    const char *wanted = getenv("SNED_CPU"), *taken = sned_model_instructions(session->model);
    if (taken && wanted && *wanted && strcmp(wanted, taken) != 0)
        sned_report(reporter,
                    "SNED_CPU=%s: not among the instruction sets of this program and machine; %s is used",
                    wanted, taken);
    return taken;
}

static sned_status run_bench(const struct options *options, sned_error *error)
{
    struct display display;
    struct reporter reporter = display_reporter(&display, options->quiet);
    struct model model = {0};
    struct session session = {0};
    double *times = NULL;
    const char *set;
    int runs = options->runs > 0 ? (int)options->runs : 20;
    sned_status status;
    SNED_TRY_DONE(sned_alloc(&times, (size_t)runs, sizeof *times, error));
    SNED_TRY_DONE(model_load(&model, options->arguments[0], options, &reporter, error));
    model_assume_pictures(&model, &reporter);
    SNED_TRY_DONE(session_new(&session, model.graph, options, error));
    const enum item_type type = model.graph->rule.is_image ? ITEM_PIXELS : ITEM_VALUES;
    fill_input(&session, type, (uint64_t)options->seed);
    set = instructions(&session, &reporter);
    /* The runtime runs an image on one thread. */
    int threads = model.graph->integer ? 1 : option_threads(options);
    SNED_TRY_DONE(session_run(&session, type, error)); /* warms caches; not counted */
    for (int i = 0; i < runs; i++) {
        double start = sned_clock();
        SNED_TRY_DONE(session_run(&session, type, error));
        times[i] = 1e3 * (sned_clock() - start);
    }
    qsort(times, (size_t)runs, sizeof *times, compare_doubles);
    double median = runs % 2 ? times[runs / 2] : (times[runs / 2 - 1] + times[runs / 2]) / 2;
    if (options->json)
        status = print_json(json_pack("{s:f, s:f, s:f, s:i, s:i, s:s*}", "ms_min", times[0], "ms_median",
                                      median, "ms_max", times[runs - 1], "threads", threads, "runs", runs,
                                      "instructions", set),
                            error);
    else
        print_line("%s: %.3f ms an image (fastest %.3f, slowest %.3f; %d %s, %d %s%s%s)", model.path, median,
                   times[0], times[runs - 1], runs, sned_text_noun((size_t)runs, "run", "runs"), threads,
                   sned_text_noun((size_t)threads, "thread", "threads"), set ? ", " : "", set ? set : "");
done:
    free(times);
    session_free(&session);
    model_free(&model);
    return status;
}

const struct command command_bench = {
    .name = "bench",
    .arguments = "MODEL",
    .summary = "Time a model on one image",
    .text =
        "Batch 1, an image of noise, one run to warm up. An .onnx file runs in float through oneDNN, a "
        ".sned file in integers on one thread, with the fastest of the instruction sets portable, avx2 and "
        "avx512vnni that the machine has; SNED_CPU=portable in the environment takes no other.",
    .argument_min = 1,
    .argument_max = 1,
    .keys = {OPTION_RUNS, OPTION_INPUT, OPTION_THREADS, OPTION_SEED},
    .run = run_bench,
};
