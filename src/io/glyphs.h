/*
 * glyphs.h - a character data set drawn from the system's fonts, as IDX files with MNIST's names.
 */
#ifndef SNED_IO_GLYPHS_H
#define SNED_IO_GLYPHS_H

#include "base/error.h"
#include "base/report.h"

struct glyph_options {
    size_t train, test; /* images in each split */
    uint64_t seed;
    const char *characters;  /* one class each; NULL: the ten digits */
    const char *font_folder; /* NULL: /usr/share/fonts */
    int threads;
};
/* 28 x 28 grey images: a random face, a random affine distortion, blur and noise. Deterministic for a seed
 * and a set of fonts. The test split uses its own random stream. Writes four IDX files into `folder`, made if
 * absent. */
sned_status glyphs_write(const char *folder, const struct glyph_options *options,
                         const struct reporter *reporter, sned_error *error);

#endif
