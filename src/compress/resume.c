/*
 * resume.c - the checkpoint of a compression: written whole after each step, read once at the start.
 *
 * Its blobs: "steps", the journal; "network", the state between steps; "fallback", while a cut is on
 * trial, the accepted state before it.
 */
#include "base/clock.h"
#include "base/text.h"
#include "compress/compression.h"
#include "train/checkpoint.h"

#include <stdlib.h>

/* ---- steps, as they are done or were ---- */

sned_status compression_catch_up(struct compression *compression, sned_error *error)
{
    if (compression->restored)
        return SNED_OK;
    compression->restored = true;
    return compression_take_back(compression, error);
}

sned_status compression_replay(struct compression *compression, enum record_kind kind,
                               const struct record **record, sned_error *error)
{
    SNED_TRY(journal_replay(&compression->journal, kind, record, error));
    if (!*record)
        return compression_catch_up(compression, error);
    for (int i = 0; i < compression->layer_count; i++)
        compression->layers[i].kept = (size_t)(*record)->kept[i];
    return SNED_OK;
}

static sned_status write_checkpoint(struct compression *compression, sned_error *error)
{
    const double now = sned_clock();
    struct writer steps = {0};
    sned_status status;
    if (!compression->options->checkpoint)
        return SNED_OK;
    compression->journal.seconds += now - compression->started;
    compression->started = now;
    journal_write(&compression->journal, &steps);
    if (steps.status != SNED_OK)
        SNED_TRY_DONE(sned_fail(error, steps.status, "out of memory for the checkpoint"));
    const struct checkpoint_blob blobs[] = {
        {"steps", steps.buffer.data, steps.buffer.size},
        {"network", compression->snapshot.data, compression->snapshot.size},
        {"fallback", compression->fallback.data, compression->fallback.size},
    };
    status = checkpoint_write(compression->options->checkpoint, compression->key, blobs,
                              compression->fallback.size > 0 ? 3 : 2, error);
done:
    sned_writer_free(&steps);
    return status;
}

sned_status compression_record(struct compression *compression, struct record *record, sned_error *error)
{
    sned_status status;
    SNED_TRY(sned_alloc(&record->kept, (size_t)compression->layer_count, sizeof *record->kept, error));
    for (int i = 0; i < compression->layer_count; i++)
        record->kept[i] = compression->layers[i].kept;
    status = journal_append(&compression->journal, record, error);
    free(record->kept);
    record->kept = NULL;
    return status == SNED_OK ? write_checkpoint(compression, error) : status;
}

/* ---- reading ---- */

static sned_status read_states(struct compression *compression, const struct checkpoint *checkpoint,
                               sned_error *error)
{
    const struct checkpoint_blob *network = checkpoint_find(checkpoint, "network");
    const struct checkpoint_blob *fallback = checkpoint_find(checkpoint, "fallback");
    if (!network)
        return sned_fail(error, SNED_ERROR_FORMAT, "holds no network: remove it to begin anew");
    sned_buffer_free(&compression->snapshot);
    SNED_TRY(sned_buffer_append(&compression->snapshot, network->data, network->size, error));
    if (fallback)
        SNED_TRY(sned_buffer_append(&compression->fallback, fallback->data, fallback->size, error));
    return SNED_OK;
}

static sned_status read_checkpoint(struct compression *compression, const struct checkpoint *checkpoint,
                                   sned_error *error)
{
    const struct checkpoint_blob *steps = checkpoint_find(checkpoint, "steps"), none = {0};
    if (!steps) /* of a sned whose journal had another name, and no version */
        steps = &none;
    SNED_TRY(journal_read(&compression->journal, steps->data, steps->size, error));
    SNED_TRY(read_states(compression, checkpoint, error));
    compression->restored = compression->journal.count == 0;
    sned_report(compression->options->reporter, "resuming after %zu %s, %.0f s of work",
                compression->journal.count, sned_text_noun(compression->journal.count, "step", "steps"),
                compression->journal.seconds);
    return SNED_OK;
}

sned_status compression_resume(struct compression *compression, sned_error *error)
{
    const char *path = compression->options->checkpoint;
    struct checkpoint checkpoint = {0};
    bool found = false;
    sned_status status;
    if (!path)
        return SNED_OK;
    SNED_TRY_DONE(checkpoint_read(&checkpoint, path, compression->key, &found, error));
    if (found) /* hours of work: nothing of it is written over because it could not be read */
        status = sned_error_context(error, read_checkpoint(compression, &checkpoint, error), "checkpoint %s",
                                    path);
    else
        checkpoint_report_other(path, compression->options->reporter);
done:
    checkpoint_free(&checkpoint);
    return status;
}
