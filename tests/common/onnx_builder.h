/*
 * onnx_builder.h - ONNX files for tests, written byte by byte from onnx.proto's field numbers, so that
 * nothing of the reader under test takes part.
 *
 *     struct builder model = {.opset = 13};
 *     model_input(&model, "x", "N,3,8,8");
 *     model_floats(&model, "w", "4,3,3,3");
 *     model_node(&model, "Conv", "c", "x w", "y", "kernel_shape=[3,3] auto_pad='SAME_UPPER' group=1");
 *     model_output(&model, "y");
 */
#ifndef SNED_TESTS_COMMON_ONNX_BUILDER_H
#define SNED_TESTS_COMMON_ONNX_BUILDER_H

#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct builder {
    int opset;
    struct buffer graph, metadata; /* fields of GraphProto; of ModelProto */
    struct buffer file;            /* set by model_finish */
};

static inline void put(struct buffer *to, const void *data, size_t size)
{
    if (sned_buffer_append(to, data, size, NULL) != SNED_OK)
        abort();
}

static inline void put_varint(struct buffer *to, uint64_t value)
{
    do {
        uint8_t byte = (uint8_t)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
        put(to, &byte, 1);
        value >>= 7;
    } while (value);
}

static inline void put_number(struct buffer *to, int field, int64_t value)
{
    put_varint(to, (uint64_t)field << 3);
    put_varint(to, (uint64_t)value);
}

static inline void put_bytes(struct buffer *to, int field, const void *data, size_t size)
{
    put_varint(to, (uint64_t)field << 3 | 2);
    put_varint(to, size);
    if (size > 0)
        put(to, data, size);
}

static inline void put_text(struct buffer *to, int field, const char *text)
{
    put_bytes(to, field, text, strlen(text));
}

static inline void put_float(struct buffer *to, int field, float value)
{
    put_varint(to, (uint64_t)field << 3 | 5);
    put(to, &value, sizeof value);
}

/* Appends `part` as field `field` and frees it. */
static inline void put_message(struct buffer *to, int field, struct buffer *part)
{
    put_bytes(to, field, part->data, part->size);
    sned_buffer_free(part);
}

/* "2,3,-1" as repeated numbers of field `field`; an empty text is none. */
static inline void put_numbers(struct buffer *to, int field, const char *text)
{
    for (char *end; *text && *text != ']'; text = *end == ',' ? end + 1 : end)
        put_number(to, field, strtoll(text, &end, 10));
}

/* One "name=value": [1,2] a list, 'text' a string, 1.5 a float, 3 an integer. */
static inline void put_attribute(struct buffer *node, const char *name, const char *value)
{
    struct buffer attribute = {0};
    int type;
    put_text(&attribute, 1, name);
    if (value[0] == '[') {
        type = 7;
        put_numbers(&attribute, 8, value + 1);
    } else if (value[0] == '\'') {
        type = 3;
        put_bytes(&attribute, 4, value + 1, strlen(value) - 2);
    } else if (strchr(value, '.')) {
        type = 1;
        put_float(&attribute, 2, strtof(value, NULL));
    } else {
        type = 2;
        put_number(&attribute, 3, strtoll(value, NULL, 10));
    }
    put_number(&attribute, 20, type);
    put_message(node, 5, &attribute);
}

/* Names between spaces; "-" is an absent one. */
static inline void put_names(struct buffer *node, int field, const char *names)
{
    char copy[512], *save = NULL;
    snprintf(copy, sizeof copy, "%s", names);
    for (char *name = strtok_r(copy, " ", &save); name; name = strtok_r(NULL, " ", &save))
        put_text(node, field, strcmp(name, "-") == 0 ? "" : name);
}

static inline void model_node(struct builder *model, const char *op, const char *name, const char *inputs,
                              const char *outputs, const char *attributes)
{
    struct buffer node = {0};
    char copy[512], *save = NULL;
    put_names(&node, 1, inputs);
    put_names(&node, 2, outputs);
    put_text(&node, 3, name);
    put_text(&node, 4, op);
    snprintf(copy, sizeof copy, "%s", attributes);
    for (char *item = strtok_r(copy, " ", &save); item; item = strtok_r(NULL, " ", &save)) {
        char *value = strchr(item, '=');
        *value++ = 0;
        put_attribute(&node, item, value);
    }
    put_message(&model->graph, 1, &node);
}

/* A TensorProto of `type` on raw data. */
static inline struct buffer tensor_message(const char *name, int type, const char *dims, const void *data,
                                           size_t size)
{
    struct buffer tensor = {0};
    put_numbers(&tensor, 1, dims);
    put_number(&tensor, 2, type);
    put_text(&tensor, 8, name);
    put_bytes(&tensor, 9, data, size);
    return tensor;
}

static inline void model_tensor(struct builder *model, const char *name, int type, const char *dims,
                                const void *data, size_t size)
{
    struct buffer tensor = tensor_message(name, type, dims, data, size);
    put_message(&model->graph, 5, &tensor);
}

/* A tensor whose data lies in another file: "location=w.bin offset=4 length=16", its keys as they come. */
static inline void model_external(struct builder *model, const char *name, int type, const char *dims,
                                  const char *keys)
{
    struct buffer tensor = {0};
    char copy[1024], *save = NULL;
    put_numbers(&tensor, 1, dims);
    put_number(&tensor, 2, type);
    put_text(&tensor, 8, name);
    put_number(&tensor, 14, 1);
    snprintf(copy, sizeof copy, "%s", keys);
    for (char *item = strtok_r(copy, " ", &save); item; item = strtok_r(NULL, " ", &save)) {
        struct buffer entry = {0};
        char *value = strchr(item, '=');
        *value++ = 0;
        put_text(&entry, 1, item);
        put_text(&entry, 2, value);
        put_message(&tensor, 13, &entry);
    }
    put_message(&model->graph, 5, &tensor);
}

/* Floats 1, 2, 3, ... of the shape. */
static inline void model_floats(struct builder *model, const char *name, const char *dims)
{
    size_t count = 1;
    for (const char *at = dims; *at;) {
        char *end;
        count *= (size_t)strtoll(at, &end, 10);
        at = *end ? end + 1 : end;
    }
    float *data = malloc((count + 1) * sizeof *data);
    for (size_t i = 0; i < count; i++)
        data[i] = (float)(i + 1);
    model_tensor(model, name, 1, dims, data, count * sizeof *data);
    free(data);
}

static inline void model_number(struct builder *model, const char *name, float value)
{
    model_tensor(model, name, 1, "", &value, sizeof value);
}

/* A list of int64: "1,2,-1". */
static inline void model_ints(struct builder *model, const char *name, const char *values)
{
    int64_t data[16];
    size_t count = 0;
    char dims[8];
    for (char *end; *values; values = *end ? end + 1 : end)
        data[count++] = strtoll(values, &end, 10);
    snprintf(dims, sizeof dims, "%zu", count);
    model_tensor(model, name, 7, dims, data, count * sizeof *data);
}

/* A ValueInfoProto of floats; sizes that are no numbers are symbolic. */
static inline void put_value_info(struct buffer *to, int field, const char *name, const char *dims)
{
    struct buffer info = {0}, type = {0}, tensor = {0}, shape = {0};
    char copy[128], *save = NULL;
    snprintf(copy, sizeof copy, "%s", dims);
    for (char *item = strtok_r(copy, ",", &save); item; item = strtok_r(NULL, ",", &save)) {
        struct buffer dim = {0};
        char *end;
        long long size = strtoll(item, &end, 10);
        if (*end)
            put_text(&dim, 2, item);
        else
            put_number(&dim, 1, size);
        put_message(&shape, 1, &dim);
    }
    put_number(&tensor, 1, 1);
    put_message(&tensor, 2, &shape);
    put_message(&type, 1, &tensor);
    put_text(&info, 1, name);
    put_message(&info, 2, &type);
    put_message(to, field, &info);
}

static inline void model_input(struct builder *model, const char *name, const char *dims)
{
    put_value_info(&model->graph, 11, name, dims);
}

static inline void model_output(struct builder *model, const char *name)
{
    put_value_info(&model->graph, 12, name, "");
}

static inline void model_property(struct builder *model, const char *key, const char *value)
{
    struct buffer entry = {0};
    put_text(&entry, 1, key);
    put_text(&entry, 2, value);
    put_message(&model->metadata, 14, &entry);
}

/* The whole file in model->file. */
static inline void model_finish(struct builder *model)
{
    struct buffer opset = {0};
    put_number(&model->file, 1, 8);
    put_text(&model->graph, 2, "test");
    put_message(&model->file, 7, &model->graph);
    put_text(&opset, 1, "");
    put_number(&opset, 2, model->opset);
    put_message(&model->file, 8, &opset);
    if (model->metadata.size > 0)
        put(&model->file, model->metadata.data, model->metadata.size);
    sned_buffer_free(&model->metadata);
}

#endif
