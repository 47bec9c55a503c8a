/*
 * compress_journal.c - what was done, so that a killed compression goes on where it was.
 *
 * The checkpoint holds the journal, a record of doubles for each step; the network between steps; while a cut
 * is on trial, the accepted state before it; the seconds spent. It is replaced whole after each step.
 */
#include "compress/session.h"
#include "train/checkpoint.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static size_t record_size(const struct session *session)
{
    return RECORD_VALUES + (size_t)session->layer_count;
}

bool session_replay(struct session *session, const double **values)
{
    if (session->step >= session->recorded)
        return false;
    *values = session->journal + session->step * record_size(session);
    for (int i = 0; i < session->layer_count; i++)
        session->layers[i].kept = (size_t)(*values)[RECORD_VALUES + i];
    session->step++;
    return true;
}

sned_status session_catch_up(struct session *session, sned_error *error)
{
    if (session->restored)
        return SNED_OK;
    session->restored = true;
    return session_take_back(session, error);
}

sned_status session_accept(struct session *session, sned_error *error)
{
    struct buffer state = {0};
    sned_status status = graph_state_save(session->graph, &state, error);

    if (status != SNED_OK) {
        sned_buffer_free(&state);
        return status;
    }
    sned_buffer_free(&session->snapshot);
    session->snapshot = state;
    for (int i = 0; i < session->layer_count; i++)
        session->layers[i].kept =
            sned_node_kept(session->graph, &session->graph->nodes[session->layers[i].node]);
    return SNED_OK;
}

sned_status session_take_back(struct session *session, sned_error *error)
{
    return graph_state_restore(session->graph, session->snapshot.data, session->snapshot.size, error);
}

void session_begin_trial(struct session *session)
{
    session->on_trial = true;
    for (int i = 0; i < session->layer_count; i++)
        session->fallback_kept[i] = session->layers[i].kept;
    if (session->step < session->recorded)
        return; /* replaying: the buffers are those of the journal's end */
    sned_buffer_free(&session->fallback);
    session->fallback = session->snapshot;
    session->snapshot = (struct buffer){0};
}

void session_leave_trial(struct session *session, bool back)
{
    session->on_trial = false;
    for (int i = 0; i < session->layer_count && back; i++)
        session->layers[i].kept = session->fallback_kept[i];
    if (session->step < session->recorded)
        return;
    if (back && session->fallback.size > 0) {
        sned_buffer_free(&session->snapshot);
        session->snapshot = session->fallback;
        session->fallback = (struct buffer){0};
    }
    sned_buffer_free(&session->fallback);
}

static sned_status write_checkpoint(const struct session *session, sned_error *error)
{
    double seconds = session_elapsed(session);
    const struct checkpoint_blob blobs[] = {
        {"journal", session->journal, session->recorded * record_size(session) * sizeof(double)},
        {"network", session->snapshot.data, session->snapshot.size},
        {"seconds", &seconds, sizeof(seconds)},
        {"fallback", session->fallback.data, session->fallback.size},
    };

    if (session->options->checkpoint == NULL)
        return SNED_OK;
    return checkpoint_write(session->options->checkpoint, session->key, blobs,
                            session->fallback.size > 0 ? 4 : 3, error);
}

sned_status session_record(struct session *session, const double values[RECORD_VALUES], sned_error *error)
{
    size_t size = record_size(session);

    SNED_TRY(sned_resize(&session->journal, (session->recorded + 1) * size, sizeof(double), error));
    double *record = session->journal + session->recorded * size;
    memcpy(record, values, RECORD_VALUES * sizeof(double));
    for (int i = 0; i < session->layer_count; i++)
        record[RECORD_VALUES + i] = (double)session->layers[i].kept;
    session->recorded++;
    session->step = session->recorded;
    session->restored = true;
    return write_checkpoint(session, error);
}

sned_status session_read_journal(struct session *session, sned_error *error)
{
    const struct checkpoint_blob *journal, *network, *seconds, *fallback;
    size_t size = record_size(session) * sizeof(double);
    struct checkpoint checkpoint = {0};
    bool found = false;
    sned_status status = SNED_OK;

    if (session->options->checkpoint == NULL)
        return SNED_OK;
    SNED_TRY_DONE(checkpoint_read(&checkpoint, session->options->checkpoint, session->key, &found, error));
    if (!found) {
        checkpoint_report_other(session->options->checkpoint, session->options->reporter);
        goto done;
    }
    journal = checkpoint_find(&checkpoint, "journal");
    network = checkpoint_find(&checkpoint, "network");
    seconds = checkpoint_find(&checkpoint, "seconds");
    fallback = checkpoint_find(&checkpoint, "fallback");
    if (journal == NULL || network == NULL || seconds == NULL || journal->size % size != 0 ||
        seconds->size != sizeof(double))
        goto done; /* not ours: start anew */
    SNED_TRY_DONE(sned_resize(&session->journal, journal->size / sizeof(double), sizeof(double), error));
    if (journal->size > 0)
        memcpy(session->journal, journal->data, journal->size);
    sned_buffer_free(&session->snapshot);
    SNED_TRY_DONE(sned_buffer_append(&session->snapshot, network->data, network->size, error));
    if (fallback != NULL)
        SNED_TRY_DONE(sned_buffer_append(&session->fallback, fallback->data, fallback->size, error));
    memcpy(&session->earlier, seconds->data, sizeof(double));
    session->recorded = journal->size / size;
    session->restored = session->recorded == 0;
    sned_report(session->options->reporter, "resuming after %zu steps, %.0f s of work", session->recorded,
                session->earlier);
done:
    checkpoint_free(&checkpoint);
    return status;
}
