"""operators.py - operators that are read as what they equal: alone, and in every spelling that the opsets have."""


def test_relu_behind_a_convolution(case):
    model = case.model([("Conv", ["x", "w"], ["c"], {"pads": [1, 1, 1, 1]}), ("Relu", ["c"], ["y"], {})], x=["N", 3, 6, 6],
                       constants={"w": case.weights(4, 3, 3, 3)})
    case.agrees(model, batch=2)


def test_unknown_operator_is_named(case):
    case.refused(case.model([("Erf", ["x"], ["y"], {})], x=[1, 4]), r"node 'erf0' \(Erf, opset 13\)")
