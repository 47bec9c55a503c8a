/*
 * test_dataset_bad.c - data sets that are cut off, renamed, empty or contradict themselves: each is refused
 * with one line that names the file.
 */
#include "tests/io/data_files.h"

/* Opening `spec` (in the scratch folder) fails with `status`, and the message holds each of the words. */
static void check_refused_as(const char *spec, const struct dataset_options *options, sned_status status,
                             const char *first, const char *second)
{
    struct dataset *dataset = (struct dataset *)1;
    sned_error error = {0};

    sned_status got = dataset_open(&dataset, in_scratch(spec), options, &error);
    if (got != status || !strstr(error.message, first) || (second && !strstr(error.message, second)))
        fail_msg("%s: status %d instead of %d, \"%s\" lacks \"%s\" or \"%s\"", spec, got, status,
                 error.message, first, second ? second : "");
    assert_null(dataset);
    assert_null(strchr(error.message, '\n'));
}

static void check_refused(const char *spec, sned_status status, const char *first, const char *second)
{
    struct dataset_options options = input_of(1, 2, 2, "gray");

    check_refused_as(spec, &options, status, first, second);
}

/* ---- IDX ---- */

enum { IDX_IMAGES = 16 + 12 };

/* FOLDER with three images of 2 x 2 and three labels, its images file replaced by `size` bytes. */
static void check_bad_idx(const char *folder, const uint8_t *images, size_t size, sned_status status,
                          const char *word)
{
    char name[PATH_SIZE];

    put_idx(folder, "train", 3, 2, 2);
    snprintf(name, sizeof name, "%s/train-images-idx3-ubyte", folder);
    put_file(name, images, size);
    check_refused(folder, status, "train-images-idx3-ubyte: ", word);
}

static void idx_files_must_hold_what_their_header_announces(void **state)
{
    uint8_t good[IDX_IMAGES + 1] = {0}, bad[IDX_IMAGES + 1], data[12] = {0};

    assert_int_equal(idx_bytes(good, 3, (uint32_t[]){3, 2, 2}, data, 12), IDX_IMAGES);
    check_bad_idx("idx0", good, 0, SNED_ERROR_TRUNCATED, "0 bytes");
    check_bad_idx("idx1", good, 15, SNED_ERROR_TRUNCATED, "header");
    check_bad_idx("idx2", good, IDX_IMAGES - 1, SNED_ERROR_TRUNCATED,
                  "announces 12 bytes after its header but holds 11");
    check_bad_idx("idx3", good, IDX_IMAGES + 1, SNED_ERROR_FORMAT, "holds 13");
    idx_bytes(bad, 3, (uint32_t[]){0, 2, 2}, data, 0);
    check_bad_idx("idx4", bad, 16, SNED_ERROR_DATA, "no images");
    idx_bytes(bad, 3, (uint32_t[]){UINT32_MAX, UINT32_MAX, UINT32_MAX}, data, 12);
    check_bad_idx("idx5", bad, IDX_IMAGES, SNED_ERROR_FORMAT, "more bytes than there can be");
    idx_bytes(bad, 3, (uint32_t[]){12, 1, UINT32_MAX}, data, 12);
    check_bad_idx("idx6", bad, IDX_IMAGES, SNED_ERROR_TRUNCATED, "announces");
    idx_bytes(bad, 3, (uint32_t[]){1, 0, 4}, data, 0);
    check_bad_idx("idx7", bad, 16, SNED_ERROR_FORMAT, "images of 4 x 0");
    memcpy(bad, good, sizeof bad);
    bad[0] = 'P';
    check_bad_idx("idx8", bad, IDX_IMAGES, SNED_ERROR_FORMAT, "not an IDX file");
    memcpy(bad, good, sizeof bad);
    bad[2] = 0x0d;
    check_bad_idx("idx9", bad, IDX_IMAGES, SNED_ERROR_UNSUPPORTED, "type 0x0d");
}

static void a_labels_file_in_the_place_of_the_images_is_told(void **state)
{
    uint8_t labels[] = {0, 0, 8, 1, 0, 0, 0, 3, 0, 1, 2, 0, 0, 0, 0, 0};

    check_bad_idx("swapped", labels, sizeof labels, SNED_ERROR_UNSUPPORTED, "1 dimensions");
}

static void idx_counts_must_agree(void **state)
{
    uint8_t labels[] = {0, 0, 8, 1, 0, 0, 0, 2, 0, 1};

    put_idx("counts", "train", 3, 2, 2);
    put_file("counts/train-labels-idx1-ubyte", labels, sizeof labels);
    check_refused("counts", SNED_ERROR_DATA, "3 images", "2 labels");
}

static void a_missing_idx_file_is_named(void **state)
{
    struct dataset_options test = input_of(1, 2, 2, "gray");

    put_idx("missing", "train", 3, 2, 2);
    test.split = SPLIT_TEST;
    check_refused_as("missing", &test, SNED_ERROR_DATA, "t10k-images-idx3-ubyte", "missing");
    assert_int_equal(unlink(in_scratch("missing/train-labels-idx1-ubyte")), 0);
    check_refused("missing", SNED_ERROR_DATA, "train-labels-idx1-ubyte", "missing");
}

static void a_damaged_gzip_file_is_named(void **state)
{
    uint8_t packed[4096], noise[2000], file[2100];

    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (uint8_t)(i * i * 31 >> 5);
    put_idx("gz", "train", 3, 2, 2);
    size_t size = idx_bytes(file, 3, (uint32_t[]){20, 10, 10}, noise, sizeof noise);
    put_packed("gz/t10k-images-idx3-ubyte.gz", true, &(struct member){"x", file, size}, 1);
    FILE *stream = fopen(in_scratch("gz/t10k-images-idx3-ubyte.gz"), "rb");
    size = fread(packed, 1, sizeof packed, stream);
    fclose(stream);
    put_file("gz/train-images-idx3-ubyte.gz", packed, size / 2);
    assert_int_equal(unlink(in_scratch("gz/train-images-idx3-ubyte")), 0);
    check_refused("gz", SNED_ERROR_TRUNCATED, "train-images-idx3-ubyte.gz: ", NULL);
    memset(packed + size / 3, 0x55, 200);
    put_file("gz/train-images-idx3-ubyte.gz", packed, size);
    struct dataset_options options = input_of(1, 2, 2, "gray");
    struct dataset *dataset;
    sned_error error = {0};
    assert_int_not_equal(dataset_open(&dataset, in_scratch("gz"), &options, &error), SNED_OK);
    assert_non_null(strstr(error.message, "train-images-idx3-ubyte.gz"));
    put_file("gz/train-images-idx3-ubyte.gz", packed, 3); /* the magic alone */
    check_refused("gz", SNED_ERROR_TRUNCATED, "train-images-idx3-ubyte.gz: ", NULL);
}

/* ---- CIFAR ---- */

static void cifar_batches_must_be_whole_records_of_known_classes(void **state)
{
    static uint8_t records[2 * 3073];
    struct dataset_options options = input_of(3, 32, 32, "RGB");

    put_file("cifar/data_batch_1.bin", records, 3073);
    put_file("cifar/data_batch_2.bin", records, sizeof records - 5);
    check_refused_as("cifar", &options, SNED_ERROR_TRUNCATED, "data_batch_2.bin: 6141 bytes", "cut off");
    put_file("cifar/data_batch_2.bin", records, 0);
    check_refused_as("cifar", &options, SNED_ERROR_DATA, "data_batch_2.bin: ", "no images");
    records[3073] = 10;
    put_file("cifar/data_batch_2.bin", records, sizeof records);
    check_refused_as("cifar", &options, SNED_ERROR_DATA, "data_batch_2.bin: record 1", "label 10");
    options.split = SPLIT_TEST;
    check_refused_as("cifar", &options, SNED_ERROR_DATA, "test_batch.bin", "missing");
}

/* ---- labels ---- */

static void labels_out_of_range_are_named_with_their_place(void **state)
{
    struct dataset_options options = input_of(1, 2, 2, "gray");
    static uint8_t record[3073] = {9};

    put_idx("range", "train", 3, 2, 2);
    options.classes = 2;
    check_refused_as("range", &options, SNED_ERROR_DATA, "train-labels-idx1-ubyte: label of image 2 is 2",
                     "0 to 1");
    options.classes = 3;
    options.label_offset = -1;
    check_refused_as("range", &options, SNED_ERROR_DATA, "label of image 0 is -1", NULL);
    put_file("range_cifar/data_batch_1.bin", record, sizeof record);
    options.label_offset = 0;
    options.classes = 9;
    check_refused_as("range_cifar", &options, SNED_ERROR_DATA, "data_batch_1.bin: record 0", "is 9");
    put_jpeg("range_text/a.jpg", 2, 0);
    put_text("range_text/labels.txt", "\na.jpg 9\n");
    check_refused_as("range_text", &options, SNED_ERROR_DATA, "labels.txt:2: ", "a.jpg is 9");
}

static void bad_lines_of_a_labels_text_are_named(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"a.jpg 0\nb.jpg\n", "labels.txt:2: \"b.jpg\" is not \"NAME LABEL\""},
        {"a.jpg -1\n", "labels.txt:1: \"a.jpg -1\""},
        {"a.jpg x\n", "labels.txt:1: \"a.jpg x\""},
        {"a.jpg 1x\n", "labels.txt:1: "},
        {"a.jpg 1048576\n", "labels.txt:1: "},
        {"a.jpg 99999999999999999999\n", "labels.txt:1: "},
        {"  7\n", "labels.txt:1: "},
        {"a.jpg 0\n\na.jpg 1\n", "labels.txt:3: \"a.jpg\" has a label already, from line 1"},
        {"a.jpg 0\nnot-there.jpg 0\n", "labels.txt:2: there is no file not-there.jpg"},
        {"", "labels.txt: no labels"},
        {" \n\n", "labels.txt: no labels"},
    };

    put_jpeg("lines/a.jpg", 2, 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put_text("lines/labels.txt", cases[i].text);
        check_refused("lines", SNED_ERROR_DATA, cases[i].message, NULL);
    }
    put_file("lines/labels.txt", "a.jpg 0\0\n", 9);
    check_refused("lines", SNED_ERROR_FORMAT, "labels.txt: not a text", NULL);
}

/* ---- tars and folders ---- */

static void what_is_no_tar_is_told(void **state)
{
    static const uint8_t zeros[10240];

    put_text("text.tar", "this is no tar, whatever it is called, and it is long enough to be one");
    check_refused("text.tar", SNED_ERROR_FORMAT, "text.tar: not a tar", NULL);
    put_text("empty.tar", "");
    check_refused("empty.tar", SNED_ERROR_DATA, "empty.tar: no images", NULL);
    put_file("zeros.tar", zeros, sizeof zeros);
    check_refused("zeros.tar", SNED_ERROR_DATA, "zeros.tar: no images", NULL);
    put_packed("readme.tar", false, &(struct member){"c/readme.txt", "hello", 5}, 1);
    check_refused("readme.tar", SNED_ERROR_DATA, "readme.tar: no images", NULL);
}

static void a_tar_that_is_cut_off_names_the_file_inside(void **state)
{
    static uint8_t content[5000], tar[20000];

    put_packed("whole.tar", false, &(struct member){"c/long.jpg", content, sizeof content}, 1);
    FILE *stream = fopen(in_scratch("whole.tar"), "rb");
    size_t size = fread(tar, 1, sizeof tar, stream);
    fclose(stream);
    assert_true(size > 6000);
    put_file("cut.tar", tar, 3000);
    check_refused("cut.tar", SNED_ERROR_TRUNCATED, "cut.tar: ", "c/long.jpg");
    put_packed("whole.tar.xz", false, &(struct member){"c/long.jpg", content, sizeof content}, 1);
    stream = fopen(in_scratch("whole.tar.xz"), "rb");
    size = fread(tar, 1, sizeof tar, stream);
    fclose(stream);
    put_file("cut.tar.xz", tar, size / 2);
    check_refused("cut.tar.xz", SNED_ERROR_TRUNCATED, "cut.tar.xz: ", NULL);
}

static void pictures_need_a_label_from_somewhere(void **state)
{
    put_jpeg("loose/a.jpg", 2, 0);
    check_refused("loose", SNED_ERROR_DATA, "a.jpg lies in no class folder", "labels.txt");
    put_text("nothing/readme", "");
    check_refused("nothing", SNED_ERROR_DATA, "nothing: no images", NULL);
    put_jpeg("splits/train/a/1.jpg", 2, 0);
    put_jpeg("splits/val/b/1.jpg", 2, 0);
    struct dataset_options test = input_of(1, 2, 2, "gray");
    test.split = SPLIT_TEST;
    check_refused_as("splits", &test, SNED_ERROR_DATA, "splits/val: the class folder b", "training split");
}

static void a_folder_of_several_tars_asks_for_one(void **state)
{
    put_text("several/a.tar", "");
    put_text("several/b.tar.xz", "");
    check_refused("several", SNED_ERROR_ARGUMENT, "a.tar, b.tar.xz", "name one");
}

static void what_is_not_there_is_named(void **state)
{
    put_text("a.jpg", "");
    put_packed("pair.tar", false, &(struct member){"a.jpg", "x", 1}, 1);
    check_refused("absent", SNED_ERROR_IO, "absent: there is no data set", NULL);
    check_refused("absent:labels.txt", SNED_ERROR_IO, "labels.txt", NULL);
    check_refused("pair.tar:absent.txt", SNED_ERROR_IO, "there is no labels text absent.txt", NULL);
    check_refused("a.jpg", SNED_ERROR_ARGUMENT, "a.jpg is no data set", "folder");
}

/* ---- networks that the images do not fit ---- */

static void a_network_that_takes_no_such_images_is_refused(void **state)
{
    struct dataset_options options = input_of(5, 2, 2, "RGB");

    put_idx("fit", "train", 3, 2, 2);
    check_refused_as("fit", &options, SNED_ERROR_SHAPE, "[5][2][2]", "RGB");
    options = input_of(3, 2, 2, "gray");
    check_refused_as("fit", &options, SNED_ERROR_SHAPE, "[3][2][2]", "gray");
    options = input_of(1, 2, 0, "gray");
    check_refused_as("fit", &options, SNED_ERROR_SHAPE, "[1][2][0]", NULL);
    options = input_of(1 << 20, 1 << 20, 1 << 26, "gray");
    check_refused_as("fit", &options, SNED_ERROR_SHAPE, "cannot be filled", NULL);
    options = input_of(3, 2, 2, "CMYK");
    check_refused_as("fit", &options, SNED_ERROR_ARGUMENT, "\"CMYK\"", "RGB, BGR, gray");
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
        cmocka_unit_test(idx_files_must_hold_what_their_header_announces),
        cmocka_unit_test(a_labels_file_in_the_place_of_the_images_is_told),
        cmocka_unit_test(idx_counts_must_agree),
        cmocka_unit_test(a_missing_idx_file_is_named),
        cmocka_unit_test(a_damaged_gzip_file_is_named),
        cmocka_unit_test(cifar_batches_must_be_whole_records_of_known_classes),
        cmocka_unit_test(labels_out_of_range_are_named_with_their_place),
        cmocka_unit_test(bad_lines_of_a_labels_text_are_named),
        cmocka_unit_test(what_is_no_tar_is_told),
        cmocka_unit_test(a_tar_that_is_cut_off_names_the_file_inside),
        cmocka_unit_test(pictures_need_a_label_from_somewhere),
        cmocka_unit_test(a_folder_of_several_tars_asks_for_one),
        cmocka_unit_test(what_is_not_there_is_named),
        cmocka_unit_test(a_network_that_takes_no_such_images_is_refused),
    };
    return cmocka_run_group_tests_name("dataset_bad", tests, begin, end);
}
