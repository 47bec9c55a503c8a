/*
 * node_record.c - one node in the GRAPH section: operator, connections, quantization and integer rule.
 *
 * A node's inputs are told as a distance back, its constants are its own, and what most nodes have (a clamp
 * to the whole range, the input's quantization) is a flag: a layer in a chain costs its name and a dozen
 * bytes.
 */
#include "codec/sections.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 *      15 .. 13   12    11    10     9     8     7    6 5   4 3   2 1 0
 *     +--------+------+-----+------+----+------+----+-----+-----+-------+
 *     |   0    |incl. |ceil |counts|bias|scal- |slo-|fused|clamp|quanti-|
 *     |        |pads  |mode |      |    |ings  |pe  |act. |     |zation |
 *     +--------+------+-----+------+----+------+----+-----+-----+-------+
 */
enum {
    QUANTIZATION_MASK = 7,
    CLAMP_SHIFT = 3,
    FUSED_SHIFT = 5,
    TWO_BITS = 3,
    FLAG_SLOPE = 1 << 7,
    FLAG_SCALINGS = 1 << 8,
    FLAG_BIAS = 1 << 9,
    FLAG_COUNTS = 1 << 10,
    FLAG_CEIL = 1 << 11,
    FLAG_INCLUDE_PADS = 1 << 12,
    FLAG_MASK = (1 << 13) - 1
};
enum { QUANTIZED_AS_INPUT = QUANTIZED_S16 + 1 };
enum { CLAMP_DEFAULT, CLAMP_STORED, CLAMP_ZERO /* from 0 to 0, without storing it */ };

static bool quantization_equal(const struct quantization *a, const struct quantization *b)
{
    return sned_quantization_code(a) == sned_quantization_code(b) && a->scale == b->scale;
}

/* The clamp that most nodes have: the range of their output, from 0 after a ReLU. */
static void default_clamp(const struct quantization *q, enum activation_kind kind, int32_t *low,
                          int32_t *high)
{
    static const int32_t lows[] = {0, 0, -128, -32768}, highs[] = {0, 255, 127, 32767};
    *low = kind == ACTIVATION_RELU ? 0 : lows[sned_quantization_code(q)];
    *high = highs[sned_quantization_code(q)];
}

static bool is_average_pool(enum op op)
{
    return op == OP_AVERAGE_POOL || op == OP_GLOBAL_AVERAGE_POOL;
}

/* ---- writing ---- */

static unsigned node_flags(const struct graph *graph, const struct node *node)
{
    const struct integer_rule *rule = &node->rules[0];
    const struct quantization *q = &graph->tensors[node->outputs[0]].quantization;
    int32_t low, high;
    default_clamp(q, node->activation.kind, &low, &high);
    unsigned clamp = rule->low == low && rule->high == high ? CLAMP_DEFAULT
                     : rule->low == 0 && rule->high == 0    ? CLAMP_ZERO
                                                            : CLAMP_STORED;
    bool as_input = q->scale != 0 && quantization_equal(q, &graph->tensors[node->inputs[0]].quantization);
    unsigned flags = as_input ? QUANTIZED_AS_INPUT : (unsigned)sned_quantization_code(q);
    flags |= clamp << CLAMP_SHIFT | (unsigned)node->activation.kind << FUSED_SHIFT;
    flags |= rule->slope ? FLAG_SLOPE : 0;
    if (sned_node_has_weights(node))
        flags |= node->input_count > 2 && node->inputs[2] >= 0 ? FLAG_BIAS : 0;
    else
        flags |= rule->scaling_count > 0 ? FLAG_SCALINGS : 0;
    if (is_average_pool(node->op))
        flags |= rule->scaling_count > 0 && rule->counts ? FLAG_COUNTS : 0;
    if (node->op == OP_MAX_POOL || node->op == OP_AVERAGE_POOL)
        flags |= node->u.pool.ceil_mode ? FLAG_CEIL : 0;
    if (node->op == OP_AVERAGE_POOL)
        flags |= node->u.pool.count_include_pad ? FLAG_INCLUDE_PADS : 0;
    return flags;
}

static void write_rule(struct writer *writer, const struct graph *graph, const struct node *node,
                       unsigned flags)
{
    const struct integer_rule *rule = &node->rules[0];
    unsigned code = flags & QUANTIZATION_MASK;
    if (node->activation.kind == ACTIVATION_CLIP) {
        sned_write_f32(writer, node->activation.low);
        sned_write_f32(writer, node->activation.high);
    } else if (node->activation.kind == ACTIVATION_LEAKY_RELU) {
        sned_write_f32(writer, node->activation.slope);
    }
    if (code != QUANTIZED_NOT && code != QUANTIZED_AS_INPUT)
        sned_write_f32(writer, graph->tensors[node->outputs[0]].quantization.scale);
    if ((flags >> CLAMP_SHIFT & TWO_BITS) == CLAMP_STORED) {
        sned_write_zigzag(writer, rule->low);
        sned_write_zigzag(writer, rule->high);
    }
    if (flags & FLAG_SLOPE)
        sned_write_u16(writer, rule->slope);
    if (flags & FLAG_SCALINGS) {
        sned_write_varint(writer, (uint64_t)rule->scaling_count);
        sned_write_scalings(writer, rule->scalings, (size_t)rule->scaling_count);
    }
    for (int i = 0; flags & FLAG_COUNTS && i < rule->scaling_count; i++)
        sned_write_varint(writer, (uint64_t)rule->counts[i] - (uint64_t)(i ? rule->counts[i - 1] : 0));
}

void sned_write_node(struct writer *writer, const struct graph *graph, int index, const char *name,
                     const int *activation)
{
    const struct node *node = &graph->nodes[index];
    unsigned flags = node_flags(graph, node);
    int inputs = sned_node_has_weights(node) || node->op == OP_LRN ? 1 : node->input_count;
    const struct shape *weights = inputs < node->input_count ? &graph->tensors[node->inputs[1]].shape : NULL;
    sned_write_u8(writer, sned_operator_code(node->op));
    sned_write_u16(writer, (uint16_t)flags);
    sned_write_string(writer, name);
    if (node->op == OP_CONCAT)
        sned_write_varint(writer, (uint64_t)inputs);
    for (int i = 0; i < inputs; i++)
        sned_write_varint(writer, (uint64_t)(index - activation[node->inputs[i]]));
    sned_write_attributes(writer, node, graph->tensors[node->inputs[0]].shape.rank, weights);
    write_rule(writer, graph, node, flags);
}

/* ---- reading ---- */

/* A tensor of node `name`, called "nameSUFFIX". */
static sned_status add_tensor(struct graph *graph, const char *name, const char *suffix,
                              enum tensor_type type, struct shape shape, int *index, sned_error *error)
{
    char *full;
    if (asprintf(&full, "%s%s", name, suffix) < 0)
        return sned_fail(error, SNED_ERROR_MEMORY, "out of memory for the name of a tensor");
    sned_status status = sned_graph_add_tensor(graph, full, type, &shape, NULL, index, error);
    free(full);
    return status;
}

/* A bound of Clip: ONNX lets either be infinite. */
static float read_bound(struct reader *reader)
{
    float bound = sned_read_f32(reader);
    if (isnan(bound))
        reader->failed = true;
    return bound;
}

static sned_status read_rule(struct reader *reader, struct graph *graph, struct node *node, unsigned flags,
                             sned_error *error)
{
    struct integer_rule *rule = &node->rules[0];
    struct quantization *q = &graph->tensors[node->outputs[0]].quantization;
    int code = flags & QUANTIZATION_MASK, clamp = flags >> CLAMP_SHIFT & TWO_BITS;
    node->activation.kind = (enum activation_kind)(flags >> FUSED_SHIFT & TWO_BITS);
    if (node->activation.kind == ACTIVATION_CLIP) {
        node->activation.low = read_bound(reader);
        node->activation.high = read_bound(reader);
    } else if (node->activation.kind == ACTIVATION_LEAKY_RELU) {
        node->activation.slope = sned_read_finite(reader);
    }
    if (code == QUANTIZED_AS_INPUT)
        *q = graph->tensors[node->inputs[0]].quantization;
    else
        *q = sned_read_quantization(reader, code);
    if (clamp == CLAMP_DEFAULT) {
        default_clamp(q, node->activation.kind, &rule->low, &rule->high);
    } else if (clamp == CLAMP_STORED) {
        rule->low = (int32_t)sned_read_zigzag(reader, INT32_MIN, INT32_MAX);
        rule->high = (int32_t)sned_read_zigzag(reader, INT32_MIN, INT32_MAX);
    }
    if (flags & FLAG_SLOPE)
        rule->slope = sned_read_u16(reader);
    if (!(flags & FLAG_SCALINGS))
        return SNED_OK;
    int count = (int)sned_read_integer(reader, 1, GRAPH_MAX_DIM);
    SNED_TRY(sned_read_scalings(reader, &rule->scalings, (size_t)count, error));
    rule->scaling_count = count; /* not more than bytes were left for */
    if (!(flags & FLAG_COUNTS))
        return SNED_OK;
    SNED_TRY(sned_alloc(&rule->counts, (size_t)count, sizeof *rule->counts, error));
    for (int i = 0; i < count; i++) {
        int before = i ? rule->counts[i - 1] : 0;
        rule->counts[i] = before + (int)sned_read_integer(reader, 0, INT32_MAX - before);
    }
    return SNED_OK;
}

static bool flags_fit(unsigned flags, enum op op)
{
    bool is_layer = op == OP_CONV || op == OP_GEMM, is_pool = op == OP_MAX_POOL || op == OP_AVERAGE_POOL;
    return !(flags & ~FLAG_MASK) && (flags & QUANTIZATION_MASK) <= QUANTIZED_AS_INPUT &&
           (flags >> CLAMP_SHIFT & TWO_BITS) <= CLAMP_ZERO && (is_layer || !(flags & FLAG_BIAS)) &&
           !(is_layer && flags & FLAG_SCALINGS) && (is_pool || !(flags & FLAG_CEIL)) &&
           (op == OP_AVERAGE_POOL || !(flags & FLAG_INCLUDE_PADS)) &&
           ((is_average_pool(op) && flags & FLAG_SCALINGS) || !(flags & FLAG_COUNTS));
}

/* Activation indices into `inputs`, with room for a layer's constants behind them. */
static sned_status read_inputs(struct reader *reader, enum op op, int index, const int *activation,
                               int **inputs, int *count, sned_error *error)
{
    *count = op == OP_ADD || op == OP_MUL ? 2 : 1;
    if (op == OP_CONCAT)
        *count = (int)sned_read_integer(reader, 1, GRAPH_MAX_NODES);
    if (reader->failed || (size_t)*count > sned_reader_left(reader))
        return sned_fail_damaged("its list of inputs", error);
    SNED_TRY(sned_alloc(inputs, (size_t)*count + 2, sizeof **inputs, error));
    for (int i = 0; i < *count; i++)
        (*inputs)[i] = activation[index - sned_read_integer(reader, 0, index)];
    return SNED_OK;
}

/* The constants of a layer or an LRN; their data comes with the WEIGHTS section. */
static sned_status add_constants(struct graph *graph, const char *name, enum op op, unsigned flags,
                                 const struct shape *weights, int inputs[3], int *count, sned_error *error)
{
    if (op == OP_LRN) {
        *count = 2;
        return add_tensor(graph, name, ".table", TENSOR_U16, sned_shape(1, (int64_t)LRN_TABLE_SIZE),
                          &inputs[1], error);
    }
    if (op != OP_CONV && op != OP_GEMM)
        return SNED_OK;
    *count = 3;
    inputs[2] = -1;
    SNED_TRY(add_tensor(graph, name, ".weight", TENSOR_I8, *weights, &inputs[1], error));
    if (!(flags & FLAG_BIAS))
        return SNED_OK;
    return add_tensor(graph, name, ".bias", TENSOR_I32, sned_shape(1, weights->dim[0]), &inputs[2], error);
}

sned_status sned_read_node(struct reader *reader, struct graph *graph, int index, int *activation,
                           sned_error *error)
{
    sned_status status;
    struct node scratch = {0}, *node; /* the operator's attributes come before the node can be made */
    struct shape weights = {0};
    char *name = NULL;
    int *inputs = NULL, count = 0;
    uint8_t code = sned_read_u8(reader);
    unsigned flags = sned_read_u16(reader);
    SNED_TRY_DONE(sned_read_string(reader, SNED_MAX_STRING, &name, error));
    if (!sned_operator_from_code(code, &scratch.op)) {
        status =
            sned_fail(error, SNED_ERROR_UNSUPPORTED,
                      "'%.80s': operator %d is not known; a newer version of sned may run it", name, code);
        goto done;
    }
    if (!name[0] || !flags_fit(flags, scratch.op)) {
        status = sned_fail_damaged("its head", error);
        goto done;
    }
    SNED_TRY_DONE(read_inputs(reader, scratch.op, index, activation, &inputs, &count, error));
    SNED_TRY_DONE(sned_read_attributes(reader, &scratch, &weights, error));
    if (reader->failed) {
        status = sned_fail_damaged(name, error);
        goto done;
    }
    SNED_TRY_DONE(
        add_tensor(graph, name, ":0", TENSOR_F32, (struct shape){0}, &activation[index + 1], error));
    SNED_TRY_DONE(add_constants(graph, name, scratch.op, flags, &weights, inputs, &count, error));
    SNED_TRY_DONE(
        sned_graph_add_node(graph, name, scratch.op, inputs, count, activation[index + 1], &node, error));
    node->u = scratch.u;
    if (scratch.op == OP_MAX_POOL || scratch.op == OP_AVERAGE_POOL) {
        node->u.pool.ceil_mode = flags & FLAG_CEIL;
        node->u.pool.count_include_pad = flags & FLAG_INCLUDE_PADS;
    }
    SNED_TRY_DONE(read_rule(reader, graph, node, flags, error));
    status = reader->failed ? sned_fail_damaged(name, error) : SNED_OK;
done:
    free(name);
    free(inputs);
    return status;
}
