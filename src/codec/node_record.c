/*
 * node_record.c - one node in the GRAPH section: operator, connections, quantization and integer rule.
 *
 * A node's inputs are told as a distance back, its constants are its own, and what most nodes have (a clamp
 * to the whole range, the input's quantization) is a flag: a layer in a chain costs its name and a dozen
 * bytes.
 */
#include "base/format.h"
#include "codec/sections.h"
#include "graph/operator.h"

#include <math.h>
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

static bool has_role(enum op op, enum input_role role)
{
    bool has = false;
    for (int i = 0; i < OPERATOR_MAX_ROLES; i++)
        has = has || sned_operator(op)->roles[i] == role;
    return has;
}

/* Inputs that are told by a number; the constants behind them are the node's own. OPERATOR_ANY: as many as
 * the record says. */
static int activations_read(enum op op)
{
    const struct operator_row *row = sned_operator(op);
    int count = 0;
    if (row->inputs_most == OPERATOR_ANY)
        return OPERATOR_ANY;
    for (int i = 0; i < row->inputs_most; i++)
        count += row->roles[i] == INPUT_ACTIVATION || row->roles[i] == INPUT_OPERAND;
    return count;
}

/* Both pools, and not Conv, whose window is another. */
static bool is_pool(enum op op)
{
    return sned_op_is(op, OPERATOR_WINDOW) && !has_role(op, INPUT_WEIGHTS);
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
        flags |= node_bias(node, 0) >= 0 ? FLAG_BIAS : 0;
    else
        flags |= rule->scaling_count > 0 ? FLAG_SCALINGS : 0;
    if (sned_op_is(node->op, OPERATOR_AVERAGES))
        flags |= rule->scaling_count > 0 && rule->counts ? FLAG_COUNTS : 0;
    if (is_pool(node->op)) {
        flags |= node->u.pool.ceil_mode ? FLAG_CEIL : 0;
        flags |= node->u.pool.count_include_pad ? FLAG_INCLUDE_PADS : 0;
    }
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
                     const struct activations *activations, int newest)
{
    const struct node *node = &graph->nodes[index];
    const unsigned flags = node_flags(graph, node);
    const int fixed = activations_read(node->op), inputs = fixed == OPERATOR_ANY ? node->input_count : fixed;
    const struct shape *weights =
        sned_node_has_weights(node) ? &graph->tensors[node_weights(node, 0)].shape : NULL;
    sned_write_u8(writer, sned_operator_code(node->op));
    sned_write_u16(writer, (uint16_t)flags);
    sned_write_string(writer, name);
    if (fixed == OPERATOR_ANY)
        sned_write_varint(writer, (uint64_t)inputs);
    for (int i = 0; i < inputs; i++)
        sned_write_back(writer, activations, newest, node->inputs[i]);
    if (sned_operator(node->op)->outputs_most == OPERATOR_ANY)
        sned_write_varint(writer, (uint64_t)node->output_count);
    sned_write_attributes(writer, node, graph->tensors[node->inputs[0]].shape.rank, weights);
    write_rule(writer, graph, node, flags);
}

/* ---- reading ---- */

/* A tensor of node `name`, called "nameSUFFIX". */
static sned_status add_tensor(struct graph *graph, const char *name, const char *suffix,
                              enum tensor_type type, struct shape shape, int *index, sned_error *error)
{
    const size_t size = strlen(name) + strlen(suffix) + 1;
    char *full;
    SNED_TRY(sned_alloc_unset(&full, size, 1, error));
    sned_format(full, size, "%s%s", name, suffix);
    sned_status status = sned_graph_add_tensor(graph, full, type, &shape, NULL, index, error);
    sned_free(full);
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
    const bool is_layer = has_role(op, INPUT_WEIGHTS), averages = sned_op_is(op, OPERATOR_AVERAGES);
    return !(flags & ~FLAG_MASK) && (flags & QUANTIZATION_MASK) <= QUANTIZED_AS_INPUT &&
           (flags >> CLAMP_SHIFT & TWO_BITS) <= CLAMP_ZERO && (is_layer || !(flags & FLAG_BIAS)) &&
           !(is_layer && flags & FLAG_SCALINGS) && (is_pool(op) || !(flags & FLAG_CEIL)) &&
           ((is_pool(op) && averages) || !(flags & FLAG_INCLUDE_PADS)) &&
           ((averages && flags & FLAG_SCALINGS) || !(flags & FLAG_COUNTS));
}

/* How a node is connected: its inputs, which are activations, then constants, and its outputs. */
struct connections {
    int *inputs, *outputs; /* owned */
    int input_count, output_count;
};

/* Activations into `inputs`, with room for constants behind them, and how many outputs there are. */
static sned_status read_connections(struct reader *reader, enum op op, const struct activations *activations,
                                    struct connections *made, sned_error *error)
{
    made->input_count = activations_read(op);
    made->output_count = 1;
    if (made->input_count == OPERATOR_ANY)
        made->input_count = (int)sned_read_integer(reader, 1, GRAPH_MAX_NODES);
    if (reader->failed || (size_t)made->input_count > sned_reader_left(reader))
        return sned_fail_damaged("its list of inputs", error);
    SNED_TRY(sned_alloc(&made->inputs, (size_t)made->input_count + OPERATOR_MAX_ROLES, sizeof(int), error));
    for (int i = 0; i < made->input_count; i++)
        made->inputs[i] = sned_read_back(reader, activations, 0);
    if (sned_operator(op)->outputs_most == OPERATOR_ANY) {
        made->output_count = (int)sned_read_integer(reader, 1, GRAPH_MAX_NODES);
        if (reader->failed || (size_t)made->output_count > sned_reader_left(reader))
            return sned_fail_damaged("its number of outputs", error);
    }
    return sned_alloc(&made->outputs, (size_t)made->output_count, sizeof(int), error);
}

/* The activations that node `name` makes, "name:0", "name:1", ...: shapes follow when all is read. */
static sned_status add_outputs(struct graph *graph, const char *name, struct connections *made,
                               sned_error *error)
{
    for (int k = 0; k < made->output_count; k++) {
        char suffix[16];
        sned_format(suffix, sizeof suffix, ":%d", k);
        SNED_TRY(add_tensor(graph, name, suffix, TENSOR_F32, (struct shape){0}, &made->outputs[k], error));
    }
    return SNED_OK;
}

/* The constants of a layer, and tables; their data comes with the WEIGHTS section. */
static sned_status add_constants(struct graph *graph, const char *name, enum op op, unsigned flags,
                                 const struct shape *weights, struct connections *made, sned_error *error)
{
    const struct operator_row *row = sned_operator(op);
    for (int i = made->input_count; row->inputs_most != OPERATOR_ANY && i < row->inputs_most; i++) {
        int *input = &made->inputs[made->input_count++];
        *input = -1;
        if (row->roles[i] == INPUT_WEIGHTS)
            SNED_TRY(add_tensor(graph, name, ".weight", TENSOR_I8, *weights, input, error));
        if (row->roles[i] == INPUT_BIAS && flags & FLAG_BIAS)
            SNED_TRY(
                add_tensor(graph, name, ".bias", TENSOR_I32, sned_shape(1, weights->dim[0]), input, error));
        if (row->roles[i] == INPUT_TABLE)
            SNED_TRY(add_tensor(graph, name, ".table", TENSOR_U16,
                                sned_shape(1, (int64_t)sned_table_size(op)), input, error));
    }
    return SNED_OK;
}

/* What a node's record begins with. */
struct node_head {
    char *name; /* owned */
    enum op op;
    unsigned flags;
};

static sned_status read_head(struct reader *reader, struct node_head *head, sned_error *error)
{
    const uint8_t code = sned_read_u8(reader);
    head->flags = sned_read_u16(reader);
    SNED_TRY(sned_read_string(reader, SNED_MAX_STRING, &head->name, error));
    if (!sned_operator_from_code(code, &head->op))
        return sned_fail(error, SNED_ERROR_UNSUPPORTED,
                         "'%.80s': operator %d is not known; a newer version of sned may run it", head->name,
                         code);
    return head->name[0] && flags_fit(head->flags, head->op) ? SNED_OK : sned_fail_damaged("its head", error);
}

/* The attributes, which come before the node can be made, and what their bits in `flags` say. */
static sned_status read_attributes(struct reader *reader, struct node *node, unsigned flags,
                                   struct shape *weights, sned_error *error)
{
    SNED_TRY(sned_read_attributes(reader, node, weights, error));
    if (is_pool(node->op)) {
        node->u.pool.ceil_mode = flags & FLAG_CEIL;
        node->u.pool.count_include_pad = flags & FLAG_INCLUDE_PADS;
    }
    return SNED_OK;
}

sned_status sned_read_node(struct reader *reader, struct graph *graph, struct activations *activations,
                           sned_error *error)
{
    sned_status status;
    struct node_head head = {.op = OP_COUNT};
    struct connections made = {0};
    struct node scratch = {.op = OP_COUNT}, *node;
    struct shape weights = {0};
    SNED_TRY_DONE(read_head(reader, &head, error));
    SNED_TRY_DONE(read_connections(reader, head.op, activations, &made, error));
    scratch.op = head.op;
    scratch.output_count = made.output_count;
    SNED_TRY_DONE(read_attributes(reader, &scratch, head.flags, &weights, error));
    if (reader->failed) {
        status = sned_fail_damaged(head.name, error);
        goto done;
    }
    SNED_TRY_DONE(add_outputs(graph, head.name, &made, error));
    SNED_TRY_DONE(add_constants(graph, head.name, head.op, head.flags, &weights, &made, error));
    SNED_TRY_DONE(sned_graph_add_node_outputs(graph, head.name, head.op, made.inputs, made.input_count,
                                              made.outputs, made.output_count, &node, error));
    SNED_TRY_DONE(sned_node_copy_attributes(node, &scratch, error));
    SNED_TRY_DONE(read_rule(reader, graph, node, head.flags, error));
    for (int k = 0; k < made.output_count; k++) {
        graph->tensors[made.outputs[k]].quantization = graph->tensors[made.outputs[0]].quantization;
        SNED_TRY_DONE(sned_activations_add(activations, made.outputs[k], error));
    }
    status = reader->failed ? sned_fail_damaged(head.name, error) : SNED_OK;
done:
    if (scratch.op == OP_SPLIT)
        sned_free(scratch.u.split.sizes);
    sned_free(head.name);
    sned_free(made.inputs);
    sned_free(made.outputs);
    return status;
}
