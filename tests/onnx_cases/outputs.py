"""outputs.py - networks of several outputs: all come, in the file's order and by the file's names."""
import numpy
import onnx



def two_heads(case, outputs=("y", "z"), **named):
    """A layer that two layers read."""
    constants = {"w": case.weights(6, 8), "v": case.weights(8, 3), "u": case.weights(8, 5), "b": case.weights(3)}
    return case.model([("MatMul", ["x", "w"], ["h"], {}), ("Relu", ["h"], ["r"], {}), ("MatMul", ["r", "v"], ["p"], {}),
                       ("Add", ["p", "b"], ["y"], {}), ("MatMul", ["r", "u"], ["z"], {})],
                      x=["N", 6], constants=constants, outputs=outputs, **named)


def test_two_outputs_come_in_the_files_order(case):
    case.agrees(two_heads(case), batch=3)
    case.agrees(two_heads(case, outputs=("z", "y")), batch=3)


def test_an_output_may_be_read_by_another(case):
    case.agrees(two_heads(case, outputs=("y", "r", "z", "h")), batch=2)


def test_a_product_that_is_an_output_takes_no_bias(case):
    case.agrees(two_heads(case, outputs=("p", "y")))
    case.agrees(two_heads(case, outputs=("y", "p")))


def test_what_one_output_alone_needs_is_kept(case):
    line = case.onnx_run_line(case.save(two_heads(case)), numpy.zeros([1, 6]), {})
    assert "2 outputs instead of 0" in line, line
    model = two_heads(case, outputs=("z",))
    values = case.values(model)
    line = case.onnx_run_line(case.save(model), values, case.references(model, values))
    assert line.startswith("pass ") and ": 3 nodes" in line, line


def test_one_tensor_is_an_output_under_each_of_its_names(case):
    for copy in (("Identity", {}), ("Cast", {"to": onnx.TensorProto.FLOAT}), ("Dropout", {})):
        for outputs in (("y", "z"), ("z", "y"), ("z", "y", "v")):
            case.agrees(case.model([("Relu", ["x"], ["y"], {}), (copy[0], ["y"], ["z"], copy[1]),
                                    (copy[0], ["z"], ["v"], copy[1])], x=["N", 4], outputs=outputs))


def test_the_input_by_another_name_is_an_output(case):
    case.agrees(case.model([("Relu", ["x"], ["y"], {}), ("Cast", ["x"], ["z"], {"to": onnx.TensorProto.FLOAT})],
                           x=["N", 4], outputs=("z", "y")))


def test_the_input_as_an_output_gets_a_name_of_its_own(case):
    model = case.model([("Relu", ["x"], ["y"], {})], x=["N", 4], outputs=("y", "x"))
    values = case.values(model)
    case.agrees(model, values=values, wanted={"y": numpy.maximum(values, 0), "x_2": values})
    said = case.sned("inspect", case.save(model)).stderr
    assert "the output 'x' is the input: here it is called 'x_2'" in said, said


def test_outputs_of_turned_tensors_lie_as_the_file_says(case):
    turned = [("Transpose", ["x"], ["a"], {"perm": [0, 3, 1, 2]}), ("Relu", ["a"], ["b"], {}),
              ("Transpose", ["b"], ["c"], {"perm": [0, 2, 3, 1]}), ("Transpose", ["b"], ["d"], {"perm": [0, 3, 2, 1]}),
              ("Reshape", ["d", "flat"], ["e"], {})]
    for outputs in (("a", "b"), ("b", "c"), ("c", "b"), ("c", "d", "b", "e"), ("e", "d", "a"), ("d", "a", "c")):
        case.agrees(case.model(turned, x=["N", 4, 5, 3], constants={"flat": [0, -1]}, outputs=outputs), batch=2)


def test_outputs_of_other_sizes_and_ranks(case):
    model = case.model([("Conv", ["x", "w"], ["y"], {"pads": [1, 1, 1, 1]}), ("GlobalAveragePool", ["y"], ["p"], {}),
                        ("Flatten", ["p"], ["z"], {}), ("MaxPool", ["y"], ["m"], {"kernel_shape": [2, 2], "strides": [2, 2]})],
                       x=["N", 3, 8, 6], constants={"w": case.weights(4, 3, 3, 3)}, outputs=("m", "z", "y"))
    case.agrees(model, batch=2)


def test_a_batch_of_one_taken_from_a_later_output_stays(case):
    model = case.model([("Relu", ["x"], ["y"], {}), ("Squeeze", ["y", "first"], ["z"], {})], x=[1, 4],
                       constants={"first": [0]}, outputs=("y", "z"))
    values = case.values(model)
    relu = numpy.maximum(values, 0)
    case.agrees(model, values=values, wanted={"y": relu, "z": relu})


def test_an_output_that_does_not_depend_on_the_input_is_left_out_and_named(case):
    nodes = [("Constant", [], ["c"], {"value_floats": [1.0, 2.0]}), ("Relu", ["x"], ["y"], {})]
    for outputs in (("c", "y"), ("y", "c"), ("i", "y", "c")):
        model = case.model(nodes, x=["N", 4], constants={"i": numpy.arange(3)}, outputs=outputs)
        values = case.values(model)
        case.agrees(model, values=values, wanted={"y": numpy.maximum(values, 0)})
        said = case.sned("inspect", case.save(model)).stderr
        assert "output 'c' does not depend on the input" in said, said
    case.refused(case.model(nodes, x=["N", 4], outputs=("c",)), "'c' does not depend on the input")


def test_what_cannot_be_an_output_is_refused_by_name(case):
    pool = [("MaxPool", ["x"], ["y", "indices"], {"kernel_shape": [2, 2]})]
    case.refused(case.model(pool, x=["N", 3, 8, 8], outputs=("y", "indices")),
                 "output 'indices' is not computed: of node 'maxpool0' the first output alone")
    case.refused(case.model([("Relu", ["x"], ["y"], {}), ("Pow", ["y", "three"], ["z"], {})], x=["N", 4],
                            constants={"three": numpy.array(3, "float32")}, outputs=("y", "z")), "'z' is a power")
    case.refused(case.model([("Relu", ["x"], ["y"], {})], x=["N", 4], outputs=("y", "y")), "'y' is listed twice")
    case.refused(case.model([("Relu", ["x"], ["y"], {})], x=["N", 4], outputs=("y", "z")), "no node makes the output 'z'")
    many = [("Relu", ["x"], [f"y{i}"], {}) for i in range(65)]
    case.refused(case.model(many, x=["N", 4], outputs=[f"y{i}" for i in range(65)]), "65 outputs; at most 64")


def test_labels_go_with_the_output_that_is_brought_to_the_front(case):
    model = two_heads(case, metadata={"labels": "a,b,c,d,e"})
    path = case.save(model)
    assert case.sned_json("inspect", path, "--head", "z")["labels"] == ["a", "b", "c", "d", "e"]
    assert not case.sned_json("inspect", path)["labels"]
    said = case.sned("inspect", path, "--head", "w", fails=2).stderr
    assert "--head: 'w' is none of its 2 outputs: y, z" in said, said


def test_an_input_too_large_to_be_an_output_is_refused_without_a_node(case):
    model = case.model([("Relu", ["x"], ["z"], {})], x=["N", 1 << 20, 1 << 20], outputs=("x",))
    case.refused(model, r"model.onnx: output 'x': its output would have 1048576 elements along axis 2")


def test_each_output_has_its_own_ending(case):
    ends = [("MatMul", ["x", "w"], ["h"], {}), ("Softmax", ["h"], ["y"], {"axis": 1}), ("MatMul", ["x", "v"], ["g"], {}),
            ("Sigmoid", ["g"], ["z"], {}), ("MatMul", ["x", "w"], ["f"], {})]
    model = case.model(ends, x=["N", 6], constants={"w": case.weights(6, 4), "v": case.weights(6, 3)},
                       outputs=("y", "z", "f"))
    case.agrees(model, batch=3)


def test_an_ending_that_is_copied_is_refused_by_name_where_a_network_is_packed(case):
    model = case.model([("MatMul", ["x", "w"], ["h"], {}), ("Softmax", ["h"], ["y"], {"axis": 1}), ("Identity", ["y"], ["z"], {})],
                       x=["N", 6], constants={"w": case.weights(6, 4)}, outputs=("y", "z"))
    case.agrees(model)
    case.sned_fails(r"node 'softmax1' \(Softmax\): is handled at the end of a network only, and what it makes is read or copied",
                    "pack", case.save(model), "-o", "net.sned", "-q")


def test_all_outputs_and_a_split_go_through_packing_running_and_export(case):
    constants = {"w": case.weights(4, 3, 3, 3), "v": case.weights(2, 3), "u": case.weights(2, 2, 3, 3)}
    model = case.model([("Conv", ["x", "w"], ["c"], {"pads": [1, 1, 1, 1]}), ("Relu", ["c"], ["r"], {}),
                        ("Split", ["r"], ["p", "q"], {"axis": 1}), ("GlobalAveragePool", ["p"], ["g"], {}),
                        ("Flatten", ["g"], ["f"], {}), ("MatMul", ["f", "v"], ["y"], {}),
                        ("Conv", ["q", "u"], ["z"], {"pads": [1, 1, 1, 1]})],
                       x=["N", 3, 8, 8], constants=constants, outputs=("y", "z"))
    values = case.values(model, batch=5)
    wanted = case.references(model, values)
    numpy.save(case.folder / "x.npy", values)
    case.sned("pack", case.save(model), "--data", "x.npy", "-o", "net.sned", "-q")
    case.sned("run", "net.sned", "x.npy", "--raw", "raw.npz", "-q")
    case.sned("export", "net.sned", "-o", "back.onnx", "-q")
    back = onnx.load(str(case.folder / "back.onnx"))
    assert "Split" in [node.op_type for node in back.graph.node]
    with numpy.load(case.folder / "raw.npz") as raw:
        for made in (raw, case.references(back, values)):
            for name, array in wanted.items():
                assert made[name].shape == array.shape and abs(made[name] - array).max() < 0.05 * abs(array).max(), name
