/*
 * schedule.h - puts the steps of some images into one list of descriptors, so that the units work side by
 * side.
 *
 * An image has a place in the activation memory for its first steps, its head, and another for the rest, its
 * tail: so the next image's head can begin while this one's tail runs, where both do not fit as a whole. Each
 * step goes to its unit as soon as those that it waits for (order.h) are done, the earliest first, of two the
 * older image's; or an older image's though it can begin a little later. Lists for fewer or more images at
 * once, with less or more patience, are made, and the one that is done first is taken; times are those of
 * task->cycles and loader.h.
 */
#ifndef SNED_ACCEL_COMPILER_SCHEDULE_H
#define SNED_ACCEL_COMPILER_SCHEDULE_H

#include "accel/place/place.h"
#include "accel/compiler/step.h"

/* Steps of one image into program->image, behind its data: program->input, outputs and images say what there
 * is. output_places[program->output_count]: where each result lies. */
sned_status schedule(struct accel_program *program, const struct step_list *steps,
                     const struct placement *placement, int64_t input_place, const int64_t *output_places,
                     sned_error *error);

#endif
