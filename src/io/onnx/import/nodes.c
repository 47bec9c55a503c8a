/*
 * nodes.c - one node of the file after the other: its operator's rule, or the branch that an If takes.
 */
#include "io/onnx/import/import.h"

#include "io/onnx/node/inputs.h"

#include <stdlib.h>
#include <string.h>

bool onnx_is_standard_domain(const char *domain)
{
    return domain == NULL || domain[0] == 0 || strcmp(domain, "ai.onnx") == 0;
}

/* Is `name` among `words`, which stand between spaces? */
static bool is_word(const char *words, const char *name)
{
    const char *at = name[0] ? strstr(words, name) : NULL;
    while (at && !(at > words && at[-1] == ' ' && at[strlen(name)] == ' '))
        at = strstr(at + 1, name);
    return at != NULL;
}

static sned_status check_attributes(struct importer *importer, const struct operator_rule *rule)
{
    for (size_t i = 0; i < importer->node->n_attribute; i++) {
        const char *name = importer->node->attribute[i]->name ? importer->node->attribute[i]->name : "";
        if (rule->attributes ? !is_word(rule->attributes, name) : !onnx_is_listed(onnx_op(rule->name), name))
            return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "attribute '%s' is not handled", name);
    }
    return SNED_OK;
}

static sned_status find_rule(struct importer *importer, const struct operator_rule **rule)
{
    const Onnx__NodeProto *node = importer->node;
    *rule = node->op_type ? onnx_operator(node->op_type) : NULL;
    if (!onnx_is_standard_domain(node->domain))
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "operators of domain '%s' are not handled",
                         node->domain);
    if (*rule == NULL)
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "this operator is not handled");
    if (node->n_input > (*rule)->most_inputs)
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "%zu inputs; at most %zu are handled",
                         node->n_input, (*rule)->most_inputs);
    return check_attributes(importer, *rule);
}

sned_status onnx_check_operators(struct importer *importer)
{
    for (int i = 0; i < importer->order_count; i++) {
        const struct operator_rule *rule;
        importer->node_index = importer->order[i];
        importer->node = importer->proto->node[importer->node_index];
        SNED_TRY(find_rule(importer, &rule));
    }
    return SNED_OK;
}

/* Frees constants that no later node reads. */
static void release_inputs(struct importer *importer)
{
    for (int i = 0; i < onnx_input_count(importer); i++) {
        if (importer->node->input[i][0] == 0)
            continue;
        struct onnx_value *value =
            &importer->values[sned_names_find(&importer->names, importer->node->input[i])];
        while (value->alias >= 0)
            value = &importer->values[value->alias];
        if (--value->uses > 0 || !onnx_is_constant(value) || value->tensor >= 0)
            continue;
        free(value->data);
        value->data = NULL;
    }
}

/* In their order: a node before what it reads is refused, as reading what is not computed. */
static sned_status import_branch(struct importer *importer)
{
    const Onnx__NodeProto *outer = importer->node;
    const Onnx__GraphProto *branch;
    SNED_TRY(onnx_choose_branch(importer, &branch));
    for (size_t i = 0; i < branch->n_node; i++) {
        importer->node = branch->node[i];
        SNED_TRY(onnx_import_node(importer));
    }
    importer->node = outer; /* not after a failure: the error names the inner node */
    importer->output = 0;
    return onnx_leave_branch(importer, branch);
}

sned_status onnx_import_node(struct importer *importer)
{
    const struct operator_rule *rule;
    bool is_constant = true;
    importer->output = 0;
    SNED_TRY(find_rule(importer, &rule));
    if (importer->node->n_output == 0 || importer->node->output[0][0] == 0)
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "its first output is not used");
    for (int i = 0; i < onnx_input_count(importer); i++) {
        struct onnx_value *value;
        SNED_TRY(onnx_input(importer, i, &value));
        is_constant &= value == NULL || onnx_is_constant(value);
    }
    if (is_constant && onnx_is_branch(importer->node))
        SNED_TRY(import_branch(importer));
    else if (is_constant && rule->fold)
        SNED_TRY(rule->fold(importer));
    else if (rule->convert)
        SNED_TRY(rule->convert(importer));
    else
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "%s", ONNX_ON_CONSTANTS);
    release_inputs(importer);
    return SNED_OK;
}
