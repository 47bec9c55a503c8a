/*
 * primer.h - what the bytes of most files look like: read before a file's own (bytes_model.h).
 */
#ifndef SNED_CODEC_CODER_PRIMER_H
#define SNED_CODEC_CODER_PRIMER_H

#include <stddef.h>
#include <stdint.h>

const uint8_t *sned_primer(size_t *size);

#endif
