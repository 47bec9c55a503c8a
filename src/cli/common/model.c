/*
 * model.c - loading models and opening data for them.
 */
#include "cli/common/model.h"
#include "base/file.h"
#include "base/text.h"
#include "base/thread.h"
#include "cli/common/head.h"
#include "cli/common/input_size.h"
#include "cli/common/pixel_range.h"
#include "cli/common/value_range.h"
#include "io/data/labels.h"
#include "io/onnx/onnx.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The first bytes of a .sned file (docs/format.md). */
static const uint8_t SNED_MAGIC[6] = {0x89, 'S', 'N', 'E', 'D', '\n'};

static sned_status load_sned(struct model *model, const struct file_map *map, sned_error *error)
{
    return sned_unpack(&model->graph, map->data, map->size, &model->storage, &model->storage_count, error);
}

static sned_status override_numbers(float values[GRAPH_MAX_CHANNELS_MEAN], const char *text,
                                    const char *option, int channels, sned_error *error)
{
    float numbers[GRAPH_MAX_CHANNELS_MEAN];
    int count;
    SNED_TRY(parse_numbers(text, option, numbers, GRAPH_MAX_CHANNELS_MEAN, &count, error));
    if (count != 1 && count != channels)
        return sned_fail(error, SNED_ERROR_ARGUMENT,
                         "--%s: the network has %d channels; give 1 or %d numbers", option, channels,
                         channels);
    for (int c = 0; c < channels; c++)
        values[c] = numbers[count == 1 ? 0 : c];
    return SNED_OK;
}

/* Whether pictures can be its input, though the model may name no preprocessing. */
static bool fits_pictures(const struct graph *graph)
{
    const struct shape *shape = &graph->tensors[graph->input].shape;
    return graph->rule.is_image ||
           (!graph->integer && shape->rank == 4 && (shape->dim[1] == 1 || shape->dim[1] == 3));
}

/* Pixels as they are. */
static void default_rule(struct graph *graph)
{
    struct input_rule *rule = &graph->rule;
    rule->is_image = true;
    strcpy(rule->color, graph->tensors[graph->input].shape.dim[1] == 3 ? "RGB" : "gray");
    for (int c = 0; c < GRAPH_MAX_CHANNELS_MEAN; c++) {
        rule->mean[c] = 0;
        rule->scale[c] = 1;
    }
}

static void say_assumed(const struct model *model, const struct reporter *reporter)
{
    sned_report(reporter, "%s: names no preprocessing; pixels are taken as they are, 0 to 255, %s",
                model->path, model->graph->rule.color);
}

void model_assume_pictures(struct model *model, const struct reporter *reporter)
{
    if (model->graph->rule.is_image || !fits_pictures(model->graph))
        return;
    default_rule(model->graph);
    say_assumed(model, reporter);
    warn_of_pixel_range(model->graph, model->path, reporter);
}

/* A scale of 0 would make all pictures one. */
static sned_status override_scale(struct input_rule *rule, const char *text, int channels, sned_error *error)
{
    SNED_TRY(override_numbers(rule->scale, text, "scale", channels, error));
    for (int c = 0; c < channels; c++)
        if (rule->scale[c] == 0.0f)
            return sned_fail(error, SNED_ERROR_ARGUMENT,
                             "--scale: 0 makes all pixels alike; pixels from 0 to 1: 0.0039216");
    return SNED_OK;
}

static sned_status override_color(struct input_rule *rule, const char *text, int channels, sned_error *error)
{
    const char *name = sned_color_name(text);
    if (!name || (channels == 1) != !strcmp(name, "gray"))
        return sned_fail(error, SNED_ERROR_ARGUMENT,
                         "--color: '%s' does not fit %d channels; RGB or BGR for 3, gray for 1", text,
                         channels);
    strcpy(rule->color, name);
    return SNED_OK;
}

static sned_status override_resize(struct input_rule *rule, const char *text, struct extent input,
                                   sned_error *error)
{
    if (!sned_resize_parse(&rule->resize, text))
        return sned_fail(error, SNED_ERROR_ARGUMENT,
                         "--resize: '%s' is not squash, cover, auto or the pixels of the short side", text);
    if (sned_resize_check(rule->resize, input, NULL) != SNED_OK)
        return sned_fail(error, SNED_ERROR_ARGUMENT,
                         "--resize: a short side of %s pixels leaves no centre of %d x %d for the input",
                         text, input.height, input.width);
    return SNED_OK;
}

static sned_status apply_overrides(const struct model *model, const struct options *options,
                                   const struct reporter *reporter, sned_error *error)
{
    struct graph *graph = model->graph;
    struct input_rule *rule = &graph->rule;
    const char *path = model->path;
    struct extent input = sned_shape_extent(&graph->tensors[graph->input].shape);
    int channels = input.channels;
    bool given = options->color || options->mean || options->scale || options->resize;
    if (given && graph->integer)
        return sned_fail(error, SNED_ERROR_ARGUMENT,
                         "%s: the preprocessing of a .sned file is part of it; pack the model "
                         "again to change it",
                         path);
    if (given && !fits_pictures(graph))
        return sned_fail(
            error, SNED_ERROR_ARGUMENT,
            "%s: takes no pictures: its input of %d channels is what the data says, without mean, "
            "scale and color",
            path, channels);
    if (given) {
        bool named = rule->is_image;
        if (!named)
            default_rule(graph);
        if (options->mean)
            SNED_TRY(override_numbers(rule->mean, options->mean, "mean", channels, error));
        if (options->scale)
            SNED_TRY(override_scale(rule, options->scale, channels, error));
        if (options->color)
            SNED_TRY(override_color(rule, options->color, channels, error));
        if (options->resize)
            SNED_TRY(override_resize(rule, options->resize, input, error));
        if (!named && !options->mean && !options->scale)
            say_assumed(model, reporter);
    }
    warn_of_pixel_range(graph, path, reporter);
    if (options->has_label_offset)
        rule->label_offset = (int)options->label_offset;
    return SNED_OK;
}

/* --input with a .sned file, whose input is what it is. */
static sned_status check_picture(const struct graph *graph, const char *path,
                                 const struct onnx_options *picture, sned_error *error)
{
    struct extent input = sned_shape_extent(&graph->tensors[graph->input].shape);
    if (picture->picture.height == 0 || memcmp(&input, &picture->picture, sizeof input) == 0)
        return SNED_OK;
    return sned_fail(
        error, SNED_ERROR_ARGUMENT,
        "%s: takes %d x %d x %d, which is part of a .sned file; pack the model again with --input to "
        "change it",
        path, input.channels, input.height, input.width);
}

static sned_status labels_from_file(struct graph *graph, const char *path, sned_error *error)
{
    char **names;
    int count, classes = graph_class_count(graph);
    SNED_TRY(class_names_read(&names, &count, path, error));
    sned_status status = SNED_OK;
    if (count != classes)
        status = sned_fail(error, SNED_ERROR_DATA, "%s: has %d %s, the network %d %s", path, count,
                           sned_text_noun((size_t)count, "name", "names"), classes,
                           sned_text_noun((size_t)classes, "class", "classes"));
    else
        status = sned_graph_set_labels(graph, (const char *const *)names, count, error);
    class_names_free(names, count);
    return status;
}

sned_status model_load(struct model *model, const char *path, const struct options *options,
                       const struct reporter *reporter, sned_error *error)
{
    struct file_map map = {0};
    struct onnx_options picture;
    *model = (struct model){.path = path};
    SNED_TRY(input_size_parse(&picture, options->input, error));
    picture.reporter = reporter;
    picture.head = options->head;
    picture.written[0] = options->output;
    picture.written[1] = options->raw;
    sned_status status = sned_file_map(&map, path, error);
    if (status != SNED_OK)
        return status;
    model->bytes = map.size;
    if (!map.size)
        status = sned_fail(error, SNED_ERROR_TRUNCATED, "%s: is empty", path);
    else if (map.size >= sizeof SNED_MAGIC && !memcmp(map.data, SNED_MAGIC, sizeof SNED_MAGIC))
        status = sned_error_context(error, load_sned(model, &map, error), "%s", path);
    sned_file_unmap(&map);
    if (status == SNED_OK && !model->graph)
        status = onnx_read_with(&model->graph, path, &picture, &model->bytes, error);
    else if (status == SNED_OK)
        status = check_picture(model->graph, path, &picture, error);
    if (status == SNED_OK && options->head)
        status = sned_error_context(error, head_take(model->graph, options->head, error), "%s", path);
    if (status == SNED_OK)
        status = apply_overrides(model, options, reporter, error);
    if (status == SNED_OK && options->labels)
        status = labels_from_file(model->graph, options->labels, error);
    if (status != SNED_OK)
        model_free(model);
    return status;
}

void model_free(struct model *model)
{
    sned_graph_free(model->graph);
    free(model->storage);
    model->graph = NULL;
    model->storage = NULL;
}

/* All or none: a list with holes, or one of another length, would name some classes wrongly. */
sned_status model_name_classes(struct graph *graph, const struct dataset *dataset,
                               const struct reporter *reporter, sned_error *error)
{
    int classes = graph_class_count(graph), known = 0;
    const char **names;
    if (graph->label_count || !dataset_class_name(dataset, 0))
        return SNED_OK;
    SNED_TRY(sned_alloc(&names, (size_t)classes, sizeof *names, error));
    while (known < classes && (names[known] = dataset_class_name(dataset, known)) &&
           sned_text_is_utf8(names[known]))
        known++;
    sned_status status = SNED_OK;
    if (known == classes && !dataset_class_name(dataset, classes))
        status = sned_graph_set_labels(graph, names, classes, error);
    else if (known < classes && names[known])
        sned_report(reporter, "class %d: its name '%s' is not UTF-8; the classes are left without names",
                    known, names[known]);
    else if (dataset_has_labels(dataset)) /* of others no names are expected */
        sned_report(reporter,
                    "the data's class names are not as many as the network's %d classes, which are left "
                    "without names",
                    classes);
    free(names);
    return status;
}

int graph_class_count(const struct graph *graph)
{
    return sned_graph_scores(graph).classes;
}

const char *graph_label(const struct graph *graph, int index)
{
    return graph->labels && index >= 0 && index < graph->label_count ? graph->labels[index] : NULL;
}

int option_threads(const struct options *options)
{
    return options->threads > 0 ? (int)options->threads : sned_thread_count();
}

/* Vectors may be pictures, where the user says which. */
static void add_input_hint(const struct graph *graph, sned_error *error)
{
    char hint[INPUT_HINT];
    size_t length = strlen(error->message);
    snprintf(error->message + length, sizeof error->message - length, "%s", input_size_hint(hint, graph));
}

static sned_status open_images(struct images *images, const char *spec, struct dataset_options wanted,
                               struct model *model, const struct options *options, sned_error *error)
{
    const struct graph *graph = model->graph;
    sned_status status;
    *images = (struct images){0};
    SNED_TRY(sned_graph_check_scores(graph, error));
    if (graph->tensors[graph->input].shape.rank > 4)
        return sned_fail(error, SNED_ERROR_UNSUPPORTED, "%s: its input has %d axes; data have at most 4",
                         model->path, graph->tensors[graph->input].shape.rank);
    if (!wanted.unlabelled && !model->told_labels)
        head_tell(graph, wanted.reporter);
    model->told_labels = true;
    wanted.form = input_form_of(graph);
    wanted.form.takes_values = !fits_pictures(graph);
    wanted.classes = graph_class_count(graph);
    wanted.label_offset = graph->rule.label_offset;
    if (graph->label_count == wanted.classes) {
        wanted.class_names = (const char *const *)graph->labels;
        wanted.class_name_count = graph->label_count;
    }
    wanted.limit = options->limit > 0 ? (size_t)options->limit : 0;
    wanted.threads = option_threads(options);
    status = dataset_open(&images->dataset, spec, &wanted, error);
    if (status == SNED_ERROR_SHAPE && wanted.form.takes_values && !spec_names_arrays(spec))
        add_input_hint(graph, error);
    if (status != SNED_OK)
        goto done;
    if (dataset_item_type(images->dataset) == ITEM_PIXELS)
        model_assume_pictures(model, wanted.reporter);
    else
        SNED_TRY_DONE(tell_of_values(graph, images->dataset, spec, wanted.reporter, error));
    images->count = dataset_size(images->dataset);
    SNED_TRY_DONE(sned_alloc(&images->indices, images->count, sizeof *images->indices, error));
    for (size_t i = 0; i < images->count; i++)
        images->indices[i] = (uint32_t)i;
done:
    if (status != SNED_OK)
        images_free(images);
    return status;
}

sned_status images_open(struct images *images, const char *spec, enum split split, struct model *model,
                        const struct options *options, const struct reporter *reporter, sned_error *error)
{
    struct dataset_options wanted = {.split = split, .reporter = reporter};
    return open_images(images, spec, wanted, model, options, error);
}

sned_status images_open_pictures(struct images *images, const char *spec, enum split split,
                                 struct model *model, const struct options *options,
                                 const struct reporter *reporter, sned_error *error)
{
    struct dataset_options wanted = {.split = split, .unlabelled = true, .reporter = reporter};
    return open_images(images, spec, wanted, model, options, error);
}

void images_free(struct images *images)
{
    dataset_free(images->dataset);
    free(images->indices);
    *images = (struct images){0};
}

sned_status model_evaluate(struct graph *graph, struct images *images, const struct options *options,
                           const struct reporter *reporter, int32_t *answers, struct evaluation *evaluation,
                           sned_error *error)
{
    const struct evaluate_options how = {
        .threads = option_threads(options), .reporter = reporter, .answers = answers};
    return graph->integer ? evaluate_integer(graph, images->dataset, images->indices, images->count, &how,
                                             evaluation, error)
                          : evaluate_network(graph, images->dataset, images->indices, images->count, &how,
                                             evaluation, error);
}
