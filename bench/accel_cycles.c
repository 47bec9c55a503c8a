/*
 * accel_cycles.c - the cycle model's table of one network: accel_cycles MODEL.sned CONFIG [name=value ...],
 * where values of the configuration are tried: lanes=16 pixels=98.
 */
#include "accel/cycles/cycles.h"
#include "base/file.h"
#include "codec/codec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct knob {
    const char *name;
    int *value;
};

static int fail(const char *message)
{
    fprintf(stderr, "accel_cycles: %s\n", message);
    return 1;
}

static bool turn(struct accel_config *config, const char *text)
{
    const struct knob knobs[] = {{"lanes", &config->lanes},        {"pixels", &config->pixels},
                                 {"half", &config->half_rows},     {"slots", &config->slots},
                                 {"drain", &config->drain},        {"waiting", &config->waiting},
                                 {"words", &config->stream_words}, {"collectors", &config->collectors},
                                 {"vector", &config->vector},      {"lrn", &config->lrn},
                                 {"sums", &config->sums},          {"fc", &config->fc_lanes}};
    for (size_t i = 0; i < sizeof knobs / sizeof *knobs; i++) {
        const size_t length = strlen(knobs[i].name);
        if (strncmp(text, knobs[i].name, length) == 0 && text[length] == '=') {
            *knobs[i].value = atoi(text + length + 1);
            return *knobs[i].value > 0;
        }
    }
    return false;
}

static void print_node(const struct node *node, const struct node_cycles *n,
                       const struct accel_config *config)
{
    const double all = (double)n->cycles * config->lanes / 100;
    if (n->unit == UNIT_LANES)
        printf("%-28.28s %10lld %6.1f %6.1f %6.1f %6.1f %6.1f %6.1f %3d %4d %4d\n", node->name,
               (long long)n->cycles,
               (double)n->macs / ((double)n->cycles * config->lanes * 2 * config->pixels) * 100,
               (double)n->issued / all, (double)n->rounding / all, (double)n->unfed / all,
               (double)n->blocked / all, (double)n->idle / all, n->passes, n->halves, n->tiles);
    else if (n->unit != UNIT_NONE)
        printf("%-28.28s %10lld %s\n", node->name, (long long)n->cycles,
               n->unit == UNIT_FC ? "fc" : "vector");
}

static void print_table(const struct network_cycles *c, const struct accel_config *config)
{
    printf("%-28s %10s %6s %6s %6s %6s %6s %6s passes halves tiles\n", "node", "cycles", "useful", "issued",
           "round", "unfed", "block", "idle");
    for (int n = 0; n < c->graph->node_count; n++)
        print_node(&c->graph->nodes[n], &c->nodes[n], config);
    printf("%d lanes x 2 x %d: conv %lld, vector %lld, fc %lld, ddr %lld cycles; %.0f fps at %d MHz, latency "
           "%.2f ms; "
           "lanes issue %.1f %%, useful MACs %.1f %%\n",
           config->lanes, config->pixels, (long long)c->lanes, (long long)c->vector, (long long)c->fc,
           (long long)c->ddr, config->clock_mhz * 1e6 / (double)c->frame, config->clock_mhz,
           (double)c->latency / (config->clock_mhz * 1e3), 100 * c->issued, 100 * c->useful);
}

static void print_json(const struct network_cycles *c, const struct accel_config *config)
{
    printf("{\"network\": \"%s\", \"config\": \"%s\", \"lanes\": %d, \"pixels\": %d, \"half_rows\": %d, "
           "\"collectors\": %d, "
           "\"clock_mhz\": %d, \"cycles\": {\"lanes\": %lld, \"vector\": %lld, \"fc\": %lld, \"ddr\": %lld}, "
           "\"fps\": %.1f, \"latency_ms\": %.3f, \"issued\": %.4f, \"useful\": %.4f, \"layers\": [",
           c->graph->name, config->name, config->lanes, config->pixels, config->half_rows, config->collectors,
           config->clock_mhz, (long long)c->lanes, (long long)c->vector, (long long)c->fc, (long long)c->ddr,
           config->clock_mhz * 1e6 / (double)c->frame, (double)c->latency / (config->clock_mhz * 1e3),
           c->issued, c->useful);
    const char *comma = "";
    for (int i = 0; i < c->graph->node_count; i++)
        if (c->nodes[i].unit != UNIT_NONE) {
            printf("%s{\"name\": \"%s\", \"op\": \"%s\", \"cycles\": %lld}", comma, c->graph->nodes[i].name,
                   sned_op_name(c->graph->nodes[i].op), (long long)(c->nodes[i].cycles + c->nodes[i].copy));
            comma = ", ";
        }
    printf("]}\n");
}

int main(int count, char **arguments)
{
    sned_error error = {0};
    struct file_map map = {0};
    struct graph *graph = NULL;
    struct layer_storage *storage = NULL;
    int layers = 0;
    const struct accel_config *named;
    struct network_cycles cycles;
    bool json = false;
    if (count < 3)
        return fail("usage: accel_cycles MODEL.sned CONFIG [json] [lanes=N pixels=N half=N slots=N ...]");
    if (accel_config_find(&named, arguments[2], &error) != SNED_OK ||
        sned_file_map(&map, arguments[1], &error) != SNED_OK ||
        sned_unpack(&graph, map.data, map.size, &storage, &layers, &error) != SNED_OK)
        return fail(error.message);
    struct accel_config config = *named;
    for (int i = 3; i < count; i++) {
        if (strcmp(arguments[i], "json") == 0)
            json = true;
        else if (!turn(&config, arguments[i]))
            return fail(arguments[i]);
    }
    if (cycles_count(&cycles, graph, &config, &(struct cycles_options){.fc_input = 0.37}, &error) != SNED_OK)
        return fail(error.message);
    if (json)
        print_json(&cycles, &config);
    else
        print_table(&cycles, &config);
    cycles_free(&cycles);
    sned_graph_free(graph);
    sned_file_unmap(&map);
    free(storage);
    return 0;
}
