"""The same as train_torch.py in Keras: its layers scale the pixels themselves, and its pictures are [H][W][C].

    python3 examples/train_keras.py pictures net.onnx

Needs keras with a backend (KERAS_BACKEND=torch, tensorflow) and what its ONNX export asks for.
"""
import sys

import keras
from keras import layers


def main(folder, out, epochs=10):
    keras.utils.set_random_seed(1)
    load = dict(image_size=(64, 64), batch_size=32)
    train = keras.utils.image_dataset_from_directory(f"{folder}/train", **load)
    val = keras.utils.image_dataset_from_directory(f"{folder}/val", shuffle=False, **load)
    stack = [keras.Input((64, 64, 3)), layers.Rescaling(1 / 127.5, offset=-1)]
    for filters in (16, 32, 64, 128):
        stack += [layers.Conv2D(filters, 3, padding="same", use_bias=False), layers.BatchNormalization(), layers.ReLU(),
                  layers.MaxPooling2D()]
    model = keras.Sequential(stack + [layers.GlobalAveragePooling2D(), layers.Dense(len(train.class_names), activation="softmax")])
    steps = epochs * len(train)
    model.compile(keras.optimizers.AdamW(keras.optimizers.schedules.CosineDecay(3e-3, steps)), "sparse_categorical_crossentropy",
                  metrics=["accuracy"])
    model.fit(train, epochs=epochs, verbose=0)
    print(f"{', '.join(train.class_names)}: {100 * model.evaluate(val, verbose=0)[1]:.2f} % of {len(val.file_paths)} pictures")
    model.export(out, format="onnx", verbose=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
