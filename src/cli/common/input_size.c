/*
 * input_size.c - see input_size.h.
 */
#include "cli/common/input_size.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static sned_status fail_text(const char *text, sned_error *error)
{
    return sned_fail(
        error, SNED_ERROR_ARGUMENT,
        "--input: '%s' is no picture's size; 1x28x28 is gray, 3x32x32 in planes of colors, 32x32x3 with "
        "the colors of each pixel side by side",
        text);
}

sned_status input_size_parse(struct onnx_options *picture, const char *text, sned_error *error)
{
    long numbers[3];
    int count = 0;
    char *end;
    *picture = (struct onnx_options){0};
    if (text == NULL)
        return SNED_OK;
    for (const char *at = text;; at = end + 1) {
        if (count == 3 || !isdigit((unsigned char)*at))
            return fail_text(text, error);
        numbers[count] = strtol(at, &end, 10);
        if (numbers[count] < 1 || numbers[count] > GRAPH_MAX_WINDOW || (*end && *end != 'x'))
            return fail_text(text, error);
        count++;
        if (*end == 0)
            break;
    }
    bool is_first = count == 3 && (numbers[0] == 1 || numbers[0] == 3);
    picture->channels_last = count == 3 && !is_first;
    long channels = count == 2 ? 1 : is_first ? numbers[0] : numbers[2];
    const long *size = numbers + is_first;
    if (count < 2 || (channels != 1 && channels != 3))
        return fail_text(text, error);
    picture->picture = (struct extent){(int)channels, (int)size[0], (int)size[1]};
    return SNED_OK;
}

/* The side of a square of `area`, 8 or more; 0: none. */
static int square_side(int64_t area)
{
    int side = (int)lround(sqrt((double)area));
    return side >= 8 && (int64_t)side * side == area ? side : 0;
}

const char *input_size_hint(char text[INPUT_HINT], const struct graph *graph)
{
    const struct shape *shape = &graph->tensors[graph->input].shape;
    int gray = shape->rank == 2 ? square_side(shape->dim[1]) : 0;
    int color = shape->rank == 2 && shape->dim[1] % 3 == 0 ? square_side(shape->dim[1] / 3) : 0;
    text[0] = 0;
    if (gray)
        snprintf(text, INPUT_HINT, "; for gray pictures: --input 1x%dx%d", gray, gray);
    else if (color)
        snprintf(text, INPUT_HINT,
                 "; for pictures: --input 3x%dx%d, or %dx%dx3 where the colors of a pixel lie side "
                 "by side",
                 color, color, color, color);
    else if (shape->rank == 3 && shape->dim[1] > 1 && shape->dim[2] > 1)
        snprintf(text, INPUT_HINT, "; for gray pictures: --input 1x%dx%d", (int)shape->dim[1],
                 (int)shape->dim[2]);
    else if (shape->rank == 2)
        snprintf(text, INPUT_HINT, "; for pictures: --input 1xHEIGHTxWIDTH");
    return text;
}
