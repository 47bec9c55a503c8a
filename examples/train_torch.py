"""A small network trained in PyTorch on a folder of pictures, and exported: what README's "Your own network" begins with.

    python3 examples/train_torch.py pictures net.onnx      # pictures/train/CLASS/*.jpg, pictures/val/CLASS/*.jpg

Needs torch, torchvision and onnxscript. Prints the accuracy on pictures/val, to compare with `sned eval`.
"""
import sys

import torch
from torch import nn
from torchvision import datasets, transforms

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def block(inputs, outputs):
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(),
                         nn.MaxPool2d(2))


def accuracy(model, loader):
    model.eval()
    with torch.no_grad():
        right = sum((model(x).argmax(1) == y).sum().item() for x, y in loader)
    return 100 * right / len(loader.dataset)


def main(folder, out, epochs=10):
    torch.manual_seed(1)
    see = transforms.Compose([transforms.Resize((64, 64)), transforms.ToTensor(), transforms.Normalize(MEAN, STD)])
    train = datasets.ImageFolder(f"{folder}/train", transforms.Compose([transforms.RandomHorizontalFlip(), see]))
    val = datasets.ImageFolder(f"{folder}/val", see)
    batches = torch.utils.data.DataLoader(train, 32, shuffle=True)
    model = nn.Sequential(block(3, 16), block(16, 32), block(32, 64), block(64, 128), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                          nn.Linear(128, len(train.classes)))
    optimizer = torch.optim.AdamW(model.parameters(), 2e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 5e-3, epochs * len(batches))
    for epoch in range(epochs):
        model.train()
        for x, y in batches:
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x), y).backward()
            optimizer.step()
            schedule.step()
    print(f"{', '.join(train.classes)}: {accuracy(model, torch.utils.data.DataLoader(val, 64)):.2f} % of {len(val)} pictures")
    torch.onnx.export(model.eval(), (torch.zeros(1, 3, 64, 64),), out)


if __name__ == "__main__":
    main(*sys.argv[1:])
