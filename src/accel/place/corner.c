/*
 * corner.c - see corner.h.
 */
#include "accel/place/corner.h"
#include "graph/operator.h"

/* One side of a movement: which elements of a tensor of this shape. */
struct side {
    const struct shape *shape;
    int64_t offset;
    const int64_t *stride;
};

/* Are the strides those of the tensor itself? The batch, axis 0, has one element. */
static bool has_own_strides(const struct side *side)
{
    int64_t next = 1;
    bool all = true;
    for (int axis = side->shape->rank - 1; axis > 0; axis--) {
        all = all && side->stride[axis] == next;
        next *= side->shape->dim[axis];
    }
    return all;
}

/* Is all of `inner` some whole rows of `outer`? Of one row a plane, the rows of a Transpose's result may have
 * the strides of what are channels where they come from: so it must fit in there, too. */
static bool find_corner(struct corner *corner, const struct shape *box, const struct side *inner,
                        const struct side *outer)
{
    const struct extent in = sned_shape_extent(inner->shape), out = sned_shape_extent(outer->shape);
    const int64_t row = outer->offset / out.width;
    *corner = (struct corner){(int)(row / out.height), (int)(row % out.height)};
    return sned_shape_equal(box, inner->shape) && inner->offset == 0 && has_own_strides(inner) &&
           outer->shape->rank == box->rank && has_own_strides(outer) && outer->offset % out.width == 0 &&
           in.width == out.width && corner->row + in.height <= out.height &&
           corner->channel + in.channels <= out.channels;
}

bool corner_in_input(struct corner *corner, const struct graph *graph, const struct node *node, int input,
                     int output)
{
    struct movement m;
    return sned_node_movement(graph, node, input, output, &m) &&
           find_corner(
               corner, &m.box,
               &(struct side){&graph->tensors[node->outputs[output]].shape, m.to_offset, m.to_stride},
               &(struct side){&graph->tensors[node->inputs[input]].shape, m.from_offset, m.from_stride});
}

bool corner_in_output(struct corner *corner, const struct graph *graph, const struct node *node, int input,
                      int output)
{
    struct movement m;
    return sned_node_movement(graph, node, input, output, &m) &&
           find_corner(
               corner, &m.box,
               &(struct side){&graph->tensors[node->inputs[input]].shape, m.from_offset, m.from_stride},
               &(struct side){&graph->tensors[node->outputs[output]].shape, m.to_offset, m.to_stride});
}
