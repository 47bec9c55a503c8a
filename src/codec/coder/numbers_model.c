/*
 * numbers_model.c - a number as the count of its magnitude's bits in unary, its sign, and the bits below
 * the highest: two of them with counters, the others as they are.
 */
#include "codec/coder/numbers_model.h"
#include "codec/coder/mixer.h"

#include <string.h>

enum { FIRST_WEIGHT = 36000 };

void sned_numbers_model_start(struct numbers_model *model)
{
    memset(model, 0, sizeof *model);
    counters_reset(model->lengths, NUMBERS_LENGTHS);
    counters_reset(&model->lengths_after[0][0], sizeof model->lengths_after / sizeof(uint32_t));
    counters_reset(model->signs, 3);
    counters_reset(&model->tops[0][0], sizeof model->tops / sizeof(uint32_t));
    for (int i = 0; i < NUMBERS_LENGTHS; i++)
        for (int k = 0; k < NUMBERS_INPUTS; k++)
            model->mixers[i][k] = FIRST_WEIGHT;
}

static int code_length(struct numbers_model *model, struct coder *coder, int wanted)
{
    const int before = model->length_before < NUMBERS_BEFORE - 1 ? model->length_before : NUMBERS_BEFORE - 1;
    int length = 0;
    while (length < NUMBERS_LENGTHS - 1) {
        uint32_t *const counters[NUMBERS_INPUTS] = {&model->lengths[length],
                                                    &model->lengths_after[before][length]};
        if (!mixer_code(coder, length < wanted, counters, NUMBERS_INPUTS, model->mixers[length]))
            break;
        length++;
    }
    model->length_before = length;
    return length;
}

int64_t sned_numbers_model_code(struct numbers_model *model, struct coder *coder, int64_t value)
{
    const uint64_t magnitude = (uint64_t)(value < 0 ? -value : value);
    const int length = code_length(model, coder, magnitude ? 64 - __builtin_clzll(magnitude) : 0);
    uint64_t coded = 1;
    if (length == 0)
        return 0;
    const int is_negative = counter_code(coder, value < 0, &model->signs[model->sign_before]);
    model->sign_before = 1 + is_negative;
    for (int bit = length - 2; bit >= 0; bit--) {
        const int wanted = (int)(magnitude >> bit & 1);
        const bool is_top = bit >= length - 3;
        coded = 2 * coded + (uint64_t)(is_top ? counter_code(coder, wanted, &model->tops[length][coded])
                                              : coder_bit(coder, wanted, 1 << 15));
    }
    return is_negative ? -(int64_t)coded : (int64_t)coded;
}
