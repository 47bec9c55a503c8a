/*
 * cmd_bench.c - sned bench: how long one image takes.
 */
#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/calibrate/calibrate.h"
#include "cli/steps/step_times.h"
#include "cli/common/median.h"
#include "cli/options/command.h"
#include "cli/terminal/json.h"
#include "cli/terminal/print.h"
#include "cli/terminal/progress.h"
#include "cli/common/session.h"

#include <stdlib.h>
#include <string.h>

/* Of an integer network, what its kernels are made of; says where SNED_CPU asks for what there is not. */
static const char *instructions(const struct session *session, const struct reporter *reporter)
{
    const char *wanted = getenv("SNED_CPU"), *taken = sned_model_get_instructions(session->model);
    if (taken && wanted && *wanted && strcmp(wanted, taken) != 0)
        sned_report(reporter,
                    "SNED_CPU=%s: not among the instruction sets of this program and machine; %s is used",
                    wanted, taken);
    return taken;
}

/* What one image took, in milliseconds, and where: `by_step` of an integer network alone. */
struct timing {
    const char *path, *instructions;
    int runs, threads;
    double *ms; /* [runs] */
    struct step_times by_step;
};

static sned_status time_runs(struct timing *timing, struct session *session, enum item_type type,
                             sned_error *error)
{
    SNED_TRY(session_run(session, type, error)); /* warms caches; not counted */
    for (int i = 0; i < timing->runs; i++) {
        const double start = sned_clock();
        SNED_TRY(session_run(session, type, error));
        timing->ms[i] = 1e3 * (sned_clock() - start);
    }
    return SNED_OK;
}

/* In runs of their own: to look at the clock takes time. */
static sned_status time_steps(struct timing *timing, struct session *session, enum item_type type,
                              sned_error *error)
{
    if (!session->model)
        return sned_fail(error, SNED_ERROR_UNSUPPORTED,
                         "--steps: %s is a float network, whose steps are oneDNN's; pack it first",
                         timing->path);
    SNED_TRY(step_times_new(&timing->by_step, session->context, session->model, timing->runs, error));
    for (int i = 0; i < timing->runs; i++) {
        timing->by_step.run = i;
        SNED_TRY(session_run(session, type, error));
    }
    return SNED_OK;
}

static sned_status print_timing(struct timing *timing, bool as_json, sned_error *error)
{
    const double middle = median(timing->ms, timing->runs); /* and in order */
    const double least = timing->ms[0], most = timing->ms[timing->runs - 1];
    const char *set = timing->instructions;
    const bool has_steps = timing->by_step.context;
    if (!as_json) {
        print_line("%s: %.3f ms an image (fastest %.3f, slowest %.3f; %d %s, %d %s%s%s)", timing->path,
                   middle, least, most, timing->runs, sned_text_noun((size_t)timing->runs, "run", "runs"),
                   timing->threads, sned_text_noun((size_t)timing->threads, "thread", "threads"),
                   set ? ", " : "", set ? set : "");
        return has_steps ? step_times_print(&timing->by_step, error) : SNED_OK;
    }
    json_t *steps = NULL;
    sned_status status = has_steps ? step_times_json(&steps, &timing->by_step, error) : SNED_OK;
    if (status == SNED_OK)
        status = print_json(json_pack("{s:f, s:f, s:f, s:i, s:i, s:s*, s:O*}", "ms_min", least, "ms_median",
                                      middle, "ms_max", most, "threads", timing->threads, "runs",
                                      timing->runs, "instructions", set, "steps", steps),
                            error);
    json_decref(steps);
    return status;
}

static sned_status bench_model(const struct options *options, sned_error *error)
{
    struct display display;
    struct reporter reporter = display_reporter(&display, options->quiet);
    struct model model = {0};
    struct session session = {0};
    struct timing timing = {.path = options->arguments[0],
                            .runs = options->runs > 0 ? (int)options->runs : 20,
                            .threads = option_threads(options)};
    sned_status status;
    SNED_TRY_DONE(sned_alloc(&timing.ms, (size_t)timing.runs, sizeof *timing.ms, error));
    SNED_TRY_DONE(model_load(&model, options->arguments[0], options, &reporter, error));
    model_assume_pictures(&model, &reporter);
    SNED_TRY_DONE(session_new(&session, model.graph, options, error));
    const enum item_type type = session_noise(&session, (uint64_t)options->seed);
    timing.instructions = instructions(&session, &reporter);
    SNED_TRY_DONE(time_runs(&timing, &session, type, error));
    if (options->steps)
        SNED_TRY_DONE(time_steps(&timing, &session, type, error));
    status = print_timing(&timing, options->json, error);
done:
    free(timing.ms);
    step_times_free(&timing.by_step);
    session_free(&session);
    model_free(&model);
    return status;
}

static sned_status run_bench(const struct options *options, sned_error *error)
{
    if (options->calibrate && options->argument_count)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "--calibrate is of the machine: it takes no MODEL");
    if (!options->calibrate && !options->argument_count)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "something is missing: usage: sned bench %s",
                         command_bench.arguments);
    return options->calibrate ? calibrate(options, error) : bench_model(options, error);
}

const struct command command_bench = {
    .name = "bench",
    .arguments = "MODEL | --calibrate",
    .summary = "Time a model on one image",
    .text =
        "Batch 1, an image of noise, one run to warm up. An .onnx file runs in float through oneDNN, a "
        ".sned file in integers, with the fastest of the instruction sets that the program has and the "
        "machine runs; SNED_CPU=portable in the environment takes no other. Steps too short to be worth it "
        "are not shared among threads, nor images while one thread is faster. With --calibrate and no MODEL "
        "it is measured, for a second, what "
        "kernels cost with that instruction set on this machine, and kept in a file of "
        "$XDG_CACHE_HOME/sned (~/.cache/sned), by which models are opened from then on: the forms that are "
        "taken for layers may be other ones, results never are. SNED_PLAN=builtin in the environment leaves "
        "that file alone; SNED_PLAN=measured tries the forms of each layer when a model is opened, which "
        "takes longer.",
    .argument_min = 0,
    .argument_max = 1,
    .keys = {OPTION_RUNS, OPTION_STEPS, OPTION_CALIBRATE, OPTION_INPUT, OPTION_THREADS, OPTION_SEED},
    .run = run_bench,
};
