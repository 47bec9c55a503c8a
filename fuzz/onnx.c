/*
 * onnx.c - target: an ONNX file is read, prepared as for packing, written and read again.
 */
#include "target.h"

#include "io/onnx/onnx.h"

#include <stdio.h>

enum { MOST_BYTES = 1 << 20 }; /* of parameters, for a round trip */

/* What the importer made can be written, and is a network to the importer. */
static void round_trip(const struct graph *graph)
{
    struct graph *again = NULL;
    sned_error error = {0};
    char path[128];

    snprintf(path, sizeof path, "%s/again.onnx", fuzz_folder());
    sned_status status = onnx_write(graph, path, &error);
    fuzz_require_outcome(status, status == SNED_OK ? graph : NULL, &error);
    if (status != SNED_OK)
        return;
    status = onnx_read(&again, path, &error);
    fuzz_require_outcome(status, again, &error);
    if (status != SNED_OK)
        fprintf(stderr, "%s\n", error.message);
    fuzz_require(status == SNED_OK, "what is written can be read");
    sned_graph_free(again);
}

/* A folder with "model.onnx", which is the file in slot 0, and "w" beside it: 64 floats for tensors whose
 * data is external. */
static const char *make_folder(void)
{
    static char path[128];
    float weights[64];

    for (int i = 0; i < 64; i++)
        weights[i] = (float)(i - 32) / 8;
    snprintf(path, sizeof path, "%s/w", fuzz_folder());
    FILE *file = fopen(path, "wb");
    fuzz_require(file && fwrite(weights, sizeof weights, 1, file) == 1 && fclose(file) == 0,
                 "there is room for a file of weights");
    fuzz_link("model.onnx", 0);
    snprintf(path, sizeof path, "%s/model.onnx", fuzz_folder());
    return path;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *path;
    struct graph *graph = NULL;
    sned_error error = {0};

    if (path == NULL)
        path = make_folder();
    (void)fuzz_file(0, data, size);
    sned_status status = onnx_read(&graph, path, &error);
    fuzz_require_outcome(status, graph, &error);
    if (status != SNED_OK)
        return 0;
    fuzz_require(sned_graph_check(graph, &error) == SNED_OK, "what is read passes the check");
    if (sned_graph_parameter_bytes(graph) <= MOST_BYTES)
        round_trip(graph);
    status = sned_graph_prepare(graph, &error);
    fuzz_require_outcome(status, status == SNED_OK ? graph : NULL, &error);
    if (status == SNED_OK && sned_graph_infer(graph, &error) == SNED_OK)
        (void)sned_graph_check(graph, &error); /* folding may overflow a float, which the check refuses */
    sned_graph_free(graph);
    return 0;
}
