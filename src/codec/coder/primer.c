/*
 * primer.c - text and records as they are in files of sned: names of layers, provenance.
 */
#include "codec/coder/primer.h"

const uint8_t sned_primer[] =
    "{\"tool\":\"sned 0.1.0\",\"command\":\"pack\",\"source\":\"model.onnx\",\"seed\":1}";
const size_t sned_primer_size = sizeof sned_primer - 1;
