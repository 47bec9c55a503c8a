/*
 * kernel.h - how the runtime calls an operator, so that a faster kernel for one layer is one more file.
 *
 * A kernel is three functions. `prepare` runs once when a model is opened: it may build its own
 * representation of the weights in step->state and says how much scratch a run needs. `run` computes one
 * image; it allocates nothing, fails never and takes no branch that could leave its buffers, whatever the
 * data, because sned_graph_check has looked at the graph before. `release` frees the state.
 *
 * Buffers of a run are 64-byte aligned and exactly as long as their tensor: a kernel neither reads nor writes
 * beyond. All activations are [C][H][W] of uint8, int8 or (the graph's output) int16; every kernel gives the
 * bits that docs/arithmetic.md defines.
 */
#ifndef SNED_RUNTIME_KERNEL_H
#define SNED_RUNTIME_KERNEL_H

#include "graph/graph.h"
#include "runtime/requantize.h"

enum value_type { VALUE_U8, VALUE_S8, VALUE_S16 };

/* An activation as kernels see it. */
struct value {
    enum value_type type;
    struct extent extent;
    size_t elements;
};

struct kernel;

/* One node, ready to run. */
struct step {
    const struct graph *graph;
    const struct node *node;
    const struct kernel *kernel;
    void *state;         /* the kernel's own; NULL where it needs none */
    size_t scratch_size; /* bytes; set by prepare */
};

struct kernel {
    const char *name;
    sned_status (*prepare)(struct step *step, sned_error *error);
    void (*run)(const struct step *step, const void *const *inputs, void *output, void *scratch);
    void (*release)(struct step *step); /* NULL: nothing to free */
};

/* The kernel for a node, or NULL where an integer graph cannot hold it. Endings are not among them: the
 * context applies them to the scores. */
const struct kernel *sned_kernel_choose(const struct graph *graph, const struct node *node);

struct value sned_value(const struct graph *graph, int tensor);

static inline size_t value_size(enum value_type type)
{
    return type == VALUE_S16 ? 2 : 1;
}

static inline int32_t value_low(enum value_type type)
{
    return type == VALUE_U8 ? 0 : type == VALUE_S8 ? -128 : -32768;
}

static inline int32_t value_high(enum value_type type)
{
    return type == VALUE_U8 ? 255 : type == VALUE_S8 ? 127 : 32767;
}

static inline int32_t value_load(const void *data, enum value_type type, size_t index)
{
    switch (type) {
    case VALUE_U8:
        return ((const uint8_t *)data)[index];
    case VALUE_S8:
        return ((const int8_t *)data)[index];
    default:
        return ((const int16_t *)data)[index];
    }
}

static inline void value_store(void *data, enum value_type type, size_t index, int32_t value)
{
    switch (type) {
    case VALUE_U8:
        ((uint8_t *)data)[index] = (uint8_t)value;
        break;
    case VALUE_S8:
        ((int8_t *)data)[index] = (int8_t)value;
        break;
    default:
        ((int16_t *)data)[index] = (int16_t)value;
    }
}

/* The plain-C kernels. */
extern const struct kernel sned_kernel_conv, sned_kernel_gemm;             /* kernel_conv.c, kernel_gemm.c */
extern const struct kernel sned_kernel_max_pool, sned_kernel_average_pool; /* kernel_pool.c */
extern const struct kernel sned_kernel_add, sned_kernel_mul,
    sned_kernel_activation;                                                         /* kernel_elementwise.c */
extern const struct kernel sned_kernel_lrn;                                         /* kernel_lrn.c */
extern const struct kernel sned_kernel_copy, sned_kernel_concat, sned_kernel_slice; /* kernel_shape.c */
extern const struct kernel sned_kernel_pad, sned_kernel_transpose;

#endif
