/*
 * listing.h - the paths below one place, and a walk down into them: the same for a folder and for a tar.
 *
 * Paths are sorted as bytes, so that those below one folder lie together; a folder's own path ends in '/'.
 */
#ifndef SNED_IO_SOURCES_LISTING_H
#define SNED_IO_SOURCES_LISTING_H

#include "io/files/folder.h"

/* A part of a listing: what lies in one folder. Every path begins with the same `skip` letters, its way. */
struct listing {
    const char *const *paths; /* [count], borrowed */
    size_t count, skip;
};

bool path_is_other_picture(const char *path); /* by its ending, of a kind that is not read: .webp, .bmp ... */

/* Length of the first folder's name in a relative path; 0: it lies in none. */
size_t path_first_folder(const char *path);

/* The folders right in the listing, without '/', in the order of their names as bytes. */
sned_status listing_folders(struct name_list *folders, const struct listing *listing, sned_error *error);
/* What lies in `folder`, one of them. */
struct listing listing_below(const struct listing *listing, const char *folder);

/*
 * A folder around everything ("set/cat/1.jpg", as tars and downloads have it): where all pictures lie in
 * folders of one folder, the listing becomes what lies in that. False: there is none.
 */
bool listing_enter(struct listing *listing);

#endif
