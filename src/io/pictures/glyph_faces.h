/*
 * glyph_faces.h - the outlines of a set of characters in every font face that has them all.
 */
#ifndef SNED_IO_PICTURES_GLYPH_FACES_H
#define SNED_IO_PICTURES_GLYPH_FACES_H

#include "base/error.h"
#include <stdbool.h>

#include <ft2build.h>
#include FT_FREETYPE_H
#include FT_OUTLINE_H

enum {
    GLYPH_MIN_FACES = 3,
    GLYPH_MAX_FACES = 128,   /* the first of them, by path */
    GLYPH_MAX_CLASSES = 256, /* IDX labels are bytes */
};

/* One character of one face: FreeType's outline, its points moved and scaled so that the middle of its
 * bounding box is 0, 0 and the longer side of the box is from -OUTLINE_UNIT to OUTLINE_UNIT; y points up. */
enum { OUTLINE_UNIT = 1 << 14 };
struct glyph_faces {
    FT_Library library;
    int classes, faces;
    uint32_t code[GLYPH_MAX_CLASSES]; /* [classes], Unicode */
    FT_Outline *outlines;             /* [faces][classes] */
    int max_points, max_contours;     /* of one outline */
};

/* `characters` is UTF-8, at least two different printable characters; `folder` is searched for
 * .ttf, .otf, .pfb. */
sned_status glyph_faces_open(struct glyph_faces *faces, const char *characters, const char *folder,
                             sned_error *error);
void glyph_faces_close(struct glyph_faces *faces); /* {0} is fine */

#endif
