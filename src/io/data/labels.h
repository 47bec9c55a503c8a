/*
 * labels.h - the two texts beside a data set: which class each picture is of, and what the classes are
 * called.
 */
#ifndef SNED_IO_DATA_LABELS_H
#define SNED_IO_DATA_LABELS_H

#include "base/error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LABEL_MAX = 1 << 20 }; /* class numbers lie below it */

/* A labels text: a line is "NAME LABEL", NAME may hold blanks, empty lines mean nothing. */
struct label_entry {
    const char *name; /* in the list's own text; without a leading "./" */
    int32_t label;
    uint32_t line; /* in the file, from 1 */
};
struct label_list {
    struct label_entry *entries; /* in the file's order; no name twice */
    size_t count;
    char *text;
};
sned_status labels_read(struct label_list *list, const char *path, sned_error *error);
void labels_free(struct label_list *list);

/*
 * A class names text: line n is the name of class n. A leading "n " (the number itself) and a leading WordNet
 * number ("n01440764 ") are left out. A line that is not UTF-8 is SNED_ERROR_FORMAT. *names [*count], owned:
 * class_names_free.
 */
sned_status class_names_read(char ***names, int *count, const char *path, sned_error *error);
/* The same of a text of keys and names ("n01440764 tench, Tinca tinca"): the first words, which keys are. */
sned_status class_keys_read(char ***names, int *count, const char *path, sned_error *error);
/* "n01440764": WordNet's number of a noun, as ImageNet calls its classes. */
bool is_wordnet_number(const char *word, size_t length);
void class_names_free(char **names, int count);

#endif
