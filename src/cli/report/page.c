/*
 * page.c - see page.h: the frame of the page, its summary, the search and how to repeat it.
 *
 * Markup is well-formed XML too, so that any parser can read it. The policy in the head forbids the page to
 * load anything, whatever stands in it.
 */
#include "cli/report/page.h"
#include "base/file.h"
#include "cli/report/charts.h"
#include "cli/report/sections.h"
#include "cli/report/words.h"
#include "cli/terminal/table.h"
#include "sned.h"

#include <math.h>

static double ratio(uint64_t before, uint64_t after)
{
    return after ? (double)before / (double)after : 0;
}

static uint64_t weights_before(const struct report_facts *facts)
{
    uint64_t sum = 0;
    for (int i = 0; i < facts->layer_count; i++)
        sum += facts->layers[i].weights_before;
    return sum;
}

/* ---- summary ---- */

static void figure_begin(struct html *html, const char *what, const char *number)
{
    html_put(html, "<div><dt>%s</dt><dd>%s</dd><dd class=\"small\">", what, number);
}

static void size_put(struct html *html, const struct report_facts *facts)
{
    char bytes[32], before[32];
    figure_begin(html, "Bytes of the file", format_count(bytes, facts->bytes));
    html_put(html, "of %s as float32: %.1f times smaller</dd></div>\n",
             format_count(before, facts->bytes_before), ratio(facts->bytes_before, facts->bytes));
}

static void accuracy_put(struct html *html, const struct report_facts *facts)
{
    const double lost = facts->top1_before - facts->top1;
    if (!facts->accuracy_on)
        return;
    html_put(html, "<div><dt>%s, %s images</dt><dd>%.2f %%</dd><dd class=\"small\">",
             facts->is_agreement ? "Agreement" : "Accuracy", facts->accuracy_on, facts->top1);
    if (facts->is_agreement)
        html_own(html, "have the class that the network as given says");
    else if (fabs(lost) < 0.005)
        html_put(html, "%.2f %% in float: none lost", facts->top1_before);
    else
        html_put(html, "%.2f %% in float: %.2f points %s", facts->top1_before, fabs(lost),
                 lost > 0 ? "lost" : "won");
    html_own(html, "</dd></div>\n");
}

static void density_put(struct html *html, const struct report_facts *facts)
{
    const uint64_t all = weights_before(facts);
    char kept[32], weights[32];
    if (!all)
        return;
    figure_begin(html, "Weights kept", format_count(kept, facts->kept));
    html_put(html, "of %s: %.2f %%, %.1f times fewer</dd></div>\n", format_count(weights, all),
             100 * (double)facts->kept / (double)all, ratio(all, facts->kept));
    html_put(
        html,
        "<div><dt>Bits a weight</dt><dd>%.3f</dd><dd class=\"small\">%.2f for each that is kept</dd></div>\n",
        8 * (double)facts->bytes / (double)all, 8 * ratio(facts->bytes, facts->kept));
}

static void summary_put(struct html *html, const struct report_facts *facts)
{
    char time[32];
    html_put(html, "<header><p class=\"kicker\">sned %s</p>\n<h1>%s</h1>\n<p class=\"lead\">", facts->command,
             facts->network);
    html_put(html, "%s became %s", facts->model, facts->output);
    if (facts->data)
        html_put(html, ", with the data of %s", facts->data);
    html_put(html, ".</p></header>\n<section><h2 class=\"hidden\">Summary</h2><dl class=\"figures\">\n");
    size_put(html, facts);
    accuracy_put(html, facts);
    density_put(html, facts);
    html_put(html, "<div><dt>Time</dt><dd>%s</dd><dd class=\"small\">%d %s</dd></div>\n",
             time_text(time, facts->seconds), facts->threads, facts->threads == 1 ? "thread" : "threads");
    html_put(html, "</dl></section>\n");
}

/* ---- the search ---- */

static void point_row(struct html *html, const struct curve_point *point, int number)
{
    char bytes[32], wanted[32], time[32];
    html_put(html, "<tr class=\"%s\"><th scope=\"row\">%d%s</th>", point->chosen ? "pick" : "", number,
             point->chosen ? ", chosen" : "");
    html_put(html, "<td>%s</td><td>%.2f</td><td>%.4f</td><td>%s</td><td>%.1f</td><td>%s</td></tr>\n",
             format_count(bytes, (uint64_t)point->bytes), point->accuracy, point->loss,
             point->wanted > 0 ? format_count(wanted, (uint64_t)point->wanted) : "–", point->epochs,
             time_text(time, point->seconds));
}

static void points_put(struct html *html, const struct report_facts *facts)
{
    html_own(html,
             "<div class=\"scroll\" role=\"region\" aria-label=\"table of networks\" tabindex=\"0\"><table>"
             "<thead><tr><th scope=\"col\">network</th><th scope=\"col\">bytes</th><th scope=\"col\">right, "
             "%</th><th scope=\"col\">loss</th><th scope=\"col\">bytes aimed at</th><th "
             "scope=\"col\">epochs</th><th "
             "scope=\"col\">after</th></tr></thead><tbody>\n");
    for (int i = 0; i < facts->point_count; i++)
        point_row(html, &facts->points[i], i + 1);
    html_own(html, "</tbody></table></div>\n");
}

/* Of weights the decisions tell each point. */
static void search_put(struct html *html, const struct report_facts *facts)
{
    if (facts->point_count == 0)
        return;
    html_put(html, "<section><h2>%s against accuracy</h2>\n",
             facts->points_are_weights ? "Weights" : "Bytes");
    html_own(html, "<p>The networks that were made on the way, by their accuracy on images held out from the "
                   "training: these steer, and those of the summary do not. The line joins the networks that "
                   "no other beats.</p>\n");
    if (facts->point_count > 1)
        curve_put(html, facts);
    if (!facts->points_are_weights)
        points_put(html, facts);
    html_own(html, "</section>\n");
}

static void decisions_put(struct html *html, const struct report_facts *facts)
{
    if (facts->decision_count == 0)
        return;
    html_put(html, "<section><h2>What was decided, and why</h2>\n<ol class=\"log\">\n");
    for (int i = 0; i < facts->decision_count; i++)
        html_put(html, "<li>%s</li>\n", facts->decisions[i]);
    html_put(html, "</ol></section>\n");
}

static void repeat_put(struct html *html, const struct report_facts *facts)
{
    char seed[32];
    html_put(html, "<section><h2>To do it again</h2>\n<pre><code>%s</code></pre>\n", facts->command_line);
    html_put(html, "<p>sned %s, seed %s, %d %s.%s</p></section>\n", sned_version(),
             format_count(seed, (uint64_t)facts->seed), facts->threads,
             facts->threads == 1 ? "thread" : "threads",
             facts->repeats ? " It gives the same file, byte for byte."
                            : " How far it comes in its time is the machine's affair.");
}

/* ---- the page ---- */

static void page_put(struct html *html, const struct report_facts *facts)
{
    html_put(html,
             "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>\n"
             "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
             "'unsafe-inline'; "
             "script-src 'unsafe-inline'\"/>\n"
             "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
             "<meta name=\"color-scheme\" content=\"light dark\"/>\n"
             "<title>%s: sned %s</title>\n",
             facts->network, facts->command);
    style_put(html);
    html_put(html, "</head>\n<body><main>\n");
    summary_put(html, facts);
    search_put(html, facts);
    layers_put(html, facts);
    decisions_put(html, facts);
    repeat_put(html, facts);
    html_own(html, "</main>\n");
    script_put(html);
    html_own(html, "</body></html>\n");
}

sned_status report_write(const char *path, const struct report_facts *facts, sned_error *error)
{
    struct html html = {.error = error};
    page_put(&html, facts);
    sned_status status = html.status;
    if (status == SNED_OK)
        status = sned_file_write(path, html.text.data, html.text.size, error);
    sned_buffer_free(&html.text);
    return status;
}
