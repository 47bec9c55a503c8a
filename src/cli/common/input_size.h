/*
 * input_size.h - --input: the picture that a network's input is, where its file does not say so.
 */
#ifndef SNED_CLI_COMMON_INPUT_SIZE_H
#define SNED_CLI_COMMON_INPUT_SIZE_H

#include "io/onnx/onnx.h"

/* "28x28" or "1x28x28" gray, "3x32x32" planes of colors, "32x32x3" the colors of each pixel side by side;
 * NULL: nothing is known. SNED_ERROR_ARGUMENT where it is none of these. */
sned_status input_size_parse(struct onnx_options *picture, const char *text, sned_error *error);

enum { INPUT_HINT = 160 };
/* What to give so that pictures can be its input: "; for pictures: --input 1x28x28"; empty where that cannot
 * be told. Returns `text`. */
const char *input_size_hint(char text[INPUT_HINT], const struct graph *graph);

#endif
