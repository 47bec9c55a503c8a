/*
 * test_npz.c - sets of arrays, .npz files and folders: which array is what; reading and writing them.
 */
#include "tests/io/npy_files.h"

#include "io/sources/arrays.h"
#include "io/sources/npy_write.h"

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

/* ---- which array is what ---- */

static void check_choice(const char *names, enum split split, const char *samples, const char *labels)
{
    static const float one[1] = {1};
    char name[PATH_SIZE], file[PATH_SIZE];
    struct array_set set;
    struct array_choice choice;
    sned_error error = {0};
    static int folder;

    folder++;
    for (const char *at = names; *at; at += strspn(at, " ")) {
        size_t length = strcspn(at, " ");
        snprintf(name, sizeof name, "names%d/%.*s.npy", folder, (int)length, at);
        put_npy(name, "<f4", "(1,)", one, sizeof one);
        at += length;
    }
    snprintf(file, sizeof file, "names%d", folder);
    assert_int_equal(array_set_open(&set, in_scratch(file), NULL), SNED_OK);
    sned_status status = array_set_choose(&choice, &set, split, &error);
    if (!samples) {
        assert_true(status != SNED_OK || !choice.samples);
    } else {
        if (status != SNED_OK || !choice.samples)
            fail_msg("%s: %s", names, error.message);
        assert_string_equal(choice.samples, samples);
        assert_true(!labels == !choice.labels && (!labels || !strcmp(labels, choice.labels)));
    }
    array_set_free(&set);
}

static void usual_names_say_which_array_is_what(void **state)
{
    check_choice("x y", SPLIT_TRAIN, "x", "y");
    check_choice("data target", SPLIT_TEST, "data", "target");
    check_choice("images labels other", SPLIT_TEST, "images", "labels");
    check_choice("X_train y_train X_test y_test", SPLIT_TRAIN, "X_train", "y_train");
    check_choice("X_train y_train X_test y_test", SPLIT_TEST, "X_test", "y_test");
    check_choice("train_images train_labels val_images val_labels test_images test_labels", SPLIT_TEST,
                 "test_images", "test_labels");
    check_choice("xtrain ytrain xval yval", SPLIT_TEST, "xval", "yval");
    check_choice("x_train y_train", SPLIT_TEST, "x_train", "y_train");
    check_choice("x_test y_test", SPLIT_TRAIN, "x_test", "y_test");
    check_choice("train_x train_y test_x", SPLIT_TEST, "test_x", NULL);
}

static void names_that_can_be_read_two_ways_are_refused(void **state)
{
    check_choice("x images y", SPLIT_TRAIN, NULL, NULL);
    check_choice("x y labels", SPLIT_TRAIN, NULL, NULL);
    check_choice("x x_test y", SPLIT_TRAIN, NULL, NULL);
    check_choice("first second", SPLIT_TRAIN, NULL, NULL);
}

static void a_folder_of_arrays_has_its_splits(void **state)
{
    struct dataset_options options = values_of(4, 1, 1);

    put_three("splits/x_train.npy", "splits/y_train.npy");
    put_npy("splits/x_test.npy", "<f4", "(1, 4)", TWELVE, 16);
    put_npy("splits/y_test.npy", "|u1", "(1, 1)", (uint8_t[]){1}, 1);
    check_three("splits", &options);
    options.split = SPLIT_TEST;
    struct dataset *dataset = open_data(in_scratch("splits"), &options);
    assert_int_equal(dataset_size(dataset), 1);
    assert_string_equal(dataset_split_name(dataset), "test");
    dataset_free(dataset);
}

/* ---- .npz ---- */

struct npz_member {
    const char *name, *descr, *shape;
    const void *data;
    size_t size;
};

/* As numpy.savez and, deflated, numpy.savez_compressed write it. */
static void put_npz(const char *name, bool deflated, const struct npz_member *members, size_t count)
{
    struct archive *archive = archive_write_new();
    uint8_t bytes[NPY_SPACE];
    char text[256];

    archive_write_set_format_zip(archive);
    deflated ? archive_write_zip_set_compression_deflate(archive)
             : archive_write_zip_set_compression_store(archive);
    put_file(name, "", 0);
    assert_int_equal(archive_write_open_filename(archive, in_scratch(name)), ARCHIVE_OK);
    for (size_t i = 0; i < count; i++) {
        struct archive_entry *entry = archive_entry_new();
        snprintf(text, sizeof text, "{'descr': '%s', 'fortran_order': False, 'shape': %s, }",
                 members[i].descr, members[i].shape);
        size_t size = npy_bytes(bytes, 1, text, members[i].data, members[i].size);
        snprintf(text, sizeof text, "%s.npy", members[i].name);
        archive_entry_set_pathname(entry, text);
        archive_entry_set_size(entry, (int64_t)size);
        archive_entry_set_filetype(entry, AE_IFREG);
        archive_entry_set_perm(entry, 0600);
        assert_int_equal(archive_write_header(archive, entry), ARCHIVE_OK);
        assert_int_equal(archive_write_data(archive, bytes, size), size);
        archive_entry_free(entry);
    }
    assert_int_equal(archive_write_close(archive), ARCHIVE_OK);
    archive_write_free(archive);
}

static void put_three_npz(const char *name, bool deflated, const char *samples, const char *labels)
{
    const struct npz_member members[2] = {{samples, "<f4", "(3, 4)", TWELVE, sizeof TWELVE},
                                          {labels, "<i8", "(3,)", LABELS, sizeof LABELS}};
    put_npz(name, deflated, members, 2);
}

static void npz_is_read_stored_and_deflated(void **state)
{
    struct dataset_options options = values_of(4, 1, 1);

    for (int deflated = 0; deflated < 2; deflated++) {
        put_three_npz("a.npz", deflated, "x", "y");
        check_three("a.npz", &options);
        check_three("a.npz:x,y", &options);
        put_three_npz("a.npz", deflated, "arr_0", "arr_1");
        check_three("a.npz", &options);
        put_three_npz("a.npz", deflated, "first", "second");
        check_three("a.npz:first,second", &options);
        check_data_refused("a.npz", &options, "It holds first, second; name them: FILE.npz:SAMPLES,LABELS");
        check_data_refused("a.npz:third", &options, "holds no array 'third'; it holds first, second");
    }
}

static void a_folder_is_the_npz_in_it_or_the_split_of_two(void **state)
{
    struct dataset_options options = values_of(4, 1, 1);
    const struct npz_member other = {"x", "<f4", "(1, 4)", TWELVE, 16};

    put_three_npz("lone/mnist.npz", true, "x", "y");
    check_three("lone", &options);
    put_three_npz("pair/train.npz", true, "x", "y");
    put_npz("pair/test.npz", true, &other, 1);
    check_three("pair", &options);
    options.split = SPLIT_TEST;
    options.unlabelled = true;
    struct dataset *dataset = open_data(in_scratch("pair"), &options);
    assert_int_equal(dataset_size(dataset), 1);
    assert_string_equal(dataset_split_name(dataset), "test");
    dataset_free(dataset);
}

static void npz_that_fits_no_memory_goes_through_a_file(void **state)
{
    struct dataset_options options = values_of(4, 1, 1);

    options.memory_budget = 16;
    put_three_npz("a.npz", true, "x", "y");
    check_three("a.npz", &options);
}

static void npz_cut_short_or_changed_is_refused_or_the_same(void **state)
{
    struct dataset_options options = values_of(4, 1, 1);
    uint8_t whole[NPY_SPACE], bytes[NPY_SPACE];
    float values[12];
    int32_t labels[3];
    size_t got;

    for (int deflated = 0; deflated < 2; deflated++) {
        put_three_npz("a.npz", deflated, "x", "y");
        FILE *stream = fopen(in_scratch("a.npz"), "rb");
        size_t size = fread(whole, 1, sizeof whole, stream);
        fclose(stream);
        for (size_t i = 0; i < 2 * size; i += 3) {
            struct dataset *dataset;
            memcpy(bytes, whole, size);
            bytes[i % size] ^= 0x15;
            put_file("a.npz", i < size ? bytes : whole, i < size ? size : i - size);
            if (dataset_open(&dataset, in_scratch("a.npz"), &options, NULL) != SNED_OK)
                continue;
            read_data(dataset, 0, 3, (uint8_t *)values, labels);
            assert_memory_equal(values, TWELVE, sizeof values);
            assert_int_equal(dataset_read(dataset, (uint32_t[]){0}, 1, values, labels, &got, NULL), SNED_OK);
            dataset_free(dataset);
        }
    }
}

static void npz_with_a_name_twice_is_refused(void **state)
{
    struct dataset_options options = values_of(4, 1, 1);

    put_three_npz("a.npz", false, "x", "x");
    check_data_refused("a.npz", &options, "holds x.npy twice");
    put_npz("a.npz", false, NULL, 0);
    check_data_refused("a.npz", &options, "holds no arrays");
}

/* ---- out ---- */

static const struct npy_output ARRAYS[2] = {
    {.name = "scores \xc3\xa9",
     .descr = "<f4",
     .rank = 2,
     .dim = {3, 4},
     .data = TWELVE,
     .size = sizeof TWELVE},
    {.name = "y", .descr = "<i8", .rank = 1, .dim = {3}, .data = LABELS, .size = sizeof LABELS}};

static void put_output(const char *name, bool npz)
{
    struct output output;

    assert_int_equal(sned_output_open(&output, in_scratch(name), NULL), SNED_OK);
    assert_int_equal(npz ? npz_write(&output, ARRAYS, 2, NULL) : npy_write(&output, ARRAYS, NULL), SNED_OK);
    assert_int_equal(sned_output_commit(&output, NULL), SNED_OK);
}

static void what_is_written_is_read_again(void **state)
{
    struct dataset_options options = values_of(4, 1, 1);
    struct array_set set;

    put_output("out.npz", true);
    put_output("out.npy", false);
    assert_int_equal(array_set_open(&set, in_scratch("out.npz"), NULL), SNED_OK);
    assert_int_equal(set.names.count, 2);
    assert_string_equal(set.names.names[0], "scores \xc3\xa9");
    array_set_free(&set);
    check_three("out.npz:scores \xc3\xa9,y", &options);
    put_npy("y.npy", "<i8", "(3,)", LABELS, sizeof LABELS);
    check_three("out.npy:y.npy", &options);
}

/* The time in a zip is that of its first day, 1 January 1980: APPNOTE 4.4.6. */
static void what_is_written_has_no_time(void **state)
{
    uint8_t bytes[14];

    put_output("out.npz", true);
    FILE *stream = fopen(in_scratch("out.npz"), "rb");
    assert_int_equal(fread(bytes, 1, sizeof bytes, stream), sizeof bytes);
    fclose(stream);
    assert_memory_equal(bytes, "PK\3\4", 4);
    assert_memory_equal(bytes + 10, "\0\0\x21\0", 4);
}

/* os.fsdecode(b"a\xff\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xed\xa0\x80\xc0\xaf") of Python. */
static void texts_are_pythons(void **state)
{
    static const uint32_t wanted[] = {'a',    0xdcff, 0xe9,   0x20ac, 0x1f600,
                                      0xdced, 0xdca0, 0xdc80, 0xdcc0, 0xdcaf};
    uint32_t *letters;
    size_t length;

    assert_int_equal(
        npy_texts(&letters, &length,
                  (const char *const[]){"a\xff\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xed\xa0\x80\xc0\xaf", "b"},
                  2, NULL),
        SNED_OK);
    assert_int_equal(length, 10);
    assert_memory_equal(letters, wanted, sizeof wanted);
    assert_true(letters[10] == 'b' && letters[11] == 0 && letters[19] == 0);
    free(letters);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(usual_names_say_which_array_is_what),
        cmocka_unit_test(names_that_can_be_read_two_ways_are_refused),
        cmocka_unit_test(a_folder_of_arrays_has_its_splits),
        cmocka_unit_test(npz_is_read_stored_and_deflated),
        cmocka_unit_test(a_folder_is_the_npz_in_it_or_the_split_of_two),
        cmocka_unit_test(npz_that_fits_no_memory_goes_through_a_file),
        cmocka_unit_test(npz_cut_short_or_changed_is_refused_or_the_same),
        cmocka_unit_test(npz_with_a_name_twice_is_refused),
        cmocka_unit_test(what_is_written_is_read_again),
        cmocka_unit_test(what_is_written_has_no_time),
        cmocka_unit_test(texts_are_pythons),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
