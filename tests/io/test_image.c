/*
 * test_image.c - pictures: every kind of JPEG and PNG to a network's pixels, and every kind of damage to an
 * error.
 *
 * Pictures are made here by libjpeg and libpng's own encoders, or byte by byte.
 */
#include "io/pictures/image.h"
#include "base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jpeglib.h>
#include <png.h>

/* ---- making pictures ---- */

struct made {
    uint8_t *data;
    unsigned long size;
};

/* [height][width][channels] with a smooth pattern, so that JPEG keeps it nearly as it is. */
static uint8_t *pattern(int height, int width, int channels)
{
    uint8_t *pixels = malloc((size_t)height * (size_t)width * (size_t)channels);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            for (int c = 0; c < channels; c++)
                pixels[(y * width + x) * channels + c] =
                    (uint8_t)(255 * (c % 2 ? x : y) / (c % 2 ? width : height));
    return pixels;
}

static struct made make_jpeg(int height, int width, J_COLOR_SPACE from, bool is_progressive)
{
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    struct made made = {NULL, 0};
    int channels = from == JCS_GRAYSCALE ? 1 : from == JCS_CMYK ? 4 : 3;
    uint8_t *pixels = pattern(height, width, channels);
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, &made.data, &made.size);
    jpeg.image_height = (JDIMENSION)height;
    jpeg.image_width = (JDIMENSION)width;
    jpeg.input_components = channels;
    jpeg.in_color_space = from;
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, 95, TRUE);
    if (is_progressive)
        jpeg_simple_progression(&jpeg);
    jpeg_start_compress(&jpeg, TRUE);
    while (jpeg.next_scanline < jpeg.image_height) {
        JSAMPROW row = pixels + jpeg.next_scanline * (size_t)(width * channels);
        jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    free(pixels);
    return made;
}

static void append(png_structp png, png_bytep data, png_size_t size)
{
    sned_buffer_append(png_get_io_ptr(png), data, size, NULL);
}

static void flush(png_structp png)
{
}

/* `rows` is [height][row_bytes], as PNG packs it. A palette of two colours, blue and yellow, for palette
 * pictures. */
static struct buffer make_png(int height, int width, int depth, int type, const uint8_t *rows,
                              size_t row_bytes, bool is_interlaced)
{
    struct buffer file = {0};
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    png_set_write_fn(png, &file, append, flush);
    png_set_IHDR(png, info, (png_uint_32)width, (png_uint_32)height, depth, type,
                 is_interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    if (type == PNG_COLOR_TYPE_PALETTE)
        png_set_PLTE(png, info, (png_color[]){{10, 20, 200}, {250, 240, 30}}, 2);
    png_write_info(png, info);
    png_bytep *list = malloc((size_t)height * sizeof *list);
    for (int y = 0; y < height; y++)
        list[y] = (png_bytep)(uintptr_t)(rows + (size_t)y * row_bytes);
    png_write_image(png, list);
    png_write_end(png, NULL);
    png_destroy_write_struct(&png, &info);
    free(list);
    return file;
}

/* ---- checks ---- */

static const struct input_form small = {.input = {3, 8, 8}, .color = "RGB"};

static void decode(const void *data, size_t size, const struct input_form *form, uint8_t *pixels)
{
    sned_error error = {0};
    if (image_decode(data, size, form, pixels, &error) != SNED_OK)
        fail_msg("%s", error.message);
}

static void refuse(const void *data, size_t size, sned_status status, const char *part)
{
    uint8_t pixels[3 * 8 * 8];
    sned_error error = {0};
    assert_int_equal(image_decode(data, size, &small, pixels, &error), status);
    assert_null(strchr(error.message, '\n'));
    if (strstr(error.message, part) == NULL)
        fail_msg("'%s' is not in '%s'", part, error.message);
}

static void assert_near(int value, int expected, int tolerance)
{
    if (abs(value - expected) > tolerance)
        fail_msg("%d instead of %d", value, expected);
}

/* ---- kinds of pictures ---- */

static void jpeg_gives_planes_in_the_order_asked_for(void **state)
{
    struct made jpeg = make_jpeg(16, 16, JCS_RGB, false);
    uint8_t rgb[3][16][16], bgr[3][16][16], *pixels = pattern(16, 16, 3);
    decode(jpeg.data, jpeg.size, &(struct input_form){.input = {3, 16, 16}, .color = "RGB"}, rgb[0][0]);
    decode(jpeg.data, jpeg.size, &(struct input_form){.input = {3, 16, 16}, .color = "BGR"}, bgr[0][0]);
    assert_memory_equal(rgb[0], bgr[2], sizeof rgb[0]);
    assert_memory_equal(rgb[2], bgr[0], sizeof rgb[0]);
    for (int y = 0; y < 16; y++)
        for (int x = 0; x < 16; x++)
            for (int c = 0; c < 3; c++)
                assert_near(rgb[c][y][x], pixels[(y * 16 + x) * 3 + c], 12);
    free(pixels);
    free(jpeg.data);
}

static void progressive_jpeg_is_the_same_picture(void **state)
{
    struct made plain = make_jpeg(24, 20, JCS_RGB, false), progressive = make_jpeg(24, 20, JCS_RGB, true);
    uint8_t a[3 * 24 * 20], b[3 * 24 * 20];
    decode(plain.data, plain.size, &(struct input_form){.input = {3, 24, 20}, .color = "RGB"}, a);
    decode(progressive.data, progressive.size, &(struct input_form){.input = {3, 24, 20}, .color = "RGB"}, b);
    assert_memory_equal(a, b, sizeof a);
    free(plain.data);
    free(progressive.data);
}

static void grey_jpeg_fills_three_channels_and_one(void **state)
{
    struct made jpeg = make_jpeg(8, 8, JCS_GRAYSCALE, false);
    uint8_t rgb[3][64], gray[64];
    decode(jpeg.data, jpeg.size, &small, rgb[0]);
    decode(jpeg.data, jpeg.size, &(struct input_form){.input = {1, 8, 8}, .color = "gray"}, gray);
    assert_memory_equal(rgb[0], gray, 64);
    assert_memory_equal(rgb[2], gray, 64);
    assert_near(gray[0], 0, 6);
    assert_near(gray[63], 223, 6);
    free(jpeg.data);
}

static void cmyk_jpeg_is_converted(void **state)
{
    /* libjpeg writes the Adobe marker: inverted ink. C and M of the pattern run with y and x, and so do Y and
     * K. */
    struct made jpeg = make_jpeg(16, 16, JCS_CMYK, false);
    uint8_t rgb[3][16][16], *ink = pattern(16, 16, 4);
    decode(jpeg.data, jpeg.size, &(struct input_form){.input = {3, 16, 16}, .color = "RGB"}, rgb[0][0]);
    for (int c = 0; c < 3; c++)
        assert_near(rgb[c][9][12], ink[(9 * 16 + 12) * 4 + c] * ink[(9 * 16 + 12) * 4 + 3] / 255, 8);
    free(ink);
    free(jpeg.data);
}

static void a_much_larger_jpeg_is_scaled_down(void **state)
{
    struct made jpeg = make_jpeg(512, 256, JCS_RGB, false);
    uint8_t rgb[3][8][8];
    decode(jpeg.data, jpeg.size, &small, rgb[0][0]);
    /* 512 x 256 to 16 x 8, rows 4 to 11 of the 16: red runs from 4.5 / 16 of its range on. */
    for (int y = 0; y < 8; y++)
        assert_near(rgb[0][y][4], 255 * (2 * (y + 4) + 1) / 32, 4);
    for (int x = 0; x < 8; x++)
        assert_near(rgb[1][3][x], 255 * (2 * x + 1) / 16, 4);
    free(jpeg.data);
}

static void png_of_every_depth_becomes_8_bits(void **state)
{
    /* One row of two pixels, black and white, in each depth of grey. */
    static const uint8_t rows[5][4] = {{0x40}, {0x30}, {0x0f}, {0, 255}, {0, 0, 255, 255}};
    static const int depths[5] = {1, 2, 4, 8, 16};
    for (int i = 0; i < 5; i++) {
        struct buffer png = make_png(1, 2, depths[i], PNG_COLOR_TYPE_GRAY, rows[i], 4, false);
        uint8_t gray[2];
        decode(png.data, png.size, &(struct input_form){.input = {1, 1, 2}, .color = "gray"}, gray);
        assert_int_equal(gray[0], 0);
        assert_int_equal(gray[1], 255);
        sned_buffer_free(&png);
    }
}

static void png_with_a_palette_becomes_rgb(void **state)
{
    static const uint8_t row[1] = {0x40}; /* colours 0 and 1 */
    struct buffer png = make_png(1, 2, 1, PNG_COLOR_TYPE_PALETTE, row, 1, false);
    uint8_t rgb[3][2];
    decode(png.data, png.size, &(struct input_form){.input = {3, 1, 2}, .color = "RGB"}, rgb[0]);
    assert_memory_equal(rgb, ((uint8_t[3][2]){{10, 250}, {20, 240}, {200, 30}}), 6);
    sned_buffer_free(&png);
}

static void png_loses_its_alpha_and_keeps_its_colour(void **state)
{
    static const uint8_t rgba[8] = {1, 2, 3, 0, 4, 5, 6, 255}, gray_alpha[4] = {7, 0, 8, 255};
    struct buffer color = make_png(1, 2, 8, PNG_COLOR_TYPE_RGB_ALPHA, rgba, 8, false);
    struct buffer gray = make_png(1, 2, 8, PNG_COLOR_TYPE_GRAY_ALPHA, gray_alpha, 4, false);
    uint8_t pixels[3][2];
    decode(color.data, color.size, &(struct input_form){.input = {3, 1, 2}, .color = "RGB"}, pixels[0]);
    assert_memory_equal(pixels, ((uint8_t[3][2]){{1, 4}, {2, 5}, {3, 6}}), 6);
    decode(gray.data, gray.size, &(struct input_form){.input = {3, 1, 2}, .color = "RGB"}, pixels[0]);
    assert_memory_equal(pixels, ((uint8_t[3][2]){{7, 8}, {7, 8}, {7, 8}}), 6);
    sned_buffer_free(&color);
    sned_buffer_free(&gray);
}

static void interlaced_png_is_the_same_picture(void **state)
{
    uint8_t *pixels = pattern(13, 11, 3), a[3 * 13 * 11], b[3 * 13 * 11];
    struct buffer plain = make_png(13, 11, 8, PNG_COLOR_TYPE_RGB, pixels, 33, false);
    struct buffer interlaced = make_png(13, 11, 8, PNG_COLOR_TYPE_RGB, pixels, 33, true);
    decode(plain.data, plain.size, &(struct input_form){.input = {3, 13, 11}, .color = "RGB"}, a);
    decode(interlaced.data, interlaced.size, &(struct input_form){.input = {3, 13, 11}, .color = "RGB"}, b);
    assert_memory_equal(a, b, sizeof a);
    for (int i = 0; i < 13 * 11; i++)
        assert_int_equal(a[2 * 143 + i], pixels[3 * i + 2]);
    free(pixels);
    sned_buffer_free(&plain);
    sned_buffer_free(&interlaced);
}

/* ---- damage ---- */

static void other_files_are_refused(void **state)
{
    refuse("", 0, SNED_ERROR_TRUNCATED, "empty");
    refuse("GIF89a", 6, SNED_ERROR_FORMAT, "not a JPEG or PNG");
    refuse("\xff\xd8", 2, SNED_ERROR_FORMAT, "not a JPEG or PNG");
    refuse("\xff\xd8\xff", 3, SNED_ERROR_FORMAT, "damaged JPEG");
    refuse("\x89PNG\r\n\x1a\n", 8, SNED_ERROR_FORMAT, "damaged PNG");
}

static void every_truncated_jpeg_is_damaged(void **state)
{
    for (int progressive = 0; progressive < 2; progressive++) {
        struct made jpeg = make_jpeg(16, 16, JCS_RGB, progressive);
        for (unsigned long size = 3; size < jpeg.size - 2; size++) {
            uint8_t *copy = malloc(size); /* so that a read past the end is seen */
            memcpy(copy, jpeg.data, size);
            refuse(copy, size, SNED_ERROR_FORMAT, "damaged JPEG");
            free(copy);
        }
        free(jpeg.data);
    }
}

static void every_truncated_png_is_damaged(void **state)
{
    uint8_t *pixels = pattern(8, 8, 3);
    struct buffer png = make_png(8, 8, 8, PNG_COLOR_TYPE_RGB, pixels, 24, false);
    for (size_t size = 8; size < png.size; size++) {
        uint8_t *copy = malloc(size);
        memcpy(copy, png.data, size);
        refuse(copy, size, SNED_ERROR_FORMAT, "damaged PNG");
        free(copy);
    }
    free(pixels);
    sned_buffer_free(&png);
}

static void no_damaged_byte_does_harm(void **state)
{
    uint8_t *pixels = pattern(8, 8, 3), out[3 * 8 * 8];
    struct made jpeg = make_jpeg(16, 16, JCS_RGB, true);
    struct buffer png = make_png(8, 8, 8, PNG_COLOR_TYPE_RGB, pixels, 24, false);
    struct {
        uint8_t *data;
        size_t size;
    } files[2] = {{jpeg.data, jpeg.size}, {png.data, png.size}};
    for (int i = 0; i < 2; i++)
        for (size_t at = 0; at < files[i].size; at++)
            for (int bit = 0; bit < 8; bit += 3) {
                sned_error error = {0};
                files[i].data[at] ^= (uint8_t)(1 << bit);
                if (image_decode(files[i].data, files[i].size, &small, out, &error) != SNED_OK)
                    assert_true(error.message[0] != 0);
                files[i].data[at] ^= (uint8_t)(1 << bit);
            }
    free(pixels);
    free(jpeg.data);
    sned_buffer_free(&png);
}

static void stray_bytes_before_a_marker_are_no_damage(void **state)
{
    struct made jpeg = make_jpeg(16, 16, JCS_RGB, false);
    uint8_t *longer = malloc(jpeg.size + 1), out[3 * 16 * 16];
    memcpy(longer, jpeg.data, jpeg.size - 2);
    memcpy(longer + jpeg.size - 2, "\0\xff\xd9", 3);
    decode(longer, jpeg.size + 1, &(struct input_form){.input = {3, 16, 16}, .color = "RGB"}, out);
    free(longer);
    free(jpeg.data);
}

static void pictures_over_100_megapixels_are_refused(void **state)
{
    struct made jpeg = make_jpeg(8, 8, JCS_RGB, false);
    uint8_t *pixels = pattern(8, 8, 3);
    struct buffer png = make_png(8, 8, 8, PNG_COLOR_TYPE_RGB, pixels, 24, false);
    for (unsigned long at = 0; at + 9 < jpeg.size; at++)
        if (jpeg.data[at] == 0xff && jpeg.data[at + 1] == 0xc0) /* its height and width */
            memcpy(jpeg.data + at + 5, "\xea\x60\xea\x60", 4);
    refuse(jpeg.data, jpeg.size, SNED_ERROR_UNSUPPORTED, "60000 x 60000");
    struct buffer bomb = {0};
    sned_buffer_append(&bomb, png.data, 16, NULL);
    sned_buffer_append(&bomb, "\0\0\x27\x11\0\0\x27\x11\x08\x02\0\0\0", 13, NULL); /* 10001 x 10001 */
    sned_buffer_append(&bomb, "\x9b\x72\x90\xd7", 4, NULL);
    sned_buffer_append(&bomb, png.data + 33, png.size - 33, NULL);
    uint32_t sum = (uint32_t)0; /* CRC-32 of the changed header, so that the size alone is wrong */
    for (size_t i = 12, crc = 0xffffffff; i <= 29; i++) {
        if (i == 29) {
            sum = (uint32_t)~crc;
            break;
        }
        crc ^= bomb.data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
    }
    for (int i = 0; i < 4; i++)
        bomb.data[29 + i] = (uint8_t)(sum >> (24 - 8 * i));
    refuse(bomb.data, bomb.size, SNED_ERROR_UNSUPPORTED, "10001 x 10001");
    free(jpeg.data);
    free(pixels);
    sned_buffer_free(&png);
    sned_buffer_free(&bomb);
}

static void a_file_is_named_in_its_error(void **state)
{
    uint8_t pixels[3 * 8 * 8];
    sned_error error = {0};
    char path[] = P_tmpdir "/sned-test-image-XXXXXX";
    int file = mkstemp(path);
    assert_int_equal(write(file, "no picture", 10), 10);
    close(file);
    assert_int_equal(image_read(path, &small, pixels, &error), SNED_ERROR_FORMAT);
    assert_non_null(strstr(error.message, path));
    unlink(path);
    assert_int_equal(image_read(path, &small, pixels, &error), SNED_ERROR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jpeg_gives_planes_in_the_order_asked_for),
        cmocka_unit_test(progressive_jpeg_is_the_same_picture),
        cmocka_unit_test(grey_jpeg_fills_three_channels_and_one),
        cmocka_unit_test(cmyk_jpeg_is_converted),
        cmocka_unit_test(a_much_larger_jpeg_is_scaled_down),
        cmocka_unit_test(png_of_every_depth_becomes_8_bits),
        cmocka_unit_test(png_with_a_palette_becomes_rgb),
        cmocka_unit_test(png_loses_its_alpha_and_keeps_its_colour),
        cmocka_unit_test(interlaced_png_is_the_same_picture),
        cmocka_unit_test(other_files_are_refused),
        cmocka_unit_test(every_truncated_jpeg_is_damaged),
        cmocka_unit_test(every_truncated_png_is_damaged),
        cmocka_unit_test(no_damaged_byte_does_harm),
        cmocka_unit_test(stray_bytes_before_a_marker_are_no_damage),
        cmocka_unit_test(pictures_over_100_megapixels_are_refused),
        cmocka_unit_test(a_file_is_named_in_its_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
