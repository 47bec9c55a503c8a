/*
 * cmd_export.c - sned export: a packed network as ONNX again.
 */
#include "cli/options/command.h"
#include "cli/terminal/json.h"
#include "cli/common/model.h"
#include "cli/common/preflight.h"
#include "cli/terminal/print.h"
#include "compress/quantize/quantize.h"
#include "io/onnx/onnx.h"

static sned_status run_export(const struct options *options, sned_error *error)
{
    struct model model = {0};
    struct graph *raised = NULL;
    sned_status status = check_output(options, false, error);
    if (status != SNED_OK)
        goto done;
    SNED_TRY_DONE(model_load(&model, options->arguments[0], options, NULL, error));
    if (!model.graph->integer) {
        status = sned_fail(error, SNED_ERROR_ARGUMENT, "%s: is not a .sned file", model.path);
        goto done;
    }
    SNED_TRY_DONE(quantize_raise(&raised, model.graph, error));
    SNED_TRY_DONE(onnx_write(raised, options->output, error));
    if (options->json)
        status = print_json(json_pack("{s:s}", "output", options->output), error);
    else if (!options->quiet)
        print_line("%s: written as float ONNX", options->output);
done:
    sned_graph_free(raised);
    model_free(&model);
    return status;
}

const struct command command_export = {
    .name = "export",
    .arguments = "MODEL.sned -o OUT.onnx",
    .summary = "Write a packed network as ONNX",
    .text = "Dense float weights with the values that the integers stand for, activations not rounded: its "
            "results differ a little "
            "from the integer network's.",
    .argument_min = 1,
    .argument_max = 1,
    .keys = {OPTION_OUTPUT},
    .run = run_export,
};
