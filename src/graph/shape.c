/*
 * shape.c - shapes and the sizes that follow from them.
 */
#include "base/memory.h"
#include "graph/inner.h"

#include <stdarg.h>

size_t sned_type_size(enum tensor_type type)
{
    switch (type) {
    case TENSOR_F32:
    case TENSOR_I32:
        return 4;
    case TENSOR_U16:
        return 2;
    case TENSOR_I8:
        return 1;
    }
    return 0;
}

struct shape sned_shape(int rank, ...)
{
    struct shape shape = {.rank = rank};
    va_list arguments;
    va_start(arguments, rank);
    for (int i = 0; i < rank && i < GRAPH_MAX_RANK; i++)
        shape.dim[i] = va_arg(arguments, int64_t);
    va_end(arguments);
    return shape;
}

bool sned_shape_equal(const struct shape *a, const struct shape *b)
{
    if (a->rank != b->rank)
        return false;
    for (int i = 0; i < a->rank && i < GRAPH_MAX_RANK; i++)
        if (a->dim[i] != b->dim[i])
            return false;
    return true;
}

/* Saturates where the product does not fit, so that no check of a size can be fooled. */
size_t sned_shape_elements(const struct shape *shape)
{
    size_t elements = 1;
    for (int i = 0; i < shape->rank && i < GRAPH_MAX_RANK; i++) {
        if (shape->dim[i] <= 0)
            return 0;
        if (!sned_size_multiply(elements, (size_t)shape->dim[i], &elements))
            return SIZE_MAX;
    }
    return elements;
}

bool sned_shape_valid(const struct shape *shape)
{
    if (shape->rank < 1 || shape->rank > GRAPH_MAX_RANK)
        return false;
    for (int i = 0; i < shape->rank; i++)
        if (shape->dim[i] < 1 || shape->dim[i] > GRAPH_MAX_DIM)
            return false;
    return sned_shape_elements(shape) <= GRAPH_MAX_ELEMENTS;
}

struct extent sned_shape_extent(const struct shape *shape)
{
    struct extent extent = {1, 1, 1};
    if (shape->rank >= 2)
        extent.channels = (int)shape->dim[1];
    if (shape->rank == 3)
        extent.width = (int)shape->dim[2];
    if (shape->rank >= 4) {
        extent.height = (int)shape->dim[2];
        extent.width = (int)shape->dim[3];
    }
    return extent;
}
