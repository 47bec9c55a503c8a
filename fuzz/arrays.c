/*
 * arrays.c - target: IDX files and CIFAR-10 batches, compressed or not, with names of classes beside them.
 */
#include "target.h"

#include <stdio.h>

enum { NAMES, LABELS, CONTENT, IS_CIFAR = 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool is_linked;
    struct fuzz_parts parts = fuzz_split(data, size);
    char spec[128];

    if (!is_linked) {
        fuzz_link("idx/classes.txt", NAMES);
        fuzz_link("idx/t10k-labels-idx1-ubyte", LABELS);
        fuzz_link("idx/t10k-images-idx3-ubyte", CONTENT);
        fuzz_link("cifar/batches.meta.txt", NAMES);
        fuzz_link("cifar/test_batch.bin", CONTENT);
        is_linked = true;
    }
    fuzz_file(NAMES, parts.names.data, parts.names.size);
    fuzz_file(LABELS, parts.labels.data, parts.labels.size);
    fuzz_file(CONTENT, parts.content.data, parts.content.size);
    snprintf(spec, sizeof spec, "%s/%s", fuzz_folder(), parts.options & IS_CIFAR ? "cifar" : "idx");
    fuzz_read_dataset(spec, parts.options);
    return 0;
}
