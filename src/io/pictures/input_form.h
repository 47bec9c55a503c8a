/*
 * input_form.h - the form in which a network takes its input, and so what pictures and arrays are brought to.
 */
#ifndef SNED_IO_PICTURES_INPUT_FORM_H
#define SNED_IO_PICTURES_INPUT_FORM_H

#include "graph/graph.h"
#include <string.h>

struct input_form {
    struct extent input;
    char color[8];            /* of pictures: "RGB", "BGR" (both C = 3) or "gray" (C = 1); "": by C */
    struct resize resize;     /* of pictures of another size */
    bool takes_values;        /* no pictures */
    struct given_input given; /* values may come in the shape of the network's ONNX file, too */
};

static inline struct input_form input_form_of(const struct graph *graph)
{
    struct input_form form = {.input = sned_shape_extent(&graph->tensors[graph->input].shape),
                              .resize = graph->rule.resize,
                              .takes_values = !graph->rule.is_image,
                              .given = graph->given};
    memcpy(form.color, graph->rule.color, sizeof form.color);
    return form;
}

#endif
