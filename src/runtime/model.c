/*
 * model.c - opening a packed network: unpack, check, plan.
 */
#include "runtime/model.h"
#include "base/memory.h"
#include "base/system.h"

enum {
    MAX_NODES = 1 << 14, /* planning takes the square of it where all activations live at once */
    MAX_THREADS = 1024,
};

/* What sned_graph_check, which has passed, leaves open. */
static sned_status check_runnable(const struct graph *graph, sned_error *error)
{
    if (!graph->integer)
        return sned_fail(error, SNED_ERROR_FORMAT, "network '%s' is not an integer network", graph->name);
    if (graph->node_count > MAX_NODES)
        return sned_fail(error, SNED_ERROR_UNSUPPORTED, "network '%s' has %d nodes, at most %d can be run",
                         graph->name, graph->node_count, MAX_NODES);
    SNED_TRY(sned_graph_check_ending(graph, error));
    for (int n = 0; n < graph->node_count; n++)
        if (sned_runtime_reason(graph->nodes[n].op))
            return sned_fail(error, SNED_ERROR_UNSUPPORTED, "node '%s' (%s): %s", graph->nodes[n].name,
                             sned_op_name(graph->nodes[n].op), sned_runtime_reason(graph->nodes[n].op));
    return SNED_OK;
}

/* Now that it is known to the byte, and before a context is made. */
static sned_status check_memory(const sned_model *model, const sned_limits *limits, sned_error *error)
{
    if (!limits || !limits->memory || model->info.memory <= limits->memory)
        return SNED_OK;
    return sned_fail(error, SNED_ERROR_LIMIT, "network '%.80s' takes %llu bytes of memory, the limit is %llu",
                     model->graph->name, (unsigned long long)model->info.memory,
                     (unsigned long long)limits->memory);
}

/* Takes packed->graph over, also on failure. from_file: its weights are not in the graph, or need not stay
 * there. */
static sned_status model_new(sned_model **out, struct packed_file *packed, bool from_file, uint64_t bytes,
                             const sned_limits *limits, sned_error *error)
{
    struct weight_source source = {.packed = from_file ? packed : NULL};
    struct graph *graph = packed->graph;
    sned_model *model = NULL;
    sned_status status;
    *out = NULL;
    SNED_TRY_DONE(sned_alloc(&model, 1, sizeof *model, error));
    model->graph = graph;
    model->gave_back = from_file;
    SNED_TRY_DONE(check_runnable(graph, error));
    for (int k = 0; k < graph->output_count; k++)
        model->results[k] = sned_result_find(graph, k);
    sned_input_list_pixels(model);
    SNED_TRY_DONE(sned_alloc(&source.kept, (size_t)graph->tensor_count, sizeof *source.kept, error));
    SNED_TRY_DONE(sned_host_find(&model->host, error));
    /* What is timed has the processor for itself. */
    source.threads = limits && limits->threads && !model->host.tries_forms ? (int)limits->threads : 1;
    SNED_TRY_DONE(sned_plan_make(&model->plan, graph, &model->host.micro, &source,
                                 model->host.tries_forms ? PLAN_TRIES : 0, error));
    SNED_TRY_DONE(
        sned_model_describe(model, packed->storage, packed->storage_count, source.kept, bytes, error));
    SNED_TRY_DONE(check_memory(model, limits, error));
    sned_model_weigh(model);
done:
    sned_free(source.kept);
    packed->graph = NULL;
    if (!model)
        sned_graph_free(graph);
    if (status == SNED_OK)
        *out = model;
    else
        sned_close(model);
    return status;
}

sned_status sned_model_from_graph(sned_model **model, struct graph *graph, sned_error *error)
{
    struct packed_file whole = {.graph = graph};
    sned_status status = sned_graph_check(graph, error);
    *model = NULL;
    if (status != SNED_OK) {
        sned_graph_free(graph);
        return status;
    }
    return model_new(model, &whole, false, 0, NULL, error);
}

/* ---- files in memory ---- */

static sned_status check_limits(const sned_limits *limits, sned_error *error)
{
    for (size_t i = 0; limits && i < sizeof limits->reserved / sizeof *limits->reserved; i++)
        if (limits->reserved[i])
            return sned_fail(error, SNED_ERROR_ARGUMENT,
                             "sned_limits.reserved[%zu] is not 0: a limit that sned %s does not know", i,
                             sned_version());
    if (limits && limits->threads > MAX_THREADS)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "sned_limits.threads is %llu, %d at most are used",
                         (unsigned long long)limits->threads, MAX_THREADS);
    return SNED_OK;
}

static sned_status check_file_size(size_t size, const sned_limits *limits, sned_error *error)
{
    if (!limits || !limits->file_bytes || size <= limits->file_bytes)
        return SNED_OK;
    return sned_fail(error, SNED_ERROR_LIMIT, "the file is larger than the limit of %llu bytes",
                     (unsigned long long)limits->file_bytes);
}

sned_status sned_open_memory_with(sned_model **model, const void *data, size_t size,
                                  const sned_limits *limits, sned_error *error)
{
    struct packed_file packed;
    if (!model)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "sned_open_memory: model is NULL");
    *model = NULL;
    if (!data && size)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "sned_open_memory: data is NULL");
    SNED_TRY(check_limits(limits, error));
    SNED_TRY(check_file_size(size, limits, error));
    SNED_TRY(sned_unpack_apart(&packed, data, size, limits, error));
    const sned_status status = model_new(model, &packed, true, size, limits, error);
    sned_packed_free(&packed);
    return status;
}

sned_status sned_open_memory(sned_model **model, const void *data, size_t size, sned_error *error)
{
    return sned_open_memory_with(model, data, size, NULL, error);
}

const char *sned_model_costs(const sned_model *model)
{
    return model ? sned_host_costs(&model->host) : NULL;
}

const struct plan *sned_model_plan(const sned_model *model)
{
    return model ? &model->plan : NULL;
}

void sned_close(sned_model *model)
{
    if (!model)
        return;
    sned_plan_free(&model->plan);
    sned_free(model->layers);
    sned_graph_free(model->graph);
    sned_free(model);
}
