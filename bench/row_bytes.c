/*
 * row_bytes.c - how many bytes the weights of a network's fully connected layers are in each form that rows
 * can take (runtime/rows): row_bytes FILE.sned. A line a layer, with tabs between:
 *
 *     dense  masked  spans  listed  name
 *
 * of which spans are the ones of the column of micro-kernels that runs here (SNED_CPU); 0: it cannot be so.
 * What a run reads at batch 1 is that of the form which the layer has (sned bench --steps).
 */
#include "base/file.h"
#include "codec/codec.h"
#include "runtime/rows/spans.h"

#include <stdio.h>
#include <stdlib.h>

static sned_status print_layer(const struct graph *graph, const struct node *node, size_t width,
                               sned_error *error)
{
    const struct tensor *weights = &graph->tensors[node_weights(node, 0)];
    const size_t rows = (size_t)weights->shape.dim[0], columns = (size_t)weights->shape.dim[1];
    const bool has_spans = width && sned_spans_fit(columns, width);
    struct marked_rows marked = {0};
    sned_status status;
    if (weights->type != TENSOR_I8)
        return sned_fail(error, SNED_ERROR_UNSUPPORTED, "node '%s': its weights are no integers of 8 bits",
                         node->name);
    SNED_TRY_DONE(sned_mark_rows(&marked, weights->data, rows, columns, error));
    if (has_spans)
        SNED_TRY_DONE(sned_spans_count(&marked, width, error));
    const size_t spans = has_spans ? marked.steps * (sizeof(struct span_step) + sizeof(uint16_t)) : 0;
    printf("%zu\t%zu\t%zu\t%zu\t%s\n", rows * columns,
           marked.kept + rows * marked.chunks * sizeof *marked.marks, spans,
           marked.kept * (1 + sizeof(uint16_t)), node->name);
done:
    sned_marked_rows_free(&marked);
    return status;
}

static sned_status print_layers(const char *path, size_t width, sned_error *error)
{
    struct buffer file = {0};
    struct graph *graph = NULL;
    sned_status status;
    SNED_TRY_DONE(sned_file_read(&file, path, SIZE_MAX, error));
    SNED_TRY_DONE(sned_unpack(&graph, file.data, file.size, NULL, NULL, error));
    for (int n = 0; n < graph->node_count; n++)
        if (graph->nodes[n].op == OP_GEMM)
            SNED_TRY_DONE(print_layer(graph, &graph->nodes[n], width, error));
done:
    sned_graph_free(graph);
    sned_buffer_free(&file);
    return status;
}

int main(int count, char **arguments)
{
    const struct micro_kernels *micro = sned_micro_choose(getenv("SNED_CPU"));
    sned_error error = {0};
    if (count != 2) {
        fprintf(stderr, "usage: row_bytes FILE.sned\n");
        return 2;
    }
    if (print_layers(arguments[1], (size_t)micro->span_columns, &error) != SNED_OK) {
        fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    return 0;
}
