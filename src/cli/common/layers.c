/*
 * layers.c - the rows of inspect, pack and compress.
 */
#include "cli/common/layers.h"
#include "cli/terminal/table.h"

#include <stdlib.h>
#include <string.h>

static uint64_t float_bytes(const struct graph *graph, const struct node *node)
{
    uint64_t elements = sned_shape_elements(&graph->tensors[node_weights(node, 0)].shape);
    if (node_bias(node, 0) >= 0)
        elements += sned_shape_elements(&graph->tensors[node_bias(node, 0)].shape);
    return 4 * elements;
}

static struct layer_row make_row(const struct graph *graph, int index, const struct layer_storage *storage,
                                 int storage_count)
{
    const struct node *node = &graph->nodes[index];
    const struct shape *shape = &graph->tensors[node_weights(node, 0)].shape;
    struct layer_row row = {.name = node->name,
                            .op = sned_op_name(node->op),
                            .format = "float32",
                            .weights = sned_node_weights(graph, node),
                            .kept = sned_node_kept(graph, node),
                            .bytes = float_bytes(graph, node),
                            .macs = sned_node_macs(graph, node),
                            .bits = 32,
                            .node = index};
    for (int i = 0; i < 4; i++)
        row.shape[i] = i < shape->rank ? (int)shape->dim[i] : 1;
    for (int i = 0; i < storage_count; i++) {
        if (storage[i].node == index) {
            row.format = sned_format_name(storage[i].format);
            row.bytes = storage[i].bytes;
            row.bits = 8;
            memcpy(row.parts, storage[i].parts, sizeof row.parts);
        }
    }
    return row;
}

sned_status layer_rows_make(struct layer_rows *rows, const struct graph *graph,
                            const struct layer_storage *storage, int storage_count, sned_error *error)
{
    *rows = (struct layer_rows){0};
    SNED_TRY(sned_alloc(&rows->rows, (size_t)graph->node_count, sizeof *rows->rows, error));
    for (int i = 0; i < graph->node_count; i++) {
        if (!sned_node_has_weights(&graph->nodes[i]))
            continue;
        struct layer_row *row = &rows->rows[rows->count++];
        *row = make_row(graph, i, storage, storage ? storage_count : 0);
        rows->weights += row->weights;
        rows->kept += row->kept;
        rows->bytes += row->bytes;
        rows->macs += row->macs;
    }
    return SNED_OK;
}

void layer_rows_free(struct layer_rows *rows)
{
    free(rows->rows);
    *rows = (struct layer_rows){0};
}

static sned_status print_row(struct table *table, const struct layer_row *row, bool total, sned_error *error)
{
    char text[32];
    SNED_TRY(table_cell(table, error, "%s", row->name));
    SNED_TRY(table_cell(table, error, "%s", row->op));
    if (total)
        SNED_TRY(table_cell(table, error, " "));
    else
        SNED_TRY(table_cell(table, error, "%dx%dx%dx%d", row->shape[0], row->shape[1], row->shape[2],
                            row->shape[3]));
    SNED_TRY(table_cell(table, error, "%s", format_count(text, row->weights)));
    SNED_TRY(table_cell(table, error, "%s", format_count(text, row->kept)));
    SNED_TRY(table_cell(table, error, "%.2f",
                        row->weights ? 100.0 * (double)row->kept / (double)row->weights : 0));
    SNED_TRY(
        table_cell(table, error, "%.2f", row->weights ? 8.0 * (double)row->bytes / (double)row->weights : 0));
    SNED_TRY(table_cell(table, error, "%s", row->format));
    SNED_TRY(table_cell(table, error, "%s", format_count(text, row->bytes)));
    return table_cell(table, error, "%s", format_count(text, row->macs));
}

sned_status layer_rows_print(const struct layer_rows *rows, sned_error *error)
{
    static const char *const titles[] = {"layer", "op",     "shape",  ">weights", ">kept", ">%",
                                         ">bits", "format", ">bytes", ">MACs",    NULL};
    struct table table;
    sned_status status = table_new(&table, titles, error);
    for (int i = 0; i < rows->count && status == SNED_OK; i++)
        status = print_row(&table, &rows->rows[i], false, error);
    struct layer_row total = {.name = "all",
                              .op = "",
                              .format = "",
                              .weights = rows->weights,
                              .kept = rows->kept,
                              .bytes = rows->bytes,
                              .macs = rows->macs};
    if (status == SNED_OK)
        status = print_row(&table, &total, true, error);
    if (status == SNED_OK)
        status = table_print(&table, error);
    table_free(&table);
    return status;
}

sned_status layer_rows_json(json_t **array, const struct layer_rows *rows, sned_error *error)
{
    *array = json_array();
    sned_status status = SNED_OK;
    for (int i = 0; i < rows->count && status == SNED_OK; i++) {
        const struct layer_row *row = &rows->rows[i];
        json_t *item =
            json_pack("{s:s, s:s, s:[i,i,i,i], s:I, s:I, s:i, s:s, s:I, s:I}", "name", row->name, "op",
                      row->op, "shape", row->shape[0], row->shape[1], row->shape[2], row->shape[3], "weights",
                      (json_int_t)row->weights, "kept", (json_int_t)row->kept, "bits", row->bits, "format",
                      row->format, "bytes", (json_int_t)row->bytes, "macs", (json_int_t)row->macs);
        status = json_append(*array, item, error, "layer '%s'", row->name);
    }
    if (status != SNED_OK) {
        json_decref(*array);
        *array = NULL;
    }
    return status;
}
