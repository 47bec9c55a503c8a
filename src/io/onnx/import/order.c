/*
 * order.c - which nodes of the file are needed, and in which order.
 *
 * ONNX asks for topological order; files are not trusted to keep it. A depth-first walk from every node, in
 * the file's order and without recursion, gives an order that is the file's own where that is topological,
 * and meets every cycle and every name that nothing defines. Nodes that no output needs are left out.
 */
#include "io/onnx/import/import.h"

#include <stdlib.h>
#include <string.h>

static const char *node_label(const Onnx__NodeProto *node)
{
    if (node->name && node->name[0])
        return node->name;
    return node->n_output > 0 && node->output[0][0] ? node->output[0] : "(no name)";
}

static sned_status define(struct importer *importer, const char *name, int node,
                          Onnx__TensorProto *initializer)
{
    int index;
    bool is_new;
    if (name == NULL || name[0] == 0)
        return sned_fail(importer->error, SNED_ERROR_FORMAT, "an %s without a name",
                         initializer ? "initialiser" : "input");
    SNED_TRY(sned_names_add(&importer->names, name, importer->value_count, &index, &is_new, importer->error));
    if (!is_new)
        return sned_fail(importer->error, SNED_ERROR_FORMAT, "the name '%s' is defined twice", name);
    importer->values[importer->value_count++] = (struct onnx_value){
        .name = name, .tensor = -1, .node = node, .made_by = -1, .alias = -1, .initializer = initializer};
    return SNED_OK;
}

static sned_status define_outputs(struct importer *importer, const Onnx__NodeProto *node, int index)
{
    for (size_t k = 0; k < node->n_output; k++)
        if (node->output[k][0])
            SNED_TRY(define(importer, node->output[k], index, NULL));
    return SNED_OK;
}

sned_status onnx_define_names(struct importer *importer)
{
    const Onnx__GraphProto *proto = importer->proto;
    size_t count = proto->n_initializer + proto->n_input;
    const Onnx__NodeProto *inner;
    for (size_t i = 0; i < proto->n_node; i++) {
        count += proto->node[i]->n_output;
        for (size_t k = 0; (inner = onnx_branch_node(proto->node[i], k)); k++)
            count += inner->n_output;
    }
    SNED_TRY(sned_alloc(&importer->values, count, sizeof *importer->values, importer->error));
    for (size_t i = 0; i < proto->n_initializer; i++)
        SNED_TRY(define(importer, proto->initializer[i]->name, -1, proto->initializer[i]));
    int initializers = importer->value_count;
    for (size_t i = 0; i < proto->n_input; i++) {
        const char *name = proto->input[i]->name;
        int known = name ? sned_names_find(&importer->names, name) : -1;
        if (known < 0 || known >= initializers) /* older files list initialisers as inputs too */
            SNED_TRY(define(importer, name, -1, NULL));
    }
    for (size_t i = 0; i < proto->n_node; i++) {
        SNED_TRY(define_outputs(importer, proto->node[i], (int)i));
        for (size_t k = 0; (inner = onnx_branch_node(proto->node[i], k)); k++)
            SNED_TRY(define_outputs(importer, inner, -1)); /* there when the If is: no order to keep */
    }
    return SNED_OK;
}

/* The depth-first walk: a stack of nodes, each with the input it looks at next. */
struct order_walk {
    uint8_t *state; /* per node: 0 not met, 1 on the stack, 2 done */
    struct frame {
        int node;
        struct input_cursor input;
    } * stack;
    int depth, *order, count;
};

static sned_status walk_input(struct importer *importer, struct order_walk *walk, const Onnx__NodeProto *node,
                              const char *name)
{
    int index = sned_names_find(&importer->names, name);
    if (index < 0)
        return sned_fail(importer->error, SNED_ERROR_FORMAT,
                         "node '%s' (%s) reads '%s', which nothing defines", node_label(node),
                         node->op_type ? node->op_type : "", name);
    int producer = importer->values[index].node;
    if (producer < 0 || walk->state[producer] == 2)
        return SNED_OK;
    if (walk->state[producer] == 1)
        return sned_fail(importer->error, SNED_ERROR_FORMAT,
                         "the graph has a cycle through node '%s' and '%s'", node_label(node), name);
    walk->state[producer] = 1;
    walk->stack[walk->depth++] = (struct frame){producer, {0}};
    return SNED_OK;
}

static sned_status walk_from(struct importer *importer, struct order_walk *walk, int start)
{
    if (walk->state[start] != 0)
        return SNED_OK;
    walk->state[start] = 1;
    walk->stack[walk->depth++] = (struct frame){start, {0}};
    while (walk->depth > 0) {
        struct frame *top = &walk->stack[walk->depth - 1];
        const Onnx__NodeProto *node = importer->proto->node[top->node];
        const char *name = onnx_next_input(node, &top->input);
        if (name) {
            if (name[0])
                SNED_TRY(walk_input(importer, walk, node, name));
        } else {
            walk->state[top->node] = 2;
            walk->order[walk->count++] = top->node;
            walk->depth--;
        }
    }
    return SNED_OK;
}

/* Outputs are read from outside. */
static sned_status count_outputs(struct importer *importer)
{
    const Onnx__GraphProto *proto = importer->proto;
    for (size_t i = 0; i < proto->n_output; i++) {
        const char *name = proto->output[i]->name ? proto->output[i]->name : "";
        int output = sned_names_find(&importer->names, name);
        if (output < 0)
            return sned_fail(importer->error, SNED_ERROR_FORMAT, "no node makes the output '%s'", name);
        if (importer->values[output].uses++ > 0)
            return sned_fail(importer->error, SNED_ERROR_FORMAT, "the output '%s' is listed twice", name);
    }
    return SNED_OK;
}

/* Counts the readers of each value, backwards from the outputs, and keeps the nodes that have any. */
static sned_status keep_needed(struct importer *importer, const struct order_walk *walk)
{
    const Onnx__GraphProto *proto = importer->proto;
    SNED_TRY(count_outputs(importer));
    int kept = walk->count;
    for (int i = walk->count - 1; i >= 0; i--) {
        const Onnx__NodeProto *node = proto->node[walk->order[i]];
        bool needed = false;
        for (size_t k = 0; k < node->n_output; k++) {
            int index = node->output[k][0] ? sned_names_find(&importer->names, node->output[k]) : -1;
            needed |= index >= 0 && importer->values[index].uses > 0;
        }
        if (!needed)
            continue;
        walk->order[--kept] = walk->order[i];
        struct input_cursor cursor = {0};
        for (const char *input; (input = onnx_next_input(node, &cursor));)
            if (input[0])
                importer->values[sned_names_find(&importer->names, input)].uses++;
    }
    for (int i = 0; i < importer->value_count; i++)
        importer->values[i].readers = importer->values[i].uses;
    importer->order_count = walk->count - kept;
    memmove(importer->order, importer->order + kept, (size_t)importer->order_count * sizeof *importer->order);
    return SNED_OK;
}

sned_status onnx_order_nodes(struct importer *importer)
{
    sned_status status = SNED_OK;
    struct order_walk walk = {0};
    size_t count = importer->proto->n_node;
    SNED_TRY_DONE(sned_alloc(&walk.state, count, 1, importer->error));
    SNED_TRY_DONE(sned_alloc(&walk.stack, count, sizeof *walk.stack, importer->error));
    SNED_TRY_DONE(sned_alloc(&importer->order, count, sizeof *importer->order, importer->error));
    walk.order = importer->order;
    for (size_t i = 0; i < count; i++)
        SNED_TRY_DONE(walk_from(importer, &walk, (int)i));
    status = keep_needed(importer, &walk);
done:
    free(walk.state);
    free(walk.stack);
    return status;
}
