/*
 * array_names.c - what an array is, by its name: samples or labels, of which split.
 *
 * A name is a word for what it is, with or without a word for its split before or behind it: "x", "X_train",
 * "train_images", "y-test", "xtrain". Other names mean nothing.
 */
#include "io/sources/arrays.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum role { ROLE_SAMPLES, ROLE_LABELS, ROLES };
enum part { PART_ALL, PART_TRAIN, PART_TEST, PART_VALIDATION, PARTS }; /* ALL: no split is named */

static const char *const role_words[ROLES][8] = {
    [ROLE_SAMPLES] = {"x", "images", "image", "data", "inputs", "features", "samples"},
    [ROLE_LABELS] = {"y", "labels", "label", "targets", "target"},
};
static const char *const part_words[PARTS][6] = {
    [PART_TRAIN] = {"train", "training"},
    [PART_TEST] = {"test", "testing"},
    [PART_VALIDATION] = {"val", "valid", "validation", "dev", "eval"},
};

/* Whether `name` [length] is `first` and `second`, with at most one mark between them. */
static bool is_joined(const char *name, const char *first, const char *second)
{
    size_t length = strlen(first);
    if (strncasecmp(name, first, length) != 0)
        return false;
    name += length;
    name += *name == '_' || *name == '-' || *name == '.' || *name == ' ';
    return !strcasecmp(name, second);
}

static bool has_meaning(const char *name, enum role role, enum part part)
{
    for (const char *const *word = role_words[role]; *word; word++) {
        if (part == PART_ALL && !strcasecmp(name, *word))
            return true;
        for (const char *const *split = part_words[part]; *split; split++)
            if (is_joined(name, *word, *split) || is_joined(name, *split, *word))
                return true;
    }
    return false;
}

/* The names of each meaning: the last one found, and how many. */
struct meanings {
    const char *name[PARTS][ROLES];
    int count[PARTS][ROLES];
    int samples; /* names of samples in all */
};

static void find_meanings(struct meanings *meanings, const struct name_list *names)
{
    *meanings = (struct meanings){0};
    for (size_t i = 0; i < names->count; i++)
        for (int part = 0; part < PARTS; part++)
            for (int role = 0; role < ROLES; role++)
                if (has_meaning(names->names[i], (enum role)role, (enum part)part)) {
                    meanings->name[part][role] = names->names[i];
                    meanings->count[part][role]++;
                    meanings->samples += role == ROLE_SAMPLES;
                }
}

static sned_status fail_ambiguous(const struct array_set *set, sned_error *error)
{
    char list[200];
    return sned_fail(error, SNED_ERROR_ARGUMENT,
                     "%s: which of its arrays are the samples, which the labels? It "
                     "holds %s; name them: %s",
                     set->place, array_set_list(set, list, sizeof list),
                     set->is_folder ? "SAMPLES.npy:LABELS.npy" : "FILE.npz:SAMPLES,LABELS");
}

/* numpy.savez without names: arr_0, arr_1. */
static void choose_numbered(struct array_choice *choice, const struct name_list *names)
{
    const char *numbered[2] = {NULL, NULL};
    for (size_t i = 0; i < names->count; i++) {
        numbered[0] = !strcmp(names->names[i], "arr_0") ? names->names[i] : numbered[0];
        numbered[1] = !strcmp(names->names[i], "arr_1") ? names->names[i] : numbered[1];
    }
    if (names->count == 1)
        choice->samples = names->names[0];
    else if (names->count == 2 && numbered[0] && numbered[1])
        *choice = (struct array_choice){.samples = numbered[0], .labels = numbered[1]};
}

sned_status array_set_choose(struct array_choice *choice, const struct array_set *set, enum split split,
                             sned_error *error)
{
    struct meanings found;
    enum part part = PART_ALL, test = PART_TEST;

    *choice = (struct array_choice){0};
    find_meanings(&found, &set->names);
    if (found.samples == 0) {
        if (!set->is_folder)
            choose_numbered(choice, &set->names);
        return !set->is_folder && set->names.count && !choice->samples ? fail_ambiguous(set, error) : SNED_OK;
    }
    if (!found.count[PART_ALL][ROLE_SAMPLES]) {
        if (!found.count[PART_TEST][ROLE_SAMPLES])
            test = PART_VALIDATION;
        else
            choice->left_out = found.name[PART_VALIDATION][ROLE_SAMPLES];
        choice->has_splits = found.count[PART_TRAIN][ROLE_SAMPLES] && found.count[test][ROLE_SAMPLES];
        part = found.count[PART_TRAIN][ROLE_SAMPLES] && (split == SPLIT_TRAIN || !choice->has_splits)
                   ? PART_TRAIN
                   : test;
    } else if (found.samples > 1) {
        return fail_ambiguous(set, error);
    }
    if (found.count[part][ROLE_SAMPLES] > 1 || found.count[part][ROLE_LABELS] > 1)
        return fail_ambiguous(set, error);
    choice->samples = found.name[part][ROLE_SAMPLES];
    choice->labels = found.name[part][ROLE_LABELS];
    return SNED_OK;
}

/* *name: the set's, `length` letters of `text`. */
static sned_status find_name(const char **name, const struct array_set *set, const char *text, size_t length,
                             sned_error *error)
{
    char list[200];
    for (size_t i = 0; i < set->names.count; i++)
        if (!strncmp(set->names.names[i], text, length) && !set->names.names[i][length]) {
            *name = set->names.names[i];
            return SNED_OK;
        }
    return sned_fail(error, SNED_ERROR_ARGUMENT, "%s: holds no array '%.*s'; it holds %s", set->place,
                     (int)length, text, array_set_list(set, list, sizeof list));
}

sned_status array_set_choose_by_name(struct array_choice *choice, const struct array_set *set,
                                     const char *names, sned_error *error)
{
    size_t length = strlen(names);
    *choice = (struct array_choice){0};
    for (size_t i = 0; i < set->names.count; i++) /* a name may have a comma in it */
        if (!strcmp(set->names.names[i], names))
            return find_name(&choice->samples, set, names, length, error);
    const char *comma = strchr(names, ',');
    if (comma) {
        length = (size_t)(comma - names);
        SNED_TRY(find_name(&choice->labels, set, comma + 1, strlen(comma + 1), error));
    }
    return find_name(&choice->samples, set, names, length, error);
}
