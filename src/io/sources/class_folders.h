/*
 * class_folders.h - which class each class folder is.
 *
 * By themselves folders are numbered in the order of their names as bytes, whatever lies in them, as
 * torchvision and Keras do. Names that are known (the network's, those of a names text, of the training
 * split) go before that: a folder is then the class that is called as it is.
 */
#ifndef SNED_IO_SOURCES_CLASS_FOLDERS_H
#define SNED_IO_SOURCES_CLASS_FOLDERS_H

#include "base/report.h"
#include "io/files/folder.h"

#include <stdint.h>

/* Names that stand for the numbers 0 to count - 1. */
struct known_classes {
    const char *const *names;
    int count;
    const char *whose;  /* for messages: "the network's classes" */
    const char *advice; /* ends the message that a folder is none of them: "", or ": do this" */
};

/*
 * numbers [folders->count]: the class of each. A folder of which no class has the name is SNED_ERROR_DATA, as
 * is one that two have; classes that have no folder are fine. Where letters of either case, blanks, '_' and
 * '-' alone keep all from matching, they match, and a message says so. 1000 folders with WordNet's numbers
 * for names ("n01440764") beside as many classes with others are numbered in their order, as ImageNet is; a
 * message says that, too.
 */
sned_status class_folders_match(int32_t *numbers, const struct name_list *folders,
                                const struct known_classes *known, const char *place,
                                const struct reporter *reporter, sned_error *error);

/*
 * The names in a text, as class_names_read or "NAME NUMBER" a line, where they are the folders': *found. Each
 * folder must then be among them; where none is, the text is of something else. A message says where their
 * order is not the folders' own.
 */
sned_status class_folders_read_names(struct name_list *names, bool *found, const char *path,
                                     const struct name_list *folders, const struct reporter *reporter,
                                     sned_error *error);

/* Says where an order as bytes is one that a person would not expect: "10" before "2". */
void class_folders_report_order(const struct name_list *folders, const char *place,
                                const struct reporter *reporter);

#endif
