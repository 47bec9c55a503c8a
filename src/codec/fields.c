/*
 * fields.c - numbers in range, strings and scalings of the .sned file.
 */
#include "codec/fields.h"

#include <math.h>
#include <string.h>

/* ---- numbers ---- */

void sned_write_zigzag(struct writer *writer, int64_t value)
{
    uint64_t twice = (uint64_t)value << 1;
    sned_write_varint(writer, value < 0 ? ~twice : twice);
}

static int64_t in_range(struct reader *reader, int64_t value, int64_t low, int64_t high)
{
    if (value >= low && value <= high)
        return value;
    reader->failed = true;
    return low;
}

int64_t sned_read_zigzag(struct reader *reader, int64_t low, int64_t high)
{
    uint64_t twice = sned_read_varint(reader);
    int64_t half = (int64_t)(twice >> 1);
    return in_range(reader, twice & 1 ? -half - 1 : half, low, high);
}

int64_t sned_read_integer(struct reader *reader, int64_t low, int64_t high)
{
    uint64_t value = sned_read_varint(reader);
    return in_range(reader, value > INT64_MAX ? INT64_MAX : (int64_t)value, low, high);
}

float sned_read_finite(struct reader *reader)
{
    float value = sned_read_f32(reader);
    if (isfinite(value))
        return value;
    reader->failed = true;
    return 0;
}

sned_status sned_fail_damaged(const char *record, sned_error *error)
{
    return sned_fail(error, SNED_ERROR_FORMAT, "%s is cut off or holds a value out of range", record);
}

/* ---- quantizations ---- */

int sned_quantization_code(const struct quantization *quantization)
{
    if (quantization->scale == 0)
        return QUANTIZED_NOT;
    if (quantization->bits == 16)
        return QUANTIZED_S16;
    return quantization->is_signed ? QUANTIZED_S8 : QUANTIZED_U8;
}

struct quantization sned_read_quantization(struct reader *reader, int code)
{
    if (code == QUANTIZED_NOT)
        return (struct quantization){0};
    float scale = sned_read_finite(reader);
    if (scale <= 0)
        reader->failed = true;
    return (struct quantization){scale, code == QUANTIZED_S16 ? 16 : 8, code != QUANTIZED_U8};
}

/* ---- text ---- */

/* Bytes of the UTF-8 sequence at the head of `text`; 0 where there is none, or a zero byte. */
static size_t utf8_sequence(const uint8_t *text, size_t left)
{
    static const uint32_t smallest[5] = {0, 0x01, 0x80, 0x800, 0x10000};
    uint8_t first = text[0];
    size_t size = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (size > left || first >= 0xf8 || (first >= 0x80 && first < 0xc0))
        return 0;
    uint32_t code = size == 1 ? first : first & (0x7fu >> size);
    for (size_t i = 1; i < size; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (text[i] & 0x3f);
    }
    bool is_surrogate = code >= 0xd800 && code < 0xe000;
    return code < smallest[size] || is_surrogate || code > 0x10ffff ? 0 : size;
}

bool sned_text_is_valid(const void *text, size_t size)
{
    const uint8_t *bytes = text;
    size_t step;
    for (size_t i = 0; i < size; i += step) {
        step = utf8_sequence(bytes + i, size - i);
        if (step == 0)
            return false;
    }
    return true;
}

void sned_text_repair(void *text, size_t size)
{
    uint8_t *bytes = text;
    size_t step;
    for (size_t i = 0; i < size; i += step) {
        step = utf8_sequence(bytes + i, size - i);
        if (step == 0) {
            bytes[i] = '?';
            step = 1;
        }
    }
}

void sned_write_text(struct writer *writer, const char *text)
{
    size_t start = writer->buffer.size;
    sned_write_bytes(writer, text, strlen(text));
    if (writer->buffer.size > start)
        sned_text_repair(writer->buffer.data + start, writer->buffer.size - start);
}

void sned_write_string(struct writer *writer, const char *text)
{
    sned_write_varint(writer, text ? strlen(text) : 0);
    if (text)
        sned_write_text(writer, text);
}

sned_status sned_read_string(struct reader *reader, size_t limit, char **text, sned_error *error)
{
    *text = NULL;
    size_t size = (size_t)sned_read_integer(reader, 0, (int64_t)limit);
    const uint8_t *bytes = sned_read_bytes(reader, size);
    if (reader->failed)
        return sned_fail(error, SNED_ERROR_FORMAT, "a string is cut off or longer than %zu bytes", limit);
    if (!sned_text_is_valid(bytes, size))
        return sned_fail(error, SNED_ERROR_FORMAT, "a string is not UTF-8");
    SNED_TRY(sned_alloc(text, size + 1, 1, error));
    if (size)
        memcpy(*text, bytes, size);
    return SNED_OK;
}

/* ---- scalings ----
 *
 *     base    7 6 5     0    width   7     3 2   0    then for each scaling, lowest bit first:
 *            +-+-+-------+          +-------+-----+      +------------------------+--------------+
 *            |0|W| shift |          |   0   |width|      | multiplier, 15 + W bits| shift, width |
 *            +-+-+-------+          +-------+-----+      +------------------------+--------------+
 */
enum { BASE_SHIFT_MASK = 0x3f, BASE_WIDE = 0x40, MAX_WIDTH = 6, MULTIPLIER_TOP = 1 << 15 };

struct bit_writer {
    struct writer *writer;
    uint32_t bits;
    unsigned count;
};

static void put_bits(struct bit_writer *out, uint32_t value, unsigned count)
{
    out->bits |= value << out->count; /* at most 7 + 16 bits */
    for (out->count += count; out->count >= 8; out->count -= 8) {
        sned_write_u8(out->writer, (uint8_t)out->bits);
        out->bits >>= 8;
    }
}

void sned_write_scalings(struct writer *writer, const struct scaling *scalings, size_t count)
{
    if (count == 0)
        return;
    uint8_t low = BASE_SHIFT_MASK, high = 0, width = 0;
    bool wide = false;
    for (size_t i = 0; i < count; i++) {
        low = scalings[i].shift < low ? scalings[i].shift : low;
        high = scalings[i].shift > high ? scalings[i].shift : high;
        wide = wide || scalings[i].multiplier < MULTIPLIER_TOP;
    }
    while ((high - low) >> width)
        width++;
    sned_write_u8(writer, (uint8_t)(low | (wide ? BASE_WIDE : 0)));
    sned_write_u8(writer, width);
    struct bit_writer out = {.writer = writer};
    for (size_t i = 0; i < count; i++) {
        put_bits(&out, scalings[i].multiplier & (wide ? 0xffffu : 0x7fffu), wide ? 16 : 15);
        put_bits(&out, (uint32_t)(scalings[i].shift - low), width);
    }
    put_bits(&out, 0, (8 - out.count) % 8);
}

static uint32_t get_bits(const uint8_t *data, size_t *position, unsigned count)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < count; i++, ++*position)
        value |= (uint32_t)(data[*position / 8] >> (*position % 8) & 1) << i;
    return value;
}

sned_status sned_read_scalings(struct reader *reader, struct scaling **scalings, size_t count,
                               sned_error *error)
{
    *scalings = NULL;
    if (count == 0)
        return SNED_OK;
    uint8_t base = sned_read_u8(reader), width = sned_read_u8(reader);
    unsigned multiplier_bits = base & BASE_WIDE ? 16 : 15;
    size_t bits = 0;
    if (base & ~(BASE_SHIFT_MASK | BASE_WIDE) || width > MAX_WIDTH ||
        !sned_size_multiply(count, multiplier_bits + width, &bits))
        reader->failed = true;
    const uint8_t *data = sned_read_bytes(reader, bits / 8 + (bits % 8 != 0));
    if (!data)
        return sned_fail(error, SNED_ERROR_FORMAT, "%zu scalings are cut off or damaged", count);

    struct scaling *made;
    SNED_TRY(sned_alloc(&made, count, sizeof *made, error));
    size_t position = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t multiplier = get_bits(data, &position, multiplier_bits);
        uint32_t shift = (base & BASE_SHIFT_MASK) + get_bits(data, &position, width);
        if (shift < SNED_MIN_SHIFT || shift > SNED_MAX_SHIFT) {
            sned_free(made);
            return sned_fail(error, SNED_ERROR_FORMAT, "a scaling shifts by %u; 1 to 62 is possible",
                             (unsigned)shift);
        }
        made[i].multiplier = (uint16_t)(base & BASE_WIDE ? multiplier : multiplier | MULTIPLIER_TOP);
        made[i].shift = (uint8_t)shift;
    }
    if (position % 8 && get_bits(data, &position, 8 - position % 8)) {
        sned_free(made);
        return sned_fail(error, SNED_ERROR_FORMAT, "the bits behind the last scaling are not 0");
    }
    *scalings = made;
    return SNED_OK;
}
