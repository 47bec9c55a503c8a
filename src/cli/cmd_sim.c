/*
 * cmd_sim.c - sned sim: pictures through the simulated accelerator, checked bit for bit.
 */
#include "accel/golden/golden.h"
#include "base/memory.h"
#include "base/random.h"
#include "cli/common/head.h"
#include "cli/common/simulation.h"
#include "cli/sim_report.h"
#include "cli/options/command.h"
#include "cli/terminal/progress.h"
#include "io/pictures/image.h"

#include <stdlib.h>
#include <string.h>

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
    head_tell(model.graph, &reporter);
    for (size_t i = 0; i < sim.images; i++) {
        SNED_TRY_DONE(read_picture(&sim, i, error));
        SNED_TRY_DONE(expect(&sim, i, error));
    }
    SNED_TRY_DONE(golden_run(&sim.program, sim.inputs, sim.golden, error));
    SNED_TRY_DONE(run_simulation(&sim, error));
    SNED_TRY_DONE(compare(&sim, error));
    SNED_TRY_DONE(finish(&sim, error));
    SNED_TRY_DONE(options->json ? sim_report_json(&sim, error) : sim_report_text(&sim, error));
    if (!sim_is_exact(&sim))
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
