/*
 * describe.c - see describe.h. What inspect says of the input is what has to be given to run, eval and pack.
 */
#include "cli/common/describe.h"
#include "cli/common/input_size.h"
#include "cli/common/pixel_range.h"
#include "cli/terminal/print.h"

#include <stdio.h>

enum { LABELS_SHOWN = 5, LABEL_LENGTH = 40, LINE_LENGTH = LABELS_SHOWN * (LABEL_LENGTH + 2) + 32 };

/* "3 x 224 x 224" */
static const char *shape_text(char text[LINE_LENGTH], const struct shape *shape)
{
    size_t length = 0;
    for (int i = 1; i < shape->rank; i++)
        length += (size_t)snprintf(text + length, LINE_LENGTH - length, "%s%d", i > 1 ? " x " : "",
                                   (int)shape->dim[i]);
    return text;
}

static void print_resize(struct resize resize)
{
    static const char *const ways[] = {
        [RESIZE_AUTO] = "cropped to its centre where at most 15 % larger on both sides, else as by cover",
        [RESIZE_COVER] = "scaled until it just covers the input, then cropped to its centre",
        [RESIZE_SQUASH] = "scaled whole, whatever its proportions",
        [RESIZE_SIDE] = "scaled until its short side has so many pixels, then cropped to its centre"};
    char text[RESIZE_TEXT];
    print_line("        of another size: %s: %s", sned_resize_text(text, resize), ways[resize.kind]);
}

/* Layers that come first and scale pixels: told, so that nobody gives --scale for what the network does. */
static sned_status print_own_scaling(const struct graph *graph, sned_error *error)
{
    const int channels = (int)graph->tensors[graph->input].shape.dim[1];
    char mean[NUMBERS_TEXT], scale[NUMBERS_TEXT];
    struct input_rule whole;
    int count;
    SNED_TRY(sned_graph_whole_rule(graph, &whole, &count, error));
    if (count > 0)
        print_line("        which the network itself scales: in all mean %s; scale %s",
                   numbers_text(mean, whole.mean, channels), numbers_text(scale, whole.scale, channels));
    return SNED_OK;
}

sned_status print_input(const struct graph *graph, bool named, sned_error *error)
{
    const struct input_rule *rule = &graph->rule;
    const struct shape *shape = &graph->tensors[graph->input].shape;
    const int channels = (int)shape->dim[1];
    char sizes[LINE_LENGTH], mean[NUMBERS_TEXT], scale[NUMBERS_TEXT], hint[INPUT_HINT];
    if (!rule->is_image) {
        print_line("input:  values, %s a sample%s", shape_text(sizes, shape), input_size_hint(hint, graph));
        print_line("        given as float32 in a .npy, the number of samples in front");
        return SNED_OK;
    }
    print_line("input:  pictures, %s %s", shape_text(sizes, shape), rule->color);
    print_line("        value = (pixel - mean) * scale, pixels 0 to 255; mean %s; scale %s",
               numbers_text(mean, rule->mean, channels), numbers_text(scale, rule->scale, channels));
    SNED_TRY(print_own_scaling(graph, error));
    if (!named)
        print_line(
            "        for want of a better one: the model names none. --mean, --scale, --color, --resize do");
    print_resize(rule->resize);
    if (rule->label_offset)
        print_line("        its class is the data's label %+d", rule->label_offset);
    return SNED_OK;
}

void print_labels(const struct graph *graph)
{
    char line[LINE_LENGTH] = "";
    size_t length = 0;
    for (int i = 0; i < graph->label_count && i < LABELS_SHOWN; i++)
        length += (size_t)snprintf(line + length, sizeof line - length, "%s%.*s", i ? ", " : "", LABEL_LENGTH,
                                   graph->labels[i]);
    if (graph->label_count > LABELS_SHOWN)
        snprintf(line + length, sizeof line - length, ", ... (%d)", graph->label_count);
    print_line("labels: %s", graph->label_count ? line : "none: classes have numbers");
}

void print_outputs(const struct graph *graph)
{
    char sizes[LINE_LENGTH];
    for (int k = 0; k < graph->output_count && graph->output_count > 1; k++) {
        const struct tensor *output = &graph->tensors[graph->outputs[k]];
        print_line("%s %s, %s%s", k ? "        " : "outputs:", output->name,
                   shape_text(sizes, &output->shape), k ? "" : ": what labels are about");
    }
}

/* ---- JSON ---- */

/* Of one item, without its batch. */
static sned_status shape_json(json_t **array, const struct shape *shape, const char *what, sned_error *error)
{
    *array = json_array();
    for (int i = 1; i < shape->rank; i++)
        SNED_TRY(json_append(*array, json_integer(shape->dim[i]), error, "axis %d of %s", i, what));
    return SNED_OK;
}

static sned_status numbers_json(json_t *object, const char *key, const float *numbers, int count,
                                sned_error *error)
{
    json_t *array = json_array();
    sned_status status = SNED_OK;
    for (int i = 0; i < count && status == SNED_OK; i++)
        status = json_append(array, json_real((double)numbers[i]), error, "%s %d of the input", key, i);
    if (status == SNED_OK && json_object_set(object, key, array) != 0)
        status = sned_fail(error, SNED_ERROR_MEMORY, "out of memory for the input's %s", key);
    json_decref(array);
    return status;
}

static sned_status rule_json(json_t *object, const struct input_rule *rule, int channels, sned_error *error)
{
    char text[RESIZE_TEXT];
    json_t *words = json_pack("{s:s, s:s, s:s, s:i}", "layout", "NCHW", "color", rule->color, "resize",
                              sned_resize_text(text, rule->resize), "label_offset", rule->label_offset);
    int failed = json_object_update(object, words); /* also where there are no words */
    json_decref(words);
    if (failed)
        return sned_fail(error, SNED_ERROR_MEMORY, "out of memory for the input's rule");
    SNED_TRY(numbers_json(object, "mean", rule->mean, channels, error));
    return numbers_json(object, "scale", rule->scale, channels, error);
}

/* mean_in_all and scale_in_all, where the network scales what the rule makes of pixels. */
static sned_status own_scaling_json(json_t *object, const struct graph *graph, sned_error *error)
{
    const int channels = (int)graph->tensors[graph->input].shape.dim[1];
    struct input_rule whole;
    int count;
    SNED_TRY(sned_graph_whole_rule(graph, &whole, &count, error));
    if (count == 0)
        return SNED_OK;
    SNED_TRY(numbers_json(object, "mean_in_all", whole.mean, channels, error));
    return numbers_json(object, "scale_in_all", whole.scale, channels, error);
}

sned_status input_json(json_t **object, const struct graph *graph, bool named, sned_error *error)
{
    const struct shape *shape = &graph->tensors[graph->input].shape;
    sned_status status = SNED_OK;
    json_t *sizes = NULL;
    *object = NULL;
    SNED_TRY_DONE(shape_json(&sizes, shape, "the input", error));
    *object = json_pack("{s:s, s:O, s:b}", "kind", graph->rule.is_image ? "pictures" : "values", "shape",
                        sizes, "named", (int)named);
    if (*object == NULL)
        status = sned_fail(error, SNED_ERROR_MEMORY, "out of memory for the input");
    else if (graph->rule.is_image)
        status = rule_json(*object, &graph->rule, (int)shape->dim[1], error);
    if (status == SNED_OK)
        status = own_scaling_json(*object, graph, error);
done:
    json_decref(sizes);
    return status;
}

sned_status labels_json(json_t **array, const struct graph *graph, sned_error *error)
{
    *array = json_array();
    for (int i = 0; i < graph->label_count; i++)
        SNED_TRY(json_append(*array, json_string(graph->labels[i]), error, "the label of class %d", i));
    return SNED_OK;
}

sned_status outputs_json(json_t **array, const struct graph *graph, sned_error *error)
{
    *array = json_array();
    for (int k = 0; k < graph->output_count; k++) {
        const struct tensor *output = &graph->tensors[graph->outputs[k]];
        json_t *sizes = NULL;
        sned_status status = shape_json(&sizes, &output->shape, output->name, error);
        if (status == SNED_OK)
            status = json_append(*array, json_pack("{s:s, s:O}", "name", output->name, "shape", sizes), error,
                                 "output %d", k);
        json_decref(sizes);
        SNED_TRY(status);
    }
    return SNED_OK;
}
