/*
 * last_step.h - the last step of a graph by itself, on random inputs: on each instruction set that this
 * machine has, and in each form that its kernel has, the output is what docs/arithmetic.md's plain loops
 * (tests/common/oracle.h) make of them, and nothing but the output is written. The loops run once for all.
 */
#ifndef SNED_TESTS_RUNTIME_LAST_STEP_H
#define SNED_TESTS_RUNTIME_LAST_STEP_H

#include "tests/common/oracle.h"
#include "tests/common/random_graphs.h"
#include "runtime/conv/conv.h"
#include "runtime/plan.h"

enum { MOST_VALUES = 8 /* that a step reads, or makes */, MOST_FORMS = 20 };

/* Trials one after the other: what the present one is, for whoever reads of its failure, and how often steps
 * ran in each form, by their names. */
struct step_trials {
    char name[400];
    const char *forms[MOST_FORMS];
    int times[MOST_FORMS];
};

static inline int *times_of(struct step_trials *trials, const char *form)
{
    int i = 0;
    while (trials->forms[i] && strcmp(trials->forms[i], form) != 0)
        i++;
    assert_true(i + 1 < MOST_FORMS);
    trials->forms[i] = form;
    return &trials->times[i];
}

/* ---- memory ---- */

/* `size` bytes at `data` with noise before and behind, which has to stay as it is. Memory ends where the
 * noise does: sanitizers see whatever goes beyond. */
struct place {
    uint8_t *memory, *data, salt;
    size_t before, size, behind;
};

static inline uint8_t place_noise(const struct place *place, size_t at)
{
    return (uint8_t)(place->salt + at * 151);
}

static inline struct place place_new(size_t before, size_t size, size_t behind, struct random *random)
{
    struct place place = {
        .before = before, .size = size, .behind = behind, .salt = (uint8_t)sned_random_next(random)};
    assert_int_equal(sned_alloc_unset(&place.memory, before + size + behind, 1, NULL), SNED_OK);
    place.data = place.memory + before;
    for (size_t i = 0; i < before + size + behind; i++)
        place.memory[i] = place_noise(&place, i);
    return place;
}

static inline void place_free(struct place *place, const char *what)
{
    bool is_whole = true;
    for (size_t i = 0; i < place->before; i++)
        is_whole &= place->memory[i] == place_noise(place, i);
    for (size_t i = place->before + place->size; i < place->before + place->size + place->behind; i++)
        is_whole &= place->memory[i] == place_noise(place, i);
    if (!is_whole)
        fail_msg("%s: bytes beside its memory were written", what);
    free(place->memory);
}

/* Of an input or output: aligned as its type is, no more. */
static inline struct place place_of(const struct value *value, struct random *random)
{
    const size_t size = value_size(value->type);
    return place_new((size_t)random_range(random, 0, 70) * size, value->elements * size, MICRO_OVER_READ,
                     random);
}

/* Of scratch or own memory. */
static inline struct place place_of_work(size_t size, struct random *random)
{
    return place_new(64, size, MICRO_OVER_READ, random);
}

/* ---- a step ---- */

/* Where number `i` lies of an image whose channels follow each other. */
static inline size_t place_in(const struct value *value, size_t i)
{
    const size_t channel = i / value->plane, pixel = i % value->plane;
    return value->in_quads ? (channel / 4 * value->plane + pixel) * 4 + channel % 4 : i;
}

static inline void compare_output(const struct step *step, const struct place *place, int output,
                                  const int32_t *expected, const char *what)
{
    const struct value *value = &step->outputs[output];
    for (size_t i = 0; i < value->elements; i++)
        if (value_load(place->data, value->type, place_in(value, i)) != expected[i])
            fail_msg("%s: element %zu of output %d is %d, not %d", what, i, output,
                     value_load(place->data, value->type, place_in(value, i)), expected[i]);
}

/* Its tasks in two parts, the second one first: no task of a phase stands on another. */
static inline void run_phase(const struct step *step, const struct step_work *work, int phase,
                             struct random *random)
{
    const int tasks = step->tasks[phase];
    const int middle = tasks ? random_range(random, 0, tasks) : 0;
    if (middle < tasks)
        step->kernel->run(step, work, phase, middle, tasks);
    if (middle > 0)
        step->kernel->run(step, work, phase, 0, middle);
}

/* activations[tensor]: what the step reads, and what it should make. */
static inline void check_step(const struct step *step, int32_t *const *activations, struct random *random,
                              const char *name)
{
    struct place inputs[MOST_VALUES], outputs[MOST_VALUES];
    const void *from[MOST_VALUES];
    void *to[MOST_VALUES];
    char what[480];
    snprintf(what, sizeof what, "%s%s, %s, %s%s%s", name, step->kernel->name,
             step->form ? step->form : "one form", step->micro->name,
             step->inputs[0].in_quads ? ", from quads" : "", step->outputs[0].in_quads ? ", to quads" : "");
    for (int i = 0; i < step->input_count; i++) {
        const struct value *value = &step->inputs[i];
        inputs[i] = place_of(value, random);
        from[i] = inputs[i].data;
        for (size_t k = 0; k < value->elements; k++)
            value_store(inputs[i].data, value->type, place_in(value, k), activations[value->tensor][k]);
    }
    for (int i = 0; i < step->output_count; i++) {
        outputs[i] = place_of(&step->outputs[i], random);
        to[i] = outputs[i].data;
    }
    struct place scratch = place_of_work(step->scratch_size, random);
    struct place own = place_of_work(step->own_size, random);
    const struct step_work work = {.inputs = from, .outputs = to, .scratch = scratch.data, .own = own.data};
    for (int phase = 0; phase < STEP_PHASES; phase++)
        run_phase(step, &work, phase, random);
    for (int i = 0; i < step->output_count; i++) {
        compare_output(step, &outputs[i], i, activations[step->outputs[i].tensor], what);
        place_free(&outputs[i], what);
    }
    for (int i = 0; i < step->input_count; i++)
        place_free(&inputs[i], what);
    place_free(&scratch, what);
    place_free(&own, what);
}

/* Those of its images that may lie in quads, and are picked, do. Whether there is one. */
static inline bool pick_quads(struct step *step, struct value *images, int count, bool is_picked)
{
    bool has_any = false;
    for (int i = 0; i < count && is_picked; i++) {
        images[i].in_quads = images[i].type != VALUE_S16 && images[i].extent.channels % 4 == 0 &&
                             step->kernel->quads(step, &images[i]) != QUADS_NEVER;
        has_any = has_any || images[i].in_quads;
    }
    return has_any;
}

/* Inputs, outputs or both in quads; each is counted. */
static inline void check_quads(struct step *step, int32_t *const *activations, struct random *random,
                               struct step_trials *trials)
{
    const int pick = random_range(random, 1, 3);
    const bool reads = pick_quads(step, step->inputs, step->input_count, pick & 1);
    const bool makes = pick_quads(step, step->outputs, step->output_count, pick & 2);
    if (!reads && !makes)
        return;
    step->kernel->lie(step);
    check_step(step, activations, random, trials->name);
    if (reads)
        ++*times_of(trials, "from quads");
    if (makes)
        ++*times_of(trials, "to quads");
}

/* ---- forms ---- */

/* A form of convolution that costs next to nothing beside the others. Between the two dense forms what fills
 * their planes decides: where it is dear, phases, which have fewer, and else the first one. */
static inline struct micro_costs only_form(enum conv_form form)
{
    const float dear = 1e6f, cheap = 1e-3f;
    const bool is_dense = form == CONV_DENSE || form == CONV_DENSE_PHASES;
    return (struct micro_costs){.taps = form == CONV_TAPS ? cheap : dear,
                                .dense_quad = is_dense ? 0 : dear,
                                .dense_product = is_dense || form == CONV_SLIDING ? 0 : dear,
                                .sparse_quad = form == CONV_SPARSE ? cheap : dear,
                                .sparse_product = cheap,
                                .sparse_far = 1,
                                .lane_product = form == CONV_FILTER_LANES ? 0 : dear,
                                .shared_quad = form == CONV_SHARED ? cheap : dear,
                                .shared_product = form == CONV_SHARED ? cheap : dear,
                                .sliding_quad = form == CONV_SLIDING ? cheap : dear,
                                .depthwise_quad = form == CONV_DEPTHWISE ? cheap * cheap : dear,
                                .interleave = form == CONV_DENSE_PHASES ? 1 : 0};
}

/* A column as it is, which chooses by its costs, and with each form by force. */
static inline int ways_of_conv(const struct micro_kernels *micro, struct micro_kernels *ways)
{
    for (enum conv_form form = CONV_TAPS; form < CONV_FORMS; form++) {
        ways[form] = *micro;
        ways[form].costs = only_form(form);
    }
    ways[CONV_FORMS] = *micro;
    ways[CONV_FORMS + 1] = ways[CONV_SHARED]; /* and with the ends of loops that are dear */
    ways[CONV_FORMS + 1].costs.shared_set = 1;
    return CONV_FORMS + 2;
}

/* Portable C in the forms that take bytes as columns of other machines want them: signed where it has them
 * unsigned, and with a limit to two weights that stand together. */
static inline int ways_of_others(const struct micro_kernels *micro, struct micro_kernels *ways)
{
    enum { WAYS = 6 };
    static const enum conv_form forms[WAYS] = {CONV_DENSE,  CONV_FILTER_LANES, CONV_SPARSE,
                                               CONV_SHARED, CONV_SLIDING,      CONV_DEPTHWISE};
    for (int way = 0; way < WAYS; way++) {
        ways[way] = *micro;
        ways[way].costs = only_form(forms[way]);
        ways[way].bytes = VALUE_S8;
        ways[way].pair_limit = 128;
    }
    return WAYS;
}

static inline int ways_of_rows(const struct micro_kernels *micro, struct micro_kernels *ways)
{
    enum { OWN, WIDE, BYTES, MASKED, SPANS, LISTED, WAYS };
    const float dear = 1e6f;
    for (int way = 0; way < WAYS; way++) {
        ways[way] = *micro;
        if (way == OWN)
            continue;
        ways[way].byte_rows = way == BYTES || way == MASKED || way == SPANS;
        ways[way].span_rows = way == SPANS;
        ways[way].costs = (struct micro_costs){.row_dense = way == WIDE || way == BYTES ? 0 : dear,
                                               .row_masked = way == MASKED ? 0 : dear,
                                               .row_step = way == SPANS ? 0 : dear,
                                               .row_listed_kept = way == LISTED ? 0 : dear};
    }
    return WAYS;
}

/* ---- a graph ---- */

/* Whether the first two lists have as many quads of each set of several filters, of any at all. */
static inline bool has_even_lists(const struct conv_layer *conv)
{
    const struct filter_tile *tiles = conv->tiles;
    int quads = 0, other = 0;
    if (conv->form != CONV_SHARED || conv->tile_count < 2 || tiles[0].list.filters != tiles[1].list.filters)
        return false;
    for (unsigned set = 1; set < QUAD_SETS; set++)
        if (set & (set - 1)) {
            quads += tiles[0].list.sets[set];
            other += tiles[0].list.sets[set] != tiles[1].list.sets[set];
        }
    return quads > 0 && other == 0;
}

static inline void count_conv(const struct conv_layer *conv, struct step_trials *trials)
{
    if (conv->form == CONV_SHARED && conv->blocks > 1)
        ++*times_of(trials, "in blocks");
    if (has_even_lists(conv))
        ++*times_of(trials, "even lists");
}

static inline void check_way(const struct graph *graph, const struct micro_kernels *micro,
                             int32_t *const *activations, struct random *random, struct step_trials *trials)
{
    struct plan plan;
    assert_int_equal(sned_plan_make(&plan, graph, micro, NULL, true, NULL), SNED_OK);
    struct step *step = &plan.steps[plan.step_count - 1];
    check_step(step, activations, random, trials->name);
    if (step->form)
        ++*times_of(trials, step->form);
    if (graph->nodes[graph->node_count - 1].op == OP_CONV) {
        count_conv(step->state, trials);
        check_quads(step, activations, random, trials);
    }
    sned_plan_free(&plan);
}

static inline void check_column(const struct graph *graph, int column, int32_t *const *activations,
                                struct random *random, struct step_trials *trials)
{
    struct micro_kernels ways[MOST_FORMS] = {*sned_micro_column(column)};
    const enum op op = graph->nodes[graph->node_count - 1].op;
    int count = 1;
    if (op == OP_CONV)
        count = ways_of_conv(&ways[0], ways);
    if (op == OP_CONV && column == 0)
        count += ways_of_others(&ways[0], ways + count);
    if (op == OP_GEMM)
        count = ways_of_rows(&ways[0], ways);
    for (int way = 0; way < count; way++)
        check_way(graph, &ways[way], activations, random, trials);
}

/* Random numbers for what the last node reads, of which extremes are many, whatever the nodes before it would
 * make; and what it makes of them. */
static inline int32_t **last_activations(const struct graph *graph, struct random *random)
{
    const struct node *node = &graph->nodes[graph->node_count - 1];
    int32_t **activations = calloc((size_t)graph->tensor_count, sizeof *activations);
    assert_non_null(activations);
    for (int t = 0; t < graph->tensor_count; t++)
        if (!graph->tensors[t].data) {
            activations[t] = calloc(sned_value(graph, t).elements, sizeof **activations);
            assert_non_null(activations[t]);
        }
    for (int i = 0; i < node->input_count; i++) {
        if (node->inputs[i] < 0 || graph->tensors[node->inputs[i]].data)
            continue;
        const struct value value = sned_value(graph, node->inputs[i]);
        const int32_t low = value_low(value.type), high = value_high(value.type);
        const bool is_extreme = random_range(random, 0, 3) == 0;
        for (size_t k = 0; k < value.elements; k++)
            activations[value.tensor][k] =
                is_extreme && random_range(random, 0, 7) ? high : random_range(random, low, high);
    }
    oracle_node(graph, node, activations);
    return activations;
}

/* `trials` may be NULL; the graph is freed. False, and it is not a case: a window that does not fit. */
static inline bool check_last_step(struct graph *graph, struct random *random, struct step_trials *trials)
{
    struct step_trials alone = {0};
    sned_error error = {0};
    trials = trials ? trials : &alone;
    if (sned_graph_infer(graph, &error) != SNED_OK) {
        if (!strstr(error.message, "window"))
            fail_msg("%s", error.message);
        sned_graph_free(graph);
        return false;
    }
    if (sned_graph_check(graph, &error) != SNED_OK)
        fail_msg("%s", error.message);
    int32_t **activations = last_activations(graph, random);
    for (int column = 0; sned_micro_column(column); column++)
        if (sned_micro_runs(column))
            check_column(graph, column, activations, random, trials);
    for (int t = 0; t < graph->tensor_count; t++)
        free(activations[t]);
    free(activations);
    sned_graph_free(graph);
    return true;
}

#endif
