/*
 * constants_model.c - biases by the power of two that they share, scalings once where they are all the
 * same, tables by their differences.
 */
#include "codec/coder/constants_model.h"
#include "codec/coder/mixer.h"

enum { LEAST_SHIFT = 1, MOST_SHIFT = 62 };

void sned_constants_model_start(struct constants_model *model)
{
    *model = (struct constants_model){.equal = COUNTER_NEW, .normal = COUNTER_NEW};
    sned_numbers_model_start(&model->biases);
    sned_numbers_model_start(&model->bias_shifts);
    sned_numbers_model_start(&model->scaling_shifts);
    sned_numbers_model_start(&model->tables);
}

static sned_status check(const struct coder *coder, bool in_range, const char *what, sned_error *error)
{
    if (coder->failed)
        return sned_fail(error, SNED_ERROR_FORMAT, "the stream ends too early");
    return in_range ? SNED_OK : sned_fail(error, SNED_ERROR_FORMAT, "%s out of range", what);
}

/* ---- biases ---- */

/* The largest power of two that divides all of them. */
static int common_shift(const int32_t *biases, size_t count)
{
    uint32_t any = 0;
    for (size_t i = 0; i < count; i++)
        any |= (uint32_t)biases[i];
    return any ? __builtin_ctz(any) : 0;
}

sned_status sned_constants_code_biases(struct constants_model *model, struct coder *coder, int32_t *biases,
                                       size_t count, sned_error *error)
{
    const int wanted = coder->decoding ? 0 : common_shift(biases, count);
    coder->spent_on = SPENT_BIASES;
    const int64_t shift =
        model->bias_shift + sned_numbers_model_code(&model->bias_shifts, coder, wanted - model->bias_shift);
    SNED_TRY(check(coder, shift >= 0 && shift < 32, "a shift of biases", error));
    model->bias_shift = (int)shift;
    for (size_t i = 0; i < count; i++) {
        const int64_t wanted_value = coder->decoding ? 0 : biases[i] >> shift;
        const int64_t value =
            sned_numbers_model_code(&model->biases, coder, wanted_value) * ((int64_t)1 << shift);
        SNED_TRY(check(coder, value >= INT32_MIN && value <= INT32_MAX, "a bias", error));
        if (coder->decoding)
            biases[i] = (int32_t)value;
    }
    return SNED_OK;
}

/* ---- scalings ---- */

static sned_status code_scaling(struct constants_model *model, struct coder *coder, struct scaling *scaling,
                                sned_error *error)
{
    const int difference = coder->decoding ? 0 : scaling->shift - model->scaling_shift;
    const int64_t shift =
        model->scaling_shift + sned_numbers_model_code(&model->scaling_shifts, coder, difference);
    SNED_TRY(check(coder, shift >= LEAST_SHIFT && shift <= MOST_SHIFT, "a shift of a scaling", error));
    model->scaling_shift = (int)shift;
    const int top = counter_code(coder, scaling->multiplier >> 15, &model->normal);
    const uint32_t rest = coder_bits(coder, scaling->multiplier & 0x7fff, 15);
    if (coder->decoding)
        *scaling = (struct scaling){(uint16_t)((uint32_t)top << 15 | rest), (uint8_t)shift};
    return SNED_OK;
}

static bool all_equal(const struct scaling *scalings, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (scalings[i].multiplier != scalings[0].multiplier || scalings[i].shift != scalings[0].shift)
            return false;
    return true;
}

sned_status sned_constants_code_scalings(struct constants_model *model, struct coder *coder,
                                         struct scaling *scalings, size_t count, sned_error *error)
{
    coder->spent_on = SPENT_SCALINGS;
    const bool equal = counter_code(coder, !coder->decoding && all_equal(scalings, count), &model->equal);
    for (size_t i = 0; i < (equal ? 1 : count); i++)
        SNED_TRY(code_scaling(model, coder, &scalings[i], error));
    for (size_t i = 1; coder->decoding && equal && i < count; i++)
        scalings[i] = scalings[0];
    return check(coder, true, "", error);
}

/* ---- tables ---- */

sned_status sned_constants_code_table(struct constants_model *model, struct coder *coder, uint16_t *table,
                                      size_t count, sned_error *error)
{
    coder->spent_on = SPENT_TABLES;
    for (size_t i = 0; i < count; i++) {
        const int before = i ? table[i - 1] : 0;
        const int difference = coder->decoding ? 0 : table[i] - before;
        const int64_t value = before + sned_numbers_model_code(&model->tables, coder, difference);
        SNED_TRY(check(coder, value >= 0 && value <= UINT16_MAX, "a value of a table", error));
        if (coder->decoding)
            table[i] = (uint16_t)value;
    }
    return SNED_OK;
}
