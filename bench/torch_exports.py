#!/usr/bin/env python3
"""torch_exports.py - networks as PyTorch exports them to ONNX: read, compared, packed, run in integers.

    python3 bench/torch_exports.py [--nets resnet18,mobilenet_v2] [--exporter dynamo|torchscript] [--no-compress] [-o bench/results/torch-exports.json]

Needs a python3 with torch and torchvision (Debian: python3-torch, python3-torchvision), the build (build/tests/onnx_run,
build/src/cli/sned), and CIFAR-10 under $SNED_DATA for compress.

Each network has random weights and random batch norm statistics from a fixed seed; its last layer is shifted so that random
pictures fall into different classes. It is exported by the exporter that PyTorch has by default (torch.export, `dynamo`) in
opsets 18 and 20, with weights in a file beside the model, as it writes them; and by the older one (TorchScript) in opsets 13
and 16, with and without constant folding, for inference and with training=PRESERVE, which leaves batch norms and dropout as
nodes. --exporter chooses one of the two; networks that need operators which sned does not have are named in OUT_OF_SCOPE,
with the operator, and must be refused by that name. Every export must give PyTorch's outputs to 1e-4
of the largest. One export of each network is packed, its scales set on random pictures; the labels of other pictures are
what PyTorch makes of them, so that `sned eval` prints how often float and integers agree with it. Pictures are as large as
the network's input. resnet18 and mobilenet_v2 also go through a short `sned compress` on CIFAR-10, which with random weights
shows that it works, not how well.

Rows of networks that are not run again stay in the output file.
"""
import argparse
import contextlib
import io
import json
import os
import re
import struct
import subprocess
import sys
import tarfile
import tempfile
import warnings

import numpy
import torch
import torchvision
from PIL import Image
from torch import nn
from torch.nn import functional as F

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CLASSES, CALIBRATION, PICTURES = 10, 32, 100
OPSETS = {"dynamo": (18, 20), "torchscript": (13, 16)}
TOLERANCE = 1e-4
COMPRESSED = ("resnet18", "mobilenet_v2")


# ---- the networks ----

class Branches(nn.Module):
    """Inception's four ways, side by side."""

    def __init__(self, inputs, a, b, c, d):
        super().__init__()
        self.a = nn.Sequential(nn.Conv2d(inputs, a, 1, bias=False), nn.BatchNorm2d(a), nn.ReLU())
        self.b = nn.Sequential(nn.Conv2d(inputs, b, 1), nn.ReLU(), nn.Conv2d(b, b, 3, padding=1), nn.ReLU())
        self.c = nn.Sequential(nn.Conv2d(inputs, c, 1), nn.ReLU(), nn.Conv2d(c, c, 5, padding=2), nn.ReLU())
        self.d = nn.Sequential(nn.MaxPool2d(3, 1, 1, ceil_mode=True), nn.Conv2d(inputs, d, 1), nn.ReLU())

    def forward(self, x):
        return torch.cat([self.a(x), self.b(x), self.c(x), self.d(x)], 1)


def inception():
    return nn.Sequential(nn.Conv2d(3, 32, 7, 2, 3), nn.ReLU(), nn.MaxPool2d(3, 2, ceil_mode=True), nn.LocalResponseNorm(5),
                         Branches(32, 16, 24, 8, 8), nn.MaxPool2d(3, 2, ceil_mode=True), Branches(56, 24, 32, 16, 16),
                         nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.4), nn.Linear(88, CLASSES))


def vgg11_bn():
    features = torchvision.models.vgg11_bn(weights=None).features
    return nn.Sequential(features, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, CLASSES))


class Mlp(nn.Module):
    """The shape of the view is computed in the graph; relu6 and hardtanh become Clip."""

    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(3 * 16 * 16, 64)
        self.more = nn.Linear(64, 64, bias=False)
        self.last = nn.Linear(64, CLASSES)

    def forward(self, x):
        x = F.relu6(self.hidden(x.view(x.size(0), -1)))
        return self.last(F.hardtanh(self.more(F.dropout(x, 0.2, self.training)), -2.0, 2.0))


class Lrn(nn.Module):
    """AlexNet's shape: local response normalisation, groups, a pool with ceil_mode, flatten."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(3, 32, 5, 2), nn.Conv2d(32, 48, 3, 1, 1, groups=2)
        self.norm1, self.norm2 = nn.LocalResponseNorm(5, 2.0, 0.75, 1.5), nn.LocalResponseNorm(3)
        self.pool = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.last = nn.Linear(48 * 3 * 3, CLASSES)

    def forward(self, x):
        x = self.pool(self.norm1(F.relu(self.conv1(x))))
        x = self.pool(self.norm2(F.leaky_relu(self.conv2(x), 0.1)))
        return self.last(F.dropout(torch.flatten(x, 1), 0.5, self.training))


class Pads(nn.Module):
    """Paddings of all kinds, strides, dilations, channels that are sliced and joined, a mean over height and width."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 24, 3, (2, 1), dilation=(1, 2))
        self.conv2 = nn.Conv2d(24, 24, 3, padding=1, groups=24)
        self.conv3 = nn.Conv2d(30, 40, 1)
        self.scale = nn.Parameter(torch.rand(24, 1, 1) + 0.5)
        self.last = nn.Linear(40, CLASSES)

    def forward(self, x):
        x = F.relu(self.conv1(F.pad(x, (1, 2, 0, 1))))
        x = x / 1.5 - F.avg_pool2d(x, 3, 1, 1) * self.scale
        x = torch.cat([F.relu6(self.conv2(x)), x[:, ::4]], 1)
        x = F.avg_pool2d(F.relu(self.conv3(x)), 2, ceil_mode=True, count_include_pad=False)
        return self.last(x.mean((2, 3)))


class Mobilenet(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = torchvision.models.mobilenet_v2(weights=None, num_classes=CLASSES)

    def forward(self, x):
        return self.net(x)


def vision(name, **options):
    return lambda: getattr(torchvision.models, name)(weights=None, num_classes=CLASSES, **options)


class Cnn(nn.Module):
    """A first network as tutorials have it; PReLU, a split of the channels and a Softmax at the end besides."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(3, 16, 3, padding=1), nn.Conv2d(8, 24, 3, padding=1)
        self.slopes = nn.PReLU(16)
        self.last = nn.Linear(24 * 6 * 6, CLASSES)

    def forward(self, x):
        left, right = F.max_pool2d(self.slopes(self.conv1(x)), 2).chunk(2, 1)
        x = F.max_pool2d(F.relu(self.conv2(left + right)), 2)
        return F.softmax(self.last(x.flatten(1)), 1)


# name: (maker, side of the input)
NETS = {
    "resnet18": (lambda: torchvision.models.resnet18(weights=None, num_classes=CLASSES), 64),
    "mobilenet_v2": (Mobilenet, 64),
    "inception": (inception, 64),
    "vgg11_bn": (vgg11_bn, 32),
    "mlp": (Mlp, 16),
    "lrn": (Lrn, 32),
    "pads": (Pads, 24),
    "cnn": (Cnn, 24),
    "alexnet": (vision("alexnet"), 224),
    "densenet121": (vision("densenet121"), 32),
    "googlenet": (vision("googlenet", aux_logits=False, init_weights=False), 64),
    "mnasnet0_5": (vision("mnasnet0_5"), 64),
    "shufflenet_v2": (vision("shufflenet_v2_x0_5"), 64),
    "squeezenet": (vision("squeezenet1_1"), 64),
    "mobilenet_v3": (vision("mobilenet_v3_small"), 64),
    "efficientnet_b0": (vision("efficientnet_b0"), 64),
}
# What must be refused, and by which operator: the next ones to add.
OUT_OF_SCOPE = {"mobilenet_v3": "HardSigmoid", "efficientnet_b0": "Sigmoid|Mul"}


def pictures(count, side, seed):
    """Random blobs of colour, [count][side][side][3] in bytes: noise alone would look all the same to a network."""
    random = numpy.random.default_rng(seed)
    made = []
    for _ in range(count):
        coarse = random.integers(0, 256, (random.integers(2, 6),) * 2 + (3,), dtype=numpy.uint8)
        fine = random.normal(0, 20, (side, side, 3))
        smooth = numpy.asarray(Image.fromarray(coarse).resize((side, side), Image.BICUBIC), numpy.float64)
        made.append(numpy.clip(smooth + fine, 0, 255).astype(numpy.uint8))
    return numpy.stack(made)


def values(pixels):
    """What the metadata below says: (pixel - 127.5) / 64, channels first."""
    return torch.from_numpy(((pixels.astype(numpy.float32) - 127.5) / 64).transpose(0, 3, 1, 2).copy())


def measure_batch_norms(net, batch):
    """Statistics of real activations, then off by a random share, as training leaves them. For inference from then on."""
    norms = [m for m in net.modules() if isinstance(m, nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = 1.0
    with torch.no_grad():
        net.train()(batch)
        for norm in norms:
            norm.running_mean *= torch.empty_like(norm.running_mean).uniform_(0.8, 1.2)
            norm.running_var *= torch.empty_like(norm.running_var).uniform_(0.8, 1.2)
            norm.momentum = 0.1
    net.eval()


def make(name):
    torch.manual_seed(1)
    maker, side = NETS[name]
    net = maker()
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0, 0.1)
    measure_batch_norms(net, values(pictures(64, side, 2)))
    last = [m for m in net.modules() if isinstance(m, nn.Linear)][-1:]
    if not last:  # a head of Convs, as SqueezeNet's
        return net, side
    last = last[0]
    with torch.no_grad():
        scores = net(values(pictures(64, side, 2)))
        last.weight /= scores.std(0, keepdim=True).T
        last.bias /= scores.std(0)
        last.bias -= scores.mean(0) / scores.std(0)
    return net, side


# ---- files ----

METADATA = {"input.layout": "NCHW", "input.color": "RGB", "input.mean": "127.5", "input.scale": str(1 / 64)}


def varint(number):
    out = b""
    while number > 127:
        out, number = out + bytes([number & 127 | 128]), number >> 7
    return out + bytes([number])


def field(number, data):
    return varint(number << 3 | 2) + varint(len(data)) + data


def tensor_proto(array):
    dims = b"".join(varint(1 << 3) + varint(size) for size in array.shape)
    return dims + varint(2 << 3) + varint(1) + field(9, array.astype("<f4").tobytes())


def add_metadata(path, entries):
    """Fields of a message may come in any order, so entries of metadata_props may be appended."""
    with open(path, "ab") as file:
        for key, value in entries.items():
            file.write(field(14, field(1, key.encode()) + field(2, value.encode())))


def export_by_dynamo(net, side, path, opset):
    """As `torch.onnx.export` does by default: weights go to a file beside the model."""
    shapes = ({0: torch.export.Dim("N", min=1, max=64)},)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        torch.onnx.export(net.eval(), (torch.zeros(2, 3, side, side),), path, opset_version=opset, dynamo=True,
                          external_data=True, input_names=["picture"], output_names=["scores"], dynamic_shapes=shapes,
                          verbose=False)
    add_metadata(path, METADATA)


def export(net, side, path, opset, folding, training):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(net, torch.zeros(1, 3, side, side), path, opset_version=opset, do_constant_folding=folding,
                          training=training, dynamo=False, input_names=["picture"], output_names=["scores"],
                          dynamic_axes={"picture": {0: "N"}, "scores": {0: "N"}})
    add_metadata(path, METADATA)


def write_pictures(path, pixels, labels):
    with tarfile.open(path, "w") as tar:
        for i, picture in enumerate(pixels):
            data = io.BytesIO()
            Image.fromarray(picture).save(data, "PNG")
            entry = tarfile.TarInfo(f"{i:05}.png")
            entry.size = data.tell()
            data.seek(0)
            tar.addfile(entry, data)
    with open(path[:-4] + ".labels.txt", "w") as file:
        file.writelines(f"{i:05}.png {label}\n" for i, label in enumerate(labels))


# ---- what is measured ----

def fail(text):
    sys.exit(f"torch_exports.py: {text}")


def sned(*arguments):
    done = subprocess.run([os.path.join(ROOT, "build/src/cli/sned"), *arguments, "--json", "--quiet"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True)
    if done.returncode:
        fail(f"sned {' '.join(arguments)}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def compare(folder, net, side):
    """onnx_run on the export in `folder`: (nodes, largest difference)."""
    given = values(pictures(4, side, 3))
    data = os.path.join(folder, "test_data_set_0")
    os.makedirs(data, exist_ok=True)
    with torch.no_grad():
        wanted = net(given)
    for name, tensor in (("input_0.pb", given), ("output_0.pb", wanted)):
        with open(os.path.join(data, name), "wb") as file:
            file.write(tensor_proto(tensor.numpy()))
    model = os.path.join(folder, "model.onnx")
    done = subprocess.run([os.path.join(ROOT, "build/tests/onnx_run"), f"--of-largest={TOLERANCE}", model],
                          stdout=subprocess.PIPE, text=True)
    line = done.stdout.strip().replace(model + ": ", "")
    if done.returncode:
        return line, None, None
    words = line.split()
    return "pass", int(words[1]), float(words[-1])


def pack(folder, net, side):
    """The export in `folder` packed, and both run on pictures whose labels are PyTorch's classes."""
    model, packed = os.path.join(folder, "model.onnx"), os.path.join(folder, "model.sned")
    calibration, test = os.path.join(folder, "calibration.tar"), os.path.join(folder, "test.tar")
    write_pictures(calibration, pictures(CALIBRATION, side, 4), [0] * CALIBRATION)
    pixels = pictures(PICTURES, side, 5)
    with torch.no_grad():
        labels = net(values(pixels)).argmax(1).tolist()
    write_pictures(test, pixels, labels)
    sned("pack", model, "--data", calibration, "-o", packed)
    agree = {}
    for key, path in (("float", model), ("int8", packed)):
        agree[key] = sned("eval", path, "--data", test)["top1"]
    picture = os.path.join(folder, "picture.png")
    Image.fromarray(pixels[0]).save(picture)
    top = subprocess.run([os.path.join(ROOT, "build/src/cli/sned"), "run", packed, picture, "--top", "1"],
                         stdout=subprocess.PIPE, text=True)
    if top.returncode or "%" not in top.stdout:
        fail(f"sned run {packed} does not classify a picture")
    return {"packed_bytes": os.path.getsize(packed), "agree_float": agree["float"], "agree_int8": agree["int8"],
            "classes_seen": len(set(labels))}


def compress(folder, net):
    """A short compress on CIFAR-10, end to end, of the network exported for pictures of that size: bytes, kept weights."""
    data = os.path.join(os.environ.get("SNED_DATA", os.path.join(ROOT, "../shared")), "data/cifar10")
    out = os.path.join(folder, "compressed.sned")
    model = os.path.join(folder, "small.onnx")
    export(net, 32, model, 16, True, torch.onnx.TrainingMode.EVAL)
    result = sned("compress", model, "--data", data, "--limit", "100", "--time-budget", "20",
                  "--recipe", os.path.join(ROOT, "bench/recipes/paper.yaml"), "--max-drop", "100", "-o", out)
    sned("eval", out, "--data", data, "--limit", "50")
    return {"bytes": os.path.getsize(out), "weights": result["weights"], "kept": result["kept"]}


def variants(exporter):
    """(exporter, opset, folding, training); the default exporter always folds, and exports for inference."""
    found = []
    if exporter in ("dynamo", "both"):
        found += [("dynamo", opset, True, "eval") for opset in OPSETS["dynamo"]]
    if exporter in ("torchscript", "both"):
        found += [("torchscript", opset, folding, training) for training in ("eval", "preserve")
                  for folding in (False, True) for opset in OPSETS["torchscript"]]
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--nets", default=",".join(NETS))
    parser.add_argument("--exporter", choices=["dynamo", "torchscript", "both"], default="both")
    parser.add_argument("--no-compress", action="store_true")
    parser.add_argument("-o", "--output", default=os.path.join(ROOT, "bench/results/torch-exports.json"))
    options = parser.parse_args()
    torch.set_num_threads(2)
    rows, bad = [], 0
    if os.path.exists(options.output):
        with open(options.output) as file:
            chosen = {exporter for exporter, *_ in variants(options.exporter)}
            rows = [row for row in json.load(file)["exports"]
                    if row["model"] not in options.nets.split(",") or row.get("exporter", "torchscript") not in chosen]
    for name in options.nets.split(","):
        net, side = make(name)
        with tempfile.TemporaryDirectory() as folder:
            for exporter, opset, folding, training in variants(options.exporter):
                path = os.path.join(folder, "model.onnx")
                mode = torch.onnx.TrainingMode.PRESERVE if training == "preserve" else torch.onnx.TrainingMode.EVAL
                if exporter == "dynamo":
                    export_by_dynamo(net, side, path, opset)
                else:
                    export(net, side, path, opset, folding, mode)
                verdict, nodes, difference = compare(folder, net, side)
                row = {"model": name, "input": side, "exporter": exporter,
                       "torch": torch.__version__.split("+")[0], "opset": opset, "folding": folding,
                       "training": training, "nodes": nodes, "difference": difference}
                if name in OUT_OF_SCOPE and re.match(f"refused .*({OUT_OF_SCOPE[name]})", verdict):
                    row["refused"] = OUT_OF_SCOPE[name]
                    verdict = "pass"
                bad += verdict != "pass"
                if verdict == "pass" and nodes and opset in (16, 20) and folding:
                    row.update(pack(folder, net, side))
                    if opset == 16 and training == "eval" and name in COMPRESSED and not options.no_compress:
                        row["compress"] = compress(folder, net)
                print(json.dumps(row) if verdict == "pass" else f"{json.dumps(row)} {verdict}", flush=True)
                rows.append(row)
    if bad:
        fail(f"{bad} exports are refused or differ; nothing is written")
    with open(options.output, "w") as file:
        json.dump({"command": "python3 bench/torch_exports.py",
                   "exports": sorted(rows, key=lambda row: list(NETS).index(row["model"]))}, file, indent=1)
        file.write("\n")


main()
