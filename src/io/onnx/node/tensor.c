/*
 * tensor.c - a TensorProto to a constant: floats of every kind become float, integers become int64_t.
 *
 * The bytes of a float tensor are not copied: its buffer, which protobuf-c took from malloc, changes hands.
 * That and the early end of the file's mapping keep the peak at twice the file.
 */
#include "io/onnx/node/tensor.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "raw_data is little-endian and is used as it lies");

bool onnx_elements(const struct shape *shape, size_t *count)
{
    size_t elements = sizeof(int64_t);
    bool is_empty = false;
    for (int i = 0; i < shape->rank; i++) { /* an axis of 0 does not hide that the others overflow */
        is_empty |= shape->dim[i] == 0;
        if (!sned_size_multiply(elements, shape->dim[i] == 0 ? 1 : (size_t)shape->dim[i], &elements))
            return false;
    }
    *count = is_empty ? 0 : elements / sizeof(int64_t);
    return elements <= INT64_MAX;
}

static float half_to_float(uint16_t half)
{
    int exponent = half >> 10 & 31;
    float mantissa = (float)(half & 1023), value;
    if (exponent == 0)
        value = ldexpf(mantissa, -24);
    else if (exponent == 31)
        value = mantissa == 0 ? INFINITY : NAN;
    else
        value = ldexpf(1024 + mantissa, exponent - 25);
    return half & 0x8000 ? -value : value;
}

static float bfloat_to_float(uint16_t half)
{
    uint32_t bits = (uint32_t)half << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Bytes of one element in raw_data, 0 for the types that are not read. */
static size_t element_size(int type)
{
    switch (type) {
    case ONNX__TENSOR_PROTO__DATA_TYPE__UINT8:
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT8:
    case ONNX__TENSOR_PROTO__DATA_TYPE__BOOL:
        return 1;
    case ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16:
    case ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16:
        return 2;
    case ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT:
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT32:
        return 4;
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT64:
    case ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE:
        return 8;
    default:
        return 0;
    }
}

static bool is_float(int type)
{
    return type == ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT || type == ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE ||
           type == ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16 || type == ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16;
}

/* Where a tensor's elements lie: raw bytes, or one of the typed lists (whose narrow types sit in int32_t). */
struct element_list {
    void *data;
    size_t count, size; /* elements, bytes of one */
    bool is_raw;
};

static sned_status find_source(const Onnx__TensorProto *tensor, struct element_list *source,
                               sned_error *error)
{
    size_t lists = (tensor->n_float_data > 0) + (tensor->n_int32_data > 0) + (tensor->n_int64_data > 0) +
                   (tensor->n_double_data > 0) + (tensor->raw_data.len > 0);
    size_t size = element_size(tensor->data_type);
    if (lists > 1)
        return sned_fail(error, SNED_ERROR_FORMAT, "tensor has its data twice");
    if (tensor->raw_data.len > 0) {
        if (tensor->raw_data.len % size != 0)
            return sned_fail(error, SNED_ERROR_FORMAT, "raw data of %zu bytes, not a multiple of %zu",
                             tensor->raw_data.len, size);
        *source = (struct element_list){tensor->raw_data.data, tensor->raw_data.len / size, size, true};
        return SNED_OK;
    }
    switch (tensor->data_type) {
    case ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT:
        *source = (struct element_list){tensor->float_data, tensor->n_float_data, sizeof(float), false};
        break;
    case ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE:
        *source = (struct element_list){tensor->double_data, tensor->n_double_data, sizeof(double), false};
        break;
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT64:
        *source = (struct element_list){tensor->int64_data, tensor->n_int64_data, sizeof(int64_t), false};
        break;
    default:
        *source = (struct element_list){tensor->int32_data, tensor->n_int32_data, sizeof(int32_t), false};
        break;
    }
    if (lists == 1 && source->count == 0)
        return sned_fail(error, SNED_ERROR_FORMAT, "data in a list of another type");
    return SNED_OK;
}

static float float_element(const struct element_list *source, int type, size_t index)
{
    const uint8_t *at = (const uint8_t *)source->data + index * source->size;
    uint16_t half;
    double wide;
    float value;
    switch (type) {
    case ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE:
        memcpy(&wide, at, sizeof wide);
        return (float)wide;
    case ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16:
        memcpy(&half, at, sizeof half); /* of an int32_t: its low half */
        return half_to_float(half);
    case ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16:
        memcpy(&half, at, sizeof half);
        return bfloat_to_float(half);
    default:
        memcpy(&value, at, sizeof value);
        return value;
    }
}

static int64_t integer_element(const struct element_list *source, int type, size_t index)
{
    const uint8_t *at = (const uint8_t *)source->data + index * source->size;
    int64_t wide;
    int32_t narrow;
    switch (type) {
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT64:
        memcpy(&wide, at, sizeof wide);
        return wide;
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT32:
        memcpy(&narrow, at, sizeof narrow);
        return narrow;
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT8:
        return (int8_t)*at;
    default: /* uint8 and bool */
        return *at;
    }
}

/* Takes the buffer of a float tensor away from the parsed message. */
static float *steal(Onnx__TensorProto *tensor, const struct element_list *source)
{
    if (source->is_raw) {
        tensor->raw_data.data = NULL;
        tensor->raw_data.len = 0;
    } else {
        tensor->float_data = NULL;
        tensor->n_float_data = 0;
    }
    return source->data;
}

static sned_status read_shape(const Onnx__TensorProto *tensor, struct shape *shape, size_t *elements,
                              sned_error *error)
{
    if (tensor->n_dims > GRAPH_MAX_RANK)
        return sned_fail(error, SNED_ERROR_UNSUPPORTED, "tensor of %zu dimensions; at most %d are read",
                         tensor->n_dims, GRAPH_MAX_RANK);
    *shape = (struct shape){.rank = (int)tensor->n_dims};
    for (int i = 0; i < shape->rank; i++) {
        shape->dim[i] = tensor->dims[i];
        if (shape->dim[i] < 0 || shape->dim[i] > GRAPH_MAX_DIM)
            return sned_fail(error, SNED_ERROR_FORMAT, "dimension %d is %lld", i, (long long)shape->dim[i]);
    }
    if (!onnx_elements(shape, elements))
        return sned_fail(error, SNED_ERROR_FORMAT, "dimensions whose product is too large");
    return SNED_OK;
}

static sned_status convert(const struct element_list *source, int type, struct onnx_value *value,
                           sned_error *error)
{
    if (value->kind == VALUE_FLOATS) {
        float *floats;
        SNED_TRY(sned_alloc(&floats, source->count, sizeof *floats, error));
        for (size_t i = 0; i < source->count; i++)
            floats[i] = float_element(source, type, i);
        value->data = floats;
    } else {
        int64_t *integers;
        SNED_TRY(sned_alloc(&integers, source->count, sizeof *integers, error));
        for (size_t i = 0; i < source->count; i++)
            integers[i] = integer_element(source, type, i);
        value->data = integers;
    }
    return SNED_OK;
}

static bool is_external(const Onnx__TensorProto *tensor)
{
    return tensor->data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL ||
           tensor->n_external_data > 0;
}

/* Floats that lie as the graph wants them change hands; anything else is converted, and its
 * bytes are freed. */
static sned_status take_data(struct importer *importer, Onnx__TensorProto *tensor,
                             const struct element_list *source, struct onnx_value *value)
{
    if (tensor->data_type == ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT && source->count > 0 &&
        (uintptr_t)source->data % _Alignof(float) == 0) {
        value->data = steal(tensor, source);
        return SNED_OK;
    }
    SNED_TRY(convert(source, tensor->data_type, value, importer->error));
    if (source->is_raw)
        free(steal(tensor, source));
    return SNED_OK;
}

sned_status onnx_tensor_value(struct importer *importer, Onnx__TensorProto *tensor, struct onnx_value *value)
{
    struct element_list source = {0};
    size_t elements, size = element_size(tensor->data_type);
    sned_error *error = importer->error;
    if (tensor->segment || size == 0)
        return sned_fail(error, SNED_ERROR_UNSUPPORTED, "tensor of ONNX data type %d", tensor->data_type);
    SNED_TRY(read_shape(tensor, &value->shape, &elements, error));
    if (is_external(tensor))
        SNED_TRY(onnx_external_read(importer, tensor, elements * size));
    SNED_TRY(find_source(tensor, &source, error));
    if (source.count != elements)
        return sned_fail(error, SNED_ERROR_FORMAT, "its dimensions ask for %zu elements, its data has %zu",
                         elements, source.count);
    value->kind = is_float(tensor->data_type) ? VALUE_FLOATS : VALUE_INTEGERS;
    return take_data(importer, tensor, &source, value);
}
