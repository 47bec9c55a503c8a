#!/usr/bin/env python3
"""onnx_backend.py ONNX_RUN [--docs] - the node tests of ONNX's own backend suite, every operator of docs/onnx.md.

Each test of the `onnx` package all of whose operators are claimed is run in the ways that docs/onnx.md claims for them:

  network   the first input (of Add, Mul, Concat, ... every one) is the network's input; the others, which the suite gives
            as inputs too, become initialisers holding the suite's numbers, as weights and shapes are in users' files
  constant  all inputs become initialisers, which folds the operator away; what comes out, and its shape, is seen because
            it is added to an input of zeros

sned reads and runs the model (onnx_run.c). A test must pass, or stand in tests/onnx/onnx_backend.txt with the reason why not,
and then be refused by name: a test that is neither, a wrong number, a listed test that passes, and a line of the list
that no test matches are failures. docs/onnx.md must hold the list as --docs prints it.
"""
import fnmatch
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

HERE = pathlib.Path(__file__).resolve().parent
DOCS = HERE.parent.parent / "docs" / "onnx.md"
SUITE = pathlib.Path(onnx.__file__).parent / "backend" / "test" / "data" / "node"
BEGIN, END = "<!-- onnx_backend.py --docs -->\n", "<!-- end -->\n"
# Inputs that may be activations besides the first; all others are weights, shapes and the like.
ACTIVATIONS = {"Add": {1}, "Sub": {1}, "Mul": {1}, "Div": {1}, "MatMul": {1}, "Gemm": {2}, "Concat": range(1, 99),
               "Sum": range(1, 99)}
# Operators that treat one element as any other: on a list [C] they mean the same as on a batch of one, [1][C].
ELEMENTWISE = {"Add", "Sub", "Mul", "Div", "Clip", "Dropout", "Identity", "LeakyRelu", "Relu", "Sigmoid", "Sum"}
# Of activations it is nothing but a rounding that is left out (tests/onnx_cases/operators.py); on constants it is done.
CONSTANT_ONLY = {"Cast"}


def claimed():
    """The operators of docs/onnx.md: those of its table, and those that it evaluates on constants."""
    text = DOCS.read_text()
    network = set()
    for row in re.findall(r"^\| ([A-Za-z, +]+) \|", text.split("## Operators")[1], re.M):
        network |= set(re.split(r"[,+ ]+", row)) - {"operator"}
    constant = re.search(r"On constants, .*? while reading: (.*?)\. ", text, re.S).group(1)
    return network, set(re.findall(r"[A-Z][A-Za-z]+", constant))


def tensors(folder, kind, infos):
    """The suite's input_N or output_N in order; None where one is no tensor but a sequence or an optional."""
    if not all(info.type.HasField("tensor_type") for info in infos):
        return None
    return [onnx.load_tensor(str(folder / f"{kind}_{i}.pb")) for i in range(len(infos))]


def write(folder, model, given, wanted):
    """wanted: of each output."""
    data = folder / "test_data_set_0"
    data.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    for name, tensor in [("input_0.pb", given)] + [(f"output_{i}.pb", tensor) for i, tensor in enumerate(wanted)]:
        if tensor is not None:
            (data / name).write_bytes(tensor.SerializeToString())


def make_initializer(graph, info, tensor):
    tensor.name = info.name
    graph.initializer.append(tensor)
    graph.input.remove(info)


def join_inputs(graph, infos, arrays):
    """One input [N][all] in the place of several [N][...], cut apart again by Slice and Reshape."""
    rows = numpy.concatenate([a.reshape(len(a), -1) for a in arrays], axis=1)
    nodes, at = [], 0
    for info, array in zip(infos, arrays):
        size = array[0].size
        for name, values in (("start", [at]), ("end", [at + size]), ("axis", [1]), ("shape", [0, *array.shape[1:]])):
            graph.initializer.append(numpy_helper.from_array(numpy.array(values, "int64"), f"{info.name}/{name}"))
        nodes.append(helper.make_node("Slice", ["joined"] + [f"{info.name}/{k}" for k in ("start", "end", "axis")],
                                      [f"{info.name}/cut"]))
        nodes.append(helper.make_node("Reshape", [f"{info.name}/cut", f"{info.name}/shape"], [info.name]))
        graph.input.remove(info)
        at += size
    graph.input.append(helper.make_tensor_value_info("joined", TensorProto.FLOAT, rows.shape))
    for node in reversed(nodes):
        graph.node.insert(0, node)
    return rows


def as_network(model, inputs, outputs):
    """The test with one input; the given and the wanted tensors. Left as it is where that cannot be."""
    graph, op = model.graph, model.graph.node[-1].op_type
    if inputs is None or outputs is None or not inputs:
        return None, []
    infos, arrays = list(graph.input), [numpy_helper.to_array(t) for t in inputs]
    wanted = [numpy_helper.to_array(tensor) for tensor in outputs]
    varies = [i for i in range(len(arrays)) if i == 0 or (
        i in ACTIVATIONS.get(op, ()) and arrays[i].shape[:1] == arrays[0].shape[:1] and arrays[i].ndim == arrays[0].ndim)]
    if any(arrays[i].dtype != numpy.float32 for i in varies) or arrays[0].ndim == 0:
        return inputs[0], outputs
    if arrays[0].ndim == 1 and op in ELEMENTWISE:
        for i in varies:
            arrays[i] = arrays[i][None]
            infos[i].type.tensor_type.shape.dim.insert(0, onnx.TensorShapeProto.Dimension(dim_value=1))
        wanted = [array[None] for array in wanted]
    for i in range(len(arrays)):
        if i not in varies:
            make_initializer(graph, infos[i], inputs[i])
    if op == "Squeeze" and arrays[0].shape[0] == 1 and wanted[0].shape[:1] != (1,):
        wanted = [wanted[0][None]]  # the batch of 1 stays
    given = arrays[0]
    if len(varies) > 1 and given.ndim > 1:
        given = join_inputs(graph, [infos[i] for i in varies], [arrays[i] for i in varies])
    return (numpy_helper.from_array(numpy.ascontiguousarray(given)),
            [numpy_helper.from_array(array, info.name) for array, info in zip(wanted, graph.output)])


def make_finite(tensor):
    if tensor.data_type not in (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.BFLOAT16):
        return tensor
    array = numpy_helper.to_array(tensor)
    return numpy_helper.from_array(numpy.where(numpy.isfinite(array), array, 0).astype(array.dtype))


def as_constant(model, inputs, outputs):
    """The test on initialisers; its output as numbers, then its shape, are added to zeros [1][...].

    Names get a prefix, so that they are none of the test's. NaN and infinity, which sned refuses in constants, are made 0 in
    the suite's floats before and after.
    """
    graph = model.graph
    if inputs is None or outputs is None or len(outputs) != 1:
        return None, []
    inputs, outputs = ([make_finite(t) for t in tensors] for tensors in (inputs, outputs))
    for info, tensor in zip(list(graph.input), inputs):
        make_initializer(graph, info, tensor)
    result, wanted = graph.output[0].name, numpy_helper.to_array(outputs[0])
    for name, values in (("see/row", [1, -1]), ("see/flat", [-1])):
        graph.initializer.append(numpy_helper.from_array(numpy.array(values, "int64"), name))
    graph.node.extend(helper.make_node(op, names, [output], **attributes) for op, names, output, attributes in (
        ("Reshape", [result, "see/flat"], "see/list", {}),
        ("Cast", ["see/list"], "see/numbers", {"to": TensorProto.FLOAT}),
        ("Shape", [result], "see/shape", {}),
        ("Cast", ["see/shape"], "see/sizes", {"to": TensorProto.FLOAT}),
        ("Concat", ["see/numbers", "see/sizes"], "see/all", {"axis": 0}),
        ("Reshape", ["see/all", "see/row"], "see/constant", {}),
        ("Add", ["see/zeros", "see/constant"], "see/sum", {}),
    ))
    seen = numpy.concatenate([wanted.astype("float32").reshape(-1), numpy.array(wanted.shape, "float32")])[None]
    graph.input.append(helper.make_tensor_value_info("see/zeros", TensorProto.FLOAT, seen.shape))
    del graph.output[:]
    graph.output.append(helper.make_tensor_value_info("see/sum", TensorProto.FLOAT, seen.shape))
    return numpy_helper.from_array(numpy.zeros_like(seen)), [numpy_helper.from_array(seen)]


def prepare(work):
    """Writes every test in each of its ways under `work`; their "way name" in order."""
    network, constant = claimed()
    keys = []
    for folder in sorted(SUITE.iterdir()):
        model = onnx.load(str(folder / "model.onnx"))
        operators = {node.op_type for node in model.graph.node}
        for way, known, make in (("network", network - CONSTANT_ONLY, as_network), ("constant", constant, as_constant)):
            if not operators or not operators <= known:
                continue
            copy = onnx.ModelProto()
            copy.CopyFrom(model)
            data = folder / "test_data_set_0"
            given, wanted = make(copy, tensors(data, "input", copy.graph.input),
                                 tensors(data, "output", copy.graph.output))
            write(work / way / folder.name, copy, given, wanted)
            keys.append(f"{way} {folder.name}")
    return keys


def run(program, work, keys):
    """{key: (verdict, message)} of onnx_run."""
    paths = {key: str(work / key.replace(" ", "/") / "model.onnx") for key in keys}
    lines = subprocess.run([program, *paths.values()], stdout=subprocess.PIPE, text=True, timeout=120).stdout.splitlines()
    found = {}
    for key, line in zip(keys, lines):
        verdict, rest = line.split(" ", 1)
        if not rest.startswith(paths[key]):
            raise SystemExit(f"onnx_run says '{line}' instead of something on {key}")
        found[key] = (verdict, rest[len(paths[key]):].lstrip(": ").replace(paths[key] + ": ", ""))
    if len(found) != len(keys):
        raise SystemExit(f"onnx_run ended after {len(found)} of {len(keys)} models")
    return found


def exclusions():
    """(pattern of "way name", reason), from onnx_backend.txt."""
    listed = []
    for line in (HERE / "onnx_backend.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            way, pattern, reason = line.split(None, 2)
            listed.append((f"{way} {pattern}", reason))
    return listed


def docs(keys, listed, passed):
    """What docs/onnx.md says of all this."""
    text = f"{BEGIN}onnx {onnx.__version__}: "
    text += " and ".join(f"{sum(k.startswith(way) for k in passed)} of {sum(k.startswith(way) for k in keys)} {say} pass"
                         for way, say in (("network", "as networks"), ("constant", "on constants")))
    text += ". Each of the others is refused by name:\n\n| tests | why not |\n| --- | --- |\n"
    reasons = {}
    for pattern, reason in listed:
        reasons.setdefault(reason, []).append(pattern)
    for reason, patterns in reasons.items():
        names = [k.split(" ")[1] for k in keys if any(fnmatch.fnmatchcase(k, p) for p in patterns)]
        short = ", ".join(f"{p.split(' ')[1].removeprefix('test_')}{' (constant)' if p.startswith('constant') else ''}"
                          for p in patterns)
        text += f"| {len(names)}: {short} | {reason} |\n".replace("*", "\\*")
    return text + END


def main():
    program = os.path.abspath(sys.argv[1])
    listed, failures = exclusions(), []
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        keys = prepare(work)
        found = run(program, work, keys)
    excluded = {key: pattern for key in keys for pattern, _ in listed if fnmatch.fnmatchcase(key, pattern)}
    passed = [key for key in keys if found[key][0] == "pass"]
    for key in keys:
        verdict, message = found[key]
        if verdict == "pass" and key in excluded:
            failures.append(f"{key}: passes, but tests/onnx/onnx_backend.txt excludes it")
        elif verdict == "wrong" or (verdict == "refused" and key not in excluded):
            failures.append(f"{key}: {verdict}: {message}")
    for pattern, _ in listed:
        if not any(fnmatch.fnmatchcase(key, pattern) for key in keys):
            failures.append(f"tests/onnx/onnx_backend.txt: no test is called '{pattern}'")
    text = docs(keys, listed, passed)
    if "--docs" in sys.argv:
        print(text, end="")
        return
    if text not in DOCS.read_text():
        failures.append("docs/onnx.md does not hold what `tests/onnx/onnx_backend.py ONNX_RUN --docs` prints")
    for failure in failures:
        print(f"[  FAILED  ] {failure}")
    print(f"{len(keys)} tests: {len(passed)} pass, {len(excluded)} excluded and refused, {len(failures)} fail")
    print(f"[  PASSED  ] {len(passed)} test(s).")
    if failures:
        print(f"[  FAILED  ] {len(failures)} test(s).")
    sys.exit(1 if failures else 0)


main()
