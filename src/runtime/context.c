/*
 * context.c - one running thread's memory, and a run: quantize the input, the steps in order, hand out the
 * results.
 *
 * States are kept beside the memory of a run, where nothing else is ever placed: what each one is, is copied
 * to its activation before the steps, and taken from the activation that it becomes after them. So one state
 * may become another, whatever their order.
 */
#include "runtime/micro/requantize.h"
#include "runtime/model.h"
#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 64 };

struct sned_context {
    const sned_model *model;
    const struct plan *plan;
    uint8_t *states;   /* what the states are between two runs, one behind the other */
    uint8_t *memory;   /* plan->size bytes */
    struct plan kept;  /* that plan, of a context that keeps all activations */
    int32_t **widened; /* [tensor_count]: those activations as int32; NULL unless kept */
    bool owned;        /* this block was allocated here */
};

static size_t round_up(size_t size)
{
    return (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
}

static size_t state_size(const struct graph *graph, int state)
{
    const struct value value = sned_value(graph, graph->states[state].tensor);
    return value.elements * value_size(value.type);
}

size_t sned_states_size(const struct graph *graph)
{
    size_t size = 0;
    for (int k = 0; k < graph->state_count; k++)
        size += state_size(graph, k);
    return size;
}

/* Of the struct and the states; a run's memory follows. */
static size_t context_size(const sned_model *model)
{
    return round_up(sizeof(struct sned_context)) + round_up(sned_states_size(model->graph));
}

size_t sned_memory_needed(const sned_model *model)
{
    return model ? context_size(model) + model->plan.size : 0;
}

static sned_context *context_init(void *block, const sned_model *model, bool owned)
{
    sned_context *context = block;
    memset(context, 0, sizeof *context);
    context->model = model;
    context->plan = &model->plan;
    context->states = (uint8_t *)block + round_up(sizeof *context);
    context->memory = (uint8_t *)block + context_size(model);
    context->owned = owned;
    sned_context_reset(context);
    return context;
}

void sned_context_reset(sned_context *context)
{
    if (context)
        memset(context->states, 0, sned_states_size(context->model->graph));
}

sned_status sned_context_place(sned_context **context, const sned_model *model, void *memory, size_t size,
                               sned_error *error)
{
    if (context)
        *context = NULL;
    if (!context || !model || !memory)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "sned_context_place: context, model or memory is NULL");
    if ((uintptr_t)memory % ALIGNMENT)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "sned_context_place: memory is not aligned to 64 bytes");
    if (size < sned_memory_needed(model))
        return sned_fail(error, SNED_ERROR_ARGUMENT,
                         "sned_context_place: %zu bytes of memory, %zu are needed", size,
                         sned_memory_needed(model));
    *context = context_init(memory, model, false);
    return SNED_OK;
}

sned_status sned_context_new(sned_context **context, const sned_model *model, sned_error *error)
{
    void *block;
    if (context)
        *context = NULL;
    if (!context || !model)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "sned_context_new: context or model is NULL");
    SNED_TRY(sned_alloc(&block, sned_memory_needed(model), 1, error));
    *context = context_init(block, model, true);
    return SNED_OK;
}

void sned_context_free(sned_context *context)
{
    if (!context)
        return;
    if (context->widened) {
        for (int t = 0; t < context->model->graph->tensor_count; t++)
            free(context->widened[t]);
        free(context->widened);
        free(context->memory);
        sned_plan_free(&context->kept);
    }
    if (context->owned)
        free(context);
}

/* ---- a context that keeps every activation ---- */

sned_status sned_context_new_keep(sned_context **out, const sned_model *model, sned_error *error)
{
    sned_context *context = NULL;
    sned_status status;
    if (!out || !model)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "sned_context_new_keep: context or model is NULL");
    *out = NULL;
    SNED_TRY(sned_alloc(&context, context_size(model), 1, error));
    context_init(context, model, true);
    context->memory = NULL;
    SNED_TRY_DONE(sned_alloc(&context->widened, model->graph->tensor_count, sizeof *context->widened, error));
    SNED_TRY_DONE(sned_plan_make(&context->kept, model->graph, model->plan.micro, true, error));
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

static void widen_all(sned_context *context)
{
    const struct graph *graph = context->model->graph;
    for (int t = 0; t < graph->tensor_count; t++) {
        if (!context->widened[t])
            continue;
        const struct value value = sned_value(graph, t);
        for (size_t i = 0; i < value.elements; i++)
            context->widened[t][i] = value_load(context->memory + context->plan->tensors[t], value.type, i);
    }
}

const int32_t *sned_context_activation(const sned_context *context, int tensor)
{
    if (!context || !context->widened || tensor < 0 || tensor >= context->model->graph->tensor_count)
        return NULL;
    return context->widened[tensor];
}

/* ---- a run ---- */

static void quantize_pixels(const struct graph *graph, struct value input, const uint8_t *pixels,
                            void *quantized)
{
    const size_t plane = (size_t)input.extent.height * input.extent.width;
    const int32_t low = value_low(input.type), high = value_high(input.type);
    for (int c = 0; c < input.extent.channels; c++) {
        int64_t multiplier = graph->rule.integer[c].multiplier, offset = graph->rule.integer[c].offset;
        int shift = graph->rule.integer[c].shift;
        for (size_t i = c * plane; i < (c + 1) * plane; i++)
            value_store(quantized, input.type, i,
                        clamp_value(round_shift(pixels[i] * multiplier + offset, shift), low, high));
    }
}

static void quantize_values(const struct graph *graph, struct value input, const float *values,
                            void *quantized)
{
    const float scale = graph->tensors[graph->input].quantization.scale;
    const float low = (float)value_low(input.type), high = (float)value_high(input.type);
    for (size_t i = 0; i < input.elements; i++) {
        float q = floorf(values[i] / scale + 0.5f);
        q = isnan(q) ? 0 : q < low ? low : q > high ? high : q;
        value_store(quantized, input.type, i, (int32_t)q);
    }
}

static void run_step(const struct step *step, const struct step_work *work)
{
    for (int phase = 0; phase < STEP_PHASES; phase++)
        if (step->tasks[phase] > 0)
            step->kernel->run(step, work, phase, 0, step->tasks[phase]);
}

/* Those that make what the nodes from `first` on make. */
static void run_steps(sned_context *context, int first)
{
    const struct plan *plan = context->plan;
    void **pointers = (void **)(context->memory + plan->pointers);
    for (int s = 0; s < plan->step_count; s++) {
        const struct step *step = &plan->steps[s];
        void **outputs = pointers + step->input_count;
        if (step->node < first)
            continue;
        for (int i = 0; i < step->input_count; i++)
            pointers[i] = context->memory + plan->tensors[step->inputs[i].tensor];
        for (int i = 0; i < step->output_count; i++)
            outputs[i] = context->memory + plan->tensors[step->outputs[i].tensor];
        run_step(step, &(struct step_work){.inputs = (const void *const *)pointers,
                                           .outputs = outputs,
                                           .scratch = context->memory + plan->scratches[s],
                                           .own = context->memory + plan->own});
    }
}

static void load_states(const sned_context *context)
{
    const struct graph *graph = context->model->graph;
    const uint8_t *from = context->states;
    for (int k = 0; k < graph->state_count; from += state_size(graph, k++))
        memcpy(context->memory + context->plan->tensors[graph->states[k].tensor], from, state_size(graph, k));
}

static void store_states(const sned_context *context)
{
    const struct graph *graph = context->model->graph;
    uint8_t *to = context->states;
    for (int k = 0; k < graph->state_count; to += state_size(graph, k++))
        memcpy(to, context->memory + context->plan->tensors[graph->states[k].next], state_size(graph, k));
}

static void run_all(sned_context *context)
{
    load_states(context);
    run_steps(context, 0);
    store_states(context);
}

/* What the last run of the steps made, as image `image` of those outputs that are wanted. */
static void write_results(const sned_context *context, float *const *outputs, int output_count, size_t image)
{
    const sned_model *model = context->model;
    for (int k = 0; k < output_count; k++) {
        const struct result *result = &model->results[k];
        if (outputs[k])
            sned_result_write(result, model->graph, context->memory + context->plan->tensors[result->logits],
                              outputs[k] + image * result->elements);
    }
}

static sned_status check_run(const sned_context *context, const void *images, size_t count,
                             float *const *outputs, int output_count, sned_error *error)
{
    if (!context || (count && (!images || !outputs)))
        return sned_fail(error, SNED_ERROR_ARGUMENT, "running: context, input or outputs is NULL");
    if (output_count < 0 || output_count > context->model->info.outputs)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "running: %d outputs, the network has %d", output_count,
                         context->model->info.outputs);
    return SNED_OK;
}

sned_status sned_run_pixels_outputs(sned_context *context, const uint8_t *pixels, size_t count,
                                    float *const *outputs, int output_count, sned_error *error)
{
    SNED_TRY(check_run(context, pixels, count, outputs, output_count, error));
    const struct graph *graph = context->model->graph;
    const struct value input = sned_value(graph, graph->input);
    if (!graph->rule.is_image)
        return sned_fail(error, SNED_ERROR_ARGUMENT,
                         "this network takes values, not pixels: use sned_run_values");
    for (size_t n = 0; n < count; n++) {
        quantize_pixels(graph, input, pixels + n * input.elements,
                        context->memory + context->plan->tensors[graph->input]);
        run_all(context);
        write_results(context, outputs, output_count, n);
    }
    if (context->widened && count)
        widen_all(context);
    return SNED_OK;
}

sned_status sned_run_values_outputs(sned_context *context, const float *values, size_t count,
                                    float *const *outputs, int output_count, sned_error *error)
{
    SNED_TRY(check_run(context, values, count, outputs, output_count, error));
    const struct graph *graph = context->model->graph;
    const struct value input = sned_value(graph, graph->input);
    for (size_t n = 0; n < count; n++) {
        quantize_values(graph, input, values + n * input.elements,
                        context->memory + context->plan->tensors[graph->input]);
        run_all(context);
        write_results(context, outputs, output_count, n);
    }
    if (context->widened && count)
        widen_all(context);
    return SNED_OK;
}

static sned_status check_scores(size_t count, const float *scores, sned_error *error)
{
    return scores || !count ? SNED_OK : sned_fail(error, SNED_ERROR_ARGUMENT, "running: scores is NULL");
}

sned_status sned_run_pixels(sned_context *context, const uint8_t *pixels, size_t count, float *scores,
                            sned_error *error)
{
    SNED_TRY(check_scores(count, scores, error));
    return sned_run_pixels_outputs(context, pixels, count, &scores, 1, error);
}

sned_status sned_run_values(sned_context *context, const float *values, size_t count, float *scores,
                            sned_error *error)
{
    SNED_TRY(check_scores(count, scores, error));
    return sned_run_values_outputs(context, values, count, &scores, 1, error);
}

sned_status sned_context_give(sned_context *context, int tensor, const int16_t *values, sned_error *error)
{
    if (!values || !sned_context_activation(context, tensor))
        return sned_fail(error, SNED_ERROR_ARGUMENT, "resuming: the context does not keep this activation");
    const struct value value = sned_value(context->model->graph, tensor);
    for (size_t i = 0; i < value.elements; i++)
        value_store(context->memory + context->plan->tensors[tensor], value.type, i, values[i]);
    return SNED_OK;
}

sned_status sned_context_resume(sned_context *context, int first, float *scores, sned_error *error)
{
    if (!context || !context->widened || !scores)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "resuming: the context keeps no activations");
    run_steps(context, first);
    write_results(context, &scores, 1, 0);
    widen_all(context);
    return SNED_OK;
}
