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

/* "500 B", "20 KB", "1.5 MB"; of weights "20,000". */
static const char *tick_text(char text[32], const struct report_facts *facts, double amount)
{
    const double scale = amount >= 1e6 ? 1e6 : amount >= 1e3 ? 1e3 : 1;
    if (facts->points_are_weights)
        return format_count(text, (uint64_t)(amount + 0.5));
    snprintf(text, 32, "%.4g %s", amount / scale, scale == 1e6 ? "MB" : scale == 1e3 ? "KB" : "B");
    return text;
}

static void grid_put(struct html *html, const struct report_facts *facts, const struct frame *frame)
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
                 x, tick_text(text, facts, frame->bytes.ticks[i]));
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
            x, x > 50 ? -6 : 6, x > 50 ? "end" : "start", tick_text(text, facts, facts->wanted_bytes));
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

/* ---- the point that was chosen ---- */

/* Points, in per cent of the chart, that a text of the usual length beside the chosen one would cover. */
static int covered(const struct report_facts *facts, const struct frame *frame, double x, double y, int right,
                   int below)
{
    int count = 0;
    for (int i = 0; i < facts->point_count; i++) {
        const double dx = (across(frame, facts->points[i].bytes) - x) * right,
                     dy = (down(frame, facts->points[i].accuracy) - y) * below;
        count += dx > 0 && dx < 35 && dy > 0 && dy < 12;
    }
    return count;
}

/* What it is, on the side where it covers the fewest others and stays within the chart. */
static void name_put(struct html *html, const struct report_facts *facts, const struct curve_point *point,
                     const struct frame *frame)
{
    const double x = across(frame, point->bytes), y = down(frame, point->accuracy);
    /* The line mostly rises: there is room below on the right, above on the left. */
    const int right = x > 50 ? -1 : 1;
    int below = y > 80 ? -1 : y < 20 ? 1 : right;
    char text[32];
    if (y > 20 && y < 80 &&
        covered(facts, frame, x, y, right, -below) < covered(facts, frame, x, y, right, below))
        below = -below;
    html_put(html,
             "<text class=\"name\" x=\"%.2f%%\" y=\"%.2f%%\" dx=\"%d\" dy=\"%d\" text-anchor=\"%s\">%s %s, "
             "%.2f %%</text>",
             x, y, 14 * right, below > 0 ? 26 : -16, right > 0 ? "start" : "end",
             format_count(text, (uint64_t)point->bytes), facts->points_are_weights ? "weights" : "B",
             point->accuracy);
}

static void point_put(struct html *html, const struct report_facts *facts, int index,
                      const struct frame *frame)
{
    const struct curve_point *point = &facts->points[index];
    const double x = across(frame, point->bytes), y = down(frame, point->accuracy);
    char amount[32];
    html_put(html, "<g class=\"%s\">", point->chosen ? "chosen" : "point");
    html_put(html, "<title>%d: %s %s, %.2f %%%s</title>", index + 1,
             format_count(amount, (uint64_t)point->bytes), facts->points_are_weights ? "weights" : "bytes",
             point->accuracy, point->chosen ? ", chosen" : "");
    html_put(html, "<circle cx=\"%.2f%%\" cy=\"%.2f%%\" r=\"%d\"/>", x, y, point->chosen ? 6 : 4);
    if (point->chosen) {
        html_put(html, "<circle class=\"ring\" cx=\"%.2f%%\" cy=\"%.2f%%\" r=\"11\"/>", x, y);
        name_put(html, facts, point, frame);
    }
    html_put(html, "</g>\n");
}

void curve_put(struct html *html, const struct report_facts *facts)
{
    const struct frame frame = frame_make(facts);
    const char *amount = facts->points_are_weights ? "weights kept" : "bytes of the file";
    html_own(html, "<div class=\"chart\"><p class=\"axis\">held-out images that are right, %</p>\n"
                   "<div class=\"plot\"><svg role=\"img\" aria-labelledby=\"curve-title curve-text\">\n");
    html_put(html, "<title id=\"curve-title\">Accuracy against %s</title>\n", amount);
    html_put(html,
             "<desc id=\"curve-text\">%d networks that were made on the way, by the %s and their accuracy on "
             "held-out images; %s below has the numbers.</desc>\n",
             facts->point_count, amount, facts->points_are_weights ? "the list of decisions" : "the table");
    grid_put(html, facts, &frame);
    lines_put(html, facts, &frame);
    frontier_put(html, facts, &frame);
    for (int chosen = 0; chosen < 2; chosen++) /* the chosen one above the others */
        for (int i = 0; i < facts->point_count; i++)
            if (facts->points[i].chosen == (chosen == 1))
                point_put(html, facts, i, &frame);
    html_put(html, "</svg></div>\n<p class=\"axis end\">%s</p></div>\n", amount);
}
