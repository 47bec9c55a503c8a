/*
 * labels.c - line by line through a text, naming the line that is wrong.
 */
#include "io/data/labels.h"
#include "base/memory.h"
#include "io/files/folder.h"
#include "io/files/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_SHOWN = 60 };

/* A number of digits alone, at most LABEL_MAX; -1 for anything else. */
static int32_t parse_number(const char *digits, size_t length)
{
    int32_t value = 0;

    if (length == 0 || length > 7)
        return -1;
    for (size_t i = 0; i < length; i++) {
        if (!isdigit((unsigned char)digits[i]))
            return -1;
        value = value * 10 + (digits[i] - '0');
    }
    return value < LABEL_MAX ? value : -1;
}

static sned_status parse_label_line(struct label_entry *entry, char *line, uint32_t number, const char *path,
                                    sned_error *error)
{
    char *last = line + strlen(line);

    while (last > line && !isspace((unsigned char)last[-1]))
        last--;
    entry->label = parse_number(last, strlen(last));
    entry->line = number;
    if (last == line || entry->label < 0)
        return sned_fail(error, SNED_ERROR_DATA,
                         "%s:%u: \"%.*s\" is not \"NAME LABEL\" with a label from 0 to %d", path, number,
                         LINE_MAX_SHOWN, line, LABEL_MAX - 1);
    while (last > line && isspace((unsigned char)last[-1]))
        last--;
    *last = 0;
    while (strncmp(line, "./", 2) == 0)
        line += 2;
    entry->name = line;
    return SNED_OK;
}

static int compare_by_name(const void *a, const void *b)
{
    const struct label_entry *left = *(struct label_entry *const *)a,
                             *right = *(struct label_entry *const *)b;
    int order = strcmp(left->name, right->name);

    return order ? order : (left->line > right->line) - (left->line < right->line);
}

static sned_status refuse_doubles(const struct label_list *list, const char *path, sned_error *error)
{
    sned_status status;
    struct label_entry **sorted = NULL;

    SNED_TRY_DONE(sned_alloc(&sorted, list->count, sizeof *sorted, error));
    for (size_t i = 0; i < list->count; i++)
        sorted[i] = &list->entries[i];
    if (list->count)
        qsort(sorted, list->count, sizeof *sorted, compare_by_name);
    for (size_t i = 1; i < list->count && status == SNED_OK; i++)
        if (strcmp(sorted[i - 1]->name, sorted[i]->name) == 0)
            status = sned_fail(error, SNED_ERROR_DATA, "%s:%u: \"%s\" has a label already, from line %u",
                               path, sorted[i]->line, sorted[i]->name, sorted[i - 1]->line);
done:
    free(sorted);
    return status;
}

sned_status labels_read(struct label_list *list, const char *path, sned_error *error)
{
    sned_status status;
    size_t capacity = 0;
    uint32_t number = 0;
    char *cursor, *line;

    *list = (struct label_list){0};
    SNED_TRY_DONE(text_read(&list->text, path, error));
    cursor = list->text;
    while ((line = text_next_line(&cursor))) {
        number++;
        if (!*line)
            continue;
        if (list->count == capacity) {
            capacity = capacity ? capacity * 2 : 1024;
            SNED_TRY_DONE(sned_resize(&list->entries, capacity, sizeof *list->entries, error));
        }
        SNED_TRY_DONE(parse_label_line(&list->entries[list->count], line, number, path, error));
        list->count++;
    }
    if (list->count == 0)
        status = sned_fail(error, SNED_ERROR_DATA, "%s: no labels in it; a line is \"NAME LABEL\"", path);
    else
        status = refuse_doubles(list, path, error);
done:
    if (status != SNED_OK)
        labels_free(list);
    return status;
}

void labels_free(struct label_list *list)
{
    free(list->entries);
    free(list->text);
    *list = (struct label_list){0};
}

static const char *const blanks = " \t";

/* The line without its own number `number`, from 0, at the head. */
static const char *without_number(const char *line, int number)
{
    size_t word = strcspn(line, blanks);

    if (line[word] && parse_number(line, word) == number)
        line += word + strspn(line + word, blanks);
    return line;
}

bool is_wordnet_number(const char *word, size_t length)
{
    return length == 9 && word[0] == 'n' && strspn(word + 1, "0123456789") == 8;
}

/* ... and without a WordNet number. */
static const char *class_name(const char *line, int number)
{
    line = without_number(line, number);
    size_t word = strcspn(line, blanks);
    if (line[word] && is_wordnet_number(line, word))
        line += word + strspn(line + word, blanks);
    return line;
}

static sned_status read_names(char ***names, int *count, const char *path, bool keys, sned_error *error)
{
    sned_status status;
    struct name_list list = {0};
    char *text = NULL, *cursor, *line;

    *names = NULL;
    *count = 0;
    SNED_TRY_DONE(text_read(&text, path, error));
    cursor = text;
    while ((line = text_next_line(&cursor)) && list.count < LABEL_MAX) {
        SNED_TRY_DONE(text_check_name(line, path, list.count + 1, error));
        const char *name = keys ? without_number(line, (int)list.count) : class_name(line, (int)list.count);
        SNED_TRY_DONE(name_list_add(&list, name, error));
        if (keys)
            list.names[list.count - 1][strcspn(name, blanks)] = 0;
    }
    while (list.count && !*list.names[list.count - 1]) /* empty lines at the end are no classes */
        free(list.names[--list.count]);
    *names = list.names;
    *count = (int)list.count;
    list = (struct name_list){0};
done:
    free(text);
    name_list_free(&list);
    return status;
}

sned_status class_names_read(char ***names, int *count, const char *path, sned_error *error)
{
    return read_names(names, count, path, false, error);
}

sned_status class_keys_read(char ***names, int *count, const char *path, sned_error *error)
{
    return read_names(names, count, path, true, error);
}

void class_names_free(char **names, int count)
{
    for (int i = 0; names && i < count; i++)
        free(names[i]);
    free(names);
}
