/*
 * test_dataset.c - what each kind of data set gives: its images, labels and names.
 *
 * The checksums of the shared data (byte i times i % 997 + 1, summed) were computed with Python and NumPy
 * from the files, the JPEGs decoded by libjpeg-turbo's own djpeg.
 */
#include "tests/io/data_files.h"

static uint64_t checksum(const uint8_t *bytes, size_t size)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < size; i++)
        sum += bytes[i] * (uint64_t)(i % 997 + 1);
    return sum;
}

/* Checks size, class count, the first five labels, and the pixels of the first `checked` images. */
static void check_data(struct dataset *dataset, size_t pixels_each, size_t size, int classes,
                       const int32_t *first_labels, size_t checked, uint64_t expected)
{
    uint8_t *pixels = malloc(checked * pixels_each);
    int32_t *labels = malloc((checked > 5 ? checked : 5) * sizeof *labels);

    assert_int_equal(dataset_size(dataset), size);
    assert_int_equal(dataset_class_count(dataset), classes);
    read_data(dataset, 0, checked, pixels, labels);
    assert_int_equal(checksum(pixels, checked * pixels_each), expected);
    for (size_t i = 0; i < 5 && i < checked; i++)
        assert_int_equal(labels[i], first_labels[i]);
    assert_int_equal(dataset_damaged(dataset), 0);
    free(pixels);
    free(labels);
    dataset_free(dataset);
}

/* ---- the shared data ---- */

static void mnist_opens_by_its_folder(void **state)
{
    struct dataset_options options = input_of(1, 28, 28, "gray");
    const char *spec = shared_data("mnist");

    check_data(open_data(spec, &options), 784, 60000, 10, (int32_t[]){5, 0, 4, 1, 9}, 60000, 782179862769u);
    options.split = SPLIT_TEST;
    check_data(open_data(spec, &options), 784, 10000, 10, (int32_t[]){7, 2, 1, 0, 4}, 10000, 132199921649u);
}

static void cifar10_opens_by_its_folder(void **state)
{
    struct dataset_options options = input_of(3, 32, 32, "RGB");
    const char *spec = shared_data("cifar10");

    struct dataset *dataset = open_data(spec, &options);
    assert_string_equal(dataset_class_name(dataset, 0), "airplane");
    assert_string_equal(dataset_class_name(dataset, 9), "truck");
    assert_null(dataset_class_name(dataset, 10));
    check_data(dataset, 3072, 30000, 10, (int32_t[]){0, 8, 1, 4, 1}, 30000, 5552352489752u);
    options.split = SPLIT_TEST;
    check_data(open_data(spec, &options), 3072, 10000, 10, (int32_t[]){4, 3, 9, 1, 6}, 10000, 1863397670312u);
}

static void an_imagenet_tar_opens_by_its_path(void **state)
{
    struct dataset_options options = input_of(3, 227, 227, "RGB");

    options.split = SPLIT_TEST;
    struct dataset *dataset = open_data(shared_data("imagenet/imagenet-val-a.tar"), &options);
    assert_string_equal(dataset_class_name(dataset, 0), "tench, Tinca tinca");
    check_data(dataset, 3 * 227 * 227, 650, 999, (int32_t[]){472, 260, 300}, 3, 30308648956u);
    options.split = SPLIT_TRAIN; /* no splits: it serves as both; 256 x 256 is cropped to 227 x 227 */
    check_data(open_data(shared_data("imagenet/imagenet-calib-500.tar"), &options), 3 * 227 * 227, 500, 999,
               (int32_t[]){0}, 1, 8389370208u);
}

static void pairs_of_train_and_val_are_both_splits(void **state)
{
    struct dataset_options options = input_of(3, 64, 64, "RGB");
    const char *spec = shared_data("tiny-imagenet-20");

    struct dataset *dataset = open_data(spec, &options);
    assert_string_equal(dataset_class_name(dataset, 2), "trilobite");
    check_data(dataset, 3 * 64 * 64, 10000, 20, (int32_t[]){0, 0, 0, 0, 0}, 40, 25051399261u);
    options.split = SPLIT_TEST;
    check_data(open_data(spec, &options), 3 * 64 * 64, 1000, 20, (int32_t[]){0, 0, 0, 0, 0}, 1000,
               674047285469u);
}

/* ---- IDX ---- */

static void idx_files_may_be_plain_or_compressed_and_named_with_a_dot(void **state)
{
    struct dataset_options options = input_of(1, 4, 5, "gray");
    static const char *const folders[] = {"plain", "packed"};
    uint8_t pixels[2][6 * 20], bytes[16 + 120], file[16 + 120];
    int32_t labels[2][6];

    put_idx("plain", "train", 6, 4, 5);
    for (int i = 0; i < 120; i++)
        bytes[i] = (uint8_t)(7 * (i / 20) + i % 20);
    size_t size = idx_bytes(file, 3, (uint32_t[]){6, 4, 5}, bytes, 120);
    put_packed("packed/train-images.idx3-ubyte.gz", true, &(struct member){"x", file, size}, 1);
    size = idx_bytes(file, 1, (uint32_t[]){6}, (uint8_t[]){0, 1, 2, 0, 1, 2}, 6);
    put_packed("packed/train-labels-idx1-ubyte.xz", true, &(struct member){"x", file, size}, 1);
    for (int i = 0; i < 2; i++) {
        struct dataset *dataset = open_data(in_scratch(folders[i]), &options);
        assert_int_equal(dataset_size(dataset), 6);
        assert_int_equal(dataset_class_count(dataset), 3);
        read_data(dataset, 0, 6, pixels[i], labels[i]);
        dataset_free(dataset);
    }
    assert_memory_equal(pixels[0], bytes, 120);
    assert_memory_equal(pixels[1], bytes, 120);
    assert_memory_equal(labels[0], labels[1], sizeof labels[0]);
}

static void idx_images_become_the_networks_size_and_channels(void **state)
{
    struct dataset_options options = input_of(3, 4, 4, "BGR");
    uint8_t pixels[48];
    int32_t label;

    put_idx("small", "train", 2, 2, 2);
    struct dataset *dataset = open_data(in_scratch("small"), &options);
    read_data(dataset, 1, 1, pixels, &label);
    assert_int_equal(pixels[0], 7); /* corners are the corners' pixels, repeated in each channel */
    assert_int_equal(pixels[15], 10);
    assert_memory_equal(pixels, pixels + 16, 16);
    assert_memory_equal(pixels, pixels + 32, 16);
    dataset_free(dataset);
}

static void idx_images_of_the_inputs_size_are_resized_where_a_short_side_asks(void **state)
{
    struct dataset_options options = input_of(1, 2, 2, "gray");
    uint8_t pixels[4];
    int32_t label;

    put_idx("sided", "train", 2, 2, 2);
    options.form.resize = (struct resize){RESIZE_SIDE, 4};
    struct dataset *dataset = open_data(in_scratch("sided"), &options);
    read_data(dataset, 1, 1, pixels, &label);
    /* Of 4 x 4 the middle: 7 8 / 9 10 at a quarter and three quarters of the way, 7.75 8.25 / 8.75 9.25. */
    assert_memory_equal(pixels, ((uint8_t[]){8, 8, 9, 9}), 4);
    dataset_free(dataset);
}

static void a_flat_input_takes_the_pixels_row_by_row(void **state)
{
    struct dataset_options options = input_of(6, 1, 1, "gray");
    uint8_t pixels[6];
    int32_t label;

    put_idx("flat", "train", 2, 2, 3);
    struct dataset *dataset = open_data(in_scratch("flat"), &options);
    read_data(dataset, 1, 1, pixels, &label);
    assert_memory_equal(pixels, ((uint8_t[]){7, 8, 9, 10, 11, 12}), 6);
    assert_int_equal(label, 1);
    dataset_free(dataset);
}

/* ---- CIFAR ---- */

static void cifar_pixels_follow_the_order_of_the_channels(void **state)
{
    static uint8_t record[3073];
    static uint8_t pixels[3072];
    int32_t label;

    record[0] = 7;
    memset(record + 1, 100, 1024);
    memset(record + 1 + 1024, 50, 1024);
    memset(record + 1 + 2048, 10, 1024);
    put_file("cifar/data_batch_1.bin", record, sizeof record);
    put_text("cifar/batches.meta.txt", "a\nb\n\n");
    struct dataset_options bgr = input_of(3, 32, 32, "BGR"), gray = input_of(1, 32, 32, "gray");
    struct dataset *dataset = open_data(in_scratch("cifar"), &bgr);
    read_data(dataset, 0, 1, pixels, &label);
    assert_int_equal(label, 7);
    assert_int_equal(pixels[0], 10);
    assert_int_equal(pixels[1024], 50);
    assert_int_equal(pixels[2048], 100);
    assert_string_equal(dataset_class_name(dataset, 1), "b");
    dataset_free(dataset);
    dataset = open_data(in_scratch("cifar"), &gray);
    read_data(dataset, 0, 1, pixels, &label);
    assert_int_equal(pixels[1023], 60); /* 29.9 + 29.35 + 1.14 */
    dataset_free(dataset);
}

static void cifar_pictures_of_the_inputs_size_are_resized_where_a_short_side_asks(void **state)
{
    static uint8_t record[3073];
    static uint8_t pixels[3072];
    struct dataset_options options = input_of(3, 32, 32, "RGB");
    int32_t label;

    memset(record + 1, 100, 3072);
    record[1] = 200; /* a corner, of which the middle of 64 x 64 shows nothing */
    put_file("sided-cifar/data_batch_1.bin", record, sizeof record);
    for (int side = 32; side <= 64; side += 32) {
        options.form.resize = (struct resize){RESIZE_SIDE, side};
        struct dataset *dataset = open_data(in_scratch("sided-cifar"), &options);
        read_data(dataset, 0, 1, pixels, &label);
        assert_int_equal(pixels[0], side == 32 ? 200 : 100);
        dataset_free(dataset);
    }
}

static void a_short_side_below_the_input_is_refused_at_once(void **state)
{
    struct dataset_options options = input_of(1, 2, 3, "gray");
    struct dataset *dataset;
    sned_error error;

    put_idx("low", "train", 1, 2, 2);
    options.form.resize = (struct resize){RESIZE_SIDE, 2};
    assert_int_equal(dataset_open(&dataset, in_scratch("low"), &options, &error), SNED_ERROR_FORMAT);
    assert_null(dataset);
}

static void cifar_batches_are_in_the_order_of_their_numbers(void **state)
{
    static uint8_t record[3073];
    struct dataset_options options = input_of(3, 32, 32, "RGB");
    char name[PATH_SIZE];
    uint8_t *pixels = malloc(11 * 3072);
    int32_t labels[11];

    for (int i = 1; i <= 11; i++) {
        record[0] = (uint8_t)(i % 10);
        snprintf(name, sizeof name, "eleven/data_batch_%d.bin", i);
        put_file(name, record, sizeof record);
    }
    struct dataset *dataset = open_data(in_scratch("eleven"), &options);
    read_data(dataset, 0, 11, pixels, labels);
    for (int i = 0; i < 11; i++)
        assert_int_equal(labels[i], (i + 1) % 10);
    dataset_free(dataset);
    free(pixels);
}

/* ---- pictures ---- */

/* The first pixel and the label of image `index`. */
static void check_image(struct dataset *dataset, uint32_t index, int pixel, int label)
{
    uint8_t pixels[64];
    int32_t read_label;

    read_data(dataset, index, 1, pixels, &read_label);
    assert_int_equal(pixels[0], pixel);
    assert_int_equal(read_label, label);
}

static void class_folders_are_numbered_by_name(void **state)
{
    struct dataset_options options = input_of(1, 8, 8, "gray");

    put_jpeg("pets/dog/1.jpg", 8, 30);
    put_jpeg("pets/cat/2.JPEG", 8, 20);
    put_jpeg("pets/cat/1.jpg", 8, 10);
    put_text("pets/readme.txt", "not a picture");
    struct dataset *dataset = open_data(in_scratch("pets/"), &options);
    assert_int_equal(dataset_size(dataset), 3);
    check_image(dataset, 0, 10, 0);
    check_image(dataset, 1, 20, 0);
    check_image(dataset, 2, 30, 1);
    assert_string_equal(dataset_class_name(dataset, 0), "cat");
    assert_string_equal(dataset_class_name(dataset, 1), "dog");
    dataset_free(dataset);
}

static void a_test_split_of_class_folders_takes_the_numbers_of_the_training_split(void **state)
{
    struct dataset_options options = input_of(1, 8, 8, "gray");

    options.split = SPLIT_TEST;
    put_jpeg("zoo/train/ape/1.jpg", 8, 1);
    put_jpeg("zoo/train/bear/1.jpg", 8, 2);
    put_jpeg("zoo/val/bear/1.jpg", 8, 90);
    struct dataset *dataset = open_data(in_scratch("zoo"), &options);
    assert_int_equal(dataset_size(dataset), 1);
    check_image(dataset, 0, 90, 1);
    assert_string_equal(dataset_class_name(dataset, 1), "bear");
    dataset_free(dataset);
}

static void class_folders_may_lie_in_a_tar_under_one_more_folder(void **state)
{
    struct dataset_options options = input_of(1, 8, 8, "gray");
    size_t sizes[2];
    unsigned char *a = gray_jpeg(8, 40, &sizes[0]), *b = gray_jpeg(8, 50, &sizes[1]);

    put_packed("set.tar.gz", false,
               (struct member[]){{"./set/two/b.jpg", b, sizes[1]}, {"./set/one/a.jpg", a, sizes[0]}}, 2);
    struct dataset *dataset = open_data(in_scratch("set.tar.gz"), &options);
    check_image(dataset, 0, 40, 0);
    check_image(dataset, 1, 50, 1);
    assert_string_equal(dataset_class_name(dataset, 1), "two");
    dataset_free(dataset);
    free(a);
    free(b);
}

static void a_labels_text_gives_order_and_labels(void **state)
{
    struct dataset_options options = input_of(1, 8, 8, "gray");

    put_jpeg("named/x y.jpg", 8, 11);
    put_jpeg("named/sub/z.jpg", 8, 22);
    put_jpeg("named/unnamed.jpg", 8, 33);
    put_text("named/labels.txt", "sub/z.jpg 4\r\n\n ./x y.jpg\t2");
    put_text("other.txt", "unnamed.jpg 0\n");
    put_text("named/classes.txt", "0 n01440764 tench\n1 bass\n2\n3 4 legs\n");
    options.label_offset = 1;
    struct dataset *dataset = open_data(in_scratch("named"), &options);
    assert_int_equal(dataset_size(dataset), 2);
    assert_int_equal(dataset_class_count(dataset), 6);
    check_image(dataset, 0, 22, 5);
    check_image(dataset, 1, 11, 3);
    assert_null(dataset_class_name(dataset, 0));
    assert_string_equal(dataset_class_name(dataset, 1), "tench");
    assert_string_equal(dataset_class_name(dataset, 2), "bass");
    assert_string_equal(dataset_class_name(dataset, 3), "2");
    assert_string_equal(dataset_class_name(dataset, 4), "4 legs");
    dataset_free(dataset);

    char spec[2 * PATH_SIZE];
    snprintf(spec, sizeof spec, "%s/named:%s/other.txt", scratch_folder, scratch_folder);
    options.label_offset = 0;
    dataset = open_data(spec, &options);
    check_image(dataset, 0, 33, 0);
    dataset_free(dataset);
}

/* ---- reading ---- */

static void pictures_without_labels_will_do_where_no_label_is_wanted(void **state)
{
    struct dataset_options options = input_of(1, 2, 2, "gray");
    uint8_t pixels[3 * 4];
    int32_t labels[3];

    put_jpeg("unlabelled/a.jpg", 2, 40);
    put_jpeg("unlabelled/b.jpg", 2, 80);
    put_jpeg("unlabelled/more/c.jpg", 2, 120);
    options.unlabelled = true;
    options.label_offset = -1; /* of a model; it would make a label of 0 impossible */
    struct dataset *dataset = open_data(in_scratch("unlabelled"), &options);
    assert_false(dataset_has_labels(dataset));
    assert_int_equal(dataset_size(dataset), 3);
    read_data(dataset, 0, 3, pixels, labels);
    for (int i = 0; i < 3; i++) {
        assert_in_range(pixels[4 * i], 40 * (i + 1) - 2, 40 * (i + 1) + 2);
        assert_int_equal(labels[i], 0);
    }
    dataset_free(dataset);
}

static void labels_that_are_there_are_taken_though_none_is_wanted(void **state)
{
    struct dataset_options options = input_of(1, 2, 2, "gray");

    put_jpeg("labelled/x/a.jpg", 2, 40);
    put_jpeg("labelled/y/b.jpg", 2, 80);
    options.unlabelled = true;
    struct dataset *dataset = open_data(in_scratch("labelled"), &options);
    assert_true(dataset_has_labels(dataset));
    assert_int_equal(dataset_class_count(dataset), 2);
    dataset_free(dataset);
}

static void beyond_the_budget_the_pixels_are_the_same(void **state)
{
    struct dataset_options options = input_of(3, 12, 12, "RGB");
    size_t size[3];
    uint8_t pixels[2][3 * 432];
    int32_t labels[2][3];
    unsigned char *jpeg[3];
    struct member members[3];
    static const char *const names[] = {"c/0.jpg", "a/1.jpg", "b/2.jpg"};

    for (int i = 0; i < 3; i++) {
        jpeg[i] = gray_jpeg(20 + i, 60 + i, &size[i]);
        members[i] = (struct member){names[i], jpeg[i], size[i]};
    }
    put_packed("budget.tar.xz", false, members, 3);
    for (int i = 0; i < 2; i++) {
        options.memory_budget = i ? 1 : 1 << 20;
        struct dataset *dataset = open_data(in_scratch("budget.tar.xz"), &options);
        for (int pass = 0; pass < 2; pass++) /* the second is from the cache where there is one */
            read_data(dataset, 0, 3, pixels[i], labels[i]);
        dataset_free(dataset);
    }
    assert_memory_equal(pixels[0], pixels[1], sizeof pixels[0]);
    assert_memory_equal(labels[0], labels[1], sizeof labels[0]);
    assert_int_equal(pixels[0][0], 61);
    for (int i = 0; i < 3; i++)
        free(jpeg[i]);
}

static void a_limit_takes_the_first_images(void **state)
{
    struct dataset_options options = input_of(1, 2, 2, "gray");
    uint8_t pixels[4];
    int32_t label;
    size_t got;
    sned_error error;

    options.limit = 3;
    put_idx("limit", "train", 9, 2, 2);
    struct dataset *dataset = open_data(in_scratch("limit"), &options);
    assert_int_equal(dataset_size(dataset), 3);
    assert_int_equal(dataset_read(dataset, (uint32_t[]){3}, 1, pixels, &label, &got, &error),
                     SNED_ERROR_ARGUMENT);
    assert_int_equal(dataset_read(dataset, NULL, 0, pixels, &label, &got, &error), SNED_OK);
    assert_int_equal(got, 0);
    dataset_free(dataset);
}

/* A tar of `count` one-grey JPEGs, image i of grey i % 200, those in `cut` [cuts] cut off; all of class 0. */
static void put_damaged(const char *name, int count, const int *cut, int cuts)
{
    struct member *members = calloc((size_t)count, sizeof *members);
    char(*names)[16] = calloc((size_t)count, sizeof *names);

    for (int i = 0; i < count; i++) {
        snprintf(names[i], sizeof names[i], "c/%03d.jpg", i);
        members[i].name = names[i];
        members[i].data = gray_jpeg(8, i % 200, &members[i].size);
        for (int k = 0; k < cuts; k++)
            if (cut[k] == i)
                members[i].size = 40;
    }
    put_packed(name, false, members, (size_t)count);
    for (int i = 0; i < count; i++)
        free((void *)members[i].data);
    free(members);
    free(names);
}

static void a_damaged_image_is_named_once_counted_and_left_out(void **state)
{
    char messages[MESSAGES_SIZE] = "";
    struct reporter reporter = {.message = keep_message, .argument = messages};
    struct dataset_options options = input_of(1, 8, 8, "gray");
    static const uint32_t indices[] = {3, 17, 4, 17};
    uint8_t pixels[4 * 64];
    int32_t labels[4];
    uint32_t which[4];
    size_t got;
    sned_error error;

    options.reporter = &reporter;
    put_damaged("one.tar", 100, (int[]){17}, 1);
    struct dataset *dataset = open_data(in_scratch("one.tar"), &options);
    assert_int_equal(dataset_damaged(dataset), 0);
    for (int pass = 0; pass < 2; pass++) {
        memset(pixels, 0, sizeof pixels);
        assert_int_equal(dataset_read_which(dataset, indices, 4, pixels, labels, which, &got, &error),
                         SNED_OK);
        assert_int_equal(got, 2);
        assert_int_equal(pixels[0], 3);
        assert_int_equal(pixels[64], 4);
        assert_int_equal(which[1], 4);
    }
    assert_int_equal(dataset_damaged(dataset), 1);
    char *first = strstr(messages, "c/017.jpg in ");
    assert_non_null(first);
    assert_null(strstr(first + 1, "c/017.jpg"));
    dataset_free(dataset);
}

static void more_than_one_percent_damaged_is_an_error(void **state)
{
    struct dataset_options options = input_of(1, 8, 8, "gray");
    static const uint32_t indices[] = {17, 5, 99};
    uint8_t pixels[3 * 64];
    int32_t labels[3];
    size_t got;
    sned_error error;

    put_damaged("two.tar", 100, (int[]){17, 99}, 2);
    struct dataset *dataset = open_data(in_scratch("two.tar"), &options);
    assert_int_equal(dataset_read(dataset, indices, 3, pixels, labels, &got, &error), SNED_ERROR_DATA);
    assert_int_equal(got, 0);
    assert_non_null(strstr(error.message, "2 of 100 images"));
    assert_non_null(strstr(error.message, "c/099.jpg"));
    dataset_free(dataset);
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
        cmocka_unit_test(mnist_opens_by_its_folder),
        cmocka_unit_test(cifar10_opens_by_its_folder),
        cmocka_unit_test(an_imagenet_tar_opens_by_its_path),
        cmocka_unit_test(pairs_of_train_and_val_are_both_splits),
        cmocka_unit_test(idx_files_may_be_plain_or_compressed_and_named_with_a_dot),
        cmocka_unit_test(idx_images_become_the_networks_size_and_channels),
        cmocka_unit_test(idx_images_of_the_inputs_size_are_resized_where_a_short_side_asks),
        cmocka_unit_test(a_flat_input_takes_the_pixels_row_by_row),
        cmocka_unit_test(cifar_pixels_follow_the_order_of_the_channels),
        cmocka_unit_test(cifar_pictures_of_the_inputs_size_are_resized_where_a_short_side_asks),
        cmocka_unit_test(a_short_side_below_the_input_is_refused_at_once),
        cmocka_unit_test(cifar_batches_are_in_the_order_of_their_numbers),
        cmocka_unit_test(class_folders_are_numbered_by_name),
        cmocka_unit_test(a_test_split_of_class_folders_takes_the_numbers_of_the_training_split),
        cmocka_unit_test(class_folders_may_lie_in_a_tar_under_one_more_folder),
        cmocka_unit_test(a_labels_text_gives_order_and_labels),
        cmocka_unit_test(pictures_without_labels_will_do_where_no_label_is_wanted),
        cmocka_unit_test(labels_that_are_there_are_taken_though_none_is_wanted),
        cmocka_unit_test(beyond_the_budget_the_pixels_are_the_same),
        cmocka_unit_test(a_limit_takes_the_first_images),
        cmocka_unit_test(a_damaged_image_is_named_once_counted_and_left_out),
        cmocka_unit_test(more_than_one_percent_damaged_is_an_error),
    };
    return cmocka_run_group_tests_name("dataset", tests, begin, end);
}
