/*
 * cmd_data.c - sned data glyphs: a character data set drawn from the system's fonts.
 */
#include "cli/command.h"
#include "cli/layers.h"
#include "cli/progress.h"
#include "io/glyphs.h"

#include <stdio.h>
#include <string.h>

static sned_status run_data(const struct options *options, sned_error *error)
{
    struct display display;
    struct reporter reporter = display_reporter(&display, options->quiet);
    struct glyph_options glyphs = {.train = options->train_images > 0 ? (size_t)options->train_images : 20000,
                                   .test = options->test_images > 0 ? (size_t)options->test_images : 4000,
                                   .seed = (uint64_t)options->seed,
                                   .characters = options->characters,
                                   .font_folder = options->fonts,
                                   .threads = option_threads(options)};
    if (strcmp(options->arguments[0], "glyphs") != 0)
        return sned_fail(error, SNED_ERROR_ARGUMENT,
                         "'%s' is not a data set that can be made; the only one is glyphs",
                         options->arguments[0]);
    if (!options->output)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "-o FOLDER is missing: where shall the images go?");
    sned_status status = glyphs_write(options->output, &glyphs, &reporter, error);
    display_finish(&display);
    if (status == SNED_OK && options->json)
        status = print_json(json_pack("{s:s, s:I, s:I}", "output", options->output, "train",
                                      (json_int_t)glyphs.train, "test", (json_int_t)glyphs.test),
                            error);
    else if (status == SNED_OK && !options->quiet)
        printf("%s: %zu images to train on, %zu to test on, 28 x 28\n", options->output, glyphs.train,
               glyphs.test);
    return status;
}

const struct command command_data = {
    .name = "data",
    .arguments = "glyphs -o FOLDER",
    .summary = "Make a data set: characters in the system's fonts",
    .text = "Draws characters in many faces, turns, shears, scales, blurs them and adds noise, and writes "
            "them as IDX files with "
            "MNIST's names, which --data FOLDER then takes. The same seed and fonts give the same files.",
    .argument_min = 1,
    .argument_max = 1,
    .keys = {OPTION_OUTPUT, OPTION_TRAIN_IMAGES, OPTION_TEST_IMAGES, OPTION_CHARACTERS, OPTION_FONTS,
             OPTION_SEED, OPTION_THREADS},
    .run = run_data,
};
