/*
 * bars.c - a layer's bytes as a bar, and its weights by value as bars.
 */
#include "cli/report/charts.h"
#include "cli/contents/contents.h"

#include <math.h>

/* ---- bytes ---- */

static void part_put(struct html *html, const char *name, double from, double width, double bytes)
{
    if (width > 0)
        html_put(html,
                 "<rect class=\"%s\" x=\"%.3f%%\" width=\"%.3f%%\" height=\"100%%\"><title>%s: %.0f "
                 "bytes</title></rect>",
                 name, from, width, name, bytes);
}

void bytes_bar_put(struct html *html, const struct report_layer *layer, uint64_t most)
{
    const double scale = most ? 100 / (double)most : 0;
    double at = 0;
    html_put(html, "<svg class=\"bar\" aria-hidden=\"true\">");
    for (int i = 0; i < PART_COUNT; i++) {
        part_put(html, part_name((enum byte_part)i), at, layer->parts[i] * scale, layer->parts[i]);
        at += layer->parts[i] * scale;
    }
    part_put(html, "all", at, (double)layer->bytes * scale - at, (double)layer->bytes);
    html_put(html, "</svg>");
}

/* ---- weights ---- */

enum { ABOVE = 40, BELOW = 32, GAP = 2 }; /* heights in the histogram's own units; a bin is 2 wide */

static double largest(const double bins[HISTOGRAM_BINS])
{
    double most = 1;
    for (int i = 0; i < HISTOGRAM_BINS; i++)
        most = fmax(most, bins[i]);
    return most;
}

/* All bars of one direction as one path: `height` of the largest, upwards from y where it is negative. */
static void bars_put(struct html *html, const char *kind, const double bins[HISTOGRAM_BINS], int y,
                     int height)
{
    const double scale = height / largest(bins);
    html_put(html, "<path class=\"%s\" d=\"", kind);
    for (int i = 0; i < HISTOGRAM_BINS; i++)
        if (bins[i] > 0)
            html_put(html, "M%d %dv%.1fh2V%dz", 2 * i, y, bins[i] * scale, y);
    html_put(html, "\"/>");
}

void histogram_put(struct html *html, const struct report_layer *layer)
{
    html_put(html,
             "<svg class=\"histogram\" viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" role=\"img\" "
             "aria-label=\"weights of %s: before upwards, after downwards\">",
             2 * HISTOGRAM_BINS, ABOVE + GAP + BELOW, layer->name);
    bars_put(html, "before", layer->before.bins, ABOVE, -ABOVE);
    bars_put(html, "after", layer->after.bins, ABOVE + GAP, BELOW);
    html_put(html, "</svg>");
}
