/*
 * python_executor.h - what the runtime computes, held against execute_sned.py, which knows docs/format.md and
 * docs/arithmetic.md alone.
 *
 * Networks are written into a folder, each with an input and all that the runtime made of it (execute_sned.py
 * says how), and Python looks at a folder full of them at once: it takes longer to start than to run a small
 * network.
 *
 *     struct python_executor python;
 *     if (!python_executor_begin(&python))
 *         skip();
 *     python_executor_add(&python, model, context, values, sizeof values);     // for each network that ran
 *     python_executor_end(&python);
 */
#ifndef SNED_TESTS_COMMON_PYTHON_EXECUTOR_H
#define SNED_TESTS_COMMON_PYTHON_EXECUTOR_H

#include "codec/codec.h"
#include "runtime/runtime.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>
#include <cmocka.h>

enum { PYTHON_EXECUTOR_BATCH = 500 };

struct python_executor {
    char folder[256];
    int waiting;               /* networks in the folder */
    struct buffer activations; /* of the runs of the network that is being added */
};

static inline bool have_python(void)
{
    if (system("python3 -c pass >/dev/null 2>&1") == 0)
        return true;
    print_message("skipped: python3 is not installed\n");
    return false;
}

/* False where there is no Python. */
static inline bool python_executor_begin(struct python_executor *python)
{
    const char *folder = getenv("TMPDIR");
    *python = (struct python_executor){.waiting = 0};
    snprintf(python->folder, sizeof python->folder, "%s/sned-python-XXXXXX", folder ? folder : "/tmp");
    if (!have_python())
        return false;
    assert_non_null(mkdtemp(python->folder));
    return true;
}

/* Runs what is in the folder, fails where it differs, and empties the folder. */
static inline void python_executor_check(struct python_executor *python)
{
    char command[600];
    if (python->waiting == 0)
        return;
    snprintf(command, sizeof command, "python3 -B tests/execute_sned.py '%s'", python->folder);
    if (system(command) != 0)
        fail_msg("the runtime and tests/execute_sned.py differ; what they ran is left in %s", python->folder);
    snprintf(command, sizeof command, "rm -f '%s'/network*", python->folder);
    assert_int_equal(system(command), 0);
    python->waiting = 0;
}

static inline void python_executor_end(struct python_executor *python)
{
    python_executor_check(python);
    assert_int_equal(rmdir(python->folder), 0);
}

static inline void python_executor_put(const struct python_executor *python, const char *suffix,
                                       const void *data, size_t size)
{
    char path[300];
    snprintf(path, sizeof path, "%s/network%04d.%s", python->folder, python->waiting, suffix);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static inline void python_executor_take(struct python_executor *python, const struct graph *graph,
                                        const sned_context *context, int tensor)
{
    const int32_t *values = sned_context_activation(context, tensor);
    const size_t size = sned_shape_elements(&graph->tensors[tensor].shape) * sizeof *values;
    if (values) /* not an ending's */
        assert_int_equal(sned_buffer_append(&python->activations, values, size, NULL), SNED_OK);
}

/* One run more of the network that will be added: its activations in the file's order, the input, the states,
 * then what each node makes. The context keeps them (sned_context_new_keep). */
static inline void python_executor_take_run(struct python_executor *python, const sned_model *model,
                                            const sned_context *context)
{
    const struct graph *graph = sned_model_graph(model);
    python_executor_take(python, graph, context, graph->input);
    for (int k = 0; k < graph->state_count; k++)
        python_executor_take(python, graph, context, graph->states[k].tensor);
    for (int n = 0; n < graph->node_count; n++)
        for (int k = 0; k < graph->nodes[n].output_count; k++)
            python_executor_take(python, graph, context, graph->nodes[n].outputs[k]);
}

/* A network whose runs were taken. `input` is what was run: bytes where the network takes pixels, else
 * floats; `size` in bytes, of all runs. */
static inline void python_executor_add_runs(struct python_executor *python, const sned_model *model,
                                            const void *input, size_t size)
{
    const struct graph *graph = sned_model_graph(model);
    struct buffer file = {0};
    sned_error error = {0};
    int *force = malloc((size_t)graph->node_count * sizeof *force);
    for (int i = 0; i < graph->node_count;
         i++) /* all but every eighth file plain: mixed ones take their time */
        force[i] = python->waiting % 8 == 0 ? FORMAT_MIXED : FORMAT_GAP16;
    if (sned_pack(graph, &(struct pack_options){.force = force}, &file, NULL, NULL, &error) != SNED_OK)
        fail_msg("%s", error.message);
    free(force);
    python_executor_put(python, "sned", file.data, file.size);
    python_executor_put(python, "in", input, size);
    python_executor_put(python, "out", python->activations.data, python->activations.size);
    sned_buffer_free(&python->activations);
    sned_buffer_free(&file);
    if (++python->waiting == PYTHON_EXECUTOR_BATCH)
        python_executor_check(python);
}

/* A network, and the one run of a context that keeps its activations. */
static inline void python_executor_add(struct python_executor *python, const sned_model *model,
                                       const sned_context *context, const void *input, size_t size)
{
    python_executor_take_run(python, model, context);
    python_executor_add_runs(python, model, input, size);
}

#endif
