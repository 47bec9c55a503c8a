/*
 * npy.c - see npy.h. The header's grammar is what numpy.save has written since its first version, and no
 * more: any order of the three keys, either kind of quote, any blanks, the "L" of Python 2's long numbers.
 */
#include "io/sources/npy.h"
#include "base/bytes.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const uint8_t NPY_MAGIC[6] = {0x93, 'N', 'U', 'M', 'P', 'Y'};
enum { MAX_HEADER = 1 << 16, MAX_DESCR = 32 };

static const struct {
    const char *code, *name;
    size_t size;
} types[NPY_TYPES] = {
    [NPY_FLOAT16] = {"f2", "float16", 2}, [NPY_FLOAT32] = {"f4", "float32", 4},
    [NPY_FLOAT64] = {"f8", "float64", 8}, [NPY_BOOL] = {"b1", "bool", 1},
    [NPY_UINT8] = {"u1", "uint8", 1},     [NPY_UINT16] = {"u2", "uint16", 2},
    [NPY_UINT32] = {"u4", "uint32", 4},   [NPY_UINT64] = {"u8", "uint64", 8},
    [NPY_INT8] = {"i1", "int8", 1},       [NPY_INT16] = {"i2", "int16", 2},
    [NPY_INT32] = {"i4", "int32", 4},     [NPY_INT64] = {"i8", "int64", 8},
};

/* What to do about an array of another kind. */
#define SAVE_PLAIN "save numpy.ascontiguousarray(x, dtype=\"float32\") instead"

/* ---- the header's text ---- */

struct header {
    const char *text, *end;
    char descr[MAX_DESCR];
    bool has_descr, has_order, has_shape, fortran_order, structured;
    int rank;
    size_t dim[NPY_MAX_RANK];
};

static void skip_blanks(struct header *header)
{
    while (header->text < header->end && memchr(" \t\r\n", *header->text, 4))
        header->text++;
}

/* Whether `letter` comes next; it is passed then. */
static bool take(struct header *header, char letter)
{
    skip_blanks(header);
    bool found = header->text < header->end && *header->text == letter;
    header->text += found;
    return found;
}

static bool take_word(struct header *header, const char *word)
{
    size_t length = strlen(word);
    skip_blanks(header);
    bool found = (size_t)(header->end - header->text) >= length && !memcmp(header->text, word, length);
    header->text += found ? length : 0;
    return found;
}

/* A string in either kind of quote, without escapes. */
static bool take_string(struct header *header, char *string, size_t size)
{
    char quote = take(header, '\'') ? '\'' : take(header, '"') ? '"' : 0;
    const char *end = quote ? memchr(header->text, quote, (size_t)(header->end - header->text)) : NULL;
    if (!end || (size_t)(end - header->text) >= size)
        return false;
    memcpy(string, header->text, (size_t)(end - header->text));
    string[end - header->text] = 0;
    header->text = end + 1;
    return true;
}

/* A dimension; SIZE_MAX stands for all that are larger. */
static bool take_dimension(struct header *header, size_t *dimension)
{
    const char *start;
    skip_blanks(header);
    start = header->text;
    *dimension = 0;
    for (; header->text < header->end && *header->text >= '0' && *header->text <= '9'; header->text++) {
        size_t digit = (size_t)(*header->text - '0');
        *dimension = *dimension > (SIZE_MAX - digit) / 10 ? SIZE_MAX : *dimension * 10 + digit;
    }
    bool found = header->text > start;
    take(header, 'L');
    return found;
}

/* "()", "(3,)", "(3, 4)". */
static bool take_shape(struct header *header)
{
    header->rank = 0;
    if (!take(header, '('))
        return false;
    while (!take(header, ')')) {
        if (header->rank == NPY_MAX_RANK || !take_dimension(header, &header->dim[header->rank]))
            return false;
        header->rank++;
        if (!take(header, ','))
            return take(header, ')');
    }
    return true;
}

/* The value of `key`; a list as descr, which is a structured type, ends the reading. */
static bool take_value(struct header *header, const char *key)
{
    if (!strcmp(key, "descr") && !header->has_descr) {
        header->has_descr = true;
        header->structured = take(header, '[');
        return header->structured || take_string(header, header->descr, sizeof header->descr);
    }
    if (!strcmp(key, "fortran_order") && !header->has_order) {
        header->has_order = true;
        header->fortran_order = take_word(header, "True");
        return header->fortran_order || take_word(header, "False");
    }
    if (!strcmp(key, "shape") && !header->has_shape) {
        header->has_shape = true;
        return take_shape(header);
    }
    return false;
}

static bool read_header(struct header *header)
{
    char key[MAX_DESCR];
    if (!take(header, '{'))
        return false;
    while (!take(header, '}')) {
        if (!take_string(header, key, sizeof key) || !take(header, ':') || !take_value(header, key))
            return false;
        if (header->structured)
            return true;
        if (!take(header, ',') && !(take(header, '}') && header->text--))
            return false;
    }
    skip_blanks(header);
    return header->has_descr && header->has_order && header->has_shape && header->text == header->end;
}

/* ---- the whole file ---- */

static sned_status find_type(enum npy_type *type, const struct header *header, const char *name,
                             sned_error *error)
{
    const char *descr = header->descr, *code = descr + (*descr && strchr("<|>=", *descr) != NULL);
    int found = 0;
    if (header->structured || *code == 'O' || *code == 'V')
        return sned_fail(error, SNED_ERROR_UNSUPPORTED, "%s: holds %s, not numbers; " SAVE_PLAIN, name,
                         header->structured || *code == 'V' ? "records" : "Python objects");
    if (*code == 'U' || *code == 'S')
        return sned_fail(
            error, SNED_ERROR_UNSUPPORTED,
            "%s: holds text, not numbers; of labels save numpy.unique(y, return_inverse=True)[1]", name);
    while (found < NPY_TYPES && strcmp(code, types[found].code) != 0)
        found++;
    if (found == NPY_TYPES)
        return sned_fail(error, SNED_ERROR_UNSUPPORTED, "%s: elements of type '%s' are not read; " SAVE_PLAIN,
                         name, descr);
    if (*descr == '>' && types[found].size > 1)
        return sned_fail(error, SNED_ERROR_UNSUPPORTED,
                         "%s: big-endian numbers ('%s') are not read; " SAVE_PLAIN, name, descr);
    *type = (enum npy_type)found;
    return SNED_OK;
}

/* The header's bytes, and `reader` behind them. */
static sned_status find_header(struct header *header, struct reader *reader, const char *name,
                               sned_error *error)
{
    (void)sned_read_bytes(reader, sizeof NPY_MAGIC);
    uint8_t major = sned_read_u8(reader), minor = sned_read_u8(reader);
    size_t length = major == 1 ? sned_read_u16(reader) : sned_read_u32(reader);
    if (!reader->failed && (major < 1 || major > 3 || minor != 0))
        return sned_fail(error, SNED_ERROR_VERSION, "%s: version %d.%d of the .npy format is not known", name,
                         major, minor);
    if (!reader->failed && length > MAX_HEADER)
        return sned_fail(error, SNED_ERROR_FORMAT, "%s: announces a header of %zu bytes; at most %d are read",
                         name, length, MAX_HEADER);
    const char *text = (const char *)sned_read_bytes(reader, length);
    if (reader->failed)
        return sned_fail(error, SNED_ERROR_TRUNCATED, "%s: ends inside the header of a .npy file", name);
    *header = (struct header){.text = text, .end = text + length};
    return SNED_OK;
}

static sned_status count_elements(struct npy *npy, const struct header *header, size_t left, const char *name,
                                  sned_error *error)
{
    size_t bytes = types[npy->type].size;
    bool fits = true, empty = false;
    npy->rank = header->rank;
    for (int i = 0; i < header->rank; i++) {
        npy->dim[i] = header->dim[i];
        empty |= header->dim[i] == 0;
    }
    for (int i = 0; i < header->rank && fits && !empty; i++)
        fits = header->dim[i] != SIZE_MAX && sned_size_multiply(bytes, header->dim[i], &bytes);
    bytes = empty ? 0 : bytes;
    if (!fits)
        return sned_fail(error, SNED_ERROR_FORMAT, "%s: announces more bytes than there can be", name);
    if (bytes != left)
        return sned_fail(error, bytes > left ? SNED_ERROR_TRUNCATED : SNED_ERROR_FORMAT,
                         "%s: announces %zu bytes after its header but holds %zu", name, bytes, left);
    npy->elements = bytes / types[npy->type].size;
    return SNED_OK;
}

bool npy_is(const void *bytes, size_t size)
{
    return size >= sizeof NPY_MAGIC && !memcmp(bytes, NPY_MAGIC, sizeof NPY_MAGIC);
}

sned_status npy_parse(struct npy *npy, const void *bytes, size_t size, const char *name, sned_error *error)
{
    struct header header;
    struct reader reader;
    *npy = (struct npy){0};
    if (!npy_is(bytes, size))
        return sned_fail(error, SNED_ERROR_FORMAT, "%s: is no .npy file", name);
    sned_reader_init(&reader, bytes, size);
    SNED_TRY(find_header(&header, &reader, name, error));
    if (!read_header(&header))
        return sned_fail(
            error, SNED_ERROR_FORMAT,
            "%s: its header is not the {'descr': ..., 'fortran_order': ..., 'shape': ...} of a .npy "
            "file",
            name);
    SNED_TRY(find_type(&npy->type, &header, name, error));
    if (header.fortran_order && header.rank > 1)
        return sned_fail(error, SNED_ERROR_UNSUPPORTED, "%s: is in Fortran order; " SAVE_PLAIN, name);
    SNED_TRY(count_elements(npy, &header, sned_reader_left(&reader), name, error));
    npy->data = (const uint8_t *)bytes + reader.position;
    return SNED_OK;
}

/* ---- elements ---- */

const char *npy_type_name(enum npy_type type)
{
    return types[type].name;
}

bool npy_is_integer(enum npy_type type)
{
    return types[type].code[0] != 'f';
}

const char *npy_shape_text(const struct npy *npy, int first, char *text, size_t size)
{
    size_t length = 0;
    snprintf(text, size, "[]");
    for (int i = first; i < npy->rank && length < size; i++)
        length += (size_t)snprintf(text + length, size - length, "[%zu]", npy->dim[i]);
    return text;
}

/* The number that `size` little-endian bytes are. */
static uint64_t load(const uint8_t *bytes, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++)
        value |= (uint64_t)bytes[i] << (8 * i);
    return value;
}

static float from_float16(uint16_t bits)
{
    const int exponent = bits >> 10 & 31, fraction = bits & 1023;
    float magnitude = exponent == 31  ? (fraction ? NAN : INFINITY)
                      : exponent == 0 ? ldexpf((float)fraction, -24)
                                      : ldexpf((float)(1024 + fraction), exponent - 25);
    return bits >> 15 ? -magnitude : magnitude;
}

static float load_float(enum npy_type type, const uint8_t *bytes)
{
    uint64_t bits = load(bytes, types[type].size);
    uint32_t single = (uint32_t)bits;
    double wide;
    float value;
    switch (type) {
    case NPY_FLOAT16:
        return from_float16((uint16_t)bits);
    case NPY_FLOAT32:
        memcpy(&value, &single, sizeof value);
        return value;
    case NPY_FLOAT64:
        memcpy(&wide, &bits, sizeof wide);
        return (float)wide;
    default:
        return (float)bits; /* of an unsigned integer */
    }
}

void npy_floats(const struct npy *npy, size_t first, size_t count, float *values)
{
    const size_t size = types[npy->type].size;
    const uint8_t *bytes = npy->data + first * size;
    for (size_t i = 0; i < count; i++)
        values[i] = npy_is_integer(npy->type) && npy->type >= NPY_INT8
                        ? (float)npy_integer(npy, first + i)
                        : load_float(npy->type, bytes + i * size);
}

int64_t npy_integer(const struct npy *npy, size_t index)
{
    const size_t size = types[npy->type].size;
    const uint64_t bits = load(npy->data + index * size, size);
    if (npy->type >= NPY_INT8) {
        const int unused = 64 - 8 * (int)size;
        return (int64_t)(bits << unused) >> unused; /* the sign goes on to the left */
    }
    return bits > INT64_MAX ? INT64_MAX : (int64_t)bits;
}
