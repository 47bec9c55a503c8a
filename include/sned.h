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
 * Threads: a model is immutable once open and may be shared; a context belongs to one thread at a time, and
 * may have others that help it (sned_context_options).
 * Memory: everything is allocated by sned_open and sned_context_new; running allocates nothing.
 * Speed: opening takes the fastest kernels that the machine has, or those that the environment names
 * (SNED_CPU=portable: plain C), and chooses among their forms by what they cost: as `sned bench --calibrate`
 * found here and left in the user's cache folder, which is read each time, else as is built in
 * (SNED_PLAN=builtin: always); or by trying them (SNED_PLAN=measured), which takes longer. What they compute
 * is the same.
 * Trust: a file is not trusted. Every length, index and shape in it is checked before it is used; what a file
 * may cost is limited by sned_open_with.
 * NULL: in the place of a model, a context or a result it is an error, never a crash: SNED_ERROR_ARGUMENT
 * from what returns a status, else NULL, 0 or -1.
 * Growth: a struct here never changes its size, nor a member its place. What a later version adds takes the
 * place of `reserved`, which is 0 until then: in what the library fills in, and so it has to be in what it is
 * given. Numbers of enums never change their meaning.
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

/* ---- Version ---- */

#define SNED_VERSION_MAJOR 0
#define SNED_VERSION_MINOR 1
#define SNED_VERSION_PATCH 0
/* One number that grows with every version, for #if: 10203 is 1.2.3. */
#define SNED_VERSION (SNED_VERSION_MAJOR * 10000 + SNED_VERSION_MINOR * 100 + SNED_VERSION_PATCH)

/* Those of the library that runs, which where it is a shared one may be another than this header's: as
 * SNED_VERSION, and as text, "1.2.3". */
SNED_API int sned_version_number(void);
SNED_API const char *sned_version(void);

/* ---- Errors ---- */

/* What went wrong. */
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
    SNED_ERROR_LIMIT = 12       /* a limit that the user set cannot be kept: sned_limits; accuracy, time */
} sned_status;

SNED_API const char *sned_status_name(sned_status status); /* "checksum", "memory", ...; never NULL */

/* An error in words: one line, no newline at its end, what went wrong where and what to do. Every function
 * that takes one fills it where it fails, and accepts NULL. */
typedef struct sned_error {
    sned_status status;
    char message[512];
} sned_error;

/* ---- Opening ---- */

typedef struct sned_model sned_model;     /* an opened file: immutable, shareable */
typedef struct sned_context sned_context; /* what one running thread needs: activations, states, scratch */

/*
 * Open a file, or a file's bytes in memory (copied where needed: `data` may be freed on return).
 * On success *model is a new model, freed by sned_close. On failure *model is NULL and `error` says why.
 */
SNED_API sned_status sned_open(sned_model **model, const char *path, sned_error *error);
SNED_API sned_status sned_open_memory(sned_model **model, const void *data, size_t size, sned_error *error);
SNED_API void sned_close(sned_model *model); /* NULL is fine; no context of it may be left */

/*
 * What a file from a stranger may cost; 0: as much as it likes. Begin with `sned_limits limits = {0};`.
 *
 * A file of a few hundred bytes can be a network of gigabytes, or one that runs for hours. Each limit is held
 * against what the file claims before anything of that size is allocated.
 */
typedef struct sned_limits {
    uint64_t file_bytes;  /* of the file */
    uint64_t memory;      /* bytes, as sned_model_info.memory counts them */
    uint64_t macs;        /* of one image: sned_model_info.macs */
    uint64_t operations;  /* of one image: sned_model_info.operations; what bounds the time of a run */
    uint64_t threads;     /* that open it, at most 1024; 0 is 1. The model is the same for any number */
    uint64_t reserved[3]; /* 0; SNED_ERROR_ARGUMENT where it is a limit that this library does not know */
} sned_limits;

/* As sned_open and sned_open_memory; SNED_ERROR_LIMIT where the file would cost more than `limits`, which may
 * be NULL. */
SNED_API sned_status sned_open_with(sned_model **model, const char *path, const sned_limits *limits,
                                    sned_error *error);
SNED_API sned_status sned_open_memory_with(sned_model **model, const void *data, size_t size,
                                           const sned_limits *limits, sned_error *error);

/* ---- What a model is ---- */

/* What a model takes and gives. Owned by the model, valid until sned_close. */
typedef struct sned_model_info {
    int channels, height, width; /* of one input image, [channels][height][width]; dimensions behind the
                                    third are part of the width */
    int classes;                 /* scores per image, the numbers of output 0: see sned_run_pixels */
    int layers;                  /* for sned_model_get_layer */
    int outputs;                 /* for sned_model_get_output; at least 1 */
    const char *color;           /* order of the input's channels: "RGB", "BGR", "gray"; "" if not an image */
    uint64_t weights, kept;      /* of all layers, without biases: in the network, and not zero */
    uint64_t macs;               /* multiply-accumulates of one image's layers, zeros included */
    uint64_t bytes;              /* of the whole file */
    /* How a picture of another size was brought to the input's in the training, and should be now: "auto"
     * (its centre where both sides are at most 15 % larger, else as "cover"), "cover" (scaled until it just
     * covers the input, then its centre), "squash" (the whole picture, whatever its proportions) or a number,
     * "256" (scaled until its short side has so many pixels, then its centre); "" if not an image. */
    const char *resize;
    /* What a run costs: macs, and for each number that any other operator makes, those that its window looks
     * at. */
    uint64_t operations;
    /* Bytes of the weights, as if each were one, biases and tables, and of one context: what a file claims.
     * Kernels keep less of a layer with few weights that are not zero, and of others a few bytes more for
     * each: for those the file has bytes itself. */
    uint64_t memory;
    uint64_t state_bytes; /* of what outlives a run (sned_context_reset); 0: each image is by itself */
    uint64_t steps;       /* of a run: sned_step_time */
    uint64_t reserved[3];
} sned_model_info;

SNED_API const sned_model_info *sned_model_get_info(const sned_model *model);

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
    uint64_t reserved[6];
} sned_layer;

/* Layer `index` in [0, layers) into *layer; SNED_ERROR_ARGUMENT beyond. */
SNED_API sned_status sned_model_get_layer(const sned_model *model, int index, sned_layer *layer);

/* What the network ends in, that is, what the numbers of an output are. */
typedef enum sned_ending {
    SNED_ENDING_NONE = 0,        /* the last layer's: logits, where they are scores of classes */
    SNED_ENDING_SOFTMAX = 1,     /* probabilities that add up to 1 */
    SNED_ENDING_LOG_SOFTMAX = 2, /* the natural logarithms of such */
    SNED_ENDING_SIGMOID = 3      /* each a probability by itself */
} sned_ending;

enum { SNED_MAX_RANK = 8 };

/* One of the network's outputs. Output 0 is the one that `classes` and the labels are about. */
typedef struct sned_output {
    const char *name; /* as in the ONNX file; owned by the model */
    size_t elements;  /* floats of one image: the product of its shape */
    int rank;
    int shape[SNED_MAX_RANK]; /* [rank], row-major, without the batch; 0 from `rank` on */
    sned_ending ending;
    uint64_t reserved[9];
} sned_output;

/* Output `index` in [0, outputs) into *output; SNED_ERROR_ARGUMENT beyond. */
SNED_API sned_status sned_model_get_output(const sned_model *model, int index, sned_output *output);
/* The index of the output called `name`; -1 where there is none. */
SNED_API int sned_model_find_output(const sned_model *model, const char *name);

/* The name of class `index`, or NULL where the file has no labels or the index none. Owned by the model. */
SNED_API const char *sned_model_get_label(const sned_model *model, int index);

/* The instruction set that the model's kernels are of: "portable", "avx2", ...; NULL: no model. */
SNED_API const char *sned_model_get_instructions(const sned_model *model);
/* Those that this library has kernels for, the slowest first: the name of number `index`, from 0 on, and into
 * *runs, unless it is NULL, whether this machine has it; NULL behind the last. */
SNED_API const char *sned_instructions(int index, int *runs);

/* ---- Running ---- */

/* Bytes of memory that one context of `model` needs. */
SNED_API size_t sned_memory_needed(const sned_model *model);
/* A context whose memory is allocated here, or lies in `memory` (64-byte aligned, at least
 * sned_memory_needed() bytes, owned by the caller, alive until sned_context_free). On failure *context is
 * NULL. */
SNED_API sned_status sned_context_new(sned_context **context, const sned_model *model, sned_error *error);
SNED_API sned_status sned_context_place(sned_context **context, const sned_model *model, void *memory,
                                        size_t size, sned_error *error);
SNED_API void sned_context_free(sned_context *context); /* NULL is fine */

/*
 * A context with more than that. Begin with `sned_context_options options = {0};`, which is sned_context_new.
 *
 * Threads: scores are the same to the bit, whatever their number. A step of the network is shared out among
 * them where that pays; to find out, the context runs an image on one thread now and then, and all of them
 * where that is faster. Without `run_tasks` it starts threads - 1 threads of its own, which end in
 * sned_context_free; where the system gives fewer, those do the work. They run nothing but kernels, on the
 * processors that the thread that made the context may run on, take no signals, and look for work for at most
 * 0.2 milliseconds after they last had some, then sleep; so does sned_run_pixels while it waits for them.
 * They do not live on in a process made by fork().
 *
 * run_tasks: instead, threads of the caller's. Called by sned_run_pixels and its kin, several times an image,
 * it calls task(argument, index) for every index in [0, count), each once, in any order, on any threads, one
 * after the other or at once, and returns when all of them have, and what they wrote is visible to its
 * caller; count is at most `threads`. A task neither blocks nor calls anything of the caller's. run_tasks
 * must not use this context, nor leave by longjmp or an exception. `user` is handed to it.
 *
 * by_image: not 0: of a batch, each thread runs images of its own, which is the quicker way to many of them,
 * and takes the memory of so many contexts. The images that are left when there are fewer than threads, and
 * every image of a network with states, are shared out among all of them as without it.
 */
typedef struct sned_context_options {
    int threads; /* the one that runs the context among them; 0 is 1; at most 1024 */
    int by_image;
    void *memory; /* NULL, or as in sned_context_place, with at least sned_memory_needed_with() bytes. */
    size_t memory_size;
    void (*run_tasks)(void *user, int count, void (*task)(void *argument, int index), void *argument);
    void *user;
    uint64_t reserved[4]; /* 0, else SNED_ERROR_ARGUMENT */
} sned_context_options;

/* Bytes of such a context, whatever options->memory is: 0 where the options are not valid. The threads'
 * stacks are the system's. `options` may be NULL: as all 0. */
SNED_API size_t sned_memory_needed_with(const sned_model *model, const sned_context_options *options);
SNED_API sned_status sned_context_new_with(sned_context **context, const sned_model *model,
                                           const sned_context_options *options, sned_error *error);

/*
 * Run `count` images. `pixels` is [count][channels][height][width], 0 to 255, channels in the model's color
 * order; mean and scale are applied inside; a network without a color takes none (SNED_ERROR_ARGUMENT).
 * `values` are inputs after preprocessing, same shape. `scores` receives [count][classes] floats: the
 * network's logits, or what its ending makes of them (sned_ending). A network of one score has two classes:
 * class 1 where the logit is above 0 or the Sigmoid above 0.5, else class 0; both have a label.
 *
 * In a network with states (info->state_bytes above 0) the images are moments of one sequence: each begins
 * with what the one before left, in this call or an earlier one of the same context.
 */
SNED_API sned_status sned_run_pixels(sned_context *context, const uint8_t *pixels, size_t count,
                                     float *scores, sned_error *error);
SNED_API sned_status sned_run_values(sned_context *context, const float *values, size_t count, float *scores,
                                     sned_error *error);

/* The same for any of a network's outputs: outputs[i] receives [count][elements] floats of output i, or is
 * NULL where nobody wants them. output_count: of `outputs`, at most info->outputs; those beyond are not
 * wanted. */
SNED_API sned_status sned_run_pixels_outputs(sned_context *context, const uint8_t *pixels, size_t count,
                                             float *const *outputs, int output_count, sned_error *error);
SNED_API sned_status sned_run_values_outputs(sned_context *context, const float *values, size_t count,
                                             float *const *outputs, int output_count, sned_error *error);

/* Sets all states to zero, as in a new context: another sequence begins. Nothing where there are none. */
SNED_API void sned_context_reset(sned_context *context);

/* ---- Where the time goes ---- */

/* A step of a run: one node of the network, or several that are done together. Strings are owned by the
 * model. */
typedef struct sned_step_time {
    const char *name;   /* of the node that makes its result, as in the ONNX file */
    const char *op;     /* of that node: "Conv" */
    const char *kernel; /* what does it: "conv", "gemm", "max pool" */
    const char *form;   /* which way, of those that it has: "sparse"; NULL: it has but one */
    int index;          /* from 0 to info->steps - 1, in the order of the run */
    int threads;        /* that it was shared out among, at most */
    uint64_t nanoseconds;
    uint64_t macs, products; /* multiply-accumulates of its layers; those of weights that are not zero */
    uint64_t reserved[8];
} sned_step_time;

/* From now on each step that the context has done is told to `done`, on the thread that runs the context;
 * *time is `done`'s while it lasts. `done` must not use the context. NULL: no more. Meanwhile images of a
 * batch run one by one (by_image waits), and each step is timed. SNED_ERROR_ARGUMENT: no context. */
SNED_API sned_status sned_context_set_step_done(sned_context *context,
                                                void (*done)(void *user, const sned_step_time *time),
                                                void *user, sned_error *error);

#ifdef __cplusplus
}
#endif
#endif
