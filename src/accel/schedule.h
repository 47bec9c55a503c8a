/*
 * schedule.h - puts the steps of some images into one list of descriptors, so that the units work side by
 * side.
 *
 * Images take turns in slots of the activation memory. Each step goes to its unit as soon as the step before
 * it of the same image is done, the earliest first, of two the older image's; so the lanes work on one image
 * while the vector unit and the FC engine work on others. Tables are loaded ahead, into the halves that the
 * last Conv but one has left.
 */
#ifndef SNED_ACCEL_SCHEDULE_H
#define SNED_ACCEL_SCHEDULE_H

#include "accel/emit.h"
#include "accel/step.h"

/* Steps of one image into program->image, behind its data: program->input, output, images and
 * activation_bytes (of one image) say what there is. */
sned_status schedule(struct accel_program *program, const struct step_list *steps, int64_t input_place,
                     int64_t output_place, sned_error *error);

#endif
