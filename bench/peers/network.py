"""network.py FOLDER DATA SOURCE - what every engine gets of one network, in a folder that bench/peers/run makes:

    network.sned     what sned runs
    exported.onnx    the same weights in float, as `sned export` writes them
    float.onnx       the same with its batch fixed to 1: what the others run or quantise
    calibration.f32  pictures that scales are set by, as the network takes them: [N][C][H][W] of float32
    pictures.f32     those that engines are timed (the first) and judged on
    labels.json      their labels, where they have some

As a command it makes the last four from the first two. SOURCE: mnist, cifar10, imagenet (read below DATA) or noise: random pixels,
for weights that are random too; no accuracy then, but how far scores are off.
"""
import gzip
import io
import json
import lzma
import os
import sys
import tarfile

import numpy

CALIBRATION, JUDGED = 64, 500  # pictures; the same for every engine
NOISE_JUDGED = 32


def path(folder, name):
    return os.path.join(folder, name)


def graph_input(folder):
    import onnx
    return onnx.load(path(folder, "float.onnx")).graph.input[0]


def input_name(folder):
    return graph_input(folder).name


def input_shape(folder):
    """[C, H, W]"""
    return [size.dim_value for size in graph_input(folder).type.tensor_type.shape.dim][1:]


def floats(folder, name):
    """[N][C][H][W]"""
    return numpy.memmap(path(folder, name), dtype=numpy.float32, mode="r").reshape(-1, *input_shape(folder))


def calibration(folder):
    return floats(folder, "calibration.f32")


def pictures(folder):
    return floats(folder, "pictures.f32")


def labels(folder):
    if not os.path.exists(path(folder, "labels.json")):
        return None
    with open(path(folder, "labels.json")) as file:
        return json.load(file)


def mnist(data, part, count, shape):
    """Pixels [N][1][28][28] and labels: IDX files, 16 and 8 bytes of head."""
    prefix = os.path.join(data, "data", "mnist", "train" if part == "calibration" else "t10k")
    with gzip.open(prefix + "-images-idx3-ubyte.gz") as file:
        pixels = numpy.frombuffer(file.read(16 + count * 784)[16:], dtype=numpy.uint8)
    with gzip.open(prefix + "-labels-idx1-ubyte.gz") as file:
        return pixels.reshape(-1, 1, 28, 28), list(file.read(8 + count)[8:])


def cifar10(data, part, count, shape):
    """Pixels [N][3][32][32], RGB, and labels: records of a label and 3072 pixels."""
    name = "data_batch_1" if part == "calibration" else "test_batch"
    with lzma.open(os.path.join(data, "data", "cifar10", name + ".bin.xz")) as file:
        records = numpy.frombuffer(file.read(count * 3073), dtype=numpy.uint8).reshape(-1, 3073)
    return records[:, 1:].reshape(-1, 3, 32, 32), records[:, 0].tolist()


def imagenet(data, part, count, shape):
    """Pixels [N][3][H][W], RGB, the centres of the pictures, and labels; every so-manieth, that all classes are among them."""
    from PIL import Image
    prefix = os.path.join(data, "data", "imagenet", "imagenet-calib-500" if part == "calibration" else "imagenet-val-a")
    height, width = shape[1:]
    pixels, numbers = [], []
    with open(prefix + ".labels.txt") as file:
        rows = [line.split() for line in file]
    with tarfile.open(prefix + ".tar") as tar:
        for name, number in rows[::max(1, len(rows) // count)][:count]:
            picture = Image.open(io.BytesIO(tar.extractfile(name).read())).convert("RGB")
            left, top = (picture.width - width) // 2, (picture.height - height) // 2
            pixels.append(numpy.asarray(picture.crop((left, top, left + width, top + height))).transpose(2, 0, 1))
            numbers.append(int(number))
    return numpy.stack(pixels), numbers


def noise(data, part, count, shape):
    random = numpy.random.default_rng(1 if part == "calibration" else 2)
    return random.integers(0, 256, (min(count, NOISE_JUDGED), *shape), dtype=numpy.uint8), None


def numbers_of(properties, key, default):
    return numpy.array([float(number) for number in properties.get(key, default).split(",")], dtype=numpy.float32)


def make(folder, data, source):
    import onnx
    model = onnx.load(path(folder, "exported.onnx"))
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_value = 1
    del model.graph.value_info[:]
    onnx.save(model, path(folder, "float.onnx"))
    properties = {entry.key: entry.value for entry in model.metadata_props}
    mean, scale = (numbers_of(properties, key, default).reshape(-1, 1, 1)
                   for key, default in (("input.mean", "0"), ("input.scale", "1")))
    for part, count in (("calibration", CALIBRATION), ("pictures", JUDGED)):
        pixels, answers = source(data, part, count, input_shape(folder))
        if properties.get("input.color") == "BGR":
            pixels = pixels[:, ::-1]
        ((pixels.astype(numpy.float32) - mean) * scale).astype(numpy.float32).tofile(path(folder, part + ".f32"))
    if answers is not None:
        offset = int(properties.get("labels.offset", "0"))
        with open(path(folder, "labels.json"), "w") as file:
            json.dump([answer + offset for answer in answers], file)


if __name__ == "__main__":
    sources = {"mnist": mnist, "cifar10": cifar10, "imagenet": imagenet, "noise": noise}
    if len(sys.argv) != 4 or sys.argv[3] not in sources:
        raise SystemExit(__doc__)
    make(sys.argv[1], sys.argv[2], sources[sys.argv[3]])
