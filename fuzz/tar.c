/*
 * tar.c - target: a tar of pictures, compressed or not, with its labels text or with class folders.
 *
 * A tar's headers have checksums, which keep a fuzzer out: where the options say so, they are made right.
 */
#include "target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES, LABELS, CONTENT, HAS_LABELS = 16, IS_MENDED = 32 };
enum { BLOCK = 512, SIZE_AT = 124, CHECKSUM_AT = 148, CHECKSUM_SIZE = 8 };

static void mend_header(uint8_t *block)
{
    unsigned sum = 0;
    char text[16];

    memset(block + CHECKSUM_AT, ' ', CHECKSUM_SIZE);
    for (int i = 0; i < BLOCK; i++)
        sum += block[i];
    snprintf(text, sizeof text, "%06o", sum);
    memcpy(block + CHECKSUM_AT, text, 7);
}

/* The size field, as tar has it in its simplest form. */
static size_t content_size(const uint8_t *block)
{
    char text[12] = {0};

    memcpy(text, block + SIZE_AT, sizeof text - 1);
    return strtoul(text, NULL, 8);
}

static void mend_headers(uint8_t *tar, size_t size)
{
    for (size_t at = 0; size - at >= BLOCK;) {
        uint8_t *block = tar + at;
        if (block[0])
            mend_header(block);
        size_t blocks = block[0] ? (content_size(block) + BLOCK - 1) / BLOCK : 0;
        at += BLOCK;
        if (blocks > (size - at) / BLOCK)
            return;
        at += blocks * BLOCK;
    }
}

static void write_tar(const struct fuzz_parts *parts)
{
    uint8_t *tar = malloc(parts->content.size + 1);

    if (parts->content.size)
        memcpy(tar, parts->content.data, parts->content.size);
    if (parts->options & IS_MENDED)
        mend_headers(tar, parts->content.size);
    fuzz_file(CONTENT, tar, parts->content.size);
    free(tar);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool is_linked;
    struct fuzz_parts parts = fuzz_split(data, size);
    char spec[128];

    if (!is_linked) {
        fuzz_link("labelled/classes.txt", NAMES);
        fuzz_link("labelled/a.labels.txt", LABELS);
        fuzz_link("labelled/a.tar", CONTENT);
        fuzz_link("plain/a.tar", CONTENT);
        is_linked = true;
    }
    fuzz_file(NAMES, parts.names.data, parts.names.size);
    fuzz_file(LABELS, parts.labels.data, parts.labels.size);
    write_tar(&parts);
    snprintf(spec, sizeof spec, "%s/%s/a.tar", fuzz_folder(),
             parts.options & HAS_LABELS ? "labelled" : "plain");
    fuzz_read_dataset(spec, parts.options);
    return 0;
}
