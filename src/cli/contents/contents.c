/*
 * contents.c - see contents.h.
 */
#include "cli/contents/contents.h"
#include "cli/contents/histogram.h"
#include "cli/terminal/print.h"
#include "cli/terminal/table.h"

#include <stdlib.h>

const char *part_name(enum byte_part part)
{
    static const char *const names[PART_COUNT] = {
        [PART_POSITIONS] = "positions", [PART_SIGNS] = "signs",   [PART_MAGNITUDES] = "magnitudes",
        [PART_BIASES] = "biases",       [PART_SCALES] = "scales",
    };
    return names[part];
}

static double share(uint64_t part, uint64_t whole)
{
    return whole ? 100 * (double)part / (double)whole : 0;
}

/* All layers' parts together, and whether any format told them apart. */
static bool sum_parts(double sums[PART_COUNT], const struct layer_rows *rows)
{
    double all = 0;
    for (int part = 0; part < PART_COUNT; part++) {
        sums[part] = 0;
        for (int i = 0; i < rows->count; i++)
            sums[part] += rows->rows[i].parts[part];
        all += sums[part];
    }
    return all > 0;
}

/* ---- for a terminal ---- */

static sned_status print_row(struct table *table, const char *name, const double *parts, uint64_t bytes,
                             uint64_t file, const char *values, sned_error *error)
{
    char text[32];
    SNED_TRY(table_cell(table, error, "%s", name));
    for (int part = 0; part < PART_COUNT && parts; part++)
        SNED_TRY(table_cell(table, error, "%s", format_count(text, (uint64_t)(parts[part] + 0.5))));
    SNED_TRY(table_cell(table, error, "%s", format_count(text, bytes)));
    SNED_TRY(table_cell(table, error, "%.1f", share(bytes, file)));
    return table_cell(table, error, "%s", values);
}

static sned_status print_rows(struct table *table, const struct layer_rows *rows, const struct graph *graph,
                              uint64_t file, sned_error *error)
{
    double sums[PART_COUNT];
    const bool split = sum_parts(sums, rows);
    for (int i = 0; i < rows->count; i++) {
        const struct layer_row *row = &rows->rows[i];
        struct weight_histogram histogram;
        char values[HISTOGRAM_TEXT];
        histogram_make(&histogram, graph, &graph->nodes[row->node], 0);
        SNED_TRY(print_row(table, row->name, split ? row->parts : NULL, row->bytes, file,
                           histogram_text(values, &histogram), error));
    }
    return print_row(table, "all", split ? sums : NULL, rows->bytes, file, "", error);
}

sned_status contents_print(const struct layer_rows *rows, const struct graph *graph, uint64_t bytes,
                           sned_error *error)
{
    static const char *const whole[] = {"layer", ">bytes", ">% of file", "weights by value", NULL};
    static const char *const split[] = {"layer",   ">positions", ">signs",     ">magnitudes",      ">biases",
                                        ">scales", ">bytes",     ">% of file", "weights by value", NULL};
    double sums[PART_COUNT];
    struct table table;
    char rest[32];
    sned_status status = table_new(&table, sum_parts(sums, rows) ? split : whole, error);
    if (status == SNED_OK)
        status = print_rows(&table, rows, graph, bytes, error);
    if (status == SNED_OK)
        status = table_print(&table, error);
    table_free(&table);
    if (status == SNED_OK && bytes > rows->bytes)
        print_line("no layer's: %s bytes, %.1f %%: graph, names, labels, header",
                   format_count(rest, bytes - rows->bytes), share(bytes - rows->bytes, bytes));
    return status;
}

/* ---- as JSON ---- */

static json_t *parts_json(const double parts[PART_COUNT])
{
    json_t *object = json_object();
    for (int part = 0; part < PART_COUNT; part++)
        json_object_set_new(object, part_name((enum byte_part)part), json_real(parts[part]));
    return object;
}

static json_t *histogram_json(const struct weight_histogram *histogram)
{
    json_t *bins = json_array();
    for (int i = 0; i < HISTOGRAM_BINS; i++)
        json_array_append_new(bins, json_real(histogram->bins[i]));
    return json_pack("{s:f, s:o}", "width", histogram->width, "bins", bins);
}

sned_status contents_json(json_t *layers, const struct layer_rows *rows, const struct graph *graph,
                          uint64_t bytes, sned_error *error)
{
    for (int i = 0; i < rows->count; i++) {
        const struct layer_row *row = &rows->rows[i];
        struct weight_histogram histogram;
        histogram_make(&histogram, graph, &graph->nodes[row->node], 0);
        json_t *more =
            json_pack("{s:f, s:f, s:f, s:o, s:o}", "density", share(row->kept, row->weights), "bits_a_weight",
                      row->weights ? 8.0 * (double)row->bytes / (double)row->weights : 0.0, "percent_of_file",
                      share(row->bytes, bytes), "parts", parts_json(row->parts), "histogram",
                      histogram_json(&histogram));
        const int failed = !more || json_object_update(json_array_get(layers, (size_t)i), more);
        json_decref(more);
        if (failed)
            return sned_fail(error, SNED_ERROR_DATA, "layer '%s': JSON cannot hold what it has", row->name);
    }
    return SNED_OK;
}
