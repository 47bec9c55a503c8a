/*
 * weights_rans.c - the format of large layers: static, interleaved rANS by classes of rows and columns
 * (coder/rans.h). A filter is a row.
 */
#include "codec/weights.h"
#include "codec/coder/rans.h"

enum { MOST_SIDE = 1 << 20 };

static size_t row_length(const int shape[4])
{
    return (size_t)shape[1] * (size_t)shape[2] * (size_t)shape[3];
}

/* A file may claim many weights for few bytes; what a decoder keeps for each row and column beside them stays
 * small this way. */
static sned_status check_sides(const int shape[4], sned_error *error)
{
    if (shape[0] <= MOST_SIDE && row_length(shape) <= MOST_SIDE)
        return SNED_OK;
    return sned_fail(error, SNED_ERROR_UNSUPPORTED, "rans: %d filters of %zu weights; each may be %d at most",
                     shape[0], row_length(shape), MOST_SIDE);
}

sned_status sned_encode_rans(const int8_t *weights, const int shape[4], size_t count, struct writer *writer,
                             sned_error *error)
{
    return sned_rans_encode(writer, weights, (size_t)shape[0], row_length(shape), error);
}

static sned_status decode(const struct weight_stream *stream, int8_t *weights, sned_error *error)
{
    struct rans_decoder decoder;
    const size_t columns = row_length(stream->shape);
    sned_status status;
    SNED_TRY(sned_rans_open(&decoder, stream->data, stream->size, (size_t)stream->shape[0], columns, error));
    for (size_t b = 0; b < rans_blocks(&decoder.layer); b++)
        SNED_TRY_DONE(
            sned_rans_decode_block(&decoder, b, weights + b * decoder.layer.block_rows * columns, error));
    status = SNED_OK;
done:
    sned_rans_close(&decoder);
    return status;
}

const struct weight_coding sned_weights_rans = {"rans", check_sides, decode, NULL};
