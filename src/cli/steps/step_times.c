/*
 * step_times.c - what each step of a run takes, as sned.h tells it: medians over several runs, as a table
 * and as JSON.
 */
#include "cli/steps/step_times.h"
#include "base/memory.h"
#include "cli/common/median.h"
#include "cli/terminal/json.h"
#include "cli/terminal/table.h"

#include <stdlib.h>

static double *runs_of(const struct step_times *times, int step)
{
    return times->ms + (size_t)step * (size_t)times->runs;
}

static void note(void *user, const sned_step_time *time)
{
    struct step_times *times = user;
    const int most = times->named[time->index].threads;
    times->named[time->index] = *time;
    if (time->threads < most)
        times->named[time->index].threads = most;
    runs_of(times, time->index)[times->run] = 1e-6 * (double)time->nanoseconds;
}

sned_status step_times_new(struct step_times *times, sned_context *context, const sned_model *model, int runs,
                           sned_error *error)
{
    *times = (struct step_times){
        .context = context, .steps = (int)sned_model_get_info(model)->steps, .runs = runs};
    SNED_TRY(sned_alloc(&times->named, (size_t)times->steps, sizeof *times->named, error));
    SNED_TRY(sned_alloc(&times->ms, (size_t)times->steps, (size_t)runs * sizeof *times->ms, error));
    return sned_context_set_step_done(context, note, times, error);
}

void step_times_free(struct step_times *times)
{
    sned_context_set_step_done(times->context, NULL, NULL, NULL);
    free(times->named);
    free(times->ms);
}

/* 10^9 products of weights that are not zero, in a second. */
static double products_rate(const sned_step_time *step, double ms)
{
    return ms > 0 ? 1e-6 * (double)step->products / ms : 0;
}

static sned_status add_row(struct table *table, const sned_step_time *step, double ms, double all,
                           sned_error *error)
{
    char products[32];
    SNED_TRY(table_cell(table, error, "%s", step->name));
    SNED_TRY(table_cell(table, error, "%s", step->op));
    SNED_TRY(table_cell(table, error, "%s%s%s", step->kernel, step->form ? " " : "",
                        step->form ? step->form : ""));
    SNED_TRY(table_cell(table, error, "%d", step->threads));
    SNED_TRY(table_cell(table, error, "%.3f", ms));
    SNED_TRY(table_cell(table, error, "%.1f %%", all > 0 ? 100 * ms / all : 0));
    SNED_TRY(table_cell(table, error, "%s", step->products ? format_count(products, step->products) : ""));
    if (!step->products)
        return table_cell(table, error, "%s", "");
    return table_cell(table, error, "%.1f", products_rate(step, ms));
}

sned_status step_times_print(const struct step_times *times, sned_error *error)
{
    static const char *const titles[] = {"step",    "op",        "kernel",    ">threads", ">ms",
                                         ">of all", ">products", ">10^9 a s", NULL};
    struct table table;
    double all = 0;
    sned_status status;
    for (int s = 0; s < times->steps; s++)
        all += median(runs_of(times, s), times->runs);
    SNED_TRY_DONE(table_new(&table, titles, error));
    for (int s = 0; s < times->steps; s++)
        SNED_TRY_DONE(add_row(&table, &times->named[s], median(runs_of(times, s), times->runs), all, error));
    status = table_print(&table, error);
done:
    table_free(&table);
    return status;
}

sned_status step_times_json(json_t **array, const struct step_times *times, sned_error *error)
{
    *array = json_array();
    for (int s = 0; s < times->steps; s++) {
        const sned_step_time *step = &times->named[s];
        SNED_TRY(
            json_append(*array,
                        json_pack("{s:s, s:s, s:s, s:s*, s:i, s:f, s:I, s:I}", "name", step->name, "op",
                                  step->op, "kernel", step->kernel, "form", step->form, "threads",
                                  step->threads, "ms_median", median(runs_of(times, s), times->runs), "macs",
                                  (json_int_t)step->macs, "products", (json_int_t)step->products),
                        error, "step '%s'", step->name));
    }
    return SNED_OK;
}
