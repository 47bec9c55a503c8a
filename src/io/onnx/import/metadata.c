/*
 * metadata.c - preprocessing, labels and provenance in a model's metadata_props.
 *
 *     input.layout   NCHW (NHWC where the file turns its input itself)
 *     input.color    RGB, BGR or gray: the order of the input's channels
 *     input.mean, input.scale   numbers between commas, one for all channels or one each
 *     input.resize   auto, cover, squash or the pixels of the short side: enum resize_kind
 *     input.size     side of a square input, or HEIGHTxWIDTH
 *     labels         names between commas or one a line, after an optional "title: "; read where there are as
 *                    many as the network has outputs
 *     labels.offset  class index = label of the data set + offset
 *     sned.provenance   how this network came to be
 */
#include "io/onnx/import/import.h"

#include "base/text.h"
#include "io/files/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *onnx_metadata(const Onnx__ModelProto *model, const char *key)
{
    for (size_t i = 0; i < model->n_metadata_props; i++) {
        const Onnx__StringStringEntryProto *entry = model->metadata_props[i];
        if (entry->key && entry->value && strcmp(entry->key, key) == 0)
            return entry->value;
    }
    return NULL;
}

static sned_status fail_value(struct importer *importer, const char *key, const char *value)
{
    return sned_fail(importer->error, SNED_ERROR_FORMAT, "metadata %s: '%.100s' is not understood", key,
                     value);
}

/* Numbers between commas: one, which goes for every channel, or one a channel. Absent: untouched. */
static sned_status read_numbers(struct importer *importer, const char *key, int channels, float *numbers)
{
    const char *text = onnx_metadata(importer->model, key);
    int count = 0;
    if (text == NULL)
        return SNED_OK;
    for (const char *at = text; *at && count < channels; count++) {
        char *end;
        numbers[count] = strtof(at, &end);
        while (*end == ' ' || *end == ']')
            end++;
        if (end == at || (*end && *end != ',') || !isfinite(numbers[count]))
            return fail_value(importer, key, text);
        at = *end ? end + 1 : end;
        if (*at == 0 && count == 0)
            for (int i = 1; i < channels; i++)
                numbers[i] = numbers[0];
        if (*at && count + 1 == channels)
            return fail_value(importer, key, text);
    }
    return count == 1 || count == channels ? SNED_OK : fail_value(importer, key, text);
}

static sned_status read_color(struct importer *importer, int channels, char color[8])
{
    const char *text = onnx_metadata(importer->model, "input.color");
    if (text == NULL)
        text = channels == 1 ? "gray" : "RGB";
    const char *name = sned_color_name(text);
    if (name == NULL)
        return fail_value(importer, "input.color", text);
    if (channels != (strcmp(name, "gray") == 0 ? 1 : 3))
        return sned_fail(importer->error, SNED_ERROR_FORMAT,
                         "metadata input.color: '%s' for an input of %d channels", text, channels);
    strcpy(color, name);
    return SNED_OK;
}

static sned_status read_resize(struct importer *importer, struct extent input, struct resize *resize)
{
    const char *text = onnx_metadata(importer->model, "input.resize");
    if (text == NULL)
        return SNED_OK;
    if (!sned_resize_parse(resize, text))
        return fail_value(importer, "input.resize", text);
    return sned_error_context(importer->error, sned_resize_check(*resize, input, importer->error),
                              "metadata input.resize");
}

static sned_status read_offset(struct importer *importer, int *offset)
{
    const char *text = onnx_metadata(importer->model, "labels.offset");
    char *end;
    if (text == NULL)
        return SNED_OK;
    long value = strtol(text, &end, 10);
    if (end == text || *end || value < -GRAPH_MAX_DIM || value > GRAPH_MAX_DIM)
        return fail_value(importer, "labels.offset", text);
    *offset = (int)value;
    return SNED_OK;
}

/* Preprocessing is known where the file says anything of it; else the network takes values. */
static sned_status read_rule(struct importer *importer)
{
    const struct shape *shape = &importer->graph->tensors[importer->graph->input].shape;
    struct input_rule rule = {.is_image = false};
    SNED_TRY(read_offset(importer, &rule.label_offset));
    rule.is_image =
        onnx_metadata(importer->model, "input.color") || onnx_metadata(importer->model, "input.mean") ||
        onnx_metadata(importer->model, "input.scale") || onnx_metadata(importer->model, "input.resize");
    if (rule.is_image) {
        struct extent input = sned_shape_extent(shape);
        int channels = input.channels;
        const char *layout = onnx_metadata(importer->model, "input.layout");
        if (channels > GRAPH_MAX_CHANNELS_MEAN)
            return sned_fail(importer->error, SNED_ERROR_FORMAT,
                             "metadata input.mean for an input of %d channels", channels);
        if (layout && strcmp(layout, "NCHW") != 0 && strcmp(layout, "NHWC") != 0)
            return fail_value(importer, "input.layout", layout);
        for (int i = 0; i < GRAPH_MAX_CHANNELS_MEAN; i++)
            rule.scale[i] = i < channels ? 1.0f : 0.0f;
        SNED_TRY(read_color(importer, channels, rule.color));
        SNED_TRY(read_resize(importer, input, &rule.resize));
        SNED_TRY(read_numbers(importer, "input.mean", channels, rule.mean));
        SNED_TRY(read_numbers(importer, "input.scale", channels, rule.scale));
    }
    importer->graph->rule = rule;
    return SNED_OK;
}

/* Without blanks at its ends, and a line's carriage return. */
static char *trim(char *text)
{
    size_t length;

    text += strspn(text, " \t\r");
    length = strlen(text);
    while (length > 0 && strchr(" \t\r", text[length - 1]))
        text[--length] = 0;
    return text;
}

/* Splits `text`, which it changes, and sets the labels where their number is that of the classes. */
static sned_status split_labels(struct importer *importer, char *text, int classes)
{
    char separator = strchr(text, '\n') ? '\n' : ',';
    size_t length = strlen(text);
    int count = 1;
    char **labels;
    if (separator == '\n' && length > 0 && text[length - 1] == '\n')
        text[--length] = 0;
    for (const char *at = text; (at = strchr(at, separator)); at++)
        count++;
    if (count != classes || length == 0) {
        sned_report(importer->options.reporter,
                    "%s: metadata labels: %d names for %d classes; the classes are left without names",
                    importer->path, length ? count : 0, classes);
        return SNED_OK;
    }
    SNED_TRY(sned_alloc(&labels, (size_t)count, sizeof *labels, importer->error));
    for (int i = 0; i < count; i++) {
        char *end = strchr(text, separator);
        if (end)
            *end = 0;
        labels[i] = trim(text);
        text = end ? end + 1 : text;
    }
    sned_status status =
        sned_graph_set_labels(importer->graph, (const char *const *)labels, count, importer->error);
    free(labels);
    return status;
}

static sned_status read_labels(struct importer *importer)
{
    const char *text = onnx_metadata(importer->model, "labels");
    const struct scores scores = sned_graph_scores(importer->graph);
    int classes =
        scores.count == 1
            ? scores.classes
            : sned_shape_extent(&importer->graph->tensors[importer->graph->outputs[0]].shape).channels;
    char *copy;
    if (text == NULL)
        return SNED_OK;
    if (!sned_text_is_utf8(text))
        return sned_fail(importer->error, SNED_ERROR_FORMAT, "metadata labels: not UTF-8");
    text = text_behind_mark(text);
    const char *title = strchr(text, '\n') ? NULL : strstr(text, ": ");
    const char *comma = strchr(text, ',');
    if (title && (comma == NULL || title < comma))
        text = title + 2;
    SNED_TRY(sned_strdup(&copy, text, importer->error));
    sned_status status = split_labels(importer, copy, classes);
    free(copy);
    return status;
}

sned_status onnx_read_metadata(struct importer *importer)
{
    const char *provenance = onnx_metadata(importer->model, "sned.provenance");
    SNED_TRY(read_rule(importer));
    SNED_TRY(read_labels(importer));
    if (provenance)
        SNED_TRY(sned_strdup(&importer->graph->provenance, provenance, importer->error));
    return SNED_OK;
}
