/*
 * picture.c - memory for a decoded picture, within limits.
 */
#include "io/pictures/picture.h"

#include "base/memory.h"
#include "io/pictures/resize.h"

sned_status picture_check_size(uint64_t height, uint64_t width, sned_error *error)
{
    if (height < 1 || width < 1 || height > IMAGE_MAX_SIDE || width > IMAGE_MAX_SIDE ||
        height * width > IMAGE_MAX_PIXELS)
        return sned_fail(error, SNED_ERROR_UNSUPPORTED,
                         "a picture of %llu x %llu pixels; at most %d million in all and %d a side are read",
                         (unsigned long long)width, (unsigned long long)height, IMAGE_MAX_PIXELS / 1000000,
                         IMAGE_MAX_SIDE);
    return SNED_OK;
}

sned_status picture_alloc(struct picture *picture, uint64_t height, uint64_t width, int channels,
                          sned_error *error)
{
    SNED_TRY(picture_check_size(height, width, error));
    *picture = (struct picture){NULL, (int)height, (int)width, channels};
    return sned_alloc(&picture->pixels, (size_t)(height * width), (size_t)channels, error);
}
