"""layout.py - networks with channels last: Transposes at the input, between operators, before Gemms, and inputs that are read
in more ways than one."""
import numpy

TO_FIRST, TO_LAST = {"perm": [0, 3, 1, 2]}, {"perm": [0, 2, 3, 1]}


def convolution(case, channels=3, filters=4):
    return {"w": case.weights(filters, channels, 3, 3), "b": case.weights(filters)}


def test_input_with_channels_last(case):
    case.agrees(case.model([("Transpose", ["x"], ["t"], TO_FIRST), ("Conv", ["t", "w", "b"], ["y"], {})], x=["N", 6, 5, 3],
                           constants=convolution(case)), batch=2)


def test_input_read_by_flatten_before_it_is_turned(case):
    """Whatever turns the input must not turn it under another reader, before it or behind it."""
    flat = [("Flatten", ["x"], ["f"], {}), ("MatMul", ["f", "v"], ["g"], {})]
    turned = [("Transpose", ["x"], ["t"], TO_FIRST), ("Conv", ["t", "w", "b"], ["c"], {}), ("Flatten", ["c"], ["d"], {}),
              ("MatMul", ["d", "u"], ["h"], {})]
    constants = {**convolution(case), "v": case.weights(90, 7), "u": case.weights(48, 7)}
    for nodes in (flat + turned, turned + flat):
        case.agrees(case.model(nodes + [("Add", ["g", "h"], ["y"], {})], x=["N", 6, 5, 3], constants=constants), batch=2)


def test_gemm_read_before_a_constant_is_added(case):
    """The same mistake with a bias: only a reader that is alone may change what it reads."""
    nodes = [("MatMul", ["x", "w"], ["g"], {}), ("Relu", ["g"], ["r"], {}), ("Add", ["g", "b"], ["a"], {}),
             ("Concat", ["r", "a"], ["y"], {"axis": 1})]
    case.agrees(case.model(nodes, x=["N", 5], constants={"w": case.weights(5, 4), "b": case.weights(4)}), batch=3)


def test_casts_to_float_are_nothing(case):
    """Also between a product and its bias, where another reader of the product must not see the bias."""
    nodes = [("Cast", ["x"], ["a"], {"to": 1}), ("Cast", ["a"], ["b"], {"to": 1}), ("MatMul", ["b", "w"], ["g"], {}),
             ("Cast", ["g"], ["h"], {"to": 1}), ("Add", ["h", "k"], ["s"], {}), ("Relu", ["s"], ["r"], {}),
             ("Cast", ["r"], ["t"], {"to": 1})]
    constants = {"w": case.weights(5, 4), "k": case.weights(4)}
    case.agrees(case.model(nodes + [("Cast", ["t"], ["y"], {"to": 1})], x=["N", 5], constants=constants), batch=3)
    case.agrees(case.model(nodes + [("Add", ["t", "g"], ["y"], {})], x=["N", 5], constants=constants), batch=3)
    case.agrees(case.model([("Cast", ["x"], ["y"], {"to": 1})], x=["N", 5]), batch=3)
    case.refused(case.model([("Cast", ["x"], ["y"], {"to": 7})], x=["N", 5]), "of an activation to ONNX data type 7")


def test_scaling_before_the_turn(case):
    """Keras' Rescaling and Normalization: numbers, vectors and arrays of channels, before the Transpose."""
    for shape in ([], [1], [3], [1, 1, 1, 3], [1, 5, 3], [6, 1, 1]):
        nodes = [("Sub", ["x", "m"], ["a"], {}), ("Div", ["a", "s"], ["b"], {}), ("Mul", ["k", "b"], ["c"], {}),
                 ("Sub", ["k", "c"], ["d"], {}), ("Transpose", ["d"], ["t"], TO_FIRST), ("Conv", ["t", "w", "b0"], ["y"], {})]
        constants = {"m": case.weights(*shape), "s": numpy.abs(case.weights(*shape)) + numpy.float32(1),
                     "k": case.weights(*shape), "w": case.weights(4, 3, 3, 3), "b0": case.weights(4)}
        constants = {k: numpy.asarray(v, "float32") for k, v in constants.items()}
        case.agrees(case.model(nodes, x=["N", 6, 5, 3], constants=constants), batch=2)


def test_operators_between_turns(case):
    """Two convolutions with everything between them in channels-last order."""
    between = {
        "Relu": ([("Relu", ["l"], ["m"], {})], {}),
        "Add": ([("Add", ["l", "k"], ["m"], {})], {"k": case.weights(4)}),
        "Add itself": ([("Relu", ["l"], ["r"], {}), ("Add", ["l", "r"], ["m"], {})], {}),
        "Mul of an array": ([("Mul", ["l", "k"], ["m"], {})], {"k": case.weights(4, 3, 4)}),
        "Concat": ([("Relu", ["l"], ["r"], {}), ("Concat", ["l", "r"], ["q"], {"axis": -1}),
                    ("Slice", ["q", "from", "to", "axis"], ["m"], {})],
                   {"from": numpy.array([2]), "to": numpy.array([6]), "axis": numpy.array([3])}),
        "Pad": ([("Pad", ["l", "pads"], ["p"], {}), ("Slice", ["p", "from", "to", "axis"], ["m"], {})],
                {"pads": numpy.array([0, 1, 2, 0, 0, 0, 1, 1]), "from": numpy.array([1, 0, 1]), "to": numpy.array([5, 3, 5]),
                 "axis": numpy.array([1, 2, 3])}),
        "Softmax": ([("Softmax", ["l"], ["m"], {"axis": 3})], {}),
        "another turn": ([("Transpose", ["l"], ["r"], {"perm": [0, 2, 1, 3]}), ("Transpose", ["r"], ["m"], {"perm": [0, 2, 1, 3]})],
                         {}),
    }
    for name, (nodes, constants) in between.items():
        nodes = ([("Conv", ["x", "w", "b"], ["c"], {}), ("Transpose", ["c"], ["l"], TO_LAST)] + nodes +
                 [("Transpose", ["m"], ["t"], TO_FIRST), ("Conv", ["t", "v"], ["y"], {})])
        constants = {**constants, **convolution(case), "v": case.weights(2, 4, 1, 1)}
        try:
            case.agrees(case.model(nodes, x=["N", 3, 6, 5], constants=constants, opset=13), batch=2)
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from error


def dense(case, nodes, size, constants=None, same=None):
    """A convolution, turned to channels last; then `nodes` from "l" to "f", [N][size], and a Dense layer. same: nodes that
    compute what `nodes` do, for the evaluator."""
    constants = {**convolution(case), **(constants or {}), "g": case.weights(5, size), "h": case.weights(5)}

    def model(middle):
        return case.model([("Conv", ["x", "w", "b"], ["c"], {}), ("Transpose", ["c"], ["l"], TO_LAST)] + middle +
                          [("Gemm", ["f", "g", "h"], ["y"], {"transB": 1, "alpha": 0.5})], x=["N", 3, 6, 5],
                          constants=constants)

    values = case.values(model(nodes), batch=2)
    case.agrees(model(nodes), values=values, wanted=case.reference(model(same or nodes), values))


def test_turn_before_dense(case):
    to = {"to": numpy.array([-1, 48])}
    dense(case, [("Flatten", ["l"], ["f"], {})], 48)
    dense(case, [("Reshape", ["l", "to"], ["f"], {})], 48, to)
    dense(case, [("Relu", ["l"], ["r"], {}), ("Reshape", ["r", "to"], ["f"], {})], 48, to)
    dense(case, [("Flatten", ["l"], ["r"], {}), ("Clip", ["r", "low", "high"], ["f"], {})], 48,
          {"low": numpy.array(-1, "float32"), "high": numpy.array(1, "float32")})
    dense(case, [("Reshape", ["l", "to"], ["r"], {}), ("Mul", ["r", "k"], ["s"], {}), ("Add", ["k", "s"], ["f"], {})], 48,
          {**to, "k": case.weights(48)})
    numbers = {k: numpy.abs(case.weights(48)) + numpy.float32(0.5) for k in ("s", "o", "m", "v")}
    numbers["k"] = (numbers["s"] / numpy.sqrt(numbers["v"] + 1e-5)).astype("float32")
    dense(case, [("Flatten", ["l"], ["r"], {}), ("BatchNormalization", ["r", "s", "o", "m", "v"], ["f"], {})], 48, numbers,
          same=[("Flatten", ["l"], ["r"], {}), ("Sub", ["r", "m"], ["p"], {}), ("Mul", ["p", "k"], ["q"], {}),
                ("Add", ["q", "o"], ["f"], {})])  # the evaluator's BatchNormalization is wrong on [N][C]
    # A shape in between from which the order cannot be told.
    dense(case, [("Reshape", ["l", "odd"], ["r"], {}), ("Relu", ["r"], ["q"], {}), ("Flatten", ["q"], ["f"], {})], 48,
          {"odd": numpy.array([0, 8, 6])})
    dense(case, [("Reshape", ["l", "odd"], ["r"], {}), ("Transpose", ["r"], ["q"], {"perm": [0, 2, 1]}),
                 ("Flatten", ["q"], ["f"], {})], 48, {"odd": numpy.array([0, 8, 6])})


def test_turn_before_matmul_read_by_two(case):
    nodes = [("Transpose", ["x"], ["l"], TO_LAST), ("Flatten", ["l"], ["f"], {}), ("MatMul", ["f", "g"], ["a"], {}),
             ("MatMul", ["f", "h"], ["b"], {}), ("Concat", ["a", "f", "b"], ["y"], {"axis": 1})]
    case.agrees(case.model(nodes, x=["N", 3, 6, 5], constants={"g": case.weights(90, 4), "h": case.weights(90, 2)}), batch=2)


def test_mean_over_the_image_with_channels_last(case):
    for keep in (0, 1):
        shape = {"flat": numpy.array([-1, 4])}
        dense(case, [("ReduceMean", ["l"], ["r"], {"axes": [1, 2], "keepdims": keep}), ("Reshape", ["r", "flat"], ["f"], {})], 4,
              shape)
    nodes = [("Transpose", ["x"], ["l"], TO_LAST), ("ReduceMean", ["l"], ["y"], {"axes": [3], "keepdims": 0})]
    case.agrees(case.model(nodes, x=["N", 3, 6, 5]), batch=2)
    nodes = [("Transpose", ["x"], ["l"], TO_LAST), ("ReduceMean", ["l"], ["y"], {"axes": [2, 3], "keepdims": 1})]
    case.agrees(case.model(nodes, x=["N", 3, 6, 5]), batch=2)
    # Axes of size 1 that stay, on other places in the tensor than in the value.
    nodes = [("Transpose", ["x"], ["l"], {"perm": [0, 3, 2, 1]}), ("ReduceMean", ["l"], ["y"], {"axes": [2], "keepdims": 0})]
    case.agrees(case.model(nodes, x=["N", 9, 8, 1]), batch=2)


def test_outputs_that_are_turned(case):
    case.agrees(case.model([("Transpose", ["x"], ["y"], TO_LAST)], x=["N", 3, 6, 5]), batch=2)
    case.agrees(case.model([("Transpose", ["x"], ["t"], TO_LAST), ("Relu", ["t"], ["y"], {})], x=["N", 3, 6, 5]), batch=2)
    case.agrees(case.model([("Transpose", ["x"], ["t"], TO_LAST), ("Relu", ["t"], ["r"], {}), ("Flatten", ["r"], ["y"], {})],
                           x=["N", 3, 6, 5]), batch=2)
    case.agrees(case.model([("Transpose", ["x"], ["y"], TO_FIRST)], x=["N", 6, 5, 3]), batch=2)
