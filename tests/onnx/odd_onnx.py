"""odd_onnx.py KIND FILE: a network for 28 x 28 pictures of ten classes that can be trained, and not packed as it stands.

slope: a LeakyRelu of slope 3, which has no integer form. window: a Conv of 17 x 17, more than ccoo16 has room for.
Written byte by byte (protobuf's wire format), so that it takes nothing but Python.
"""

import random
import struct
import sys


def number(value):
    coded = b""
    while value > 127:
        coded += bytes([value & 127 | 128])
        value >>= 7
    return coded + bytes([value])


def field(key, value):
    if isinstance(value, int):
        return number(key << 3) + number(value)
    if isinstance(value, float):
        return number(key << 3 | 5) + struct.pack("<f", value)
    value = value.encode() if isinstance(value, str) else value
    return number(key << 3 | 2) + number(len(value)) + value


def tensor(name, shape):
    count = 1
    for side in shape:
        count *= side
    rng = random.Random(name)
    data = struct.pack(f"<{count}f", *(rng.gauss(0, (2 / (count / shape[0])) ** 0.5) for _ in range(count)))
    return b"".join(field(1, side) for side in shape) + field(2, 1) + field(8, name) + field(9, data)


def value_info(name, shape):
    sides = b"".join(field(1, field(1, side)) for side in shape)
    return field(1, name) + field(2, field(1, field(1, 1) + field(2, sides)))


def attribute(name, value):
    return field(1, name) + (field(2, value) + field(20, 1) if isinstance(value, float) else field(3, value) + field(20, 2))


def node(op, inputs, output, **attributes):
    coded = b"".join(field(1, name) for name in inputs) + field(2, output) + field(3, "the_" + op.lower()) + field(4, op)
    return coded + b"".join(field(5, attribute(name, value)) for name, value in attributes.items())


def network(kind):
    if kind == "slope":
        weights = [tensor("w", [16, 784]), tensor("v", [10, 16])]
        nodes = [node("Flatten", ["x"], "f"), node("Gemm", ["f", "w"], "g", transB=1), node("LeakyRelu", ["g"], "h", alpha=3.0),
                 node("Gemm", ["h", "v"], "y", transB=1)]
    else:
        weights = [tensor("w", [4, 1, 17, 17]), tensor("v", [10, 576])]
        nodes = [node("Conv", ["x", "w"], "c"), node("Relu", ["c"], "r"), node("Flatten", ["r"], "f"),
                 node("Gemm", ["f", "v"], "y", transB=1)]
    graph = b"".join(field(1, part) for part in nodes) + field(2, kind) + b"".join(field(5, part) for part in weights)
    graph += field(11, value_info("x", [1, 1, 28, 28])) + field(12, value_info("y", [1, 10]))
    return field(1, 8) + field(7, graph) + field(8, field(2, 13))


with open(sys.argv[2], "wb") as file:
    file.write(network(sys.argv[1]))
