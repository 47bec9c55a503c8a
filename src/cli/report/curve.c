/*
 * curve.c - bytes against accuracy over a search.
 *
 *     accuracy |- - - - - - - - - - - - float network
 *              |        o----<chosen>----o
 *              |   o---'        o               a line through those that no other beats
 *              +------------------------------ bytes, logarithmic
 */
#include "cli/report/charts.h"
#include "cli/report/axis.h"
#include "cli/terminal/table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct frame {
    struct chart_axis bytes, accuracy;
};

static double across(const struct frame *frame, double bytes)
{
    return axis_place(&frame->bytes, bytes);
}

static double down(const struct frame *frame, double accuracy)
{
    return 100 - axis_place(&frame->accuracy, accuracy);
}

static void include(double *least, double *most, double value)
{
    if (isnan(value))
        return;
    *least = fmin(*least, value);
    *most = fmax(*most, value);
}

static struct frame frame_make(const struct report_facts *facts)
{
    double fewest = INFINITY, bytes = 0, worst = INFINITY, best = 0;
    for (int i = 0; i < facts->point_count; i++) {
        include(&fewest, &bytes, facts->points[i].bytes);
        include(&worst, &best, facts->points[i].accuracy);
    }
    include(&fewest, &bytes, facts->wanted_bytes);
    include(&worst, &best, facts->wanted_accuracy);
    include(&worst, &best, facts->steered_before);
    return (struct frame){axis_make(fewest, bytes, 6, true), axis_make(worst, best, 6, false)};
}

/* "500 B", "20 KB", "1.5 MB" */
static const char *tick_text(char text[32], double bytes)
{
    const char *unit = bytes >= 1e6 ? "MB" : bytes >= 1e3 ? "KB" : "B";
    snprintf(text, 32, "%.4g %s", bytes >= 1e6 ? bytes / 1e6 : bytes >= 1e3 ? bytes / 1e3 : bytes, unit);
    return text;
}

static void grid_put(struct html *html, const struct frame *frame)
{
    char text[32];
    for (int i = 0; i < frame->accuracy.tick_count; i++) {
        const double y = down(frame, frame->accuracy.ticks[i]);
        snprintf(text, sizeof text, "%.6g", frame->accuracy.ticks[i]);
        html_put(html, "<line class=\"grid\" x1=\"0\" x2=\"100%%\" y1=\"%.2f%%\" y2=\"%.2f%%\"/>", y, y);
        html_put(html,
                 "<text class=\"tick\" x=\"-8\" y=\"%.2f%%\" dy=\".35em\" text-anchor=\"end\">%s</text>\n", y,
                 text);
    }
    for (int i = 0; i < frame->bytes.tick_count; i++) {
        const double x = across(frame, frame->bytes.ticks[i]);
        html_put(html, "<line class=\"grid\" x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"0\" y2=\"100%%\"/>", x, x);
        html_put(html,
                 "<text class=\"tick\" x=\"%.2f%%\" y=\"100%%\" dy=\"18\" text-anchor=\"middle\">%s</text>\n",
                 x, tick_text(text, frame->bytes.ticks[i]));
    }
}

/* The float network's accuracy and what was asked for, as lines from side to side. */
static void lines_put(struct html *html, const struct report_facts *facts, const struct frame *frame)
{
    if (!isnan(facts->steered_before)) {
        const double y = down(frame, facts->steered_before);
        html_put(html, "<line class=\"float\" x1=\"0\" x2=\"100%%\" y1=\"%.2f%%\" y2=\"%.2f%%\"/>", y, y);
        html_put(
            html,
            "<text class=\"note\" x=\"0\" dx=\"6\" y=\"%.2f%%\" dy=\"-6\">float network %.2f %%</text>\n", y,
            facts->steered_before);
    }
    if (!isnan(facts->wanted_accuracy)) {
        const double y = down(frame, facts->wanted_accuracy);
        html_put(html, "<line class=\"wanted\" x1=\"0\" x2=\"100%%\" y1=\"%.2f%%\" y2=\"%.2f%%\"/>", y, y);
        html_put(html,
                 "<text class=\"note\" x=\"0\" dx=\"6\" y=\"%.2f%%\" dy=\"16\">wanted: %.2f %%</text>\n", y,
                 facts->wanted_accuracy);
    }
    if (!isnan(facts->wanted_bytes)) {
        const double x = across(frame, facts->wanted_bytes);
        char text[32];
        html_put(html, "<line class=\"wanted\" x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"0\" y2=\"100%%\"/>", x, x);
        html_put(
            html,
            "<text class=\"note\" x=\"%.2f%%\" y=\"100%%\" dx=\"%d\" dy=\"-8\" text-anchor=\"%s\">wanted: "
            "%s</text>\n",
            x, x > 50 ? -6 : 6, x > 50 ? "end" : "start", tick_text(text, facts->wanted_bytes));
    }
}

static bool is_beaten(const struct report_facts *facts, int index)
{
    const struct curve_point *own = &facts->points[index];
    for (int i = 0; i < facts->point_count; i++) {
        const struct curve_point *other = &facts->points[i];
        const bool better = other->bytes < own->bytes || other->accuracy > own->accuracy || i < index;
        if (i != index && other->bytes <= own->bytes && other->accuracy >= own->accuracy && better)
            return true;
    }
    return false;
}

/* Of those that no other beats: the one with the fewest bytes above `bytes`; NULL where there is none. */
static const struct curve_point *next_best(const struct report_facts *facts, double bytes)
{
    const struct curve_point *found = NULL;
    for (int i = 0; i < facts->point_count; i++) {
        const struct curve_point *point = &facts->points[i];
        if (point->bytes > bytes && (!found || point->bytes < found->bytes) && !is_beaten(facts, i))
            found = point;
    }
    return found;
}

static void frontier_put(struct html *html, const struct report_facts *facts, const struct frame *frame)
{
    const struct curve_point *from = next_best(facts, -1), *to;
    while (from && (to = next_best(facts, from->bytes))) {
        html_put(html, "<line class=\"frontier\" x1=\"%.2f%%\" y1=\"%.2f%%\" x2=\"%.2f%%\" y2=\"%.2f%%\"/>\n",
                 across(frame, from->bytes), down(frame, from->accuracy), across(frame, to->bytes),
                 down(frame, to->accuracy));
        from = to;
    }
}

static void point_put(struct html *html, const struct curve_point *point, int number,
                      const struct frame *frame)
{
    const double x = across(frame, point->bytes), y = down(frame, point->accuracy);
    char bytes[32];
    format_count(bytes, (uint64_t)point->bytes);
    html_put(html, "<g class=\"%s\">", point->chosen ? "chosen" : "point");
    html_put(html, "<title>%d: %s bytes, %.2f %%%s</title>", number, bytes, point->accuracy,
             point->chosen ? ", chosen" : "");
    html_put(html, "<circle cx=\"%.2f%%\" cy=\"%.2f%%\" r=\"%d\"/>", x, y, point->chosen ? 7 : 4);
    if (point->chosen) {
        html_put(html, "<circle class=\"ring\" cx=\"%.2f%%\" cy=\"%.2f%%\" r=\"12\"/>", x, y);
        html_put(
            html,
            "<text class=\"name\" x=\"%.2f%%\" y=\"%.2f%%\" dx=\"%d\" dy=\"%d\" text-anchor=\"%s\">%s B, "
            "%.2f %%</text>",
            x, y, x > 50 ? -16 : 16, y > 80 ? -12 : 22, x > 50 ? "end" : "start", bytes, point->accuracy);
    }
    html_put(html, "</g>\n");
}

void curve_put(struct html *html, const struct report_facts *facts)
{
    const struct frame frame = frame_make(facts);
    html_put(html, "<div class=\"chart\"><p class=\"axis\">accuracy on held-out images, %%</p>\n"
                   "<div class=\"plot\"><svg role=\"img\" aria-labelledby=\"curve-title curve-text\">\n"
                   "<title id=\"curve-title\">Bytes against accuracy</title>\n");
    html_put(html,
             "<desc id=\"curve-text\">%d networks that the search made, by the bytes of their file and their "
             "accuracy on held-out images; the table below has the numbers.</desc>\n",
             facts->point_count);
    grid_put(html, &frame);
    lines_put(html, facts, &frame);
    frontier_put(html, facts, &frame);
    for (int i = 0; i < facts->point_count; i++)
        if (!facts->points[i].chosen)
            point_put(html, &facts->points[i], i + 1, &frame);
    for (int i = 0; i < facts->point_count; i++)
        if (facts->points[i].chosen)
            point_put(html, &facts->points[i], i + 1, &frame);
    html_put(html, "</svg></div>\n<p class=\"axis end\">bytes of the file</p></div>\n");
}
