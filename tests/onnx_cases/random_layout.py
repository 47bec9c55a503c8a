"""random_layout.py - random networks of operators that move elements, and of those that work element by element or along axes
between them, with one output or several: whatever turns, cancels or goes into weights, the numbers are the evaluator's."""
import random

import numpy

NETWORKS = 80
MOST_ELEMENTS = 3000
INPUTS = ([3, 4, 5], [6, 5, 3], [9, 8, 1], [8, 10, 3], [8, 9], [12], [4, 3, 2])


class Network:
    """Grows by a node at a time. values: (name, shape without the batch) of what may be read."""

    def __init__(self, case, choose, shape):
        self.case, self.choose, self.input = case, choose, shape
        self.nodes, self.constants, self.values = [], {}, [("x", shape)]

    def constant(self, array):
        name = f"constant{len(self.constants)}"
        self.constants[name] = array
        return name

    def add(self, op, inputs, shape, **attributes):
        if numpy.prod(shape) <= MOST_ELEMENTS:
            name = f"value{len(self.nodes)}"
            self.nodes.append((op, inputs, [name], attributes))
            self.values.append((name, list(shape)))

    def grow(self):
        x, shape = self.choose.choice(self.values[-3:]) if self.choose.random() < 0.25 else self.values[-1]
        self.choose.choice((self.turn, self.turn, self.alone, self.with_constant, self.with_another, self.reshape, self.flatten,
                            self.concat, self.slice, self.split, self.pad, self.mean, self.dense))(x, shape)

    def turn(self, x, shape):
        order = self.choose.sample(range(len(shape)), len(shape))
        self.add("Transpose", [x], [shape[i] for i in order], perm=[0] + [i + 1 for i in order])

    def alone(self, x, shape):
        self.add("Relu", [x], shape)

    def with_constant(self, x, shape):
        sizes = [size if self.choose.random() < 0.5 else 1 for size in shape][self.choose.randint(0, len(shape)):]
        inputs = [x, self.constant(numpy.asarray(self.case.weights(*sizes), "float32"))]
        self.choose.shuffle(inputs)
        self.add(self.choose.choice(("Add", "Mul", "Sub")), inputs, shape)

    def with_another(self, x, shape):
        other = self.choose.choice([name for name, other in self.values if other == shape])
        self.add(self.choose.choice(("Add", "Mul", "Sub")), [x, other], shape)

    def reshape(self, x, shape):
        elements = int(numpy.prod(shape))
        first = self.choose.choice([size for size in range(1, elements + 1) if elements % size == 0])
        new = self.choose.choice(([elements], [first, elements // first], [1, first, elements // first]))
        self.add("Reshape", [x, self.constant(numpy.array([0] + new))], new)

    def flatten(self, x, shape):
        self.add("Flatten", [x], [int(numpy.prod(shape))])

    def concat(self, x, shape):
        axis = self.choose.randrange(len(shape))
        fits = [(name, other) for name, other in self.values
                if len(other) == len(shape) and all(a == b for i, (a, b) in enumerate(zip(shape, other)) if i != axis)]
        name, other = self.choose.choice(fits)
        self.add("Concat", [x, name], shape[:axis] + [shape[axis] + other[axis]] + shape[axis + 1:], axis=axis + 1)

    def slice(self, x, shape):
        axis = self.choose.randrange(len(shape))
        start = self.choose.randrange(shape[axis])
        end = self.choose.randint(start + 1, shape[axis])
        inputs = [self.constant(numpy.array([number])) for number in (start, end, axis + 1)]
        self.add("Slice", [x] + inputs, shape[:axis] + [end - start] + shape[axis + 1:])

    def split(self, x, shape):
        axis = self.choose.randrange(len(shape))
        cuts = sorted(self.choose.sample(range(1, shape[axis]), min(self.choose.randint(0, 3), shape[axis] - 1)))
        sizes = [b - a for a, b in zip([0] + cuts, cuts + [shape[axis]])]
        names = [f"value{len(self.nodes)}/{i}" for i in range(len(sizes))]
        self.nodes.append(("Split", [x, self.constant(numpy.array(sizes))], names, {"axis": axis + 1}))
        self.values += [(name, shape[:axis] + [size] + shape[axis + 1:]) for name, size in zip(names, sizes)]

    def outputs(self):
        """ "y" alone, or among other values in any order."""
        others = [name for name, _ in self.values if name != "x"]
        names = ["y"] + self.choose.sample(others, min(self.choose.choice((0, 0, 1, 2, 4)), len(others)))
        self.choose.shuffle(names)
        return names

    def pad(self, x, shape):
        before, after = ([self.choose.randint(0, 1) for _ in shape] for _ in range(2))
        inputs = [x, self.constant(numpy.array([0] + before + [0] + after))]
        if self.choose.random() < 0.3:
            inputs.append(self.constant(numpy.array(1.5, "float32")))
        self.add("Pad", inputs, [sum(sizes) for sizes in zip(before, shape, after)])

    def mean(self, x, shape):
        gone = self.choose.sample(range(len(shape)), self.choose.randint(1, len(shape)))
        keep = self.choose.randint(0, 1) if len(gone) < len(shape) else 1
        left = [1 if i in gone else size for i, size in enumerate(shape) if keep or i not in gone]
        self.add("ReduceMean", [x], left, axes=[i + 1 for i in gone], keepdims=keep)

    def dense(self, x, shape):
        if len(shape) == 1:
            outputs = self.choose.randint(1, 7)
            self.add("MatMul", [x, self.constant(self.case.weights(shape[0], outputs))], [outputs])


def test_random_networks_give_the_evaluators_numbers(case):
    for seed in range(NETWORKS):
        choose = random.Random(seed)
        network = Network(case, choose, choose.choice(INPUTS))
        for _ in range(choose.randint(2, 9)):
            network.grow()
        network.nodes.append((choose.choice(("Identity", "Relu")), [network.values[-1][0]], ["y"], {}))
        model = case.model(network.nodes, x=["N"] + network.input, constants=network.constants, outputs=network.outputs())
        try:
            case.agrees(model, batch=2)
        except AssertionError as error:
            raise AssertionError(f"network {seed}: {error}: {network.nodes}") from error
