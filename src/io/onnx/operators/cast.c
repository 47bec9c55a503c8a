/*
 * cast.c - Cast: of constants as ONNX says, of activations between floats alone.
 *
 * Activations are float32 whatever the file calls them, so a Cast of one to float16 or bfloat16 is nothing
 * but a rounding that is left out; the importer counts them, and the reader is told (read.c).
 */
#include "io/onnx/node/attributes.h"
#include "io/onnx/node/emit.h"
#include "io/onnx/node/inputs.h"
#include "io/onnx/operators/fold.h"
#include "io/onnx/operators/operators.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- rounding, to the nearest even ---- */

/* What binary16 holds nearest to `value`: 11 bits from 2^-14 on, and steps of 2^-24 below. */
static float round_to_half(float value)
{
    int exponent;
    frexpf(value, &exponent); /* value = m 2^exponent, m from 0.5 on */
    const int step = exponent - 11 < -24 ? -24 : exponent - 11;
    const float rounded = ldexpf(rintf(ldexpf(value, -step)), step);
    return fabsf(rounded) > 65504 ? copysignf(INFINITY, value) : rounded;
}

static float round_to_bfloat(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    if (isfinite(value))
        bits = (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000;
    memcpy(&value, &bits, sizeof bits);
    return value;
}

static float round_float(float value, int64_t type)
{
    if (type == ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16)
        return round_to_half(value);
    return type == ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16 ? round_to_bfloat(value) : value;
}

/* ---- constants ---- */

static enum value_kind cast_kind(int64_t type)
{
    switch (type) {
    case ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT:
    case ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE:
    case ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16:
    case ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16:
        return VALUE_FLOATS;
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT64:
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT32:
    case ONNX__TENSOR_PROTO__DATA_TYPE__BOOL:
        return VALUE_INTEGERS;
    default:
        return VALUE_UNKNOWN;
    }
}

/* Towards zero, as C does; what int64 cannot hold is refused, what int32 cannot hold too. */
static sned_status to_integer(struct importer *importer, double value, int64_t type, int64_t *integer)
{
    double limit = type == ONNX__TENSOR_PROTO__DATA_TYPE__INT32 ? 2147483648.0 : 9223372036854775808.0;
    if (type == ONNX__TENSOR_PROTO__DATA_TYPE__BOOL) {
        *integer = value != 0;
        return SNED_OK;
    }
    if (!(value > -limit - 1 && value < limit))
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "%g as an integer", value);
    *integer = value <= -9223372036854775808.0 ? INT64_MIN : (int64_t)value;
    return SNED_OK;
}

static sned_status cast_elements(struct importer *importer, const struct onnx_value *x, int64_t type,
                                 void *data, size_t count)
{
    const float *floats = x->data;
    const int64_t *integers = x->data;
    for (size_t i = 0; i < count; i++) {
        if (cast_kind(type) == VALUE_FLOATS)
            ((float *)data)[i] = round_float(x->kind == VALUE_FLOATS ? floats[i] : (float)integers[i], type);
        else if (x->kind == VALUE_FLOATS)
            SNED_TRY(to_integer(importer, floats[i], type, (int64_t *)data + i));
        else if (type == ONNX__TENSOR_PROTO__DATA_TYPE__INT64)
            ((int64_t *)data)[i] = integers[i];
        else
            SNED_TRY(to_integer(importer, (double)integers[i], type, (int64_t *)data + i));
    }
    return SNED_OK;
}

sned_status onnx_fold_cast(struct importer *importer)
{
    struct onnx_value *x;
    int64_t type;
    size_t count;
    void *data;
    SNED_TRY(onnx_input(importer, 0, &x));
    if (x == NULL)
        return onnx_fail(importer, SNED_ERROR_FORMAT, "input 0 is missing");
    SNED_TRY(onnx_attribute_int(importer, "to", 0, &type));
    if (cast_kind(type) == VALUE_UNKNOWN)
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "to ONNX data type %lld", (long long)type);
    SNED_TRY(onnx_fold_alloc(importer, cast_kind(type), &x->shape, &data, &count));
    sned_status status = cast_elements(importer, x, type, data, count);
    if (status != SNED_OK) {
        free(data);
        return status;
    }
    return onnx_emit_constant(importer, cast_kind(type), &x->shape, data);
}

/* ---- activations ---- */

sned_status onnx_convert_cast(struct importer *importer)
{
    struct onnx_value *x;
    int64_t type;
    SNED_TRY(onnx_input_view(importer, 0, &x));
    SNED_TRY(onnx_attribute_int(importer, "to", 0, &type));
    if (cast_kind(type) != VALUE_FLOATS)
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED,
                         "of an activation to ONNX data type %lld; between floats alone", (long long)type);
    importer->narrow_casts += onnx_is_narrow(type);
    return onnx_emit_alias(importer, x);
}
