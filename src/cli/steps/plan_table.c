/*
 * plan_table.c - see plan_table.h.
 */
#include "cli/steps/plan_table.h"
#include "cli/terminal/json.h"
#include "cli/terminal/print.h"
#include "cli/terminal/table.h"
#include "graph/operator.h"
#include "runtime/plan.h"
#include "runtime/runtime.h"

#include <stdio.h>

static const char *type_name(enum value_type type)
{
    static const char *const names[] = {[VALUE_U8] = "u8", [VALUE_S8] = "s8", [VALUE_S16] = "s16"};
    return names[type];
}

static double microseconds(const struct step *step)
{
    double nanoseconds = 0;
    for (int phase = 0; phase < STEP_PHASES; phase++)
        nanoseconds += step->nanoseconds[phase];
    return nanoseconds / 1000;
}

static const struct node *node_of(const sned_model *model, const struct step *step)
{
    return &sned_model_graph(model)->nodes[step->node];
}

/* ---- for a terminal ---- */

/* "u8 64 x 56 x 56 at 4,096"; where channels do not follow each other, "u8 64 x 7 x 7, a channel each 64 at
 * 4,096", or "u8 64 x 56 x 56 in quads at 4,096"; and how many more there are. */
static sned_status values_cell(struct table *table, const struct plan *plan, const struct value *values,
                               int count, sned_error *error)
{
    char place[32], apart[48] = "", more[32] = "";
    const struct extent extent = values[0].extent;
    if (values[0].span > values[0].elements)
        snprintf(apart, sizeof apart, ", a channel each %zu", values[0].plane);
    if (count > 1)
        snprintf(more, sizeof more, ", and %d more", count - 1);
    return table_cell(table, error, "%s %d x %d x %d%s at %s%s", type_name(values[0].type), extent.channels,
                      extent.height, extent.width, values[0].in_quads ? " in quads" : apart,
                      format_count(place, plan->tensors[values[0].tensor]), more);
}

static sned_status add_row(struct table *table, const sned_model *model, const struct step *step,
                           sned_error *error)
{
    const struct plan *plan = sned_model_plan(model);
    const struct node *node = node_of(model, step);
    char count[32];
    SNED_TRY(table_cell(table, error, "%s", node->name));
    SNED_TRY(table_cell(table, error, "%s", sned_op_name(node->op)));
    SNED_TRY(table_cell(table, error, "%s%s%s", step->kernel->name, step->form ? " " : "",
                        step->form ? step->form : ""));
    SNED_TRY(values_cell(table, plan, step->inputs, step->input_count, error));
    SNED_TRY(values_cell(table, plan, step->outputs, step->output_count, error));
    SNED_TRY(table_cell(table, error, "%s", format_count(count, step->scratch_size)));
    SNED_TRY(table_cell(table, error, "%s", format_count(count, step->own_size)));
    if (step->tasks[1])
        SNED_TRY(table_cell(table, error, "%d, %d", step->tasks[0], step->tasks[1]));
    else
        SNED_TRY(table_cell(table, error, "%d", step->tasks[0]));
    SNED_TRY(table_cell(table, error, "%s", format_count(count, step->products)));
    return table_cell(table, error, "%.1f", microseconds(step));
}

sned_status plan_table_print(const sned_model *model, sned_error *error)
{
    static const char *const titles[] = {"step", "op",     "kernel",    ">reads",      ">makes", ">scratch",
                                         ">own", ">tasks", ">products", ">guessed us", NULL};
    const struct plan *plan = sned_model_plan(model);
    struct table table;
    char bytes[32];
    sned_status status;
    SNED_TRY_DONE(table_new(&table, titles, error));
    for (int s = 0; s < plan->step_count; s++)
        SNED_TRY_DONE(add_row(&table, model, &plan->steps[s], error));
    SNED_TRY_DONE(table_print(&table, error));
    print_line("%s", "");
    print_line("%d steps with the kernels of %s, their forms chosen by %s costs; %s of memory a run",
               plan->step_count, sned_model_get_instructions(model), sned_model_costs(model),
               format_bytes(bytes, sned_memory_needed(model)));
done:
    table_free(&table);
    return status;
}

/* ---- as JSON ---- */

static sned_status values_json(json_t **array, const sned_model *model, const struct value *values, int count,
                               sned_error *error)
{
    const struct plan *plan = sned_model_plan(model);
    *array = json_array();
    for (int i = 0; i < count; i++) {
        const char *name = sned_model_graph(model)->tensors[values[i].tensor].name;
        const struct extent extent = values[i].extent;
        SNED_TRY(json_append(*array,
                             json_pack("{s:s, s:s, s:[i,i,i], s:b, s:I, s:I, s:I}", "name", name, "type",
                                       type_name(values[i].type), "extent", extent.channels, extent.height,
                                       extent.width, "in_quads", values[i].in_quads, "plane",
                                       (json_int_t)values[i].plane, "bytes",
                                       (json_int_t)(values[i].span * value_size(values[i].type)), "offset",
                                       (json_int_t)plan->tensors[values[i].tensor]),
                             error, "tensor '%s'", name));
    }
    return SNED_OK;
}

static sned_status step_json(json_t *steps, const sned_model *model, const struct step *step,
                             sned_error *error)
{
    const struct node *node = node_of(model, step);
    json_t *reads = NULL, *makes = NULL;
    sned_status status;
    SNED_TRY_DONE(values_json(&reads, model, step->inputs, step->input_count, error));
    SNED_TRY_DONE(values_json(&makes, model, step->outputs, step->output_count, error));
    status =
        json_append(steps,
                    json_pack("{s:s, s:s, s:s, s:s*, s:O, s:O, s:I, s:I, s:[i,i], s:I, s:I, s:f}", "name",
                              node->name, "op", sned_op_name(node->op), "kernel", step->kernel->name, "form",
                              step->form, "reads", reads, "makes", makes, "scratch",
                              (json_int_t)step->scratch_size, "own", (json_int_t)step->own_size, "tasks",
                              step->tasks[0], step->tasks[1], "macs", (json_int_t)step->macs, "products",
                              (json_int_t)step->products, "guessed_us", microseconds(step)),
                    error, "step '%s'", node->name);
done:
    json_decref(reads);
    json_decref(makes);
    return status;
}

sned_status plan_table_json(json_t **object, const sned_model *model, sned_error *error)
{
    const struct plan *plan = sned_model_plan(model);
    json_t *steps = json_array();
    sned_status status;
    *object = NULL;
    for (int s = 0; s < plan->step_count; s++)
        SNED_TRY_DONE(step_json(steps, model, &plan->steps[s], error));
    *object =
        json_pack("{s:s, s:s, s:I, s:O}", "instructions", sned_model_get_instructions(model), "costs",
                  sned_model_costs(model), "memory", (json_int_t)sned_memory_needed(model), "steps", steps);
    status = *object ? SNED_OK : sned_fail(error, SNED_ERROR_MEMORY, "the plan's JSON does not fit memory");
done:
    json_decref(steps);
    return status;
}
