/*
 * sim_report.c - see sim_report.h.
 */
#include "cli/sim_report.h"
#include "cli/terminal/json.h"
#include "cli/terminal/print.h"
#include "cli/terminal/table.h"

#include <stdio.h>

bool sim_is_exact(const struct sim *sim)
{
    bool all = true;
    for (int k = 0; k < sim->program.output_count; k++)
        all = all && sim->exact[k];
    return all;
}

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

sned_status sim_report_json(const struct sim *sim, sned_error *error)
{
    json_t *lists[LISTS];
    const sned_status status = lists_json(lists, sim, error);
    if (status != SNED_OK) {
        for (int i = 0; i < LISTS; i++)
            json_decref(lists[i]);
        return status;
    }
    return print_json(json_pack("{s:b, s:s, s:i, s:I, s:f, s:f, s:f, s:I, s:o, s:o, s:o, s:o}", "bit_exact",
                                sim_is_exact(sim), "config", sim->config->name, "clock_mhz",
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

sned_status sim_report_text(const struct sim *sim, sned_error *error)
{
    char number[32], size[32];
    for (size_t i = 0; i < sim->images; i++) {
        const int best = sim->classes[i];
        const char *label = graph_label(sim->session.graph, best);
        print_line("%s: class %d%s%s",
                   sim->options->argument_count > 1 ? sim->options->arguments[i + 1] : "(noise)", best,
                   label ? ", " : "", label ? label : "");
    }
    printf("bit-exact: %s\n", sim_is_exact(sim) ? "yes" : "NO");
    tell_outputs(sim);
    printf("%s cycles for %zu image%s, simulated; at %d MHz (assumed) %.1f frames a second, %s of DDR "
           "traffic\n\n",
           format_count(number, sim->cycles), sim->images, sim->images == 1 ? "" : "s",
           sim->config->clock_mhz, frames_a_second(sim), format_bytes(size, sim->bytes));
    tell_cpu(sim);
    return tell_layers(sim, error);
}
