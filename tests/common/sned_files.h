/*
 * sned_files.h - networks packed to files, for the tests of files that are whole and files that are not.
 */
#ifndef SNED_TESTS_COMMON_SNED_FILES_H
#define SNED_TESTS_COMMON_SNED_FILES_H

#include "codec/codec.h"
#include "tests/common/integer_graphs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

typedef struct graph *(*graph_maker)(float density, uint64_t seed);
static const graph_maker makers[] = {small_graph, every_operator_graph, several_ends_graph, lenet_graph};
enum { MAKERS = sizeof makers / sizeof *makers };

static inline struct buffer pack(const struct graph *graph)
{
    struct buffer file = {0};
    sned_error error;
    if (sned_pack(graph, NULL, &file, NULL, NULL, &error) != SNED_OK)
        fail_msg("%s", error.message);
    return file;
}

/* Every layer in `format`; where that is not mixed, the file is a plain one: a section each for what it
 * has. */
static inline struct buffer pack_as(const struct graph *graph, enum weight_format format)
{
    struct buffer file = {0};
    sned_error error;
    int *force = malloc((size_t)graph->node_count * sizeof *force);
    for (int i = 0; i < graph->node_count; i++)
        force[i] = (int)format;
    if (sned_pack(graph, &(struct pack_options){.force = force}, &file, NULL, NULL, &error) != SNED_OK)
        fail_msg("%s", error.message);
    free(force);
    return file;
}

static inline struct buffer pack_new_as(graph_maker make, float density, uint64_t seed,
                                        enum weight_format format)
{
    struct graph *graph = make(density, seed);
    struct buffer file = pack_as(graph, format);
    sned_graph_free(graph);
    return file;
}

static inline struct buffer pack_new(graph_maker make, float density, uint64_t seed)
{
    struct graph *graph = make(density, seed);
    struct buffer file = pack(graph);
    sned_graph_free(graph);
    return file;
}

/* The status of unpacking; a failure has a message of one line and gives no graph. */
static inline sned_status try_unpack(const void *data, size_t size)
{
    struct graph *graph;
    sned_error error = {0};
    sned_status status = sned_unpack(&graph, data, size, NULL, NULL, &error);
    assert_true((status == SNED_OK) == (graph != NULL));
    assert_true(status == SNED_OK || (error.message[0] && !strchr(error.message, '\n')));
    sned_graph_free(graph);
    return status;
}

#endif
