/*
 * reduce.c - which pools are sums of planes, and how long the vector unit takes.
 */
#include "accel/program/reduce.h"
#include "accel/program/numbers.h"
#include "graph/operator.h"

/* A sum has 25 bits with its sign, a descriptor's width has 12. */
enum { MOST_SUM = (1 << 24) - 1, MOST_WIDTH = (1 << 12) - 1 };

bool reduce_fits(const struct node *node, const struct extent *in, const struct extent *out)
{
    const struct window *w = &node->u.pool.window;
    if ((int64_t)in->height * in->width * UINT8_MAX > MOST_SUM)
        return false;
    if (!sned_op_is(node->op, OPERATOR_AVERAGES) || !sned_op_is(node->op, OPERATOR_WINDOW))
        return sned_op_is(node->op, OPERATOR_AVERAGES);
    return out->height == 1 && out->width == 1 && w->dilation[0] == 1 && w->dilation[1] == 1 &&
           w->kernel[0] - w->pad_begin[0] >= in->height && w->kernel[1] - w->pad_begin[1] >= in->width;
}

struct extent reduce_rows(const struct extent *in, int pitch)
{
    const int64_t all = (int64_t)in->height * in->width;
    if (pitch != in->width || all > MOST_WIDTH)
        return *in;
    return (struct extent){in->channels, 1, (int)all};
}

int64_t reduce_cycles(int64_t channels, int64_t height, int64_t width, bool wide,
                      const struct accel_config *config)
{
    const int64_t reads = height * divide_up(width, config->pixels);
    int stages = 0; /* of the tree of adders */
    for (int64_t sums = config->pixels; sums > 1; sums = divide_up(sums, 4))
        stages++;
    return 14 + wide + stages + (channels - 1) * larger(reads, 1 + wide) + reads;
}
