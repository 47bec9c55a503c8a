/*
 * sned.h - run a packed neural network.
 *
 * This is the whole public interface of libsned, which depends on libc, libm and POSIX threads alone. A .sned
 * file (docs/format.md) holds an integer network; this library opens it, tells what is in it and runs it. The
 * arithmetic is defined in docs/arithmetic.md and is the same, bit for bit, on every machine.
 *
 *     sned_model *model;
 *     sned_context *context;
 *     sned_error error;
 *     if (sned_open(&model, "net.sned", &error) || sned_context_new(&context, model, &error))
 *         fprintf(stderr, "%s\n", error.message);
 *     sned_run_pixels(context, pixels, 1, scores, &error);     // scores[sned_model_get_info(model)->classes]
 *     sned_context_free(context);
 *     sned_close(model);
 *
 * Threads: a model is immutable once open and may be shared; a context belongs to one thread at a time.
 * Memory: everything is allocated by sned_open and sned_context_new; running allocates nothing.
 * Trust: a file is not trusted. Every length, index and shape in it is checked before it is used.
 */
#ifndef SNED_H
#define SNED_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define SNED_API __attribute__((visibility("default")))
#else
#define SNED_API
#endif

#define SNED_VERSION_MAJOR 0
#define SNED_VERSION_MINOR 1
#define SNED_VERSION_PATCH 0

/* What went wrong. The numbers are stable: they never change meaning. */
typedef enum sned_status {
    SNED_OK = 0,
    SNED_ERROR_ARGUMENT = 1,    /* the caller's arguments do not fit (a size, a NULL, an unknown name) */
    SNED_ERROR_MEMORY = 2,      /* an allocation failed */
    SNED_ERROR_IO = 3,          /* the operating system refused: open, read, write, rename */
    SNED_ERROR_TRUNCATED = 4,   /* the file ends before what it announces */
    SNED_ERROR_FORMAT = 5,      /* not a file of this kind, or its content contradicts itself */
    SNED_ERROR_VERSION = 6,     /* made by a newer version of the format */
    SNED_ERROR_CHECKSUM = 7,    /* the bytes are not those that were written */
    SNED_ERROR_UNSUPPORTED = 8, /* a valid input that this program does not handle */
    SNED_ERROR_SHAPE = 9,       /* tensors whose shapes do not fit together */
    SNED_ERROR_DATA = 10,       /* data set: labels out of range, too many damaged images, no images */
    SNED_ERROR_DIVERGED = 11,   /* training did not converge even at a lower rate */
    SNED_ERROR_LIMIT = 12       /* a limit that the user set (accuracy, time) cannot be kept */
} sned_status;

/* An error in words: one line, no newline at its end, what went wrong where and what to do. */
typedef struct sned_error {
    sned_status status;
    char message[512];
} sned_error;

typedef struct sned_model sned_model;     /* an opened file: immutable, shareable */
typedef struct sned_context sned_context; /* what one running thread needs: activations and scratch */

/* What a model takes and gives. Owned by the model, valid until sned_close. */
typedef struct sned_model_info {
    int channels, height, width; /* of one input image, [channels][height][width] */
    int classes;                 /* scores per image; 1 score tells two classes apart, see sned_run_pixels */
    int layers;                  /* for sned_layer_info */
    const char *color;      /* order of the input's channels: "RGB", "BGR" or "gray"; "" if not an image */
    uint64_t weights, kept; /* of Conv and Gemm, without biases: in the network, and not zero */
    uint64_t macs;          /* multiply-accumulates of one image, zeros included */
    uint64_t bytes;         /* of the whole file */
    /* How a picture of another size was brought to the input's in the training, and should be now: "auto"
     * (its centre where both sides are at most 15 % larger, else as "cover"), "cover" (scaled until it just
     * covers the input, then its centre), "squash" (the whole picture, whatever its proportions) or a number,
     * "256" (scaled until its short side has so many pixels, then its centre); "" if not an image. */
    const char *resize;
} sned_model_info;

/* One Conv or Gemm, as stored. Strings are owned by the model. */
typedef struct sned_layer {
    const char *name;       /* of the node, as in the ONNX file it came from */
    const char *op;         /* "Conv" or "Gemm" */
    int shape[4];           /* weights: [out][in / groups][kernel h][kernel w], a Gemm's last two are 1 */
    uint64_t weights, kept; /* in all, and not zero */
    int bits;               /* of one stored value */
    const char *format;     /* "dense8", "ccoo16", "gap16", ... (docs/format.md) */
    uint64_t bytes;         /* stored: weights, indices, biases, scales */
    uint64_t macs;          /* of one image, zeros included */
} sned_layer;

/*
 * Open a file, or a file's bytes in memory (copied where needed: `data` may be freed on return).
 * On success *model is a new model, freed by sned_close. On failure *model is NULL and `error`, which may be
 * NULL, says why.
 */
SNED_API sned_status sned_open(sned_model **model, const char *path, sned_error *error);
SNED_API sned_status sned_open_memory(sned_model **model, const void *data, size_t size, sned_error *error);
SNED_API void sned_close(sned_model *model); /* NULL is fine; no context of it may be left */

SNED_API const sned_model_info *sned_model_get_info(const sned_model *model);
/* Layer `index` in [0, layers); SNED_ERROR_ARGUMENT beyond. */
SNED_API sned_status sned_model_get_layer(const sned_model *model, int index, sned_layer *layer);
/* The name of class `index`, or NULL where the file has no labels or the index none. Owned by the model. */
SNED_API const char *sned_model_get_label(const sned_model *model, int index);

/* Bytes of memory that one context of `model` needs. */
SNED_API size_t sned_memory_needed(const sned_model *model);
/* A context whose memory is allocated here, or lies in `memory` (64-byte aligned, at least
 * sned_memory_needed() bytes, owned by the caller, alive until sned_context_free). */
SNED_API sned_status sned_context_new(sned_context **context, const sned_model *model, sned_error *error);
SNED_API sned_status sned_context_place(sned_context **context, const sned_model *model, void *memory,
                                        size_t size, sned_error *error);
SNED_API void sned_context_free(sned_context *context);

/*
 * Run `count` images. `pixels` is [count][channels][height][width], 0 to 255, channels in the model's color
 * order; mean and scale are applied inside. `values` are inputs after preprocessing, same shape. `scores`
 * receives [count][classes] floats: the network's logits, or what its ending makes of them: probabilities
 * (Softmax), probabilities of each class by itself (Sigmoid), logarithms of probabilities (LogSoftmax). A
 * network of one score has two classes: class 1 where the logit is above 0 or the Sigmoid above 0.5, else
 * class 0; both have a label.
 */
SNED_API sned_status sned_run_pixels(sned_context *context, const uint8_t *pixels, size_t count,
                                     float *scores, sned_error *error);
SNED_API sned_status sned_run_values(sned_context *context, const float *values, size_t count, float *scores,
                                     sned_error *error);

SNED_API const char *sned_status_name(sned_status status); /* "checksum", "memory", ...; never NULL */
SNED_API const char *sned_version(void);                   /* "0.1.0" */

#ifdef __cplusplus
}
#endif
#endif
