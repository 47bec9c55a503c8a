"""case.py - what a case of this folder is, and what it has at hand.

A case is a function `test_...(case)` in one of the files here (one file a subject), which gets a Case and fails by raising:
`assert`, or one of the methods below. Where something that it needs is missing it raises Skip("what"). Right numbers come
from onnx.reference.ReferenceEvaluator, never from sned.

    def test_split_in_two(case):
        model = case.model([("Split", ["x"], ["a", "b"], {"axis": 1}), ("Concat", ["b", "a"], ["y"], {"axis": 1})],
                           x=[1, 4, 3, 3], opset=13)
        case.agrees(model)
"""
import json
import pathlib
import re
import struct
import subprocess
import zlib

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator


class Skip(Exception):
    """The case cannot be run here; the message says why."""


class Case:
    def __init__(self, onnx_run, sned, folder, seed=1):
        self.onnx_run, self.sned_path, self.folder = onnx_run, sned, pathlib.Path(folder)
        self.random = numpy.random.default_rng(seed)
        self.models = 0

    # ---- making ----

    def weights(self, *shape):
        """Random float32 numbers of a size that keeps activations near 1."""
        fan_in = numpy.prod(shape[1:]) if len(shape) > 1 else 1
        return (self.random.standard_normal(shape) / numpy.sqrt(fan_in)).astype("float32")

    def model(self, nodes, x, y=None, constants=None, opset=13, element=TensorProto.FLOAT, metadata=None, value_info=(),
              outputs=("y",)):
        """A model from input "x" to `outputs`. nodes: (operator, inputs, outputs, attributes) in a row; x and y: shapes (y
        is worked out where it is None), where text is a symbolic size; constants: {name: array or list}, initialisers."""
        arrays = {k: v if isinstance(v, numpy.ndarray) else numpy.array(v) for k, v in (constants or {}).items()}
        graph = helper.make_graph(
            [helper.make_node(op, inputs, outputs, name=f"{op.lower()}{i}", **attributes)
             for i, (op, inputs, outputs, attributes) in enumerate(nodes)], "net",
            [helper.make_tensor_value_info("x", element, x)],
            [helper.make_tensor_value_info(name, element, y) for name in outputs],
            [numpy_helper.from_array(array, name) for name, array in arrays.items()], value_info=value_info)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
        if metadata:
            helper.set_model_props(model, {k: str(v) for k, v in metadata.items()})
        return model

    def save(self, model, name=None):
        """The model's path; its name is model.onnx in a folder of its own where none is given."""
        path = self.folder / f"model{self.models}" / "model.onnx" if name is None else self.folder / name
        self.models += name is None
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(model.SerializeToString())
        return path

    def values(self, model, batch=1):
        """Random numbers for the model's input; open sizes are `batch`."""
        dims = [d.dim_value or batch for d in model.graph.input[0].type.tensor_type.shape.dim]
        dtype = helper.tensor_dtype_to_np_dtype(model.graph.input[0].type.tensor_type.elem_type)
        return self.random.standard_normal(dims).astype(dtype)

    def references(self, model, values):
        """What ONNX's reference evaluator makes of it: {output: array}, in the model's order."""
        made = ReferenceEvaluator(model).run(None, {model.graph.input[0].name: values})
        return {output.name: array for output, array in zip(model.graph.output, made)}

    def reference(self, model, values):
        """The same of the first output."""
        return next(iter(self.references(model, values).values()))

    def picture(self, pixels, name="picture.png"):
        """Writes uint8 pixels [H][W] or [H][W][3] as PNG; the path."""
        height, width = pixels.shape[:2]
        color = 0 if pixels.ndim == 2 else 2
        rows = b"".join(b"\0" + pixels[i].tobytes() for i in range(height))

        def chunk(kind, body):
            return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, color, 0, 0, 0)) +
                         chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
        return path

    # ---- our reader and float executor ----

    def onnx_run_line(self, path, values, wanted):
        """The line that onnx_run says of a model file on these numbers: "pass ...", "wrong ...", "refused ...". wanted: an
        array, or {output: array}."""
        data = path.parent / "test_data_set_0"
        data.mkdir(exist_ok=True)
        outputs = wanted if isinstance(wanted, dict) else {None: wanted}
        files = [("input_0.pb", None, values)] + [(f"output_{i}.pb", *output) for i, output in enumerate(outputs.items())]
        for file, name, array in files:
            tensor = numpy_helper.from_array(numpy.ascontiguousarray(array.astype("float32")), name)
            (data / file).write_bytes(tensor.SerializeToString())
        done = subprocess.run([self.onnx_run, "--of-largest=1e-5", str(path)], stdout=subprocess.PIPE, text=True, timeout=60)
        return done.stdout.strip()

    def agrees(self, model, values=None, wanted=None, batch=1, path=None):
        """sned reads the model and computes what the reference evaluator does, within 1e-5 of the largest number: every
        output, by its name. values, wanted: other numbers than random ones and those of the evaluator; path: where the
        model's file is already."""
        values = self.values(model, batch) if values is None else values
        wanted = self.references(model, values) if wanted is None else wanted
        line = self.onnx_run_line(path or self.save(model), values, wanted)
        assert line.startswith("pass "), line

    def refused(self, model, pattern):
        """sned refuses to read it in one line that matches."""
        line = self.onnx_run_line(self.save(model), numpy.zeros([1]), numpy.zeros([1]))
        assert line.startswith("refused ") and "\n" not in line and re.search(pattern, line), line

    # ---- the tool ----

    def sned(self, *arguments, fails=False):
        """Runs sned in the case's folder; asserts its exit status (fails: True for 1, or the status); the finished process,
        its stdout and stderr as text."""
        done = subprocess.run([self.sned_path, *map(str, arguments)], cwd=self.folder, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120)
        said = f"sned {' '.join(map(str, arguments))}: exit status {done.returncode}: {done.stderr[-600:]}"
        assert done.returncode == int(fails), said
        return done

    def sned_json(self, *arguments):
        """The object that `sned ... --json` prints."""
        return json.loads(self.sned(*arguments, "--json").stdout)

    def sned_fails(self, pattern, *arguments):
        """sned exits with 1 and one line that matches."""
        done = self.sned(*arguments, fails=True)
        assert done.stderr.count("\n") == 1 and re.search(pattern, done.stderr), done.stderr


def near(got, wanted, tolerance=1e-5):
    """Asserts that two lists of numbers agree."""
    got, wanted = numpy.array(got, "float64").reshape(-1), numpy.array(wanted, "float64").reshape(-1)
    assert got.shape == wanted.shape and numpy.allclose(got, wanted, rtol=tolerance, atol=tolerance), (got, wanted)
