/*
 * train_state.h - everything that training goes on from: parameters, momentum and where it stands; kept in
 * memory for going back, and in a file for going on.
 */
#ifndef SNED_TRAIN_TRAIN_STATE_H
#define SNED_TRAIN_TRAIN_STATE_H

#include "train/checkpoint.h"
#include "train/train.h"

/* Where training stands. Written to checkpoints as it is: of fixed size, without padding. */
struct train_progress {
    uint64_t step;         /* done */
    uint64_t images, hits; /* of the last epoch: trained on, and recognized */
    double loss_sum;       /* over these images */
    double running, limit; /* running loss, and where it counts as diverged; 0: not known yet */
    double factor;         /* on the rate, from rollbacks */
    uint32_t rollbacks, finished;
};

struct train_state {
    struct train_progress progress;
    struct buffer parameters; /* graph_state_save */
    float *momentum;          /* executor_state_read: of SGD, or of Adam and of learned steps besides */
    size_t momentum_count;
    struct buffer guide; /* its state; empty where there is none */
};
void train_state_free(struct train_state *state);

/* The graph (which the executor has stored to), the executor's momentum, the progress and the guide's state
 * (NULL: none), into `state`. */
sned_status train_state_capture(struct train_state *state, struct graph *graph, struct executor *executor,
                                const struct train_progress *progress, const struct train_guide *guide,
                                sned_error *error);
/* The guide's state alone, to the guide. */
sned_status train_state_tell(const struct train_state *state, const struct train_guide *guide,
                             sned_error *error);
/* And back: into the graph, the executor and the guide. */
sned_status train_state_return(const struct train_state *state, struct graph *graph,
                               struct executor *executor, const struct train_guide *guide, sned_error *error);

sned_status train_state_write(const struct train_state *state, const char *path, uint64_t key,
                              sned_error *error);
/* *found false where there is no checkpoint to go on from. */
sned_status train_state_read(struct train_state *state, const char *path, uint64_t key, bool *found,
                             sned_error *error);

#endif
