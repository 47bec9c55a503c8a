/*
 * image_png.c - PNG pictures, by libpng: any depth and kind to 8-bit grey or RGB, without its alpha.
 *
 * Transparency is dropped, not blended, and gamma is left alone, as the tools that networks are trained with
 * do. libpng reports errors by a callback that must not return: it jumps back to the setjmp below. All that
 * has to survive the jump lives in one struct. Its warnings (odd colour profiles, stray chunks) leave the
 * pixels whole.
 */
#include "base/memory.h"
#include "io/pictures/image_decoder.h"
#include "io/pictures/resize.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

struct png_decoder {
    png_structp png;
    png_infop info;
    const uint8_t *data;
    size_t size, position;
    jmp_buf back;
    char message[128];
    sned_status status;
    struct picture picture;
    png_bytep *rows;
};

static void on_error(png_structp png, png_const_charp message)
{
    struct png_decoder *decoder = png_get_error_ptr(png);
    snprintf(decoder->message, sizeof decoder->message, "%s", message);
    longjmp(decoder->back, 1);
}

static void on_warning(png_structp png, png_const_charp message)
{
    (void)png;
    (void)message;
}

static void on_read(png_structp png, png_bytep to, size_t size)
{
    struct png_decoder *decoder = png_get_io_ptr(png);
    if (size > decoder->size - decoder->position)
        png_error(png, "the file ends early");
    memcpy(to, decoder->data + decoder->position, size);
    decoder->position += size;
}

/* Asks libpng for 8 bits, grey or RGB; returns the number of channels. */
static int set_transforms(png_structp png, png_infop info)
{
    int type = png_get_color_type(png, info);
    png_set_expand(png);   /* palette to RGB, 1, 2 and 4 bits to 8, a transparent colour to alpha */
    png_set_scale_16(png); /* rounds, where strip_16 would cut */
    png_set_strip_alpha(png);
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
    return type & PNG_COLOR_MASK_COLOR ? 3 : 1;
}

/* Everything between setjmp and its return; libpng may leave it at any call. */
static sned_status decode(struct png_decoder *decoder, sned_error *error)
{
    png_structp png = decoder->png;
    struct picture *picture = &decoder->picture;
    png_set_user_limits(png, IMAGE_MAX_SIDE, IMAGE_MAX_SIDE);
    png_set_read_fn(png, decoder, on_read);
    png_read_info(png, decoder->info);
    int channels = set_transforms(png, decoder->info);
    SNED_TRY(picture_alloc(picture, png_get_image_height(png, decoder->info),
                           png_get_image_width(png, decoder->info), channels, error));
    size_t stride = (size_t)picture->width * (size_t)channels;
    if (png_get_rowbytes(png, decoder->info) != stride)
        return sned_fail(error, SNED_ERROR_UNSUPPORTED, "a PNG picture of an unknown kind");
    SNED_TRY(sned_alloc(&decoder->rows, (size_t)picture->height, sizeof *decoder->rows, error));
    for (int y = 0; y < picture->height; y++)
        decoder->rows[y] = picture->pixels + (size_t)y * stride;
    png_read_image(png, decoder->rows);
    png_read_end(png, NULL);
    return SNED_OK;
}

sned_status picture_decode_png(struct picture *picture, const void *data, size_t size, sned_error *error)
{
    struct png_decoder *decoder;
    SNED_TRY(sned_alloc(&decoder, 1, sizeof *decoder, error));
    decoder->data = data;
    decoder->size = size;
    if (setjmp(decoder->back) == 0) {
        decoder->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, decoder, on_error, on_warning);
        decoder->info = decoder->png ? png_create_info_struct(decoder->png) : NULL;
        decoder->status = decoder->info
                              ? decode(decoder, error)
                              : sned_fail(error, SNED_ERROR_MEMORY, "not enough memory for a picture");
    } else {
        decoder->status = sned_fail(error, SNED_ERROR_FORMAT, "damaged PNG: %s", decoder->message);
    }
    if (decoder->png)
        png_destroy_read_struct(&decoder->png, &decoder->info, NULL);
    sned_status status = decoder->status;
    if (status == SNED_OK)
        *picture = decoder->picture;
    else
        free(decoder->picture.pixels);
    free(decoder->rows);
    free(decoder);
    return status;
}
