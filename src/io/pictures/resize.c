/*
 * resize.c - a separable resampler in fixed point: columns first, then rows, then the order of the channels.
 *
 * Each axis is described by one window of weights for each output position (struct axis), whichever rule made
 * it: a plain crop is a window of one pixel. Only positions inside the centre crop are computed, so that an
 * extreme shape (1 x 65535) costs no more than any other.
 */
#include "io/pictures/resize.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

enum {
    WEIGHT_BITS = 14, /* a window's weights sum to exactly 2^14 */
    EXTRA_BITS = 6,   /* kept between the two passes: 8 + 6 bits fit int16_t */
};

/* For each of `count` output positions: its first input position, and `taps` weights (trailing ones
 * may be 0). */
struct axis {
    int count, taps;
    int *first;      /* [count] */
    int16_t *weight; /* [count][taps] */
};

static void axis_free(struct axis *axis)
{
    free(axis->first);
    free(axis->weight);
}

static sned_status axis_alloc(struct axis *axis, int count, int taps, sned_error *error)
{
    axis->count = count;
    axis->taps = taps;
    SNED_TRY(sned_alloc(&axis->first, (size_t)count, sizeof *axis->first, error));
    return sned_alloc(&axis->weight, (size_t)count * (size_t)taps, sizeof *axis->weight, error);
}

/* Real weights to integers whose sum is exactly 2^WEIGHT_BITS: the rounding's rest goes to the largest. */
static void quantize_weights(int16_t *weight, const double *real, int taps)
{
    double sum = 0;
    int rest = 1 << WEIGHT_BITS, largest = 0;

    for (int i = 0; i < taps; i++)
        sum += real[i];
    for (int i = 0; i < taps; i++) {
        weight[i] = (int16_t)(real[i] / sum * (1 << WEIGHT_BITS) + 0.5);
        rest -= weight[i];
        if (weight[i] > weight[largest])
            largest = i;
    }
    weight[largest] = (int16_t)(weight[largest] + rest);
}

/* Bilinear with half-pixel centres; the edge is repeated. */
static void bilinear_window(struct axis *axis, int index, double center, int in)
{
    double position = center - 0.5;
    int first = position < 0 ? 0 : (int)position;
    double fraction = position < 0 ? 0 : position - first;

    if (first >= in - 1) {
        first = in > 1 ? in - 2 : 0;
        fraction = in > 1 ? 1 : 0;
    }
    axis->first[index] = first;
    quantize_weights(axis->weight + (size_t)index * (size_t)axis->taps, (double[]){1 - fraction, fraction},
                     axis->taps);
}

/* The mean of the input interval [begin, end), pixels at its ends by the part that lies inside. */
static void area_window(struct axis *axis, int index, double begin, double end, int in, double *real)
{
    int first = (int)begin;

    if (first > in - axis->taps)
        first = in - axis->taps;
    for (int i = 0; i < axis->taps; i++) {
        double low = first + i > begin ? first + i : begin;
        double high = first + i + 1 < end ? first + i + 1 : end;
        real[i] = high > low ? high - low : 0;
    }
    axis->first[index] = first;
    quantize_weights(axis->weight + (size_t)index * (size_t)axis->taps, real, axis->taps);
}

/* One axis of `in` pixels scaled to `scaled` pixels, of which the middle `out` are wanted. */
static sned_status axis_make(struct axis *axis, int in, int64_t scaled, int out, sned_error *error)
{
    sned_status status;
    double *real = NULL, ratio = (double)in / (double)scaled;
    int64_t offset = (scaled - out) / 2;
    bool grows = scaled >= in;
    int taps = grows ? 2 : (int)ratio + 2;

    if (scaled == in)
        taps = 1;
    if (taps > in)
        taps = in;
    SNED_TRY_DONE(axis_alloc(axis, out, taps, error));
    SNED_TRY_DONE(sned_alloc(&real, (size_t)taps, sizeof *real, error));
    for (int i = 0; i < out; i++) {
        if (scaled == in) {
            axis->first[i] = (int)(i + offset);
            axis->weight[i] = 1 << WEIGHT_BITS;
        } else if (grows) {
            bilinear_window(axis, i, ((double)(i + offset) + 0.5) * ratio, in);
        } else {
            double begin = (double)(i + offset) * ratio;
            area_window(axis, i, begin, begin + ratio < in ? begin + ratio : in, in, real);
        }
    }
done:
    free(real);
    return status;
}

/* Rows of the picture that the vertical windows touch, each resampled to [W][channels] with EXTRA_BITS.
 * `channels` is a constant wherever this is inlined. */
static inline void resample_pixels(const uint8_t *row, const struct axis *axis, const int channels,
                                   int16_t *out)
{
    for (int x = 0; x < axis->count; x++, out += channels) {
        const uint8_t *pixel = row + (size_t)axis->first[x] * (size_t)channels;
        const int16_t *weight = axis->weight + (size_t)x * (size_t)axis->taps;
        int32_t sum[3];
        for (int c = 0; c < channels; c++)
            sum[c] = 1 << (WEIGHT_BITS - EXTRA_BITS - 1);
        for (int i = 0; i < axis->taps; i++, pixel += channels)
            for (int c = 0; c < channels; c++)
                sum[c] += pixel[c] * weight[i];
        for (int c = 0; c < channels; c++)
            out[c] = (int16_t)(sum[c] >> (WEIGHT_BITS - EXTRA_BITS));
    }
}

static void resample_columns(const uint8_t *row, const struct axis *axis, int channels, int16_t *out)
{
    if (channels == 1)
        resample_pixels(row, axis, 1, out);
    else
        resample_pixels(row, axis, 3, out);
}

/* Taps are taken two at a time: 16-bit products summed in pairs are what vector units do best. */
static void resample_rows(const int16_t *rows, size_t stride, const struct axis *axis, int y, int32_t *sums,
                          uint8_t *out)
{
    const int16_t *weight = axis->weight + (size_t)y * (size_t)axis->taps;

    for (size_t x = 0; x < stride; x++)
        sums[x] = 1 << (WEIGHT_BITS + EXTRA_BITS - 1);
    for (int i = 0; i < axis->taps; i += 2) {
        const bool pair = i + 1 < axis->taps;
        const int16_t *first = rows + (size_t)i * stride, *second = pair ? first + stride : first;
        const int16_t first_weight = weight[i], second_weight = pair ? weight[i + 1] : 0;
        for (size_t x = 0; x < stride; x++)
            sums[x] += first[x] * first_weight + second[x] * second_weight;
    }
    for (size_t x = 0; x < stride; x++)
        out[x] = (uint8_t)(sums[x] >> (WEIGHT_BITS + EXTRA_BITS));
}

/* One row [W][channels] into row y of the planes `out` [C][H][W]. */
static void put_row(const uint8_t *row, int channels, struct extent input, bool reverse, int y, uint8_t *out)
{
    size_t width = (size_t)input.width, plane = width * (size_t)input.height;

    out += (size_t)y * width;
    if (channels == 3 && input.channels == 3) {
        uint8_t *first = out + (reverse ? 2 * plane : 0), *second = out + plane,
                *third = out + (reverse ? 0 : 2 * plane);
        for (size_t x = 0; x < width; x++, row += 3) {
            first[x] = row[0];
            second[x] = row[1];
            third[x] = row[2];
        }
        return;
    }
    for (int c = 0; c < input.channels; c++) {
        uint8_t *to = out + plane * (size_t)c;
        const uint8_t *from = row + (channels == 1 ? 0 : reverse ? channels - 1 - c : c);
        if (channels == 3 && input.channels == 1) {
            for (size_t x = 0; x < width; x++, from += 3)
                to[x] = (uint8_t)((299u * row[3 * x] + 587u * row[3 * x + 1] + 114u * row[3 * x + 2] + 500) /
                                  1000);
        } else {
            for (size_t x = 0; x < width; x++)
                to[x] = from[x * (size_t)channels];
        }
    }
}

struct extent picture_target(const struct input_form *form)
{
    struct extent target = form->input;

    if (form->resize.kind == RESIZE_SIDE)
        target.height = target.width = form->resize.side;
    return target;
}

/* A size of pixels that a picture is scaled to: as long as a product of two sides. */
struct scaled {
    int64_t height, width;
};

/* The smallest size of the picture's proportions that covers `target`. */
static struct scaled covering_size(int64_t height, int64_t width, struct extent target)
{
    int64_t H = target.height, W = target.width;
    struct scaled scaled;

    if (W * height >= H * width) /* W / width >= H / height: the width decides */
        scaled = (struct scaled){(height * W + width / 2) / width, W};
    else
        scaled = (struct scaled){H, (width * H + height / 2) / height};
    if (scaled.height < H)
        scaled.height = H;
    if (scaled.width < W)
        scaled.width = W;
    return scaled;
}

/* Both sides are as long as the target's, or at most 15 % longer. */
static bool is_little_larger(int64_t height, int64_t width, struct extent target)
{
    return height >= target.height && width >= target.width && height * 100 <= (int64_t)target.height * 115 &&
           width * 100 <= (int64_t)target.width * 115;
}

/* The size to which the picture is scaled; its own where it is only cropped. */
static struct scaled scaled_size(int height, int width, const struct input_form *form)
{
    struct extent target = picture_target(form);

    if (form->resize.kind == RESIZE_SQUASH)
        return (struct scaled){target.height, target.width};
    if (form->resize.kind == RESIZE_AUTO && is_little_larger(height, width, target))
        return (struct scaled){height, width};
    return covering_size(height, width, target);
}

bool picture_is_kept(int height, int width, const struct input_form *form)
{
    struct scaled scaled = scaled_size(height, width, form);

    return height == form->input.height && width == form->input.width && scaled.height == height &&
           scaled.width == width;
}

static sned_status check_arguments(int height, int width, int channels, const struct input_form *form,
                                   sned_error *error)
{
    struct extent input = form->input;
    const char *color = form->color;
    bool gray = strcmp(color, "gray") == 0;
    bool rgb = strcmp(color, "RGB") == 0 || strcmp(color, "BGR") == 0;

    if (height < 1 || width < 1 || height > IMAGE_MAX_SIDE || width > IMAGE_MAX_SIDE ||
        (channels != 1 && channels != 3))
        return sned_fail(
            error, SNED_ERROR_ARGUMENT,
            "a picture of %d x %d pixels and %d channels cannot be resized: 1 to %d a side, 1 or 3 channels",
            width, height, channels, IMAGE_MAX_SIDE);
    if (input.height < 1 || input.width < 1 || input.height > IMAGE_MAX_SIDE ||
        input.width > IMAGE_MAX_SIDE || (input.channels != 1 && input.channels != 3))
        return sned_fail(error, SNED_ERROR_SHAPE,
                         "the network's input [%d][%d][%d] does not take pictures: it needs 1 or 3 channels",
                         input.channels, input.height, input.width);
    if (*color && !gray && !rgb)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "the colour order \"%s\" is none of RGB, BGR, gray",
                         color);
    if ((gray && input.channels != 1) || (rgb && input.channels != 3))
        return sned_fail(error, SNED_ERROR_SHAPE,
                         "the colour order \"%s\" does not fit an input of %d channels", color,
                         input.channels);
    return sned_resize_check(form->resize, input, error);
}

static sned_status resample(const uint8_t *in, int width, int channels, const struct axis *columns,
                            const struct axis *rows, struct extent input, bool reverse, uint8_t *out,
                            sned_error *error)
{
    sned_status status;
    size_t stride = (size_t)input.width * (size_t)channels;
    int first = rows->first[0], last = rows->first[input.height - 1] + rows->taps;
    int16_t *narrowed = NULL; /* [last - first][W][channels] */
    int32_t *sums = NULL;     /* [W][channels] */
    uint8_t *row = NULL;

    SNED_TRY_DONE(sned_alloc(&sums, stride, sizeof *sums, error));
    SNED_TRY_DONE(sned_alloc(&narrowed, (size_t)(last - first), stride * sizeof *narrowed, error));
    SNED_TRY_DONE(sned_alloc(&row, stride, 1, error));
    for (int y = first; y < last; y++)
        resample_columns(in + (size_t)y * (size_t)width * (size_t)channels, columns, channels,
                         narrowed + (size_t)(y - first) * stride);
    for (int y = 0; y < input.height; y++) {
        resample_rows(narrowed + (size_t)(rows->first[y] - first) * stride, stride, rows, y, sums, row);
        put_row(row, channels, input, reverse, y, out);
    }
done:
    free(narrowed);
    free(sums);
    free(row);
    return status;
}

sned_status image_resize(const uint8_t *in, int height, int width, int channels,
                         const struct input_form *form, uint8_t *out, sned_error *error)
{
    sned_status status;
    struct axis columns = {0}, rows = {0};
    struct extent input = form->input;
    bool reverse = strcmp(form->color, "BGR") == 0;

    SNED_TRY_DONE(check_arguments(height, width, channels, form, error));
    struct scaled scaled = scaled_size(height, width, form);
    if (scaled.height == height && scaled.width == width) { /* a copy or a crop needs no arithmetic */
        int64_t top = (height - input.height) / 2, left = (width - input.width) / 2;
        for (int y = 0; y < input.height; y++)
            put_row(in + ((size_t)(top + y) * (size_t)width + (size_t)left) * (size_t)channels, channels,
                    input, reverse, y, out);
        goto done;
    }
    SNED_TRY_DONE(axis_make(&columns, width, scaled.width, input.width, error));
    SNED_TRY_DONE(axis_make(&rows, height, scaled.height, input.height, error));
    status = resample(in, width, channels, &columns, &rows, input, reverse, out, error);
done:
    axis_free(&columns);
    axis_free(&rows);
    return status;
}
