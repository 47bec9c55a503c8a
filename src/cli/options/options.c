/*
 * options.c - the table of options, and argp over it.
 */
#include "cli/options/options.h"
#include "base/memory.h"
#include "cli/options/command.h"
#include "cli/options/defaults.h"

#include <argp.h>
#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define AT(field) offsetof(struct options, field)

const struct option_row option_table[OPTION_COUNT] = {
    [OPTION_JSON] = {OPTION_JSON, "json", 0, NULL, "One JSON object on standard output, nothing else there",
                     KIND_FLAG, AT(json), 0, 0},
    [OPTION_QUIET] = {OPTION_QUIET, "quiet", 'q', NULL, "No progress and no messages but errors", KIND_FLAG,
                      AT(quiet), 0, 0},
    [OPTION_SEED] = {OPTION_SEED, "seed", 0, "S", "Seed of everything random", KIND_WHOLE, AT(seed), 0,
                     4294967295.0},
    [OPTION_THREADS] = {OPTION_THREADS, "threads", 0, "T", "Threads to use", KIND_WHOLE, AT(threads), 1,
                        1024},
    [OPTION_OUTPUT] = {OPTION_OUTPUT, "output", 'o', "FILE", "Where the result goes", KIND_TEXT, AT(output),
                       0, 0},
    [OPTION_DATA] =
        {OPTION_DATA, "data", 'd', "D",
         "Labelled images: a folder of IDX files, of CIFAR-10 .bin files, of pictures in class folders, or "
         "a tar of pictures with NAME.labels.txt beside it (or a.tar:labels.txt); or NumPy's arrays, "
         "[N] in front: x.npy:y.npy, a.npz with x and y (or a.npz:X,Y), a folder of x_train.npy, "
         "y_train.npy, ... "
         "There uint8 is pixels, and float32 the network's input itself, which mean and scale leave alone. "
         "Class folders "
         "are matched with the network's class names, or numbered by their names as bytes",
         KIND_TEXT, AT(data), 0, 0},
    [OPTION_SPLIT] = {OPTION_SPLIT, "split", 0, "SPLIT",
                      "train or test, which is validation where there is no test", KIND_TEXT, AT(split), 0,
                      0},
    [OPTION_AGAINST] = {OPTION_AGAINST, "against", 0, "MODEL",
                        "Another model to compare answers with: how many images both name alike", KIND_TEXT,
                        AT(against), 0, 0},
    [OPTION_LIMIT] = {OPTION_LIMIT, "limit", 0, "N", "Use the first N images alone", KIND_WHOLE, AT(limit), 1,
                      1e9},
    [OPTION_INPUT] = {OPTION_INPUT, "input", 0, "SIZE",
                      "The picture that the input is, where the model takes a list of values or leaves sizes "
                      "open: 1x28x28 "
                      "gray; 3x32x32, or 32x32x3 where the colors of a pixel lie side by side",
                      KIND_TEXT, AT(input), 0, 0},
    [OPTION_COLOR] = {OPTION_COLOR, "color", 0, "ORDER", "RGB, BGR or gray, instead of what the model says",
                      KIND_TEXT, AT(color), 0, 0},
    [OPTION_MEAN] = {OPTION_MEAN, "mean", 0, "M,...",
                     "Subtracted from each channel's pixels (0 to 255), instead of what the model says; "
                     "ImageNet's: 123.675,116.28,103.53 (255 times the mean of pixels from 0 to 1)",
                     KIND_TEXT, AT(mean), 0, 0},
    [OPTION_SCALE] = {OPTION_SCALE, "scale", 0, "S,...",
                      "Then multiplied, a number a channel or one for all; ImageNet's: "
                      "0.0171248,0.017507,0.0174292 (1 / (255 std)); pixels from 0 to 1: 0.0039216",
                      KIND_TEXT, AT(scale), 0, 0},
    [OPTION_RESIZE] =
        {OPTION_RESIZE, "resize", 0, "HOW",
         "Pictures of another size than the input's: squash (the whole picture, whatever its "
         "proportions), cover (until it just covers the input, then its centre), N (its short "
         "side to N pixels, then its centre: 256 for 224) or auto (the centre of what is at most "
         "15 % larger on both sides, else cover), instead of what the model says",
         KIND_TEXT, AT(resize), 0, 0},
    [OPTION_LABEL_OFFSET] = {OPTION_LABEL_OFFSET, "label-offset", 0, "N", "Added to the labels of the data",
                             KIND_WHOLE, AT(label_offset), -100000, 100000},
    [OPTION_LABELS] =
        {OPTION_LABELS, "labels", 0, "FILE",
         "Names of the classes in the network's order, one a line, instead of the model's or the data's",
         KIND_TEXT, AT(labels), 0, 0},
    [OPTION_HEAD] =
        {OPTION_HEAD, "head", 0, "NAME",
         "Of a network with several outputs, the one that labels and scores are about, which then "
         "comes first",
         KIND_TEXT, AT(head), 0, 0},
    [OPTION_CLASSES] = {OPTION_CLASSES, "classes", 0, "N", "Classes of the new network", KIND_WHOLE,
                        AT(classes), 1, 1000000},
    [OPTION_DENSITIES] = {OPTION_DENSITIES, "densities", 0, "D,...",
                          "Share of random weights kept, a number for each Conv and Gemm, or one for all",
                          KIND_TEXT, AT(densities), 0, 0},
    [OPTION_BLOCK] = {OPTION_BLOCK, "block", 0, "KxC", "Masks shared by K output and C input channels",
                      KIND_TEXT, AT(block), 0, 0},
    [OPTION_TRAIN_IMAGES] = {OPTION_TRAIN_IMAGES, "train-images", 0, "N", "Images to train on", KIND_WHOLE,
                             AT(train_images), 1, 10e6},
    [OPTION_TEST_IMAGES] = {OPTION_TEST_IMAGES, "test-images", 0, "N", "Images to test on", KIND_WHOLE,
                            AT(test_images), 1, 10e6},
    [OPTION_CHARACTERS] = {OPTION_CHARACTERS, "characters", 0, "TEXT", "A class each", KIND_TEXT,
                           AT(characters), 0, 0},
    [OPTION_FONTS] = {OPTION_FONTS, "fonts", 0, "FOLDER", "Where to look for fonts", KIND_TEXT, AT(fonts), 0,
                      0},
    [OPTION_EPOCHS] = {OPTION_EPOCHS, "epochs", 0, "N", "Passes over the training images; may be a fraction",
                       KIND_REAL, AT(epochs), 0.001, 100000},
    [OPTION_BATCH] = {OPTION_BATCH, "batch", 0, "N", "Images in a step", KIND_WHOLE, AT(batch), 1, 65536},
    [OPTION_RATE] = {OPTION_RATE, "rate", 0, "R", "Learning rate at its highest", KIND_REAL, AT(rate), 0,
                     1e6},
    [OPTION_MOMENTUM] = {OPTION_MOMENTUM, "momentum", 0, "M", "Momentum", KIND_REAL, AT(momentum), 0, 0.9999},
    [OPTION_DECAY] = {OPTION_DECAY, "decay", 0, "D", "Weight decay", KIND_REAL, AT(decay), 0, 1},
    [OPTION_SCHEDULE] = {OPTION_SCHEDULE, "schedule", 0, "NAME",
                         "Learning rate: constant, step, cosine or one-cycle", KIND_TEXT, AT(schedule), 0, 0},
    [OPTION_STEP_EPOCHS] = {OPTION_STEP_EPOCHS, "step-epochs", 0, "N", "step: epochs between two steps",
                            KIND_WHOLE, AT(step_epochs), 1, 100000},
    [OPTION_STEP_FACTOR] = {OPTION_STEP_FACTOR, "step-factor", 0, "F", "step: the rate is multiplied by this",
                            KIND_REAL, AT(step_factor), 0, 1},
    [OPTION_FLIP] = {OPTION_FLIP, "flip", 0, NULL, "Mirror half of the training images", KIND_FLAG, AT(flip),
                     0, 0},
    [OPTION_NO_FLIP] = {OPTION_NO_FLIP, "no-flip", 0, NULL, "Mirror no training images", KIND_FLAG,
                        AT(no_flip), 0, 0},
    [OPTION_SHIFT] = {OPTION_SHIFT, "shift", 0, "N", "Shift training images by up to N pixels each way",
                      KIND_WHOLE, AT(shift), 0, 64},
    [OPTION_HOLDOUT] = {OPTION_HOLDOUT, "holdout", 0, "SHARE",
                        "Share of the training images left out, at most 5000: those that compress steers by; "
                        "0: train on all",
                        KIND_REAL, AT(holdout), 0, 0.9},
    [OPTION_CHECKPOINT] =
        {OPTION_CHECKPOINT, "checkpoint", 0, "FILE",
         "Where progress is kept, so that the same command goes on after an interruption; \"none\": nowhere",
         KIND_TEXT, AT(checkpoint), 0, 0},
    [OPTION_TIME_BUDGET] = {OPTION_TIME_BUDGET, "time-budget", 0, "SECONDS",
                            "Stop searching or training by then; 30m, 2h: minutes, hours", KIND_SECONDS,
                            AT(time_budget), 0.001, 1e9},
    [OPTION_RECIPE] = {OPTION_RECIPE, "recipe", 0, "FILE",
                       "Choices per layer or kind, in YAML (docs/recipe.md)", KIND_TEXT, AT(recipe), 0, 0},
    [OPTION_MAX_DROP] = {OPTION_MAX_DROP, "max-drop", 0, "POINTS",
                         "Accuracy that may be lost, in percent points", KIND_REAL, AT(max_drop), 0, 100},
    [OPTION_MAX_BYTES] = {OPTION_MAX_BYTES, "max-bytes", 0, "BYTES",
                          "The whole file at most so large; 60k, 1.5M: thousands, millions", KIND_BYTES,
                          AT(max_bytes), 1, 1e12},
    [OPTION_MIN_ACCURACY] = {OPTION_MIN_ACCURACY, "min-accuracy", 0, "PERCENT",
                             "Accuracy at least so high, on images of the training data that are held out",
                             KIND_REAL, AT(min_accuracy), 0, 100},
    [OPTION_NO_LABELS] = {OPTION_NO_LABELS, "no-labels", 0, NULL,
                          "Labels of the data are not looked at: the network itself is the teacher, and "
                          "accuracy means agreement with it",
                          KIND_FLAG, AT(no_labels), 0, 0},
    [OPTION_TARGET] = {OPTION_TARGET, "target", 0, "NAME",
                       "What will run the file, cpu or zcu104: weights are zero together in the structure "
                       "that it turns into speed",
                       KIND_TEXT, AT(target), 0, 0},
    [OPTION_CALIBRATION] = {OPTION_CALIBRATION, "calibration", 0, "N", "Images that set the scales",
                            KIND_WHOLE, AT(calibration), 1, 1e9},
    [OPTION_FORMAT] = {OPTION_FORMAT, "format", 0, "NAME",
                       "Storage of all weights: dense8, ccoo16, gap16, mixed or rans", KIND_TEXT, AT(format),
                       0, 0},
    [OPTION_OPEN_MS] = {OPTION_OPEN_MS, "open-ms", 0, "MS",
                        "Milliseconds that opening the file may take on one core: more make it smaller",
                        KIND_REAL, AT(open_ms), 0, 1e9},
    [OPTION_REPORT] = {OPTION_REPORT, "report", 0, "FILE.html",
                       "A page of what was done, by layer and in pictures", KIND_TEXT, AT(report), 0, 0},
    [OPTION_TOP] = {OPTION_TOP, "top", 0, "K", "Classes to name for an image", KIND_WHOLE, AT(top), 1,
                    1000000},
    [OPTION_RAW] =
        {OPTION_RAW, "raw", 0, "OUT.npz",
         "Also write what the network gives, as it is, to a file that numpy.load reads (.npz, or .npy "
         "for the array alone)",
         KIND_TEXT, AT(raw), 0, 0},
    [OPTION_RUNS] = {OPTION_RUNS, "runs", 0, "N", "Timed runs", KIND_WHOLE, AT(runs), 1, 1e6},
    [OPTION_PLAN] = {OPTION_PLAN, "plan", 0, NULL,
                     "How a packed network is run instead: its steps, their kernels and places in memory",
                     KIND_FLAG, AT(plan), 0, 0},
    [OPTION_MEASURE] = {OPTION_MEASURE, "measure", 0, NULL, "With --plan: also the time that each step takes",
                        KIND_FLAG, AT(measure), 0, 0},
    [OPTION_STEPS] = {OPTION_STEPS, "steps", 0, NULL, "Also the time of each step of an integer network",
                      KIND_FLAG, AT(steps), 0, 0},
    [OPTION_CALIBRATE] = {OPTION_CALIBRATE, "calibrate", 0, NULL,
                          "Measure what kernels cost on this machine, once; takes no MODEL", KIND_FLAG,
                          AT(calibrate), 0, 0},
    [OPTION_C_ARRAY] = {OPTION_C_ARRAY, "c-array", 0, NULL, "The file's bytes, as an array of C", KIND_FLAG,
                        AT(c_array), 0, 0},
    [OPTION_CONFIG] = {OPTION_CONFIG, "config", 0, "NAME", "zcu104, ecp5 or ci", KIND_TEXT, AT(config), 0, 0},
    [OPTION_TIMELINE] = {OPTION_TIMELINE, "timeline", 0, "FILE.svg", "A picture of what each unit did when",
                         KIND_TEXT, AT(timeline), 0, 0},
    [OPTION_TRACE] = {OPTION_TRACE, "trace", 0, "FILE.fst",
                      "All signals (a simulation made by sim/build CONFIG --trace)", KIND_TEXT, AT(trace), 0,
                      0},
    [OPTION_STALLS] = {OPTION_STALLS, "stalls", 0, "PERCENT",
                       "Cycles in which the memory holds back, at random", KIND_WHOLE, AT(stalls), 0, 95},
    [OPTION_PARTS] = {OPTION_PARTS, "parts", 0, "N", "Convs of a single picture in so many parts; 1: whole",
                      KIND_WHOLE, AT(parts), 1, 64},
    [OPTION_ALLOW_CPU] = {OPTION_ALLOW_CPU, "allow-cpu", 0, NULL,
                          "What the accelerator cannot do, and all layers behind it, runs on the CPU",
                          KIND_FLAG, AT(allow_cpu), 0, 0},
};

struct parse {
    struct options *options;
    const struct command *command;
    sned_error *error;
    sned_status status;
};

static bool parse_real(const char *text, double *value)
{
    char *end;
    errno = 0;
    *value = strtod(text, &end);
    return end != text && *end == 0 && errno == 0 && isfinite(*value);
}

/* What a number may end in: nothing, or a letter that multiplies it. */
struct suffix {
    char letter;
    double factor;
};
static const struct suffix byte_suffixes[] = {{'k', 1e3}, {'K', 1e3}, {'M', 1e6}, {'G', 1e9}, {0}};
static const struct suffix second_suffixes[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {0}};

static bool parse_with_suffix(const char *text, const struct suffix *suffixes, double *value)
{
    char *end;
    errno = 0;
    *value = strtod(text, &end);
    if (end == text || errno != 0)
        return false;
    for (; *end && suffixes->letter; suffixes++) {
        if (*end == suffixes->letter && !end[1]) {
            *value *= suffixes->factor;
            end++;
            break;
        }
    }
    return *end == 0 && isfinite(*value);
}

static sned_status set_amount(double *field, const struct option_row *row, const char *text,
                              sned_error *error)
{
    const bool bytes = row->kind == KIND_BYTES;
    double value;
    if (parse_with_suffix(text, bytes ? byte_suffixes : second_suffixes, &value) && value >= row->low &&
        value <= row->high) {
        *field = value;
        return SNED_OK;
    }
    return sned_fail(error, SNED_ERROR_ARGUMENT, "--%s: '%s' is not %s from %g to %g", row->name, text,
                     bytes ? "a number of bytes (60000, 60k, 1.5M)" : "a time in seconds (90, 30m, 2h)",
                     row->low, row->high);
}

static sned_status set_option(struct options *options, const struct option_row *row, const char *text,
                              sned_error *error)
{
    char *field = (char *)options + row->offset;
    double value;
    switch (row->kind) {
    case KIND_FLAG:
        *(bool *)field = true;
        break;
    case KIND_TEXT:
        if (!*text)
            return sned_fail(error, SNED_ERROR_ARGUMENT, "--%s: is empty", row->name);
        *(const char **)field = text;
        break;
    case KIND_BYTES:
    case KIND_SECONDS:
        return set_amount((double *)field, row, text, error);
    case KIND_WHOLE:
    case KIND_REAL:
        if (!parse_real(text, &value) || value < row->low || value > row->high ||
            (row->kind == KIND_WHOLE && value != floor(value)))
            return sned_fail(error, SNED_ERROR_ARGUMENT, "--%s: '%s' is not a %snumber from %g to %g",
                             row->name, text, row->kind == KIND_WHOLE ? "whole " : "", row->low, row->high);
        if (row->kind == KIND_WHOLE)
            *(long *)field = (long)value;
        else
            *(double *)field = value;
        options->has_label_offset |= row->key == OPTION_LABEL_OFFSET;
        break;
    }
    return SNED_OK;
}

/* argp's short keys are the letters; long-only options use their table index above the characters. */
static int argp_key(const struct option_row *row)
{
    return row->letter ? row->letter : 256 + (int)row->key;
}

static error_t parse_one(int key, char *text, struct argp_state *state)
{
    struct parse *parse = state->input;
    struct options *options = parse->options;
    if (key == ARGP_KEY_ARG) {
        options->arguments[options->argument_count++] = text;
        return 0;
    }
    for (int i = 1; i < OPTION_COUNT; i++) {
        if (key == argp_key(&option_table[i])) {
            parse->status = set_option(options, &option_table[i], text, parse->error);
            return parse->status == SNED_OK ? 0 : EINVAL;
        }
    }
    return ARGP_ERR_UNKNOWN;
}

static struct argp_option describe(const struct option_row *row)
{
    return (struct argp_option){
        .name = row->name, .key = argp_key(row), .arg = row->argument, .doc = row->help};
}

/* argp's help_filter: the text it prints for an option, which it frees. */
static char *add_default(int key, const char *text, void *input)
{
    for (int i = 1; i < OPTION_COUNT; i++)
        if (key == argp_key(&option_table[i]))
            return option_help(&option_table[i]);
    return (char *)text;
}

static sned_status check_arguments(const struct parse *parse)
{
    const struct command *command = parse->command;
    int count = parse->options->argument_count;
    if (count < command->argument_min)
        return sned_fail(parse->error, SNED_ERROR_ARGUMENT, "something is missing: usage: sned %s %s",
                         command->name, command->arguments);
    if (count > command->argument_max)
        return sned_fail(parse->error, SNED_ERROR_ARGUMENT,
                         "'%s' is one argument too many: usage: sned %s %s",
                         parse->options->arguments[command->argument_max], command->name, command->arguments);
    return SNED_OK;
}

/* The first thing on the command line that is no option of the command, or the last option, which then lacks
 * its value: argp tells that something is wrong, but not what. */
static const char *find_mistake(const struct argp_option *rows, int argc, char **argv)
{
    const char *suspect = argv[argc - 1];
    for (int i = 2; i < argc && strcmp(argv[i], "--") != 0; i++) {
        const struct argp_option *row = rows;
        size_t length = strcspn(argv[i], "=");
        if (argv[i][0] != '-' || !argv[i][1])
            continue;
        suspect = argv[i];
        if (argv[i][1] == '-')
            while (row->name && strncmp(row->name, argv[i] + 2, length - 2) != 0)
                row++;
        else
            while (row->name && row->key != argv[i][1])
                row++;
        if (!row->name)
            break;
        bool value_apart = row->arg && (argv[i][1] == '-' ? !argv[i][length] : !argv[i][2]);
        i += value_apart;
    }
    return suspect;
}

static bool wants_help(int argc, char **argv)
{
    bool found = false;
    for (int i = 2; i < argc && !found && strcmp(argv[i], "--") != 0; i++)
        found = !strcmp(argv[i], "--help") || !strcmp(argv[i], "-?");
    return found;
}

static const struct options NOTHING_GIVEN = {.seed = 1,
                                             .threads = -1,
                                             .limit = -1,
                                             .classes = -1,
                                             .train_images = -1,
                                             .test_images = -1,
                                             .batch = -1,
                                             .step_epochs = -1,
                                             .shift = -1,
                                             .calibration = -1,
                                             .top = -1,
                                             .runs = -1,
                                             .epochs = NAN,
                                             .rate = NAN,
                                             .momentum = NAN,
                                             .decay = NAN,
                                             .step_factor = NAN,
                                             .holdout = NAN,
                                             .time_budget = NAN,
                                             .max_drop = NAN,
                                             .max_bytes = NAN,
                                             .min_accuracy = NAN,
                                             .open_ms = NAN};

/* A word as a shell takes it: in quotes where it has anything but what needs none. */
static sned_status append_word(struct buffer *line, const char *word, sned_error *error)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./,:@%";
    if (*word && !word[strspn(word, plain)])
        return sned_buffer_append(line, word, strlen(word), error);
    SNED_TRY(sned_buffer_append(line, "'", 1, error));
    for (; *word; word++) {
        const char *text = *word == '\'' ? "'\\''" : word;
        SNED_TRY(sned_buffer_append(line, text, *word == '\'' ? 4 : 1, error));
    }
    return sned_buffer_append(line, "'", 1, error);
}

/* The command line in one text, before argp puts it into another order. */
static sned_status join_words(char **text, int argc, char **argv, sned_error *error)
{
    struct buffer line = {0};
    sned_status status;
    SNED_TRY_DONE(sned_buffer_append(&line, "sned", 4, error));
    for (int i = 1; i < argc; i++) {
        SNED_TRY_DONE(sned_buffer_append(&line, " ", 1, error));
        SNED_TRY_DONE(append_word(&line, argv[i], error));
    }
    SNED_TRY_DONE(sned_buffer_append(&line, "", 1, error));
    status = sned_strdup(text, (const char *)line.data, error);
done:
    sned_buffer_free(&line);
    return status;
}

sned_status options_parse(struct options *options, const struct command *command, int argc, char **argv,
                          sned_error *error)
{
    struct argp_option rows[OPTION_COUNT + 3];
    struct parse parse = {options, command, error, SNED_OK};
    char name[64], *doc = NULL;
    int count = 0;

    *options = NOTHING_GIVEN;
    SNED_TRY(sned_alloc(&options->arguments, (size_t)argc, sizeof *options->arguments, error));
    SNED_TRY(join_words(&options->command_line, argc, argv, error));
    for (int i = 0; command->keys[i]; i++)
        rows[count++] = describe(&option_table[command->keys[i]]);
    rows[count++] = describe(&option_table[OPTION_JSON]);
    rows[count++] = describe(&option_table[OPTION_QUIET]);
    rows[count] = (struct argp_option){0};
    if (asprintf(&doc, "%s.\v%s", command->summary, command->text) < 0)
        return sned_fail(error, SNED_ERROR_MEMORY, "out of memory");
    snprintf(name, sizeof name, "sned %s", command->name);
    struct argp argp = {.options = rows,
                        .parser = parse_one,
                        .args_doc = command->arguments,
                        .doc = doc,
                        .help_filter = add_default};
    options->help = wants_help(argc, argv);
    error_t failed = 0;
    if (options->help)
        argp_help(&argp, stdout, ARGP_HELP_USAGE | ARGP_HELP_LONG | ARGP_HELP_DOC, name);
    else
        failed = argp_parse(&argp, argc - 1, argv + 1, ARGP_SILENT, NULL, &parse);
    free(doc);
    if (options->help || parse.status != SNED_OK)
        return parse.status;
    if (failed)
        return sned_fail(error, SNED_ERROR_ARGUMENT,
                         "'%s' is not an option of sned %s, or lacks its value; see sned %s --help",
                         find_mistake(rows, argc, argv), command->name, command->name);
    return check_arguments(&parse);
}

void options_free(struct options *options)
{
    free(options->arguments);
    free(options->command_line);
    options->arguments = NULL;
    options->command_line = NULL;
}

sned_status parse_numbers(const char *text, const char *option, float *numbers, int capacity, int *count,
                          sned_error *error)
{
    *count = 0;
    for (const char *position = text;; position++) {
        char *end;
        double value = strtod(position, &end);
        if (end == position || !isfinite(value) || (*end && *end != ','))
            return sned_fail(error, SNED_ERROR_ARGUMENT, "--%s: '%s' is not a list of numbers with commas",
                             option, text);
        if (*count == capacity)
            return sned_fail(error, SNED_ERROR_ARGUMENT, "--%s: more than %d numbers", option, capacity);
        numbers[(*count)++] = (float)value;
        position = end;
        if (!*end)
            break;
    }
    return SNED_OK;
}
