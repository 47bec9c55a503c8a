/*
 * schedule.h - puts the tasks of some images into one list of descriptors, so that the units work side by
 * side, on different images where one of them has to wait for its own:
 *
 *     lanes    | conv1 of A | conv2 of A | conv1 of B | conv2 of B | conv1 of C |
 *     vector                | pool of A  |            | pool of B  |
 *     FC                                 | fc of A    |            | fc of B    |
 *
 * An image has a place in the activation memory for its first tasks, its head, and another one for the rest,
 * its tail; so the next image's head can begin while this one's tail runs, where two whole images do not fit:
 *
 *     activation memory   | head | head |   tail   |          heads x head + tails x tail, in bytes
 *                           B      C        A
 *
 * The list is made task after task, by a clock that knows about how long each takes, and its loads: next is
 * the task that can begin first, of whatever image. An image's results are stored when its last task is done,
 * a store for each output.
 *
 * Which choices are best only the end of the list shows. So lists are made for each number of images at once
 * that memory allows, each with several amounts of patience for older images (schedule.c), and the one that
 * ends first is taken.
 */
#ifndef SNED_ACCEL_COMPILER_SCHEDULE_H
#define SNED_ACCEL_COMPILER_SCHEDULE_H

#include "accel/place/place.h"
#include "accel/compiler/step.h"

/* Appends to program->image the tasks' data, then the list: program->input, outputs and images say what there
 * is. Where the picture and each result [program->output_count] of one image lie: input_place and
 * output_places. */
sned_status schedule(struct accel_program *program, const struct step_list *steps,
                     const struct placement *placement, int64_t input_place, const int64_t *output_places,
                     sned_error *error);

#endif
