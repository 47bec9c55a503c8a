/*
 * glyphs.h - a character data set drawn from the system's fonts, as IDX files with MNIST's names.
 */
#ifndef SNED_IO_PICTURES_GLYPHS_H
#define SNED_IO_PICTURES_GLYPHS_H

#include "base/error.h"
#include "base/report.h"

struct glyph_options {
    size_t train, test; /* images in each split, at least 1 */
    uint64_t seed;
    const char *characters;  /* UTF-8, 2 to 256, one class each; NULL: the ten digits */
    const char *font_folder; /* NULL: /usr/share/fonts */
    int threads;
};
/* 28 x 28 grey images: a random face, a random affine distortion, blur and noise. Deterministic for a seed
 * and a set of fonts, whatever the threads. The test split uses its own random stream. Writes four IDX files
 * and classes.txt, the characters' names, into `folder`, made if absent; all of them, or none. Fewer than
 * three faces with every character are SNED_ERROR_DATA, which names the packages to install. */
sned_status glyphs_write(const char *folder, const struct glyph_options *options,
                         const struct reporter *reporter, sned_error *error);

#endif
