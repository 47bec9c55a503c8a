/*
 * test_arrays.c - NumPy's arrays as data sets: what the samples become, and what is refused.
 */
#include "tests/io/npy_files.h"

#include "io/pictures/resize.h"

#include <math.h>

static int begin(void **state)
{
    scratch_begin();
    return 0;
}

static int end(void **state)
{
    scratch_end();
    return 0;
}

/* ---- values ---- */

static void floats_come_as_they_are(void **state)
{
    struct dataset_options flat = values_of(4, 1, 1), image = input_of(1, 2, 2, "gray");

    put_three("x.npy", "y.npy");
    check_three("x.npy:y.npy", &flat);
    put_npy("square.npy", "<f4", "(3, 2, 1, 2)", TWELVE, sizeof TWELVE);
    check_three("square.npy:y.npy", &image);
}

static void no_rule_touches_values(void **state)
{
    struct dataset_options options = input_of(1, 2, 2, "gray");
    struct input_rule rule = {.is_image = true, .mean = {33}, .scale = {0.5f}};
    struct loader_options how = {.batch = 3, .rule = &rule};
    struct batch_loader *loader;
    const float *values;
    const int32_t *labels;
    size_t got;

    put_npy("square.npy", "<f4", "(3, 2, 2)", TWELVE, sizeof TWELVE);
    put_npy("y.npy", "<i8", "(3,)", LABELS, sizeof LABELS);
    struct dataset *dataset = open_data(in_scratch("square.npy:y.npy"), &options);
    assert_int_equal(loader_new(&loader, dataset, (uint32_t[]){0, 1, 2}, 3, &how, NULL), SNED_OK);
    assert_int_equal(loader_next(loader, &values, &labels, &got, NULL), SNED_OK);
    assert_int_equal(got, 3);
    assert_memory_equal(values, TWELVE, sizeof TWELVE);
    loader_free(loader);
    dataset_free(dataset);
}

static void values_are_shifted_and_flipped_as_pixels_are(void **state)
{
    struct dataset_options options = input_of(1, 2, 2, "gray");
    uint8_t pixels[64 * 4];
    float floats[64 * 4];
    int8_t zeros[64] = {0};
    const float *of_pixels, *of_floats;
    const int32_t *labels;
    size_t got;
    uint32_t indices[64];

    for (int i = 0; i < 64 * 4; i++)
        floats[i] = pixels[i] = (uint8_t)(i + 1);
    for (uint32_t i = 0; i < 64; i++)
        indices[i] = i;
    put_npy("p.npy", "|u1", "(64, 2, 2)", pixels, sizeof pixels);
    put_npy("f.npy", "<f4", "(64, 2, 2)", floats, sizeof floats);
    put_npy("zeros.npy", "|i1", "(64,)", zeros, sizeof zeros);
    struct loader_options how = {.batch = 64, .augmentation = {.flip = true, .shift = 1}, .seed = 5};
    struct dataset *a = open_data(in_scratch("p.npy:zeros.npy"), &options);
    struct dataset *b = open_data(in_scratch("f.npy:zeros.npy"), &options);
    struct batch_loader *one, *other;
    assert_int_equal(loader_new(&one, a, indices, 64, &how, NULL), SNED_OK);
    assert_int_equal(loader_new(&other, b, indices, 64, &how, NULL), SNED_OK);
    assert_int_equal(loader_next(one, &of_pixels, &labels, &got, NULL), SNED_OK);
    assert_int_equal(loader_next(other, &of_floats, &labels, &got, NULL), SNED_OK);
    assert_memory_equal(of_pixels, of_floats, sizeof floats);
    assert_memory_not_equal(of_floats, floats, sizeof floats);
    loader_free(one);
    loader_free(other);
    dataset_free(a);
    dataset_free(b);
}

static void other_numbers_become_float32_and_it_is_said(void **state)
{
    struct dataset_options options = values_of(2, 1, 1);
    char messages[MESSAGES_SIZE] = "";
    struct reporter reporter = {.message = keep_message, .argument = messages};
    float values[2];
    int32_t label;

    options.reporter = &reporter;
    options.unlabelled = true;
    put_npy("d.npy", "<f8", "(1, 2)", (double[]){0.1, -1e-3}, 16);
    struct dataset *dataset = open_data(in_scratch("d.npy"), &options);
    read_data(dataset, 0, 1, (uint8_t *)values, &label);
    assert_true(values[0] == 0.1f && values[1] == -1e-3f);
    assert_non_null(strstr(messages, "float64 is rounded to float32"));
    dataset_free(dataset);
    put_npy("b.npy", "|u1", "(1, 2)", (uint8_t[]){0, 255}, 2);
    dataset = open_data(in_scratch("b.npy"), &options);
    read_data(dataset, 0, 1, (uint8_t *)values, &label);
    assert_true(values[0] == 0 && values[1] == 255);
    assert_non_null(strstr(messages, "numbers from 0 to 255"));
    dataset_free(dataset);
}

static void a_value_that_is_no_number_names_its_sample(void **state)
{
    struct dataset_options options = values_of(2, 1, 1);
    struct dataset *dataset;
    sned_error error = {0};
    float values[4];
    int32_t labels[2];
    size_t got;

    options.unlabelled = true;
    for (int i = 0; i < 2; i++) {
        put_npy("n.npy", "<f4", "(2, 2)", (float[]){1, 2, 3, i ? NAN : -INFINITY}, 16);
        dataset = open_data(in_scratch("n.npy"), &options);
        assert_int_equal(dataset_read(dataset, (uint32_t[]){0, 1}, 2, values, labels, &got, &error),
                         SNED_ERROR_DATA);
        assert_non_null(strstr(error.message, "n.npy[1]: value 1 of the sample is"));
        assert_int_equal(dataset_read(dataset, (uint32_t[]){0}, 1, values, labels, &got, &error), SNED_OK);
        dataset_free(dataset);
    }
    put_npy("n.npy", "<f8", "(1, 2)", (double[]){1, 1e300}, 16); /* more than float32 can say */
    dataset = open_data(in_scratch("n.npy"), &options);
    assert_int_equal(dataset_read(dataset, (uint32_t[]){0}, 1, values, labels, &got, &error),
                     SNED_ERROR_DATA);
    dataset_free(dataset);
}

/* ---- pictures ---- */

/* Bytes [1] + dimensions, pixel (c, y, x) of them 100 c + 10 y + x, come as pixels [C][H][W] in `color`. */
static void check_picture(const char *shape, int channels, bool last, const char *color)
{
    struct dataset_options options = input_of(channels, 3, 2, color);
    uint8_t stored[18], wanted[18], got[18];
    int32_t label;

    for (int c = 0; c < channels; c++)
        for (int i = 0; i < 6; i++) {
            int from = !strcmp(color, "BGR") ? 2 - c : c;
            stored[last ? i * channels + c : c * 6 + i] = (uint8_t)(100 * c + 10 * (i / 2) + i % 2);
            wanted[c * 6 + i] = (uint8_t)(100 * from + 10 * (i / 2) + i % 2);
        }
    options.unlabelled = true;
    put_npy("p.npy", "|u1", shape, stored, (size_t)channels * 6);
    struct dataset *dataset = open_data(in_scratch("p.npy"), &options);
    assert_int_equal(dataset_item_type(dataset), ITEM_PIXELS);
    read_data(dataset, 0, 1, got, &label);
    assert_memory_equal(got, wanted, (size_t)channels * 6);
    dataset_free(dataset);
}

static void bytes_are_pictures_in_any_usual_order(void **state)
{
    check_picture("(1, 3, 3, 2)", 3, false, "RGB");
    check_picture("(1, 3, 2, 3)", 3, true, "RGB");
    check_picture("(1, 3, 3, 2)", 3, false, "BGR");
    check_picture("(1, 3, 2, 3)", 3, true, "BGR");
    check_picture("(1, 3, 2)", 1, false, "gray");
    check_picture("(1, 1, 3, 2)", 1, false, "gray");
    check_picture("(1, 3, 2, 1)", 1, true, "gray");
}

static void pictures_of_another_size_are_resized_as_all_are(void **state)
{
    struct dataset_options options = input_of(3, 5, 4, "RGB");
    uint8_t stored[10 * 12 * 3], wanted[60], got[60];
    int32_t label;

    for (size_t i = 0; i < sizeof stored; i++)
        stored[i] = (uint8_t)(i * 37);
    options.unlabelled = true;
    put_npy("p.npy", "|u1", "(1, 10, 12, 3)", stored, sizeof stored);
    struct dataset *dataset = open_data(in_scratch("p.npy"), &options);
    read_data(dataset, 0, 1, got, &label);
    assert_int_equal(image_resize(stored, 10, 12, 3, &options.form, wanted, NULL), SNED_OK);
    assert_memory_equal(got, wanted, sizeof got);
    dataset_free(dataset);
}

/* ---- what does not fit ---- */

static void shapes_that_do_not_fit_say_what_to_do(void **state)
{
    struct dataset_options options = values_of(3, 2, 4);
    static const uint8_t zeros[480];

    options.unlabelled = true;
    put_npy("s.npy", "<f4", "(2, 2, 4, 3)", zeros, 192);
    check_data_refused("s.npy", &options,
                       "a sample is [2][4][3], the network takes [3][2][4]; save x.transpose(0, 3, 1, 2)");
    put_npy("s.npy", "<f4", "(2, 24)", zeros, 192);
    check_data_refused("s.npy", &options, "save x.reshape(-1, 3, 2, 4)");
    put_npy("s.npy", "<f4", "(3, 2, 4)", zeros, 96);
    check_data_refused("s.npy", &options, "save x[None]");
    put_npy("s.npy", "<f4", "(2, 5)", zeros, 40);
    check_data_refused("s.npy", &options, "a sample is [5], the network takes [3][2][4]");
    put_npy("s.npy", "<f4", "()", zeros, 4);
    check_data_refused("s.npy", &options, "holds no samples");
    put_npy("s.npy", "<f4", "(0, 3, 2, 4)", zeros, 0);
    check_data_refused("s.npy", &options, "holds no samples");
    put_npy("s.npy", "<i4", "(2, 3, 2, 4)", zeros, 192);
    check_data_refused("s.npy", &options, "save x.astype(\"float32\")");
    options = input_of(3, 4, 4, "RGB");
    options.unlabelled = true;
    put_npy("s.npy", "|u1", "(2, 3, 5, 3)", zeros, 90);
    check_data_refused("s.npy", &options, "as [C][H][W] or as [H][W][C]");
    put_npy("s.npy", "|u1", "(2, 48)", zeros, 96);
    check_data_refused("s.npy", &options, "save x.reshape(-1, 3, 4, 4)");
}

static void labels_that_do_not_fit_say_what_to_do(void **state)
{
    struct dataset_options options = values_of(4, 1, 1);
    static const uint8_t zeros[64];

    put_three("x.npy", "y.npy");
    check_data_refused("x.npy", &options, "x.npy: has no labels; name them behind it");
    check_data_refused("x.npy:absent.npy", &options, "there is no array of labels absent.npy");
    put_npy("y.npy", "<f4", "(3, 2)", zeros, 24);
    check_data_refused("x.npy:y.npy", &options, "save y.argmax(axis=1)");
    put_npy("y.npy", "<f4", "(3,)", zeros, 12);
    check_data_refused("x.npy:y.npy", &options, "save y.astype(\"int64\")");
    put_npy("y.npy", "|u1", "(3, 2)", zeros, 6);
    check_data_refused("x.npy:y.npy", &options, "labels of shape [3][2]");
    put_npy("y.npy", "|u1", "(4,)", zeros, 4);
    check_data_refused("x.npy:y.npy", &options, "3 samples but");
    put_npy("y.npy", "<i8", "(3,)", (int64_t[]){0, 1ll << 40, 1}, 24);
    check_data_refused("x.npy:y.npy", &options, "y.npy[1] is 1099511627776, no number of a class");
    options.classes = 2;
    put_npy("y.npy", "<i8", "(3,)", LABELS, sizeof LABELS);
    check_data_refused("x.npy:y.npy", &options, "y.npy[0] is 2");
    put_npy("y.npy", "<i8", "(3,)", (int64_t[]){0, -1, 1}, 24);
    check_data_refused("x.npy:y.npy", &options, "y.npy[1] is -1");
}

static void pictures_for_a_network_of_values_are_refused(void **state)
{
    struct dataset_options options = values_of(4, 1, 1);

    put_idx("idx", "train", 3, 2, 2);
    check_data_refused("idx", &options, "takes no pictures but values");
}

static void one_picture_without_a_number_of_samples_is_no_gray_pictures(void **state)
{
    static const uint8_t zeros[240];
    struct dataset_options options = input_of(3, 8, 8, "RGB");

    options.unlabelled = true;
    put_npy("lone.npy", "|u1", "(8, 10, 3)", zeros, 240);
    check_data_refused("lone.npy", &options, "is one picture or 8 gray ones: save x[None] for the one");
    put_npy("lone.npy", "|u1", "(3, 8, 10)", zeros, 240);
    check_data_refused("lone.npy", &options, "is one picture or 3 gray ones");
    put_npy("lone.npy", "|u1", "(8, 10, 3, 1)", zeros, 240);
    dataset_free(open_data(in_scratch("lone.npy"), &options));
    put_npy("lone.npy", "|u1", "(1, 8, 10, 3)", zeros, 240);
    dataset_free(open_data(in_scratch("lone.npy"), &options));
}

static void noise_for_a_network_of_values_is_values(void **state)
{
    struct dataset_options options = values_of(1000, 1, 1);
    float values[1000];
    int32_t label;
    double sum = 0, squares = 0;
    sned_error error = {0};
    struct dataset *dataset;

    assert_int_equal(dataset_open(&dataset, "noise:2", &options, NULL), SNED_ERROR_DATA); /* no labels */
    options.unlabelled = true;
    if (dataset_open(&dataset, "noise:2", &options, &error) != SNED_OK)
        fail_msg("%s", error.message);
    assert_int_equal(dataset_item_type(dataset), ITEM_VALUES);
    read_data(dataset, 1, 1, (uint8_t *)values, &label);
    for (int i = 0; i < 1000; i++) {
        sum += values[i];
        squares += (double)values[i] * values[i];
    }
    assert_true(fabs(sum / 1000) < 0.15 && fabs(squares / 1000 - 1) < 0.2); /* 4 standard errors */
    dataset_free(dataset);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(floats_come_as_they_are),
        cmocka_unit_test(no_rule_touches_values),
        cmocka_unit_test(values_are_shifted_and_flipped_as_pixels_are),
        cmocka_unit_test(other_numbers_become_float32_and_it_is_said),
        cmocka_unit_test(a_value_that_is_no_number_names_its_sample),
        cmocka_unit_test(bytes_are_pictures_in_any_usual_order),
        cmocka_unit_test(pictures_of_another_size_are_resized_as_all_are),
        cmocka_unit_test(shapes_that_do_not_fit_say_what_to_do),
        cmocka_unit_test(labels_that_do_not_fit_say_what_to_do),
        cmocka_unit_test(pictures_for_a_network_of_values_are_refused),
        cmocka_unit_test(one_picture_without_a_number_of_samples_is_no_gray_pictures),
        cmocka_unit_test(noise_for_a_network_of_values_is_values),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
