/*
 * layers_section.c - the page's sections about layers: where the bytes are, the table, the weights by value.
 */
#include "cli/report/charts.h"
#include "cli/report/sections.h"
#include "cli/contents/contents.h"
#include "cli/terminal/table.h"

#include <math.h>

/* ---- sums over layers ---- */

static double part_sum(const struct report_facts *facts, enum byte_part part)
{
    double sum = 0;
    for (int i = 0; i < facts->layer_count; i++)
        sum += facts->layers[i].parts[part];
    return sum;
}

static bool parts_known(const struct report_facts *facts)
{
    double sum = 0;
    for (int i = 0; i < PART_COUNT; i++)
        sum += part_sum(facts, (enum byte_part)i);
    return sum > 0;
}

static uint64_t layer_bytes(const struct report_facts *facts)
{
    uint64_t sum = 0;
    for (int i = 0; i < facts->layer_count; i++)
        sum += facts->layers[i].bytes;
    return sum;
}

static double share(double part, double whole)
{
    return whole > 0 ? 100 * part / whole : 0;
}

/* ---- where the bytes are ---- */

static void legend_put(struct html *html)
{
    html_put(html, "<p class=\"legend\">From left to right in each bar: ");
    for (int i = 0; i < PART_COUNT; i++)
        html_put(html,
                 "<span><svg class=\"key\" aria-hidden=\"true\"><rect class=\"%s\" width=\"100%%\" "
                 "height=\"100%%\"/></svg>%s</span> ",
                 part_name((enum byte_part)i), part_name((enum byte_part)i));
    html_put(html, "</p>\n");
}

static void bar_row(struct html *html, const struct report_layer *layer, uint64_t most, uint64_t file)
{
    char bytes[32];
    html_put(html, "<tr><th scope=\"row\" title=\"%s\">%s</th><td class=\"wide\">", layer->name, layer->name);
    bytes_bar_put(html, layer, most);
    html_put(html, "</td><td>%s</td><td>%.1f %%</td></tr>\n", format_count(bytes, layer->bytes),
             share((double)layer->bytes, (double)file));
}

static void bytes_put(struct html *html, const struct report_facts *facts)
{
    const uint64_t layers = layer_bytes(facts);
    struct report_layer rest = {.name = "all else",
                                .bytes = facts->bytes > layers ? facts->bytes - layers : 0};
    uint64_t most = rest.bytes;
    for (int i = 0; i < facts->layer_count; i++)
        most = facts->layers[i].bytes > most ? facts->layers[i].bytes : most;
    html_put(html, "<section><h2>Where the bytes are</h2>\n");
    if (parts_known(facts))
        legend_put(html);
    html_put(html, "<table class=\"bars\"><thead class=\"hidden\"><tr><th scope=\"col\">layer</th><th "
                   "scope=\"col\">bar</th>"
                   "<th scope=\"col\">bytes</th><th scope=\"col\">of the file</th></tr></thead><tbody>\n");
    for (int i = 0; i < facts->layer_count; i++)
        bar_row(html, &facts->layers[i], most, facts->bytes);
    bar_row(html, &rest, most, facts->bytes);
    html_own(html, "</tbody></table>\n<p class=\"small\">All else: the graph, names, labels and "
                   "header.</p></section>\n");
}

/* ---- the table ---- */

static bool sensitivity_known(const struct report_facts *facts)
{
    return facts->measured_on > 0;
}

static void heads_put(struct html *html, const struct report_facts *facts)
{
    static const char *const first[] = {"weights", "kept", "%", "bytes", "bits a weight", "bits a kept one"};
    html_own(html, "<th scope=\"col\">layer</th>");
    for (size_t i = 0; i < sizeof first / sizeof *first; i++)
        html_put(html, "<th scope=\"col\">%s</th>", first[i]);
    if (sensitivity_known(facts))
        html_put(html, "<th scope=\"col\">divergence, 1/1000</th><th scope=\"col\">answers changed, %%</th>");
    for (int i = 0; i < PART_COUNT && parts_known(facts); i++)
        html_put(html, "<th scope=\"col\">%s</th>", part_name((enum byte_part)i));
    html_own(html, "<th scope=\"col\" class=\"text\">format</th><th scope=\"col\" class=\"text\">shape</th>");
}

static bool same_shape(const struct report_layer *layer)
{
    bool same = true;
    for (int i = 0; i < 4; i++)
        same &= layer->shape[i] == layer->shape_before[i];
    return same;
}

static void shape_put(struct html *html, const int shape[4])
{
    if (shape[2] == 1 && shape[3] == 1)
        html_put(html, "%d × %d", shape[0], shape[1]);
    else
        html_put(html, "%d × %d × %d × %d", shape[0], shape[1], shape[2], shape[3]);
}

static void shapes_put(struct html *html, const struct report_layer *layer)
{
    html_put(html, "<td class=\"text\">%s ", layer->op);
    if (!same_shape(layer)) {
        shape_put(html, layer->shape_before);
        html_put(html, " → ");
    }
    if (layer->weights)
        shape_put(html, layer->shape);
    else
        html_put(html, "removed");
    html_put(html, "</td>");
}

static void counts_put(struct html *html, uint64_t weights, uint64_t kept, uint64_t bytes)
{
    char all[32], left[32], text[32];
    html_put(html, "<td>%s</td><td>%s</td><td>%.2f</td>", format_count(all, weights),
             format_count(left, kept), share((double)kept, (double)weights));
    html_put(html, "<td>%s</td><td>%.3f</td><td>%.2f</td>", format_count(text, bytes),
             weights ? 8 * (double)bytes / (double)weights : 0, kept ? 8 * (double)bytes / (double)kept : 0);
}

static void sensitivity_put(struct html *html, const struct report_layer *layer)
{
    if (isnan(layer->divergence))
        html_put(html, "<td>–</td><td>–</td>");
    else
        html_put(html, "<td>%.2f</td><td>%.1f</td>", 1000 * layer->divergence, layer->changed);
}

static void part_cell(struct html *html, double bytes)
{
    char text[32];
    html_put(html, "<td>%s</td>", format_count(text, (uint64_t)(bytes + 0.5)));
}

static void layer_row(struct html *html, const struct report_facts *facts, const struct report_layer *layer)
{
    html_put(html, "<tr><th scope=\"row\">%s</th>", layer->name);
    counts_put(html, layer->weights_before, layer->kept, layer->bytes);
    if (sensitivity_known(facts))
        sensitivity_put(html, layer);
    for (int i = 0; i < PART_COUNT && parts_known(facts); i++)
        part_cell(html, layer->parts[i]);
    html_put(html, "<td class=\"text\">%s</td>", layer->format);
    shapes_put(html, layer);
    html_own(html, "</tr>\n");
}

static void total_row(struct html *html, const struct report_facts *facts)
{
    uint64_t weights = 0;
    for (int i = 0; i < facts->layer_count; i++)
        weights += facts->layers[i].weights_before;
    html_put(html, "<tr><th scope=\"row\">all layers</th>");
    counts_put(html, weights, facts->kept, layer_bytes(facts));
    if (sensitivity_known(facts))
        html_put(html, "<td></td><td></td>");
    for (int i = 0; i < PART_COUNT && parts_known(facts); i++)
        part_cell(html, part_sum(facts, (enum byte_part)i));
    html_own(html, "<td></td><td></td></tr>\n");
}

static void table_put(struct html *html, const struct report_facts *facts)
{
    html_put(html, "<section><h2>Layer by layer</h2>\n<div class=\"scroll\" role=\"region\" "
                   "aria-label=\"table of layers\" tabindex=\"0\"><table class=\"sorts\"><thead><tr>");
    heads_put(html, facts);
    html_put(html, "</tr></thead>\n<tbody>\n");
    for (int i = 0; i < facts->layer_count; i++)
        layer_row(html, facts, &facts->layers[i]);
    html_put(html, "</tbody>\n<tfoot>");
    total_row(html, facts);
    html_put(html, "</tfoot></table></div>\n");
    if (sensitivity_known(facts))
        html_put(html,
                 "<p class=\"small\">Divergence: how far the network's answers on %d images move "
                 "(Kullback-Leibler, "
                 "thousandths of a nat) when the lowest bit of that layer's integers is cleared and all else "
                 "stays; and "
                 "how many "
                 "of the answers change. The larger, the dearer a bit of that layer.</p>\n",
                 facts->measured_on);
    html_put(html, "</section>\n");
}

/* ---- the weights ---- */

static void weights_put(struct html *html, const struct report_layer *layer)
{
    const double edge = layer->before.width * HISTOGRAM_MIDDLE;
    html_put(html, "<figure><figcaption>%s <span class=\"small\">%.2f %% kept</span></figcaption>",
             layer->name, share((double)layer->kept, (double)layer->weights_before));
    histogram_put(html, layer);
    html_put(html, "<p class=\"ends\"><span>−%.3f</span><span>0</span>", edge);
    html_put(html, "<span>%.3f</span></p></figure>\n", edge);
}

static void histograms_put(struct html *html, const struct report_facts *facts)
{
    html_put(
        html,
        "<section><h2>Weights before and after</h2>\n<p>By value, each layer by itself. Upwards: all weights "
        "of the float network, its batch norms folded. Downwards: the weights that the file keeps; those "
        "that became zero are left out. The outermost bars hold what is beyond them.</p>\n<div "
        "class=\"multiples\">\n");
    for (int i = 0; i < facts->layer_count; i++)
        if (facts->layers[i].before.width > 0)
            weights_put(html, &facts->layers[i]);
    html_put(html, "</div></section>\n");
}

void layers_put(struct html *html, const struct report_facts *facts)
{
    if (facts->layer_count == 0)
        return;
    bytes_put(html, facts);
    table_put(html, facts);
    histograms_put(html, facts);
}
