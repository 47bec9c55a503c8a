/*
 * splits.c - names taken apart into a word that says the use of a split, and what stands around it.
 */
#include "io/data/splits.h"
#include "base/memory.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A name as its use and the rest of it, in small letters: "" where the rest says nothing. */
struct part {
    const char *name;
    enum split_use use;
    char *rest; /* owned */
};

enum split_use split_word_use(const char *word, size_t length)
{
    static const struct {
        const char *word;
        enum split_use use;
    } words[] = {{"train", USE_TRAIN},           {"training", USE_TRAIN},       {"test", USE_TEST},
                 {"testing", USE_TEST},          {"val", USE_VALIDATION},       {"valid", USE_VALIDATION},
                 {"validation", USE_VALIDATION}, {"validate", USE_VALIDATION},  {"dev", USE_VALIDATION},
                 {"eval", USE_VALIDATION},       {"evaluation", USE_VALIDATION}};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strlen(words[i].word) == length && strncasecmp(words[i].word, word, length) == 0)
            return words[i].use;
    return USE_NONE;
}

/* The same of a folder's or tar's word, which may end in "set": "trainset". */
static enum split_use use_of_word(const char *word, size_t length)
{
    const bool is_set = length > 3 && strncasecmp(word + length - 3, "set", 3) == 0;

    return split_word_use(word, is_set ? length - 3 : length);
}

static bool says_nothing(const char *word, size_t length)
{
    static const char *const words[] = {"set", "data", "dataset",  "image", "images",
                                        "img", "imgs", "pictures", "split", "folder"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strlen(words[i]) == length && strncasecmp(words[i], word, length) == 0)
            return true;
    return length == 1 && !isalnum((unsigned char)*word);
}

/* A run of letters, or one other character. */
static size_t word_length(const char *text)
{
    size_t length = 0;

    while (isalpha((unsigned char)text[length]))
        length++;
    return length ? length : 1;
}

/* use is USE_NONE where not exactly one word says it. */
static sned_status take_apart(struct part *part, const char *name, sned_error *error)
{
    size_t stem = path_tar_stem(name), end = stem ? stem : strlen(name), length = 0;
    bool is_plain = true;

    *part = (struct part){name, USE_NONE, NULL};
    SNED_TRY(sned_alloc(&part->rest, end + 1, 1, error));
    for (size_t i = 0, step; i < end; i += step) {
        step = word_length(name + i);
        if (step > end - i)
            step = end - i;
        enum split_use use = use_of_word(name + i, step);
        if (use == USE_NONE) {
            is_plain &= says_nothing(name + i, step);
            for (size_t k = 0; k < step; k++)
                part->rest[length++] = (char)tolower((unsigned char)name[i + k]);
        } else if (part->use == USE_NONE) {
            part->use = use;
        } else {
            part->use = USE_NONE; /* "train_test": both, and so neither */
            return SNED_OK;
        }
    }
    part->rest[is_plain ? 0 : length] = 0;
    return SNED_OK;
}

/* Of `before` and `name`, which have one use and one rest, the one to take; NULL: either could be meant. */
static const char *prefer(const char *before, const char *name)
{
    size_t stem = path_tar_stem(name), before_stem = path_tar_stem(before);

    if (stem && !before_stem && strlen(before) == stem && strncmp(name, before, stem) == 0)
        return before;
    if (before_stem && !stem && strlen(name) == before_stem && strncmp(name, before, before_stem) == 0)
        return name;
    return NULL;
}

static bool is_number(const char *text)
{
    return text[strspn(text, "0123456789")] == 0;
}

/* What stands around two uses is the same; `counted`: but for numbers, "train" and "test1". */
static bool are_alike(const char *rest, const char *other, bool counted)
{
    return counted ? is_number(rest) && is_number(other) : strcmp(rest, other) == 0;
}

/* The splits among the parts [count] whose rest is like the first's. */
static sned_status find_alike(struct splits *splits, const struct part *parts, size_t count, bool counted,
                              const char *place, sned_error *error)
{
    const char *found[USE_NONE] = {0}, *doubles[USE_NONE] = {0};

    for (size_t i = 0; i < count; i++) {
        enum split_use use = parts[i].use;
        if (use == USE_NONE || !are_alike(parts[i].rest, parts[0].rest, counted))
            continue;
        const char *better = found[use] ? prefer(found[use], parts[i].name) : parts[i].name;
        if (!better)
            doubles[use] = parts[i].name;
        else
            found[use] = better;
    }
    *splits = (struct splits){found[USE_TRAIN], found[USE_TEST], found[USE_VALIDATION]};
    for (int use = 0; use < USE_NONE && splits_found(splits); use++)
        if (doubles[use] && (use != USE_VALIDATION || !splits->test))
            return sned_fail(error, SNED_ERROR_DATA,
                             "%s: both %s and %s could be the images to %s: name the folder with the classes "
                             "itself",
                             place, found[use], doubles[use], use == USE_TRAIN ? "train on" : "test on");
    return SNED_OK;
}

bool splits_found(const struct splits *splits)
{
    return (splits->train != NULL) + (splits->test != NULL) + (splits->validation != NULL) >= 2;
}

/* No part before this one has its rest. */
static bool is_first_of_its_kind(const struct part *parts, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (parts[k].use != USE_NONE && strcmp(parts[k].rest, parts[i].rest) == 0)
            return false;
    return parts[i].use != USE_NONE;
}

/* Plain names go before those with something around them, of which there must be one pair alone, and these
 * before those that have different numbers behind them, as contests number their test images. */
static sned_status choose(struct splits *splits, const struct part *parts, size_t count, const char *place,
                          sned_error *error)
{
    struct splits found;

    for (int plain = 1; plain >= 0 && !splits_found(splits); plain--) {
        for (size_t i = 0; i < count; i++) {
            if (plain != !*parts[i].rest || !is_first_of_its_kind(parts, i))
                continue;
            SNED_TRY(find_alike(&found, parts + i, count - i, false, place, error));
            if (!splits_found(&found))
                continue;
            if (splits_found(splits))
                return sned_fail(error, SNED_ERROR_DATA,
                                 "%s: holds more than one set (%s, %s): name the folder of one split", place,
                                 splits->train ? splits->train : splits->test,
                                 found.train ? found.train : found.test);
            *splits = found;
        }
    }
    for (size_t i = 0; i < count && !splits_found(splits); i++)
        if (parts[i].use != USE_NONE && is_number(parts[i].rest))
            SNED_TRY(find_alike(splits, parts + i, count - i, true, place, error));
    if (!splits_found(splits))
        *splits = (struct splits){0};
    return SNED_OK;
}

sned_status splits_find(struct splits *splits, const struct name_list *names, const char *place,
                        sned_error *error)
{
    sned_status status;
    struct part *parts = NULL;

    *splits = (struct splits){0};
    SNED_TRY_DONE(sned_alloc(&parts, names->count, sizeof *parts, error));
    for (size_t i = 0; i < names->count; i++)
        SNED_TRY_DONE(take_apart(&parts[i], names->names[i], error));
    status = choose(splits, parts, names->count, place, error);
done:
    for (size_t i = 0; parts && i < names->count; i++)
        free(parts[i].rest);
    free(parts);
    return status;
}

sned_status splits_report_lone(const struct name_list *folders, const char *place,
                               const struct reporter *reporter, sned_error *error)
{
    sned_status status = SNED_OK;
    struct part part;

    for (size_t i = 0; i < folders->count && status == SNED_OK; i++) {
        status = take_apart(&part, folders->names[i], error);
        if (status == SNED_OK && part.use != USE_NONE && is_number(part.rest))
            sned_report(reporter,
                        "%s: %s is taken for a class like the folders beside it, none of which is the "
                        "split that would go with it",
                        place, folders->names[i]);
        free(part.rest);
    }
    return status;
}

sned_status splits_choose(const char **name, const struct splits *splits, enum split split,
                          bool test_has_labels, const char *place, const struct reporter *reporter,
                          sned_error *error)
{
    bool is_test = splits->test && (test_has_labels || !splits->validation);

    *name = split == SPLIT_TRAIN ? splits->train : is_test ? splits->test : splits->validation;
    if (!*name) /* of the three there are two, so that something to test on is there */
        return sned_fail(error, SNED_ERROR_DATA, "%s: holds %s and %s, but no images to train on (train)",
                         place, splits->test, splits->validation);
    if (split == SPLIT_TEST && splits->test && splits->validation)
        sned_report(reporter, "%s: tested on %s%s; %s is left out", place, *name,
                    is_test ? "" : ", as there are no labels in the other",
                    is_test ? splits->validation : splits->test);
    return SNED_OK;
}
