/*
 * picture_folders.h - the pictures in class folders, and the class of each.
 */
#ifndef SNED_IO_SOURCES_PICTURE_FOLDERS_H
#define SNED_IO_SOURCES_PICTURE_FOLDERS_H

#include "io/data/dataset_source.h"
#include "io/sources/listing.h"

struct folder_pictures {
    const char **paths;       /* [count], of the listing, in its order */
    int32_t *labels;          /* [count] */
    size_t count, ignored;    /* files taken, files in class folders that are no pictures */
    struct name_list classes; /* by number */
    bool by_text;             /* the classes are those of a text of names */
    bool by_name;             /* the numbers are the network's own: no offset goes on top */
    bool has_splits; /* there are folders to train on and to test on; the pictures are those of one */
    bool unlabelled; /* no class is known, and none was wanted */
};

/*
 * What of `listing` is wanted. `classes` (may be NULL) is the training split, opened before, whose numbers
 * the folders take; names_text (may be NULL) a text that may give the classes' order. What is left out is
 * reported. Free also after a failure.
 */
sned_status folder_pictures_find(struct folder_pictures *pictures, const char *place, struct listing listing,
                                 const char *names_text, const struct source *classes,
                                 const struct source_options *options, sned_error *error);
/* The names of the class folders that number the classes: of the training split where there is one. */
sned_status folder_pictures_classes(struct name_list *folders, const char *place, struct listing listing,
                                    sned_error *error);
void folder_pictures_free(struct folder_pictures *pictures);

#endif
