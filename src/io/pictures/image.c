/*
 * image.c - a picture's bytes to pixels in a network's shape: which format it is, decoding, resizing.
 */
#include "io/pictures/image.h"

#include "base/file.h"
#include "io/files/folder.h"
#include "io/pictures/image_decoder.h"

#include <stdlib.h>
#include <string.h>

static sned_status decode(struct picture *picture, const uint8_t *data, size_t size, struct extent input,
                          sned_error *error)
{
    static const uint8_t png[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    if (size == 0)
        return sned_fail(error, SNED_ERROR_TRUNCATED, "the picture is empty");
    if (size >= 3 && data[0] == 0xff && data[1] == 0xd8 && data[2] == 0xff)
        return picture_decode_jpeg(picture, data, size, input, error);
    if (size >= sizeof png && memcmp(data, png, sizeof png) == 0)
        return picture_decode_png(picture, data, size, error);
    return sned_fail(error, SNED_ERROR_FORMAT, "not a JPEG or PNG picture");
}

sned_status image_decode(const void *data, size_t size, const struct input_form *form, uint8_t *pixels,
                         sned_error *error)
{
    struct picture picture = {0};
    SNED_TRY(decode(&picture, data, size, picture_target(form), error));
    sned_status status =
        image_resize(picture.pixels, picture.height, picture.width, picture.channels, form, pixels, error);
    free(picture.pixels);
    return status;
}

sned_status image_read(const char *path, const struct input_form *form, uint8_t *pixels, sned_error *error)
{
    struct file_map map;
    SNED_TRY(sned_file_map(&map, path, error));
    sned_status status = image_decode(map.data, map.size, form, pixels, error);
    sned_file_unmap(&map);
    return sned_error_context(error, status, "%s", path);
}

bool image_has_name(const char *name)
{
    return text_ends_with(name, ".jpg") || text_ends_with(name, ".jpeg") || text_ends_with(name, ".png");
}
