"""torch_network.py - an ONNX network as a module of PyTorch, which has no importer of its own.

For the operators that `sned export` writes of the benchmark's networks; any other one is refused. Shapes are static, and what is
not a weight of a layer (the ends of a Slice, the bounds of a Clip) is a constant.
"""
import onnx
import torch
from torch.nn import functional


def attributes(node):
    return {entry.name: onnx.helper.get_attribute_value(entry) for entry in node.attribute}


def padded(values, pads, fill):
    """pads as in ONNX, all beginnings and then all ends; those of torch run from the last dimension, in pairs."""
    half = len(pads) // 2
    pairs = [side for i in reversed(range(half)) for side in (pads[i], pads[half + i])]
    return functional.pad(values, pairs, value=fill) if any(pairs) else values


class Network(torch.nn.Module):
    def __init__(self, path):
        super().__init__()
        graph = onnx.load(path).graph
        self.nodes, self.input, self.output = list(graph.node), graph.input[0].name, graph.output[0].name
        self.constants = {tensor.name: torch.from_numpy(onnx.numpy_helper.to_array(tensor).copy()) for tensor in graph.initializer}
        unknown = {node.op_type for node in self.nodes} - set(OPERATORS)
        if unknown:
            raise NotImplementedError(f"no torch module is made of {', '.join(sorted(unknown))}")

    def forward(self, picture):
        values = dict(self.constants)
        values[self.input] = picture
        for node in self.nodes:
            inputs = [values[name] if name else None for name in node.input]
            values[node.output[0]] = OPERATORS[node.op_type](attributes(node), *inputs)
        return values[self.output]


def conv(node, values, weight, bias=None):
    pads = node.get("pads", [0] * 2 * (weight.dim() - 2))
    half = len(pads) // 2
    symmetric = pads[:half] == pads[half:]
    if not symmetric:
        values = padded(values, pads, 0.0)
    return functional.conv2d(values, weight, bias, node.get("strides", 1), pads[:half] if symmetric else 0,
                             node.get("dilations", 1), node.get("group", 1))


def max_pool(node, values):
    """ceil_mode is padding at the end in plain view: torch leaves out windows that begin in the padding, and so does it here."""
    pads = node.get("pads", [0, 0, 0, 0])
    if pads[:2] != pads[2:]:
        values, pads = padded(values, pads, float("-inf")), [0, 0]
    return functional.max_pool2d(values, node["kernel_shape"], node.get("strides", 1), pads[:2],
                                 ceil_mode=bool(node.get("ceil_mode", 0)))


def gemm(node, values, weight, bias=None):
    if node.get("alpha", 1.0) != 1.0 or node.get("beta", 1.0) != 1.0 or node.get("transA", 0):
        raise NotImplementedError("a Gemm with a factor, or of a transposed input")
    return functional.linear(values, weight if node.get("transB", 0) else weight.t(), bias)


def sliced(node, values, starts, ends, axes, steps):
    for start, end, axis, step in zip(*(numbers.tolist() for numbers in (starts, ends, axes, steps))):
        values = values[(slice(None),) * axis + (slice(start, min(end, values.shape[axis]), step),)]
    return values


OPERATORS = {
    "Conv": conv,
    "Gemm": gemm,
    "MaxPool": max_pool,
    "Slice": sliced,
    "Relu": lambda node, values: functional.relu(values),
    "Clip": lambda node, values, low, high: values.clamp(low.item(), high.item()),
    "Add": lambda node, a, b: a + b,
    "Concat": lambda node, *parts: torch.cat(parts, node["axis"]),
    "Flatten": lambda node, values: values.flatten(node.get("axis", 1)),
    "GlobalAveragePool": lambda node, values: values.mean((2, 3), keepdim=True),
    "LRN": lambda node, values: functional.local_response_norm(values, node["size"], node.get("alpha", 1e-4),
                                                               node.get("beta", 0.75), node.get("bias", 1.0)),
    "Pad": lambda node, values, pads, fill=None: padded(values, pads.tolist(), 0.0 if fill is None else fill.item()),
}
