/*
 * npy.c - target: NumPy's arrays, as x.npy with its labels in y.npy, named or by the folder, or in a .npz.
 *
 * A zip's checksums keep a fuzzer out of the arrays in it: these are attacked as they are.
 */
#include "target.h"

#include <stdio.h>

enum { NAMES, LABELS, CONTENT, IS_ZIP = 16, IS_FOLDER = 32 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool is_linked;
    struct fuzz_parts parts = fuzz_split(data, size);
    char spec[128];

    if (!is_linked) {
        fuzz_link("npy/classes.txt", NAMES);
        fuzz_link("npy/y.npy", LABELS);
        fuzz_link("npy/x.npy", CONTENT);
        fuzz_link("npy/a.npz", CONTENT);
        is_linked = true;
    }
    fuzz_file(NAMES, parts.names.data, parts.names.size);
    fuzz_file(LABELS, parts.labels.data, parts.labels.size);
    fuzz_file(CONTENT, parts.content.data, parts.content.size);
    snprintf(spec, sizeof spec, "%s/npy/%s", fuzz_folder(),
             parts.options & IS_ZIP      ? "a.npz"
             : parts.options & IS_FOLDER ? ""
                                         : "x.npy:y.npy");
    fuzz_read_dataset(spec, parts.options);
    return 0;
}
