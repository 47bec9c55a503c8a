/*
 * run.c - a run: quantize the input, the steps in order, hand out the results.
 *
 * Each phase of a step is shared out among the context's threads. Of a batch, where each thread has memory
 * for it, whole images are instead, as long as there is one for each.
 *
 * States are kept beside the memory of a run, where nothing else is ever placed: what each one is, is copied
 * to its activation before the steps, and taken from the activation that it becomes after them. So one state
 * may become another, whatever their order.
 */
#include "runtime/context.h"
#include "base/clock.h"
#include "graph/operator.h"

#include <string.h>

enum { INPUT_PART = 4096 /* elements of the input that are a task */ };
static const double INPUT_NANOSECONDS = 0.2; /* for each */

/* What a call of sned_run_.. is about. */
struct batch {
    sned_context *context;
    const uint8_t *pixels; /* [count][elements], or NULL: */
    const float *values;
    float *const *outputs;
    int output_count;
};

/* An image in one of a context's memories. */
struct image_run {
    const struct batch *batch;
    size_t image;
    uint8_t *memory;
    int thread; /* that runs it alone; -1: all */
};

/* On how many threads it was. */
static int share(const struct image_run *run, const struct shared_work *work)
{
    if (run->thread < 0)
        return sned_share(run->batch->context, work);
    if (work->tasks > 0)
        work->run(work->argument, run->thread, 0, work->tasks);
    return 1;
}

/* ---- steps ---- */

struct phase {
    const sned_context *context;
    const struct step *step;
    const struct step_work *work; /* but for `own` */
    int number;
};

static uint8_t *own_of(const sned_context *context, int thread)
{
    return thread == 0 ? context->memory + context->plan->own
                       : context->owns + (size_t)(thread - 1) * context->own_step;
}

static void run_tasks(void *argument, int thread, int first, int end)
{
    const struct phase *phase = argument;
    struct step_work work = *phase->work;
    work.own = own_of(phase->context, thread);
    phase->step->kernel->run(phase->step, &work, phase->number, first, end);
}

/* On how many threads it was, at most. */
static int run_step(const struct image_run *run, int s)
{
    int most = 1;
    const sned_context *context = run->batch->context;
    const struct plan *plan = context->plan;
    const struct step *step = &plan->steps[s];
    void **pointers = (void **)(run->memory + plan->pointers), **outputs = pointers + step->input_count;
    for (int i = 0; i < step->input_count; i++)
        pointers[i] = run->memory + plan->tensors[step->inputs[i].tensor];
    for (int i = 0; i < step->output_count; i++)
        outputs[i] = run->memory + plan->tensors[step->outputs[i].tensor];
    const struct step_work work = {.inputs = (const void *const *)pointers,
                                   .outputs = outputs,
                                   .scratch = run->memory + plan->scratches[s]};
    for (int number = 0; number < STEP_PHASES; number++) {
        struct phase phase = {context, step, &work, number};
        const int threads = share(
            run, &(struct shared_work){step->tasks[number], step->nanoseconds[number], run_tasks, &phase});
        most = threads > most ? threads : most;
    }
    return most;
}

/* The same, and tells who wants to know. */
static void time_step(const struct image_run *run, int s)
{
    const sned_context *context = run->batch->context;
    const struct step *step = &context->plan->steps[s];
    const struct node *node = &context->model->graph->nodes[step->node];
    const double began = sned_clock();
    const int threads = run_step(run, s);
    const double seconds = sned_clock() - began;
    context->step_done(context->step_user, &(sned_step_time){.name = node->name,
                                                             .op = sned_op_name(node->op),
                                                             .kernel = step->kernel->name,
                                                             .form = step->form,
                                                             .index = s,
                                                             .threads = threads,
                                                             .nanoseconds = (uint64_t)(1e9 * seconds),
                                                             .macs = step->macs,
                                                             .products = step->products});
}

/* Those that make what the nodes from `first` on make. */
static void run_steps(const struct image_run *run, int first)
{
    const struct plan *plan = run->batch->context->plan;
    for (int s = 0; s < plan->step_count; s++) {
        if (plan->steps[s].node < first)
            continue;
        if (run->batch->context->step_done)
            time_step(run, s);
        else
            run_step(run, s);
    }
}

/* ---- what is before them and behind ---- */

static void quantize_part(void *argument, int thread, int first, int end)
{
    const struct image_run *run = argument;
    const struct batch *batch = run->batch;
    const struct graph *graph = batch->context->model->graph;
    const size_t elements = sned_value(graph, graph->input).elements;
    const size_t from = (size_t)first * INPUT_PART;
    const size_t to = (size_t)end * INPUT_PART < elements ? (size_t)end * INPUT_PART : elements;
    void *input = run->memory + batch->context->plan->tensors[graph->input];
    if (batch->pixels)
        sned_input_from_pixels(batch->context->model, batch->pixels + run->image * elements, input, from, to);
    else
        sned_input_from_values(batch->context->model, batch->values + run->image * elements, input, from, to);
}

static void quantize_input(struct image_run *run)
{
    const struct graph *graph = run->batch->context->model->graph;
    const size_t elements = sned_value(graph, graph->input).elements;
    share(run, &(struct shared_work){.tasks = (int)((elements + INPUT_PART - 1) / INPUT_PART),
                                     .nanoseconds = INPUT_NANOSECONDS * (double)elements,
                                     .run = quantize_part,
                                     .argument = run});
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

/* What the steps made, as the image's of those outputs that are wanted. */
static void write_results(const struct image_run *run)
{
    const struct batch *batch = run->batch;
    const sned_model *model = batch->context->model;
    for (int k = 0; k < batch->output_count; k++) {
        const struct result *result = &model->results[k];
        if (batch->outputs[k])
            sned_result_write(result, model->graph,
                              run->memory + batch->context->plan->tensors[result->logits],
                              batch->outputs[k] + run->image * result->elements);
    }
}

/* ---- images ---- */

static void run_image(struct image_run *run)
{
    quantize_input(run);
    load_states(run->batch->context);
    run_steps(run, 0);
    store_states(run->batch->context);
    write_results(run);
}

/* Whole images, by a thread. */
static void run_images(void *argument, int thread, int first, int end)
{
    const struct batch *batch = argument;
    const sned_context *context = batch->context;
    for (int image = first; image < end; image++)
        run_image(&(struct image_run){batch, (size_t)image,
                                      context->memory + (size_t)thread * context->plan->size, thread});
}

/* An image, by all threads or one, whichever is faster. */
static void run_one_image(const struct batch *batch, size_t image)
{
    sned_context *context = batch->context;
    const bool compares = context->threads > 1;
    const double began = compares ? sned_clock() : 0;
    run_image(&(struct image_run){batch, image, context->memory, context->comparison.way == BY_ALL ? -1 : 0});
    if (compares)
        sned_compare(&context->comparison, 1e9 * (sned_clock() - began));
}

static void run_batch(struct batch *batch, size_t count)
{
    const sned_context *context = batch->context;
    const size_t memories = (size_t)context->memories;
    size_t image = memories > 1 && !context->step_done ? count / memories * memories : 0;
    if (image)
        sned_share(context, &(struct shared_work){.tasks = (int)image,
                                                  .nanoseconds = context->plan->nanoseconds * (double)image,
                                                  .run = run_images,
                                                  .argument = batch});
    for (; image < count; image++)
        run_one_image(batch, image);
    if (context->widened && count)
        sned_context_widen(batch->context);
}

/* ---- sned.h ---- */

static sned_status check_run(const sned_context *context, const void *images, size_t count,
                             float *const *outputs, int output_count, sned_error *error)
{
    if (!context || (count && (!images || !outputs)))
        return sned_fail(error, SNED_ERROR_ARGUMENT, "running: context, input or outputs is NULL");
    if (output_count < 0 || output_count > context->model->info.outputs)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "running: %d outputs, the network has %d", output_count,
                         context->model->info.outputs);
    if (count > INT32_MAX)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "running: %zu images in one call, at most %d", count,
                         (int)INT32_MAX);
    return SNED_OK;
}

sned_status sned_context_set_step_done(sned_context *context,
                                       void (*done)(void *user, const sned_step_time *time), void *user,
                                       sned_error *error)
{
    if (!context)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "sned_context_set_step_done: context is NULL");
    context->step_done = done;
    context->step_user = user;
    return SNED_OK;
}

sned_status sned_run_pixels_outputs(sned_context *context, const uint8_t *pixels, size_t count,
                                    float *const *outputs, int output_count, sned_error *error)
{
    SNED_TRY(check_run(context, pixels, count, outputs, output_count, error));
    if (!context->model->graph->rule.is_image)
        return sned_fail(error, SNED_ERROR_ARGUMENT,
                         "this network takes values, not pixels: use sned_run_values");
    run_batch(
        &(struct batch){
            .context = context, .pixels = pixels, .outputs = outputs, .output_count = output_count},
        count);
    return SNED_OK;
}

sned_status sned_run_values_outputs(sned_context *context, const float *values, size_t count,
                                    float *const *outputs, int output_count, sned_error *error)
{
    SNED_TRY(check_run(context, values, count, outputs, output_count, error));
    run_batch(
        &(struct batch){
            .context = context, .values = values, .outputs = outputs, .output_count = output_count},
        count);
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

/* ---- a context that keeps every activation ---- */

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
    const struct batch batch = {.context = context, .outputs = &scores, .output_count = 1};
    const struct image_run run = {&batch, 0, context->memory, -1};
    run_steps(&run, first);
    write_results(&run);
    sned_context_widen(context);
    return SNED_OK;
}
