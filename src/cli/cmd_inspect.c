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
#include "cli/common/session.h"
#include "cli/steps/plan_table.h"
#include "cli/steps/step_times.h"

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

enum { MEASURED_RUNS = 20 };

/* One run warms the caches; the others are timed step by step. */
static sned_status measure_steps(struct step_times *times, struct session *session, uint64_t seed,
                                 sned_error *error)
{
    const enum item_type type = session_noise(session, seed);
    SNED_TRY(session_run(session, type, error));
    SNED_TRY(step_times_new(times, session->context, session->model, MEASURED_RUNS, error));
    for (times->run = 0; times->run < MEASURED_RUNS; times->run++)
        SNED_TRY(session_run(session, type, error));
    return SNED_OK;
}

static sned_status print_plan(const struct session *session, const struct step_times *times, bool as_json,
                              sned_error *error)
{
    json_t *plan = NULL, *measured = NULL;
    sned_status status;
    if (!as_json) {
        SNED_TRY_DONE(plan_table_print(session->model, error));
        if (!times->context)
            goto done;
        print_line("%s", "");
        status = step_times_print(times, error);
        goto done;
    }
    SNED_TRY_DONE(plan_table_json(&plan, session->model, error));
    if (times->context)
        SNED_TRY_DONE(step_times_json(&measured, times, error));
    status = print_json(json_pack("{s:O, s:O*}", "plan", plan, "measured", measured), error);
done:
    json_decref(plan);
    json_decref(measured);
    return status;
}

static sned_status inspect_plan(struct model *model, const struct options *options, sned_error *error)
{
    struct session session = {0};
    struct step_times times = {0};
    sned_status status;
    if (!model->graph->integer)
        return sned_fail(error, SNED_ERROR_UNSUPPORTED,
                         "--plan: %s is a float network, which has no plan; pack it first", model->path);
    SNED_TRY_DONE(session_new(&session, model->graph, options, error));
    if (options->measure)
        SNED_TRY_DONE(measure_steps(&times, &session, (uint64_t)options->seed, error));
    status = print_plan(&session, &times, options->json, error);
done:
    step_times_free(&times);
    session_free(&session);
    return status;
}

static sned_status run_inspect(const struct options *options, sned_error *error)
{
    struct display display;
    struct reporter reporter = display_reporter(&display, options->quiet);
    struct model model = {0};
    struct layer_rows rows = {0};
    sned_status status;
    if (options->measure && !options->plan) {
        status = sned_fail(error, SNED_ERROR_ARGUMENT, "--measure is of --plan, which is not given");
        goto done;
    }
    SNED_TRY_DONE(model_load(&model, options->arguments[0], options, &reporter, error));
    if (options->plan) {
        status = inspect_plan(&model, options, error);
        goto done;
    }
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
    .text =
        "MACs count every weight, zeros included. Bytes of a layer are those it takes in the file: "
        "weights, indices, biases, scales; bits are those bytes for each of its weights. The second "
        "table says what these bytes tell, and draws the layer's weights by value, from the smallest on "
        "the left to the largest; those of a packed network that are zero are left out. With --plan it is "
        "told how a packed network is run here: its steps, the kernel and form of each, which activations "
        "it reads and makes and where they lie in a run's memory, its scratch memory and that of each "
        "thread, in how many tasks it falls apart, and a guess of its time, by which threads share it; and "
        "by which costs forms were chosen: those built in, calibrated or measured (sned bench).",
    .argument_min = 1,
    .argument_max = 1,
    .keys = {OPTION_INPUT, OPTION_HEAD, OPTION_PLAN, OPTION_MEASURE, OPTION_THREADS, OPTION_SEED},
    .run = run_inspect,
};
