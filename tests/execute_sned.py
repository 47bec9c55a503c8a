#!/usr/bin/env python3
"""A second executor of .sned files, in plain Python integers, written from docs/format.md and docs/arithmetic.md alone:
execute_sned.py FOLDER runs the networks in it and compares every activation with what the folder says.

NAME.sned is a network, NAME.in an input of it or several, run one after the other (a byte a pixel where it is an image,
else an f32 a value), NAME.out what another implementation made of each: the integers of activation 0, the input, then
those of all others in order, as i32; an ending (Softmax, LogSoftmax, Sigmoid) is left out. python_executor.h writes such
folders. The first difference ends the run with an error.

Slow and simple on purpose: activations are flat lists, last axis fastest, with their shape, the batch of 1 included.
"""
import collections
import itertools
import math
import pathlib
import struct
import sys

from decode_sned import BIAS, CEIL_MODE, INCLUDE_PADS, RANGES, decode, need

Activation = collections.namedtuple("Activation", "shape values")


# ---- "Scaling" ----

def scale(value, multiplier, shift):
    return (value * multiplier + (1 << (shift - 1))) >> shift


def clamp(value, low, high):
    return min(max(value, low), high)


def finish(node, values):
    """What ends every operator that computes: the slope, then the clamp."""
    low, high = node["clamp"]
    slope = node["slope"]
    if slope:
        values = [scale(value, slope, 15) if value < 0 else value for value in values]
    return [clamp(value, low, high) for value in values]


# ---- windows ----

class Window:
    """Which rows and columns of an image a window sees; axis 0 is down, 1 across."""

    def __init__(self, attributes, sizes, ceil_mode=False):
        self.kernel, self.stride, self.dilation = attributes[0:2], attributes[2:4], attributes[4:6]
        self.before, self.after = attributes[6:8], attributes[8:10]
        self.sizes = sizes
        self.outputs = [self.output(axis, ceil_mode) for axis in (0, 1)]

    def output(self, axis, ceil_mode):
        room = self.sizes[axis] + self.before[axis] + self.after[axis] - (
            self.dilation[axis] * (self.kernel[axis] - 1) + 1)
        if not ceil_mode:
            return room // self.stride[axis] + 1
        count = -(-room // self.stride[axis]) + 1
        begins_behind = (count - 1) * self.stride[axis] >= self.sizes[axis] + self.before[axis]
        return count - 1 if begins_behind else count

    def places(self, axis, output):
        """The positions that the window of an output covers along an axis, those in the padding included."""
        first = output * self.stride[axis] - self.before[axis]
        return [first + tap * self.dilation[axis] for tap in range(self.kernel[axis])]

    def inside(self, axis, output):
        return [at for at in self.places(axis, output) if 0 <= at < self.sizes[axis]]

    def counted(self, axis, output, include_pads):
        """How many of them an average counts."""
        if not include_pads:
            return len(self.inside(axis, output))
        return sum(at < self.sizes[axis] + self.after[axis] for at in self.places(axis, output))


# ---- operators: each from the node and the activations that it reads ----

def padded_planes(image, window):
    """A list of rows for each channel, with the zeros around them."""
    _, channels, height, width = image.shape
    left, right = [0] * window.before[1], [0] * window.after[1]
    empty = [0] * (len(left) + width + len(right))
    planes = []
    for channel in range(channels):
        at = [(channel * height + y) * width for y in range(height)]
        rows = [left + image.values[a:a + width] + right for a in at]
        planes.append([empty] * window.before[0] + rows + [empty] * window.after[0])
    return planes


def conv(node, image):
    groups, filters, channels = node["attributes"][10:]
    weights, biases = node["layer"]["weights"], node["layer"]["biases"] or [0] * filters
    window = Window(node["attributes"], image.shape[2:])
    (height, width), (down, across) = window.outputs, window.stride
    planes = padded_planes(image, window)
    taps = list(itertools.product(range(channels), range(window.kernel[0]), range(window.kernel[1])))
    result = []
    for k in range(filters):
        first = k // (filters // groups) * channels  # channel of the filter's group
        kept = [(weight, planes[first + c], r * window.dilation[0], s * window.dilation[1])
                for weight, (c, r, s) in zip(weights[k * len(taps):], taps) if weight]
        for y in range(height):
            sums = [biases[k]] * width
            for weight, plane, r, s in kept:
                row = plane[y * down + r][s::across]
                sums = [total + weight * pixel for total, pixel in zip(sums, row)]
            result += [scale(total, *node["scalings"][k]) for total in sums]
    return Activation([1, filters, height, width], finish(node, result))


def gemm(node, vector):
    filters, length = node["attributes"]
    weights, biases = node["layer"]["weights"], node["layer"]["biases"] or [0] * filters
    result = []
    for k in range(filters):
        products = [w * x for w, x in zip(weights[k * length:(k + 1) * length], vector.values)]
        result.append(scale(biases[k] + sum(products), *node["scalings"][k]))
    return Activation([1, filters], finish(node, result))


def windows_of(image, window):
    """For each channel, row and column of the output: the elements of the image that its window holds."""
    _, channels, height, width = image.shape
    rows = [window.inside(0, y) for y in range(window.outputs[0])]
    columns = [window.inside(1, x) for x in range(window.outputs[1])]
    for channel, ys, xs in itertools.product(range(channels), rows, columns):
        yield [image.values[(channel * height + y) * width + x] for y in ys for x in xs]


def max_pool(node, image):
    window = Window(node["attributes"], image.shape[2:], node["bits"] & CEIL_MODE)
    low, high = node["clamp"]
    return Activation(image.shape[:2] + window.outputs,
                      [clamp(max(seen), low, high) for seen in windows_of(image, window)])


def average(node, image, window, include_pads):
    scalings = dict(zip(node["counts"], node["scalings"]))
    rows, columns = ([window.counted(axis, i, include_pads) for i in range(window.outputs[axis])] for axis in (0, 1))
    counts = [r * c for r in rows for c in columns] * image.shape[1]
    return Activation(image.shape[:2] + window.outputs,
                      finish(node, [scale(sum(seen), *scalings[count])
                                    for seen, count in zip(windows_of(image, window), counts)]))


def average_pool(node, image):
    window = Window(node["attributes"], image.shape[2:], node["bits"] & CEIL_MODE)
    return average(node, image, window, node["bits"] & INCLUDE_PADS)


def global_average_pool(node, image):
    return average(node, image, Window(image.shape[2:] + [1] * 4 + [0] * 4, image.shape[2:]), False)


def lrn_index(squares):
    if squares < 64:
        return squares
    e = squares.bit_length() - 1
    return min(64 * (e - 5) + (squares >> (e - 6)) % 64, 1023)


def lrn(node, image):
    size, channels = node["attributes"][0], image.shape[1]
    plane = len(image.values) // channels
    _, shift = node["scalings"][0]
    result = []
    for channel in range(channels):
        first, last = max(channel - (size - 1) // 2, 0), min(channel + size // 2, channels - 1)
        for i in range(plane):
            squares = sum(image.values[c * plane + i] ** 2 for c in range(first, last + 1))
            result.append(scale(image.values[channel * plane + i], node["table"][lrn_index(squares)], shift))
    return Activation(image.shape, finish(node, result))


def look_up(node, a):
    low, _ = RANGES[node["quantization"][0]]
    results = [node["table"][value % 256] for value in a.values]
    return Activation(a.shape, [result - 256 if low < 0 and result > 127 else result for result in results])


def add(node, a, b):
    (first, shift), (second, _) = node["scalings"]
    sums = [x * first + y * second for x, y in zip(a.values, b.values)]
    return Activation(a.shape, finish(node, [scale(total, 1, shift) for total in sums]))


def mul(node, a, b):
    return Activation(a.shape, finish(node, [scale(x * y, *node["scalings"][0]) for x, y in zip(a.values, b.values)]))


def activation(node, a):
    return Activation(a.shape, finish(node, [scale(x, *node["scalings"][0]) for x in a.values]))


# ---- operators that only move integers ----

def strides_of(shape):
    return [math.prod(shape[axis + 1:]) for axis in range(len(shape))]


def places(shape, offset, strides):
    """Where the elements of a box lie in a flat list, in their order."""
    found = [offset]
    for size, stride in zip(shape, strides):
        found = [at + i * stride for at in found for i in range(size)]
    return found


def put(values, parent, part, start):
    """Lays an activation into the flat list of a larger one, from the position `start` on."""
    strides = strides_of(parent)
    offset = sum(at * stride for at, stride in zip(start, strides))
    for at, value in zip(places(part.shape, offset, strides), part.values):
        values[at] = value


def concat(node, *parts):
    axis = node["attributes"][0]
    shape = list(parts[0].shape)
    shape[axis] = sum(part.shape[axis] for part in parts)
    values, start = [0] * math.prod(shape), [0] * len(shape)
    for part in parts:
        put(values, shape, part, start)
        start[axis] += part.shape[axis]
    return Activation(shape, values)


def split(node, a):
    axis, sizes = node["attributes"][0], node["attributes"][1:]
    strides, first, parts = strides_of(a.shape), 0, []
    for size in sizes:
        shape = a.shape[:axis] + [size] + a.shape[axis + 1:]
        parts.append(Activation(shape, [a.values[at] for at in places(shape, first * strides[axis], strides)]))
        first += size
    need(first == a.shape[axis], "a Split of another size")
    return parts


def slice_(node, a):
    starts, ends, steps = (node["attributes"][i::3] for i in range(3))
    shape = [-(-(end - start) // step) for start, end, step in zip(starts, ends, steps)]
    strides = strides_of(a.shape)
    offset = sum(start * stride for start, stride in zip(starts, strides))
    return Activation(shape, [a.values[at] for at in places(shape, offset, map(int.__mul__, strides, steps))])


def pad(node, a):
    before, after = node["attributes"][0::2], node["attributes"][1::2]
    shape = [first + size + last for first, size, last in zip(before, a.shape, after)]
    values = [0] * math.prod(shape)
    put(values, shape, a, before)
    return Activation(shape, values)


def flatten(node, a):
    return Activation([1, len(a.values)], a.values)


def reshape(node, a):
    return Activation(node["attributes"], a.values)


def transpose(node, a):
    order, strides = node["attributes"], strides_of(a.shape)
    shape = [a.shape[axis] for axis in order]
    return Activation(shape, [a.values[at] for at in places(shape, 0, [strides[axis] for axis in order])])


def depth_to_space(node, a):
    (block, mode), (_, channels, height, width) = node["attributes"], a.shape
    shape = [1, channels // block**2, height * block, width * block]
    values = []
    for c, y, x in itertools.product(*map(range, shape[1:])):
        tap = y % block * block + x % block
        channel = c * block**2 + tap if mode else tap * shape[1] + c
        values.append(a.values[(channel * height + y // block) * width + x // block])
    return Activation(shape, values)


OPERATORS = {"Conv": conv, "Gemm": gemm, "Relu": activation, "Clip": activation, "LeakyRelu": activation,
             "MaxPool": max_pool, "AveragePool": average_pool, "GlobalAveragePool": global_average_pool, "LRN": lrn,
             "HardSwish": look_up,
             "Add": add, "Mul": mul, "Concat": concat, "Split": split, "Slice": slice_, "Pad": pad, "Flatten": flatten,
             "Reshape": reshape, "Transpose": transpose, "DepthToSpace": depth_to_space}


# ---- the network ----

def float32(value):
    """`value` rounded to a float32; beyond the largest it is infinite."""
    try:
        return struct.unpack("<f", struct.pack("<f", value))[0]
    except OverflowError:
        return math.copysign(math.inf, value)


def from_pixels(network, pixels):
    low, high = RANGES[network["quantization"][0]]
    rules, plane = network["image"][1:], len(pixels) // network["shape"][0]
    values = []
    for c in range(network["shape"][0]):
        multiplier, offset, shift = rules[5 * c + 2:5 * c + 5]
        values += [clamp(scale(p * multiplier + offset, 1, shift), low, high) for p in pixels[c * plane:(c + 1) * plane]]
    return values


def from_values(network, values):
    code, bits = network["quantization"]
    step, (low, high) = struct.unpack("<f", struct.pack("<I", bits))[0], RANGES[code]
    steps = [float32(float32(x / step) + 0.5) for x in values]
    return [0 if math.isnan(x) else math.floor(clamp(x, low, high)) for x in steps]


def read_inputs(network, data):
    shape = [1] + network["shape"]
    size = math.prod(shape) * (1 if network["image"] else 4)
    need(data and len(data) % size == 0, "inputs of another size")
    for at in range(0, len(data), size):
        one = data[at:at + size]
        values = from_pixels(network, one) if network["image"] else from_values(
            network, struct.unpack("<%df" % (size // 4), one))
        yield Activation(shape, values)


def zeros(state):
    shape = [1] + state["shape"]
    return Activation(shape, [0] * math.prod(shape))


def execute(network, nodes, given, states):
    """Every activation by its number, from those that are given and the states; None for what an ending makes."""
    made = [given] + states
    for node in nodes:
        if node["op"] in ("Softmax", "LogSoftmax", "Sigmoid"):
            made.append(None)
            continue
        result = OPERATORS[node["op"]](node, *(made[i] for i in node["inputs"]))
        made += result if node["op"] == "Split" else [result]
    return made


def names_of(network, nodes):
    names = ["the input"] + ["state '%s'" % state["name"] for state in network["states"]]
    for node in nodes:
        names += ["node '%s' (%s), output %d" % (node["name"], node["op"], k) for k in range(node["outputs"])]
    return names


def compare(path):
    network, nodes = decode(path.read_bytes())
    wanted = path.with_suffix(".out").read_bytes()
    wanted = struct.unpack("<%di" % (len(wanted) // 4), wanted)
    at, states, names = 0, [zeros(state) for state in network["states"]], names_of(network, nodes)
    for run, given in enumerate(read_inputs(network, path.with_suffix(".in").read_bytes())):
        all_made = execute(network, nodes, given, states)
        for name, made in zip(names, all_made):
            if made is None:
                continue
            for i, (mine, theirs) in enumerate(zip(made.values, wanted[at:at + len(made.values)])):
                need(mine == theirs, "%s: run %d, %s: element %d of %s is %d here, %d there" % (
                    path, run, name, i, made.shape, mine, theirs))
            at += len(made.values)
        states = [all_made[state["next"]] for state in network["states"]]
    need(at == len(wanted), "%s: %d values here, %d there" % (path, at, len(wanted)))


def main(folder):
    networks = sorted(pathlib.Path(folder).glob("*.sned"))
    need(networks, "%s: no networks" % folder)
    for path in networks:
        compare(path)
    print("%d networks: every activation is the same" % len(networks))


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except ValueError as error:
        sys.exit(str(error))
