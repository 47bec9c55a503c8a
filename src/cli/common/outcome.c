/*
 * outcome.c - writing a .sned file and saying what became of the network.
 */
#include "cli/common/outcome.h"
#include "base/file.h"
#include "cli/options/choices.h"
#include "cli/common/preflight.h"
#include "cli/terminal/print.h"
#include "cli/terminal/table.h"
#include "compress/compress.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --format as a number; -1 where none was given. */
static sned_status parse_format(int *format, const char *name, sned_error *error)
{
    *format = -1;
    return name ? choice_find(format, OPTION_FORMAT, name, error) : SNED_OK;
}

sned_status outcome_check(const struct options *options, sned_error *error)
{
    int format;
    SNED_TRY(parse_format(&format, options->format, error));
    SNED_TRY(check_output(options, false, error));
    return check_report(options, error);
}

/* The file, in memory. */
static sned_status pack(struct buffer *file, struct outcome *outcome, const struct graph *integer,
                        const struct options *options, sned_error *error)
{
    int format;
    SNED_TRY(parse_format(&format, options->format, error));
    return compress_pack(file, integer, format, isnan(options->open_ms) ? 0 : options->open_ms,
                         &outcome->storage, &outcome->storage_count, error);
}

uint64_t outcome_weights(const struct graph *graph)
{
    uint64_t weights = 0;
    for (int i = 0; i < graph->node_count; i++)
        if (sned_node_has_weights(&graph->nodes[i]))
            weights += sned_node_weights(graph, &graph->nodes[i]);
    return weights;
}

sned_status outcome_rehearse(uint64_t *bytes, const struct graph *integer, const struct options *options,
                             sned_error *error)
{
    struct outcome outcome = {0};
    struct buffer file = {0};
    sned_status status = pack(&file, &outcome, integer, options, error);
    *bytes = file.size;
    outcome_free(&outcome);
    sned_buffer_free(&file);
    return status;
}

sned_status outcome_write(struct outcome *outcome, const struct graph *integer, const struct options *options,
                          sned_error *error)
{
    struct buffer file = {0};
    sned_status status;
    SNED_TRY_DONE(pack(&file, outcome, integer, options, error));
    SNED_TRY_DONE(sned_file_write(options->output, file.data, file.size, error));
    outcome->bytes = file.size;
    if (outcome->weights == 0)
        outcome->weights = outcome_weights(integer);
    for (int i = 0; i < integer->node_count; i++)
        if (sned_node_has_weights(&integer->nodes[i]))
            outcome->kept += sned_node_kept(integer, &integer->nodes[i]);
done:
    sned_buffer_free(&file);
    return status;
}

static json_t *real_or_null(double value)
{
    return value >= 0 ? json_real(value) : json_null();
}

static sned_status outcome_json(const struct outcome *outcome, const struct layer_rows *rows, json_t *extra,
                                sned_error *error)
{
    const bool agreement = outcome->is_agreement;
    json_t *layers;
    SNED_TRY(layer_rows_json(&layers, rows, error));
    json_t *object = json_pack(
        "{s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:s?, s:o}", "weights", (json_int_t)outcome->weights, "kept",
        (json_int_t)outcome->kept, "bytes_before", (json_int_t)outcome->bytes_before, "bytes",
        (json_int_t)outcome->bytes, "top1_before", real_or_null(agreement ? -1 : outcome->top1_before),
        "top1_after", real_or_null(agreement ? -1 : outcome->top1_after), "agreement",
        real_or_null(agreement ? outcome->top1_after : -1), "accuracy_on", outcome->accuracy_on, "layers",
        layers);
    if (object && extra && json_object_update(object, extra) != 0) {
        json_decref(object);
        object = NULL;
    }
    return print_json(object, error);
}

static sned_status outcome_table(const struct outcome *outcome, const struct layer_rows *rows,
                                 const char *path, sned_error *error)
{
    char before[32], after[32], weights[32], kept[32];
    double fewer = outcome->kept ? (double)outcome->weights / (double)outcome->kept : 0;
    double smaller = outcome->bytes ? (double)outcome->bytes_before / (double)outcome->bytes : 0;
    SNED_TRY(layer_rows_print(rows, error));
    printf("\n%-10s %14s  %14s  %8s\n", "", "before", "after", "ratio");
    printf("%-10s %14s  %14s  %7.1fx\n", "weights", format_count(weights, outcome->weights),
           format_count(kept, outcome->kept), fewer);
    printf("%-10s %14s  %14s  %7.1fx\n", "bytes", format_count(before, outcome->bytes_before),
           format_count(after, outcome->bytes), smaller);
    if (outcome->accuracy_on)
        printf("%-10s %13.2f%%  %13.2f%%  %+7.2f   (%s images)\n",
               outcome->is_agreement ? "agreement" : "accuracy", outcome->top1_before, outcome->top1_after,
               outcome->top1_after - outcome->top1_before, outcome->accuracy_on);
    putchar('\n');
    print_line("%s: written", path);
    return SNED_OK;
}

sned_status outcome_print(const struct outcome *outcome, const struct graph *integer,
                          const struct options *options, json_t *extra, sned_error *error)
{
    struct layer_rows rows;
    sned_status status = layer_rows_make(&rows, integer, outcome->storage, outcome->storage_count, error);
    if (status == SNED_OK && options->json)
        status = outcome_json(outcome, &rows, extra, error);
    else if (status == SNED_OK && !options->quiet)
        status = outcome_table(outcome, &rows, options->output, error);
    json_decref(extra);
    layer_rows_free(&rows);
    return status;
}

void outcome_free(struct outcome *outcome)
{
    free(outcome->storage);
    outcome->storage = NULL;
}

sned_status set_provenance(struct graph *graph, const char *command, const char *source,
                           const struct options *options, sned_error *error)
{
    const char *slash = strrchr(source, '/');
    json_t *object = json_pack("{s:s+, s:s, s:s, s:I}", "tool", "sned ", sned_version(), "command", command,
                               "source", slash ? slash + 1 : source, "seed", (json_int_t)options->seed);
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
    json_decref(object);
    if (!text)
        return sned_fail(error, SNED_ERROR_MEMORY, "out of memory, or %s is not UTF-8", source);
    free(graph->provenance);
    graph->provenance = text;
    return SNED_OK;
}
