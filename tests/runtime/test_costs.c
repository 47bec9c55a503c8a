/*
 * test_costs.c - the file of what things cost on this machine: what is in it is taken, what is not just so is
 * as if it were not there, and whatever it says, results stay the same.
 */
#include "tests/common/sned_files.h"
#include "base/hash.h"
#include "runtime/costs/costs.h"
#include "runtime/plan.h"
#include "runtime/runtime.h"

#include <math.h>
#include <stddef.h>

#include <cmocka.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIXELS = 28 * 28, CLASSES = 10 };

/* A place of this test's own for caches; where the environment says that caches are. */
static char cache[] = P_tmpdir "/sned-test-costs-XXXXXX";

static int set_cache(void **state)
{
    static bool is_made;
    if (!is_made && !mkdtemp(cache))
        return -1;
    is_made = true;
    return setenv("XDG_CACHE_HOME", cache, 1) || unsetenv("SNED_PLAN");
}

static const struct micro_kernels *column(void)
{
    return sned_micro_choose(getenv("SNED_CPU"));
}

/* The file's place, and its folder, which is made. */
static void place_of_file(char path[COSTS_PATH])
{
    char folder[sizeof cache + 8];
    snprintf(folder, sizeof folder, "%s/sned", cache);
    mkdir(folder, 0700);
    assert_true(sned_costs_path(path, column()));
    assert_memory_equal(path, folder, strlen(folder));
}

static void write_file(const char *path, const char *text, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, 0600), 0);
}

static void write_costs(const struct micro_costs *costs)
{
    char path[COSTS_PATH], text[COSTS_TEXT];
    const size_t size = sned_costs_write(text, column(), costs);
    place_of_file(path);
    write_file(path, text, size);
}

static void remove_costs(void)
{
    char path[COSTS_PATH];
    place_of_file(path);
    remove(path);
}

static int remove_cache(void **state)
{
    char folder[sizeof cache + 8];
    remove_costs();
    snprintf(folder, sizeof folder, "%s/sned", cache);
    return rmdir(folder) || rmdir(cache);
}

/* The column's, but every one of them a little dearer than the one before. */
static struct micro_costs some_costs(void)
{
    struct micro_costs costs = column()->costs;
    for (int i = 0; i < COST_COUNT; i++)
        *sned_cost(&costs, i) *= 1 + (float)i / 7;
    return costs;
}

/* In memory that ends where the text does. */
static bool is_read(const char *text, size_t size, struct micro_costs *costs)
{
    char *copy = malloc(size ? size : 1);
    if (size)
        memcpy(copy, text, size);
    const bool read = sned_costs_read(costs, copy, size, column());
    free(copy);
    return read;
}

/* ---- the text ---- */

static void what_is_written_is_read(void **state)
{
    char text[COSTS_TEXT];
    struct micro_costs written = some_costs(), read = {0};
    const size_t size = sned_costs_write(text, column(), &written);
    assert_true(is_read(text, size, &read));
    for (int i = 0; i < COST_COUNT; i++)
        assert_float_equal(*sned_cost(&read, i), *sned_cost(&written, i), 2e-6f);
}

static void a_text_that_ends_early_or_late_is_none(void **state)
{
    char text[COSTS_TEXT + 1];
    struct micro_costs costs = some_costs(), read = {.taps = 77};
    const size_t size = sned_costs_write(text, column(), &costs);
    for (size_t shorter = 0; shorter < size; shorter++)
        assert_false(is_read(text, shorter, &read));
    text[size] = '\n';
    assert_false(is_read(text, size + 1, &read));
    memset(text + size, ' ', sizeof text - size);
    assert_false(is_read(text, sizeof text, &read));
    assert_float_equal(read.taps, 77, 0);
}

static void a_text_of_which_any_byte_is_another_is_none(void **state)
{
    static const char flips[] = {1, 2, 4, 8, 16, 32, 64, -128};
    char text[COSTS_TEXT];
    struct micro_costs costs = some_costs(), read = {.taps = 77};
    const size_t size = sned_costs_write(text, column(), &costs);
    for (size_t i = 0; i < size; i++)
        for (size_t flip = 0; flip < sizeof flips; flip++) {
            text[i] ^= flips[flip];
            assert_false(is_read(text, size, &read));
            text[i] ^= flips[flip];
        }
    assert_float_equal(read.taps, 77, 0);
    assert_true(is_read(text, size, &read));
}

/* The costs built in as a text in which `from` is `to`, its checksum right. */
static bool is_read_with(const char *from, const char *to)
{
    char text[COSTS_TEXT], changed[2 * COSTS_TEXT];
    struct micro_costs costs = column()->costs, read;
    text[sned_costs_write(text, column(), &costs)] = 0;
    char *at = strstr(text, from), *checksum = strstr(text, "checksum");
    assert_true(at && checksum && at < checksum);
    *checksum = 0;
    int size = snprintf(changed, sizeof changed, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    size += sprintf(changed + size, "checksum %016" PRIx64 "\n", sned_hash(changed, (size_t)size));
    return is_read(changed, (size_t)size, &read);
}

static void costs_of_another_format_version_instruction_set_or_processor_are_none(void **state)
{
    assert_true(is_read_with("\ntaps ", "\ntaps "));
    assert_false(is_read_with("sned costs 1\n", "sned costs 2\n"));
    assert_false(is_read_with("\nversion ", "\nversion 9"));
    assert_false(is_read_with("\ninstructions ", "\ninstructions x"));
    assert_false(is_read_with("\nprocessor ", "\nprocessor x"));
}

static void numbers_are_digits_one_space_behind_their_names_in_their_order(void **state)
{
    assert_true(is_read_with("\ntaps ", "\ntaps 0"));
    assert_false(is_read_with("\ntaps ", "\ntaps  "));
    assert_false(is_read_with("\ntaps ", "\ntaps -"));
    assert_false(is_read_with("\ntaps ", "\ntaps +"));
    assert_false(is_read_with("\ntaps ", "\ntaps 0x"));
    assert_false(is_read_with("\ntaps ", "\ntaps 1e"));
    assert_false(is_read_with("\ntaps ", "\ntaps nan\ntaps "));
    assert_false(is_read_with("\ntaps ", "\ntaps inf\ntaps "));
    assert_false(is_read_with("\ntaps ", "\ntaps \ntaps "));
    assert_false(is_read_with("\ntaps ", "\ntaps 0000000000000000000"));
    assert_false(is_read_with("\ntaps ", "\nTaps "));
    assert_false(is_read_with("\ntaps ", "\nwiden "));
    assert_false(is_read_with("\ntaps ", "\n"));
}

/* A constant within its bounds is read back as it is; outside of them it is not read. */
static void costs_far_from_those_built_in_are_none(void **state)
{
    for (int i = 0; i < COST_COUNT; i++) {
        const float factors[] = {COSTS_APART, 1.f / COSTS_APART, COSTS_APART * 2.f, 0.5f / COSTS_APART, 0};
        for (int f = 0; f < 5; f++) {
            char text[COSTS_TEXT];
            struct micro_costs costs = column()->costs, read;
            const float bounded = sned_cost_bounded(column(), i, *sned_cost(&costs, i) * factors[f]);
            const bool is_none = *sned_cost(&costs, i) == 0;
            *sned_cost(&costs, i) *= factors[f];
            assert_int_equal(is_read(text, sned_costs_write(text, column(), &costs), &read),
                             is_none || f < 2);
            *sned_cost(&costs, i) = bounded;
            assert_true(is_read(text, sned_costs_write(text, column(), &costs), &read));
        }
    }
    struct micro_costs none = column()->costs;
    assert_true(sned_cost_bounded(column(), 0, NAN) > 0);
    assert_true(sned_cost_bounded(column(), 0, -1) > 0);
    assert_float_equal(sned_cost_bounded(column(), 0, none.taps), none.taps, 0);
}

/* ---- the file ---- */

static bool is_loaded(const char *path)
{
    struct micro_costs costs;
    return sned_costs_load(&costs, path, column());
}

static void only_a_file_of_this_user_that_nobody_else_may_write_is_believed(void **state)
{
    char path[COSTS_PATH], link[COSTS_PATH + 8];
    struct micro_costs costs = some_costs();
    write_costs(&costs);
    place_of_file(path);
    assert_true(is_loaded(path));
    assert_int_equal(chmod(path, 0620), 0);
    assert_false(is_loaded(path));
    assert_int_equal(chmod(path, 0602), 0);
    assert_false(is_loaded(path));
    assert_int_equal(chmod(path, 0444), 0);
    assert_true(is_loaded(path));
    if (geteuid() == 0) {
        assert_int_equal(chown(path, 12345, (gid_t)-1), 0);
        assert_false(is_loaded(path));
    } else {
        assert_int_equal(chmod(path, 0), 0);
        assert_false(is_loaded(path));
    }
    remove_costs();
    write_costs(&costs);
    snprintf(link, sizeof link, "%s-link", path);
    assert_int_equal(symlink(path, link), 0);
    assert_false(is_loaded(link));
    remove(link);
}

static void what_is_no_file_is_none_and_is_not_waited_for(void **state)
{
    char path[COSTS_PATH];
    remove_costs();
    place_of_file(path);
    assert_false(is_loaded(path));
    assert_int_equal(mkdir(path, 0700), 0);
    assert_false(is_loaded(path));
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_false(is_loaded(path));
    remove(path);
    write_file(path, "", 0);
    assert_false(is_loaded(path));
}

static void the_place_is_an_absolute_path_of_the_environment(void **state)
{
    char path[COSTS_PATH], home[1024], expected[COSTS_PATH], *long_path = calloc(1, COSTS_PATH + 1);
    snprintf(home, sizeof home, "%s", getenv("HOME") ? getenv("HOME") : "/");
    setenv("XDG_CACHE_HOME", "/some/where", 1);
    assert_true(sned_costs_path(path, sned_micro_column(0)));
    assert_string_equal(path, "/some/where/sned/costs-portable");
    for (int relative = 0; relative < 3; relative++) {
        static const char *const values[] = {"", "caches", "./caches"};
        setenv("XDG_CACHE_HOME", values[relative], 1);
        setenv("HOME", "/home/somebody", 1);
        assert_true(sned_costs_path(path, sned_micro_column(0)));
        assert_string_equal(path, "/home/somebody/.cache/sned/costs-portable");
        setenv("HOME", values[relative], 1);
        assert_false(sned_costs_path(path, sned_micro_column(0)));
    }
    unsetenv("XDG_CACHE_HOME");
    unsetenv("HOME");
    assert_false(sned_costs_path(path, sned_micro_column(0)));
    memset(long_path, '/', COSTS_PATH);
    setenv("HOME", long_path, 1);
    assert_false(sned_costs_path(path, sned_micro_column(0)));
    free(long_path);
    setenv("HOME", home, 1);
    snprintf(expected, sizeof expected, "%s/.cache/sned/costs-portable", home);
    assert_true(sned_costs_path(path, sned_micro_column(0)));
    assert_string_equal(path, expected);
}

/* ---- models ---- */

/* A network whose layers can have several forms, opened: the form of each step, the scores of an image. */
struct opened {
    char costs[16], forms[16][16];
    float scores[CLASSES];
};

static struct opened open_network(void)
{
    uint8_t pixels[PIXELS];
    sned_error error = {0};
    sned_model *model;
    sned_context *context;
    struct opened opened = {0};
    struct buffer file = pack_new_as(lenet_graph, 0.4f, 5, FORMAT_RANS);
    if (sned_open_memory(&model, file.data, file.size, &error) != SNED_OK)
        fail_msg("%s", error.message);
    sned_buffer_free(&file);
    const struct plan *plan = sned_model_plan(model);
    snprintf(opened.costs, sizeof opened.costs, "%s", sned_model_costs(model));
    for (int s = 0; s < plan->step_count; s++)
        snprintf(opened.forms[s], sizeof opened.forms[s], "%s",
                 plan->steps[s].form ? plan->steps[s].form : "");
    for (int i = 0; i < PIXELS; i++)
        pixels[i] = (uint8_t)(i * 37 % 251);
    assert_int_equal(sned_context_new(&context, model, NULL), SNED_OK);
    assert_int_equal(sned_run_pixels(context, pixels, 1, opened.scores, NULL), SNED_OK);
    sned_context_free(context);
    sned_close(model);
    return opened;
}

static void check_same_scores(const struct opened *a, const struct opened *b)
{
    assert_memory_equal(a->scores, b->scores, sizeof a->scores);
}

/* The costs built in, those of one form of convolution and of rows so dear, or so cheap. */
static struct micro_costs costs_with(float dense, float sparse, float listed)
{
    struct micro_costs costs = column()->costs;
    costs.dense_quad *= dense;
    costs.dense_product *= dense;
    costs.sparse_quad *= sparse;
    costs.sparse_product *= sparse;
    costs.taps *= COSTS_APART;
    costs.shared_quad *= COSTS_APART;
    costs.shared_product *= COSTS_APART;
    costs.row_listed_kept *= listed;
    costs.memory_byte /= COSTS_APART;
    return costs;
}

static void models_take_the_forms_that_the_file_makes_cheap(void **state)
{
    remove_costs();
    const struct opened built_in = open_network();
    const float dear = COSTS_APART, cheap = 1.f / COSTS_APART;
    const struct micro_costs dense = costs_with(cheap, dear, dear), sparse = costs_with(dear, cheap, cheap);
    assert_string_equal(built_in.costs, "built-in");
    write_costs(&dense);
    const struct opened with_dense = open_network();
    write_costs(&sparse);
    const struct opened with_sparse = open_network();
    assert_string_equal(with_dense.costs, "calibrated");
    assert_string_equal(with_dense.forms[2], "dense");
    assert_string_not_equal(with_dense.forms[4], "listed");
    assert_string_equal(with_sparse.forms[2], "sparse");
    assert_string_equal(with_sparse.forms[4], "listed");
    check_same_scores(&with_dense, &built_in);
    check_same_scores(&with_sparse, &built_in);
}

static void a_damaged_file_changes_nothing(void **state)
{
    char path[COSTS_PATH], text[COSTS_TEXT];
    const struct micro_costs sparse = costs_with(COSTS_APART, 1.f / COSTS_APART, 1.f / COSTS_APART);
    size_t size = sned_costs_write(text, column(), &sparse);
    place_of_file(path);
    text[size / 2] ^= 1;
    write_file(path, text, size);
    const struct opened damaged = open_network();
    remove_costs();
    const struct opened without = open_network();
    assert_string_equal(damaged.costs, "built-in");
    assert_memory_equal(&damaged, &without, sizeof without);
}

static void the_plan_built_in_leaves_the_file_alone(void **state)
{
    const struct micro_costs sparse = costs_with(COSTS_APART, 1.f / COSTS_APART, 1.f / COSTS_APART);
    remove_costs();
    const struct opened without = open_network();
    write_costs(&sparse);
    setenv("SNED_PLAN", "builtin", 1);
    const struct opened built_in = open_network();
    unsetenv("SNED_PLAN");
    assert_memory_equal(&built_in, &without, sizeof without);
}

/* Which form is fastest is not for a test to say. Weights come by rows, and by the layer. */
static void a_measured_plan_gives_the_same_scores(void **state)
{
    const struct opened planned = open_network();
    setenv("SNED_PLAN", "measured", 1);
    const struct opened measured = open_network();
    unsetenv("SNED_PLAN");
    assert_string_equal(measured.costs, "measured");
    check_same_scores(&measured, &planned);
}

static void a_plan_of_another_name_is_refused(void **state)
{
    sned_error error = {0};
    sned_model *model;
    setenv("SNED_PLAN", "fastest", 1);
    assert_int_equal(sned_model_from_graph(&model, lenet_graph(0.4f, 5), &error), SNED_ERROR_ARGUMENT);
    assert_null(model);
    assert_string_equal(error.message, "SNED_PLAN=fastest: builtin or measured it can be, or not set");
    setenv("SNED_PLAN", "", 1);
    assert_string_equal(open_network().costs, "calibrated");
    unsetenv("SNED_PLAN");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_is_written_is_read, set_cache),
        cmocka_unit_test_setup(a_text_that_ends_early_or_late_is_none, set_cache),
        cmocka_unit_test_setup(a_text_of_which_any_byte_is_another_is_none, set_cache),
        cmocka_unit_test_setup(costs_of_another_format_version_instruction_set_or_processor_are_none,
                               set_cache),
        cmocka_unit_test_setup(numbers_are_digits_one_space_behind_their_names_in_their_order, set_cache),
        cmocka_unit_test_setup(costs_far_from_those_built_in_are_none, set_cache),
        cmocka_unit_test_setup(only_a_file_of_this_user_that_nobody_else_may_write_is_believed, set_cache),
        cmocka_unit_test_setup(what_is_no_file_is_none_and_is_not_waited_for, set_cache),
        cmocka_unit_test_setup(the_place_is_an_absolute_path_of_the_environment, set_cache),
        cmocka_unit_test_setup(models_take_the_forms_that_the_file_makes_cheap, set_cache),
        cmocka_unit_test_setup(a_damaged_file_changes_nothing, set_cache),
        cmocka_unit_test_setup(the_plan_built_in_leaves_the_file_alone, set_cache),
        cmocka_unit_test_setup(a_measured_plan_gives_the_same_scores, set_cache),
        cmocka_unit_test_setup(a_plan_of_another_name_is_refused, set_cache),
    };
    return cmocka_run_group_tests(tests, NULL, remove_cache);
}
