/*
 * options.h - every option of every command, in one table: an option means the same wherever it is taken.
 *
 * Help texts, the parser and (from the same rows) man pages and completion come from option_table.
 */
#ifndef SNED_CLI_OPTIONS_OPTIONS_H
#define SNED_CLI_OPTIONS_OPTIONS_H

#include "base/error.h"
#include <stdbool.h>

enum option_key {
    OPTION_JSON = 1,
    OPTION_QUIET,
    OPTION_SEED,
    OPTION_THREADS,
    OPTION_OUTPUT,
    OPTION_DATA,
    OPTION_SPLIT,
    OPTION_AGAINST,
    OPTION_LIMIT,
    OPTION_INPUT,
    OPTION_COLOR,
    OPTION_MEAN,
    OPTION_SCALE,
    OPTION_RESIZE,
    OPTION_LABEL_OFFSET,
    OPTION_LABELS,
    OPTION_HEAD,
    OPTION_CLASSES,
    OPTION_DENSITIES,
    OPTION_BLOCK,
    OPTION_TRAIN_IMAGES,
    OPTION_TEST_IMAGES,
    OPTION_CHARACTERS,
    OPTION_FONTS,
    OPTION_EPOCHS,
    OPTION_BATCH,
    OPTION_RATE,
    OPTION_MOMENTUM,
    OPTION_DECAY,
    OPTION_SCHEDULE,
    OPTION_STEP_EPOCHS,
    OPTION_STEP_FACTOR,
    OPTION_FLIP,
    OPTION_NO_FLIP,
    OPTION_SHIFT,
    OPTION_HOLDOUT,
    OPTION_CHECKPOINT,
    OPTION_TIME_BUDGET,
    OPTION_RECIPE,
    OPTION_MAX_DROP,
    OPTION_MAX_BYTES,
    OPTION_MIN_ACCURACY,
    OPTION_NO_LABELS,
    OPTION_TARGET,
    OPTION_CALIBRATION,
    OPTION_FORMAT,
    OPTION_OPEN_MS,
    OPTION_REPORT,
    OPTION_TOP,
    OPTION_RAW,
    OPTION_RUNS,
    OPTION_STEPS,
    OPTION_CALIBRATE,
    OPTION_C_ARRAY,
    OPTION_CONFIG,
    OPTION_TIMELINE,
    OPTION_TRACE,
    OPTION_STALLS,
    OPTION_PARTS,
    OPTION_ALLOW_CPU,
    OPTION_PLAN,
    OPTION_MEASURE,
    OPTION_COUNT
};

/* What a command line says. Strings point into argv. Numbers that were not given are -1 (NAN for reals). */
struct options {
    bool help; /* --help was asked for, and has been printed: nothing is left to do */
    bool json, quiet, flip, no_flip, allow_cpu, no_labels, steps, c_array, plan, measure, calibrate;
    long seed, threads, limit, label_offset, classes, train_images, test_images, batch, step_epochs, shift;
    long calibration, top, runs, stalls, parts;
    double epochs, rate, momentum, decay, step_factor, holdout, time_budget, max_drop, max_bytes,
        min_accuracy, open_ms;
    bool has_label_offset;
    const char *output, *data, *labels, *head, *split, *against, *input, *color, *mean, *scale, *resize,
        *densities, *block, *characters, *fonts, *schedule;
    const char *checkpoint, *recipe, *target, *format, *report, *raw, *config, *timeline, *trace;
    char *command_line;     /* owned; as a shell takes it */
    const char **arguments; /* what is not an option, in order */
    int argument_count;
};

/* Bytes may be said in thousands or millions, 60k or 1.5M; seconds in minutes or hours, 30m or 2h. */
enum option_kind { KIND_FLAG, KIND_TEXT, KIND_WHOLE, KIND_REAL, KIND_BYTES, KIND_SECONDS };

struct option_row {
    enum option_key key;
    const char *name; /* without the dashes */
    char letter;      /* short form, or 0 */
    const char *argument;
    const char *help;
    enum option_kind kind;
    size_t offset;    /* of the field in struct options */
    double low, high; /* of a number */
};
extern const struct option_row option_table[OPTION_COUNT]; /* [0] is unused */

struct command;

/* Parses argv[0] = "sned", argv[1] = the command's name. --help prints and exits 0; a mistake gives a
 * one-line error and SNED_ERROR_ARGUMENT. options_free afterwards in either case. */
sned_status options_parse(struct options *options, const struct command *command, int argc, char **argv,
                          sned_error *error);
void options_free(struct options *options);

/* "1,2,.5" to at most `capacity` numbers; *count says how many. */
sned_status parse_numbers(const char *text, const char *option, float *numbers, int capacity, int *count,
                          sned_error *error);

#endif
