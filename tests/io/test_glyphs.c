/*
 * test_glyphs.c - the character data set that is drawn from the system's fonts.
 */
#include "tests/io/data_files.h"
#include "io/pictures/glyphs.h"

enum { SIDE = 28, PIXELS = SIDE * SIDE, TRAIN = 2000, TEST = 500 };

static const char *const files[] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                                    "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte", "classes.txt"};

static sned_status draw(const char *folder, uint64_t seed, const char *characters, int threads,
                        sned_error *error)
{
    struct glyph_options options = {
        .train = TRAIN, .test = TEST, .seed = seed, .characters = characters, .threads = threads};

    return glyphs_write(in_scratch(folder), &options, NULL, error);
}

/* A machine without fonts skips what draws with them. */
static void draw_or_skip(const char *folder, uint64_t seed, const char *characters, int threads)
{
    sned_error error = {0};

    sned_status status = draw(folder, seed, characters, threads, &error);
    if (status == SNED_ERROR_DATA && strstr(error.message, "install")) {
        print_message("skipped: %s\n", error.message);
        skip();
    }
    if (status != SNED_OK)
        fail_msg("%s", error.message);
}

static size_t read_file(const char *folder, const char *name, uint8_t *bytes, size_t size)
{
    char path[PATH_SIZE];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *stream = fopen(in_scratch(path), "rb");
    assert_non_null(stream);
    size_t got = fread(bytes, 1, size, stream);
    fclose(stream);
    return got;
}

static bool same_files(const char *folder, const char *other)
{
    static uint8_t bytes[2][16 + TRAIN * PIXELS];
    bool same = true;

    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        size_t size = read_file(folder, files[i], bytes[0], sizeof bytes[0]);
        same &= size == read_file(other, files[i], bytes[1], sizeof bytes[1]) &&
                !memcmp(bytes[0], bytes[1], size);
    }
    return same;
}

/* The split's images and labels; free both. */
static void read_split(const char *folder, enum split split, size_t count, uint8_t **pixels, int32_t **labels)
{
    struct dataset_options options = input_of(1, SIDE, SIDE, "gray");

    options.split = split;
    struct dataset *dataset = open_data(in_scratch(folder), &options);
    assert_int_equal(dataset_size(dataset), count);
    *pixels = malloc(count * PIXELS);
    *labels = malloc(count * sizeof **labels);
    read_data(dataset, 0, count, *pixels, *labels);
    dataset_free(dataset);
}

static void the_files_open_as_a_data_set_with_named_classes(void **state)
{
    struct dataset_options options = input_of(1, SIDE, SIDE, "gray");

    draw_or_skip("digits", 1, NULL, 2);
    struct dataset *dataset = open_data(in_scratch("digits"), &options);
    assert_int_equal(dataset_size(dataset), TRAIN);
    assert_int_equal(dataset_class_count(dataset), 10);
    assert_string_equal(dataset_class_name(dataset, 0), "0");
    assert_string_equal(dataset_class_name(dataset, 9), "9");
    dataset_free(dataset);
}

static void a_seed_gives_the_same_files_whatever_the_threads(void **state)
{
    draw_or_skip("seed7", 7, NULL, 1);
    draw_or_skip("seed7again", 7, NULL, 3);
    draw_or_skip("seed8", 8, NULL, 2);
    assert_true(same_files("seed7", "seed7again"));
    assert_false(same_files("seed7", "seed8"));
}

static void every_class_comes_about_equally_often(void **state)
{
    uint8_t *pixels;
    int32_t *labels;
    int counts[10] = {0};

    draw_or_skip("equal", 2, NULL, 2);
    read_split("equal", SPLIT_TRAIN, TRAIN, &pixels, &labels);
    for (int i = 0; i < TRAIN; i++)
        counts[labels[i]]++;
    for (int i = 0; i < 10; i++)
        assert_in_range(counts[i], TRAIN / 10 - 60, TRAIN / 10 + 60);
    free(pixels);
    free(labels);
}

/* Ink by its centre of mass: faint noise is not counted. */
static void images_have_ink_near_the_middle_and_little_at_the_edge(void **state)
{
    uint8_t *pixels;
    int32_t *labels;
    double edge = 0, all = 0, sum_x = 0, sum_y = 0;

    draw_or_skip("middle", 3, NULL, 2);
    read_split("middle", SPLIT_TRAIN, TRAIN, &pixels, &labels);
    for (int i = 0; i < TRAIN; i++) {
        int ink = 0;
        for (int p = 0; p < PIXELS; p++) {
            int y = p / SIDE, x = p % SIDE, value = pixels[i * PIXELS + p];
            ink += value > 60;
            all += value;
            sum_x += value * x;
            sum_y += value * y;
            edge += y == 0 || x == 0 || y == SIDE - 1 || x == SIDE - 1 ? value : 0;
        }
        assert_true(ink >= 8); /* no image is blank */
    }
    assert_true(sum_x / all > 12.5 && sum_x / all < 14.5);
    assert_true(sum_y / all > 12.5 && sum_y / all < 14.5);
    assert_true(edge / all < 0.08);
    free(pixels);
    free(labels);
}

static void no_test_image_is_a_training_image(void **state)
{
    uint8_t *train, *test;
    int32_t *train_labels, *test_labels;

    draw_or_skip("apart", 4, NULL, 2);
    read_split("apart", SPLIT_TRAIN, TRAIN, &train, &train_labels);
    read_split("apart", SPLIT_TEST, TEST, &test, &test_labels);
    for (int i = 0; i < TEST; i++)
        for (int k = 0; k < TRAIN; k++)
            assert_memory_not_equal(test + i * PIXELS, train + k * PIXELS, PIXELS);
    free(train);
    free(test);
    free(train_labels);
    free(test_labels);
}

static void other_characters_are_classes_too(void **state)
{
    struct dataset_options options = input_of(1, SIDE, SIDE, "gray");

    draw_or_skip("letters", 5, "A\xc3\x84z", 2);
    struct dataset *dataset = open_data(in_scratch("letters"), &options);
    assert_int_equal(dataset_class_count(dataset), 3);
    assert_string_equal(dataset_class_name(dataset, 1), "\xc3\x84");
    dataset_free(dataset);
}

static void characters_that_make_no_classes_are_refused(void **state)
{
    static const char *const bad[] = {"", "1", "11", "a b", "a\nb", "ab\xff", "a\xc3", "a\xc0\x80"};
    sned_error error;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(draw("refused", 1, bad[i], 1, &error), SNED_ERROR_ARGUMENT);
    assert_int_not_equal(access(in_scratch("refused"), F_OK), 0);
}

static void too_few_fonts_name_the_packages_to_install(void **state)
{
    struct glyph_options options = {.train = 1, .test = 1};
    sned_error error;

    put_text("fonts/broken.ttf", "not a font");
    options.font_folder = scratch_folder;
    assert_int_equal(glyphs_write(in_scratch("none"), &options, NULL, &error), SNED_ERROR_DATA);
    assert_non_null(strstr(error.message, "fonts-dejavu-core, fonts-liberation and fonts-freefont-ttf"));
    options.font_folder = "/nowhere";
    assert_int_equal(glyphs_write(in_scratch("none"), &options, NULL, &error), SNED_ERROR_DATA);
    assert_non_null(strstr(error.message, "/nowhere"));
    assert_int_not_equal(access(in_scratch("none"), F_OK), 0);
}

static void a_folder_that_cannot_be_made_is_named(void **state)
{
    struct glyph_options options = {.train = 1, .test = 1};
    sned_error error;

    draw_or_skip("can_draw", 1, NULL, 1);
    put_text("file", "");
    assert_int_equal(glyphs_write(in_scratch("file/folder"), &options, NULL, &error), SNED_ERROR_IO);
    assert_non_null(strstr(error.message, "file/folder"));
    assert_int_equal(glyphs_write(in_scratch("file"), &options, NULL, &error), SNED_ERROR_IO);
    options.train = 0;
    assert_int_equal(glyphs_write(in_scratch("zero"), &options, NULL, &error), SNED_ERROR_ARGUMENT);
}

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_files_open_as_a_data_set_with_named_classes),
        cmocka_unit_test(a_seed_gives_the_same_files_whatever_the_threads),
        cmocka_unit_test(every_class_comes_about_equally_often),
        cmocka_unit_test(images_have_ink_near_the_middle_and_little_at_the_edge),
        cmocka_unit_test(no_test_image_is_a_training_image),
        cmocka_unit_test(other_characters_are_classes_too),
        cmocka_unit_test(characters_that_make_no_classes_are_refused),
        cmocka_unit_test(too_few_fonts_name_the_packages_to_install),
        cmocka_unit_test(a_folder_that_cannot_be_made_is_named),
    };
    return cmocka_run_group_tests_name("glyphs", tests, begin, end);
}
