/*
 * onnx_mutate.c - libFuzzer's mutator for onnx: changes one field of the message, whatever it is, by the
 * schema's own description of it.
 *
 * Bytes changed at random seldom leave a protocol buffer whole: every length on the way to them must fit. So
 * the file is parsed, one place in it is changed, and it is written again; one time in four the bytes are
 * changed all the same, for the parser's sake.
 */
#include "base/random.h"
#include "io/onnx/import/wire.h"
#include "onnx.pb-c.h"

#include <stdlib.h>
#include <stdbool.h>
#include <string.h>

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size); /* libFuzzer's own */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

/* One field of one message in the tree. */
struct place {
    ProtobufCMessage *owner;
    const ProtobufCFieldDescriptor *field;
};

/* The draw: each place seen replaces the one kept with probability 1 / places seen. */
struct draw {
    struct random *random;
    struct place place;
    const char *text; /* some string of the file, drawn the same way */
    uint32_t places, texts;
};

static void *member(const struct place *place)
{
    return (char *)place->owner + place->field->offset;
}

static size_t *count_of(const struct place *place)
{
    return (size_t *)((char *)place->owner + place->field->quantifier_offset);
}

/* Whether a field that is no list holds something: in a oneof, its number is the case. */
static bool is_set(const struct place *place)
{
    const ProtobufCFieldDescriptor *field = place->field;
    const void *quantifier = (const char *)place->owner + field->quantifier_offset;

    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
        return *(const uint32_t *)quantifier == field->id;
    if (field->type == PROTOBUF_C_TYPE_MESSAGE || field->type == PROTOBUF_C_TYPE_STRING)
        return *(void **)member(place) != NULL && *(void **)member(place) != field->default_value;
    return field->label == PROTOBUF_C_LABEL_REQUIRED || *(const protobuf_c_boolean *)quantifier;
}

static size_t element_size(const ProtobufCFieldDescriptor *field)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
    case PROTOBUF_C_TYPE_STRING:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 8;
    default:
        return 4;
    }
}

/* ---- drawing a place ---- */

static void see(struct draw *draw, const struct place *place)
{
    if (sned_random_below(draw->random, ++draw->places) == 0)
        draw->place = *place;
}

static void see_text(struct draw *draw, const char *text)
{
    if (text && sned_random_below(draw->random, ++draw->texts) == 0)
        draw->text = text;
}

static void walk(struct draw *draw, ProtobufCMessage *message)
{
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        struct place place = {message, &message->descriptor->fields[i]};
        bool is_list = place.field->label == PROTOBUF_C_LABEL_REPEATED;
        size_t count = is_list ? *count_of(&place) : is_set(&place);
        void **elements = is_list ? *(void ***)member(&place) : member(&place);
        if (count)
            see(draw, &place);
        for (size_t k = 0; k < count && place.field->type == PROTOBUF_C_TYPE_STRING; k++)
            see_text(draw, elements[k]);
        for (size_t k = 0; k < count && place.field->type == PROTOBUF_C_TYPE_MESSAGE; k++)
            walk(draw, elements[k]);
    }
}

/* ---- changing an element ---- */

static const char *const words[] = {
    "Add",
    "AveragePool",
    "BatchNormalization",
    "Cast",
    "Clip",
    "Concat",
    "Constant",
    "ConstantOfShape",
    "Conv",
    "Div",
    "Dropout",
    "Flatten",
    "Gather",
    "Gemm",
    "GlobalAveragePool",
    "Identity",
    "LRN",
    "LeakyRelu",
    "MatMul",
    "MaxPool",
    "Mul",
    "Pad",
    "ReduceMean",
    "Relu",
    "Reshape",
    "Shape",
    "Slice",
    "Softmax",
    "Squeeze",
    "Sub",
    "Transpose",
    "Unsqueeze",
    "axis",
    "axes",
    "alpha",
    "beta",
    "transA",
    "transB",
    "auto_pad",
    "SAME_UPPER",
    "SAME_LOWER",
    "VALID",
    "NOTSET",
    "ceil_mode",
    "count_include_pad",
    "kernel_shape",
    "pads",
    "strides",
    "dilations",
    "group",
    "epsilon",
    "keepdims",
    "allowzero",
    "perm",
    "starts",
    "ends",
    "value",
    "value_ints",
    "value_floats",
    "to",
    "size",
    "bias",
    "ratio",
    "min",
    "max",
    "mode",
    "input.mean",
    "input.scale",
    "input.color",
    "input.layout",
    "input.resize",
    "input.size",
    "labels",
    "labels.offset",
    "NHWC",
    "BGR",
    "gray",
    "1e38,-1,nan",
    "a,b,c",
    "location",
    "offset",
    "length",
    "checksum",
    "w",
    "../w",
    "/w",
    "16",
    "999999999999999999",
    "",
};
static const int64_t numbers[] = {0,  1,  2,   3,   -1,    -2,    4,         5,         6,         7,
                                  8,  9,  10,  11,  12,    16,    64,        255,       256,       1 << 15,
                                  -3, -4, 127, 128, 32767, 65536, INT32_MAX, INT32_MIN, 1 << 26,   INT64_MAX,
                                  -8, 13, 14,  15,  17,    18,    1LL << 31, 1LL << 32, 1LL << 62, INT64_MIN};
static const float reals[] = {0, 1, -1, 0.5f, 1e-30f, 1e30f, -1e38f, 3.5f, 1e9f, -0.0f};
#define PICK(random, list) list[sned_random_below(random, sizeof(list) / sizeof(list)[0])]

static void change_text(struct draw *draw, const struct place *place, char **text)
{
    const char *other =
        draw->text && sned_random_below(draw->random, 2) ? draw->text : PICK(draw->random, words);
    char *fresh = strdup(other);

    if (*text != place->field->default_value)
        free(*text);
    *text = fresh;
}

static void change_bytes(ProtobufCBinaryData *bytes)
{
    size_t room = bytes->len + 16;

    bytes->data = realloc(bytes->data, room);
    bytes->len = LLVMFuzzerMutate(bytes->data, bytes->len, room);
}

static void change_element(struct draw *draw, const struct place *place, void *element)
{
    int64_t number = PICK(draw->random, numbers);

    switch (place->field->type) {
    case PROTOBUF_C_TYPE_STRING:
        change_text(draw, place, element);
        break;
    case PROTOBUF_C_TYPE_BYTES:
        change_bytes(element);
        break;
    case PROTOBUF_C_TYPE_FLOAT:
        *(float *)element = PICK(draw->random, reals);
        break;
    case PROTOBUF_C_TYPE_MESSAGE: /* its fields are places of their own */
        break;
    default:
        memcpy(element, &number, element_size(place->field));
    }
}

/* ---- changing a list ---- */

/* A message again, through its bytes; anything else as it is. */
static void copy_element(const struct place *place, void *to, const void *from)
{
    ProtobufCMessage *message;

    memcpy(to, from, element_size(place->field));
    if (place->field->type == PROTOBUF_C_TYPE_STRING) {
        *(char **)to = strdup(*(char *const *)from);
    } else if (place->field->type == PROTOBUF_C_TYPE_BYTES) {
        ProtobufCBinaryData *bytes = to;
        bytes->data = memcpy(malloc(bytes->len + 1), bytes->data, bytes->len);
    } else if (place->field->type == PROTOBUF_C_TYPE_MESSAGE) {
        memcpy(&message, from, sizeof message);
        size_t size = protobuf_c_message_get_packed_size(message);
        uint8_t *packed = malloc(size + 1);
        protobuf_c_message_pack(message, packed);
        *(ProtobufCMessage **)to = protobuf_c_message_unpack(message->descriptor, NULL, size, packed);
        free(packed);
    }
}

static void free_element(const struct place *place, void *element)
{
    switch (place->field->type) {
    case PROTOBUF_C_TYPE_STRING:
        free(*(char **)element);
        break;
    case PROTOBUF_C_TYPE_BYTES:
        free(((ProtobufCBinaryData *)element)->data);
        break;
    case PROTOBUF_C_TYPE_MESSAGE:
        protobuf_c_message_free_unpacked(*(ProtobufCMessage **)element, NULL);
        break;
    default:
        break;
    }
}

static void change_list(struct draw *draw, const struct place *place)
{
    size_t *count = count_of(place), size = element_size(place->field);
    char **list = member(place);
    char *one = *list + size * sned_random_below(draw->random, (uint32_t)*count);
    char *other = *list + size * sned_random_below(draw->random, (uint32_t)*count), swap[32];
    size_t at = (size_t)(one - *list);

    switch (sned_random_below(draw->random, 6)) {
    case 0: /* one less */
        free_element(place, one);
        memmove(one, one + size, *count * size - at - size);
        --*count;
        break;
    case 1: /* one more, like another */
        *list = realloc(*list, (*count + 1) * size);
        copy_element(place, *list + *count * size, *list + at);
        ++*count;
        break;
    case 2:
        memcpy(swap, one, size);
        memmove(one, other, size);
        memcpy(other, swap, size);
        break;
    default:
        change_element(draw, place, one);
    }
}

/* ---- a mutation ---- */

static void mutate_message(ProtobufCMessage *message, struct random *random)
{
    struct draw draw = {.random = random};

    walk(&draw, message);
    if (draw.places == 0)
        return;
    if (draw.place.field->label == PROTOBUF_C_LABEL_REPEATED)
        change_list(&draw, &draw.place);
    else
        change_element(&draw, &draw.place, member(&draw.place));
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    struct random random;
    Onnx__ModelProto *model = NULL;

    sned_random_seed(&random, seed, 0);
    if (sned_random_below(&random, 4) && onnx_scan(data, size, NULL) == SNED_OK)
        model = onnx__model_proto__unpack(NULL, size, data);
    if (model == NULL)
        return LLVMFuzzerMutate(data, size, max_size);
    for (uint32_t changes = 1 + sned_random_below(&random, 3); changes > 0; changes--)
        mutate_message(&model->base, &random);
    if (onnx__model_proto__get_packed_size(model) <= max_size)
        size = onnx__model_proto__pack(model, data);
    onnx__model_proto__free_unpacked(model, NULL);
    return size;
}
