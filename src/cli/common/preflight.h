/*
 * preflight.h - what can be known of a command's files in its first second, before hours of work: that
 * results have a place to go to, and that the images which are looked at last can be read.
 */
#ifndef SNED_CLI_COMMON_PREFLIGHT_H
#define SNED_CLI_COMMON_PREFLIGHT_H

#include "cli/common/model.h"

/* Fails where --output is missing, is no place for a file, lies in a folder that cannot be written, or is a
 * file that the command reads; the model (the first argument) may be, with `over_model`. */
sned_status check_output(const struct options *options, bool over_model, sned_error *error);

/* Fails where --output, a folder, is the data's own: what is written there would be among the data. */
sned_status check_output_folder(const struct options *options, sned_error *error);

/* Fails where the file of --raw is one that the command reads. */
sned_status check_raw(const struct options *options, sned_error *error);

/* Fails where --report, if given, is no place for a file, or one of the command's other files. */
sned_status check_report(const struct options *options, sned_error *error);

/* The checkpoint of --checkpoint, or OUTPUT.checkpoint; NULL for "none". free() it. Fails where it is another
 * file of the command, where something else has that name, or where it cannot be written. */
sned_status checkpoint_path(char **path, const struct options *options, sned_error *error);
/* Once the result is safely in its file, and not before: an interruption in between loses nothing. NULL:
 * nothing. */
void checkpoint_remove(const char *path);

/* Fails where the disks of output and checkpoint (NULL: none) have fewer bytes free than these files may
 * take. A checkpoint is written beside the one before it: it counts twice. */
sned_status check_space(const char *output, uint64_t output_bytes, const char *checkpoint,
                        uint64_t checkpoint_bytes, sned_error *error);

/* Reads images of the data set until one is whole; fails where none is. `spec` is for messages. */
sned_status images_check(const struct images *images, const char *spec, const struct input_rule *rule,
                         sned_error *error);

#endif
