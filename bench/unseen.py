#!/usr/bin/env python3
"""unseen.py MODEL.onnx NETWORK.sned...: what compression costs on pictures that nobody has seen, without test images.

A network that knows its training images by heart, the held-out ones too, says little about itself on them. Here these (the
3,000 of CIFAR-10 that `sned compress` holds out) are turned, zoomed, moved and recoloured, which no training did: what the
network as given still gets right, and what a compressed one loses of that, in points, with the standard error of the pairs.
Accuracy on these is not that on test images; differences between networks are what it is for.

Needs numpy and Pillow; SNED (default build/src/cli/sned), SNED_DATA (default ../shared).
"""
import lzma, os, subprocess, sys, tempfile
import numpy as np
from PIL import Image, ImageEnhance

SNED = os.environ.get("SNED", "build/src/cli/sned")
DATA = os.environ.get("SNED_DATA", "../shared") + "/data/cifar10"
HELD_OUT, SPLIT_STREAM = 0.1, 0x511D  # as src/compress/compression.c has it
WORD = 2**64 - 1


class Random:
    """src/base/random.c: xoshiro256**, seeded by splitmix64."""

    def __init__(self, seed, stream):
        state = [seed]

        def split():
            state[0] = (state[0] + 0x9E3779B97F4A7C15) & WORD
            z = state[0]
            z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & WORD
            z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & WORD
            return z ^ (z >> 31)

        state[0] = split() ^ ((stream * 0xD1342543DE82EF95) & WORD)
        self.s = [split() for _ in range(4)]

    def next(self):
        s = self.s
        turn = lambda x, k: ((x << k) | (x >> (64 - k))) & WORD
        result = (turn((s[1] * 5) & WORD, 7) * 9) & WORD
        t = (s[1] << 17) & WORD
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= t
        s[3] = turn(s[3], 45)
        return result

    def below(self, bound):
        while True:
            product = (self.next() >> 32) * bound
            if product & 0xFFFFFFFF >= (2**32 - bound) % bound:
                return product >> 32


def held_out():
    batches = [lzma.open(f"{DATA}/data_batch_{i}.bin.xz").read() for i in (1, 2, 3)]
    records = np.concatenate([np.frombuffer(b, np.uint8).reshape(-1, 3073) for b in batches])
    order, random = list(range(len(records))), Random(0, SPLIT_STREAM)
    for i in range(len(order), 1, -1):
        j = random.below(i)
        order[i - 1], order[j] = order[j], order[i - 1]
    return records[order[len(order) - round(HELD_OUT * len(order)):]]


def distorted(pixels, random, strength):
    image = Image.fromarray(pixels.reshape(3, 32, 32).transpose(1, 2, 0))
    if random.random() < 0.5:
        image = image.transpose(Image.FLIP_LEFT_RIGHT)
    mean = tuple(np.asarray(image).mean((0, 1)).astype(int))
    large = image.resize((96, 96), Image.BILINEAR).rotate(random.uniform(-18, 18) * strength, Image.BILINEAR, fillcolor=mean)
    half = 48 / np.exp(random.uniform(-0.22, 0.22) * strength)
    x, y = 48 + random.uniform(-9, 9, 2) * strength
    image = large.transform((32, 32), Image.EXTENT, (x - half, y - half, x + half, y + half), Image.BILINEAR)
    for change in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        image = change(image).enhance(random.uniform(1 - 0.35 * strength, 1 + 0.35 * strength))
    return np.asarray(image).transpose(2, 0, 1)


def right(network, pictures, labels, folder):
    """Whether each picture is classified as labelled."""
    raw = f"{folder}/scores.npy"
    subprocess.run([SNED, "run", network, pictures, "--raw", raw, "-q"], check=True, stdout=subprocess.DEVNULL)
    scores = np.load(raw)
    return scores.reshape(len(labels), -1).argmax(1) == labels


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    records, random = held_out(), np.random.default_rng(11)
    with tempfile.TemporaryDirectory() as folder:
        print("| network | distortion | right, % | points lost |\n| --- | --- | --- | --- |")
        for strength in (0.4, 1.0):
            pictures, labels = f"{folder}/pictures.npy", records[:, 0]
            np.save(pictures, np.stack([distorted(r[1:], random, strength) for r in records]))
            given = right(sys.argv[1], pictures, labels, folder)
            print(f"| {os.path.basename(sys.argv[1])} | {strength} | {100 * given.mean():.2f} | |")
            for network in sys.argv[2:]:
                own = right(network, pictures, labels, folder)
                lost = given.astype(int) - own
                print(f"| {os.path.basename(network)}, {os.path.getsize(network)} B | {strength} | {100 * own.mean():.2f} "
                      f"| {100 * lost.mean():.2f} ± {100 * lost.std() / len(lost) ** 0.5:.2f} |")


main()
