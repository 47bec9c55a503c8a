/*
 * structure.h - which weights are cut together.
 *
 *   unstructured   each weight by itself
 *   block KxC      K filters by C channels share a mask, each position of a kernel by itself; those of a Gemm
 *                  are its rows and columns. Blocks begin at filter 0 and channel 0; at the ends they are
 *                  smaller
 *   pairs          block 2x1: what a lane of the accelerator multiplies together (docs/accelerator.md)
 *   balanced       each filter keeps as many weights as the others, so that no lane waits for another
 */
#ifndef SNED_COMPRESS_PRUNE_STRUCTURE_H
#define SNED_COMPRESS_PRUNE_STRUCTURE_H

#include "compress/prune/prune.h"

enum { STRUCTURE_MOST = 64 }; /* filters, or channels, of a block */
/* false: the text is none. What there is, for messages. */
bool structure_parse(struct structure *structure, const char *text);
const char *structure_words(void);

/* Scores of single weights become those of what is cut with them: of a block the root of their mean square,
 * which every member gets. Of what the mask has cut already nothing is left. Other structures leave them. */
void structure_scores(const struct structure *structure, const struct tensor *weights, float *scores);

/* The fewest weights that a cut leaves. */
size_t structure_least(const struct structure *structure, const struct shape *weights);

/* As prune_tensor, in this structure; scores as structure_scores left them. No more than `keep` stay, and up
 * to a block, or a weight a filter, fewer. At least one block, or one weight a filter, stays. */
sned_status structure_prune(const struct structure *structure, struct tensor *weights, const float *scores,
                            size_t keep, sned_error *error);

#endif
