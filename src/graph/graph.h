/*
 * graph.h - a network as a graph: tensors (constants and activations), and nodes (operators) between them.
 *
 * The same structure holds a network whatever has been done to it; every stage of sned is a function from
 * graph to graph:
 *
 *   imported     float32 constants, operators as the ONNX file has them            (src/io/onnx)
 *   prepared     batch norms folded, activations fused: what inference needs       (passes below)
 *   pruned       masks on the weights                                              (src/compress)
 *   calibrated   a quantization on every activation                                (src/compress)
 *   integer      int8 weights, int32 biases, scalings on the nodes: `integer` set  (docs/arithmetic.md)
 *
 * Invariants, checked by sned_graph_check and kept by every pass: nodes are in topological order; each
 * activation is made by one node or is the graph's input or a state; every index is in range; shapes are
 * those that sned_graph_infer computes. A graph has one input and one or several outputs, and its batch
 * dimension is 1: executors choose their own batch.
 */
#ifndef SNED_GRAPH_GRAPH_H
#define SNED_GRAPH_GRAPH_H

#include "base/error.h"
#include <stdbool.h>

enum { GRAPH_MAX_RANK = 6, GRAPH_MAX_DIM = 1 << 26, GRAPH_MAX_CHANNELS_MEAN = 4 };
/* What no sane network exceeds, so that no product of sizes overflows: elements of one tensor, sides of a
 * window (kernel, stride, dilation, pad), nodes, tensors, channels of an LRN window. */
enum {
    GRAPH_MAX_ELEMENTS = 1 << 30,
    GRAPH_MAX_WINDOW = 1 << 15,
    GRAPH_MAX_NODES = 1 << 16,
    GRAPH_MAX_TENSORS = 1 << 19,
    GRAPH_MAX_LRN_SIZE = 1 << 12,
    GRAPH_MAX_OUTPUTS = 64, /* of a graph; a node has as many as there are tensors */
    GRAPH_MAX_STATES = 64,
    GRAPH_MAX_WEIGHTS = 4,    /* of a node: an LSTM's of input, state, peepholes and projection */
    GRAPH_MAX_PICTURE = 65535 /* a side of a picture, resized or not; JPEG's own limit */
};

/* Row-major, dim[0] outermost. An activation's dim[0] is the batch: [1][C][H][W] or [1][C]. */
struct shape {
    int rank;
    int64_t dim[GRAPH_MAX_RANK];
};

enum tensor_type { TENSOR_F32, TENSOR_I8, TENSOR_I32, TENSOR_U16 };

/* How an activation is held as an integer q: value = scale * q. Zero-point is always 0 (docs/arithmetic.md).
 * scale 0: not quantized. bits 8: q in [0, 255] or, if is_signed, [-128, 127]; bits 16: [-32768, 32767]. */
struct quantization {
    float scale;
    uint8_t bits;
    bool is_signed;
};

/* Which weights of a Conv or Gemm are to be zero together: each by itself; blocks of so many filters by so
 * many channels, each position of a kernel apart (blocks.h); or as many in each filter as in the others. */
enum structure_kind { STRUCTURE_NOT_SAID, STRUCTURE_UNSTRUCTURED, STRUCTURE_BLOCK, STRUCTURE_BALANCED };
struct structure {
    enum structure_kind kind;
    int filters, channels; /* of STRUCTURE_BLOCK */
};

struct tensor {
    char *name;
    struct shape shape;
    enum tensor_type type;
    void *data;    /* owned; elements of a constant; NULL: an activation, or weights that are not there */
    uint8_t *mask; /* owned; of a prunable float constant, per element: 1 kept, 0 pruned. NULL: all kept */
    struct quantization quantization; /* of an activation, in a calibrated or integer graph; of a float Conv's
                                         or Gemm's weights, and of its biases: the step that all of them are
                                         multiples of */
    struct structure structure;       /* of weights: what their zeros are to keep to; no part of a file */
};

enum op {
    OP_CONV,                /* inputs: x [1][C][H][W], weights [K][C/groups][R][S], bias [K] or -1 */
    OP_GEMM,                /* inputs: x [1][C], weights [K][C] (always this way round), bias [K] or -1 */
    OP_BATCH_NORMALIZATION, /* inputs: x, scale, bias, mean, variance, each [C] */
    OP_RELU,
    OP_CLIP,
    OP_LEAKY_RELU,
    OP_MAX_POOL,
    OP_AVERAGE_POOL,
    OP_GLOBAL_AVERAGE_POOL,
    OP_LRN,        /* integer graphs: inputs x, table [LRN_TABLE_SIZE] of TENSOR_U16 */
    OP_HARD_SWISH, /* integer graphs: inputs x, table [LOOKUP_TABLE_SIZE] of TENSOR_U16 */
    OP_ADD,        /* two activations of one shape, or x and a constant [1], [C] */
    OP_MUL,        /* the same */
    OP_CONCAT,
    OP_SPLIT, /* the input in pieces along an axis, an output each */
    OP_SLICE,
    OP_PAD, /* with zeros */
    OP_FLATTEN,
    OP_RESHAPE,
    OP_TRANSPOSE,
    OP_DEPTH_TO_SPACE, /* channels to squares of pixels */
    OP_SOFTMAX,
    OP_LOG_SOFTMAX, /* the last node alone, as OP_SIGMOID */
    OP_SIGMOID,
    OP_DROPOUT,
    OP_IDENTITY,
    OP_COUNT
};

/* Kernel windows of Conv and the pools; index 0 is height, 1 width. */
struct window {
    int kernel[2], stride[2], dilation[2];
    int pad_begin[2], pad_end[2]; /* top and left, bottom and right */
};

/* Which channels become a square of pixels: those that lie one square's size apart, or neighbours. */
enum depth_mode { DEPTH_DCR, DEPTH_CRD };

enum activation_kind { ACTIVATION_NONE, ACTIVATION_RELU, ACTIVATION_CLIP, ACTIVATION_LEAKY_RELU };

/* A clamp or slope after a node, fused into it or a node of its own (OP_RELU, OP_CLIP, OP_LEAKY_RELU). */
struct activation {
    enum activation_kind kind;
    float low, high; /* CLIP */
    float slope;     /* LEAKY_RELU: for negative values */
};

/* value * multiplier / 2^shift, rounded half up: docs/arithmetic.md. multiplier is 0 or in [2^15, 2^16). */
struct scaling {
    uint16_t multiplier;
    uint8_t shift;
};

/* What an integer graph's node carries besides its operator: once, or once for each of its weights. */
struct integer_rule {
    int scaling_count; /* Conv, Gemm: K; Add: 2; average pools: one for each entry of counts; else 0 or 1 */
    struct scaling *scalings; /* owned */
    int *counts;       /* owned; average pools: the elements in a window that scalings[i] is for, ascending */
    int32_t low, high; /* the clamp at the end: of the output's type, narrowed by ReLU or Clip */
    uint16_t slope;    /* LeakyRelu: slope * 2^15 for negative results; 0: none */
};

/* Of TENSOR_U16. LRN's is indexed by lrn_index(), docs/arithmetic.md; a look-up table by the byte of the
 * input, and holds the byte of the result. */
enum { LRN_TABLE_SIZE = 1024, LOOKUP_TABLE_SIZE = 256 };

struct node {
    char *name;
    enum op op;
    int input_count;
    int *inputs; /* owned; tensor indices, the data input first; -1: an optional input that is absent */
    int output_count;
    int *outputs; /* owned; tensor indices, one at least */
    union {
        struct {
            struct window window;
            int groups;
        } conv;
        struct {
            struct window window;
            bool ceil_mode, count_include_pad; /* count_include_pad: AveragePool */
        } pool;
        struct {
            float epsilon, momentum;
        } batch_normalization;
        struct {
            int size;
            float alpha, beta, bias;
        } lrn;
        struct {
            int axis;
        } concat, flatten, softmax;
        struct {
            int axis;
            int64_t *sizes; /* owned; [output_count]: along the axis, one piece behind the other */
        } split;
        struct {
            /* Of each axis, from the front; step > 0. */
            int64_t start[GRAPH_MAX_RANK], end[GRAPH_MAX_RANK], step[GRAPH_MAX_RANK];
        } slice;
        struct {
            int64_t before[GRAPH_MAX_RANK], after[GRAPH_MAX_RANK];
        } pad;
        struct {
            struct shape shape; /* resolved, with batch 1 */
        } reshape;
        struct {
            int order[GRAPH_MAX_RANK];
        } transpose;
        struct {
            int block; /* a square's side */
            int mode;  /* of enum depth_mode */
        } depth_to_space;
        struct {
            float ratio;
        } dropout;
    } u;
    /* Fused after Conv, Gemm, Add, Mul (OPERATOR_FUSES); of OP_RELU, OP_CLIP, OP_LEAKY_RELU the operator. */
    struct activation activation;
    /* Of an integer graph: [0] is the node's own, and of its first weights; the others of further weights. */
    struct integer_rule rules[GRAPH_MAX_WEIGHTS];
};

/* How a picture of another size than the input's is brought to it; src/io/pictures/resize.c does it. The
 * numbers stand in files: never renumbered. */
enum resize_kind {
    RESIZE_AUTO = 0,   /* the centre where both sides are at most 15 % larger, else as COVER */
    RESIZE_COVER = 1,  /* scaled until it just covers the input, then the centre */
    RESIZE_SQUASH = 2, /* the whole picture, whatever its proportions */
    RESIZE_SIDE = 3    /* scaled until its short side has `side` pixels, then the centre */
};
struct resize {
    enum resize_kind kind;
    int side; /* RESIZE_SIDE: no less than the input's sides */
};

/* What turns a picture into the network's input: value = (pixel - mean[c]) * scale[c], pixels 0 to 255. */
struct input_rule {
    bool is_image; /* false: the network takes values, and mean and scale mean nothing */
    char color[8]; /* "RGB", "BGR" or "gray": the order of the input's channels */
    struct resize resize;
    float mean[GRAPH_MAX_CHANNELS_MEAN], scale[GRAPH_MAX_CHANNELS_MEAN];
    int label_offset; /* class index = data set's label + offset */
    /* Integer graphs: q = clamp((pixel * multiplier + offset + 2^(shift-1)) >> shift), docs/arithmetic.md */
    struct {
        int32_t multiplier, offset;
        uint8_t shift;
    } integer[GRAPH_MAX_CHANNELS_MEAN];
};

/* How the network's ONNX file has its input: another shape of the same elements than the graph's
 * [1][C][H][W], for those who come with arrays as the file takes them. */
struct given_input {
    struct shape shape; /* batch 1; rank 0: the input's own */
    bool channels_last; /* its elements lie as [H][W][C] */
};

/* A tensor whose value outlives a run: an activation that no node makes and that is not the input. A run
 * begins with what `next`, an activation of the same shape and quantization, was at the end of the run
 * before; the first run, and the first after a reset, with zeros. */
struct state_tensor {
    int tensor, next;
};

struct graph {
    char *name;
    int tensor_count, tensor_capacity;
    struct tensor *tensors; /* owned */
    int node_count, node_capacity;
    struct node *nodes; /* owned */
    int input;          /* tensor indices */
    int output_count;   /* at least 1; the first is what scores, loss and labels are about */
    int outputs[GRAPH_MAX_OUTPUTS];
    int state_count;
    struct state_tensor states[GRAPH_MAX_STATES];
    bool integer; /* an integer graph: see the head of this file */
    struct input_rule rule;
    struct given_input given; /* known of a network that was read from ONNX */
    char **labels;            /* owned; names of the classes, or NULL */
    int label_count;
    char *provenance; /* owned; JSON text that says how this network came to be, or NULL */
};

/* An activation is of float32 and has no data. What has none and is of another type is a constant all the
 * same: weights that are still packed, or that have been given back (sned_graph_check_apart). */
static inline bool tensor_is_constant(const struct graph *graph, int tensor)
{
    return graph->tensors[tensor].data || graph->tensors[tensor].type != TENSOR_F32;
}

/* ---- making and taking apart (graph.c) ---- */

sned_status sned_graph_new(struct graph **graph, const char *name, sned_error *error);
void sned_graph_free(struct graph *graph); /* NULL is fine */
sned_status sned_graph_copy(struct graph **copy, const struct graph *graph, sned_error *error); /* deep */

/* Appends a tensor and sets *index. `data` (sned_alloc or malloc, NULL for an activation) becomes the
 * graph's, also on failure. */
sned_status sned_graph_add_tensor(struct graph *graph, const char *name, enum tensor_type type,
                                  const struct shape *shape, void *data, int *index, sned_error *error);
/* Appends a node of `op`, all else zero. The caller fills node->u before the next call moves the node. */
sned_status sned_graph_add_node(struct graph *graph, const char *name, enum op op, const int *inputs,
                                int input_count, int output, struct node **node, sned_error *error);
/* The same with several outputs: [output_count] tensor indices. */
sned_status sned_graph_add_node_outputs(struct graph *graph, const char *name, enum op op, const int *inputs,
                                        int input_count, const int *outputs, int output_count,
                                        struct node **node, sned_error *error);
/* What the operator is told, and the activation behind it, from a node of the same operator and number of
 * outputs; on failure `to` has attributes that can be freed. */
sned_status sned_node_copy_attributes(struct node *to, const struct node *from, sned_error *error);
/* The graph's outputs, the first first; replaces those that it has. */
sned_status sned_graph_set_outputs(struct graph *graph, const int *outputs, int count, sned_error *error);
bool sned_graph_is_output(const struct graph *graph, int tensor);
bool sned_graph_is_state(const struct graph *graph, int tensor);
sned_status sned_graph_set_labels(struct graph *graph, const char *const *labels, int count,
                                  sned_error *error);

/* The node that makes tensor `index`, or -1. The number of nodes that read it (to be an output of the graph,
 * or what a state becomes, counts 1). Each looks at all nodes: who asks for every node takes the answers for
 * all tensors at once, below. */
int sned_graph_producer(const struct graph *graph, int tensor);
int sned_graph_consumers(const struct graph *graph, int tensor);

/* Who makes and who reads each tensor, for those who ask often and keep the answers up to date. */
struct uses {
    int *producer;  /* [tensor_count]: a node, or -1 */
    int *consumers; /* [tensor_count]: as sned_graph_consumers counts */
};
sned_status sned_uses_find(struct uses *uses, const struct graph *graph, sned_error *error);
void sned_uses_free(struct uses *uses);

/* nodes [node_count]: whether the tensor depends on that node. Of nodes in topological order; states are
 * taken as given, as the input is. */
sned_status sned_graph_depends(const struct graph *graph, int tensor, bool *nodes, sned_error *error);

/* Weights are what is pruned, packed and counted: an operator has those of its row in operator.h, each with a
 * bias behind it or none. Of weights `index`, from 0: which input they are, and which their bias; -1 where
 * there is none. node_weights and node_bias: which tensor. */
bool sned_node_has_weights(const struct node *node);
int sned_node_weight_count(const struct node *node);
int sned_node_weights_input(const struct node *node, int index);
int sned_node_bias_input(const struct node *node, int index);
static inline int node_weights(const struct node *node, int index)
{
    const int input = sned_node_weights_input(node, index);
    return input >= 0 && input < node->input_count ? node->inputs[input] : -1;
}
static inline int node_bias(const struct node *node, int index)
{
    const int input = sned_node_bias_input(node, index);
    return input >= 0 ? node->inputs[input] : -1;
}

const char *sned_op_name(enum op op); /* ONNX's: "Conv", "BatchNormalization" */
size_t sned_type_size(enum tensor_type type);
size_t sned_shape_elements(const struct shape *shape);
bool sned_shape_equal(const struct shape *a, const struct shape *b);
struct shape sned_shape(int rank, ...); /* sned_shape(2, (int64_t)1, (int64_t)10) */
/* An activation seen as one image: [1][C][H][W] is C, H, W; [1][C][W] is C, 1, W; [1][C] is C, 1, 1. */
struct extent {
    int channels, height, width;
};
struct extent sned_shape_extent(const struct shape *shape);

/* One item as an ONNX file has its input to the [C][H][W] of `input`. */
void sned_given_turn(const struct given_input *given, struct extent input, const float *from, float *to);

/* ---- the input rule in words (rule.c) ---- */

/* "RGB", "BGR" or "gray" for what people write ("rgb", "grey", "L", in either case); NULL: none of them. */
const char *sned_color_name(const char *text);
/* "auto", "cover", "squash" or the pixels of the short side; false where it is none of them. */
bool sned_resize_parse(struct resize *resize, const char *text);
enum { RESIZE_TEXT = 16 };
const char *sned_resize_text(char text[RESIZE_TEXT], struct resize resize); /* returns `text` */
/* Fails where pictures brought to this size would not cover the input. */
sned_status sned_resize_check(struct resize resize, struct extent input, sned_error *error);
/* Of all that decides which values and classes a picture gives, but the integer form: a checkpoint's key. */
uint64_t sned_rule_hash(const struct input_rule *rule);

/* ---- shapes (infer.c) ---- */

/* Sets the shape of every activation from those of the input and the states, and counts axes (of Concat,
 * Split, Flatten, Softmax) from the front; SNED_ERROR_SHAPE names node and operator. Nodes must be in
 * topological order. */
sned_status sned_graph_infer(struct graph *graph, sned_error *error);
/* Every invariant at the head of this file, for a graph from an untrusted place; then sned_graph_infer
 * agrees. Also refuses NaN and infinity in constants. */
sned_status sned_graph_check(const struct graph *graph, sned_error *error);
/* The same of an integer graph whose weights may have no data, because they are still packed: then
 * sned_node_check_rows looks at them, rows [first, first + count) of weights `index` at a time. */
sned_status sned_graph_check_apart(const struct graph *graph, sned_error *error);
sned_status sned_node_check_rows(const struct graph *graph, const struct node *node, int index, size_t first,
                                 size_t count, const int8_t *rows, sned_error *error);
/* How many windows an axis has: floor, or ceil as ONNX defines it (none starts in the end padding). */
int64_t sned_window_output(const struct window *window, int axis, int64_t input, bool ceil_mode);

/* ---- passes (src/graph/passes): each keeps the graph's function in inference ---- */

/* In topological order; a cycle is SNED_ERROR_FORMAT. */
sned_status sned_graph_sort(struct graph *graph, sned_error *error);
sned_status sned_graph_remove_identities(struct graph *graph, sned_error *error); /* Dropout, Identity */
/* BatchNormalization, and Mul and Add with a constant for each channel: into the Conv or Gemm before it,
 * whose masks stay; else it becomes a depthwise 1x1 Conv. */
sned_status sned_graph_fold_affine(struct graph *graph, sned_error *error);
sned_status sned_graph_fuse_activations(struct graph *graph, sned_error *error);
/* A last Softmax, LogSoftmax or Sigmoid behind what only moves its numbers (Flatten, Reshape, Transpose,
 * DepthToSpace, Identity): what importers do, not part of preparing. */
sned_status sned_graph_move_ending(struct graph *graph, sned_error *error);
/* Identities, affine nodes, activations in order, then unused tensors dropped: the prepared state. */
sned_status sned_graph_prepare(struct graph *graph, sned_error *error);
sned_status sned_graph_remove_unused(struct graph *graph, sned_error *error);
/* What the network does first to each channel of its pictures (Add and Mul of constants) as part of the rule:
 * the network then takes what comes out of the whole rule. Nothing where it takes no pictures. */
sned_status sned_graph_absorb_input(struct graph *graph, sned_error *error);
/* That whole rule, and how many nodes it takes in, without changing the network. */
sned_status sned_graph_whole_rule(const struct graph *graph, struct input_rule *rule, int *count,
                                  sned_error *error);
/* Of an integer graph: hidden units change places, the strongest first, for the file's coder; what the
 * network computes stays the same to the bit. On failure the graph is fit for nothing but to be freed. */
sned_status sned_graph_sort_units(struct graph *graph, sned_error *error);
/* The nodes that a chain of Conv, pools and activations from the graph's input has in common with nobody
 * else; 0: none. They are the first in the graph's order. */
int sned_graph_chain(const struct graph *graph);
struct rows {
    int from, to; /* to: the first behind them */
};
/* The rows of its input, of `height`, that a node of that chain reads for the rows `out` of its output. */
struct rows sned_node_rows(const struct node *node, struct rows out, int height);
/* The chain's nodes from `first` on, `length` of them, cut into `strips` chains that make some rows of the
 * last one's output each, which a Concat joins: the same function with smaller activations, of which
 * neighbours compute some rows twice. What is behind keeps its place in the graph's order, as does what is
 * before. */
sned_status sned_graph_cut_rows(struct graph *graph, int first, int length, int strips, sned_error *error);

/* ---- what the numbers of a result mean (scores.c) ---- */

/* Softmax, LogSoftmax and Sigmoid: they turn logits into probabilities, in float also where the network is
 * one of integers, and change no order. As the last node they are its ending. */
bool sned_op_is_ending(enum op op);

/* The loss, the best class and the probabilities all follow from this. A network of one number tells two
 * classes apart: 0 where the logit is below 0, 1 where it is above. */
struct scores {
    enum op ending; /* of sned_op_is_ending; OP_IDENTITY: the network gives logits */
    int logits;     /* the tensor that the ending reads; the output where there is none */
    int count;      /* numbers of a result */
    int classes;    /* that they tell apart: as many, or 2 where there is one */
    bool is_apart;  /* each number is a probability by itself (sigmoid), not a share of all (softmax) */
};
struct scores sned_graph_scores(const struct graph *graph); /* of the first output */
struct scores sned_graph_output_scores(const struct graph *graph, int index);
/* Refuses a Softmax at the first output that is not over all its numbers; and, where classes are asked for,
 * one over a single number, which gives no probabilities. */
sned_status sned_graph_check_ending(const struct graph *graph, sned_error *error);
sned_status sned_graph_check_scores(const struct graph *graph, sned_error *error);

/* Of a result's numbers, values [count]: how many classes rank above `label`, where of equal ones the lower
 * ranks above; the class that no other ranks above. */
int sned_scores_above(const struct scores *scores, const float *values, int label);
int sned_scores_best(const struct scores *scores, const float *values);
/* probabilities [classes], which may be where the values are. */
void sned_scores_probabilities(const struct scores *scores, const float *values, float *probabilities);

/* ---- what a network costs (count.c) ---- */

uint64_t sned_node_weights(const struct graph *graph, const struct node *node);
uint64_t sned_node_kept(const struct graph *graph, const struct node *node); /* not zero */
uint64_t sned_tensor_kept(const struct tensor *weights);                     /* the same of one constant */
uint64_t sned_bytes_kept(const int8_t *weights, size_t count);               /* of some of its weights */
uint64_t sned_node_macs(const struct graph *graph, const struct node *node);
uint64_t sned_graph_parameter_bytes(const struct graph *graph); /* all constants as float32 */
/* Of the whole graph, UINT64_MAX where it is more: multiply-accumulates; with them, for every other operator,
 * the numbers of its results times those that its window looks at. */
uint64_t sned_graph_macs(const struct graph *graph);
uint64_t sned_graph_operations(const struct graph *graph);
/* An integer graph's constants as they lie in memory, those without data too. */
uint64_t sned_graph_constant_bytes(const struct graph *graph);

#endif
