/*
 * class_folders.c - folders looked up in sorted tables of names, as they are and then without what people
 * write either way.
 */
#include "io/sources/class_folders.h"
#include "base/memory.h"
#include "io/data/labels.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { NO_CLASS = -1, TWO_CLASSES = -2 };

/* ---- a table of names ---- */

struct named {
    char *name; /* owned */
    int32_t number;
};

struct name_table {
    struct named *rows; /* [count], sorted by name */
    size_t count;
};

/* Small letters, a blank for '_' and '-'. */
static void fold(char *name)
{
    for (; *name; name++)
        *name = *name == '_' || *name == '-' ? ' ' : (char)tolower((unsigned char)*name);
}

static int compare_rows(const void *a, const void *b)
{
    const struct named *left = a, *right = b;

    return strcmp(left->name, right->name);
}

static void table_free(struct name_table *table)
{
    for (size_t i = 0; i < table->count; i++)
        free(table->rows[i].name);
    free(table->rows);
    *table = (struct name_table){0};
}

static sned_status table_make(struct name_table *table, const struct known_classes *known, bool folded,
                              sned_error *error)
{
    sned_status status;

    *table = (struct name_table){0};
    SNED_TRY_DONE(sned_alloc(&table->rows, (size_t)known->count, sizeof *table->rows, error));
    for (; table->count < (size_t)known->count; table->count++) {
        struct named *row = &table->rows[table->count];
        row->number = (int32_t)table->count;
        SNED_TRY_DONE(sned_strdup(&row->name, known->names[row->number], error));
        if (folded)
            fold(row->name);
    }
    if (table->count)
        qsort(table->rows, table->count, sizeof *table->rows, compare_rows);
done:
    return status;
}

static int32_t table_find(const struct name_table *table, const char *name)
{
    size_t low = 0, high = table->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(table->rows[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == table->count || strcmp(table->rows[low].name, name) != 0)
        return NO_CLASS;
    if (low + 1 < table->count && strcmp(table->rows[low + 1].name, name) == 0)
        return TWO_CLASSES;
    return table->rows[low].number;
}

/* ---- matching ---- */

/* Looks all folders up; *failed is the first that is no class, or two (numbers says which), or count. */
static sned_status look_up(int32_t *numbers, const struct name_list *folders,
                           const struct known_classes *known, bool folded, size_t *failed, sned_error *error)
{
    sned_status status;
    struct name_table table;
    char *name = NULL;

    *failed = folders->count;
    SNED_TRY_DONE(table_make(&table, known, folded, error));
    for (size_t i = 0; i < folders->count; i++) {
        SNED_TRY_DONE(sned_strdup(&name, folders->names[i], error));
        if (folded)
            fold(name);
        numbers[i] = table_find(&table, name);
        if (numbers[i] < 0 && *failed == folders->count)
            *failed = i;
        free(name);
        name = NULL;
    }
done:
    free(name);
    table_free(&table);
    return status;
}

/* Two folders that fold to one name are two classes to their owner. */
static bool has_doubles(const int32_t *numbers, size_t count, bool *seen)
{
    for (size_t i = 0; i < count; i++) {
        if (seen[numbers[i]])
            return true;
        seen[numbers[i]] = true;
    }
    return false;
}

/* *matched: folding the names lets each folder be a class of its own. */
static sned_status match_folded(int32_t *numbers, const struct name_list *folders,
                                const struct known_classes *known, bool *matched, sned_error *error)
{
    bool *seen = NULL;
    size_t failed;

    *matched = false;
    SNED_TRY(look_up(numbers, folders, known, true, &failed, error));
    if (failed < folders->count)
        return SNED_OK;
    SNED_TRY(sned_alloc(&seen, (size_t)known->count, sizeof *seen, error));
    *matched = !has_doubles(numbers, folders->count, seen);
    free(seen);
    return SNED_OK;
}

static bool are_wordnet_numbers(const struct name_list *folders)
{
    for (size_t i = 0; i < folders->count; i++)
        if (!is_wordnet_number(folders->names[i], strlen(folders->names[i])))
            return false;
    return folders->count > 0;
}

static sned_status refuse(const char *folder, int32_t number, const struct known_classes *known,
                          const char *place, sned_error *error)
{
    if (number == TWO_CLASSES)
        return sned_fail(error, SNED_ERROR_DATA, "%s: two of %s are called as the class folder %s", place,
                         known->whose, folder);
    return sned_fail(error, SNED_ERROR_DATA, "%s: the class folder %s is none of %s (%s%s%s%s)%s", place,
                     folder, known->whose, known->count > 0 ? known->names[0] : "there are none",
                     known->count > 1 ? ", " : "", known->count > 1 ? known->names[1] : "",
                     known->count > 2 ? ", ..." : "", known->advice);
}

sned_status class_folders_match(int32_t *numbers, const struct name_list *folders,
                                const struct known_classes *known, const char *place,
                                const struct reporter *reporter, sned_error *error)
{
    size_t failed;
    bool matched;

    SNED_TRY(look_up(numbers, folders, known, false, &failed, error));
    if (failed == folders->count)
        return SNED_OK;
    int32_t number = numbers[failed];
    SNED_TRY(match_folded(numbers, folders, known, &matched, error));
    if (matched) {
        sned_report(reporter,
                    "%s: class folders are those of %s but for letters' case, blanks, '_' and '-' (%s)",
                    place, known->whose, folders->names[failed]);
        return SNED_OK;
    }
    if (folders->count != (size_t)known->count || !are_wordnet_numbers(folders))
        return refuse(folders->names[failed], number, known, place, error);
    for (size_t i = 0; i < folders->count; i++)
        numbers[i] = (int32_t)i;
    sned_report(
        reporter,
        "%s: class folders have WordNet's numbers for names; they are taken as %s in their order: %s is "
        "%s",
        place, known->whose, folders->names[0], known->names[0]);
    return SNED_OK;
}

/* ---- names in a text ---- */

/* The names of "NAME NUMBER" lines by their numbers; none where these are not each of 0 to n - 1 once. */
static sned_status read_numbered(char ***names, int *count, const char *path, sned_error *error)
{
    struct label_list labels;
    char **found = NULL;
    bool complete = true;
    sned_status status = SNED_OK;

    if (labels_read(&labels, path, &(sned_error){0}) != SNED_OK)
        return SNED_OK; /* other lines */
    SNED_TRY_DONE(sned_alloc(&found, labels.count, sizeof *found, error));
    for (size_t i = 0; i < labels.count; i++) {
        const struct label_entry *entry = &labels.entries[i];
        bool fits = (size_t)entry->label < labels.count && !found[entry->label];
        complete &= fits;
        if (fits)
            SNED_TRY_DONE(sned_strdup(&found[entry->label], entry->name, error));
    }
    if (complete) {
        *names = found;
        *count = (int)labels.count;
        found = NULL;
    }
done:
    class_names_free(found, (int)labels.count);
    labels_free(&labels);
    return status;
}

/* How many of the folders are among the names; *missing is one that is not, or NULL. */
static sned_status count_matches(size_t *matches, const char **missing, char *const *names, int count,
                                 const struct name_list *folders, sned_error *error)
{
    const struct known_classes known = {.names = (const char *const *)names, .count = count};
    int32_t *numbers = NULL;
    size_t failed;
    sned_status status;

    *matches = 0;
    *missing = NULL;
    SNED_TRY_DONE(sned_alloc(&numbers, folders->count, sizeof *numbers, error));
    SNED_TRY_DONE(look_up(numbers, folders, &known, false, &failed, error));
    for (size_t i = 0; i < folders->count; i++)
        *matches += numbers[i] >= 0;
    if (failed < folders->count)
        *missing = folders->names[failed];
done:
    free(numbers);
    return status;
}

static void report_names(const char *path, const struct name_list *names, const struct name_list *folders,
                         const struct reporter *reporter)
{
    bool is_own = names->count == folders->count;

    for (size_t i = 0; i < folders->count && is_own; i++)
        is_own = strcmp(names->names[i], folders->names[i]) == 0;
    if (!is_own)
        sned_report(reporter, "%s: gives the order of the classes, %zu, of which %zu have a folder", path,
                    names->count, folders->count);
}

sned_status class_folders_read_names(struct name_list *names, bool *found, const char *path,
                                     const struct name_list *folders, const struct reporter *reporter,
                                     sned_error *error)
{
    sned_status (*const readers[])(char ***, int *, const char *, sned_error *) = {
        class_names_read, are_wordnet_numbers(folders) ? class_keys_read : read_numbered};
    sned_status status = SNED_OK;
    const char *missing = NULL, *lacking = NULL;
    char **read = NULL;
    int count = 0;
    size_t matches;

    *found = false;
    for (size_t i = 0; i < sizeof readers / sizeof *readers && !*found; i++) {
        class_names_free(read, count);
        read = NULL;
        count = 0;
        SNED_TRY_DONE(readers[i](&read, &count, path, error));
        SNED_TRY_DONE(count_matches(&matches, &missing, read, count, folders, error));
        *found = matches == folders->count && matches > 0;
        if (matches > 0 && !lacking)
            lacking = missing;
    }
    if (*found) {
        *names = (struct name_list){.names = read, .count = (size_t)count, .capacity = (size_t)count};
        read = NULL;
        report_names(path, names, folders, reporter);
    } else if (lacking) {
        status =
            sned_fail(error, SNED_ERROR_DATA,
                      "%s: names other class folders, but %s not once: name each once, or take the text away",
                      path, lacking);
    } else {
        sned_report(reporter, "%s: has other names than the class folders, which keep their own order", path);
    }
done:
    class_names_free(read, count);
    return status;
}

void class_folders_report_order(const struct name_list *folders, const char *place,
                                const struct reporter *reporter)
{
    size_t fall = 0;
    long before = -1;

    for (size_t i = 0; i < folders->count; i++) {
        const char *name = folders->names[i];
        if (!*name || strlen(name) > 9 || strspn(name, "0123456789") != strlen(name))
            return;
        long value = strtol(name, NULL, 10);
        if (value < before && fall == 0)
            fall = i;
        before = value;
    }
    if (fall)
        sned_report(
            reporter,
            "%s: class folders are numbered by their names as texts, as torchvision and Keras do: %s is "
            "class %zu",
            place, folders->names[fall - 1], fall - 1);
}
