/*
 * settings.h - how to train a network that nobody has said it of.
 */
#ifndef SNED_TRAIN_SETTINGS_H
#define SNED_TRAIN_SETTINGS_H

#include "train/train.h"

/* Epochs, batch, rate, momentum, decay, schedule and augmentation for a network on so many images: a function
 * of its structure and of that number alone. `trained`: its weights are good already, and shall be made
 * better. Seed, threads and the rest are train_defaults'. */
sned_status train_settings(struct train_options *options, const struct graph *graph, size_t images,
                           bool trained, sned_error *error);

/* Whether the network's answers are better than guessing on some of the images: its mean cross-entropy is
 * well below log(classes), where that of new weights is at or above it. Looks at 256 images, or fewer of a
 * network that takes long. */
sned_status train_is_trained(bool *trained, struct graph *graph, struct dataset *dataset,
                             const uint32_t *indices, size_t count, int threads, sned_error *error);

#endif
