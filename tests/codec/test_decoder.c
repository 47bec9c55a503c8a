/*
 * test_decoder.c - the C decoder and the one in Python (decode_sned.py), which was written from
 * docs/format.md, see the same in a file.
 *
 * Python prints what it decoded as JSON, a line for the network and one for each node; here the same lines
 * are made from the network that was packed, before it ever was a file.
 */
#include "base/file.h"
#include "codec/codec.h"
#include "graph/operator.h"
#include "tests/common/integer_graphs.h"
#include "tests/common/python_executor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>
#include <cmocka.h>

/* ---- text ---- */

__attribute__((format(printf, 2, 3))) static void print(struct buffer *text, const char *format, ...)
{
    char *line;
    va_list arguments;
    va_start(arguments, format);
    assert_true(vasprintf(&line, format, arguments) >= 0);
    va_end(arguments);
    MUST(sned_buffer_append(text, line, strlen(line), NULL));
    free(line);
}

/* As Python's json writes it: ASCII, the rest as \u escapes. Here é and line ends are all there is. */
static void print_string(struct buffer *text, const char *string)
{
    print(text, "\"");
    for (; *string; string++) {
        if (*string == '"' || *string == '\\')
            print(text, "\\%c", *string);
        else if (*string == '\n')
            print(text, "\\n");
        else if ((uint8_t)*string == 0xc3)
            print(text, "\\u%04x", 0xc0 | (*++string & 0x3f));
        else
            print(text, "%c", *string);
    }
    print(text, "\"");
}

/* "1,2,3", and a comma before it where there is `more` in front. */
static void print_numbers(struct buffer *text, bool more, int count, const int *numbers)
{
    for (int i = 0; i < count; i++)
        print(text, "%s%d", more || i ? "," : "", numbers[i]);
}

static uint32_t float_bits(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* ---- checksums, as zlib has them ---- */

static uint32_t crc32(uint32_t crc, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    crc = ~crc;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

static uint32_t crc_of_scalings(const struct integer_rule *rule)
{
    uint32_t crc = 0;
    for (int i = 0; i < rule->scaling_count; i++) {
        uint16_t multiplier = rule->scalings[i].multiplier;
        const uint8_t bytes[] = {(uint8_t)multiplier, (uint8_t)(multiplier >> 8), rule->scalings[i].shift};
        crc = crc32(crc, bytes, sizeof bytes);
    }
    return crc;
}

static uint32_t crc_of_constant(const struct graph *graph, int tensor)
{
    if (tensor < 0)
        return 0;
    const struct tensor *constant = &graph->tensors[tensor];
    return crc32(0, constant->data, sned_shape_elements(&constant->shape) * sned_type_size(constant->type));
}

/* ---- the network as lines ---- */

static void print_quantization(struct buffer *text, const struct quantization *q)
{
    int code = q->scale == 0 ? 0 : q->bits == 16 ? 3 : q->is_signed ? 2 : 1;
    print(text, "\"quantization\":[%d,%u]", code, float_bits(q->scale));
}

/* The number of an activation: the input, the states, what each node makes; of no tensor: how many. */
static int number_of(const struct graph *graph, int tensor)
{
    int number = 1;
    if (tensor == graph->input)
        return 0;
    for (int k = 0; k < graph->state_count; k++, number++)
        if (graph->states[k].tensor == tensor)
            return number;
    for (int n = 0; n < graph->node_count; n++)
        for (int k = 0; k < graph->nodes[n].output_count; k++, number++)
            if (graph->nodes[n].outputs[k] == tensor)
                return number;
    return number;
}

/* Behind its name. */
static void print_activation(struct buffer *text, const struct tensor *tensor)
{
    print_string(text, tensor->name);
    print(text, ",\"shape\":[");
    for (int i = 1; i < tensor->shape.rank; i++)
        print(text, "%s%d", i > 1 ? "," : "", (int)tensor->shape.dim[i]);
    print(text, "],");
    print_quantization(text, &tensor->quantization);
}

static void print_ends(struct buffer *text, const struct graph *graph)
{
    print(text, ",\"states\":[");
    for (int k = 0; k < graph->state_count; k++) {
        print(text, "%s{\"name\":", k ? "," : "");
        print_activation(text, &graph->tensors[graph->states[k].tensor]);
        print(text, ",\"next\":%d}", number_of(graph, graph->states[k].next));
    }
    print(text, "],\"output\":");
    print_string(text, graph->tensors[graph->outputs[0]].name);
    print(text, ",\"activations\":%d,\"result\":%d,\"outputs\":[", number_of(graph, -1),
          number_of(graph, graph->outputs[0]));
    for (int k = 0; k < graph->output_count; k++) {
        print(text, "%s[", k ? "," : "");
        print_string(text, graph->tensors[graph->outputs[k]].name);
        print(text, ",%d]", number_of(graph, graph->outputs[k]));
    }
}

static void print_network(struct buffer *text, const struct graph *graph)
{
    const struct tensor *input = &graph->tensors[graph->input];
    print(text, "{\"name\":");
    print_string(text, graph->name);
    print(text, ",\"input\":");
    print_activation(text, input);
    print(text, ",\"image\":[");
    for (int c = 0; graph->rule.is_image && c < input->shape.dim[1]; c++) {
        if (c == 0)
            print_string(text, graph->rule.color);
        print(text, ",%u,%u,%d,%d,%d", float_bits(graph->rule.mean[c]), float_bits(graph->rule.scale[c]),
              graph->rule.integer[c].multiplier, graph->rule.integer[c].offset, graph->rule.integer[c].shift);
    }
    print(text, "],\"label offset\":%d", graph->rule.label_offset);
    print_ends(text, graph);
    print(text, "],\"labels\":[");
    for (int i = 0; i < graph->label_count; i++) {
        print(text, "%s", i ? "," : "");
        print_string(text, graph->labels[i]);
    }
    print(text, "],\"provenance\":");
    print_string(text, graph->provenance ? graph->provenance : "");
    print(text, ",\"resize\":[%d,%d]}\n", (int)graph->rule.resize.kind, graph->rule.resize.side);
}

static void print_window(struct buffer *text, const struct window *window)
{
    print_numbers(text, false, 2, window->kernel);
    print_numbers(text, true, 2, window->stride);
    print_numbers(text, true, 2, window->dilation);
    print_numbers(text, true, 2, window->pad_begin);
    print_numbers(text, true, 2, window->pad_end);
}

static void print_attributes(struct buffer *text, const struct graph *graph, const struct node *node)
{
    const int rank = graph->tensors[node->inputs[0]].shape.rank;
    const int64_t *filters = sned_node_has_weights(node) ? graph->tensors[node->inputs[1]].shape.dim : NULL;
    print(text, "\"attributes\":[");
    switch (node->op) {
    case OP_CONV:
        print_window(text, &node->u.conv.window);
        print(text, ",%d,%d,%d", node->u.conv.groups, (int)filters[0], (int)filters[1]);
        break;
    case OP_GEMM:
        print(text, "%d,%d", (int)filters[0], (int)filters[1]);
        break;
    case OP_MAX_POOL:
    case OP_AVERAGE_POOL:
        print_window(text, &node->u.pool.window);
        break;
    case OP_LRN:
        print(text, "%d,%u,%u,%u", node->u.lrn.size, float_bits(node->u.lrn.alpha),
              float_bits(node->u.lrn.beta), float_bits(node->u.lrn.bias));
        break;
    case OP_CONCAT:
        print(text, "%d", node->u.concat.axis);
        break;
    case OP_SPLIT:
        print(text, "%d", node->u.split.axis);
        for (int k = 0; k < node->output_count; k++)
            print(text, ",%d", (int)node->u.split.sizes[k]);
        break;
    case OP_FLATTEN:
        print(text, "%d", node->u.flatten.axis);
        break;
    case OP_SOFTMAX:
    case OP_LOG_SOFTMAX:
        print(text, "%d", node->u.softmax.axis);
        break;
    case OP_SLICE:
        for (int i = 0; i < rank; i++)
            print(text, "%s%d,%d,%d", i ? "," : "", (int)node->u.slice.start[i], (int)node->u.slice.end[i],
                  (int)node->u.slice.step[i]);
        break;
    case OP_PAD:
        for (int i = 0; i < rank; i++)
            print(text, "%s%d,%d", i ? "," : "", (int)node->u.pad.before[i], (int)node->u.pad.after[i]);
        break;
    case OP_RESHAPE:
        for (int i = 0; i < node->u.reshape.shape.rank; i++)
            print(text, "%s%d", i ? "," : "", (int)node->u.reshape.shape.dim[i]);
        break;
    case OP_DEPTH_TO_SPACE:
        print(text, "%d,%d", node->u.depth_to_space.block, node->u.depth_to_space.mode);
        break;
    case OP_TRANSPOSE:
        print_numbers(text, false, rank, node->u.transpose.order);
        break;
    default:
        break;
    }
    print(text, "],");
}

static void print_rule(struct buffer *text, const struct graph *graph, const struct node *node)
{
    const struct integer_rule *rule = &node->rules[0];
    bool is_pool = node->op == OP_MAX_POOL || node->op == OP_AVERAGE_POOL;
    int bits = sned_node_has_weights(node) && node->inputs[2] >= 0;
    bits |= is_pool && node->u.pool.ceil_mode ? 4 : 0;
    bits |= is_pool && node->u.pool.count_include_pad ? 8 : 0;
    print(text, "\"fused\":[%d", (int)node->activation.kind);
    if (node->activation.kind == ACTIVATION_CLIP)
        print(text, ",%u,%u", float_bits(node->activation.low), float_bits(node->activation.high));
    if (node->activation.kind == ACTIVATION_LEAKY_RELU)
        print(text, ",%u", float_bits(node->activation.slope));
    print(text, "],");
    print_quantization(text, &graph->tensors[node->outputs[0]].quantization);
    print(text, ",\"clamp\":[%d,%d],\"slope\":%d,\"scalings\":%u,\"counts\":[", rule->low, rule->high,
          rule->slope, crc_of_scalings(rule));
    if (rule->counts)
        print_numbers(text, false, rule->scaling_count, rule->counts);
    print(text, "],\"bits\":%d", bits);
}

static void print_layer(struct buffer *text, const struct graph *graph, const struct node *node,
                        enum weight_format format)
{
    const struct tensor *weights = &graph->tensors[node->inputs[1]];
    const int8_t *values = weights->data;
    long sum = 0;
    for (size_t i = 0; i < sned_shape_elements(&weights->shape); i++)
        sum += values[i];
    print(text, ",\"layer\":{\"shape\":[");
    for (int i = 0; i < 4; i++)
        print(text, "%s%d", i ? "," : "", i < weights->shape.rank ? (int)weights->shape.dim[i] : 1);
    print(text, "],\"format\":\"%s\",\"kept\":%llu,\"sum\":%ld,\"weights\":%u,\"biases\":%u}",
          sned_format_name(format), (unsigned long long)sned_node_kept(graph, node), sum,
          crc_of_constant(graph, node->inputs[1]), crc_of_constant(graph, node->inputs[2]));
}

static void print_node(struct buffer *text, const struct graph *graph, const struct node *node,
                       enum weight_format format)
{
    const bool has_table = sned_table_size(node->op) > 0;
    int inputs = sned_node_has_weights(node) || has_table ? 1 : node->input_count;
    print(text, "{\"name\":");
    print_string(text, node->name);
    print(text, ",\"op\":\"%s\",\"inputs\":[", sned_op_name(node->op));
    for (int i = 0; i < inputs; i++)
        print(text, "%s%d", i ? "," : "", number_of(graph, node->inputs[i]));
    print(text, "],\"outputs\":%d,", node->output_count);
    print_attributes(text, graph, node);
    print_rule(text, graph, node);
    if (sned_node_has_weights(node))
        print_layer(text, graph, node, format);
    if (has_table)
        print(text, ",\"table\":%u", crc_of_constant(graph, node->inputs[1]));
    print(text, "}\n");
}

/* ---- the comparison ---- */

static int decode_in_python(const char *path, struct buffer *text)
{
    char command[400], piece[4096];
    size_t size;
    snprintf(command, sizeof command, "python3 tests/decode_sned.py '%s'", path);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    while ((size = fread(piece, 1, sizeof piece, pipe)) > 0)
        MUST(sned_buffer_append(text, piece, size, NULL));
    return pclose(pipe);
}

/* Line by line, so that a difference is shown where it is. */
static void assert_lines_equal(struct buffer *a, struct buffer *b)
{
    char *rest_a, *rest_b;
    MUST(sned_buffer_append(a, "", 1, NULL));
    MUST(sned_buffer_append(b, "", 1, NULL));
    char *line_a = strtok_r((char *)a->data, "\n", &rest_a),
         *line_b = strtok_r((char *)b->data, "\n", &rest_b);
    while (line_a && line_b) {
        assert_string_equal(line_a, line_b);
        line_a = strtok_r(NULL, "\n", &rest_a);
        line_b = strtok_r(NULL, "\n", &rest_b);
    }
    assert_ptr_equal(line_a, line_b); /* both are at their end */
}

static void compare(struct graph *graph, int force_format)
{
    struct buffer file = {0}, ours = {0}, theirs = {0};
    struct layer_storage *storage;
    int force[32], count, layer = 0;
    char path[200];
    const char *folder = getenv("TMPDIR");
    assert_in_range(graph->node_count, 1, 32);
    for (int i = 0; i < 32; i++)
        force[i] = force_format;
    MUST(sned_pack(graph, &(struct pack_options){.force = force}, &file, &storage, &count, NULL));
    snprintf(path, sizeof path, "%s/sned-decoder-%ld.sned", folder ? folder : "/tmp", (long)getpid());
    MUST(sned_file_write(path, file.data, file.size, NULL));
    int exit_status = decode_in_python(path, &theirs);
    unlink(path);
    assert_int_equal(exit_status, 0);

    print_network(&ours, graph);
    for (int i = 0; i < graph->node_count; i++)
        print_node(&ours, graph, &graph->nodes[i],
                   sned_node_has_weights(&graph->nodes[i]) ? storage[layer++].format : FORMAT_DENSE8);
    assert_lines_equal(&ours, &theirs);
    sned_buffer_free(&file);
    sned_buffer_free(&ours);
    sned_buffer_free(&theirs);
    free(storage);
    sned_graph_free(graph);
}

static void python_sees_a_small_network(void **state)
{
    if (!have_python())
        skip();
    compare(small_graph(0.3f, 1), -1);
    compare(small_graph(0.02f, 2), -1);
}

static void python_sees_every_way_of_resizing(void **state)
{
    if (!have_python())
        skip();
    for (int kind = RESIZE_AUTO; kind <= RESIZE_SIDE; kind++) {
        struct graph *graph = small_graph(0.3f, 1);
        graph->rule.resize.kind = (enum resize_kind)kind;
        graph->rule.resize.side = kind == RESIZE_SIDE ? 1000 : 0;
        compare(graph, -1);
    }
}

static void python_sees_every_operator_in_every_format(void **state)
{
    if (!have_python())
        skip();
    compare(every_operator_graph(0.4f, 3), -1);
    for (int format = 0; format < FORMAT_COUNT; format++)
        compare(every_operator_graph(0.2f, (uint64_t)format), format);
    compare(every_operator_graph(0, 4), -1);
}

static void python_sees_several_outputs_and_states(void **state)
{
    if (!have_python())
        skip();
    compare(several_ends_graph(0.4f, 3), -1);
}

static void python_sees_lenet5(void **state)
{
    if (!have_python())
        skip();
    compare(lenet_graph(0.02f, 5), FORMAT_GAP16); /* mixed it takes Python half a minute */
}

static void python_sees_filters_that_are_left_out(void **state)
{
    if (!have_python())
        skip();
    for (int format = 0; format < FORMAT_COUNT; format++) {
        if (format == FORMAT_MIXED)
            continue;
        struct graph *graph = lenet_graph(0.1f, 6);
        for (int i = 0; i < graph->node_count; i++) {
            const struct node *node = &graph->nodes[i];
            if (!sned_node_has_weights(node))
                continue;
            struct tensor *weights = &graph->tensors[node->inputs[1]];
            size_t filter = sned_shape_elements(&weights->shape) / (size_t)weights->shape.dim[0];
            for (int64_t k = 0; k < weights->shape.dim[0]; k++)
                if (k % 3 != 1)
                    memset((int8_t *)weights->data + (size_t)k * filter, 0, filter);
        }
        compare(graph, format);
    }
}

/* Rows and channels that are all zero, a Gemm that reads a picture, one that does not, a layer beside. */
static void python_sees_mixed_layers_of_every_density(void **state)
{
    if (!have_python())
        skip();
    static const float densities[] = {0, 0.01f, 0.1f, 0.9f, 1};
    for (int d = 0; d < 5; d++) {
        compare(small_graph(densities[d], (uint64_t)d), FORMAT_MIXED);
        compare(every_operator_graph(densities[d], (uint64_t)d), FORMAT_MIXED);
    }
}

static void python_refuses_a_damaged_file(void **state)
{
    struct graph *graph = small_graph(0.3f, 1);
    struct buffer file = {0};
    char path[200], command[300];
    const char *folder = getenv("TMPDIR");
    if (!have_python()) {
        sned_graph_free(graph);
        skip();
    }
    MUST(sned_pack(graph, NULL, &file, NULL, NULL, NULL));
    snprintf(path, sizeof path, "%s/sned-damaged-%ld.sned", folder ? folder : "/tmp", (long)getpid());
    for (size_t at = 7; at < file.size; at += file.size / 5) { /* from the minor version on */
        file.data[at] ^= 4;
        MUST(sned_file_write(path, file.data, file.size, NULL));
        file.data[at] ^= 4;
        snprintf(command, sizeof command, "python3 tests/decode_sned.py '%s' >/dev/null 2>&1", path);
        assert_int_not_equal(system(command), 0);
    }
    unlink(path);
    sned_buffer_free(&file);
    sned_graph_free(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(python_sees_a_small_network),
        cmocka_unit_test(python_sees_every_way_of_resizing),
        cmocka_unit_test(python_sees_every_operator_in_every_format),
        cmocka_unit_test(python_sees_several_outputs_and_states),
        cmocka_unit_test(python_sees_lenet5),
        cmocka_unit_test(python_sees_filters_that_are_left_out),
        cmocka_unit_test(python_sees_mixed_layers_of_every_density),
        cmocka_unit_test(python_refuses_a_damaged_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
