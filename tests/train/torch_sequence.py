#!/usr/bin/python3
"""The losses of PyTorch on a small network, for test_optimizer.c to compare with.

    python3 tests/train/torch_sequence.py > tests/train/torch_sequence.h

Three times the same network and batches: SGD; AdamW; and weights that are multiples of a learned step, with the bits that
they cost in the loss, whose gradients are written down here as executor.h and cost.h have them. Weights and batches come
from a linear congruential generator, which the test repeats: nothing but the results has to be stored. Needs Debian's
python3-torch; the output is committed, so that nobody else does.
"""
import sys

import torch
import torch.nn.functional as F

STEPS, BATCHES, BATCH, RATE, MOMENTUM, DECAY = 20, 4, 16, 0.05, 0.9, 0.01
ADAM_RATE, LARGEST, LAMBDA, LOOK = 0.003, 5.3, 1e-4, 5  # LARGEST: integers at the start; LOOK: steps between two costs


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


def fan_scale(fan):
    return float(torch.sqrt(torch.tensor(3.0) / torch.tensor(float(fan))))


class Network:
    def __init__(self):
        generator = Generator(2024)
        w1 = generator.tensor(fan_scale(2 * 9), 8, 2, 3, 3)
        b1 = generator.tensor(0.1, 8)
        gamma = generator.tensor(0.3, 8) + 1
        beta = generator.tensor(0.3, 8)
        generator.tensor(0.1, 8)  # the running mean and variance, which training does not read
        generator.tensor(0.2, 8)
        w2 = generator.tensor(fan_scale(8 * 9), 16, 8, 3, 3)
        b2 = generator.tensor(0.1, 16)
        w3 = generator.tensor(fan_scale(64), 10, 64)
        b3 = generator.tensor(0.1, 10)
        self.weights = [p.clone().requires_grad_(True) for p in (w1, w2, w3)]
        self.others = [p.clone().requires_grad_(True) for p in (b1, gamma, beta, b2, b3)]
        self.batches = [generator.tensor(1.0, BATCH, 2, 8, 8) for _ in range(BATCHES)]

    def loss(self, step, weights):
        x = self.batches[step % BATCHES]
        b1, gamma, beta, b2, b3 = self.others
        # Labels that can be learned: by the signs of four corner pixels, 0 to 8.
        bits = (x[:, 0, 0, 0] > 0).long() + 2 * (x[:, 0, 7, 7] > 0) + 4 * (x[:, 1, 0, 7] > 0) + (x[:, 1, 7, 0] > 0)
        y = F.conv2d(x, weights[0], b1, padding=1)
        y = F.batch_norm(y, None, None, gamma, beta, training=True, eps=1e-5)
        y = F.max_pool2d(F.relu(y), 2)
        y = F.relu(F.conv2d(y, weights[1], b2, stride=2, padding=1))
        return F.cross_entropy(F.linear(y.flatten(1), weights[2], b3), bits)

    def groups(self):
        return [{"params": self.weights, "weight_decay": DECAY}, {"params": self.others, "weight_decay": 0}]


def plain(make):
    network = Network()
    optimizer = make(network.groups())
    losses = []
    for step in range(STEPS):
        loss = network.loss(step, network.weights)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return losses


def logit(p):
    return torch.log(p / (1 - p))


def smoothed(count, among, d):
    return logit(((count + 2 * d) / (among + 2)).clamp(1e-4, 0.98))


def cost(q, positions):
    """Of integers [K][C * positions]: first (bits to become non-zero), further (from |q| = 1, 2, ... on), all bits."""
    filters = q.shape[0]
    a = q.abs().double().reshape(filters, -1, positions)
    channels = a.shape[1]
    nonzero = (a > 0).double()
    d = (nonzero.sum() + 0.5) / (nonzero.numel() + 1)
    row = smoothed(nonzero.sum((1, 2)), channels * positions, d)
    at = row[:, None, None] + smoothed(nonzero.sum(0), filters, d)[None] - logit(d)
    if positions > 1:
        channel = smoothed(nonzero.sum((0, 2)), filters * positions, d)
        kernel = smoothed(nonzero.sum(2), positions, d)
        at = at + 0.5 * (kernel - row[:, None] - channel[None] + logit(d))[:, :, None]
    p = torch.sigmoid(at).clamp(0.002, 0.95)
    count = torch.bincount(a.flatten().long().clamp(max=24), minlength=25)[1:].double()
    mean = max(float((count * torch.arange(1, 25)).sum() / count.sum()), 1.05)
    expected = (1 / mean) * (1 - 1 / mean) ** torch.arange(24).double()
    magnitude = torch.cummax(-torch.log2((count + 4 * expected) / (count.sum() + 4 * expected.sum())), 0)[0]
    first = (torch.log2((1 - p) / p) + 1 + magnitude[0]).clamp(0.3, 14).reshape(q.shape)
    bits = -torch.where(nonzero > 0, torch.log2(p), torch.log2(1 - p)).sum() + nonzero.sum() + (count * magnitude).sum()
    return first, torch.diff(magnitude).clamp(0.1, 3), float(bits)


def stepped():
    network = Network()
    positions = [9, 9, 4]
    logs = [torch.log(w.detach().abs().max() / LARGEST).requires_grad_(True) for w in network.weights]
    optimizer = torch.optim.AdamW([{"params": network.weights + network.others + logs, "weight_decay": 0}], lr=ADAM_RATE)
    losses, costs = [], None
    for step in range(STEPS):
        rounded, integers = [], []
        for w, log in zip(network.weights, logs):
            q = torch.floor(w.detach() / log.detach().exp() + 0.5).clamp(-127, 127)
            integers.append(q)
            rounded.append((q * log.detach().exp()).requires_grad_(True))
        if step % LOOK == 0:
            costs = [cost(q.flatten(1), p) for q, p in zip(integers, positions)]
        loss = network.loss(step, rounded)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        for w, log, q, y, (first, further, _) in zip(network.weights, logs, integers, rounded, costs):
            s, g = log.detach().exp(), y.grad
            x = w.detach() / s
            above = further[(x.abs().long() - 1).clamp(0, 22)].reshape(x.shape)
            slope = torch.where(x.abs() >= 1, above, first.reshape(x.shape)).float()
            w.grad = g + LAMBDA * torch.sign(x) * slope / s
            log.grad = s * (g * (q - x)).sum() - LAMBDA * (slope * x.abs())[q != 0].sum()
        optimizer.step()
    bits = sum(cost(torch.floor(w.detach() / log.detach().exp() + 0.5).flatten(1), p)[2]
               for w, log, p in zip(network.weights, logs, positions))
    return losses, [float(log.detach().exp()) for log in logs], bits


def array(name, count, values):
    sys.stdout.write("static const double %s[%s] = {\n" % (name, count))
    for i in range(0, len(values), 5):
        sys.stdout.write("    " + " ".join("%.9g," % value for value in values[i:i + 5]) + "\n")
    sys.stdout.write("};\n")


def main():
    torch.set_num_threads(1)
    out = sys.stdout
    out.write("/* Made by tests/train/torch_sequence.py with PyTorch %s. */\n" % torch.__version__)
    out.write("enum { TORCH_STEPS = %d, TORCH_BATCHES = %d, TORCH_BATCH = %d, TORCH_LOOK = %d };\n"
              % (STEPS, BATCHES, BATCH, LOOK))
    out.write("static const float TORCH_RATE = %gf, TORCH_MOMENTUM = %gf, TORCH_DECAY = %gf;\n"
              % (RATE, MOMENTUM, DECAY))
    out.write("static const float TORCH_ADAM_RATE = %gf, TORCH_LARGEST = %gf, TORCH_LAMBDA = %gf;\n"
              % (ADAM_RATE, LARGEST, LAMBDA))
    array("TORCH_LOSSES", "TORCH_STEPS", plain(lambda groups: torch.optim.SGD(groups, lr=RATE, momentum=MOMENTUM)))
    array("TORCH_ADAM_LOSSES", "TORCH_STEPS", plain(lambda groups: torch.optim.AdamW(groups, lr=ADAM_RATE)))
    losses, steps, bits = stepped()
    array("TORCH_STEPPED_LOSSES", "TORCH_STEPS", losses)
    array("TORCH_FINAL_STEPS", "3", steps)
    out.write("static const double TORCH_FINAL_BITS = %.9g;\n" % bits)


main()
