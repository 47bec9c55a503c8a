/*
 * rans_table.c - the frequencies of a cell's symbols: made from counts, written, read.
 *
 *     kind      1 byte: 0 empty, 1 direct, 1 + runs: with runs
 *     runs      varint[runs]: frequencies; that of "goes on" is what is left of 4096
 *     largest   1 byte: values up to so much are listed
 *     values    varint: of 0 (direct alone), 1, -1, 2, -2 ...; that of the escape is what is left of 4096
 *
 * Behind a frequency of 0 a varint tells how many more of them follow.
 */
#include "codec/coder/rans.h"

#include <string.h>

enum { LARGEST = 127 };

/* ---- counts to frequencies ---- */

static uint16_t rounded(uint64_t occur, uint64_t total)
{
    const uint64_t share = (occur * RANS_TOTAL + total / 2) / total;
    return (uint16_t)(share ? share : 1);
}

void sned_rans_normalize(uint16_t *frequencies, const uint64_t *occur, int count)
{
    uint64_t total = 0;
    int sum = 0;
    for (int i = 0; i < count; i++)
        total += occur[i];
    memset(frequencies, 0, (size_t)count * sizeof *frequencies);
    if (total == 0)
        return;
    for (int i = 0; i < count; i++)
        if (occur[i])
            sum += frequencies[i] = rounded(occur[i], total);
    /* What rounding has left or taken goes to the most frequent, one by one: there it costs least. */
    while (sum != RANS_TOTAL) {
        int most = 0;
        for (int i = 1; i < count; i++)
            if (frequencies[i] > frequencies[most])
                most = i;
        const int step = sum < RANS_TOTAL ? 1 : -1;
        frequencies[most] = (uint16_t)(frequencies[most] + step);
        sum += step;
    }
}

/* ---- writing ---- */

static int largest_value(const struct rans_table *table)
{
    for (int value = LARGEST; value > 0; value--)
        if (table->value[value] || table->value[256 - value])
            return value;
    return 0;
}

/* The frequencies of the symbols [first, end), in their order. */
struct listed {
    uint16_t frequency[256];
    int count;
};

static void write_list(struct writer *writer, const struct listed *list)
{
    for (int i = 0; i < list->count; i++) {
        int zeros = i;
        sned_write_varint(writer, list->frequency[i]);
        if (list->frequency[i])
            continue;
        while (zeros + 1 < list->count && !list->frequency[zeros + 1])
            zeros++;
        sned_write_varint(writer, (uint64_t)(zeros - i));
        i = zeros;
    }
}

void sned_rans_write_table(struct writer *writer, const struct rans_table *table)
{
    const int largest = largest_value(table);
    struct listed list = {.count = table->runs};
    sned_write_u8(writer, (uint8_t)(table->kind == RANS_RUN ? 1 + table->runs : (int)table->kind));
    if (table->kind == RANS_EMPTY)
        return;
    memcpy(list.frequency, table->run, (size_t)list.count * sizeof *list.frequency);
    write_list(writer, &list);
    sned_write_u8(writer, (uint8_t)largest);
    list.count = 0;
    for (int k = table->kind == RANS_RUN; k <= 2 * largest; k++)
        list.frequency[list.count++] = table->value[rans_value(k)];
    write_list(writer, &list);
}

/* ---- reading ---- */

/* list->count frequencies; what they leave of 4096. */
static uint16_t read_list(struct reader *reader, struct listed *list)
{
    uint64_t left = RANS_TOTAL;
    for (int i = 0; i < list->count && !reader->failed; i++) {
        const uint64_t frequency = sned_read_varint(reader);
        const uint64_t zeros = frequency ? 0 : sned_read_varint(reader);
        if (frequency > left || zeros >= (uint64_t)(list->count - i))
            reader->failed = true;
        if (reader->failed)
            break;
        list->frequency[i] = (uint16_t)frequency;
        left -= frequency;
        i += (int)zeros;
    }
    return (uint16_t)left;
}

bool sned_rans_read_table(struct reader *reader, struct rans_table *table)
{
    const int kind = sned_read_u8(reader);
    struct listed runs = {0}, values = {0};
    *table = (struct rans_table){.kind = kind > RANS_DIRECT ? RANS_RUN : (enum rans_kind)kind};
    if (table->kind == RANS_EMPTY)
        return !reader->failed;
    runs.count = table->runs = table->kind == RANS_RUN ? kind - 1 : 0;
    runs.frequency[runs.count] = read_list(reader, &runs);
    memcpy(table->run, runs.frequency, sizeof table->run);
    const int largest = sned_read_u8(reader), first = table->kind == RANS_RUN;
    if (largest > LARGEST)
        return false;
    values.count = 2 * largest + 1 - first;
    table->value[RANS_ESCAPE] = read_list(reader, &values);
    for (int k = 0; k < values.count; k++)
        table->value[rans_value(k + first)] = values.frequency[k];
    return !reader->failed;
}
