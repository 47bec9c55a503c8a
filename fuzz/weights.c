/*
 * weights.c - target: the stream of one layer's weights, by itself. What decodes must come back as it is
 * when it is packed and decoded again, in the same format.
 *
 *     format 1 byte | filters 1 | columns 2, little endian | stream, to the end
 */
#include "codec/codec.h"
#include "target.h"

#include <stdlib.h>
#include <string.h>

enum { HEAD = 4, MOST_COLUMNS = 1 << 12, KERNEL = 9 };

static void require_comes_back(enum weight_format format, const int8_t *weights, const int shape[4],
                               size_t count)
{
    struct buffer stream = {0};
    int8_t *again = malloc(count + 1);
    fuzz_require(sned_weights_encode(format, weights, shape, &stream, NULL) == SNED_OK,
                 "what was decoded can be encoded");
    fuzz_require(sned_weights_decode(format, stream.data, stream.size, shape, again, NULL) == SNED_OK,
                 "what was encoded can be decoded");
    fuzz_require(memcmp(again, weights, count) == 0, "weights come back as they were");
    free(again);
    sned_buffer_free(&stream);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < HEAD)
        return 0;
    const enum weight_format format = (enum weight_format)(data[0] % FORMAT_COUNT);
    int columns = (data[2] | data[3] << 8) % MOST_COLUMNS + 1;
    const bool kernels = columns % KERNEL == 0; /* 3 x 3, for the format that looks at them */
    const int shape[4] = {data[1], kernels ? columns / KERNEL : columns, kernels ? 3 : 1, kernels ? 3 : 1};
    const size_t count = (size_t)shape[0] * (size_t)columns;
    int8_t *weights = malloc(count + 1);
    sned_error error = {0};
    const sned_status status = sned_weights_decode(format, data + HEAD, size - HEAD, shape, weights, &error);
    fuzz_require_outcome(status, status == SNED_OK ? weights : NULL, &error);
    if (status == SNED_OK)
        require_comes_back(format, weights, shape, count);
    free(weights);
    return 0;
}
