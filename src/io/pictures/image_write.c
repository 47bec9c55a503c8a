/*
 * image_write.c - one picture to a PNG file, by libpng's simplified interface.
 */
#include "base/file.h"
#include "base/memory.h"
#include "io/pictures/image.h"

#include <stdlib.h>
#include <string.h>

#include <png.h>

/* [C][H][W] to [H][W][C]. */
static void interleave(const uint8_t *planes, size_t channels, size_t plane, uint8_t *out)
{
    for (size_t i = 0; i < plane; i++)
        for (size_t c = 0; c < channels; c++)
            out[i * channels + c] = planes[c * plane + i];
}

sned_status image_write_png(const char *path, const uint8_t *pixels, struct extent size, sned_error *error)
{
    sned_status status;
    uint8_t *interleaved = NULL;
    void *file = NULL;
    png_alloc_size_t bytes = 0;
    png_image png = {.version = PNG_IMAGE_VERSION,
                     .width = (png_uint_32)size.width,
                     .height = (png_uint_32)size.height,
                     .format = size.channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB};
    size_t plane = (size_t)size.height * (size_t)size.width;

    if (size.channels != 1 && size.channels != 3)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "%s: a picture has 1 or 3 channels, not %d", path,
                         size.channels);
    SNED_TRY_DONE(sned_alloc(&interleaved, plane, (size_t)size.channels, error));
    interleave(pixels, (size_t)size.channels, plane, interleaved);
    bytes = PNG_IMAGE_PNG_SIZE_MAX(png);
    SNED_TRY_DONE(sned_alloc(&file, bytes, 1, error));
    if (png_image_write_to_memory(&png, file, &bytes, 0, interleaved, 0, NULL))
        status = sned_file_write(path, file, bytes, error);
    else
        status = sned_fail(error, SNED_ERROR_IO, "%s: cannot be made: %s", path, png.message);
done:
    png_image_free(&png);
    free(interleaved);
    free(file);
    return status;
}
