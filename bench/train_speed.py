#!/usr/bin/env python3
"""train_speed.py - training steps of sned and of PyTorch in turn, on one machine, network, batch and thread count.

    python3 bench/train_speed.py [--nets lenet5,resnet20,alexnet] [--threads 2] [--rounds 7] [-o bench/results/train-speed.json]

Needs a python3 with torch, and the build (build/bench/train_step, build/src/cli/sned). One round is a few steps of the one
and then a few of the other; the ratio is taken round by round. Noise for images: what is measured is forward, loss,
backward and SGD with momentum and decay. PyTorch runs eagerly, in its default layout and in channels_last; the faster
counts.
"""
import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BATCH = {"lenet5": 64, "resnet20": 64, "alexnet": 64, "vgg8-cifar": 128}
SHAPE = {"lenet5": (1, 28, 28), "resnet20": (3, 32, 32), "alexnet": (3, 227, 227), "vgg8-cifar": (3, 32, 32)}
CLASSES = {"alexnet": 20}
SECONDS = 2.0  # of one turn, about


def networks(nn, F, torch):
    class Block(nn.Module):
        def __init__(self, inputs, outputs, stride):
            super().__init__()
            self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(outputs)
            self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
            self.bn2 = nn.BatchNorm2d(outputs)
            self.extra = outputs - inputs

        def forward(self, x):
            y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
            if self.extra:
                x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.extra // 2, self.extra // 2))
            return F.relu(x + y)

    def resnet20():
        layers = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
        inputs = 16
        for outputs in (16, 32, 64):
            for i in range(3):
                layers.append(Block(inputs, outputs, 2 if outputs != inputs else 1))
                inputs = outputs
        return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))

    def lenet5():
        return nn.Sequential(nn.Conv2d(1, 20, 5), nn.MaxPool2d(2), nn.Conv2d(20, 50, 5), nn.MaxPool2d(2), nn.Flatten(),
                             nn.Linear(800, 500), nn.ReLU(), nn.Linear(500, 10))

    def alexnet():
        return nn.Sequential(
            nn.Conv2d(3, 96, 11, 4), nn.ReLU(), nn.LocalResponseNorm(5), nn.MaxPool2d(3, 2, ceil_mode=True),
            nn.Conv2d(96, 256, 5, 1, 2, groups=2), nn.ReLU(), nn.LocalResponseNorm(5), nn.MaxPool2d(3, 2, ceil_mode=True),
            nn.Conv2d(256, 384, 3, 1, 1), nn.ReLU(), nn.Conv2d(384, 384, 3, 1, 1, groups=2), nn.ReLU(),
            nn.Conv2d(384, 256, 3, 1, 1, groups=2), nn.ReLU(), nn.MaxPool2d(3, 2, ceil_mode=True), nn.Flatten(),
            nn.Linear(9216, 4096), nn.ReLU(), nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU(), nn.Dropout(),
            nn.Linear(4096, CLASSES["alexnet"]))

    def vgg8():
        layers, inputs = [], 3
        for outputs in (48, 96, 192):
            for _ in range(2):
                layers += [nn.Conv2d(inputs, outputs, 3, 1, 1), nn.BatchNorm2d(outputs), nn.ReLU()]
                inputs = outputs
            layers.append(nn.MaxPool2d(2))
        return nn.Sequential(*layers, nn.Flatten(), nn.Linear(3072, 512), nn.ReLU(), nn.Dropout(), nn.Linear(512, 10))

    return {"lenet5": lenet5, "resnet20": resnet20, "alexnet": alexnet, "vgg8-cifar": vgg8}


class Torch:
    def __init__(self, torch, model, shape, batch, channels_last):
        F = torch.nn.functional
        self.layout = torch.channels_last if channels_last else torch.contiguous_format
        model = model.to(memory_format=self.layout).train()
        x = torch.randn(batch, *shape).to(memory_format=self.layout)
        labels = torch.randint(0, 10, (batch,))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.001, momentum=0.9, weight_decay=5e-4)

        def step():
            optimizer.zero_grad()
            F.cross_entropy(model(x), labels).backward()
            optimizer.step()

        self.step = step

    def run(self, steps):
        start = time.perf_counter()
        for _ in range(steps):
            self.step()
        return time.perf_counter() - start


class Sned:
    def __init__(self, path, batch, threads):
        self.process = subprocess.Popen([os.path.join(ROOT, "build/bench/train_step"), path, str(batch), str(threads)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env=dict(os.environ, GOMP_SPINCOUNT="1000"))  # as sned sets it for itself

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def run(self, steps):
        return float(self.ask(str(steps)))

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def turns(run):
    run(1)
    return max(1, round(SECONDS / run(2) * 2))


def measure(torch, name, make, threads, rounds, folder):
    batch, shape = BATCH[name], SHAPE[name]
    path = os.path.join(folder, name + ".onnx")
    command = [os.path.join(ROOT, "build/src/cli/sned"), "new", name, "-o", path, "--quiet"]
    if name in CLASSES:
        command += ["--classes", str(CLASSES[name])]
    subprocess.run(command, check=True)
    sned = Sned(path, batch, threads)
    peers = {"default": Torch(torch, make(), shape, batch, False), "channels_last": Torch(torch, make(), shape, batch, True)}
    layout = min(peers, key=lambda key: (peers[key].run(2), peers[key].run(4))[1])
    torch_run = peers[layout].run
    mine, theirs = turns(sned.run), turns(torch_run)
    ratios, ours, other = [], [], []
    for _ in range(rounds):
        ours.append(batch * mine / sned.run(mine))
        other.append(batch * theirs / torch_run(theirs))
        ratios.append(ours[-1] / other[-1])
    profile = sned.ask("profile %d" % mine).split()
    sned.close()
    spread = lambda values: [round(v, 3) for v in (statistics.median(values), min(values), max(values))]
    return {"net": name, "batch": batch, "threads": threads, "rounds": rounds, "torch_layout": layout,
            "sned_images_per_second": spread(ours), "torch_images_per_second": spread(other), "ratio": spread(ratios),
            "profile_ms": {profile[i]: round(1e3 * float(profile[i + 1]) / mine, 3) for i in range(0, len(profile), 2)}}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nets", default="lenet5,resnet20,alexnet")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("-o", "--output")
    options = parser.parse_args()
    import torch
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    makers = networks(torch.nn, torch.nn.functional, torch)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name in options.nets.split(","):
            rows.append(measure(torch, name, makers[name], options.threads, options.rounds, folder))
            print(json.dumps(rows[-1]), flush=True)
    if options.output:
        model = next(line.split(": ")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name"))
        with open(options.output, "w") as file:
            json.dump({"torch": torch.__version__, "machine": "%d x %s" % (os.cpu_count(), model), "rows": rows,
                       "command": "python3 bench/train_speed.py --threads %d --rounds %d" % (options.threads, options.rounds)},
                      file, indent=2)


main()
