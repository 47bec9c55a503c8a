/*
 * cmd_new.c - sned new: a network with random weights, to train or to measure with.
 */
#include "cli/options/command.h"
#include "cli/common/layers.h"
#include "cli/common/model.h"
#include "cli/common/preflight.h"
#include "cli/terminal/print.h"
#include "cli/terminal/table.h"
#include "io/onnx/onnx.h"
#include "zoo/zoo.h"

#include <string.h>

enum { MAX_LAYERS = 256 };

static sned_status parse_block(int block[2], const char *text, sned_error *error)
{
    char end;
    if (sscanf(text, "%dx%d%c", &block[0], &block[1], &end) != 2 || block[0] < 1 || block[1] < 1 ||
        block[0] > 64 || block[1] > 64)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "--block: '%s' is not KxC with K and C from 1 to 64",
                         text);
    return SNED_OK;
}

static sned_status run_new(const struct options *options, sned_error *error)
{
    struct graph *graph = NULL;
    struct layer_rows rows = {0};
    float densities[MAX_LAYERS];
    struct zoo_options zoo = {.classes = options->classes > 0 ? (int)options->classes : 0,
                              .seed = (uint64_t)options->seed,
                              .block = {1, 1}};
    sned_status status = check_output(options, true, error);
    if (status == SNED_OK && options->densities) {
        status =
            parse_numbers(options->densities, "densities", densities, MAX_LAYERS, &zoo.density_count, error);
        zoo.densities = densities;
    }
    if (status == SNED_OK && options->block)
        status = parse_block(zoo.block, options->block, error);
    if (status != SNED_OK)
        goto done;
    SNED_TRY_DONE(zoo_new(&graph, options->arguments[0], &zoo, error));
    SNED_TRY_DONE(onnx_write(graph, options->output, error));
    SNED_TRY_DONE(layer_rows_make(&rows, graph, NULL, 0, error));
    if (options->json) {
        json_t *layers;
        SNED_TRY_DONE(layer_rows_json(&layers, &rows, error));
        status = print_json(json_pack("{s:s, s:s, s:I, s:I, s:I, s:o}", "network", options->arguments[0],
                                      "output", options->output, "weights", (json_int_t)rows.weights, "kept",
                                      (json_int_t)rows.kept, "macs", (json_int_t)rows.macs, "layers", layers),
                            error);
    } else if (!options->quiet) {
        char weights[32], kept[32];
        print_line("%s: %s, %s weights, %s not zero", options->output, options->arguments[0],
                   format_count(weights, rows.weights), format_count(kept, rows.kept));
    }
done:
    layer_rows_free(&rows);
    sned_graph_free(graph);
    return status;
}

const struct command command_new = {
    .name = "new",
    .arguments = "NET -o NET.onnx",
    .summary = "Make a network with random weights",
    .text = "NET is one of lenet300, lenet5, alexnet, squeezenet, vgg8-cifar, vgg16, resnet20, resnet50. "
            "Weights are drawn "
            "after He et al. 2015. With --densities that share of each layer's weights is kept and the rest "
            "is zero, so that "
            "sizes and speeds can be measured without training.",
    .argument_min = 1,
    .argument_max = 1,
    .keys = {OPTION_OUTPUT, OPTION_CLASSES, OPTION_DENSITIES, OPTION_BLOCK, OPTION_SEED},
    .run = run_new,
};
