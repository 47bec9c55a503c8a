/*
 * image_jpeg.c - JPEG pictures, by libjpeg-turbo.
 *
 * libjpeg reports errors by a callback that must not return: it jumps back to the setjmp below. All that has
 * to survive the jump lives in one struct. Damage that libjpeg would only warn of (a scan that ends early, a
 * code that does not exist) is an error too; stray bytes between segments, which many cameras leave, are not.
 */
#include "base/memory.h"
#include "io/pictures/image_decoder.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>
#include <jerror.h>

enum { MAX_SCANS = 100 }; /* a progressive file may make the decoder pass over the picture again and again */

struct jpeg_decoder {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf back;
    char message[JMSG_LENGTH_MAX];
    sned_status status; /* of picture_alloc */
    struct picture picture;
    uint8_t *row; /* CMYK before it is converted */
};

static struct jpeg_decoder *decoder_of(j_common_ptr common)
{
    return common->client_data;
}

static void on_error(j_common_ptr common)
{
    struct jpeg_decoder *decoder = decoder_of(common);
    common->err->format_message(common, decoder->message);
    longjmp(decoder->back, 1);
}

static void on_message(j_common_ptr common, int level)
{
    int code = common->err->msg_code;
    if (level < 0 && code != JWRN_EXTRANEOUS_DATA && code != JWRN_ADOBE_XFORM && code != JWRN_JFIF_MAJOR)
        on_error(common);
}

static void on_print(j_common_ptr common)
{
    (void)common;
}

static void on_progress(j_common_ptr common)
{
    struct jpeg_decoder *decoder = decoder_of(common);
    if (common->is_decompressor && decoder->jpeg.input_scan_number > MAX_SCANS) {
        snprintf(decoder->message, sizeof decoder->message, "more than %d scans", MAX_SCANS);
        longjmp(decoder->back, 1);
    }
}

/* What libjpeg shall give: grey, RGB, or CMYK, which it cannot convert. False for anything else. */
static bool choose_colors(struct jpeg_decompress_struct *jpeg)
{
    switch (jpeg->jpeg_color_space) {
    case JCS_GRAYSCALE:
        jpeg->out_color_space = JCS_GRAYSCALE;
        return true;
    case JCS_RGB:
    case JCS_YCbCr:
        jpeg->out_color_space = JCS_RGB;
        return true;
    case JCS_CMYK:
    case JCS_YCCK:
        jpeg->out_color_space = JCS_CMYK;
        return true;
    default:
        return false;
    }
}

/* Decoding at 1/8, 1/4 or 1/2 size costs less; the result stays at least twice the size that is wanted. */
static void choose_scale(struct jpeg_decompress_struct *jpeg, struct extent input)
{
    jpeg->scale_num = 1;
    jpeg->scale_denom = 1;
    for (unsigned halves = 8; halves > 1; halves /= 2)
        if (jpeg->image_width / halves / 2 >= (unsigned)input.width &&
            jpeg->image_height / halves / 2 >= (unsigned)input.height) {
            jpeg->scale_denom = halves;
            return;
        }
}

/* Adobe's files, nearly all that there are, hold ink inverted: 255 is none. */
static void convert_cmyk(const uint8_t *row, int width, bool is_inverted, uint8_t *to)
{
    for (int x = 0; x < width; x++, row += 4)
        for (int c = 0; c < 3; c++) {
            int light = is_inverted ? row[c] : 255 - row[c];
            int key = is_inverted ? row[3] : 255 - row[3];
            *to++ = (uint8_t)((light * key + 127) / 255);
        }
}

static void read_rows(struct jpeg_decoder *decoder)
{
    struct jpeg_decompress_struct *jpeg = &decoder->jpeg;
    struct picture *picture = &decoder->picture;
    while (jpeg->output_scanline < jpeg->output_height) {
        uint8_t *to = picture->pixels +
                      (size_t)jpeg->output_scanline * (size_t)picture->width * (size_t)picture->channels;
        JSAMPROW row = decoder->row ? decoder->row : to;
        if (jpeg_read_scanlines(jpeg, &row, 1) == 1 && decoder->row)
            convert_cmyk(decoder->row, picture->width, jpeg->saw_Adobe_marker, to);
    }
}

/* Everything between setjmp and its return; libjpeg may leave it at any call. */
static sned_status decode(struct jpeg_decoder *decoder, const void *data, size_t size, struct extent input,
                          sned_error *error)
{
    struct jpeg_decompress_struct *jpeg = &decoder->jpeg;
    jpeg_mem_src(jpeg, data, (unsigned long)size);
    jpeg_read_header(jpeg, TRUE);
    SNED_TRY(picture_check_size(jpeg->image_height, jpeg->image_width, error));
    if (!choose_colors(jpeg))
        return sned_fail(error, SNED_ERROR_UNSUPPORTED,
                         "a JPEG picture of %d channels in an unknown colour space", jpeg->num_components);
    choose_scale(jpeg, input);
    jpeg_start_decompress(jpeg);
    int channels = jpeg->out_color_space == JCS_GRAYSCALE ? 1 : 3;
    SNED_TRY(picture_alloc(&decoder->picture, jpeg->output_height, jpeg->output_width, channels, error));
    if (jpeg->out_color_space == JCS_CMYK)
        SNED_TRY(sned_alloc(&decoder->row, jpeg->output_width, 4, error));
    read_rows(decoder);
    jpeg_finish_decompress(jpeg);
    return SNED_OK;
}

sned_status picture_decode_jpeg(struct picture *picture, const void *data, size_t size, struct extent input,
                                sned_error *error)
{
    struct jpeg_decoder *decoder;
    SNED_TRY(sned_alloc(&decoder, 1, sizeof *decoder, error));
    decoder->jpeg.err = jpeg_std_error(&decoder->errors);
    decoder->errors.error_exit = on_error;
    decoder->errors.emit_message = on_message;
    decoder->errors.output_message = on_print;
    decoder->jpeg.client_data = decoder;
    decoder->progress.progress_monitor = on_progress;
    if (setjmp(decoder->back) == 0) {
        jpeg_create_decompress(&decoder->jpeg); /* keeps err and client_data */
        decoder->jpeg.progress = &decoder->progress;
        decoder->status = decode(decoder, data, size, input, error);
    } else {
        decoder->status = sned_fail(error, SNED_ERROR_FORMAT, "damaged JPEG: %s", decoder->message);
    }
    jpeg_destroy_decompress(&decoder->jpeg);
    sned_status status = decoder->status;
    if (status == SNED_OK)
        *picture = decoder->picture;
    else
        free(decoder->picture.pixels);
    free(decoder->row);
    free(decoder);
    return status;
}
