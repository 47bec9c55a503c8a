/*
 * trial.h - one call of a micro-kernel as checkkernels makes it: what it is given, and how that is drawn.
 */
#ifndef SNED_TESTS_RUNTIME_TRIAL_H
#define SNED_TESTS_RUNTIME_TRIAL_H

#include "tests/runtime/guarded.h"
#include "runtime/micro/micro.h"

enum { MOST = 300 /* numbers of a row */, BENCH_COUNT = 1024 /* and of one that is timed */ };
enum { MOST_FILTERS = FILTER_LANES /* of a list of quads */ };
enum { MOST_PAIRS = 40 /* pairs of taps, or quads, of a list */, BENCH_PAIRS = 64 };

/* What a call is given: numbers, constants, and what the output holds before. */
struct trial {
    const struct micro_kernels *micro; /* the column that is tried */
    size_t count, input_elements, input_unit, constant_size, output_unit;
    void *input, *constants, *output;
    struct integer_rule rule;
    struct scaling scaling, scalings[MOST_FILTERS];
    struct window_row windows;
    struct window_rows window_rows;
    struct quad_list quads; /* but its pointers, which lead into the constants */
    struct plane_rows plane_rows;
    struct tap_lines lines; /* but its taps and bits */
    bool has_bits;
    struct quad_rows sliding;
    struct channel_pieces pieces; /* likewise */
    struct channel_range channels;
    struct lrn_strip lrn; /* but its table */
    bool are_small;       /* the sums of quads */
    bool in_quads;        /* what they become */
    size_t pixels, step, stride;
    uint8_t flip;
};

struct subject {
    const char *name;
    enum value_type type;
    void (*draw)(struct trial *trial, enum value_type type, struct random *random);
    void (*call)(const struct micro_kernels *micro, enum value_type type, const struct trial *trial,
                 const void *input, const void *constants, void *output);
};

struct subject_list {
    struct subject *subjects;
    int count;
};

/* checkkernels_pointwise.c */
extern const struct subject_list pointwise_subjects;

static inline int64_t between(struct random *random, int64_t low, int64_t high)
{
    return low + (int64_t)((double)(high - low + 1) * sned_random_uniform(random));
}

/* Often an extreme. */
static inline int64_t number(struct random *random, int64_t low, int64_t high)
{
    switch (between(random, 0, 7)) {
    case 0:
        return low;
    case 1:
        return high;
    case 2:
        return low < 0 ? 0 : low;
    default:
        return between(random, low, high);
    }
}

static inline void *room(size_t count, size_t size)
{
    void *data = calloc(count + MICRO_OVER_READ, size);
    assert_non_null(data);
    return data;
}

static inline void draw_numbers(struct trial *trial, enum value_type type, size_t count,
                                struct random *random)
{
    trial->input_elements = count;
    trial->input_unit = value_size(type);
    trial->input = room(count, trial->input_unit);
    for (size_t i = 0; i < count; i++)
        value_store(trial->input, type, i, (int32_t)number(random, value_low(type), value_high(type)));
}

/* Of 16 bits, or of 8 that were widened: what add_taps and dot read. */
static inline void draw_wide(struct trial *trial, size_t count, struct random *random)
{
    trial->input_elements = count;
    trial->input_unit = sizeof(int16_t);
    trial->input = room(count, sizeof(int16_t));
    const bool is_wide = trial->count != BENCH_COUNT && between(random, 0, 1);
    for (size_t i = 0; i < count; i++)
        ((int16_t *)trial->input)[i] =
            (int16_t)(is_wide ? number(random, INT16_MIN, INT16_MAX) : number(random, -128, UINT8_MAX));
}

static inline void draw_rule(struct trial *trial, enum value_type type, struct random *random)
{
    trial->rule.low = (int32_t)number(random, value_low(type), value_high(type));
    trial->rule.high = (int32_t)number(random, trial->rule.low, value_high(type));
    trial->rule.slope = (uint16_t)(between(random, 0, 1) ? number(random, 0, UINT16_MAX) : 0);
    /* Often one around which columns take another way. */
    trial->scaling.shift = (uint8_t)(between(random, 0, 3) ? number(random, 1, 62) : between(random, 14, 18));
    trial->scaling.multiplier = (uint16_t)(between(random, 0, 9) ? number(random, 1 << 15, UINT16_MAX) : 0);
    if (trial->count != BENCH_COUNT)
        return;
    trial->rule = (struct integer_rule){.low = value_low(type), .high = value_high(type)};
    trial->scaling = (struct scaling){.multiplier = 50000, .shift = 24};
}

#endif
