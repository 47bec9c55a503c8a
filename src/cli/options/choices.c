/*
 * choices.c - see choices.h. Each list stands in the order of the enum that its words mean.
 */
#include "cli/options/choices.h"
#include "codec/codec.h"
#include "io/data/dataset.h"
#include "train/train.h"

#include <stdio.h>
#include <string.h>

static const char *const splits[] = {[SPLIT_TRAIN] = "train", [SPLIT_TEST] = "test", NULL};
static const char *const colors[] = {"RGB", "BGR", "gray", NULL};
static const char *const resizes[] = {"auto", "cover", "squash", NULL}; /* or a number */
static const char *const schedules[] = {[SCHEDULE_CONSTANT] = "constant",
                                        [SCHEDULE_STEP] = "step",
                                        [SCHEDULE_COSINE] = "cosine",
                                        [SCHEDULE_ONE_CYCLE] = "one-cycle",
                                        NULL};
static const char *const targets[] = {"cpu", "zcu104", NULL};
static const char *const formats[FORMAT_COUNT + 1] = {[FORMAT_DENSE8] = "dense8",
                                                      [FORMAT_CCOO16] = "ccoo16",
                                                      [FORMAT_GAP16] = "gap16",
                                                      [FORMAT_MIXED] = "mixed",
                                                      [FORMAT_RANS] = "rans"};
_Static_assert(FORMAT_COUNT == 5, "a new weight format is named here and in the help of --format");

static const char *const *const lists[OPTION_COUNT] = {
    [OPTION_SPLIT] = splits,       [OPTION_COLOR] = colors,   [OPTION_RESIZE] = resizes,
    [OPTION_SCHEDULE] = schedules, [OPTION_TARGET] = targets, [OPTION_FORMAT] = formats};

const char *const *choice_words(enum option_key key)
{
    return lists[key];
}

/* "train or test", "RGB, BGR or gray" */
static void list_words(char *text, size_t size, const char *const *words)
{
    size_t length = 0;
    for (int i = 0; words[i] && length < size; i++) {
        const char *joint = i == 0 ? "" : words[i + 1] ? ", " : " or ";
        length += (size_t)snprintf(text + length, size - length, "%s%s", joint, words[i]);
    }
}

sned_status choice_find(int *index, enum option_key key, const char *text, sned_error *error)
{
    char all[128];
    for (*index = 0; lists[key][*index]; ++*index)
        if (!strcmp(text, lists[key][*index]))
            return SNED_OK;
    list_words(all, sizeof all, lists[key]);
    return sned_fail(error, SNED_ERROR_ARGUMENT, "--%s: '%s' is not %s", option_table[key].name, text, all);
}
