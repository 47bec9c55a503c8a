/*
 * context.c - the memory of what runs a model, and its threads.
 */
#include "runtime/context.h"
#include "base/memory.h"
#include "base/pool.h"

#include <string.h>

enum { ALIGNMENT = 64 };
static const double WORTH_SHARING = 1000, WORTH_TAKING = 1000; /* nanoseconds */

_Static_assert(sizeof(void *) != 8 || sizeof(sned_context_options) == 72, "sned_context_options grew");

static size_t round_up(size_t size)
{
    return (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
}

/* ---- how its memory is divided ---- */

/* Offsets from the beginning of a context, which is 64-byte aligned as they are. */
struct context_layout {
    int threads, memories;
    size_t pool, states, memory, owns, own_step, size;
};

static sned_status check_options(const sned_context_options *options, sned_error *error)
{
    if (options->threads < 0 || options->threads > POOL_MAX_THREADS)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "sned_context_options: %d threads, from 1 to %d can be",
                         options->threads, POOL_MAX_THREADS);
    if (!options->memory != !options->memory_size)
        return sned_fail(error, SNED_ERROR_ARGUMENT,
                         "sned_context_options: memory and memory_size go together");
    for (size_t i = 0; i < sizeof options->reserved / sizeof *options->reserved; i++)
        if (options->reserved[i])
            return sned_fail(error, SNED_ERROR_ARGUMENT,
                             "sned_context_options.reserved[%zu] is not 0: an option that sned %s does not "
                             "know",
                             i, sned_version());
    return SNED_OK;
}

/* What other threads have for themselves; nobody writes where a neighbour's kernels read too far. */
static size_t own_size(const struct plan *plan)
{
    return plan->pointers - plan->own + round_up(MICRO_OVER_READ);
}

static sned_status lay_out(struct context_layout *layout, const sned_model *model,
                           const sned_context_options *options, sned_error *error)
{
    const struct plan *plan = &model->plan;
    SNED_TRY(check_options(options, error));
    const bool has_pool = options->threads > 1 && !options->run_tasks;
    *layout = (struct context_layout){.threads = options->threads > 1 ? options->threads : 1, .memories = 1};
    if (options->by_image && model->graph->state_count == 0)
        layout->memories = layout->threads;
    layout->pool = round_up(sizeof(struct sned_context));
    layout->states = layout->pool + (has_pool ? sned_pool_size(layout->threads) : 0);
    layout->memory = layout->states + round_up(sned_states_size(model->graph));
    layout->own_step = layout->memories > 1 ? plan->size : own_size(plan);
    layout->owns = layout->memory + plan->size + (layout->memories > 1 ? plan->own : 0);
    const size_t first = layout->memory + plan->size;
    size_t others;
    if (!sned_size_multiply((size_t)layout->threads - 1, layout->own_step, &others) ||
        others > PTRDIFF_MAX - first)
        return sned_fail(error, SNED_ERROR_MEMORY, "a context with %d threads is larger than any memory",
                         layout->threads);
    layout->size = first + others;
    return SNED_OK;
}

size_t sned_memory_needed_with(const sned_model *model, const sned_context_options *options)
{
    static const sned_context_options plain = {0};
    struct context_layout layout;
    if (!model || lay_out(&layout, model, options ? options : &plain, NULL) != SNED_OK)
        return 0;
    return layout.size;
}

size_t sned_memory_needed(const sned_model *model)
{
    return sned_memory_needed_with(model, NULL);
}

/* ---- contexts ---- */

static void run_one_by_one(void *user, int count, void (*task)(void *argument, int index), void *argument)
{
    for (int index = 0; index < count; index++)
        task(argument, index);
}

/* In `block`, of layout->size bytes. */
static sned_context *context_init(void *block, const sned_model *model, const struct context_layout *layout,
                                  const sned_context_options *options)
{
    sned_context *context = block;
    uint8_t *at = block;
    *context = (sned_context){.model = model,
                              .plan = &model->plan,
                              .states = at + layout->states,
                              .memory = at + layout->memory,
                              .memories = layout->memories,
                              .owns = at + layout->owns,
                              .own_step = layout->own_step,
                              .threads = layout->threads,
                              .worth_sharing = WORTH_SHARING,
                              .worth_taking = WORTH_TAKING,
                              .run_tasks = options->run_tasks ? options->run_tasks : run_one_by_one,
                              .user = options->user};
    if (layout->states > layout->pool) {
        context->pool = sned_pool_start(at + layout->pool, layout->threads);
        context->run_tasks = sned_pool_run;
        context->user = context->pool;
    }
    sned_context_reset(context);
    return context;
}

void sned_context_reset(sned_context *context)
{
    if (context)
        memset(context->states, 0, sned_states_size(context->model->graph));
}

sned_status sned_context_new_with(sned_context **context, const sned_model *model,
                                  const sned_context_options *options, sned_error *error)
{
    static const sned_context_options plain = {0};
    struct context_layout layout;
    void *block;
    if (context)
        *context = NULL;
    if (!context || !model)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "sned_context_new: context or model is NULL");
    options = options ? options : &plain;
    SNED_TRY(lay_out(&layout, model, options, error));
    block = options->memory;
    if ((uintptr_t)block % ALIGNMENT)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "sned_context_new: memory is not aligned to %d bytes",
                         ALIGNMENT);
    if (block && options->memory_size < layout.size)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "sned_context_new: %zu bytes of memory, %zu are needed",
                         options->memory_size, layout.size);
    if (!block)
        SNED_TRY(sned_alloc(&block, layout.size, 1, error));
    *context = context_init(block, model, &layout, options);
    (*context)->owned = !options->memory;
    return SNED_OK;
}

sned_status sned_context_new(sned_context **context, const sned_model *model, sned_error *error)
{
    return sned_context_new_with(context, model, NULL, error);
}

sned_status sned_context_place(sned_context **context, const sned_model *model, void *memory, size_t size,
                               sned_error *error)
{
    if (context)
        *context = NULL;
    if (!memory || !size)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "sned_context_place: there is no memory");
    return sned_context_new_with(context, model,
                                 &(sned_context_options){.memory = memory, .memory_size = size}, error);
}

void sned_context_free(sned_context *context)
{
    if (!context)
        return;
    sned_pool_stop(context->pool);
    if (context->widened) {
        for (int t = 0; t < context->model->graph->tensor_count; t++)
            sned_free(context->widened[t]);
        sned_free(context->widened);
        sned_free(context->memory);
        sned_plan_free(&context->kept);
    }
    if (context->owned)
        sned_free(context);
}

/* ---- a context that keeps every activation ---- */

sned_status sned_context_new_keep(sned_context **out, const sned_model *model, sned_error *error)
{
    static const sned_context_options plain = {0};
    sned_context *context = NULL;
    struct context_layout layout;
    sned_status status;
    if (!out || !model)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "sned_context_new_keep: context or model is NULL");
    *out = NULL;
    if (model->gave_back)
        return sned_fail(error, SNED_ERROR_ARGUMENT,
                         "sned_context_new_keep: the model has given its weights back; "
                         "sned_model_from_graph makes one that keeps them");
    SNED_TRY(lay_out(&layout, model, &plain, error));
    SNED_TRY(sned_alloc(&context, layout.memory, 1, error));
    context_init(context, model, &layout, &plain);
    context->memory = NULL;
    context->owned = true;
    SNED_TRY_DONE(sned_alloc(&context->widened, model->graph->tensor_count, sizeof *context->widened, error));
    SNED_TRY_DONE(sned_plan_make(&context->kept, model->graph, model->plan.micro, NULL, PLAN_KEEPS, error));
    context->plan = &context->kept;
    SNED_TRY_DONE(sned_alloc(&context->memory, context->kept.size, 1, error));
    for (int t = 0; t < model->graph->tensor_count; t++)
        if (context->kept.home[t] >= 0)
            SNED_TRY_DONE(sned_alloc(&context->widened[t], sned_value(model->graph, t).elements,
                                     sizeof(int32_t), error));
done:
    if (status == SNED_OK)
        *out = context;
    else
        sned_context_free(context);
    return status;
}
