#!/usr/bin/python3
"""The losses of PyTorch on a small network, for test_train.c to compare with.

    python3 tests/train/torch_sequence.py > tests/train/torch_sequence.h

Weights and batches come from a linear congruential generator, which the test repeats: nothing but the losses has to be
stored. Needs Debian's python3-torch; the output is committed, so that nobody else does.
"""
import sys

import torch
import torch.nn.functional as F

STEPS, BATCHES, BATCH, RATE, MOMENTUM, DECAY = 20, 4, 16, 0.05, 0.9, 0.01


class Generator:
    """Numerical Recipes' generator; the upper 24 bits as a float in [-1, 1)."""

    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state * 1664525 + 1013904223) & 0xFFFFFFFF
        return (self.state >> 8) / 8388608.0 - 1.0

    def tensor(self, scale, *shape):
        count = 1
        for size in shape:
            count *= size
        scale = torch.tensor(scale, dtype=torch.float32)
        return (torch.tensor([self.next() for _ in range(count)], dtype=torch.float32) * scale).reshape(shape)


def parameter(tensor):
    return tensor.clone().requires_grad_(True)


def fan_scale(fan):
    return float(torch.sqrt(torch.tensor(3.0) / torch.tensor(float(fan))))


def main():
    torch.set_num_threads(1)
    generator = Generator(2024)
    w1 = parameter(generator.tensor(fan_scale(2 * 9), 8, 2, 3, 3))
    b1 = parameter(generator.tensor(0.1, 8))
    gamma = parameter(generator.tensor(0.3, 8) + 1)
    beta = parameter(generator.tensor(0.3, 8))
    generator.tensor(0.1, 8)  # the running mean and variance, which training does not read
    generator.tensor(0.2, 8)
    w2 = parameter(generator.tensor(fan_scale(8 * 9), 16, 8, 3, 3))
    b2 = parameter(generator.tensor(0.1, 16))
    w3 = parameter(generator.tensor(fan_scale(64), 10, 64))
    b3 = parameter(generator.tensor(0.1, 10))
    optimizer = torch.optim.SGD(
        [{"params": [w1, w2, w3], "weight_decay": DECAY}, {"params": [b1, gamma, beta, b2, b3], "weight_decay": 0}],
        lr=RATE, momentum=MOMENTUM)
    losses = []
    batches = [generator.tensor(1.0, BATCH, 2, 8, 8) for _ in range(BATCHES)]
    for step in range(STEPS):
        x = batches[step % BATCHES]
        # Labels that can be learned: by the signs of four corner pixels, 0 to 8.
        bits = (x[:, 0, 0, 0] > 0).long() + 2 * (x[:, 0, 7, 7] > 0) + 4 * (x[:, 1, 0, 7] > 0) + (x[:, 1, 7, 0] > 0)
        y = F.conv2d(x, w1, b1, padding=1)
        y = F.batch_norm(y, None, None, gamma, beta, training=True, eps=1e-5)
        y = F.max_pool2d(F.relu(y), 2)
        y = F.relu(F.conv2d(y, w2, b2, stride=2, padding=1))
        loss = F.cross_entropy(F.linear(y.flatten(1), w3, b3), bits)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    out = sys.stdout
    out.write("/* Made by tests/train/torch_sequence.py with PyTorch %s. */\n" % torch.__version__)
    out.write("enum { TORCH_STEPS = %d, TORCH_BATCHES = %d, TORCH_BATCH = %d };\n" % (STEPS, BATCHES, BATCH))
    out.write("static const float TORCH_RATE = %gf, TORCH_MOMENTUM = %gf, TORCH_DECAY = %gf;\n"
              % (RATE, MOMENTUM, DECAY))
    out.write("static const double TORCH_LOSSES[TORCH_STEPS] = {\n")
    for i in range(0, STEPS, 5):
        out.write("    " + " ".join("%.9g," % loss for loss in losses[i:i + 5]) + "\n")
    out.write("};\n")


main()
