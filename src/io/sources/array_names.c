/*
 * array_names.c - what an array is, by its name: samples or labels, of which split.
 *
 * A name is a word for what it is, with or without a word for its split before or behind it: "x", "X_train",
 * "train_images", "y-test", "xtrain". Other names mean nothing.
 */
#include "io/data/splits.h"
#include "io/sources/arrays.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum role { ROLE_SAMPLES, ROLE_LABELS, ROLES };

static const char *const role_words[ROLES][8] = {
    [ROLE_SAMPLES] = {"x", "images", "image", "data", "inputs", "features", "samples"},
    [ROLE_LABELS] = {"y", "labels", "label", "targets", "target"},
};

static bool is_mark(char letter)
{
    return letter == '_' || letter == '-' || letter == '.' || letter == ' ';
}

/* What the word beside `word` in `name` says, with at most one mark between them. */
static enum split_use use_beside(const char *name, const char *word)
{
    const size_t length = strlen(name), size = strlen(word);
    enum split_use use = USE_NONE;
    if (length <= size)
        return USE_NONE;
    size_t left = length - size;
    if (strncasecmp(name, word, size) == 0) {
        const char *behind = name + size;
        use = is_mark(*behind) ? split_word_use(behind + 1, left - 1) : split_word_use(behind, left);
    }
    if (use == USE_NONE && strcasecmp(name + left, word) == 0)
        use = split_word_use(name, is_mark(name[left - 1]) ? left - 1 : left);
    return use;
}

/* Whether `name` says `role`; *use is USE_NONE where it names no split. */
static bool has_meaning(const char *name, enum role role, enum split_use *use)
{
    for (const char *const *word = role_words[role]; *word; word++) {
        *use = use_beside(name, *word);
        if (*use != USE_NONE || !strcasecmp(name, *word))
            return true;
    }
    return false;
}

/* The names of each meaning: the last one found, and how many. */
struct meanings {
    const char *name[USE_NONE + 1][ROLES];
    int count[USE_NONE + 1][ROLES];
    int samples; /* names of samples in all */
};

static void find_meanings(struct meanings *meanings, const struct name_list *names)
{
    enum split_use use;
    *meanings = (struct meanings){0};
    for (size_t i = 0; i < names->count; i++)
        for (int role = 0; role < ROLES; role++)
            if (has_meaning(names->names[i], (enum role)role, &use)) {
                meanings->name[use][role] = names->names[i];
                meanings->count[use][role]++;
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
    enum split_use use = USE_NONE, test = USE_TEST;

    *choice = (struct array_choice){0};
    find_meanings(&found, &set->names);
    if (found.samples == 0) {
        if (!set->is_folder)
            choose_numbered(choice, &set->names);
        return !set->is_folder && set->names.count && !choice->samples ? fail_ambiguous(set, error) : SNED_OK;
    }
    if (!found.count[USE_NONE][ROLE_SAMPLES]) {
        if (!found.count[USE_TEST][ROLE_SAMPLES])
            test = USE_VALIDATION;
        else
            choice->left_out = found.name[USE_VALIDATION][ROLE_SAMPLES];
        choice->has_splits = found.count[USE_TRAIN][ROLE_SAMPLES] && found.count[test][ROLE_SAMPLES];
        use = found.count[USE_TRAIN][ROLE_SAMPLES] && (split == SPLIT_TRAIN || !choice->has_splits)
                  ? USE_TRAIN
                  : test;
    } else if (found.samples > 1) {
        return fail_ambiguous(set, error);
    }
    if (found.count[use][ROLE_SAMPLES] > 1 || found.count[use][ROLE_LABELS] > 1)
        return fail_ambiguous(set, error);
    choice->samples = found.name[use][ROLE_SAMPLES];
    choice->labels = found.name[use][ROLE_LABELS];
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
