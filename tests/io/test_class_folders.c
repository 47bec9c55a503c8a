/*
 * test_class_folders.c - which class each folder of pictures is: their order, names that are known, splits,
 * and what is said of files that are left out.
 *
 * Orders expected are those of Python's sorted(entry.name for entry in os.scandir(place)), which
 * torchvision's ImageFolder takes.
 */
#include "tests/io/data_files.h"

static char messages[MESSAGES_SIZE];
static const struct reporter reporter = {.message = keep_message, .argument = messages};

static struct dataset_options gray_options(void)
{
    struct dataset_options options = input_of(1, 8, 8, "gray");

    messages[0] = 0;
    options.reporter = &reporter;
    return options;
}

/* The classes' names, in their order. */
static void check_names(const struct dataset *dataset, const char *const *names, int count)
{
    for (int i = 0; i < count; i++)
        assert_string_equal(dataset_class_name(dataset, i), names[i]);
    assert_null(dataset_class_name(dataset, count));
}

/* The images' greys and labels, [count], in the set's order; frees the set. */
static void check_images(struct dataset *dataset, const int *grays, const int *expected, size_t count)
{
    uint8_t *pixels = malloc(count * 64);
    int32_t *labels = malloc(count * sizeof *labels);

    assert_int_equal(dataset_size(dataset), count);
    read_data(dataset, 0, count, pixels, labels);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(pixels[64 * i], grays[i]);
        assert_int_equal(labels[i], expected[i]);
    }
    free(pixels);
    free(labels);
    dataset_free(dataset);
}

static void check_said(const char *words)
{
    if (!strstr(messages, words))
        fail_msg("\"%s\" was not said, but \"%s\"", words, messages);
}

static void check_refused_as(const char *spec, const struct dataset_options *options, sned_status status,
                             const char *words)
{
    struct dataset *dataset;
    sned_error error = {0};

    assert_int_equal(dataset_open(&dataset, in_scratch(spec), options, &error), status);
    if (!strstr(error.message, words))
        fail_msg("\"%s\" is not said in \"%s\"", words, error.message);
    assert_null(strchr(error.message, '\n'));
}

static void check_refused(const char *spec, const struct dataset_options *options, const char *words)
{
    check_refused_as(spec, options, SNED_ERROR_DATA, words);
}

/* ---- order ---- */

static void folders_are_numbered_by_their_names_as_bytes(void **state)
{
    struct dataset_options options = gray_options();

    put_jpeg("bytes/apple/1.jpg", 8, 10);
    put_jpeg("bytes/Pear Abate/1.jpg", 8, 20);
    put_jpeg("bytes/Pear/1.jpg", 8, 30);
    put_jpeg("bytes/Zucchini/1.jpg", 8, 40);
    put_jpeg("bytes/Pear.2/1.jpg", 8, 50);
    put_jpeg("bytes/\xc3\x84pfel/1.jpg", 8, 60);
    struct dataset *dataset = open_data(in_scratch("bytes"), &options);
    check_names(dataset,
                (const char *[]){"Pear", "Pear Abate", "Pear.2", "Zucchini", "apple", "\xc3\x84pfel"}, 6);
    check_images(dataset, (int[]){20, 50, 30, 40, 10, 60}, (int[]){1, 2, 0, 3, 4, 5}, 6);
    assert_string_equal(messages, "");
}

static void numbers_for_names_are_numbered_as_texts_and_that_is_said(void **state)
{
    struct dataset_options options = gray_options();

    put_jpeg("digits/1/a.jpg", 8, 10);
    put_jpeg("digits/2/a.jpg", 8, 20);
    put_jpeg("digits/10/a.jpg", 8, 30);
    dataset_free(open_data(in_scratch("digits"), &options));
    check_said("10 is class 1");
    put_jpeg("padded/01/a.jpg", 8, 10);
    put_jpeg("padded/10/a.jpg", 8, 20);
    messages[0] = 0;
    dataset_free(open_data(in_scratch("padded"), &options));
    assert_string_equal(messages, "");
}

static void a_folder_is_a_class_whatever_lies_in_it(void **state)
{
    struct dataset_options options = gray_options();

    put_jpeg("whatever/a/1.jpg", 8, 10);
    put_text("whatever/b/1.webp", "RIFF");
    put_text("whatever/b/2.WEBP", "RIFF");
    put_text("whatever/b/3.bmp", "BM");
    put_folder("whatever/c");
    put_jpeg("whatever/d/deep/1.jpg", 8, 40);
    put_text("whatever/readme.md", "not in a class");
    struct dataset *dataset = open_data(in_scratch("whatever"), &options);
    check_names(dataset, (const char *[]){"a", "b", "c", "d"}, 4);
    assert_int_equal(dataset_ignored(dataset), 3);
    check_images(dataset, (int[]){10, 40}, (int[]){0, 3}, 2);
    check_said("3 files that are no JPEG or PNG are left out: .webp 2, .bmp 1\n");
    check_said("no pictures in 2 of 4 class folders (b, c)\n");
}

static void a_folder_in_a_tar_is_a_class_also_by_its_entry_alone(void **state)
{
    struct dataset_options options = gray_options();
    size_t size;
    unsigned char *jpeg = gray_jpeg(8, 90, &size);

    put_packed("entry.tar", false,
               (struct member[]){{"./set/", NULL, 0},
                                 {"./set/a/", NULL, 0},
                                 {"./set/c/1.jpg", jpeg, size},
                                 {"./set/c/._1.jpg", "\0\5\26\7", 4},
                                 {"./set/b/1.gif", "GIF8", 4},
                                 {"./__MACOSX/set/c/._1.jpg", "\0\5\26\7", 4}},
               6);
    struct dataset *dataset = open_data(in_scratch("entry.tar"), &options);
    check_names(dataset, (const char *[]){"a", "b", "c"}, 3);
    assert_int_equal(dataset_ignored(dataset), 1);
    check_images(dataset, (int[]){90}, (int[]){2}, 1);
    check_said("1 file that is no JPEG or PNG is left out: .gif 1\n");
    free(jpeg);
}

static void a_picture_that_is_a_link_in_a_tar_is_refused(void **state)
{
    struct dataset_options options = gray_options();
    size_t size;
    unsigned char *jpeg = gray_jpeg(8, 90, &size);

    put_packed("links.tar", false,
               (struct member[]){{"a/1.jpg", jpeg, size}, {"b/README", NULL, 0}, {"b/1.jpg", jpeg, size}}, 3);
    check_images(open_data(in_scratch("links.tar"), &options), (int[]){90, 90}, (int[]){0, 1}, 2);
    put_packed("links.tar", false,
               (struct member[]){{"a/1.jpg", jpeg, size}, {"b/1.jpg", NULL, 0}, {"b/2.jpg", jpeg, size}}, 3);
    check_refused_as("links.tar", &options, SNED_ERROR_UNSUPPORTED, "b/1.jpg is a link");
    free(jpeg);
}

static void what_systems_leave_behind_is_neither_class_nor_file(void **state)
{
    struct dataset_options options = gray_options();

    put_jpeg("left/a/1.jpg", 8, 10);
    put_text("left/a/Thumbs.db", "");
    put_text("left/a/.DS_Store", "");
    put_text("left/__MACOSX/a/1.jpg", "");
    put_text("left/.ipynb_checkpoints/x.jpg", "");
    put_text("left/@eaDir/x.jpg", "");
    struct dataset *dataset = open_data(in_scratch("left"), &options);
    check_names(dataset, (const char *[]){"a"}, 1);
    check_images(dataset, (int[]){10}, (int[]){0}, 1);
    assert_string_equal(messages, "");
}

/* ---- the network's classes ---- */

static void folders_beside_a_network_without_names_must_be_as_many_as_its_classes(void **state)
{
    struct dataset_options options = gray_options();

    put_jpeg("three/a/1.jpg", 8, 10);
    put_jpeg("three/b/1.jpg", 8, 20);
    put_jpeg("three/c/1.jpg", 8, 30);
    options.classes = 4;
    check_refused("three", &options, "3 class folders, the network 4 classes");
    options.classes = 2;
    check_refused("three", &options, "3 class folders, the network 2 classes");
    options.classes = 3;
    check_images(open_data(in_scratch("three"), &options), (int[]){10, 20, 30}, (int[]){0, 1, 2}, 3);
    options.classes = 4; /* the first is "background" */
    options.label_offset = 1;
    check_images(open_data(in_scratch("three"), &options), (int[]){10, 20, 30}, (int[]){1, 2, 3}, 3);
    options.classes = 1000;
    options.unlabelled = true;
    struct dataset *dataset = open_data(in_scratch("three"), &options);
    assert_false(dataset_has_labels(dataset));
    dataset_free(dataset);
    check_said("without labels");
}

static void names_that_the_network_has_go_before_the_order(void **state)
{
    static const char *const names[] = {"d", "c", "b", "a"}, *const others[] = {"a", "b"};
    struct dataset_options options = gray_options();

    put_jpeg("matched/a/1.jpg", 8, 10);
    put_jpeg("matched/b/1.jpg", 8, 20);
    put_jpeg("matched/d/1.jpg", 8, 30);
    options.classes = options.class_name_count = 4;
    options.class_names = names;
    options.label_offset = 1; /* is for labels that are numbers */
    struct dataset *dataset = open_data(in_scratch("matched"), &options);
    check_names(dataset, names, 4);
    check_images(dataset, (int[]){10, 20, 30}, (int[]){3, 2, 0}, 3);
    assert_string_equal(messages, "");
    options.classes = options.class_name_count = 2;
    options.class_names = others;
    check_refused("matched", &options, "the class folder d is none of the network's classes (a, b)");
    options.unlabelled = true;
    dataset = open_data(in_scratch("matched"), &options);
    assert_false(dataset_has_labels(dataset));
    dataset_free(dataset);
}

static void a_link_back_to_a_folder_above_adds_nothing(void **state)
{
    struct dataset_options options = gray_options();

    put_jpeg("loop/a/1.jpg", 8, 10);
    put_jpeg("loop/b/1.jpg", 8, 20);
    assert_int_equal(symlink("..", in_scratch("loop/a/up")), 0);
    check_images(open_data(in_scratch("loop"), &options), (int[]){10, 20}, (int[]){0, 1}, 2);
    assert_string_equal(messages, "");
}

static void a_link_to_nothing_is_a_damaged_picture(void **state)
{
    struct dataset_options options = gray_options();
    struct dataset *dataset;
    sned_error error = {0};
    uint8_t pixels[2 * 64];
    int32_t labels[2];
    size_t got;

    put_jpeg("gone/a/1.jpg", 8, 10);
    assert_int_equal(symlink("nowhere", in_scratch("gone/a/2.jpg")), 0);
    dataset = open_data(in_scratch("gone"), &options);
    assert_int_equal(dataset_size(dataset), 2);
    assert_int_equal(dataset_read(dataset, (uint32_t[]){0, 1}, 2, pixels, labels, &got, &error),
                     SNED_ERROR_DATA);
    check_said("2.jpg: a link to nothing");
    assert_int_equal(dataset_damaged(dataset), 1);
    dataset_free(dataset);
}

static void folders_that_lie_too_deep_are_refused(void **state)
{
    struct dataset_options options = gray_options();

    put_jpeg("deep/a/2/3/4/5/6/7/1.jpg", 8, 10);
    check_images(open_data(in_scratch("deep"), &options), (int[]){10}, (int[]){0}, 1);
    put_jpeg("deep/a/2/3/4/5/6/7/8/1.jpg", 8, 10);
    check_refused_as("deep", &options, SNED_ERROR_UNSUPPORTED, "more than 8 folders deep");
}

static void case_blanks_and_underscores_in_names_are_forgiven_aloud(void **state)
{
    static const char *const names[] = {"golden retriever", "tabby-cat"}, *const twice[] = {
                                                                              "golden retriever",
                                                                              "Golden Retriever"};
    struct dataset_options options = gray_options();

    put_jpeg("forgiven/Golden_Retriever/1.jpg", 8, 10);
    put_jpeg("forgiven/tabby cat/1.jpg", 8, 20);
    options.classes = options.class_name_count = 2;
    options.class_names = names;
    check_images(open_data(in_scratch("forgiven"), &options), (int[]){10, 20}, (int[]){0, 1}, 2);
    check_said("letters' case");
    put_jpeg("doubt/golden_retriever/1.jpg", 8, 10);
    options.class_names = twice;
    check_refused("doubt", &options, "golden_retriever");
}

static void wordnet_numbers_are_the_classes_in_their_order_where_there_are_as_many(void **state)
{
    static const char *const names[] = {"tench", "goldfish", "shark"};
    struct dataset_options options = gray_options();

    put_jpeg("wordnet/n01443537/1.jpg", 8, 20);
    put_jpeg("wordnet/n01440764/1.jpg", 8, 10);
    options.classes = options.class_name_count = 2;
    options.class_names = names;
    check_images(open_data(in_scratch("wordnet"), &options), (int[]){10, 20}, (int[]){0, 1}, 2);
    check_said("n01440764 is tench");
    options.classes = options.class_name_count = 3;
    check_refused("wordnet", &options, "n01440764");
}

static void pictures_that_a_labels_text_does_not_name_are_counted_aloud(void **state)
{
    struct dataset_options options = gray_options();

    put_jpeg("partly/1.jpg", 8, 10);
    put_jpeg("partly/2.jpg", 8, 20);
    put_jpeg("partly/more/3.jpg", 8, 30);
    put_text("partly/labels.txt", "2.jpg 0\n");
    check_images(open_data(in_scratch("partly"), &options), (int[]){20}, (int[]){0}, 1);
    check_said("2 pictures that ");
    messages[0] = 0;
    put_text("partly/labels.txt", "1.jpg 1\n2.jpg 0\nmore/3.jpg 1\n");
    dataset_free(open_data(in_scratch("partly"), &options));
    assert_string_equal(messages, "");
}

static void labels_that_end_below_the_networks_classes_are_said(void **state)
{
    struct dataset_options options = input_of(1, 2, 2, "gray");

    messages[0] = 0;
    options.reporter = &reporter;
    put_idx("few", "train", 9, 2, 2);
    options.classes = 4;
    dataset_free(open_data(in_scratch("few"), &options));
    check_said("its highest class is 2, the network's 3");
    messages[0] = 0;
    options.classes = 3;
    dataset_free(open_data(in_scratch("few"), &options));
    options.classes = 4;
    options.limit = 5; /* the rest is not looked at */
    dataset_free(open_data(in_scratch("few"), &options));
    assert_string_equal(messages, "");
}

/* ---- names in a text ---- */

static void a_text_of_the_folders_names_gives_their_order(void **state)
{
    static const char *const texts[] = {"labels.txt", "classes.txt", "names.txt"};
    static const char *const bodies[] = {"dog\ncat\n\n", "0 dog\n1 cat\n", "cat 1\ndog 0\n"};
    struct dataset_options options = gray_options();
    char name[PATH_SIZE];

    for (int text = 0; text < 3; text++) {
        for (int body = 0; body < 3; body++) {
            snprintf(name, sizeof name, "order%d%d/cat/1.jpg", text, body);
            put_jpeg(name, 8, 10);
            snprintf(name, sizeof name, "order%d%d/dog/1.jpg", text, body);
            put_jpeg(name, 8, 20);
            snprintf(name, sizeof name, "order%d%d/%s", text, body, texts[text]);
            put_text(name, bodies[body]);
            snprintf(name, sizeof name, "order%d%d", text, body);
            messages[0] = 0;
            struct dataset *dataset = open_data(in_scratch(name), &options);
            check_names(dataset, (const char *[]){"dog", "cat"}, 2);
            check_images(dataset, (int[]){10, 20}, (int[]){1, 0}, 2);
            check_said("gives the order of the classes");
        }
    }
}

static void a_names_text_may_hold_classes_without_a_folder_but_not_lack_one(void **state)
{
    struct dataset_options options = gray_options();

    put_jpeg("more/cat/1.jpg", 8, 10);
    put_jpeg("more/emu/1.jpg", 8, 20);
    put_text("more/labels.txt", "bat\ncat\ndog\nemu\n");
    options.classes = 4;
    check_images(open_data(in_scratch("more"), &options), (int[]){10, 20}, (int[]){1, 3}, 2);
    options.classes = 3;
    check_refused("more", &options, "has 4 classes in its text of names, the network 3");
    put_text("more/labels.txt", "bat\ncat\ndog\nemu\ncat\n");
    check_refused("more", &options, "names other class folders, but cat not once");
    put_text("more/labels.txt", "bat\ncat\ndog\nemu\n");
    put_jpeg("more/fox/1.jpg", 8, 30);
    check_refused("more", &options, "names other class folders, but fox not once");
}

static void a_names_text_may_lie_beside_the_splits(void **state)
{
    struct dataset_options options = gray_options();

    put_jpeg("beside/train/cat/1.jpg", 8, 10);
    put_jpeg("beside/train/dog/1.jpg", 8, 20);
    put_jpeg("beside/test/dog/1.jpg", 8, 30);
    put_text("beside/labels.txt", "dog\ncat\n");
    check_images(open_data(in_scratch("beside"), &options), (int[]){10, 20}, (int[]){1, 0}, 2);
    options.split = SPLIT_TEST;
    check_images(open_data(in_scratch("beside"), &options), (int[]){30}, (int[]){0}, 1);
}

static void class_names_that_end_in_numbers_are_no_labels(void **state)
{
    struct dataset_options options = gray_options();

    put_jpeg("numbered/class 1/1.jpg", 8, 10);
    put_jpeg("numbered/class 2/1.jpg", 8, 20);
    put_text("numbered/labels.txt", "class 2\nclass 1\n");
    check_images(open_data(in_scratch("numbered"), &options), (int[]){10, 20}, (int[]){1, 0}, 2);
}

static void a_text_of_other_names_leaves_the_order_as_it_is(void **state)
{
    struct dataset_options options = gray_options();

    put_jpeg("german/apfel/1.jpg", 8, 10);
    put_jpeg("german/birne/1.jpg", 8, 20);
    put_text("german/classes.txt", "pear\napple\n");
    check_images(open_data(in_scratch("german"), &options), (int[]){10, 20}, (int[]){0, 1}, 2);
    check_said("classes.txt: has other names than the class folders");
    put_text("german/labels.txt", "pear\napple\n");
    check_refused("german", &options, "labels.txt:1: \"pear\"");
}

static void wordnet_numbers_stand_before_the_names_in_a_text(void **state)
{
    struct dataset_options options = gray_options();

    put_jpeg("synset/val/n01440764/1.jpg", 8, 10);
    put_jpeg("synset/val/n01443537/1.jpg", 8, 20);
    put_text("synset/synset_words.txt", "n01443537 goldfish, Carassius\nn01440764 tench\n");
    check_images(open_data(in_scratch("synset/val"), &options), (int[]){10, 20}, (int[]){1, 0}, 2);
}

/* ---- splits ---- */

static void splits_have_many_names(void **state)
{
    static const char *const pairs[][2] = {
        {"train", "test"},         {"Training", "Test"},
        {"TRAIN", "Val"},          {"training_set", "test_set"},
        {"Train", "Validation"},   {"train_images", "valid"},
        {"seg_train", "seg_test"}, {"fruits-training", "fruits-testing"},
        {"train2017", "val2017"},  {"trainset", "testset"},
        {"train", "dev"},          {"train", "test1"},
        {"Train1", "Test"},
    };
    struct dataset_options options = gray_options();
    char name[PATH_SIZE];

    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        for (int k = 0; k < 2; k++) {
            snprintf(name, sizeof name, "names%zu/%s/b/1.jpg", i, pairs[i][k]);
            put_jpeg(name, 8, 100 + k);
        }
        snprintf(name, sizeof name, "names%zu/%s/a/1.jpg", i, pairs[i][0]);
        put_jpeg(name, 8, 90);
        snprintf(name, sizeof name, "names%zu", i);
        options.split = SPLIT_TEST;
        struct dataset *dataset = open_data(in_scratch(name), &options);
        assert_string_equal(dataset_split_name(dataset), "test");
        check_images(dataset, (int[]){101}, (int[]){1}, 1);
        options.split = SPLIT_TRAIN;
        dataset = open_data(in_scratch(name), &options);
        assert_string_equal(dataset_split_name(dataset), "training");
        check_images(dataset, (int[]){90, 100}, (int[]){0, 1}, 2);
        assert_string_equal(messages, "");
    }
}

static void names_of_classes_are_not_taken_for_splits(void **state)
{
    static const char *const sets[][2] = {
        {"train", "car"}, {"train station", "test tube"}, {"cat_train", "dog_test"}, {"valve", "trained"}};
    struct dataset_options options = gray_options();
    char name[PATH_SIZE];

    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        for (int k = 0; k < 2; k++) {
            snprintf(name, sizeof name, "classes%zu/%s/1.jpg", i, sets[i][k]);
            put_jpeg(name, 8, 100);
        }
        snprintf(name, sizeof name, "classes%zu", i);
        struct dataset *dataset = open_data(in_scratch(name), &options);
        assert_string_equal(dataset_split_name(dataset), "all");
        assert_int_equal(dataset_size(dataset), 2);
        dataset_free(dataset);
        if (i == 0)
            check_said("train is taken for a class");
        else
            assert_string_equal(messages, "");
        messages[0] = 0;
    }
}

static void test_goes_before_validation_and_that_is_said(void **state)
{
    struct dataset_options options = gray_options();

    put_jpeg("three-splits/train/a/1.jpg", 8, 10);
    put_jpeg("three-splits/valid/a/1.jpg", 8, 20);
    put_jpeg("three-splits/test/a/1.jpg", 8, 30);
    options.split = SPLIT_TEST;
    check_images(open_data(in_scratch("three-splits"), &options), (int[]){30}, (int[]){0}, 1);
    check_said("tested on test; valid is left out");
}

static void test_pictures_without_classes_give_way_to_validation(void **state)
{
    struct dataset_options options = gray_options();

    put_jpeg("contest/train/a/1.jpg", 8, 10);
    put_jpeg("contest/val/a/1.jpg", 8, 20);
    put_jpeg("contest/test/1.jpg", 8, 30);
    options.split = SPLIT_TEST;
    check_images(open_data(in_scratch("contest"), &options), (int[]){20}, (int[]){0}, 1);
    check_said("tested on val");
}

static void two_folders_for_one_use_are_refused(void **state)
{
    struct dataset_options options = gray_options();

    put_jpeg("two/train/a/1.jpg", 8, 10);
    put_jpeg("two/Training/a/1.jpg", 8, 10);
    put_jpeg("two/test/a/1.jpg", 8, 20);
    check_refused("two", &options, "both Training and train could be the images to train on");
    put_jpeg("pairs/cat_train/a/1.jpg", 8, 10);
    put_jpeg("pairs/cat_test/a/1.jpg", 8, 10);
    put_jpeg("pairs/dog_train/a/1.jpg", 8, 10);
    put_jpeg("pairs/dog_test/a/1.jpg", 8, 10);
    check_refused("pairs", &options, "more than one set");
    put_jpeg("untrained/test/a/1.jpg", 8, 10);
    put_jpeg("untrained/val/a/1.jpg", 8, 10);
    check_refused("untrained", &options, "no images to train on");
}

static void a_class_has_one_number_in_both_splits(void **state)
{
    struct dataset_options options = gray_options();

    put_jpeg("same/Training/a/1.jpg", 8, 10);
    put_text("same/Training/b/1.webp", "RIFF");
    put_jpeg("same/Training/c/1.jpg", 8, 30);
    put_jpeg("same/Test/b/1.jpg", 8, 20);
    options.split = SPLIT_TEST;
    options.classes = 3;
    check_images(open_data(in_scratch("same"), &options), (int[]){20}, (int[]){1}, 1);
    put_jpeg("same/Test/d/1.jpg", 8, 40);
    check_refused("same", &options, "the class folder d is none of the training split's classes (a, b, ...)");
}

static void splits_lie_in_a_tar_or_deeper_in_a_folder_too(void **state)
{
    struct dataset_options options = gray_options();
    size_t sizes[2];
    unsigned char *jpegs[] = {gray_jpeg(8, 70, &sizes[0]), gray_jpeg(8, 80, &sizes[1])};

    put_packed("splits.tar.gz", false,
               (struct member[]){{"fruit/Train/Train/a/1.jpg", jpegs[0], sizes[0]},
                                 {"fruit/Train/Train/b/1.jpg", jpegs[0], sizes[0]},
                                 {"fruit/Test/Test/b/1.jpg", jpegs[1], sizes[1]}},
               3);
    put_file("deeper/fruit/fruit/seg_train/seg_train/a/1.jpg", jpegs[0], sizes[0]);
    put_file("deeper/fruit/fruit/seg_train/seg_train/b/1.jpg", jpegs[0], sizes[0]);
    put_file("deeper/fruit/fruit/seg_test/seg_test/b/1.jpg", jpegs[1], sizes[1]);
    put_file("deeper/fruit/fruit/seg_pred/seg_pred/1.jpg", jpegs[1], sizes[1]);
    for (int i = 0; i < 2; i++) {
        const char *spec = in_scratch(i ? "deeper" : "splits.tar.gz");
        options.split = SPLIT_TEST;
        struct dataset *dataset = open_data(spec, &options);
        assert_string_equal(dataset_split_name(dataset), "test");
        check_images(dataset, (int[]){80}, (int[]){1}, 1);
        options.split = SPLIT_TRAIN;
        check_images(open_data(spec, &options), (int[]){70, 70}, (int[]){0, 1}, 2);
    }
    put_packed("untrained.tar", false,
               (struct member[]){{"train/1.jpg", jpegs[0], sizes[0]}, {"test/b/1.jpg", jpegs[1], sizes[1]}},
               2);
    options.split = SPLIT_TEST;
    check_refused("untrained.tar", &options, "the training split's classes (there are none)");
    free(jpegs[0]);
    free(jpegs[1]);
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
        cmocka_unit_test(folders_are_numbered_by_their_names_as_bytes),
        cmocka_unit_test(numbers_for_names_are_numbered_as_texts_and_that_is_said),
        cmocka_unit_test(a_folder_is_a_class_whatever_lies_in_it),
        cmocka_unit_test(a_folder_in_a_tar_is_a_class_also_by_its_entry_alone),
        cmocka_unit_test(a_picture_that_is_a_link_in_a_tar_is_refused),
        cmocka_unit_test(what_systems_leave_behind_is_neither_class_nor_file),
        cmocka_unit_test(folders_beside_a_network_without_names_must_be_as_many_as_its_classes),
        cmocka_unit_test(names_that_the_network_has_go_before_the_order),
        cmocka_unit_test(a_link_back_to_a_folder_above_adds_nothing),
        cmocka_unit_test(a_link_to_nothing_is_a_damaged_picture),
        cmocka_unit_test(folders_that_lie_too_deep_are_refused),
        cmocka_unit_test(case_blanks_and_underscores_in_names_are_forgiven_aloud),
        cmocka_unit_test(wordnet_numbers_are_the_classes_in_their_order_where_there_are_as_many),
        cmocka_unit_test(pictures_that_a_labels_text_does_not_name_are_counted_aloud),
        cmocka_unit_test(labels_that_end_below_the_networks_classes_are_said),
        cmocka_unit_test(a_text_of_the_folders_names_gives_their_order),
        cmocka_unit_test(a_names_text_may_hold_classes_without_a_folder_but_not_lack_one),
        cmocka_unit_test(a_names_text_may_lie_beside_the_splits),
        cmocka_unit_test(class_names_that_end_in_numbers_are_no_labels),
        cmocka_unit_test(a_text_of_other_names_leaves_the_order_as_it_is),
        cmocka_unit_test(wordnet_numbers_stand_before_the_names_in_a_text),
        cmocka_unit_test(splits_have_many_names),
        cmocka_unit_test(names_of_classes_are_not_taken_for_splits),
        cmocka_unit_test(test_goes_before_validation_and_that_is_said),
        cmocka_unit_test(test_pictures_without_classes_give_way_to_validation),
        cmocka_unit_test(two_folders_for_one_use_are_refused),
        cmocka_unit_test(a_class_has_one_number_in_both_splits),
        cmocka_unit_test(splits_lie_in_a_tar_or_deeper_in_a_folder_too),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
