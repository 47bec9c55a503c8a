/*
 * calibrate.c - see calibrate.h.
 */
#include "cli/calibrate/calibrate.h"
#include "base/file.h"
#include "cli/calibrate/measure.h"
#include "cli/terminal/json.h"
#include "cli/terminal/print.h"
#include "cli/terminal/table.h"
#include "runtime/costs/costs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- the file ---- */

/* Folders of `path` that are not there, for nobody but this user, as XDG's specification has it. */
static sned_status make_folders(char *path, sned_error *error)
{
    sned_status status = SNED_OK;
    for (char *slash = strchr(path + 1, '/'); slash && status == SNED_OK; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (mkdir(path, 0700) != 0 && errno != EEXIST)
            status =
                sned_fail(error, SNED_ERROR_IO, "%s: cannot make this folder: %s", path, strerror(errno));
        *slash = '/';
    }
    return status;
}

static sned_status write_file(char *path, const struct micro_kernels *column, const struct micro_costs *costs,
                              sned_error *error)
{
    char text[COSTS_TEXT];
    const size_t size = sned_costs_write(text, column, costs);
    struct output output = {0};
    sned_status status;
    SNED_TRY_DONE(make_folders(path, error));
    SNED_TRY_DONE(sned_output_open(&output, path, error));
    if (fchmod(fileno(output.stream), 0600) != 0)
        SNED_TRY_DONE(
            sned_fail(error, SNED_ERROR_IO, "%s: cannot keep it from others: %s", path, strerror(errno)));
    SNED_TRY_DONE(sned_output_write(&output, text, size, error));
    status = sned_output_commit(&output, error);
done:
    sned_output_abort(&output);
    return status;
}

/* ---- what was found ---- */

static sned_status print_costs(const struct micro_kernels *column, struct micro_costs *costs,
                               sned_error *error)
{
    static const char *const titles[] = {"cost, ns", ">built in", ">here", NULL};
    struct micro_costs built_in = column->costs;
    struct table table;
    sned_status status;
    SNED_TRY_DONE(table_new(&table, titles, error));
    for (int i = 0; i < COST_COUNT; i++) {
        if (*sned_cost(&built_in, i) == 0)
            continue;
        SNED_TRY_DONE(table_cell(&table, error, "%s", sned_cost_name(i)));
        SNED_TRY_DONE(table_cell(&table, error, "%.4f", (double)*sned_cost(&built_in, i)));
        SNED_TRY_DONE(table_cell(&table, error, "%.4f", (double)*sned_cost(costs, i)));
    }
    status = table_print(&table, error);
done:
    table_free(&table);
    return status;
}

static sned_status print_costs_json(const char *path, const struct micro_kernels *column,
                                    struct micro_costs *costs, sned_error *error)
{
    struct micro_costs built_in = column->costs;
    char processor[PROCESSOR_TEXT];
    json_t *rows = json_array();
    sned_status status;
    sned_processor_name(processor);
    for (int i = 0; i < COST_COUNT; i++)
        if (*sned_cost(&built_in, i) != 0)
            SNED_TRY_DONE(
                json_append(rows,
                            json_pack("{s:s, s:f, s:f}", "name", sned_cost_name(i), "built_in",
                                      (double)*sned_cost(&built_in, i), "here", (double)*sned_cost(costs, i)),
                            error, "cost '%s'", sned_cost_name(i)));
    status = print_json(json_pack("{s:s, s:s, s:s, s:O}", "file", path, "instructions", column->name,
                                  "processor", processor, "nanoseconds", rows),
                        error);
done:
    json_decref(rows);
    return status;
}

sned_status calibrate(const struct options *options, sned_error *error)
{
    const struct micro_kernels *column = sned_micro_choose(getenv("SNED_CPU"));
    struct micro_costs costs;
    char path[COSTS_PATH];
    if (!sned_costs_path(path, column))
        return sned_fail(
            error, SNED_ERROR_IO,
            "--calibrate: neither XDG_CACHE_HOME nor HOME is a path that begins with /, so there "
            "is no place to keep what is measured");
    SNED_TRY(measure_costs(&costs, column, error));
    SNED_TRY(write_file(path, column, &costs, error));
    if (options->json)
        return print_costs_json(path, column, &costs, error);
    SNED_TRY(print_costs(column, &costs, error));
    print_line("%s", "");
    print_line("kept in %s: models opened from now on with the kernels of %s use it", path, column->name);
    return SNED_OK;
}
