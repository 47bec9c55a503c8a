/*
 * cmd_inspect.c - sned inspect: what is in a model, layer by layer.
 */
#include "cli/options/command.h"
#include "base/text.h"
#include "cli/contents/contents.h"
#include "cli/common/describe.h"
#include "cli/common/layers.h"
#include "cli/common/model.h"
#include "cli/terminal/print.h"
#include "cli/terminal/progress.h"
#include "cli/terminal/table.h"

/* `named`: the preprocessing is the model's own, not one that was assumed. */
static sned_status print_model(const struct model *model, const struct layer_rows *rows, bool named,
                               sned_error *error)
{
    const struct graph *graph = model->graph;
    struct extent input = sned_shape_extent(&graph->tensors[graph->input].shape);
    const int classes = graph_class_count(graph);
    char weights[32], kept[32], macs[32], bytes[32];
    print_line("%s: %s, %d x %d x %d %s, %d %s, %s", model->path, graph->name ? graph->name : "unnamed",
               input.channels, input.height, input.width, graph->rule.is_image ? graph->rule.color : "values",
               classes, sned_text_noun((size_t)classes, "class", "classes"),
               graph->integer ? "int8" : "float32");
    SNED_TRY(print_input(graph, named, error));
    print_labels(graph);
    print_outputs(graph);
    SNED_TRY(layer_rows_print(rows, error));
    print_line("%s", "");
    SNED_TRY(contents_print(rows, graph, model->bytes, error));
    print_line("%s", "");
    print_line("%s weights, %s kept, %s MACs an image, file %s", format_count(weights, rows->weights),
               format_count(kept, rows->kept), format_count(macs, rows->macs),
               format_bytes(bytes, model->bytes));
    if (graph->provenance)
        print_line("made by: %s", graph->provenance);
    return SNED_OK;
}

static sned_status print_model_json(const struct model *model, const struct layer_rows *rows, bool named,
                                    sned_error *error)
{
    json_t *layers = NULL, *input = NULL, *labels = NULL, *outputs = NULL;
    sned_status status;
    SNED_TRY_DONE(layer_rows_json(&layers, rows, error));
    SNED_TRY_DONE(contents_json(layers, rows, model->graph, model->bytes, error));
    SNED_TRY_DONE(input_json(&input, model->graph, named, error));
    SNED_TRY_DONE(labels_json(&labels, model->graph, error));
    SNED_TRY_DONE(outputs_json(&outputs, model->graph, error));
    status = print_json(json_pack("{s:I, s:I, s:I, s:I, s:I, s:O, s:O, s:O, s:O}", "weights",
                                  (json_int_t)rows->weights, "kept", (json_int_t)rows->kept, "bytes",
                                  (json_int_t)model->bytes, "bytes_of_no_layer",
                                  (json_int_t)(model->bytes > rows->bytes ? model->bytes - rows->bytes : 0),
                                  "macs", (json_int_t)rows->macs, "input", input, "labels", labels, "outputs",
                                  outputs, "layers", layers),
                        error);
done:
    json_decref(layers);
    json_decref(input);
    json_decref(labels);
    json_decref(outputs);
    return status;
}

static sned_status run_inspect(const struct options *options, sned_error *error)
{
    struct display display;
    struct reporter reporter = display_reporter(&display, options->quiet);
    struct model model = {0};
    struct layer_rows rows = {0};
    sned_status status;
    SNED_TRY_DONE(model_load(&model, options->arguments[0], options, &reporter, error));
    bool named = model.graph->rule.is_image;
    model_assume_pictures(&model, NULL);
    SNED_TRY_DONE(layer_rows_make(&rows, model.graph, model.storage, model.storage_count, error));
    status = options->json ? print_model_json(&model, &rows, named, error)
                           : print_model(&model, &rows, named, error);
done:
    layer_rows_free(&rows);
    model_free(&model);
    return status;
}

const struct command command_inspect = {
    .name = "inspect",
    .arguments = "MODEL",
    .summary = "Show a model's input, layers, weights, bytes and MACs",
    .text = "MACs count every weight, zeros included. Bytes of a layer are those it takes in the file: "
            "weights, indices, biases, scales; bits are those bytes for each of its weights. The second "
            "table says what these bytes tell, and draws the layer's weights by value, from the smallest on "
            "the left to the largest; those of a packed network that are zero are left out.",
    .argument_min = 1,
    .argument_max = 1,
    .keys = {OPTION_INPUT, OPTION_HEAD},
    .run = run_inspect,
};
