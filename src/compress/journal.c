/*
 * journal.c - see journal.h.
 *
 *     u32 version   u32 layers   f64 seconds   u64 records
 *     each record:  u8 kind, the fields of its struct in their order, u64 kept of each layer
 *
 * A measure is two f64; an outcome, a bool and a number of rollbacks are a byte each.
 */
#include "compress/journal.h"

#include <stdlib.h>
#include <string.h>

/* Version 1 was eight doubles a step, which only the step itself could tell apart; it named no version.
 * 2 came with networks without their quantizations. */
enum { JOURNAL_VERSION = 3, LEAST_RECORD = 1 + 8 };

/* ---- in memory ---- */

bool journal_is_at_end(const struct journal *journal)
{
    return journal->position >= journal->count;
}

sned_status journal_replay(struct journal *journal, enum record_kind kind, const struct record **record,
                           sned_error *error)
{
    *record = NULL;
    if (journal_is_at_end(journal))
        return SNED_OK;
    if (journal->records[journal->position].kind != kind)
        return sned_fail(
            error, SNED_ERROR_DATA,
            "the checkpoint's step %zu is not what this run does there: remove the checkpoint to "
            "begin anew",
            journal->position + 1);
    *record = &journal->records[journal->position++];
    return SNED_OK;
}

sned_status journal_append(struct journal *journal, const struct record *record, sned_error *error)
{
    const size_t layers = (size_t)journal->layer_count;
    uint64_t *kept = NULL;
    SNED_TRY(sned_resize(&journal->records, journal->count + 1, sizeof *journal->records, error));
    SNED_TRY(sned_alloc(&kept, layers, sizeof *kept, error));
    memcpy(kept, record->kept, layers * sizeof *kept);
    journal->records[journal->count] = *record;
    journal->records[journal->count].kept = kept;
    journal->position = ++journal->count;
    return SNED_OK;
}

void journal_free(struct journal *journal)
{
    for (size_t i = 0; i < journal->count; i++)
        free(journal->records[i].kept);
    free(journal->records);
    *journal = (struct journal){0};
}

/* ---- in a checkpoint ---- */

static void write_measure(const struct measure *measure, struct writer *writer)
{
    sned_write_f64(writer, measure->accuracy);
    sned_write_f64(writer, measure->loss);
}

static void write_point(const struct point_record *point, struct writer *writer)
{
    write_measure(&point->measure, writer);
    sned_write_f64(writer, point->bytes);
    sned_write_f64(writer, point->bare);
    sned_write_f64(writer, point->asked);
    sned_write_f64(writer, point->lambda);
    sned_write_f64(writer, point->epochs);
    sned_write_f64(writer, point->elapsed);
    sned_write_f64(writer, point->measuring);
    sned_write_f64(writer, point->epoch_seconds);
}

static void write_record(const struct record *record, int layer_count, struct writer *writer)
{
    sned_write_u8(writer, (uint8_t)record->kind);
    switch (record->kind) {
    case RECORD_BASELINE:
        write_measure(&record->u.baseline.measure, writer);
        break;
    case RECORD_SCAN:
        sned_write_f64(writer, record->u.scan.first);
        break;
    case RECORD_CUT:
        write_measure(&record->u.cut.pruned, writer);
        write_measure(&record->u.cut.retrained, writer);
        sned_write_u8(writer, (uint8_t)record->u.cut.outcome);
        sned_write_u8(writer, (uint8_t)record->u.cut.rollbacks);
        break;
    case RECORD_RETRAINING:
        write_measure(&record->u.retraining.before, writer);
        write_measure(&record->u.retraining.after, writer);
        sned_write_u8(writer, record->u.retraining.kept);
        sned_write_u8(writer, (uint8_t)record->u.retraining.rollbacks);
        break;
    case RECORD_POINT:
        write_point(&record->u.point, writer);
        break;
    }
    for (int i = 0; i < layer_count; i++)
        sned_write_u64(writer, record->kept[i]);
}

void journal_write(const struct journal *journal, struct writer *writer)
{
    sned_write_u32(writer, JOURNAL_VERSION);
    sned_write_u32(writer, (uint32_t)journal->layer_count);
    sned_write_f64(writer, journal->seconds);
    sned_write_u64(writer, journal->count);
    for (size_t i = 0; i < journal->count; i++)
        write_record(&journal->records[i], journal->layer_count, writer);
}

static struct measure read_measure(struct reader *reader)
{
    struct measure measure;
    measure.accuracy = sned_read_f64(reader);
    measure.loss = sned_read_f64(reader);
    return measure;
}

static struct point_record read_point(struct reader *reader)
{
    struct point_record point;
    point.measure = read_measure(reader);
    point.bytes = sned_read_f64(reader);
    point.bare = sned_read_f64(reader);
    point.asked = sned_read_f64(reader);
    point.lambda = sned_read_f64(reader);
    point.epochs = sned_read_f64(reader);
    point.elapsed = sned_read_f64(reader);
    point.measuring = sned_read_f64(reader);
    point.epoch_seconds = sned_read_f64(reader);
    return point;
}

/* False where the kind is none, or a number is no outcome. */
static bool read_fields(struct record *record, struct reader *reader)
{
    switch (record->kind) {
    case RECORD_BASELINE:
        record->u.baseline.measure = read_measure(reader);
        return true;
    case RECORD_SCAN:
        record->u.scan.first = sned_read_f64(reader);
        return true;
    case RECORD_CUT:
        record->u.cut.pruned = read_measure(reader);
        record->u.cut.retrained = read_measure(reader);
        record->u.cut.outcome = sned_read_u8(reader);
        record->u.cut.rollbacks = sned_read_u8(reader);
        return record->u.cut.outcome <= CUT_ON_TRIAL;
    case RECORD_RETRAINING:
        record->u.retraining.before = read_measure(reader);
        record->u.retraining.after = read_measure(reader);
        record->u.retraining.kept = sned_read_u8(reader) != 0;
        record->u.retraining.rollbacks = sned_read_u8(reader);
        return true;
    case RECORD_POINT:
        record->u.point = read_point(reader);
        return true;
    }
    return false;
}

static sned_status read_record(struct journal *journal, struct reader *reader, uint64_t *kept,
                               sned_error *error)
{
    struct record record = {.kind = sned_read_u8(reader), .kept = kept};
    bool good = read_fields(&record, reader);
    for (int i = 0; i < journal->layer_count; i++)
        kept[i] = sned_read_u64(reader);
    if (!good || reader->failed)
        return sned_fail(error, SNED_ERROR_FORMAT, "step %zu in it is damaged: remove it to begin anew",
                         journal->count + 1);
    return journal_append(journal, &record, error);
}

sned_status journal_read(struct journal *journal, const void *data, size_t size, sned_error *error)
{
    struct reader reader;
    uint64_t *kept = NULL;
    sned_status status;
    sned_reader_init(&reader, data, size);
    if (sned_read_u32(&reader) != JOURNAL_VERSION)
        return sned_fail(error, SNED_ERROR_VERSION,
                         "is of another version of sned: finish with that one, or "
                         "remove the file to begin anew");
    const uint32_t layers = sned_read_u32(&reader);
    journal->seconds = sned_read_f64(&reader);
    const uint64_t count = sned_read_u64(&reader);
    if (reader.failed || layers != (uint32_t)journal->layer_count ||
        count > sned_reader_left(&reader) / LEAST_RECORD)
        return sned_fail(error, SNED_ERROR_FORMAT, "its journal is damaged: remove it to begin anew");
    SNED_TRY_DONE(sned_alloc(&kept, layers, sizeof *kept, error));
    for (uint64_t i = 0; i < count; i++)
        SNED_TRY_DONE(read_record(journal, &reader, kept, error));
    journal->position = 0;
done:
    free(kept);
    return status;
}
