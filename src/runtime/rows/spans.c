/*
 * spans.c - see spans.h.
 */
#include "runtime/rows/spans.h"
#include "base/memory.h"

/* A span is read whole, which is allowed so many bytes behind the last column. */
enum { MOST_COLUMNS = 1 << 16, LINE = 64 /* bytes */ };

bool sned_spans_fit(size_t columns, size_t width)
{
    return columns + MICRO_OVER_READ >= width && columns <= MOST_COLUMNS;
}

/* ---- a group's rows side by side ---- */

struct span_row {
    const uint32_t *next;  /* what is left of its places */
    const int8_t *weights; /* by column */
};

/* Of 16 rows from row `first` on; those behind the last have nothing. */
static void begin_group(struct span_row group[SPAN_ROWS], const struct marked_rows *rows, size_t first)
{
    static const uint32_t none[SPAN_TAKES] = {PLACES_END, PLACES_END, PLACES_END, PLACES_END};
    for (size_t r = first; r < first + SPAN_ROWS; r++)
        group[r - first] = r < rows->rows ? (struct span_row){rows->places + rows->first[r],
                                                              rows->weights + r * rows->columns}
                                          : (struct span_row){none, rows->weights};
}

/* Where the next span begins; PLACES_END: nothing is left. */
static uint32_t next_base(const struct span_row group[SPAN_ROWS], size_t columns, size_t width)
{
    const uint32_t last = (uint32_t)(columns + MICRO_OVER_READ - width);
    uint32_t base = PLACES_END;
    for (size_t r = 0; r < SPAN_ROWS; r++)
        base = *group[r].next < base ? *group[r].next : base;
    return base == PLACES_END || base < last ? base : last;
}

/* What a row has within a span that ends before `end`; without a branch that depends on its weights, which
 * would be mispredicted most of the time. */
static size_t count_taken(const uint32_t *places, uint32_t end)
{
    size_t taken = 0;
    for (int i = 0; i < SPAN_TAKES; i++)
        taken += places[i] < end;
    return taken;
}

static void pass_span(struct span_row group[SPAN_ROWS], uint32_t end)
{
    for (size_t r = 0; r < SPAN_ROWS; r++)
        group[r].next += count_taken(group[r].next, end);
}

/* Where nothing is taken, it is a weight of 0 in the span's first column. */
static void take_span(struct span_step *step, struct span_row group[SPAN_ROWS], uint32_t base, uint32_t end)
{
    for (size_t r = 0; r < SPAN_ROWS; r++) {
        const struct span_row row = group[r];
        for (int i = 0; i < SPAN_TAKES; i++) {
            const uint32_t column = row.next[i] < end ? row.next[i] : base;
            step->places[r][i] = (uint8_t)(column - base);
            step->weights[r][i] = (int8_t)(row.next[i] < end ? row.weights[column] : 0);
        }
        group[r].next += count_taken(row.next, end);
    }
}

/* ---- all groups ---- */

sned_status sned_spans_count(struct marked_rows *rows, size_t width, sned_error *error)
{
    struct span_row group[SPAN_ROWS];
    if (rows->places)
        return SNED_OK;
    SNED_TRY(sned_mark_places(rows, error));
    for (size_t r = 0; r < rows->rows; r += SPAN_ROWS) {
        begin_group(group, rows, r);
        for (uint32_t base; (base = next_base(group, rows->columns, width)) != PLACES_END; rows->steps++)
            pass_span(group, base + (uint32_t)width);
    }
    return SNED_OK;
}

sned_status sned_spans_make(struct span_list *list, void **memory, const struct marked_rows *rows,
                            size_t width, sned_error *error)
{
    const size_t count = rows->steps, groups = (rows->rows + SPAN_ROWS - 1) / SPAN_ROWS;
    struct span_row group[SPAN_ROWS];
    struct span_step *step;
    uint32_t *first;
    uint16_t *base;
    SNED_TRY(sned_alloc_unset(
        memory, LINE + count * (sizeof *step + sizeof *base) + (groups + 1) * sizeof *first, 1, error));
    step = (struct span_step *)(((uintptr_t)*memory + LINE - 1) / LINE * LINE); /* so that none is in three */
    first = (uint32_t *)(void *)(step + count);
    base = (uint16_t *)(first + groups + 1);
    *list = (struct span_list){step, base, first};
    for (size_t r = 0; r < rows->rows; r += SPAN_ROWS) {
        *first++ = (uint32_t)(step - list->steps);
        begin_group(group, rows, r);
        for (uint32_t next; (next = next_base(group, rows->columns, width)) != PLACES_END; step++) {
            *base++ = (uint16_t)next;
            take_span(step, group, next, next + (uint32_t)width);
        }
    }
    *first = (uint32_t)count;
    return SNED_OK;
}
