/*
 * cmd_export.c - sned export: a packed network as ONNX again, or as an array of C.
 */
#include "base/file.h"
#include "cli/c_array.h"
#include "cli/options/choices.h"
#include "cli/options/command.h"
#include "cli/terminal/json.h"
#include "cli/common/model.h"
#include "cli/common/preflight.h"
#include "cli/terminal/print.h"
#include "compress/compress.h"
#include "compress/quantize/quantize.h"
#include "io/onnx/onnx.h"

static sned_status export_onnx(const struct model *model, const struct options *options, sned_error *error)
{
    struct graph *raised = NULL;
    sned_status status = quantize_raise(&raised, model->graph, error);
    if (status == SNED_OK)
        status = onnx_write(raised, options->output, error);
    sned_graph_free(raised);
    return status;
}

/* The file's own bytes, which have been opened and are whole. */
static sned_status read_file(struct buffer *bytes, const struct model *model, sned_error *error)
{
    SNED_TRY(sned_file_read(bytes, model->path, SIZE_MAX, error));
    if (bytes->size != model->bytes)
        return sned_fail(error, SNED_ERROR_IO, "%s: changed while it was read", model->path);
    return SNED_OK;
}

/* The same network's, with its weights stored in another way. */
static sned_status pack_again(struct buffer *bytes, const struct model *model, const char *name,
                              sned_error *error)
{
    int format;
    SNED_TRY(choice_find(&format, OPTION_FORMAT, name, error));
    return compress_pack(bytes, model->graph, format, 0, NULL, NULL, error);
}

static sned_status export_c_array(const struct model *model, const struct options *options, sned_error *error)
{
    struct buffer bytes = {0};
    sned_status status =
        options->format ? pack_again(&bytes, model, options->format, error) : read_file(&bytes, model, error);
    if (status == SNED_OK)
        status = c_array_write(options->output, &bytes, error);
    sned_buffer_free(&bytes);
    return status;
}

static sned_status run_export(const struct options *options, sned_error *error)
{
    struct model model = {0};
    sned_status status = check_output(options, false, error);
    if (status == SNED_OK && options->format && !options->c_array)
        status = sned_fail(error, SNED_ERROR_ARGUMENT, "--format is for --c-array: ONNX has no such formats");
    if (status != SNED_OK)
        goto done;
    SNED_TRY_DONE(model_load(&model, options->arguments[0], options, NULL, error));
    if (!model.graph->integer) {
        status = sned_fail(error, SNED_ERROR_ARGUMENT, "%s: is not a .sned file", model.path);
        goto done;
    }
    SNED_TRY_DONE((options->c_array ? export_c_array : export_onnx)(&model, options, error));
    if (options->json)
        status = print_json(json_pack("{s:s}", "output", options->output), error);
    else if (!options->quiet)
        print_line("%s: written as %s", options->output, options->c_array ? "an array of C" : "float ONNX");
done:
    model_free(&model);
    return status;
}

const struct command command_export = {
    .name = "export",
    .arguments = "MODEL.sned -o OUT.onnx",
    .summary = "Write a packed network as ONNX, or as C",
    .text =
        "Dense float weights with the values that the integers stand for, activations not rounded: its "
        "results differ a little from the integer network's. With --c-array, the file's bytes as an array, "
        "for a program that carries its network in itself: -o net.c gives net_sned and net_sned_size, for "
        "sned_open_memory; with --format, the weights are stored in another way than in the file: a "
        "microcontroller opens gap16 in little more memory than the network takes, and mixed, what is "
        "usual, in 1.8 megabytes more.",
    .argument_min = 1,
    .argument_max = 1,
    .keys = {OPTION_OUTPUT, OPTION_C_ARRAY, OPTION_FORMAT},
    .run = run_export,
};
