/*
 * defaults.c - see defaults.h.
 */
#include "cli/options/defaults.h"

#include <stdio.h>

static const char by_network[] = "by network and number of images, docs/training.md";
static const char by_model[] = "as the model says";

/* NULL: the option has none, because it must be given, is a flag, or asks for something besides. */
static const char *const defaults[OPTION_COUNT] = {
    [OPTION_SEED] = "1",
    [OPTION_THREADS] = "all processors",
    [OPTION_SPLIT] = "test",
    [OPTION_LIMIT] = "all; data pictures: 10",
    [OPTION_INPUT] = "as the model says",
    [OPTION_COLOR] = by_model,
    [OPTION_MEAN] = "as the model says, else 0",
    [OPTION_SCALE] = "as the model says, else 1",
    [OPTION_RESIZE] = "as the model says, else auto",
    [OPTION_LABEL_OFFSET] = "as the model says, else 0",
    [OPTION_LABELS] = "the model's, else the data's",
    [OPTION_HEAD] = "the first",
    [OPTION_CLASSES] = "10, or 1000 of an ImageNet network",
    [OPTION_DENSITIES] = "1, all",
    [OPTION_BLOCK] = "1x1",
    [OPTION_TRAIN_IMAGES] = "20000",
    [OPTION_TEST_IMAGES] = "4000",
    [OPTION_CHARACTERS] = "0123456789",
    [OPTION_FONTS] = "/usr/share/fonts",
    [OPTION_EPOCHS] = by_network,
    [OPTION_BATCH] = by_network,
    [OPTION_RATE] = by_network,
    [OPTION_MOMENTUM] = "0.9",
    [OPTION_DECAY] = "0.0005",
    [OPTION_SCHEDULE] = "one-cycle; cosine where the network is trained already",
    [OPTION_STEP_EPOCHS] = "10",
    [OPTION_STEP_FACTOR] = "0.1",
    [OPTION_FLIP] = "of colour pictures",
    [OPTION_SHIFT] = by_network,
    [OPTION_HOLDOUT] = "0.1",
    [OPTION_CHECKPOINT] = "the output's name with .checkpoint",
    [OPTION_TIME_BUDGET] = "no limit",
    [OPTION_RECIPE] = "what that page says",
    [OPTION_MAX_DROP] = "the recipe's, else 0.5; pack: none that can be measured",
    [OPTION_MAX_BYTES] = "no limit",
    [OPTION_MIN_ACCURACY] = "any",
    [OPTION_TARGET] = "none: what makes the file smallest",
    [OPTION_CALIBRATION] = "500",
    [OPTION_FORMAT] = "the smallest, layer by layer",
    [OPTION_OPEN_MS] = "300",
    [OPTION_TOP] = "5",
    [OPTION_RUNS] = "20",
    [OPTION_CONFIG] = "zcu104",
    [OPTION_STALLS] = "0",
    [OPTION_PARTS] = "as many as save time",
};

char *option_help(const struct option_row *row)
{
    const char *value = defaults[row->key];
    char *text = NULL;
    const int length =
        value ? asprintf(&text, "%s (default: %s)", row->help, value) : asprintf(&text, "%s", row->help);
    return length < 0 ? NULL : text;
}
