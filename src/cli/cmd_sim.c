/*
 * cmd_sim.c - sned sim: pictures through the simulated accelerator, checked bit for bit.
 */
#include "accel/golden/golden.h"
#include "base/memory.h"
#include "base/random.h"
#include "cli/options/command.h"
#include "cli/terminal/json.h"
#include "cli/terminal/print.h"
#include "cli/terminal/progress.h"
#include "cli/common/session.h"
#include "cli/common/simulation.h"
#include "cli/terminal/table.h"
#include "io/pictures/image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Everything that a simulation needs and gives. Blocks and elements are one behind the other, for each image
 * and of one image for each output of the program. */
struct sim {
    const struct options *options;
    const struct accel_config *config;
    struct accel_program program;
    struct session session;
    sned_context *keep;   /* the runtime with all its activations */
    size_t images, count; /* pictures; elements of all outputs of each */
    int *classes;         /* [images]: of the best score at the end */
    uint8_t *inputs, *outputs, *golden;
    int16_t *expected;
    uint64_t cycles, bytes, latency; /* latency: cycles from the first picture's load to its results */
    int64_t *busy;                   /* [layers]: cycles of the unit that works on it */
    struct accel_counters *counters; /* [layers] */
    bool *exact;                     /* [outputs] */
};

static void sim_free(struct sim *sim)
{
    sned_context_free(sim->keep);
    session_free(&sim->session);
    accel_program_free(&sim->program);
    free(sim->inputs);
    free(sim->outputs);
    free(sim->golden);
    free(sim->expected);
    free(sim->classes);
    free(sim->busy);
    free(sim->counters);
    free(sim->exact);
}

/* ---- before ---- */

static sned_status prepare(struct sim *sim, struct graph *graph, sned_error *error)
{
    const struct accel_request request = {.images = (int)sim->images,
                                          .parts = sim->options->parts > 0 ? (int)sim->options->parts : 0,
                                          .to_host = sim->options->allow_cpu};
    SNED_TRY(accel_compile(&sim->program, graph, sim->config, &request, error));
    for (int k = 0; k < sim->program.output_count; k++)
        sim->count += layout_element_count(&sim->program.outputs[k].layout);
    SNED_TRY(session_new(&sim->session, graph, sim->options, error));
    SNED_TRY(sned_context_new_keep(&sim->keep, sim->session.model, error));
    SNED_TRY(sned_alloc(&sim->inputs, sim->images, (size_t)sim->program.input.bytes, error));
    SNED_TRY(sned_alloc(&sim->outputs, sim->images, (size_t)sim->program.output_bytes, error));
    SNED_TRY(sned_alloc(&sim->golden, sim->images, (size_t)sim->program.output_bytes, error));
    SNED_TRY(sned_alloc(&sim->expected, sim->images, sim->count * sizeof(int16_t), error));
    SNED_TRY(sned_alloc(&sim->classes, sim->images, sizeof *sim->classes, error));
    SNED_TRY(sned_alloc(&sim->busy, (size_t)sim->program.layer_count, sizeof *sim->busy, error));
    SNED_TRY(sned_alloc(&sim->exact, (size_t)sim->program.output_count, sizeof *sim->exact, error));
    return sned_alloc(&sim->counters, (size_t)sim->program.layer_count, sizeof *sim->counters, error);
}

/* Without a picture: noise. */
static sned_status read_picture(struct sim *sim, size_t image, sned_error *error)
{
    struct session *session = &sim->session;
    struct input_form form = input_form_of(session->graph);
    struct random random;
    if (sim->options->argument_count > 1)
        return image_read(sim->options->arguments[image + 1], &form, session->pixels, error);
    sned_random_seed(&random, (uint64_t)sim->options->seed, 0);
    for (size_t i = 0; i < sned_shape_elements(&session->graph->tensors[session->graph->input].shape); i++)
        session->pixels[i] = (uint8_t)sned_random_next(&random);
    return SNED_OK;
}

/* The picture as integers, and what the runtime makes of it. */
static sned_status expect(struct sim *sim, size_t image, sned_error *error)
{
    const int input = sim->session.graph->input;
    const size_t pixels = sned_shape_elements(&sim->session.graph->tensors[input].shape);
    uint8_t *block = sim->inputs + image * (size_t)sim->program.input.bytes;
    SNED_TRY(sned_run_pixels(sim->keep, sim->session.pixels, 1, sim->session.scores, error));
    for (size_t i = 0; i < pixels; i++)
        sim->session.pixels[i] = (uint8_t)sned_context_activation(sim->keep, input)[i];
    layout_pack(block, &sim->program.input, sim->session.pixels);
    int16_t *expected = sim->expected + image * sim->count;
    for (int k = 0; k < sim->program.output_count; k++) {
        const struct program_output *output = &sim->program.outputs[k];
        for (size_t i = 0; i < layout_element_count(&output->layout); i++)
            *expected++ = (int16_t)sned_context_activation(sim->keep, output->tensor)[i];
    }
    return SNED_OK;
}

/* ---- the run ---- */

static void add_up(struct sim *sim, const struct sim_event *events, size_t count)
{
    int stores = 0; /* one for each output of the first picture that is done */
    for (size_t i = 0; i < count && !sim->latency; i++)
        if (events[i].unit == CODE_STORE && ++stores == sim->program.output_count)
            sim->latency = events[i].end - events[0].begin;
    for (size_t i = 0; i < count; i++)
        if (events[i].unit != CODE_LOAD && events[i].unit != CODE_STORE &&
            events[i].layer < sim->program.layer_count)
            sim->busy[events[i].layer] += (int64_t)(events[i].end - events[i].begin);
}

static sned_status run_simulation(struct sim *sim, sned_error *error)
{
    struct simulation simulation;
    const struct sim_options options = {.memory = driver_memory(&sim->program, sim->images),
                                        .latency = 40,
                                        .bytes_per_cycle = sim->config->ddr_bytes,
                                        .stalls = (int)sim->options->stalls,
                                        .seed = (uint64_t)sim->options->seed,
                                        .trace = sim->options->trace};
    size_t count;
    SNED_TRY(simulation_open(&simulation, sim->config, &options, error));
    sned_status status = driver_run(&simulation.transport, &sim->program, sim->inputs, sim->images,
                                    sim->outputs, &sim->cycles, error);
    const struct sim_event *events = simulation.calls->events(simulation.state, &count);
    add_up(sim, events, count);
    sim->bytes = simulation.calls->bytes(simulation.state);
    for (int l = 0; l < sim->program.layer_count && status == SNED_OK; l++)
        if (sim->busy[l])
            status = driver_counters(&simulation.transport, l, &sim->counters[l], error);
    if (status == SNED_OK && sim->options->timeline)
        status = timeline_write(sim->options->timeline, &sim->program, events, count, error);
    simulation_close(&simulation);
    return status;
}

/* The host's layers on what the hardware gave, or the class of that. */
static sned_status finish(struct sim *sim, sned_error *error)
{
    int16_t *elements = NULL;
    sned_status status;
    SNED_TRY_DONE(sned_alloc(&elements, sim->count, sizeof *elements, error));
    for (size_t i = 0; i < sim->images; i++) {
        const uint8_t *blocks = sim->outputs + i * (size_t)sim->program.output_bytes;
        for (int k = 0; k < sim->program.output_count; k++) {
            const struct program_output *output = &sim->program.outputs[k];
            layout_unpack(elements, &output->layout, blocks + output->offset);
            SNED_TRY_DONE(sned_context_give(sim->keep, output->tensor, elements, error));
        }
        SNED_TRY_DONE(sned_context_resume(sim->keep, sim->program.host_first, sim->session.scores, error));
        sim->classes[i] = sned_scores_best(&sim->session.kind, sim->session.scores);
    }
done:
    free(elements);
    return status;
}

/* Do the hardware's and the golden model's blocks of an image hold what the runtime gives? */
static bool output_exact(const struct sim *sim, const struct program_output *output, size_t image,
                         const int16_t *expected, int16_t *elements)
{
    const size_t place = image * (size_t)sim->program.output_bytes + (size_t)output->offset,
                 bytes = layout_element_count(&output->layout) * sizeof *elements;
    layout_unpack(elements, &output->layout, sim->outputs + place);
    const bool hardware = memcmp(elements, expected, bytes) == 0;
    layout_unpack(elements, &output->layout, sim->golden + place);
    return hardware && memcmp(elements, expected, bytes) == 0;
}

static sned_status compare(struct sim *sim, sned_error *error)
{
    const int16_t *expected = sim->expected;
    int16_t *elements;
    SNED_TRY(sned_alloc(&elements, sim->count, sizeof *elements, error));
    for (int k = 0; k < sim->program.output_count; k++)
        sim->exact[k] = true;
    for (size_t i = 0; i < sim->images; i++)
        for (int k = 0; k < sim->program.output_count; k++) {
            const struct program_output *output = &sim->program.outputs[k];
            sim->exact[k] = output_exact(sim, output, i, expected, elements) && sim->exact[k];
            expected += layout_element_count(&output->layout);
        }
    free(elements);
    return SNED_OK;
}

static bool all_exact(const struct sim *sim)
{
    bool all = true;
    for (int k = 0; k < sim->program.output_count; k++)
        all = all && sim->exact[k];
    return all;
}

/* ---- what is told ---- */

static double layer_busy(const struct sim *sim, int layer)
{
    const double lanes = (double)sim->busy[layer] * sim->config->lanes;
    return lanes > 0 ? (double)sim->program.layers[layer].issued * (double)sim->images / lanes : 0;
}

/* Lane-cycles as shares, in the order in which they are told; all 0 where the layer is not on the lanes. */
enum { SHARES = 6 };
static const char *const share_keys[SHARES] = {"issued", "starved_weights", "starved_activations",
                                               "drain",  "headers",         "imbalance"};

static void layer_shares(const struct sim *sim, int layer, double shares[SHARES])
{
    const struct accel_counters *c = &sim->counters[layer];
    const uint64_t counts[SHARES - 1] = {c->issued, c->weights, c->activations, c->drain, c->headers};
    const double all = (double)c->conv * sim->config->lanes;
    double rest = all > 0;
    for (int i = 0; i < SHARES - 1; i++) {
        shares[i] = all > 0 ? (double)counts[i] / all : 0;
        rest -= shares[i];
    }
    shares[SHARES - 1] = rest > 0 ? rest : 0;
}

/* Of the lanes over all Convs. */
static double network_busy(const struct sim *sim)
{
    double issued = 0, lanes = 0;
    for (int l = 0; l < sim->program.layer_count; l++)
        if (sim->program.layers[l].issued) {
            issued += (double)sim->program.layers[l].issued * (double)sim->images;
            lanes += (double)sim->busy[l] * sim->config->lanes;
        }
    return lanes > 0 ? issued / lanes : 0;
}

static double frames_a_second(const struct sim *sim)
{
    return sim->config->clock_mhz * 1e6 * (double)sim->images / (double)sim->cycles;
}

static sned_status layers_json(json_t *layers, const struct sim *sim, sned_error *error)
{
    for (int l = 0; l < sim->program.layer_count; l++) {
        json_t *layer =
            json_pack("{s:s, s:s, s:I, s:f, s:I}", "name", sim->program.layers[l].name, "op",
                      sned_op_name(sim->program.layers[l].op), "cycles", (json_int_t)sim->busy[l], "busy",
                      layer_busy(sim, l), "ddr_bytes", (json_int_t)(sim->counters[l].words * DDR_WORD));
        double shares[SHARES];
        layer_shares(sim, l, shares);
        for (int i = 0; i < SHARES; i++)
            if (layer && json_object_set_new(layer, share_keys[i], json_real(shares[i])) != 0) {
                json_decref(layer);
                layer = NULL;
            }
        SNED_TRY(json_append(layers, layer, error, "layer '%s'", sim->program.layers[l].name));
    }
    return SNED_OK;
}

static sned_status images_json(json_t *images, const struct sim *sim, sned_error *error)
{
    for (size_t i = 0; i < sim->images; i++) {
        const int best = sim->classes[i];
        const char *label = graph_label(sim->session.graph, best);
        const char *file = sim->options->argument_count > 1 ? sim->options->arguments[i + 1] : "(noise)";
        SNED_TRY(json_append(
            images, json_pack("{s:s, s:i, s:s}", "file", file, "class", best, "label", label ? label : ""),
            error, "%s", file));
    }
    return SNED_OK;
}

/* Is the node one of those that the accelerator has left to the host? An ending is always the host's. */
static bool on_cpu(const struct sim *sim, int node)
{
    return sim->program.why &&
           (node >= sim->program.host_first || sned_op_is_ending(sim->session.graph->nodes[node].op));
}

static sned_status cpu_json(json_t *cpu, const struct sim *sim, sned_error *error)
{
    const struct graph *graph = sim->session.graph;
    for (int n = 0; n < graph->node_count; n++)
        if (on_cpu(sim, n))
            SNED_TRY(json_append(cpu, json_string(graph->nodes[n].name), error, "node '%s'",
                                 graph->nodes[n].name));
    return SNED_OK;
}

static const char *output_name(const struct sim *sim, int output)
{
    return sim->session.graph->tensors[sim->program.outputs[output].tensor].name;
}

static sned_status outputs_json(json_t *outputs, const struct sim *sim, sned_error *error)
{
    for (int k = 0; k < sim->program.output_count; k++)
        SNED_TRY(json_append(outputs,
                             json_pack("{s:s, s:I, s:b}", "name", output_name(sim, k), "elements",
                                       (json_int_t)layout_element_count(&sim->program.outputs[k].layout),
                                       "bit_exact", sim->exact[k]),
                             error, "output %d", k));
    return SNED_OK;
}

/* What lists hold: of layers, images, outputs, nodes on the CPU. */
enum { LISTS = 4 };

static sned_status lists_json(json_t *lists[LISTS], const struct sim *sim, sned_error *error)
{
    for (int i = 0; i < LISTS; i++)
        lists[i] = json_array();
    SNED_TRY(images_json(lists[0], sim, error));
    SNED_TRY(outputs_json(lists[1], sim, error));
    SNED_TRY(layers_json(lists[2], sim, error));
    return cpu_json(lists[3], sim, error);
}

static sned_status tell_json(const struct sim *sim, sned_error *error)
{
    json_t *lists[LISTS];
    const sned_status status = lists_json(lists, sim, error);
    if (status != SNED_OK) {
        for (int i = 0; i < LISTS; i++)
            json_decref(lists[i]);
        return status;
    }
    return print_json(json_pack("{s:b, s:s, s:i, s:I, s:f, s:f, s:f, s:I, s:o, s:o, s:o, s:o}", "bit_exact",
                                all_exact(sim), "config", sim->config->name, "clock_mhz",
                                sim->config->clock_mhz, "cycles", (json_int_t)sim->cycles, "fps",
                                frames_a_second(sim), "latency_ms",
                                (double)sim->latency / sim->config->clock_mhz / 1e3, "busy",
                                network_busy(sim), "ddr_bytes", (json_int_t)sim->bytes, "images", lists[0],
                                "outputs", lists[1], "layers", lists[2], "on_cpu", lists[3]),
                      error);
}

static sned_status tell_layers(const struct sim *sim, sned_error *error)
{
    struct table table;
    char number[32];
    sned_status status;
    SNED_TRY(table_new(&table,
                       (const char *const[]){"layer", "op", ">cycles", ">busy", ">weights", ">activations",
                                             ">drain", ">headers", ">imbalance", NULL},
                       error));
    for (int l = 0; l < sim->program.layer_count; l++) {
        if (!sim->busy[l])
            continue;
        SNED_TRY_DONE(table_cell(&table, error, "%s", sim->program.layers[l].name));
        SNED_TRY_DONE(table_cell(&table, error, "%s", sned_op_name(sim->program.layers[l].op)));
        SNED_TRY_DONE(table_cell(&table, error, "%s", format_count(number, (uint64_t)sim->busy[l])));
        double shares[SHARES];
        layer_shares(sim, l, shares);
        for (int i = 0; i < SHARES; i++)
            SNED_TRY_DONE(sim->counters[l].conv ? table_cell(&table, error, "%.1f %%", 100 * shares[i])
                                                : table_cell(&table, error, " "));
    }
    status = table_print(&table, error);
done:
    table_free(&table);
    return status;
}

static void tell_cpu(const struct sim *sim)
{
    const struct graph *graph = sim->session.graph;
    if (!sim->program.why)
        return;
    print_line("on the CPU, not in these cycles, since %s:", sim->program.why);
    for (int n = 0; n < graph->node_count; n++)
        if (on_cpu(sim, n))
            print_line("  %s (%s)", graph->nodes[n].name, sned_op_name(graph->nodes[n].op));
    putchar('\n');
}

/* Of one output the line before says all. */
static void tell_outputs(const struct sim *sim)
{
    for (int k = 0; k < sim->program.output_count && sim->program.output_count > 1; k++)
        print_line("  %s: %s", output_name(sim, k), sim->exact[k] ? "yes" : "NO");
}

static sned_status tell(const struct sim *sim, sned_error *error)
{
    char number[32], size[32];
    for (size_t i = 0; i < sim->images; i++) {
        const int best = sim->classes[i];
        const char *label = graph_label(sim->session.graph, best);
        print_line("%s: class %d%s%s",
                   sim->options->argument_count > 1 ? sim->options->arguments[i + 1] : "(noise)", best,
                   label ? ", " : "", label ? label : "");
    }
    printf("bit-exact: %s\n", all_exact(sim) ? "yes" : "NO");
    tell_outputs(sim);
    printf("%s cycles for %zu image%s, simulated; at %d MHz (assumed) %.1f frames a second, %s of DDR "
           "traffic\n\n",
           format_count(number, sim->cycles), sim->images, sim->images == 1 ? "" : "s",
           sim->config->clock_mhz, frames_a_second(sim), format_bytes(size, sim->bytes));
    tell_cpu(sim);
    return tell_layers(sim, error);
}

static sned_status run_sim(const struct options *options, sned_error *error)
{
    struct display display;
    struct reporter reporter = display_reporter(&display, options->quiet);
    struct model model = {0};
    struct sim sim = {.options = options,
                      .images = options->argument_count > 1 ? (size_t)options->argument_count - 1 : 1};
    sned_status status;
    SNED_TRY_DONE(accel_config_find(&sim.config, options->config ? options->config : "zcu104", error));
    SNED_TRY_DONE(model_load(&model, options->arguments[0], options, &reporter, error));
    if (!model.graph->integer || !model.graph->rule.is_image) {
        status =
            sned_fail(error, SNED_ERROR_UNSUPPORTED, "%s: %s", model.path,
                      model.graph->integer ? "does not take images"
                                           : "is a float network; make a .sned file of it first (sned pack)");
        goto done;
    }
    SNED_TRY_DONE(sned_error_context(error, prepare(&sim, model.graph, error), "%s", model.path));
    for (size_t i = 0; i < sim.images; i++) {
        SNED_TRY_DONE(read_picture(&sim, i, error));
        SNED_TRY_DONE(expect(&sim, i, error));
    }
    SNED_TRY_DONE(golden_run(&sim.program, sim.inputs, sim.golden, error));
    SNED_TRY_DONE(run_simulation(&sim, error));
    SNED_TRY_DONE(compare(&sim, error));
    SNED_TRY_DONE(finish(&sim, error));
    SNED_TRY_DONE(options->json ? tell_json(&sim, error) : tell(&sim, error));
    if (!all_exact(&sim))
        status = sned_fail(error, SNED_ERROR_DATA, "%s: the accelerator's results are not the runtime's",
                           model.path);
done:
    sim_free(&sim);
    model_free(&model);
    return status;
}

const struct command command_sim = {
    .name = "sim",
    .arguments = "MODEL [IMAGE...]",
    .summary = "Run a model on the simulated accelerator",
    .text =
        "The RTL, cycle by cycle in Verilator, with a model of DDR memory (latency of 40 cycles, 80 % of "
        "the peak bandwidth, assumed), on each picture, or on noise. Every output is compared bit for bit "
        "with the golden model's and the runtime's. Cycles are the simulation's; frames a second are "
        "these cycles at the configuration's assumed clock. `sim/build CONFIG` makes a configuration's "
        "simulation.",
    .argument_min = 1,
    .argument_max = 1 << 20,
    .keys = {OPTION_CONFIG, OPTION_ALLOW_CPU, OPTION_TIMELINE, OPTION_TRACE, OPTION_STALLS, OPTION_PARTS,
             OPTION_SEED, OPTION_LABELS, OPTION_HEAD, OPTION_COLOR},
    .run = run_sim,
};
