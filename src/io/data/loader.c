/*
 * loader.c - batches of network inputs, prepared one ahead by a thread of their own.
 *
 * Two slots go round: the thread fills one while the caller uses the other. The thread alone walks the
 * indices, so batches come in one order; each image's flip and shift come from a random stream that only
 * (seed, epoch, index) select.
 */
#include "base/memory.h"
#include "base/random.h"
#include "io/data/dataset.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS = 2 };

struct slot {
    float *values;   /* [batch][C][H][W] */
    int32_t *labels; /* [batch] */
    uint32_t *which; /* [batch]: the images' indices */
    size_t got;
    bool full; /* the caller's turn */
};

struct batch_loader {
    struct dataset *dataset;
    uint32_t *indices; /* [count], shuffled */
    size_t count, next;
    struct loader_options options;
    struct extent extent;
    enum item_type type;
    size_t elements, element_size; /* of an item; bytes of one element */
    float *mean, *scale;           /* [C] */
    uint8_t *items, *shifted;      /* [batch][C][H][W]; [C][H][W], elements as the data set has them */

    struct slot slots[SLOTS];
    int taking;   /* the slot that loader_next waits for */
    bool holding; /* the caller still uses the slot before it */

    pthread_t thread;
    bool started;
    pthread_mutex_t lock; /* guards slots[].full, finished, stop, status, error */
    pthread_cond_t changed;
    bool finished, stop;
    sned_status status;
    sned_error error;
};

/* ---- one image ---- */

/* Left and right exchanged, in place, in rows of `width` elements of `size` bytes. */
static void flip(uint8_t *item, size_t rows, size_t width, size_t size)
{
    uint8_t kept[sizeof(float)];

    for (size_t row = 0; row < rows; row++, item += width * size)
        for (size_t left = 0, right = width - 1; left < right; left++, right--) {
            memcpy(kept, item + left * size, size);
            memcpy(item + left * size, item + right * size, size);
            memcpy(item + right * size, kept, size);
        }
}

/* `in` moved down by `dy` and right by `dx`; what comes in at the edges is 0. */
static void shift(const uint8_t *in, struct extent extent, size_t size, int dy, int dx, uint8_t *out)
{
    int height = extent.height, width = extent.width, length = width - abs(dx);
    size_t row = (size_t)width * size, plane = (size_t)height * row;
    size_t from = dx < 0 ? (size_t)-dx * size : 0, to = dx > 0 ? (size_t)dx * size : 0;

    memset(out, 0, (size_t)extent.channels * plane);
    if (length <= 0)
        return;
    for (int c = 0; c < extent.channels; c++, in += plane, out += plane)
        for (int y = dy > 0 ? dy : 0; y < height + (dy < 0 ? dy : 0); y++)
            memcpy(out + (size_t)y * row + to, in + (size_t)(y - dy) * row + from, (size_t)length * size);
}

/* Augments `item` in place, or into loader->shifted: returns where it is. */
static const uint8_t *augment(struct batch_loader *loader, uint32_t index, uint8_t *item)
{
    const struct augmentation *how = &loader->options.augmentation;
    struct extent extent = loader->extent;
    struct random random;

    if (!how->flip && how->shift <= 0)
        return item;
    sned_random_seed(&random, loader->options.seed, ((uint64_t)loader->options.epoch + 1) << 32 | index);
    if (how->flip && sned_random_below(&random, 2))
        flip(item, (size_t)extent.channels * (size_t)extent.height, (size_t)extent.width,
             loader->element_size);
    if (how->shift <= 0)
        return item;
    uint32_t range = 2 * (uint32_t)how->shift + 1;
    int dy = (int)sned_random_below(&random, range) - how->shift;
    int dx = (int)sned_random_below(&random, range) - how->shift;
    shift(item, extent, loader->element_size, dy, dx, loader->shifted);
    return loader->shifted;
}

/* value = (pixel - mean[c]) * scale[c]; a plain loop, which the compiler vectorizes. */
static void normalize(const struct batch_loader *loader, const uint8_t *restrict pixels,
                      float *restrict values)
{
    size_t plane = (size_t)loader->extent.height * (size_t)loader->extent.width;

    for (int c = 0; c < loader->extent.channels; c++, pixels += plane, values += plane) {
        float mean = loader->mean[c], scale = loader->scale[c];
        for (size_t i = 0; i < plane; i++)
            values[i] = ((float)pixels[i] - mean) * scale;
    }
}

static void to_values(const struct batch_loader *loader, const uint8_t *item, float *values)
{
    if (loader->type == ITEM_VALUES)
        memcpy(values, item, loader->elements * sizeof *values);
    else
        normalize(loader, item, values);
}

/* ---- one batch ---- */

/* Fills the slot from the next indices; got 0 at the end of them. */
static sned_status fill(struct batch_loader *loader, struct slot *slot, sned_error *error)
{
    size_t batch = loader->options.batch;
    bool refill = loader->options.drop_last;

    slot->got = 0;
    while (loader->next < loader->count && (slot->got == 0 || (refill && slot->got < batch))) {
        size_t got, count = loader->count - loader->next;
        if (count > batch - slot->got)
            count = batch - slot->got;
        SNED_TRY(dataset_read_which(loader->dataset, loader->indices + loader->next, count, loader->items,
                                    slot->labels + slot->got, slot->which + slot->got, &got, error));
        loader->next += count;
        for (size_t i = 0; i < got; i++) {
            uint8_t *item = loader->items + i * loader->elements * loader->element_size;
            to_values(loader, augment(loader, slot->which[slot->got + i], item),
                      slot->values + (slot->got + i) * loader->elements);
        }
        slot->got += got;
    }
    if (loader->options.drop_last && slot->got < batch)
        slot->got = 0;
    return SNED_OK;
}

static void *prepare(void *argument)
{
    struct batch_loader *loader = argument;

    for (int turn = 0; !loader->finished; turn = (turn + 1) % SLOTS) {
        struct slot *slot = &loader->slots[turn];
        sned_error error = {0};
        pthread_mutex_lock(&loader->lock);
        while (slot->full && !loader->stop)
            pthread_cond_wait(&loader->changed, &loader->lock);
        bool stop = loader->stop;
        pthread_mutex_unlock(&loader->lock);
        if (stop)
            break;
        sned_status status = fill(loader, slot, &error);
        pthread_mutex_lock(&loader->lock);
        slot->full = status == SNED_OK && slot->got > 0;
        loader->finished = !slot->full;
        loader->status = status;
        loader->error = error;
        pthread_cond_broadcast(&loader->changed);
        pthread_mutex_unlock(&loader->lock);
    }
    return NULL;
}

/* ---- the interface ---- */

static sned_status set_rule(struct batch_loader *loader, const struct input_rule *rule, sned_error *error)
{
    size_t channels = (size_t)loader->extent.channels;

    SNED_TRY(sned_alloc(&loader->mean, channels, sizeof *loader->mean, error));
    SNED_TRY(sned_alloc(&loader->scale, channels, sizeof *loader->scale, error));
    for (size_t c = 0; c < channels; c++) {
        size_t entry = channels > GRAPH_MAX_CHANNELS_MEAN ? 0 : c; /* a flat input has one rule */
        loader->mean[c] = rule && rule->is_image ? rule->mean[entry] : 0;
        loader->scale[c] = rule && rule->is_image ? rule->scale[entry] : 1;
    }
    return SNED_OK;
}

static sned_status allocate(struct batch_loader *loader, sned_error *error)
{
    struct extent extent = loader->extent;
    size_t batch = loader->options.batch;

    loader->elements = (size_t)extent.channels * (size_t)extent.height * (size_t)extent.width;
    loader->element_size = dataset_item_size(loader->dataset) / loader->elements;
    SNED_TRY(sned_alloc(&loader->items, batch, loader->elements * loader->element_size, error));
    SNED_TRY(sned_alloc(&loader->shifted, loader->elements, loader->element_size, error));
    for (int i = 0; i < SLOTS; i++) {
        SNED_TRY(sned_alloc(&loader->slots[i].values, batch, loader->elements * sizeof(float), error));
        SNED_TRY(sned_alloc(&loader->slots[i].labels, batch, sizeof(int32_t), error));
        SNED_TRY(sned_alloc(&loader->slots[i].which, batch, sizeof(uint32_t), error));
    }
    return SNED_OK;
}

static sned_status copy_indices(struct batch_loader *loader, const uint32_t *indices, size_t count,
                                sned_error *error)
{
    struct random random;

    SNED_TRY(sned_alloc(&loader->indices, count, sizeof *loader->indices, error));
    if (count)
        memcpy(loader->indices, indices, count * sizeof *indices);
    loader->count = count;
    if (loader->options.shuffle) {
        sned_random_seed(&random, loader->options.seed, loader->options.epoch);
        sned_random_shuffle(&random, loader->indices, count);
    }
    return SNED_OK;
}

sned_status loader_new(struct batch_loader **out, struct dataset *dataset, const uint32_t *indices,
                       size_t count, const struct loader_options *options, sned_error *error)
{
    sned_status status;
    struct batch_loader *loader = NULL;

    *out = NULL;
    if (options->batch == 0 || options->augmentation.shift > (1 << 20))
        return sned_fail(error, SNED_ERROR_ARGUMENT,
                         "batches of %zu images, shifted by up to %d pixels, cannot be made", options->batch,
                         options->augmentation.shift);
    SNED_TRY_DONE(sned_alloc(&loader, 1, sizeof *loader, error));
    pthread_mutex_init(&loader->lock, NULL);
    pthread_cond_init(&loader->changed, NULL);
    loader->dataset = dataset;
    loader->options = *options;
    if (!options->drop_last && options->batch > count) /* no memory for a batch that cannot come */
        loader->options.batch = count ? count : 1;
    loader->extent = dataset_extent(dataset);
    loader->type = dataset_item_type(dataset);
    SNED_TRY_DONE(copy_indices(loader, indices, count, error));
    SNED_TRY_DONE(set_rule(loader, options->rule, error));
    SNED_TRY_DONE(allocate(loader, error));
    if (pthread_create(&loader->thread, NULL, prepare, loader) != 0) {
        status = sned_fail(error, SNED_ERROR_MEMORY, "the system gives no thread to prepare batches with");
        goto done;
    }
    loader->started = true;
    *out = loader;
    loader = NULL;
done:
    loader_free(loader);
    return status;
}

sned_status loader_next(struct batch_loader *loader, const float **values, const int32_t **labels,
                        size_t *got, sned_error *error)
{
    sned_status status = SNED_OK;

    *got = 0;
    pthread_mutex_lock(&loader->lock);
    if (loader->holding) {
        loader->slots[loader->taking].full = false;
        loader->taking = (loader->taking + 1) % SLOTS;
        loader->holding = false;
        pthread_cond_broadcast(&loader->changed);
    }
    struct slot *slot = &loader->slots[loader->taking];
    while (!slot->full && !loader->finished)
        pthread_cond_wait(&loader->changed, &loader->lock);
    if (slot->full) {
        loader->holding = true;
        *values = slot->values;
        *labels = slot->labels;
        *got = slot->got;
    } else if (loader->status != SNED_OK) {
        status = sned_fail(error, loader->status, "%s", loader->error.message);
    }
    pthread_mutex_unlock(&loader->lock);
    return status;
}

const uint32_t *loader_which(const struct batch_loader *loader)
{
    return loader->slots[loader->taking].which;
}

void loader_free(struct batch_loader *loader)
{
    if (!loader)
        return;
    if (loader->started) {
        pthread_mutex_lock(&loader->lock);
        loader->stop = true;
        pthread_cond_broadcast(&loader->changed);
        pthread_mutex_unlock(&loader->lock);
        pthread_join(loader->thread, NULL);
    }
    for (int i = 0; i < SLOTS; i++) {
        free(loader->slots[i].values);
        free(loader->slots[i].labels);
        free(loader->slots[i].which);
    }
    free(loader->indices);
    free(loader->mean);
    free(loader->scale);
    free(loader->items);
    free(loader->shifted);
    pthread_mutex_destroy(&loader->lock);
    pthread_cond_destroy(&loader->changed);
    free(loader);
}
