#!/usr/bin/env python3
"""peers_size.py - the bytes that others make of the same network. bench/peers_size.sh runs it, in the environments it needs.

    peers_size.py integers FILE.sned PLAIN.sned      the file's own integers, in xz and in NNCodec
    peers_size.py int8 MODEL.onnx                    the float network, quantised to 8 bits by ONNX Runtime and by OpenVINO

Prints a JSON object. NNCodec (ISO/IEC 15938-17) gets each layer's weights and biases as integers, which it codes without loss; what it
decodes is compared. Its bytes have no graph, no scales and no checksums; xz's of the plain file have. ONNX Runtime and OpenVINO see
random pictures for calibration: scales depend on them, sizes do not.
"""
import importlib.util
import json
import lzma
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests"))


def xz(data):
    return len(lzma.compress(data, preset=9 | lzma.PRESET_EXTREME))


def file_bytes(path):
    with open(path, "rb") as file:
        return file.read()


def nncodec_bytes(layers):
    """The smallest of NNCodec's ways that code integers as they are."""
    import numpy
    from nncodec import nnc
    parameters = {}
    for name, layer in layers:
        shape = layer["shape"] if layer["shape"][2] * layer["shape"][3] > 1 else layer["shape"][:2]
        parameters[name + ".weight"] = numpy.array(layer["weights"], dtype=numpy.int32).reshape(shape)
        if layer["biases"]:
            parameters[name + ".bias"] = numpy.array(layer["biases"], dtype=numpy.int32)
    sizes = []
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "network.nnc")
        for row_skipping in (False, True):
            nnc.compress(parameters, bitstream_path=path, row_skipping=row_skipping)
            decoded = nnc.decompress(path)
            for name, values in parameters.items():
                if not (numpy.asarray(decoded[name]).reshape(values.shape) == values).all():
                    raise SystemExit(f"NNCodec does not give {name} back")
            sizes.append(os.path.getsize(path))
    return min(sizes)


def integers(path, plain_path):
    import decode_sned
    nodes = decode_sned.decode(file_bytes(plain_path))[1]
    layers = [(node["name"], node["layer"]) for node in nodes if "layer" in node]
    raw = bytearray()
    for _, layer in layers:
        raw += bytes(weight & 255 for weight in layer["weights"])
        raw += b"".join(bias.to_bytes(4, "little", signed=True) for bias in layer["biases"])
    weights = sum(len(layer["weights"]) for _, layer in layers)
    row = {"network": os.path.basename(path).removesuffix(".sned"), "weights": weights,
           "kept": weights - sum(layer["weights"].count(0) for _, layer in layers),
           "sned_bytes": os.path.getsize(path), "plain_bytes": os.path.getsize(plain_path),
           "xz_plain_bytes": xz(file_bytes(plain_path)), "xz_integers_bytes": xz(bytes(raw))}
    if importlib.util.find_spec("nncodec"):
        row["nncodec_bytes"] = nncodec_bytes(layers)
    return row


def random_inputs(model):
    import numpy
    value = model.graph.input[0]
    shape = [size.dim_value or 1 for size in value.type.tensor_type.shape.dim]
    random = numpy.random.default_rng(1)
    return value.name, [random.random(shape, dtype=numpy.float32) for _ in range(8)]


def onnxruntime_bytes(path, model, folder):
    from onnxruntime import quantization

    class Reader(quantization.CalibrationDataReader):
        def __init__(self):
            name, inputs = random_inputs(model)
            self.inputs = iter([{name: values} for values in inputs])

        def get_next(self):
            return next(self.inputs, None)

    out = os.path.join(folder, "int8.onnx")
    quantization.quantize_static(path, out, Reader(), per_channel=True)
    return os.path.getsize(out)


def openvino_bytes(path, model, folder):
    import nncf
    import openvino
    inputs = nncf.Dataset(random_inputs(model)[1])
    quantized = nncf.quantize(openvino.convert_model(path), inputs, subset_size=8)
    out = os.path.join(folder, "int8.xml")
    openvino.save_model(quantized, out)
    return os.path.getsize(out) + os.path.getsize(out.removesuffix("xml") + "bin")


def int8(path):
    import onnx
    row = {"float_bytes": os.path.getsize(path)}
    with tempfile.TemporaryDirectory() as folder:
        model = onnx.load(path)
        for name, measure in (("onnxruntime_int8_bytes", onnxruntime_bytes), ("openvino_int8_bytes", openvino_bytes)):
            row[name] = measure(path, model, folder)
    return row


if __name__ == "__main__":
    commands = {"integers": (integers, 2), "int8": (int8, 1)}
    if len(sys.argv) < 3 or sys.argv[1] not in commands or len(sys.argv) - 2 != commands[sys.argv[1]][1]:
        raise SystemExit(__doc__)
    answer = json.dumps(commands[sys.argv[1]][0](*sys.argv[2:]))
    print(answer)
