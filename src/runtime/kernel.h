/*
 * kernel.h - a step, the unit of a run, and the kernel that does it.
 *
 * A run is a list of steps (plan.h). A step is not a node of the graph: it knows what it reads and writes,
 * the rule that ends it and the kernel's own state, and nothing else of the graph, so that it may do one
 * node, or several, and a node may need none.
 *
 * A kernel is three functions. `prepare` runs once for each step when a model is opened: it takes what it
 * needs of a node (attributes, constants) into step->state and says how much memory a run needs and what its
 * work is. `run` does some of that work for one image; it allocates nothing, fails never and takes no branch
 * that could leave its buffers, whatever the data, because sned_graph_check has looked at the graph before.
 * `release` frees the state.
 *
 * The work of a step is tasks, in phases, so that several threads may share it:
 *
 *     phase 0    task 0 | task 1 | task 2 ..        e.g. each: one channel into its padded plane, in scratch
 *     phase 1    task 0 | task 1 | ..               e.g. each: some rows of some filters
 *
 * The tasks of a phase write nothing that another of them reads or writes, but each in its thread's `own`
 * memory, which keeps nothing from one call to the next; a phase begins when all of the one before is done.
 * So whoever does them, in whatever order, the result is the same.
 *
 * Scratch and own memory begin at multiples of 64 bytes; inputs and outputs may be parts of others and are
 * aligned as their type is, no more. Behind the end of an input, of the
 * scratch and of own memory MICRO_OVER_READ bytes may be read, whatever is there; nothing is written beyond
 * the end. Activations are [C][H][W] of uint8, int8 or int16, or lie in quads (value.h) where all steps that
 * make and read them can; every kernel gives the bits that docs/arithmetic.md defines.
 */
#ifndef SNED_RUNTIME_KERNEL_H
#define SNED_RUNTIME_KERNEL_H

#include "runtime/micro/micro.h"
#include "runtime/value.h"

struct kernel;

enum { STEP_PHASES = 2 };

struct step {
    const struct kernel *kernel;
    const struct micro_kernels *micro; /* the model's column */
    int input_count, output_count;
    struct value *inputs, *outputs;  /* activations alone: a constant is part of the state */
    const struct integer_rule *rule; /* the scalings, slope and clamp that end it; the graph's */
    void *state;                     /* the kernel's own; NULL where it needs none */
    const char *form; /* of those that the kernel has, set by prepare or took_rows; NULL: it has one */
    size_t scratch_size, own_size; /* bytes: of all its tasks, of each thread; set by prepare */
    int tasks[STEP_PHASES];        /* of each phase; set by prepare, or 1 and 0 */
    /* What a thread takes for each phase, about, by the column's costs: set by prepare or took_rows; a 0 is
     * weighed by elements (weigh.c). */
    double nanoseconds[STEP_PHASES];
    uint64_t macs, products; /* of its layers; and those not of 0 (weigh.c) */
    int node;                /* the graph's, that makes its outputs */
    bool tries_forms;        /* of those that it can have, prepare runs each and takes the fastest */
    /* Of a kernel that takes its weights by rows: in how many pieces, and the rows of the largest; set before
     * prepare. */
    size_t pieces, piece_rows;
};

/* What a run gives to the tasks of a step. */
struct step_work {
    const void *const *inputs;
    void *const *outputs;
    void *scratch, *own;
};

/* What it is to a step that an image lies in quads. */
enum quads_use { QUADS_NEVER, QUADS_TOO, QUADS_GAIN /* its work becomes less */ };

struct kernel {
    const char *name;
    /* `step` has everything but state, memory and work. `node` is what to do, told as a node of `graph` that
     * may not be there; it is not kept, what its pointers lead to is the graph's and may be, but for
     * weights. */
    sned_status (*prepare)(struct step *step, const struct graph *graph, const struct node *node,
                           sned_error *error);
    /* NULL: prepare finds the node's weights in the graph, where they do not stay. Else it does not look at
     * them, and they come after it, a piece of whole rows (filters) at a time: [first, first + count) as
     * `piece`, each once, in any order and on several threads at once. */
    sned_status (*take_rows)(struct step *step, size_t piece, size_t first, size_t count, const int8_t *rows,
                             sned_error *error);
    void (*took_rows)(struct step *step); /* and once, when all have come */
    /* Of a step that is prepared and one of its inputs or outputs, whose channels are a multiple of four;
     * NULL: never. And `lie`, once, where some of them do: its inputs and outputs say which. */
    enum quads_use (*quads)(const struct step *step, const struct value *image);
    void (*lie)(struct step *step);
    /* The tasks [first, end) of a phase. */
    void (*run)(const struct step *step, const struct step_work *work, int phase, int first, int end);
    void (*release)(struct step *step); /* NULL: sned_free(step->state) is enough */
};

/* The step becomes a look-up: its kernel, state and work. *results: the table of LOOKUP_TABLE_SIZE bytes, to
 * be filled by whoever prepares the step. */
sned_status sned_lookup_new(struct step *step, uint8_t **results, sned_error *error);

/* The kernel for an operator; NULL: it has none, and then the reason, in words for users. What needs no
 * kernel (OPERATOR_RESHAPES, OPERATOR_ENDING) has neither. */
const struct kernel *sned_kernel_of(enum op op);
const char *sned_runtime_reason(enum op op);

extern const struct kernel sned_kernel_conv, sned_kernel_gemm, sned_kernel_lrn;
extern const struct kernel sned_kernel_move, sned_kernel_lookup;
extern const struct kernel sned_kernel_max_pool, sned_kernel_average_pool, sned_kernel_global_average_pool;
extern const struct kernel sned_kernel_add, sned_kernel_mul, sned_kernel_activation; /* ..elementwise.c */

#endif
