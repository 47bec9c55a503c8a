/*
 * branch.c - If, where its condition is known while reading: the nodes of the branch that is taken are
 * imported in its place.
 *
 * PyTorch's exporter writes x.squeeze(1) as an If on the size of the axis. What a branch makes belongs to the
 * names of the whole file, and what it reads counts as read by the If: by both branches, since which is taken
 * turns out when the If is met. No If inside of a branch, and no initialisers.
 */
#include "io/onnx/import/import.h"

#include "io/onnx/node/emit.h"
#include "io/onnx/node/inputs.h"

#include <string.h>

bool onnx_is_branch(const Onnx__NodeProto *node)
{
    return node->op_type && strcmp(node->op_type, "If") == 0;
}

/* A node's branch by name; NULL where it is no If, or has none. An If has two attributes. */
static const Onnx__GraphProto *branch_of(const Onnx__NodeProto *node, const char *name)
{
    if (!onnx_is_branch(node))
        return NULL;
    for (size_t i = 0; i < node->n_attribute && i < 2; i++)
        if (node->attribute[i]->name && strcmp(node->attribute[i]->name, name) == 0)
            return node->attribute[i]->g;
    return NULL;
}

const Onnx__NodeProto *onnx_branch_node(const Onnx__NodeProto *node, size_t index)
{
    const Onnx__GraphProto *then_branch = branch_of(node, "then_branch");
    const Onnx__GraphProto *else_branch = branch_of(node, "else_branch");
    size_t first = then_branch ? then_branch->n_node : 0;
    if (index < first)
        return then_branch->node[index];
    return else_branch && index - first < else_branch->n_node ? else_branch->node[index - first] : NULL;
}

const char *onnx_next_input(const Onnx__NodeProto *node, struct input_cursor *cursor)
{
    const Onnx__NodeProto *part = cursor->part == 0 ? node : onnx_branch_node(node, cursor->part - 1);
    while (part && cursor->input >= part->n_input) {
        part = onnx_branch_node(node, cursor->part++);
        cursor->input = 0;
    }
    return part ? part->input[cursor->input++] : NULL;
}

static sned_status check_branch(struct importer *importer, const Onnx__GraphProto *branch)
{
    if (branch == NULL || branch->n_output != 1 || branch->n_node == 0)
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "a branch that does not make one output");
    if (branch->n_initializer > 0 || branch->n_input > 0)
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "a branch with inputs or initialisers of its own");
    for (size_t i = 0; i < branch->n_node; i++)
        if (branch_of(branch->node[i], "then_branch") || branch_of(branch->node[i], "else_branch"))
            return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "an If inside of a branch");
    return SNED_OK;
}

sned_status onnx_choose_branch(struct importer *importer, const Onnx__GraphProto **branch)
{
    double condition;
    SNED_TRY(onnx_input_number(importer, 0, 0, &condition));
    *branch = branch_of(importer->node, condition != 0 ? "then_branch" : "else_branch");
    return check_branch(importer, *branch);
}

sned_status onnx_leave_branch(struct importer *importer, const Onnx__GraphProto *branch)
{
    const char *name = branch->output[0]->name ? branch->output[0]->name : "";
    const bool is_known = sned_names_find(&importer->names, name) >= 0;
    const struct onnx_value *value = is_known ? onnx_find_value(importer, name) : NULL;
    if (value == NULL || value->kind == VALUE_UNKNOWN || value->kind == VALUE_POWER || value->initializer)
        return onnx_fail(importer, SNED_ERROR_FORMAT, "its branch does not make '%s'", name);
    return onnx_emit_alias(importer, value);
}
