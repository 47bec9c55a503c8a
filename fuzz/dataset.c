/*
 * dataset.c - what the targets of data sets share: open, ask, read every image.
 */
#include "target.h"

#include "io/data/dataset.h"

#include <stdlib.h>

enum { MOST_IMAGES = 64 };

struct input_form fuzz_form(uint8_t options)
{
    static const struct input_form forms[4] = {
        {.input = {1, 8, 8}, .color = "gray", .resize = {RESIZE_SQUASH, 0}},
        {.input = {3, 32, 32}, .color = "RGB", .resize = {RESIZE_AUTO, 0}},
        {.input = {3, 5, 9}, .color = "BGR", .resize = {RESIZE_SIDE, 12}},
        {.input = {64, 1, 1}, .color = "gray", .resize = {RESIZE_COVER, 0}}};

    return forms[options & 3];
}

static void read_images(struct dataset *dataset, size_t count)
{
    size_t got = 0;
    void *items = malloc(count * dataset_item_size(dataset));
    int32_t labels[MOST_IMAGES];
    uint32_t indices[MOST_IMAGES];
    sned_error error = {0};

    for (size_t i = 0; i < count; i++)
        indices[i] = (uint32_t)(count - 1 - i);
    sned_status status = dataset_read(dataset, indices, count, items, labels, &got, &error);
    fuzz_require_outcome(status, status == SNED_OK ? dataset : NULL, &error);
    for (size_t i = 0; status == SNED_OK && i < got; i++)
        fuzz_require(labels[i] >= 0 && labels[i] < dataset_class_count(dataset), "labels are in range");
    free(items);
}

void fuzz_read_dataset(const char *spec, uint8_t options)
{
    struct dataset_options wanted = {.split = SPLIT_TEST,
                                     .classes = options & 4 ? 10 : 0,
                                     .memory_budget = options & 8 ? 4096 : 1 << 24,
                                     .limit = MOST_IMAGES,
                                     .threads = 1};
    struct dataset *dataset = NULL;
    sned_error error = {0};

    wanted.form = fuzz_form(options);
    wanted.form.takes_values = options & 64;
    sned_status status = dataset_open(&dataset, spec, &wanted, &error);
    fuzz_require_outcome(status, dataset, &error);
    if (status != SNED_OK)
        return;
    fuzz_require(dataset_size(dataset) >= 1 && dataset_size(dataset) <= MOST_IMAGES, "the limit holds");
    for (int i = -1; i <= dataset_class_count(dataset); i++)
        (void)dataset_class_name(dataset, i);
    read_images(dataset, dataset_size(dataset));
    dataset_free(dataset);
}
