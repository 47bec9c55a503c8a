/*
 * glyph_draw.h - one distorted, blurred and noisy picture of a character.
 */
#ifndef SNED_IO_PICTURES_GLYPH_DRAW_H
#define SNED_IO_PICTURES_GLYPH_DRAW_H

#include "base/random.h"
#include "io/pictures/glyph_faces.h"

enum { GLYPH_SIDE = 28, GLYPH_PIXELS = GLYPH_SIDE * GLYPH_SIDE };

/* What one thread draws with: a rasterizer and room for a distorted outline. */
struct glyph_pen {
    FT_Library library;
    FT_Outline outline;
};
sned_status glyph_pen_open(struct glyph_pen *pen, const struct glyph_faces *faces, sned_error *error);
void glyph_pen_close(struct glyph_pen *pen); /* {0} is fine */

/* White on black, `pixels` [28][28]; everything random comes from `random`. */
sned_status glyph_draw(struct glyph_pen *pen, const FT_Outline *glyph, struct random *random, uint8_t *pixels,
                       sned_error *error);

#endif
