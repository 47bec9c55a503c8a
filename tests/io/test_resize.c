/*
 * test_resize.c - the rule by which a picture becomes a network's input.
 */
#include "io/pictures/resize.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void resize_gray(const uint8_t *in, int height, int width, int to_height, int to_width, uint8_t *out)
{
    struct input_form form = {.input = {1, to_height, to_width}, .color = "gray"};

    assert_int_equal(image_resize(in, height, width, 1, &form, out, NULL), SNED_OK);
}

/* The same by the rule that `how` names, as --resize does. */
static void resize_by(const char *how, const uint8_t *in, int height, int width, struct extent input,
                      uint8_t *out)
{
    struct input_form form = {.input = input};

    assert_true(sned_resize_parse(&form.resize, how));
    assert_int_equal(image_resize(in, height, width, input.channels, &form, out, NULL), SNED_OK);
}

static void a_picture_of_the_inputs_size_is_copied_into_planes(void **state)
{
    static const uint8_t in[] = {1, 2, 3, 4, 5, 6}; /* two pixels */
    uint8_t out[6];

    assert_int_equal(
        image_resize(in, 1, 2, 3, &(struct input_form){.input = {3, 1, 2}, .color = "RGB"}, out, NULL),
        SNED_OK);
    assert_memory_equal(out, ((uint8_t[]){1, 4, 2, 5, 3, 6}), 6);
    assert_int_equal(
        image_resize(in, 1, 2, 3, &(struct input_form){.input = {3, 1, 2}, .color = "BGR"}, out, NULL),
        SNED_OK);
    assert_memory_equal(out, ((uint8_t[]){3, 6, 2, 5, 1, 4}), 6);
}

static void gray_is_repeated_and_color_weighed(void **state)
{
    static const uint8_t color[] = {255, 0, 0, 0, 255, 0, 0, 0, 255}, gray[] = {9, 8, 7};
    uint8_t out[9];

    assert_int_equal(
        image_resize(color, 1, 3, 3, &(struct input_form){.input = {1, 1, 3}, .color = "gray"}, out, NULL),
        SNED_OK);
    assert_memory_equal(out, ((uint8_t[]){76, 150, 29}), 3);
    assert_int_equal(
        image_resize(gray, 1, 3, 1, &(struct input_form){.input = {3, 1, 3}, .color = ""}, out, NULL),
        SNED_OK);
    assert_memory_equal(out, ((uint8_t[]){9, 8, 7, 9, 8, 7, 9, 8, 7}), 9);
}

static void up_to_fifteen_percent_larger_is_cropped_in_the_middle(void **state)
{
    uint8_t in[23 * 23], out[20 * 20];

    for (int i = 0; i < 23 * 23; i++)
        in[i] = (uint8_t)(10 * (i / 23) + i % 23);
    resize_gray(in, 23, 23, 20, 20, out);
    assert_int_equal(out[0], 11);    /* row 1, column 1 */
    assert_int_equal(out[399], 220); /* row 20, column 20 */
}

static void what_is_larger_is_averaged(void **state)
{
    static const uint8_t in[] = {0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120, 130, 140, 150};
    uint8_t out[4];

    resize_gray(in, 4, 4, 2, 2, out);
    assert_memory_equal(out, ((uint8_t[]){25, 45, 105, 125}), 4);
    resize_gray((uint8_t[]){0, 90, 180}, 1, 3, 1, 1, out); /* the short side fits already: the middle */
    assert_int_equal(out[0], 90);
    uint8_t wide[] = {0, 90, 180, 0, 90, 180, 0, 90, 180};
    resize_gray(wide, 3, 3, 2, 2, out); /* (0 + 90 / 2) / 1.5, (90 / 2 + 180) / 1.5 */
    assert_memory_equal(out, ((uint8_t[]){30, 150, 30, 150}), 4);
}

static void what_is_smaller_is_interpolated(void **state)
{
    uint8_t out[16];

    resize_gray((uint8_t[]){0, 80, 160, 240}, 2, 2, 4, 4, out);
    assert_memory_equal(out, ((uint8_t[]){0, 20, 60, 80}), 4);
    assert_int_equal(out[4], 40); /* a quarter of the way from 0 to 160 */
    assert_int_equal(out[15], 240);
    resize_gray((uint8_t[]){77}, 1, 1, 4, 4, out);
    for (int i = 0; i < 16; i++)
        assert_int_equal(out[i], 77);
}

static void the_short_side_decides_and_the_long_one_is_cropped(void **state)
{
    uint8_t in[2 * 8], out[16];

    for (int i = 0; i < 16; i++)
        in[i] = (uint8_t)(i % 8 * 10);
    resize_gray(in, 2, 8, 4, 4, out); /* scaled to 4 x 16, columns 6 to 9 */
    assert_memory_equal(out, ((uint8_t[]){28, 33, 38, 43}), 4);
}

static void squash_takes_the_whole_picture_whatever_its_proportions(void **state)
{
    /* Columns in pairs, rows as they are; then rows in pairs and each column twice, a quarter of the way. */
    static const uint8_t wide[] = {0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120, 130, 140, 150};
    uint8_t out[16];

    resize_by("squash", wide, 2, 8, (struct extent){1, 2, 4}, out);
    assert_memory_equal(out, ((uint8_t[]){5, 25, 45, 65, 85, 105, 125, 145}), 8);
    resize_by("squash", wide, 8, 2, (struct extent){1, 4, 4}, out);
    assert_memory_equal(out, ((uint8_t[]){10, 13, 18, 20, 50, 53, 58, 60}), 8);
    resize_by("squash", wide, 4, 4, (struct extent){1, 4, 4}, out);
    assert_memory_equal(out, wide, 16);
}

static void squash_resizes_also_what_is_little_larger(void **state)
{
    uint8_t in[8 * 8], out[7 * 7];

    for (int i = 0; i < 64; i++)
        in[i] = (uint8_t)(7 * (i % 8));
    resize_by("auto", in, 8, 8, (struct extent){1, 7, 7}, out); /* 14.3 % larger: its columns 0 to 6 */
    assert_memory_equal(out, ((uint8_t[]){0, 7, 14, 21, 28, 35, 42}), 7);
    resize_by("squash", in, 8, 8, (struct extent){1, 7, 7},
              out); /* column i: (8 i + 1) of 7, means over 8/7 */
    assert_memory_equal(out, ((uint8_t[]){1, 9, 17, 25, 32, 40, 48}), 7);
}

static void cover_never_crops_what_is_little_larger_on_both_sides(void **state)
{
    uint8_t in[8 * 9], out[7 * 7];

    for (int i = 0; i < 72; i++)
        in[i] = (uint8_t)(7 * (i / 9));
    resize_by("cover", in, 8, 9, (struct extent){1, 7, 7}, out); /* rows as above; of 8 columns the first 7 */
    for (int y = 0; y < 7; y++)
        for (int x = 0; x < 7; x++)
            assert_int_equal(out[7 * y + x], ((uint8_t[]){1, 9, 17, 25, 32, 40, 48})[y]);
}

static void a_number_is_the_short_side_before_the_centre_is_taken(void **state)
{
    uint8_t in[8 * 12], out[4], covering[4];

    for (int i = 0; i < 96; i++)
        in[i] = (uint8_t)(i / 12 * 20 + i % 12);
    /* To 4 x 6: pixel (r, c) is the mean of four, 40 r + 10 + 2 c + .5; its rows 1, 2, columns 2, 3. */
    resize_by("4", in, 8, 12, (struct extent){1, 2, 2}, out);
    assert_memory_equal(out, ((uint8_t[]){55, 57, 95, 97}), 4);
    resize_by("8", in, 8, 12, (struct extent){1, 2, 2}, out); /* of its size already: the centre alone */
    assert_memory_equal(out, ((uint8_t[]){65, 66, 85, 86}), 4);
    resize_by("2", in, 8, 12, (struct extent){1, 2, 2}, out);
    resize_by("cover", in, 8, 12, (struct extent){1, 2, 2}, covering);
    assert_memory_equal(out, covering, 4);
}

static void the_word_for_a_way_of_resizing_is_read_as_it_is_written(void **state)
{
    static const char *const words[] = {"auto", "cover", "squash", "256", "65535"};
    struct resize resize;
    char text[RESIZE_TEXT];

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        assert_true(sned_resize_parse(&resize, words[i]));
        assert_string_equal(sned_resize_text(text, resize), words[i]);
    }
    assert_true(sned_resize_parse(&resize, "Squash"));
    for (size_t i = 0; i < 6; i++)
        assert_false(
            sned_resize_parse(&resize, ((const char *[]){"", "0", "-3", "65536", "224x224", "crop"})[i]));
}

static void only_what_is_neither_scaled_nor_cropped_is_kept(void **state)
{
    struct input_form form = {.input = {1, 28, 28}};

    assert_true(picture_is_kept(28, 28, &form));
    assert_false(picture_is_kept(28, 30, &form));
    form.resize = (struct resize){RESIZE_SIDE, 28};
    assert_true(picture_is_kept(28, 28, &form));
    form.resize.side = 32;
    assert_false(picture_is_kept(28, 28, &form));
}

static void one_gray_stays_one_gray_at_every_size(void **state)
{
    enum { MOST = 40 };
    uint8_t in[MOST * MOST], out[MOST * MOST];

    memset(in, 201, sizeof in);
    for (int from = 1; from <= MOST; from++)
        for (int to = 1; to <= MOST; to += 3) {
            resize_gray(in, from, MOST + 1 - from, to, to, out);
            for (int i = 0; i < to * to; i++)
                assert_int_equal(out[i], 201);
        }
}

static void extreme_shapes_are_no_harder(void **state)
{
    uint8_t *in = calloc(IMAGE_MAX_SIDE, 1), out[64];

    resize_gray(in, 1, IMAGE_MAX_SIDE, 8, 8, out);
    resize_gray(in, IMAGE_MAX_SIDE, 1, 8, 8, out);
    free(in);
}

static void what_does_not_fit_is_refused(void **state)
{
    uint8_t pixels[64] = {0}, out[64];
    struct extent rgb = {3, 2, 2}, gray = {1, 2, 2}, four = {4, 2, 2};
    sned_error error;

    assert_int_equal(
        image_resize(pixels, 0, 2, 1, &(struct input_form){.input = gray, .color = "gray"}, out, &error),
        SNED_ERROR_ARGUMENT);
    assert_int_equal(image_resize(pixels, 2, IMAGE_MAX_SIDE + 1, 1,
                                  &(struct input_form){.input = gray, .color = "gray"}, out, &error),
                     SNED_ERROR_ARGUMENT);
    assert_int_equal(
        image_resize(pixels, 2, 2, 2, &(struct input_form){.input = gray, .color = "gray"}, out, &error),
        SNED_ERROR_ARGUMENT);
    assert_int_equal(
        image_resize(pixels, 2, 2, 1, &(struct input_form){.input = gray, .color = "YUV"}, out, &error),
        SNED_ERROR_ARGUMENT);
    assert_int_equal(
        image_resize(pixels, 2, 2, 1, &(struct input_form){.input = gray, .color = "RGB"}, out, &error),
        SNED_ERROR_SHAPE);
    assert_int_equal(
        image_resize(pixels, 2, 2, 1, &(struct input_form){.input = rgb, .color = "gray"}, out, &error),
        SNED_ERROR_SHAPE);
    struct input_form small = {.input = {1, 2, 3}, .resize = {RESIZE_SIDE, 2}};
    assert_int_equal(image_resize(pixels, 2, 2, 1, &small, out, &error), SNED_ERROR_FORMAT);
    assert_int_equal(
        image_resize(pixels, 2, 2, 1, &(struct input_form){.input = four, .color = ""}, out, &error),
        SNED_ERROR_SHAPE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_picture_of_the_inputs_size_is_copied_into_planes),
        cmocka_unit_test(gray_is_repeated_and_color_weighed),
        cmocka_unit_test(up_to_fifteen_percent_larger_is_cropped_in_the_middle),
        cmocka_unit_test(what_is_larger_is_averaged),
        cmocka_unit_test(what_is_smaller_is_interpolated),
        cmocka_unit_test(the_short_side_decides_and_the_long_one_is_cropped),
        cmocka_unit_test(squash_takes_the_whole_picture_whatever_its_proportions),
        cmocka_unit_test(squash_resizes_also_what_is_little_larger),
        cmocka_unit_test(cover_never_crops_what_is_little_larger_on_both_sides),
        cmocka_unit_test(a_number_is_the_short_side_before_the_centre_is_taken),
        cmocka_unit_test(the_word_for_a_way_of_resizing_is_read_as_it_is_written),
        cmocka_unit_test(only_what_is_neither_scaled_nor_cropped_is_kept),
        cmocka_unit_test(one_gray_stays_one_gray_at_every_size),
        cmocka_unit_test(extreme_shapes_are_no_harder),
        cmocka_unit_test(what_does_not_fit_is_refused),
    };
    return cmocka_run_group_tests_name("resize", tests, NULL, NULL);
}
