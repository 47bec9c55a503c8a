/*
 * scores.c - what a result's numbers mean: logits or probabilities, of how many classes, which is the best.
 */
#include "graph/inner.h"
#include "graph/operator.h"

#include <math.h>

bool sned_op_is_ending(enum op op)
{
    return sned_op_is(op, OPERATOR_ENDING);
}

struct scores sned_graph_output_scores(const struct graph *graph, int index)
{
    const int output = graph->outputs[index], producer = sned_graph_producer(graph, output);
    struct scores scores = {.ending = OP_IDENTITY, .logits = output};
    scores.count = (int)sned_shape_elements(&graph->tensors[output].shape);
    scores.classes = scores.count == 1 ? 2 : scores.count;
    if (producer >= 0 && sned_op_is(graph->nodes[producer].op, OPERATOR_ENDING)) {
        scores.ending = graph->nodes[producer].op;
        scores.logits = graph->nodes[producer].inputs[0];
    }
    scores.is_apart = scores.count == 1 || scores.ending == OP_SIGMOID;
    return scores;
}

struct scores sned_graph_scores(const struct graph *graph)
{
    return sned_graph_output_scores(graph, 0);
}

static bool makes(const struct node *node, int tensor)
{
    bool makes = false;
    for (int k = 0; k < node->output_count; k++)
        makes = makes || node->outputs[k] == tensor;
    return makes;
}

/* A result that follows from a Softmax without weights between them is no logits, which it would be taken
 * for: x.softmax(1)[:, 1], or a mean of probabilities. Nodes stand behind those that they read. */
static sned_status check_logits(const struct graph *graph, int tensor, sned_error *error)
{
    for (int i = graph->node_count - 1; i >= 0; i--) {
        const struct node *node = &graph->nodes[i];
        if (!makes(node, tensor))
            continue;
        if (node->op == OP_SOFTMAX)
            return sned_node_fail(error, SNED_ERROR_UNSUPPORTED, node,
                                  "what follows it makes neither probabilities nor logits of its numbers; a "
                                  "classification ends in it");
        if (sned_node_has_weights(node))
            return SNED_OK;
        tensor = node->inputs[0];
    }
    return SNED_OK;
}

sned_status sned_graph_check_scores(const struct graph *graph, sned_error *error)
{
    const struct scores scores = sned_graph_scores(graph);
    SNED_TRY(sned_graph_check_ending(graph, error));
    if (scores.ending == OP_IDENTITY)
        SNED_TRY(check_logits(graph, scores.logits, error));
    if (scores.count == 1 && (scores.ending == OP_SOFTMAX || scores.ending == OP_LOG_SOFTMAX))
        return sned_node_fail(error, SNED_ERROR_UNSUPPORTED,
                              &graph->nodes[sned_graph_producer(graph, graph->outputs[0])],
                              "is over a single score, which always gives 1; one score wants a Sigmoid");
    return SNED_OK;
}

/* ---- results ---- */

static bool is_second(const struct scores *scores, const float *values)
{
    return values[0] > (scores->ending == OP_SIGMOID ? 0.5f : 0.0f);
}

int sned_scores_above(const struct scores *scores, const float *values, int label)
{
    int above = 0;
    if (scores->count == 1)
        return is_second(scores, values) != label;
    for (int c = 0; c < scores->count; c++)
        above += values[c] > values[label] || (values[c] == values[label] && c < label);
    return above;
}

int sned_scores_best(const struct scores *scores, const float *values)
{
    int best = 0;
    if (scores->count == 1)
        return is_second(scores, values);
    for (int c = 1; c < scores->count; c++)
        best = values[c] > values[best] ? c : best;
    return best;
}

/* In float, relative to the largest. */
static void softmax(const float *values, float *probabilities, int count)
{
    float highest = values[0], sum = 0;
    for (int i = 1; i < count; i++)
        highest = fmaxf(highest, values[i]);
    for (int i = 0; i < count; i++)
        sum += probabilities[i] = expf(values[i] - highest);
    for (int i = 0; i < count; i++)
        probabilities[i] /= sum;
}

void sned_scores_probabilities(const struct scores *scores, const float *values, float *probabilities)
{
    if (scores->count == 1) {
        const float value = values[0];
        const bool is_logit = scores->ending != OP_SIGMOID;
        probabilities[0] = is_logit ? 1 / (1 + expf(value)) : 1 - value;
        probabilities[1] = is_logit ? 1 / (1 + expf(-value)) : value;
        return;
    }
    if (scores->ending == OP_IDENTITY) {
        softmax(values, probabilities, scores->count);
        return;
    }
    for (int i = 0; i < scores->count; i++)
        probabilities[i] = scores->ending == OP_LOG_SOFTMAX ? expf(values[i]) : values[i];
}
