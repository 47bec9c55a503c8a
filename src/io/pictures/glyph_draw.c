/*
 * glyph_draw.c - from an outline to pixels: bend, affine map, stroke width, raster, blur, contrast, noise.
 *
 * Like MNIST's, a character fills about 20 x 20 of the 28 x 28 pixels and stands about in the middle. The
 * ranges below make a task on which LeNet-5 errs on about one image in a hundred or fewer: hard enough to
 * tell networks apart, easy enough to be learnt in a minute.
 */
#include "io/pictures/glyph_draw.h"
#include "base/memory.h"

#include <math.h>
#include <string.h>

static const float box_pixels = 20;  /* the longer side of an undistorted character */
static const float rotation = 0.35f; /* radians, each way */
static const float shear = 0.40f;    /* x moves by so much of y, each way */
static const float size_low = 0.6f, size_high = 1.15f;
static const float aspect = 0.3f;              /* x is scaled by 1 +- this, y by its inverse */
static const float move = 3;                   /* pixels, each way */
static const float bend = 0.12f;               /* of half the box: waves that move points sideways */
static const float thin = -0.4f, thick = 1.1f; /* pixels added to the stroke at the usual size */
static const float blur_most = 0.40f; /* the part of a pixel that goes to its neighbours, on each axis */
static const float ink_low = 0.55f;   /* of full white */
static const float noise_most = 40;   /* standard deviation, of 255 */

static float between(struct random *random, float low, float high)
{
    return low + (high - low) * sned_random_uniform(random);
}

sned_status glyph_pen_open(struct glyph_pen *pen, const struct glyph_faces *faces, sned_error *error)
{
    *pen = (struct glyph_pen){0};
    if (FT_Init_FreeType(&pen->library) != 0) {
        pen->library = NULL;
        return sned_fail(error, SNED_ERROR_MEMORY, "FreeType cannot be started: out of memory");
    }
    if (FT_Outline_New(pen->library, (FT_UInt)faces->max_points, faces->max_contours, &pen->outline) != 0) {
        pen->outline = (FT_Outline){0};
        glyph_pen_close(pen);
        return sned_fail(error, SNED_ERROR_MEMORY, "out of memory for an outline of %d points",
                         faces->max_points);
    }
    return SNED_OK;
}

void glyph_pen_close(struct glyph_pen *pen)
{
    if (pen->outline.points)
        FT_Outline_Done(pen->library, &pen->outline);
    if (pen->library)
        FT_Done_FreeType(pen->library);
    *pen = (struct glyph_pen){0};
}

/* The glyph's points bent, mapped and put into the picture, in 1/64 pixel. Returns its size, 1 for
 * the usual one. */
static float distort(const FT_Outline *glyph, struct random *random, FT_Outline *out)
{
    const float pi = 3.14159265f;
    float angle = between(random, -rotation, rotation), slant = between(random, -shear, shear);
    float stretch = 1 + between(random, -aspect, aspect);
    float size = between(random, size_low, size_high) * box_pixels / 2;
    float center_x = GLYPH_SIDE / 2.f + between(random, -move, move);
    float center_y = GLYPH_SIDE / 2.f + between(random, -move, move);
    float bend_x = between(random, -bend, bend), bend_y = between(random, -bend, bend);
    float phase_x = between(random, 0, 2 * pi), phase_y = between(random, 0, 2 * pi);
    float cosine = cosf(angle), sine = sinf(angle);

    for (int i = 0; i < glyph->n_points; i++) {
        float u = (float)glyph->points[i].x / OUTLINE_UNIT, v = (float)glyph->points[i].y / OUTLINE_UNIT;
        float bent_u = u + bend_x * sinf(pi * v + phase_x), bent_v = v + bend_y * sinf(pi * u + phase_y);
        float x = (bent_u + slant * bent_v) * stretch, y = bent_v / stretch;
        out->points[i].x = lrintf(64 * (center_x + size * (cosine * x - sine * y)));
        out->points[i].y = lrintf(64 * (center_y + size * (sine * x + cosine * y)));
    }
    return size / (box_pixels / 2);
}

/* [1 - 2b, b] on each axis, b = strength / 2: rows, then columns. What leaves the picture is lost. */
static void blur(uint8_t *pixels, float strength)
{
    int side = lrintf(128 * strength), middle = 256 - 2 * side;
    uint8_t row[GLYPH_PIXELS];

    for (int i = 0; i < GLYPH_PIXELS; i++) {
        int x = i % GLYPH_SIDE;
        int left = x > 0 ? pixels[i - 1] : 0, right = x < GLYPH_SIDE - 1 ? pixels[i + 1] : 0;
        row[i] = (uint8_t)((middle * pixels[i] + side * (left + right) + 128) >> 8);
    }
    for (int i = 0; i < GLYPH_PIXELS; i++) {
        int above = i >= GLYPH_SIDE ? row[i - GLYPH_SIDE] : 0;
        int below = i < GLYPH_PIXELS - GLYPH_SIDE ? row[i + GLYPH_SIDE] : 0;
        pixels[i] = (uint8_t)((middle * row[i] + side * (above + below) + 128) >> 8);
    }
}

/* Four bytes added up are near enough to a normal distribution: mean 510, standard deviation 147.8. */
static void add_noise(uint8_t *pixels, float ink, float deviation, struct random *random)
{
    int gain = (int)lrintf(256 * ink), scale = (int)lrintf(65536 * deviation / 147.8f);
    uint64_t bits = 0;

    for (int i = 0; i < GLYPH_PIXELS; i++) {
        bits = i % 2 ? bits >> 32 : sned_random_next(random);
        int sum =
            (int)(bits & 255) + (int)(bits >> 8 & 255) + (int)(bits >> 16 & 255) + (int)(bits >> 24 & 255);
        int value = (pixels[i] * gain + 128) / 256 + (sum - 510) * scale / 65536;
        pixels[i] = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
    }
}

sned_status glyph_draw(struct glyph_pen *pen, const FT_Outline *glyph, struct random *random, uint8_t *pixels,
                       sned_error *error)
{
    FT_Outline outline = pen->outline; /* its arrays, with this glyph's counts */
    FT_Bitmap bitmap = {.rows = GLYPH_SIDE,
                        .width = GLYPH_SIDE,
                        .pitch = GLYPH_SIDE,
                        .buffer = pixels,
                        .num_grays = 256,
                        .pixel_mode = FT_PIXEL_MODE_GRAY};

    outline.n_points = glyph->n_points;
    outline.n_contours = glyph->n_contours;
    outline.flags = glyph->flags & ~FT_OUTLINE_OWNER;
    memcpy(outline.tags, glyph->tags, (size_t)glyph->n_points * sizeof *outline.tags);
    memcpy(outline.contours, glyph->contours, (size_t)glyph->n_contours * sizeof *outline.contours);
    float size = distort(glyph, random, &outline);
    FT_Pos strength = lrintf(64 * size * between(random, thin, thick));
    FT_Outline_Embolden(&outline, strength); /* no change where the outline has no inside: still a picture */
    FT_Outline_Translate(&outline, -strength / 2, -strength / 2);
    memset(pixels, 0, GLYPH_PIXELS);
    if (FT_Outline_Get_Bitmap(pen->library, &outline, &bitmap) != 0)
        return sned_fail(error, SNED_ERROR_MEMORY,
                         "FreeType cannot draw an outline of %d points: out of memory", glyph->n_points);
    blur(pixels, between(random, 0, blur_most));
    add_noise(pixels, between(random, ink_low, 1), between(random, 0, noise_most), random);
    return SNED_OK;
}
