/*
 * splits.h - which of the folders or tars beside each other hold the images to train on, and which those to
 * test on.
 *
 * Told by their names, in letters of either case: "train", "training"; "test", "testing"; "val", "valid",
 * "validation", "validate", "dev", "eval", "evaluation". More words may stand beside where they are the same
 * in all ("seg_train" and "seg_test") or are numbers ("train" and "test1"), and "set", "data" or "images" may
 * stand in any ("training_set").
 */
#ifndef SNED_IO_DATA_SPLITS_H
#define SNED_IO_DATA_SPLITS_H

#include "io/data/dataset.h"
#include "io/files/folder.h"

enum split_use { USE_TRAIN, USE_TEST, USE_VALIDATION, USE_NONE };

/* What `length` letters say, one of the words above: of a split that is folders, of one that is arrays. */
enum split_use split_word_use(const char *word, size_t length);

struct splits {
    const char *train, *test, *validation; /* among the names given; NULL: there is none */
};

/* All NULL where the names are of no splits: there must be two of the three. Several pairs, or two folders
 * for one use, are an error that names them and `place`. A tar's ending is no part of its name, and of a
 * folder and a tar of one name it is the folder. */
sned_status splits_find(struct splits *splits, const struct name_list *names, const char *place,
                        sned_error *error);
bool splits_found(const struct splits *splits);

/* Says which of the class folders is called as a split: it may be a set whose other half has another name. */
sned_status splits_report_lone(const struct name_list *folders, const char *place,
                               const struct reporter *reporter, sned_error *error);

/* *name is the one for `split`. To test on is "test", else the validation images; these also where "test" is
 * without labels, as contests have it. A message says where there was a choice. */
sned_status splits_choose(const char **name, const struct splits *splits, enum split split,
                          bool test_has_labels, const char *place, const struct reporter *reporter,
                          sned_error *error);

#endif
