"""operators.py - operators that are read as what they equal: alone, and in every spelling that the opsets have."""
import numpy
import onnx
from onnx import TensorProto, helper

IMAGE = ["N", 6, 5, 4]


def test_relu_behind_a_convolution(case):
    model = case.model([("Conv", ["x", "w"], ["c"], {"pads": [1, 1, 1, 1]}), ("Relu", ["c"], ["y"], {})], x=["N", 3, 6, 6],
                       constants={"w": case.weights(4, 3, 3, 3)})
    case.agrees(model, batch=2)


def test_unknown_operator_is_named(case):
    case.refused(case.model([("Erf", ["x"], ["y"], {})], x=[1, 4]), r"node 'erf0' \(Erf, opset 13\)")


def test_attributes_that_the_operator_table_lists_are_held_against_it(case):
    def lrn(**attributes):
        return case.model([("LRN", ["x"], ["y"], attributes)], x=IMAGE)
    x = case.values(lrn(size=3), batch=2)
    padded = numpy.pad(x, [(0, 0), (1, 1), (0, 0), (0, 0)]) ** 2
    sums = padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]  # the evaluator's LRN takes the batch for the channels
    case.agrees(lrn(size=3, alpha=0.5, beta=0.5, bias=2.0), values=x, wanted=x / (2 + 0.5 / 3 * sums) ** 0.5)
    case.agrees(lrn(size=3), values=x, wanted=x / (1 + 0.0001 / 3 * sums) ** 0.75)
    case.refused(lrn(), r"node 'lrn0' \(LRN, opset 13\): no size")
    case.refused(lrn(size=0), "size 0; 1 to 4096 are handled")
    case.refused(lrn(size=1 << 40), "size 1099511627776; 1 to 4096 are handled")
    case.refused(lrn(size=3, alpha=float("inf")), "alpha inf")
    case.refused(lrn(size=3, gamma=1.0), "attribute 'gamma' is not handled")


def test_hard_swish_is_trained_packed_and_written_back(case):
    case.agrees(case.model([("HardSwish", ["x"], ["y"], {})], x=IMAGE, opset=14), batch=2)
    nodes = [("Conv", ["x", "w"], ["c"], {"pads": [1, 1, 1, 1]}), ("HardSwish", ["c"], ["h"], {}),
             ("GlobalAveragePool", ["h"], ["g"], {}), ("Flatten", ["g"], ["f"], {}),
             ("Gemm", ["f", "v", "b"], ["y"], {"transB": 1})]
    model = case.model(nodes, x=["N", 1, 8, 8], opset=14, metadata={"input.color": "gray", "input.scale": 1 / 255},
                       constants={"w": case.weights(6, 1, 3, 3), "v": case.weights(2, 6), "b": case.weights(2)})
    case.agrees(model, batch=2)
    for i in range(8):
        for name, low in (("dark", 0), ("light", 128)):
            case.picture((low + case.random.integers(0, 100, (8, 8))).astype("uint8"), f"data/{name}/{i}.png")
    path = case.save(model, "net.onnx")
    case.sned("train", path, "--data", "data", "--epochs", 40, "--rate", 0.05, "--batch", 4, "-o", "trained.onnx", "-q")
    packed = case.sned_json("pack", "trained.onnx", "--data", "data", "-o", "packed.sned", "-q")
    assert packed["top1_before"] == packed["top1_after"] == 100, packed
    case.sned("export", "packed.sned", "-o", "back.onnx", "-q")
    back = onnx.load(case.folder / "back.onnx")
    assert [node.op_type for node in back.graph.node] == ["Conv", "HardSwish", "GlobalAveragePool", "Flatten", "Gemm"]
    assert back.opset_import[0].version == 14  # the first that has it


# ---- Split ----

def split(case, outputs, attributes, opset, sizes=None, order=None):
    """x is split and joined again in another order, so that each part's place is seen."""
    names = [f"p{i}" for i in range(outputs)]
    back = [names[i] for i in order or reversed(range(outputs))]
    axis = attributes.get("axis", 0)
    inputs = ["x", "sizes"] if sizes else ["x"]
    return case.model([("Split", inputs, names, attributes), ("Concat", back, ["y"], {"axis": axis})], x=IMAGE, opset=opset,
                      constants={"sizes": sizes} if sizes else None)


def test_split_in_equal_parts(case):
    case.agrees(split(case, 2, {"axis": 1}, 13), batch=2)
    case.agrees(split(case, 3, {"axis": -3}, 11), batch=2)
    case.agrees(split(case, 3, {"axis": 1, "num_outputs": 3}, 18))


def test_split_by_sizes_as_attribute_and_as_input(case):
    case.agrees(split(case, 3, {"axis": 1, "split": [1, 2, 3]}, 11))
    case.agrees(split(case, 3, {"axis": 1}, 13, sizes=[1, 2, 3]))
    case.agrees(split(case, 2, {"axis": 1}, 20, sizes=[5, 1]))


def test_split_of_rows_and_columns(case):
    case.agrees(split(case, 2, {"axis": 2}, 13, sizes=[2, 3]))
    case.agrees(split(case, 4, {"axis": -1}, 13))


def test_split_whose_last_part_is_smaller(case):
    case.agrees(split(case, 3, {"axis": 2, "num_outputs": 3}, 18, order=[1, 0, 2]))
    case.refused(split(case, 4, {"axis": 2, "num_outputs": 4}, 18), "part 3 has -1 of 5 elements")


def test_split_of_which_parts_are_not_used(case):
    for names in (["a", "b", "c"], ["c", "a", "b"], ["b", "", "c"]):
        case.agrees(case.model([("Split", ["x"], names, {"axis": 1}), ("Relu", ["b"], ["y"], {})], x=IMAGE))
        case.agrees(case.model([("Split", ["x"], names, {"axis": 1}), ("Mul", ["b", "c"], ["y"], {})], x=IMAGE))


def test_split_into_one_is_its_input(case):
    case.agrees(case.model([("Split", ["x"], ["y"], {"axis": 1})], x=IMAGE))
    case.agrees(case.model([("Transpose", ["x"], ["t"], {"perm": [0, 2, 3, 1]}), ("Split", ["t"], ["y"], {"axis": 1})],
                           x=IMAGE))


def test_split_into_many(case):
    sizes = [1, 2] * 10
    for opset in (11, 13):
        attributes = {"axis": 1, "split": sizes} if opset == 11 else {"axis": 1}
        model = split(case, 20, attributes, opset, sizes=sizes if opset == 13 else None)
        model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 30
        case.agrees(model)


def test_parts_of_a_split_are_outputs(case):
    nodes = [("Split", ["x", "sizes"], ["a", "b", "c"], {"axis": 1})]
    for outputs in (("a", "b", "c"), ("c", "a"), ("b",)):
        case.agrees(case.model(nodes, x=IMAGE, constants={"sizes": [1, 3, 2]}, outputs=outputs), batch=2)


def test_split_of_a_turned_tensor_and_its_turned_parts(case):
    nodes = [("Transpose", ["x"], ["t"], {"perm": [0, 2, 3, 1]}), ("Split", ["t"], ["a", "b", "c"], {"axis": 3}),
             ("Add", ["a", "c"], ["d"], {}), ("Transpose", ["d"], ["y"], {"perm": [0, 3, 1, 2]})]
    model = case.model(nodes, x=IMAGE, outputs=("y", "b"))
    values = case.values(model)
    line = case.onnx_run_line(case.save(model), values, case.references(model, values))
    assert line.startswith("pass ") and ": 3 nodes" in line, line  # Split, Add, and the Transpose of b alone


def test_a_branch_may_end_in_a_split(case):
    branch = helper.make_graph([helper.make_node("Split", ["x"], ["a", "b", "c"], name="cut", axis=1)], "taken", [],
                               [helper.make_tensor_value_info("b", TensorProto.FLOAT, None)])
    other = helper.make_graph([helper.make_node("Identity", ["x"], ["d"])], "other", [],
                              [helper.make_tensor_value_info("d", TensorProto.FLOAT, None)])
    model = case.model([("If", ["yes"], ["i"], {"then_branch": branch, "else_branch": other}), ("Relu", ["i"], ["y"], {})],
                       x=IMAGE, constants={"yes": numpy.array(True)})
    case.agrees(model)


def test_split_that_does_not_fit_is_refused(case):
    case.refused(split(case, 2, {"axis": 0}, 13), "part of the batch")
    case.refused(split(case, 4, {"axis": 1}, 13), "6 elements in 4 equal parts")
    case.refused(split(case, 2, {"axis": 1}, 13, sizes=[5, 2]), "parts of more than 6 elements")
    case.refused(split(case, 2, {"axis": 1}, 13, sizes=[5]), "2 outputs, but 1 parts")


# ---- Gather ----

def gather(case, indices, axis, x=IMAGE):
    return case.model([("Gather", ["x", "i"], ["y"], {"axis": axis})], x=x, constants={"i": indices})


def test_gather_of_indices_in_equal_steps(case):
    for indices, axis in (([2, 3, 4], 1), ([0, 2, 4], 1), ([1], 2), ([0, 3], -1), ([-2, -1], 1)):
        case.agrees(gather(case, indices, axis), batch=2)


def test_gather_of_one_index_takes_the_axis_away(case):
    case.agrees(gather(case, numpy.array(3), 1), batch=2)
    case.agrees(gather(case, numpy.array(-1), 3), batch=2)


def test_gather_of_arbitrary_indices(case):
    for indices, axis in (([5, 4, 3, 2, 1, 0], 1), ([2, 1, 0], 1), ([0, 0, 3, 1], 2), ([[0, 2], [1, 1]], 3)):
        case.agrees(gather(case, indices, axis), batch=2)


def test_gather_beyond_the_axis_and_of_the_batch_are_refused(case):
    case.refused(gather(case, [6], 1), "index 6 of an axis of 6")
    case.refused(gather(case, [0], 0), "part of the batch")
    case.refused(gather(case, list(range(199, -1, -1)), 1, x=["N", 200]), "more than 64 runs")


# ---- Sum, PRelu ----

def test_sum_of_several_activations(case):
    for count in (1, 2, 3, 4):
        nodes = [("Relu", ["x"], ["r"], {}), ("LeakyRelu", ["x"], ["l"], {}), ("Identity", ["x"], ["i"], {})]
        model = case.model(nodes + [("Sum", ["r", "l", "i", "x"][:count], ["y"], {})], x=IMAGE)
        case.agrees(model, batch=2)
    case.agrees(case.model([("Sum", ["c", "x"], ["y"], {})], x=IMAGE, constants={"c": case.weights(6, 1, 1)}))


# ---- DepthToSpace ----

def test_depth_to_space_in_both_modes(case):
    for opset, attributes in ((7, {}), (11, {"mode": "CRD"}), (13, {"mode": "DCR"}), (13, {"mode": "CRD"})):
        model = case.model([("DepthToSpace", ["x"], ["y"], {"blocksize": 2, **attributes})], x=["N", 12, 3, 2], opset=opset)
        case.agrees(model, batch=2)
    model = case.model([("DepthToSpace", ["x"], ["y"], {"blocksize": 2, "mode": "RCD"})], x=["N", 12, 3, 2])
    case.refused(model, "mode 'RCD' is not handled")
    case.refused(case.model([("DepthToSpace", ["x"], ["y"], {"blocksize": 3})], x=["N", 12, 3, 2]), "12 channels are no squares")


def test_a_network_with_depth_to_space_is_trained_and_packed(case):
    nodes = [("Conv", ["x", "w"], ["c"], {"pads": [1, 1, 1, 1]}), ("Relu", ["c"], ["r"], {}),
             ("DepthToSpace", ["r"], ["d"], {"blocksize": 2, "mode": "CRD"}), ("GlobalAveragePool", ["d"], ["g"], {}),
             ("Flatten", ["g"], ["f"], {}), ("Gemm", ["f", "v", "b"], ["y"], {"transB": 1})]
    model = case.model(nodes, x=["N", 1, 8, 8], metadata={"input.color": "gray", "input.scale": 1 / 255},
                       constants={"w": case.weights(12, 1, 3, 3), "v": case.weights(2, 3), "b": numpy.zeros(2, "float32")})
    trains_and_packs(case, model)


def test_sum_of_other_shapes_is_refused(case):
    nodes = [("GlobalAveragePool", ["x"], ["g"], {}), ("Sum", ["x", "g", "x"], ["y"], {})]
    case.refused(case.model(nodes, x=IMAGE), "has another shape")


def test_prelu_with_one_slope_and_with_one_a_channel(case):
    for slope in (case.weights(1), case.weights(1, 1, 1), numpy.full((6, 1, 1), 0.3, "float32"), case.weights(6, 1, 1),
                  case.weights(1, 6, 1, 1)):
        case.agrees(case.model([("PRelu", ["x", "s"], ["y"], {})], x=IMAGE, constants={"s": slope}, opset=16), batch=2)
    case.agrees(case.model([("PRelu", ["x", "s"], ["y"], {})], x=["N", 7], constants={"s": case.weights(7)}, opset=16))


def test_prelu_along_other_axes_is_refused(case):
    case.refused(case.model([("PRelu", ["x", "s"], ["y"], {})], x=IMAGE, constants={"s": case.weights(5, 4)}, opset=16),
                 "neither one nor one a channel")


def trains_and_packs(case, model):
    """Also that it computes what ONNX says: a network of pictures of 8 x 8, which tells dark ones from light ones."""
    case.agrees(model, batch=2)
    for i in range(8):
        for name, low in (("dark", 0), ("light", 128)):
            case.picture((low + case.random.integers(0, 100, (8, 8))).astype("uint8"), f"data/{name}/{i}.png")
    path = case.save(model, "net.onnx")
    case.sned("train", path, "--data", "data", "--epochs", 20, "--rate", 0.01, "--batch", 4, "-o", "trained.onnx", "-q")
    packed = case.sned_json("pack", "trained.onnx", "--data", "data", "-o", "packed.sned", "-q")
    assert packed["top1_before"] == packed["top1_after"] == 100, packed


def test_networks_with_prelu_split_gather_and_sum_are_trained_and_packed(case):
    nodes = [("Conv", ["x", "w"], ["c"], {"pads": [1, 1, 1, 1]}), ("PRelu", ["c", "s"], ["p"], {}),
             ("Split", ["p"], ["a", "b"], {"axis": 1}), ("Gather", ["p", "i"], ["g"], {"axis": 1}),
             ("Sum", ["a", "b", "g"], ["t"], {}), ("ReduceMax", ["t"], ["m"], {"axes": [2, 3], "keepdims": 0}),
             ("ReduceSum", ["t", "hw"], ["u"], {"keepdims": 0}), ("Concat", ["m", "u"], ["f"], {"axis": 1}),
             ("Gemm", ["f", "v"], ["y"], {"transB": 1})]
    model = case.model(nodes, x=["N", 1, 8, 8], metadata={"input.color": "gray", "input.scale": 1 / 255},
                       constants={"w": case.weights(6, 1, 3, 3), "s": numpy.abs(case.weights(6, 1, 1)), "i": [4, 0, 3],
                                  "hw": [2, 3], "v": case.weights(2, 6)})
    trains_and_packs(case, model)


# ---- Flatten at 0 ----

def test_flatten_at_0_where_the_file_fixes_the_batch_at_1(case):
    nodes = [("Flatten", ["x"], ["f"], {"axis": 0}), ("Gemm", ["f", "v"], ["y"], {"transB": 1})]
    constants = {"v": case.weights(3, 120)}
    case.agrees(case.model(nodes, x=[1, 6, 5, 4], constants=constants))
    case.refused(case.model(nodes, x=IMAGE, constants=constants), "takes other axes into the batch")
    case.refused(case.model(nodes, x=[2, 6, 5, 4], constants=constants), "takes other axes into the batch")


# ---- reductions ----

def test_reductions_over_the_image(case):
    for op, since in (("ReduceMean", 18), ("ReduceSum", 13), ("ReduceMax", 18)):
        for keep in (0, 1):
            for axes in ([2, 3], [-1, -2], [3], [1], [1, 2, 3], [-2]):
                old = case.model([(op, ["x"], ["y"], {"axes": axes, "keepdims": keep})], x=IMAGE, opset=11)
                new = case.model([(op, ["x", "axes"], ["y"], {"keepdims": keep})], x=IMAGE, opset=since,
                                 constants={"axes": axes})
                case.agrees(old, batch=2)
                case.agrees(new, batch=2)


def test_reductions_over_the_batch_are_refused(case):
    for op in ("ReduceMean", "ReduceSum", "ReduceMax"):
        case.refused(case.model([(op, ["x"], ["y"], {"axes": [0, 2]})], x=IMAGE, opset=11), "over the batch")


# ---- Cast and 16-bit floats ----

def test_casts_between_floats_leave_activations_as_they_are(case):
    for to in (TensorProto.FLOAT16, TensorProto.BFLOAT16, TensorProto.DOUBLE, TensorProto.FLOAT):
        model = case.model([("Relu", ["x"], ["r"], {}), ("Cast", ["r"], ["c"], {"to": to}),
                            ("Cast", ["c"], ["y"], {"to": TensorProto.FLOAT})], x=IMAGE)
        values = case.values(model)
        case.agrees(model, values, wanted=numpy.maximum(values, 0))


def test_cast_of_an_activation_to_an_integer_is_refused(case):
    case.refused(case.model([("Cast", ["x"], ["y"], {"to": TensorProto.INT64})], x=IMAGE), "between floats alone")


def half_network(case, keeps_types):
    """Conv and Gemm in float16, between Casts or with an input and an output of float16, as converters write them."""
    weights = {"w": case.weights(4, 1, 3, 3).astype("float16"), "v": case.weights(2, 4).astype("float16")}
    ends = ([("Cast", ["x"], ["h"], {"to": TensorProto.FLOAT16})], [("Cast", ["g"], ["y"], {"to": TensorProto.FLOAT})])
    first, last = ("h", "g") if keeps_types else ("x", "y")
    middle = [("Conv", [first, "w"], ["c"], {}), ("Relu", ["c"], ["r"], {}), ("GlobalAveragePool", ["r"], ["p"], {}),
              ("Flatten", ["p"], ["f"], {}), ("Gemm", ["f", "v"], [last], {"transB": 1})]
    nodes = ends[0] + middle + ends[1] if keeps_types else middle
    metadata = {"input.color": "gray", "input.scale": 1 / 255}
    element = TensorProto.FLOAT if keeps_types else TensorProto.FLOAT16
    in_half = case.model(nodes, x=["N", 1, 6, 6], constants=weights, element=element, metadata=metadata)
    wide = {name: array.astype("float32") for name, array in weights.items()}
    first, last = "x", "y"
    middle[0] = ("Conv", ["x", "w"], ["c"], {})
    middle[-1] = ("Gemm", ["f", "v"], ["y"], {"transB": 1})
    return in_half, case.model(middle, x=["N", 1, 6, 6], constants=wide)


def test_float16_conversions_are_computed_in_float32(case):
    for keeps_types in (True, False):
        in_half, wide = half_network(case, keeps_types)
        values = case.values(wide)
        case.agrees(in_half, values, wanted=case.reference(wide, values))


def test_the_rounding_that_is_left_out_is_said_once(case):
    picture = case.picture(case.random.integers(0, 256, (6, 6)).astype("uint8"))
    for keeps_types, said in ((True, "casts to 16-bit floats at 1 places"), (False, "its input in a 16-bit float")):
        model = case.save(half_network(case, keeps_types)[0])
        heard = case.sned("run", model, picture).stderr
        assert heard.count("computed in float32") == 1 and said in heard, heard


def test_constants_are_cast_to_narrow_floats_as_onnx_rounds(case):
    """Each number by itself, so that a large one hides no error of a small one: ties, subnormal numbers, the largest."""
    for to in (TensorProto.FLOAT16, TensorProto.BFLOAT16):
        for number in (0.1, -1234.5, 1 + 2**-11, 1 + 3 * 2**-11, 1 + 2**-8, 3e-8, 6e-8, 1e-7, 65519.0, 2049.0):
            constant = numpy.array([number], "float32")
            model = case.model([("Cast", ["c"], ["n"], {"to": to}), ("Cast", ["n"], ["w"], {"to": TensorProto.FLOAT}),
                                ("Mul", ["x", "w"], ["y"], {})], x=["N", 1], constants={"c": constant})
            wanted = constant.astype(helper.tensor_dtype_to_np_dtype(to)).astype("float32")
            case.agrees(model, numpy.ones((1, 1), "float32"), wanted=wanted[None])
