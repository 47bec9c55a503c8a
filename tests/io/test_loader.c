/*
 * test_loader.c - batches: their order, their values, their augmentation.
 */
#include "tests/io/data_files.h"

#include "base/random.h"

enum { COUNT = 50, SIDE = 6, PIXELS = SIDE * SIDE };

static struct dataset *numbers; /* image i has pixel p = (7 i + p) % 256, label i % 3 */

struct pass {
    float values[COUNT][PIXELS];
    int32_t labels[COUNT];
    size_t count, batches[COUNT], batch_count;
};

/* Everything one loader gives. */
static void run_pass(struct dataset *dataset, const uint32_t *indices, size_t count,
                     const struct loader_options *options, struct pass *pass)
{
    struct batch_loader *loader;
    const float *values;
    const int32_t *labels;
    size_t got;
    sned_error error = {0};

    memset(pass, 0, sizeof *pass);
    if (loader_new(&loader, dataset, indices, count, options, &error) != SNED_OK)
        fail_msg("%s", error.message);
    for (;;) {
        if (loader_next(loader, &values, &labels, &got, &error) != SNED_OK)
            fail_msg("%s", error.message);
        if (got == 0)
            break;
        assert_true(pass->count + got <= COUNT);
        memcpy(pass->values[pass->count], values, got * PIXELS * sizeof *values);
        memcpy(pass->labels + pass->count, labels, got * sizeof *labels);
        pass->batches[pass->batch_count++] = got;
        pass->count += got;
    }
    assert_int_equal(loader_next(loader, &values, &labels, &got, &error), SNED_OK);
    assert_int_equal(got, 0); /* and stays at the end */
    loader_free(loader);
}

static void all_indices(uint32_t *indices)
{
    for (uint32_t i = 0; i < COUNT; i++)
        indices[i] = i;
}

static void batches_come_in_order_and_the_last_is_smaller(void **state)
{
    uint32_t indices[COUNT];
    struct loader_options options = {.batch = 16};
    struct pass pass;

    all_indices(indices);
    run_pass(numbers, indices, COUNT, &options, &pass);
    assert_int_equal(pass.count, COUNT);
    assert_int_equal(pass.batch_count, 4);
    assert_int_equal(pass.batches[3], 2);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(pass.labels[i], i % 3);
        for (int p = 0; p < PIXELS; p++)
            assert_true(pass.values[i][p] == (float)((7 * i + p) % 256));
    }
}

static void drop_last_leaves_the_rest_out(void **state)
{
    uint32_t indices[COUNT];
    struct loader_options options = {.batch = 16, .drop_last = true};
    struct pass pass;

    all_indices(indices);
    run_pass(numbers, indices, COUNT, &options, &pass);
    assert_int_equal(pass.count, 48);
    run_pass(numbers, indices, 15, &options, &pass);
    assert_int_equal(pass.count, 0);
    run_pass(numbers, indices, 0, &options, &pass);
    assert_int_equal(pass.count, 0);
}

static void values_are_pixels_less_mean_times_scale(void **state)
{
    uint32_t indices[] = {3};
    struct input_rule rule = {.is_image = true, .mean = {33.5f}, .scale = {0.0039f}};
    struct loader_options options = {.batch = 1, .rule = &rule};
    struct pass pass;

    run_pass(numbers, indices, 1, &options, &pass);
    for (int p = 0; p < PIXELS; p++)
        assert_true(pass.values[0][p] == ((float)(21 + p) - 33.5f) * 0.0039f);
}

/* Which image a first pixel is of: 7 i is different for each. */
static void sort_seen(const struct pass *pass, int *seen)
{
    memset(seen, 0, COUNT * sizeof *seen);
    for (size_t i = 0; i < pass->count; i++)
        for (int k = 0; k < COUNT; k++)
            seen[k] += (int)pass->values[i][0] == 7 * k % 256;
}

static void a_shuffle_is_a_permutation_that_changes_with_the_epoch(void **state)
{
    uint32_t indices[COUNT];
    struct loader_options options = {.batch = 7, .shuffle = true, .seed = 5, .epoch = 1};
    static struct pass first, again, next;
    int seen[COUNT];

    all_indices(indices);
    run_pass(numbers, indices, COUNT, &options, &first);
    run_pass(numbers, indices, COUNT, &options, &again);
    options.epoch = 2;
    run_pass(numbers, indices, COUNT, &options, &next);
    sort_seen(&first, seen);
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(seen[i], 1);
    assert_memory_equal(&first, &again, sizeof first);
    assert_memory_not_equal(first.values, next.values, sizeof first.values);
}

static void threads_do_not_change_the_batches(void **state)
{
    struct dataset_options how = input_of(1, SIDE, SIDE, "gray");
    struct loader_options options = {
        .batch = 8, .shuffle = true, .seed = 9, .augmentation = {.flip = true, .shift = 2}};
    uint32_t indices[12];
    static struct pass passes[2];
    char name[PATH_SIZE];

    for (uint32_t i = 0; i < 12; i++) {
        snprintf(name, sizeof name, "threads/c/%02u.jpg", i);
        put_jpeg(name, SIDE + (int)i, 20 * (int)i);
        indices[i] = i;
    }
    for (int i = 0; i < 2; i++) {
        how.threads = i ? 3 : 1;
        struct dataset *dataset = open_data(in_scratch("threads"), &how);
        run_pass(dataset, indices, 12, &options, &passes[i]);
        dataset_free(dataset);
    }
    assert_memory_equal(&passes[0], &passes[1], sizeof passes[0]);
}

/* ---- augmentation ---- */

/* Whether `values` is image `index`, flipped or not, moved down dy and right dx with 0 coming in. */
static bool is_moved(const float *values, int index, bool flipped, int dy, int dx)
{
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            int from_y = y - dy, from_x = x - dx;
            bool inside = from_y >= 0 && from_y < SIDE && from_x >= 0 && from_x < SIDE;
            if (flipped)
                from_x = SIDE - 1 - from_x;
            float expected = inside ? (float)((7 * index + from_y * SIDE + from_x) % 256) : 0;
            if (values[y * SIDE + x] != expected)
                return false;
        }
    return true;
}

static void flips_and_shifts_stay_within_their_bounds_and_use_them(void **state)
{
    enum { SHIFT = 2, WIDE = 2 * SHIFT + 1 };
    struct loader_options options = {.batch = 50, .seed = 3, .augmentation = {.flip = true, .shift = SHIFT}};
    uint32_t indices[COUNT];
    int flips[2] = {0}, moves[WIDE][WIDE] = {0};
    static struct pass pass;

    all_indices(indices);
    for (options.epoch = 0; options.epoch < 20; options.epoch++) {
        run_pass(numbers, indices, COUNT, &options, &pass);
        for (int i = 0; i < COUNT; i++) {
            int found = 0;
            for (int k = 0; k < 2 * WIDE * WIDE; k++) {
                int flipped = k % 2, dy = k / 2 / WIDE - SHIFT, dx = k / 2 % WIDE - SHIFT;
                if (!is_moved(pass.values[i], i, flipped, dy, dx))
                    continue;
                found++;
                flips[flipped]++;
                moves[dy + SHIFT][dx + SHIFT]++;
            }
            assert_int_equal(found, 1);
        }
    }
    assert_in_range(flips[1], 400, 600); /* of 1000 */
    for (int k = 0; k < WIDE * WIDE; k++)
        assert_in_range(moves[k / WIDE][k % WIDE], 15, 75); /* 40 each, on average */
}

static void augmentation_does_not_depend_on_the_batch(void **state)
{
    struct loader_options options = {
        .batch = 1, .seed = 3, .epoch = 4, .augmentation = {.flip = true, .shift = 3}};
    uint32_t indices[COUNT], reversed[COUNT];
    static struct pass one, other;

    all_indices(indices);
    for (int i = 0; i < COUNT; i++)
        reversed[i] = (uint32_t)(COUNT - 1 - i);
    run_pass(numbers, indices, COUNT, &options, &one);
    options.batch = 13;
    run_pass(numbers, reversed, COUNT, &options, &other);
    for (int i = 0; i < COUNT; i++)
        assert_memory_equal(one.values[i], other.values[COUNT - 1 - i], sizeof one.values[i]);
}

static void a_shift_wider_than_the_image_leaves_black_or_a_part(void **state)
{
    struct loader_options options = {.batch = 50, .augmentation = {.shift = 100}};
    uint32_t indices[COUNT];
    static struct pass pass;
    int black = 0;

    all_indices(indices);
    run_pass(numbers, indices, COUNT, &options, &pass);
    for (int i = 0; i < COUNT; i++) {
        float sum = 0;
        for (int p = 0; p < PIXELS; p++)
            sum += pass.values[i][p];
        black += sum == 0;
    }
    assert_true(black > COUNT / 2);
}

/* ---- what goes wrong ---- */

/* 200 images, the 5th and 6th of them damaged. */
static struct dataset *open_damaged(void)
{
    struct dataset_options options = input_of(1, SIDE, SIDE, "gray");
    char name[PATH_SIZE];

    for (int i = 0; i < 200; i++) {
        snprintf(name, sizeof name, "damaged/c/%03d.jpg", i);
        i == 4 || i == 5 ? put_text(name, "no picture") : put_jpeg(name, SIDE, i);
    }
    return open_data(in_scratch("damaged"), &options);
}

static void a_damaged_image_makes_its_batch_smaller(void **state)
{
    struct loader_options options = {.batch = 4};
    uint32_t indices[COUNT];
    static struct pass pass;

    all_indices(indices);
    struct dataset *dataset = open_damaged();
    run_pass(dataset, indices, 10, &options, &pass);
    assert_int_equal(pass.batch_count, 3);
    assert_int_equal(pass.batches[0], 4);
    assert_int_equal(pass.batches[1], 2);
    assert_true(pass.values[4][0] == 6);
    indices[0] = 4;
    indices[1] = 5;
    options.batch = 2;
    run_pass(dataset, indices, 4, &options, &pass); /* a batch without any image is not the end */
    assert_int_equal(pass.batch_count, 1);
    dataset_free(dataset);
}

static void with_drop_last_a_damaged_image_is_replaced_by_the_next(void **state)
{
    struct loader_options options = {.batch = 4, .drop_last = true};
    uint32_t indices[COUNT];
    static struct pass pass;

    all_indices(indices);
    struct dataset *dataset = open_damaged();
    run_pass(dataset, indices, 11, &options, &pass);
    assert_int_equal(pass.batch_count, 2);
    assert_int_equal(pass.batches[1], 4);
    assert_true(pass.values[4][0] == 6 && pass.values[7][0] == 9);
    dataset_free(dataset);
}

static void a_failure_in_the_thread_reaches_the_caller(void **state)
{
    uint32_t indices[] = {0, 1, COUNT};
    struct loader_options options = {.batch = 2};
    struct batch_loader *loader;
    const float *values;
    const int32_t *labels;
    size_t got;
    sned_error error = {0};

    assert_int_equal(loader_new(&loader, numbers, indices, 3, &options, &error), SNED_OK);
    assert_int_equal(loader_next(loader, &values, &labels, &got, &error), SNED_OK);
    assert_int_equal(got, 2);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(loader_next(loader, &values, &labels, &got, &error), SNED_ERROR_ARGUMENT);
        assert_non_null(strstr(error.message, "50"));
        assert_int_equal(got, 0);
    }
    loader_free(loader);
}

static void a_loader_may_be_freed_at_any_time(void **state)
{
    uint32_t indices[COUNT];
    struct loader_options options = {.batch = 1};
    struct batch_loader *loader;
    const float *values;
    const int32_t *labels;
    size_t got;

    all_indices(indices);
    for (int taken = 0; taken < 5; taken++) {
        assert_int_equal(loader_new(&loader, numbers, indices, COUNT, &options, NULL), SNED_OK);
        for (int i = 0; i < taken; i++)
            assert_int_equal(loader_next(loader, &values, &labels, &got, NULL), SNED_OK);
        loader_free(loader);
    }
    loader_free(NULL);
    options.batch = 0;
    assert_int_equal(loader_new(&loader, numbers, indices, COUNT, &options, NULL), SNED_ERROR_ARGUMENT);
}

static int begin(void **state)
{
    struct dataset_options options = input_of(1, SIDE, SIDE, "gray");

    scratch_begin();
    put_idx("numbers", "train", COUNT, SIDE, SIDE);
    numbers = open_data(in_scratch("numbers"), &options);
    return 0;
}

static int end(void **state)
{
    dataset_free(numbers);
    scratch_end();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batches_come_in_order_and_the_last_is_smaller),
        cmocka_unit_test(drop_last_leaves_the_rest_out),
        cmocka_unit_test(values_are_pixels_less_mean_times_scale),
        cmocka_unit_test(a_shuffle_is_a_permutation_that_changes_with_the_epoch),
        cmocka_unit_test(threads_do_not_change_the_batches),
        cmocka_unit_test(flips_and_shifts_stay_within_their_bounds_and_use_them),
        cmocka_unit_test(augmentation_does_not_depend_on_the_batch),
        cmocka_unit_test(a_shift_wider_than_the_image_leaves_black_or_a_part),
        cmocka_unit_test(a_damaged_image_makes_its_batch_smaller),
        cmocka_unit_test(with_drop_last_a_damaged_image_is_replaced_by_the_next),
        cmocka_unit_test(a_failure_in_the_thread_reaches_the_caller),
        cmocka_unit_test(a_loader_may_be_freed_at_any_time),
    };
    return cmocka_run_group_tests_name("loader", tests, begin, end);
}
