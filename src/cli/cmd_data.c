/*
 * cmd_data.c - sned data: a character data set drawn from the system's fonts, and pictures out of any data
 * set.
 */
#include "cli/options/command.h"
#include "cli/terminal/json.h"
#include "cli/common/model.h"
#include "cli/common/preflight.h"
#include "cli/terminal/print.h"
#include "cli/terminal/progress.h"
#include "base/memory.h"
#include "base/text.h"
#include "io/pictures/glyphs.h"
#include "io/pictures/image.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static sned_status make_glyphs(const struct options *options, const struct reporter *reporter,
                               sned_error *error)
{
    struct glyph_options glyphs = {.train = options->train_images > 0 ? (size_t)options->train_images : 20000,
                                   .test = options->test_images > 0 ? (size_t)options->test_images : 4000,
                                   .seed = (uint64_t)options->seed,
                                   .characters = options->characters,
                                   .font_folder = options->fonts,
                                   .threads = option_threads(options)};
    SNED_TRY(glyphs_write(options->output, &glyphs, reporter, error));
    if (options->json)
        return print_json(json_pack("{s:s, s:I, s:I}", "output", options->output, "train",
                                    (json_int_t)glyphs.train, "test", (json_int_t)glyphs.test),
                          error);
    if (!options->quiet)
        print_line("%s: %zu %s to train on, %zu to test on, 28 x 28", options->output, glyphs.train,
                   sned_text_noun(glyphs.train, "image", "images"), glyphs.test);
    return SNED_OK;
}

/* FOLDER/INDEX-CLASS.png */
static sned_status write_picture(struct dataset *dataset, uint32_t index, uint8_t *pixels, const char *folder,
                                 size_t *written, sned_error *error)
{
    char *path = NULL;
    int32_t label;
    size_t got;
    SNED_TRY(dataset_read(dataset, &index, 1, pixels, &label, &got, error));
    if (!got)
        return SNED_OK; /* damaged, and reported */
    if (asprintf(&path, "%s/%05u-%d.png", folder, index, label) < 0)
        return sned_fail(error, SNED_ERROR_MEMORY, "out of memory");
    sned_status status = image_write_png(path, pixels, dataset_extent(dataset), error);
    *written += status == SNED_OK;
    free(path);
    return status;
}

static sned_status write_pictures(const struct options *options, const struct reporter *reporter,
                                  sned_error *error)
{
    sned_status status;
    struct dataset *dataset = NULL;
    uint8_t *pixels = NULL;
    size_t written = 0;
    struct model model = {0};
    if (!options->data || options->argument_count < 2)
        return sned_fail(error, SNED_ERROR_ARGUMENT,
                         "pictures takes a model and --data D: sned data pictures MODEL "
                         "--data D -o FOLDER");
    SNED_TRY_DONE(check_output_folder(options, error));
    SNED_TRY_DONE(model_load(&model, options->arguments[1], options, NULL, error));
    model_assume_pictures(&model, NULL);
    struct dataset_options wanted = {.split = SPLIT_TEST,
                                     .form = input_form_of(model.graph),
                                     .limit = options->limit > 0 ? (size_t)options->limit : 10,
                                     .threads = option_threads(options),
                                     .reporter = reporter};
    if (strcmp(wanted.form.color, "BGR") == 0) /* a PNG file's order is RGB */
        strcpy(wanted.form.color, "RGB");
    if (model.graph->label_count == graph_class_count(model.graph)) {
        wanted.class_names = (const char *const *)model.graph->labels;
        wanted.class_name_count = model.graph->label_count;
    }
    SNED_TRY_DONE(dataset_open(&dataset, options->data, &wanted, error));
    if (dataset_item_type(dataset) != ITEM_PIXELS) {
        status = sned_fail(error, SNED_ERROR_DATA, "%s: holds values, which are no pictures", options->data);
        goto done;
    }
    SNED_TRY_DONE(sned_alloc(&pixels, 1, dataset_item_size(dataset), error));
    if (mkdir(options->output, 0777) != 0 && errno != EEXIST) {
        status = sned_fail(error, SNED_ERROR_IO, "%s: cannot make this folder: %s", options->output,
                           strerror(errno));
        goto done;
    }
    for (size_t i = 0; i < dataset_size(dataset); i++)
        SNED_TRY_DONE(write_picture(dataset, (uint32_t)i, pixels, options->output, &written, error));
    if (options->json)
        status = print_json(json_pack("{s:s, s:I}", "output", options->output, "images", (json_int_t)written),
                            error);
    else if (!options->quiet)
        print_line("%s: %zu %s, INDEX-CLASS.png", options->output, written,
                   sned_text_noun(written, "picture", "pictures"));
done:
    free(pixels);
    dataset_free(dataset);
    model_free(&model);
    return status;
}

static sned_status run_data(const struct options *options, sned_error *error)
{
    struct display display;
    struct reporter reporter = display_reporter(&display, options->quiet);
    const char *what = options->arguments[0];
    sned_status status;
    if (!options->output)
        status = sned_fail(error, SNED_ERROR_ARGUMENT, "-o FOLDER is missing: where shall the images go?");
    else if (!strcmp(what, "glyphs"))
        status = make_glyphs(options, &reporter, error);
    else if (!strcmp(what, "pictures"))
        status = write_pictures(options, &reporter, error);
    else
        status = sned_fail(error, SNED_ERROR_ARGUMENT,
                           "'%s' is not something to make; glyphs and pictures are", what);
    display_finish(&display);
    return status;
}

const struct command command_data = {
    .name = "data",
    .arguments = "glyphs|pictures [MODEL] -o FOLDER",
    .summary = "Make a data set of characters, or pictures out of any data set",
    .text = "glyphs: draws characters in many faces, turns, shears, scales, blurs them and adds noise, and "
            "writes them as IDX "
            "files with MNIST's names, which --data FOLDER then takes. The same seed and fonts give the same "
            "files. pictures: "
            "writes the first test images (--limit, default 10) of --data D as PNG files in MODEL's input "
            "size, to run it on.",
    .argument_min = 1,
    .argument_max = 2,
    .keys = {OPTION_OUTPUT, OPTION_DATA, OPTION_INPUT, OPTION_HEAD, OPTION_LIMIT, OPTION_TRAIN_IMAGES,
             OPTION_TEST_IMAGES, OPTION_CHARACTERS, OPTION_FONTS, OPTION_SEED, OPTION_THREADS},
    .run = run_data,
};
