/*
 * test_report.c - the page of --report from facts that are made up here: all is told, nothing breaks out.
 * test_report PAGE.html: writes the page, to be looked at.
 */
#include "base/file.h"
#include "cli/report/axis.h"
#include "cli/report/page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- facts ---- */

static struct curve_point points[] = {
    {.bytes = 9120, .accuracy = 99.34, .loss = 0.0251, .wanted = 9000, .epochs = 8, .seconds = 61},
    {.bytes = 5480, .accuracy = 99.30, .loss = 0.0263, .wanted = 5500, .epochs = 16, .seconds = 119},
    {.bytes = 3655, .accuracy = 99.21, .loss = 0.0284, .wanted = 3600, .epochs = 24, .seconds = 178},
    {.bytes = 3010, .accuracy = 98.82, .loss = 0.0391, .wanted = 2800, .epochs = 32, .seconds = 240},
    {.bytes = 2812,
     .accuracy = 99.25,
     .loss = 0.0270,
     .wanted = 2800,
     .epochs = 62,
     .seconds = 431,
     .chosen = true},
    {.bytes = 1987, .accuracy = 98.71, .loss = 0.0420, .wanted = 2000, .epochs = 92, .seconds = 655},
};

static uint64_t bell(int bin, double width, double height)
{
    const double x = (bin - HISTOGRAM_MIDDLE) / width;
    return (uint64_t)(height * exp(-x * x / 2));
}

static struct report_layer layer_make(const char *name, int index)
{
    static const int shapes[4][4] = {{20, 1, 5, 5}, {50, 20, 5, 5}, {500, 800, 1, 1}, {10, 500, 1, 1}};
    static const int left[4][4] = {{8, 1, 5, 5}, {20, 8, 5, 5}, {60, 320, 1, 1}, {10, 60, 1, 1}};
    static const uint64_t kept[4] = {151, 1480, 2012, 271}, bytes[4] = {139, 1010, 1215, 230};
    struct report_layer layer = {.op = index < 2 ? "Conv" : "Gemm",
                                 .format = "mixed",
                                 .kept = kept[index],
                                 .bytes = bytes[index],
                                 .divergence = 0.8 / (1 + index),
                                 .changed = 4.0 / (1 + index)};
    const double shares[PART_COUNT] = {0.52, 0.14, 0.3, 0.03, 0.01};
    layer.name = strdup(name);
    layer.weights_before = layer.weights = 1;
    for (int i = 0; i < 4; i++) {
        layer.shape_before[i] = shapes[index][i];
        layer.shape[i] = left[index][i];
        layer.weights_before *= (uint64_t)shapes[index][i];
        layer.weights *= (uint64_t)left[index][i];
    }
    for (int i = 0; i < PART_COUNT; i++)
        layer.parts[i] = shares[i] * (double)layer.bytes;
    layer.before.width = layer.after.width = 0.01;
    for (int i = 0; i < HISTOGRAM_BINS; i++) {
        layer.before.bins[i] = bell(i, 5 + 2 * index, 1000);
        layer.after.bins[i] = i % 4 == 2 && i != HISTOGRAM_MIDDLE ? bell(i, 9, 300) : 0;
    }
    return layer;
}

static const char *const names[] = {"conv1", "<b>&\"'fc\033]0;\xff", "fc1", "fc2"};

static struct report_facts facts_make(void)
{
    struct report_facts facts = {.command = "compress",
                                 .accuracy_on = "test",
                                 .seed = 1,
                                 .threads = 2,
                                 .seconds = 655,
                                 .bytes_before = 1724320,
                                 .bytes = 2812,

                                 .kept = 3914,
                                 .top1_before = 99.44,
                                 .top1 = 99.29,
                                 .steered_before = 99.36,
                                 .wanted_bytes = 3000,
                                 .wanted_accuracy = NAN,

                                 .point_count = sizeof points / sizeof *points,
                                 .measured_on = 200,
                                 .layer_count = 4};
    facts.command_line =
        strdup("sned compress lenet5.onnx --data mnist --max-bytes 3000 -o lenet5.sned --report lenet5.html");
    facts.network = strdup("lenet5");
    facts.model = strdup("lenet5.onnx");
    facts.data = strdup("mnist");
    facts.output = strdup("lenet5.sned");
    facts.points = malloc(sizeof points);
    memcpy(facts.points, points, sizeof points);
    facts.layers = calloc(4, sizeof *facts.layers);
    for (int i = 0; i < 4; i++)
        facts.layers[i] = layer_make(names[i], i);
    assert_int_equal(report_tell(&facts, NULL, "Rounded by second order first: %d bytes.", 23010), SNED_OK);
    assert_int_equal(report_tell(&facts, NULL, "%s: cut <in> half", "conv1"), SNED_OK);
    return facts;
}

/* The page of `facts`, which are freed; free() it. */
static char *page_of(struct report_facts *facts)
{
    char path[] = "/tmp/sned-report-XXXXXX";
    sned_error error = {0};
    struct buffer text = {0};
    const int file = mkstemp(path);
    assert_true(file >= 0);
    close(file);
    assert_int_equal(report_write(path, facts, &error), SNED_OK);
    assert_int_equal(sned_file_read(&text, path, 1 << 24, &error), SNED_OK);
    assert_int_equal(sned_buffer_append(&text, "", 1, &error), SNED_OK);
    unlink(path);
    report_facts_free(facts);
    return (char *)text.data;
}

static char *page(void)
{
    struct report_facts facts = facts_make();
    return page_of(&facts);
}

static int count(const char *text, const char *part)
{
    int found = 0;
    for (; (text = strstr(text, part)); text += strlen(part))
        found++;
    return found;
}

/* ---- html ---- */

static void a_text_is_escaped_and_made_plain(void **state)
{
    (void)state;
    struct html html = {0};
    html_put(&html, "<i title=\"%s\">%d%% %.2f</i>", "<b>&\"'\033\xff", 7, 1.005 + 0.005);
    html_own(&html, "<hr/>");
    assert_int_equal(html.status, SNED_OK);
    assert_int_equal(sned_buffer_append(&html.text, "", 1, NULL), SNED_OK);
    assert_string_equal((char *)html.text.data, "<i title=\"&lt;b&gt;&amp;&quot;&#39;??\">7% 1.01</i><hr/>");
    sned_buffer_free(&html.text);
}

/* ---- axes ---- */

static void an_axis_of_bytes_has_round_ticks(void **state)
{
    (void)state;
    const struct chart_axis axis = axis_make(1987, 9120, 6, true);
    assert_true(axis.logarithmic);
    static const double expected[] = {2000, 3000, 4000, 6000, 8000};
    assert_int_equal(axis.tick_count, 5);
    for (int i = 0; i < 5; i++)
        assert_float_equal(axis.ticks[i], expected[i], 1e-6);
    assert_float_equal(axis_place(&axis, sqrt(axis.low * axis.high)), 50, 1e-9);
}

static void an_axis_of_per_cent_has_steps_of_one_two_or_five(void **state)
{
    (void)state;
    const struct chart_axis axis = axis_make(98.7, 99.4, 6, false);
    assert_int_equal(axis.tick_count, 4);
    for (int i = 0; i < 4; i++)
        assert_float_equal(axis.ticks[i], 98.8 + 0.2 * i, 1e-9);
    assert_float_equal(axis_place(&axis, axis.high), 100, 1e-9);
}

static void an_axis_of_one_number_has_room_on_both_sides(void **state)
{
    (void)state;
    const struct chart_axis axis = axis_make(90, 90, 6, true);
    assert_float_equal(axis_place(&axis, 90), 50, 1e-9);
    assert_true(axis.tick_count >= 2);
}

/* ---- the page ---- */

static void the_page_has_each_layer_in_each_of_three_places(void **state)
{
    (void)state;
    char *text = page();
    assert_int_equal(count(text, ">conv1</th>"), 2);
    assert_int_equal(count(text, "<figcaption>conv1 "), 1);
    assert_int_equal(count(text, ">fc2</th>"), 2);
    free(text);
}

static void a_layer_whose_name_is_markup_stays_a_name(void **state)
{
    (void)state;
    char *text = page();
    assert_int_equal(count(text, ">&lt;b&gt;&amp;&quot;&#39;fc?]0;?</th>"), 2);
    assert_int_equal(count(text, "<b>"), 0);
    assert_int_equal(count(text, "\033"), 0);
    assert_int_equal(count(text, "cut &lt;in&gt; half"), 1);
    free(text);
}

static void each_point_of_the_search_is_in_the_chart_and_in_the_table(void **state)
{
    (void)state;
    char *text = page(), expected[64];
    assert_int_equal(count(text, "<g class=\"point\">"), 5);
    assert_int_equal(count(text, "<g class=\"chosen\">"), 1);
    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        snprintf(expected, sizeof expected, "<td>%.2f</td>", points[i].accuracy);
        assert_int_equal(count(text, expected), 1);
    }
    assert_int_equal(count(text, "5: 2,812 bytes, 99.25 %, chosen"), 1);
    free(text);
}

/* 9120, 5480, 2812 and 1987 bytes: those of 3655 and 3010 are beaten by 2812 at 99.25 %. */
static void the_line_joins_the_points_that_none_beats(void **state)
{
    (void)state;
    char *text = page();
    assert_int_equal(count(text, "<line class=\"frontier\""), 3);
    free(text);
}

static void what_the_layers_do_not_hold_is_told_too(void **state)
{
    (void)state;
    char *text = page();
    assert_non_null(strstr(text, "<td>218</td><td>7.8 %</td>")); /* 2812 less 139 + 1010 + 1215 + 230 */
    free(text);
}

static void what_is_not_known_is_not_spoken_of(void **state)
{
    (void)state;
    struct report_facts facts = facts_make();
    facts.point_count = 0;
    facts.accuracy_on = NULL;
    facts.measured_on = 0;
    for (int i = 0; i < facts.layer_count; i++)
        memset(facts.layers[i].parts, 0, sizeof facts.layers[i].parts);
    char *text = page_of(&facts);
    assert_int_equal(count(text, "<h2>Bytes against accuracy"), 0);
    assert_int_equal(count(text, "Accuracy"), 0);
    assert_int_equal(count(text, "ivergence"), 0);
    assert_int_equal(count(text, "magnitudes</th>"), 0);
    assert_int_equal(count(text, "nan"), 0);
    free(text);
}

static void the_page_loads_nothing(void **state)
{
    (void)state;
    char *text = page();
    assert_int_equal(count(text, "http:") + count(text, "https:") + count(text, "src=") + count(text, "url("),
                     0);
    assert_int_equal(count(text, "default-src 'none'"), 1);
    free(text);
}

static void three_hundred_layers_are_less_than_a_megabyte(void **state)
{
    (void)state;
    struct report_facts facts = facts_make();
    for (int i = 0; i < facts.layer_count; i++)
        free(facts.layers[i].name);
    free(facts.layers);
    facts.layer_count = 300;
    facts.layers = calloc(300, sizeof *facts.layers);
    for (int i = 0; i < 300; i++)
        facts.layers[i] = layer_make("features.denseblock4.denselayer16.conv1", i % 4);
    char *text = page_of(&facts);
    assert_int_equal(count(text, "<figcaption>"), 300);
    assert_true(strlen(text) < 1000000);
    free(text);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_escaped_and_made_plain),
        cmocka_unit_test(an_axis_of_bytes_has_round_ticks),
        cmocka_unit_test(an_axis_of_per_cent_has_steps_of_one_two_or_five),
        cmocka_unit_test(an_axis_of_one_number_has_room_on_both_sides),
        cmocka_unit_test(the_page_has_each_layer_in_each_of_three_places),
        cmocka_unit_test(a_layer_whose_name_is_markup_stays_a_name),
        cmocka_unit_test(each_point_of_the_search_is_in_the_chart_and_in_the_table),
        cmocka_unit_test(the_line_joins_the_points_that_none_beats),
        cmocka_unit_test(what_the_layers_do_not_hold_is_told_too),
        cmocka_unit_test(what_is_not_known_is_not_spoken_of),
        cmocka_unit_test(the_page_loads_nothing),
        cmocka_unit_test(three_hundred_layers_are_less_than_a_megabyte),
    };
    if (argc == 2) {
        struct report_facts facts = facts_make();
        return report_write(argv[1], &facts, NULL);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
