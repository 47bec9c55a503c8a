/*
 * attributes.c - the attributes of the node in hand, with their defaults and types.
 */
#include "io/onnx/node/attributes.h"

#include <stdio.h>
#include <string.h>

const Onnx__AttributeProto *onnx_attribute(const struct importer *importer, const char *name)
{
    for (size_t i = 0; i < importer->node->n_attribute; i++) {
        const Onnx__AttributeProto *attribute = importer->node->attribute[i];
        if (attribute->name && strcmp(attribute->name, name) == 0)
            return attribute;
    }
    return NULL;
}

/* Older files leave the type out: then the field that is there decides. */
static sned_status expect(struct importer *importer, const Onnx__AttributeProto *attribute, int type,
                          bool present)
{
    if (attribute->ref_attr_name && attribute->ref_attr_name[0])
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "attribute '%s' refers to a function's",
                         attribute->name);
    if (attribute->has_type && attribute->type != ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__UNDEFINED
            ? (int)attribute->type == type
            : present)
        return SNED_OK;
    return onnx_fail(importer, SNED_ERROR_FORMAT, "attribute '%s' is of the wrong type", attribute->name);
}

sned_status onnx_attribute_int(struct importer *importer, const char *name, int64_t fallback, int64_t *value)
{
    const Onnx__AttributeProto *attribute = onnx_attribute(importer, name);
    *value = fallback;
    if (attribute == NULL)
        return SNED_OK;
    *value = attribute->i;
    return expect(importer, attribute, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT, attribute->has_i);
}

sned_status onnx_attribute_float(struct importer *importer, const char *name, float fallback, float *value)
{
    const Onnx__AttributeProto *attribute = onnx_attribute(importer, name);
    *value = fallback;
    if (attribute == NULL)
        return SNED_OK;
    *value = attribute->f;
    return expect(importer, attribute, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT, attribute->has_f);
}

static sned_status integer_list(struct importer *importer, const char *name, size_t most,
                                const int64_t **values, int *count)
{
    const Onnx__AttributeProto *attribute = onnx_attribute(importer, name);
    *values = NULL;
    *count = 0;
    if (attribute == NULL)
        return SNED_OK;
    SNED_TRY(expect(importer, attribute, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS, attribute->n_ints > 0));
    if (attribute->n_ints > most)
        return onnx_fail(importer, SNED_ERROR_FORMAT, "attribute '%s' has %zu elements", name,
                         attribute->n_ints);
    static const int64_t none[1];
    *values = attribute->n_ints > 0 ? attribute->ints : none;
    *count = (int)attribute->n_ints;
    return SNED_OK;
}

sned_status onnx_attribute_ints(struct importer *importer, const char *name, const int64_t **values,
                                int *count)
{
    return integer_list(importer, name, 2 * GRAPH_MAX_RANK, values, count);
}

sned_status onnx_attribute_sizes(struct importer *importer, const char *name, const int64_t **values,
                                 int *count)
{
    return integer_list(importer, name, GRAPH_MAX_NODES, values, count);
}

sned_status onnx_attribute_string(struct importer *importer, const char *name, const char *fallback,
                                  char buffer[32])
{
    const Onnx__AttributeProto *attribute = onnx_attribute(importer, name);
    snprintf(buffer, 32, "%s", fallback);
    if (attribute == NULL)
        return SNED_OK;
    SNED_TRY(expect(importer, attribute, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING, attribute->has_s));
    snprintf(buffer, 32, "%.*s", (int)(attribute->s.len < 31 ? attribute->s.len : 31),
             attribute->s.data ? (const char *)attribute->s.data : "");
    return SNED_OK;
}
