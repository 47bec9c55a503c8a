#!/usr/bin/env python3
"""seed_data.py - writes the seeds that are no networks: IDX and CIFAR arrays, NumPy's, tars, pictures, recipes.

    seed_data.py FOLDER      FOLDER/TARGET/NAME for arrays, npy, picture, recipe, tar

The same bytes each time. Inputs that stand for three files have the layout of target.h: options, two sizes,
names, labels, content.
"""
import base64, bz2, gzip, io, lzma, os, struct, sys, tarfile, zipfile, zlib

CLASSES, MEMORY, HAS_LABELS, IS_CIFAR, MENDED = 4, 8, 16, 16, 32
IS_ZIP, IS_FOLDER, VALUES = 16, 32, 64
GRAY, RGB, BGR, FLAT = range(4)

# Nothing in Python writes JPEG: grey 9 x 7; progressive 12 x 10; CMYK 8 x 8 as Adobe writes it.
JPEGS = {
    "gray": """
/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKFE6PTBCYFVlZF9VXVtqeJmBanGQc1tdhbWGkJ6jq62rZ4C8ybqm
x5moq6T/wAALCAAHAAkBAREA/8QAFQABAQAAAAAAAAAAAAAAAAAAAQT/xAAhEAABAwIHAQAAAAAAAAAAAAABAgQRAAMFEiEiVGGT0f/aAAgBAQAA
PwAam3hzI31AFR22xEyqNJ6qLO+5rj1V9r//2Q==""",
    "progressive": """
/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKFE6PTBCYFVlZF9VXVtqeJmBanGQc1tdhbWGkJ6jq62rZ4C8ybqm
x5moq6T/2wBDARweHigjKE4rK06kbl1upKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKT/wgARCAAKAAwD
ASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAQL/xAAVAQEBAAAAAAAAAAAAAAAAAAACA//aAAwDAQACEAMQAAABlIm//8QAGBAAAgMAAAAA
AAAAAAAAAAAAAAEQETH/2gAIAQEAAQUC12KP/8QAGBEAAgMAAAAAAAAAAAAAAAAAAQIAElH/2gAIAQMBAT8BVQWrk//EABURAQEAAAAAAAAAAAAA
AAAAAAAC/9oACAECAQE/AZf/xAAVEAEBAAAAAAAAAAAAAAAAAAAQAf/aAAgBAQAGPwIp/8QAFxAAAwEAAAAAAAAAAAAAAAAAAAExEP/aAAgBAQAB
PyFwHidP/9oADAMBAAIAAwAAABDT/8QAGBEAAgMAAAAAAAAAAAAAAAAAAREAMbH/2gAIAQMBAT8QalBqM//EABYRAAMAAAAAAAAAAAAAAAAAAAAB
Qf/aAAgBAgEBPxBYf//EABwQAAEDBQAAAAAAAAAAAAAAAAEAEcEQITFRcf/aAAgBAQABPxB2pk8QgWFgoppf/9k=""",
    "cmyk": """
/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwAbEhQXFBEbFxYXHhwbIChCKyglJShROj0wQmBVZWRfVV1baniZgWpxkHNbXYW1hpCeo6utq2eAvMm6pseZ
qKuk/8AAFAgACAAIBEMRAE0RAFkRAEsRAP/EABUAAQEAAAAAAAAAAAAAAAAAAAAF/8QAHhAAAgEEAwEAAAAAAAAAAAAAAhEBAAMEBSEiYUH/2gAO
BEMATQBZAEsAAD8AZUnsc2LAkhjtclpC+V7TFgNdhTfIWU9bcJslw/KuZP2rtf/Z""",
}


def parts(options, names, labels, content):
    return struct.pack("<BHH", options, len(names), len(labels)) + names + labels + content


def jpeg(name):
    return base64.b64decode(JPEGS[name])


def png(width, height, depth, kind, channels, interlaced=0, extra=b""):
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    stride = (width * channels * depth + 7) // 8
    rows = b"".join(bytes([y % 5]) + bytes((x * 31 + y * 17) % 2 ** min(depth, 8) for x in range(stride))
                    for y in range(height))
    if interlaced:  # one pixel wide and high: pass 1 alone has it
        rows = b"\0" + bytes(stride)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, interlaced))
            + extra + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b""))


def palette():
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    return chunk(b"PLTE", bytes(range(12))) + chunk(b"tRNS", b"\0\x80")


def pictures():
    for name in JPEGS:
        yield name + ".jpg", jpeg(name)
    yield "gray.png", png(8, 8, 8, 0, 1)
    yield "one-bit.png", png(20, 3, 1, 0, 1)
    yield "palette.png", png(6, 5, 2, 3, 1, extra=palette())
    yield "rgb16.png", png(5, 9, 16, 2, 3)
    yield "alpha.png", png(9, 5, 8, 6, 4)
    yield "interlaced.png", png(1, 1, 8, 4, 2, interlaced=1)


def idx(*dims, data):
    return struct.pack(">BBBB", 0, 0, 8, len(dims)) + b"".join(struct.pack(">I", d) for d in dims) + data


def arrays():
    images = idx(2, 4, 5, data=bytes(range(40)))
    labels = idx(2, data=b"\1\3")
    square = idx(1, 8, 8, data=bytes(64))
    record = bytes([7]) + bytes(i % 251 for i in range(3072))
    yield "idx", parts(GRAY | CLASSES, b"a\nb\nc\nd\n", labels, images)
    yield "idx-viewed", parts(GRAY, b"", idx(1, data=b"\0"), square)
    yield "idx-flat", parts(FLAT, b"0 zero\n1 one\n", idx(1, data=b"\1"), square)
    yield "idx-gz", parts(RGB, b"", gzip.compress(labels, mtime=0), gzip.compress(images, mtime=0))
    yield "idx-xz", parts(BGR | MEMORY, b"", lzma.compress(labels), lzma.compress(images))
    yield "idx-bz2", parts(GRAY, b"", labels, bz2.compress(images))
    yield "cifar", parts(RGB | IS_CIFAR, b"n01440764 fish\ncat\n", b"", record)
    yield "cifar-xz", parts(BGR | IS_CIFAR | MEMORY, b"", b"", lzma.compress(record * 2))


def npy(descr, shape, data, version=1):
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}"
    start = 10 if version == 1 else 12
    header += " " * (-(start + len(header) + 1) % 64) + "\n"
    return (b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H" if version == 1 else "<I", len(header)) + header.encode()
            + data)


def npz(entries, compression=zipfile.ZIP_STORED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, data in entries:
            archive.writestr(zipfile.ZipInfo(name + ".npy"), data, compression)
    return out.getvalue()


def numpy_arrays():
    floats = npy("<f4", "(2, 8, 8)", struct.pack("<128f", *range(128)))
    flat = npy("<f8", "(3, 64)", struct.pack("<192d", *range(192)), version=2)
    pixels = npy("|u1", "(2, 5, 9, 3)", bytes(range(270 - 14)) + bytes(14))
    labels = npy("<i8", "(2,)", struct.pack("<2q", 1, 3))
    three = npy("|u1", "(3, 1)", b"\0\2\1")
    yield "floats", parts(GRAY | CLASSES, b"a\nb\n", labels, floats)
    yield "flat", parts(FLAT | VALUES, b"", three, flat)
    yield "pixels", parts(BGR, b"", labels, pixels)
    yield "bytes", parts(FLAT | VALUES, b"", three, npy("|u1", "(3, 64)", bytes(192)))
    yield "folder", parts(GRAY | IS_FOLDER | MEMORY, b"", labels, floats)
    yield "npz", parts(GRAY | IS_ZIP, b"", b"", npz([("x", floats), ("y", labels)]))
    yield "npz-splits", parts(FLAT | VALUES | IS_ZIP | MEMORY, b"", b"",
                              npz([("x_train", flat), ("x_test", flat), ("y_test", three)], zipfile.ZIP_DEFLATED))


def tar(entries, form=tarfile.USTAR_FORMAT):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for name, data in entries:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()[:-8192]  # the end needs two empty blocks, not twenty


def tars():
    gray, small = jpeg("gray"), png(8, 8, 8, 0, 1)
    named = tar([("a.jpg", gray), ("./b 2.png", small)])
    yield "labels", parts(GRAY | HAS_LABELS | MENDED, b"cat\ndog\n", b"a.jpg 1\nb 2.png 0\n", named)
    yield "labels-gz", parts(RGB | HAS_LABELS, b"", b"b 2.png 3\n\n", gzip.compress(named, mtime=0))
    yield "folders", parts(GRAY | MENDED, b"", b"", tar([("set/cat/1.png", small), ("set/dog/1.jpg", gray)]))
    yield "folders-xz", parts(BGR | MEMORY, b"", b"", lzma.compress(tar([("cat/1.png", small)])))
    yield "pax", parts(GRAY | MENDED, b"", b"", tar([("c/" + "n" * 120 + ".png", small)], tarfile.PAX_FORMAT))
    yield "gnu", parts(GRAY | MENDED, b"", b"", tar([("c/" + "n" * 120 + ".png", small)], tarfile.GNU_FORMAT))
    yield "damaged", parts(GRAY | HAS_LABELS, b"", b"a.jpg 0\n", tar([("a.jpg", gray[:100])]))


RECIPES = {
    "whole": """# every key
order: reversed
peak: yes
max_drop: 0.25
holdout: 0.1
holdout_images: 5000
target_cuts: 3
saliency: magnitude
structure: unstructured
settle: {epochs: 1, passes: 2}
retrain:
  epochs: 1.5
  batch: 32
  rate: 1e-2
  momentum: .9
  decay: 0
  schedule: one-cycle
  step_epochs: 2
  step_factor: 0.1
  shift: 2
  flip: off
search: {first: 0.1, step: 0.5, finest: 0.8, saving: 0.01, rounds: 2}
finish: {epochs: 0, rate: 0.05}
quantize: {images: 10, epochs: 0, rate: 0.002}
layers:
  - {kind: conv, min_density: 0.2}
  - layer: fc1
    density: 0.05
    bits: 8
  - {layer: conv1, skip: true}
""",
    "target": "order: joint\ntarget_kept: 0.05\npeak: false\n",
    "quoted": "---\n\"order\": 'forward' # so\n? saliency\n: \"mag\\x6eitude\"\n...\n",
    "block": "layers:\n- layer: >-\n    conv1\n  density: !!float \"0.5\"\n",
    "alias": "retrain: &r {epochs: 1}\nfinish: *r\n",
    "wrong": "order: sideways\nlayers: [{kind: conv, kind: fc}]\n",
}


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: seed_data.py FOLDER")
    kinds = {
        "arrays": arrays(),
        "npy": numpy_arrays(),
        "picture": ((name, bytes([MENDED | i % 4]) + data) for i, (name, data) in enumerate(pictures())),
        "recipe": ((name + ".yaml", text.encode()) for name, text in RECIPES.items()),
        "tar": tars(),
    }
    for kind, seeds in kinds.items():
        os.makedirs(os.path.join(sys.argv[1], kind), exist_ok=True)
        for name, data in seeds:
            with open(os.path.join(sys.argv[1], kind, name), "wb") as file:
                file.write(data)


main()
