/*
 * rule.c - what an input rule says of pictures, in the words that options, metadata and messages have for it,
 * and as one number.
 */
#include "graph/graph.h"
#include "base/format.h"
#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

static const char *const resize_words[] = {
    [RESIZE_AUTO] = "auto", [RESIZE_COVER] = "cover", [RESIZE_SQUASH] = "squash"};

const char *sned_color_name(const char *text)
{
    static const char *const names[][2] = {{"RGB", "RGB"},   {"BGR", "BGR"},        {"gray", "gray"},
                                           {"grey", "gray"}, {"grayscale", "gray"}, {"greyscale", "gray"},
                                           {"L", "gray"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcasecmp(text, names[i][0]) == 0)
            return names[i][1];
    return NULL;
}

bool sned_resize_parse(struct resize *resize, const char *text)
{
    char *end;
    for (int kind = RESIZE_AUTO; kind < RESIZE_SIDE; kind++)
        if (strcasecmp(text, resize_words[kind]) == 0) {
            *resize = (struct resize){.kind = (enum resize_kind)kind};
            return true;
        }
    long side = strtol(text, &end, 10);
    if (end == text || *end || side < 1 || side > GRAPH_MAX_PICTURE)
        return false;
    *resize = (struct resize){RESIZE_SIDE, (int)side};
    return true;
}

const char *sned_resize_text(char text[RESIZE_TEXT], struct resize resize)
{
    if (resize.kind == RESIZE_SIDE)
        sned_format(text, RESIZE_TEXT, "%d", resize.side);
    else
        sned_format(text, RESIZE_TEXT, "%s", resize_words[resize.kind]);
    return text;
}

sned_status sned_resize_check(struct resize resize, struct extent input, sned_error *error)
{
    int longer = input.height > input.width ? input.height : input.width;
    if ((unsigned)resize.kind > RESIZE_SIDE)
        return sned_fail(error, SNED_ERROR_FORMAT, "input rule: way %d of resizing is unknown",
                         (int)resize.kind);
    if (resize.kind == RESIZE_SIDE && (resize.side < longer || resize.side > GRAPH_MAX_PICTURE))
        return sned_fail(error, SNED_ERROR_FORMAT,
                         "a short side resized to %d pixels leaves no centre of %d x %d; give %d to %d",
                         resize.side, input.height, input.width, longer, GRAPH_MAX_PICTURE);
    return SNED_OK;
}

uint64_t sned_rule_hash(const struct input_rule *rule)
{
    const int32_t whole[] = {rule->is_image, (int32_t)rule->resize.kind, rule->resize.side,
                             rule->label_offset};
    const uint64_t parts[] = {sned_hash(whole, sizeof whole), sned_hash(rule->color, strlen(rule->color)),
                              sned_hash(rule->mean, sizeof rule->mean),
                              sned_hash(rule->scale, sizeof rule->scale)};
    return sned_hash(parts, sizeof parts);
}
