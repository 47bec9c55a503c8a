"""ends.py - what a network ends in: Softmax, LogSoftmax or Sigmoid, with or without something behind it that only moves its
numbers; and networks of one number, which tell two classes apart."""
import json
import re

import numpy
from onnx import numpy_helper

from case import near

# What exporters put behind the last Softmax, on [N][C][1][1]; and what they put behind it on [N][C].
IMAGE_TAILS = {
    "Flatten": [("Flatten", ["p"], ["y"], {})],
    "Reshape": [("Reshape", ["p", "row"], ["y"], {})],
    "Squeeze": [("Squeeze", ["p", "axes"], ["y"], {})],
    "Transpose and Reshape": [("Transpose", ["p"], ["t"], {"perm": [0, 2, 3, 1]}), ("Reshape", ["t", "row"], ["y"], {})],
    "Identity": [("Identity", ["p"], ["y"], {})],
}
ROW_TAILS = {
    "Reshape": [("Reshape", ["p", "row"], ["y"], {})],
    "Unsqueeze": [("Unsqueeze", ["p", "axes"], ["y"], {})],
    "two of them": [("Unsqueeze", ["p", "axes"], ["u"], {}), ("Flatten", ["u"], ["y"], {})],
}
CONSTANTS = {"row": [0, -1], "axes": [2, 3]}


def network(case, end, outputs=4, tail=None, is_image=False, metadata=None):
    """Conv, ReLU, global pool, then a Gemm (or a 1x1 Conv), `end` and what is behind it, on [N][1][8][8]."""
    constants = dict(CONSTANTS, w=case.weights(6, 1, 3, 3), b=case.weights(6))
    nodes = [("Conv", ["x", "w", "b"], ["c"], {}), ("Relu", ["c"], ["r"], {}), ("GlobalAveragePool", ["r"], ["g"], {})]
    if is_image:
        constants["v"] = 8 * case.weights(outputs, 6, 1, 1)
        nodes += [("Conv", ["g", "v"], ["l"], {})]
    else:
        constants["v"] = 8 * case.weights(outputs, 6)
        nodes += [("Flatten", ["g"], ["f"], {}), ("Gemm", ["f", "v"], ["l"], {"transB": 1})]
    axis = {"axis": 1} if "Softmax" in (end or "") else {}
    result = "p" if tail else "y"
    nodes += ([(end, ["l"], [result], axis)] if end else [("Identity", ["l"], [result], {})]) + (tail or [])
    return case.model(nodes, x=["N", 1, 8, 8], constants=constants, metadata=metadata)


PICTURES = {"input.color": "gray", "input.mean": 0, "input.scale": 1 / 255}


def on_picture(case, model):
    """The model's file, a picture's file, and what the evaluator makes of the picture."""
    pixels = case.random.integers(0, 256, (8, 8)).astype("uint8")
    wanted = case.reference(model, (pixels[None, None] / numpy.float32(255)).astype("float32"))
    return case.save(model), case.picture(pixels), wanted.reshape(-1)


def top_of(case, model, picture, *options):
    """{class: score} as `sned run` lists them, best first."""
    top = case.sned_json("run", model, picture, "--top", 10, *options)["images"][0]["top"]
    scores = [entry["score"] for entry in top]
    assert scores == sorted(scores, reverse=True), top
    return {entry["class"]: entry["score"] for entry in top}


def test_softmax_behind_which_numbers_only_move(case):
    for is_image, tails in ((True, IMAGE_TAILS), (False, ROW_TAILS)):
        for tail in tails.values():
            for end in ("Softmax", "LogSoftmax", "Sigmoid"):
                case.agrees(network(case, end, tail=tail, is_image=is_image), batch=3)


def test_results_whose_batch_of_1_is_taken_away(case):
    """Squeeze of all axes of size 1, and Reshape to a list, where the file fixes the batch at 1."""
    for tail in ([("Squeeze", ["p"], ["y"], {})], [("Reshape", ["p", "list"], ["y"], {})]):
        for end, outputs in (("Softmax", 4), ("Sigmoid", 1), (None, 3)):
            model = network(case, end, outputs, tail=tail, is_image=True, metadata=PICTURES)
            model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
            model.graph.initializer.append(numpy_helper.from_array(numpy.array([-1]), "list"))
            values = case.values(model)
            case.agrees(model, values, wanted=case.reference(model, values).reshape(1, -1))


def test_one_number_without_an_axis_of_its_own(case):
    """PyTorch's x.squeeze(1): a result of [N]."""
    for end in ("Sigmoid", None):
        tail = [("Squeeze", ["p", "one"], ["y"], {})]
        model = network(case, end, 1, tail=tail, metadata=PICTURES)
        model.graph.initializer.append(numpy_helper.from_array(numpy.array([1]), "one"))
        case.agrees(model, batch=3)
        path, picture, wanted = on_picture(case, model)
        probability = wanted[0] if end else 1 / (1 + numpy.exp(-numpy.float64(wanted[0])))
        near([top_of(case, path, picture)[c] for c in (0, 1)], [1 - probability, probability])
        case.sned("pack", path, "-o", "packed.sned", "-q")
        near([top_of(case, "packed.sned", picture)[1]], [probability], 0.05)


def test_ending_before_a_choice_of_the_only_row_and_column(case):
    """PyTorch's x.sigmoid()[:, :, 0, 0]: a Gather or Slice that takes all there is."""
    zero, one, axis = {"first": numpy.array(0)}, {"from": [0], "to": [1], "of": [2]}, {"axis": 2}
    gather = [("Gather", ["p", "first"], ["t"], axis), ("Gather", ["t", "first"], ["y"], axis)]
    slice_ = [("Slice", ["p", "from", "to", "of"], ["t"], {}), ("Flatten", ["t"], ["y"], {})]
    for tail, constants in ((gather, zero), (slice_, one)):
        for end, outputs in (("Sigmoid", 1), ("Sigmoid", 4), ("Softmax", 4), ("LogSoftmax", 4)):
            model = network(case, end, outputs, tail=tail, is_image=True)
            model.graph.initializer.extend(numpy_helper.from_array(numpy.array(v), k) for k, v in constants.items())
            case.agrees(model, batch=3)


def test_run_takes_the_softmax_before_a_reshape_once(case):
    for tail in IMAGE_TAILS.values():
        model, picture, wanted = on_picture(case, network(case, "Softmax", tail=tail, is_image=True, metadata=PICTURES))
        top = top_of(case, model, picture)
        near([top[c] for c in range(4)], wanted)


def test_run_of_log_softmax_gives_probabilities(case):
    model, picture, wanted = on_picture(case, network(case, "LogSoftmax", metadata=PICTURES))
    near([top_of(case, model, picture)[c] for c in range(4)], numpy.exp(wanted))


def test_run_of_several_sigmoids_gives_each_as_it_is(case):
    model, picture, wanted = on_picture(case, network(case, "Sigmoid", metadata=PICTURES))
    near([top_of(case, model, picture)[c] for c in range(4)], wanted)


def test_one_sigmoid_tells_two_classes_apart(case):
    for tail in (None, ROW_TAILS["Reshape"]):
        model, picture, wanted = on_picture(case, network(case, "Sigmoid", outputs=1, tail=tail, metadata=PICTURES))
        top = top_of(case, model, picture)
        near([top[0], top[1]], [1 - wanted[0], wanted[0]])


def test_one_logit_tells_two_classes_apart(case):
    model, picture, wanted = on_picture(case, network(case, None, outputs=1, metadata=PICTURES))
    one = 1 / (1 + numpy.exp(-numpy.float64(wanted[0])))
    top = top_of(case, model, picture)
    near([top[0], top[1]], [1 - one, one])


def test_both_classes_of_one_number_have_names(case):
    model, picture, wanted = on_picture(
        case, network(case, "Sigmoid", outputs=1, metadata=dict(PICTURES, labels="cat,dog")))
    top = case.sned_json("run", model, picture)["images"][0]["top"]
    assert {entry["class"]: entry["label"] for entry in top} == {0: "cat", 1: "dog"}, top
    (case.folder / "names.txt").write_text("left\nright\n")
    top = case.sned_json("run", model, picture, "--labels", "names.txt")["images"][0]["top"]
    assert top[0]["label"] == ("right" if wanted[0] > 0.5 else "left"), top


def test_packed_networks_end_as_the_files_they_came_from(case):
    for end, outputs in (("Softmax", 4), ("LogSoftmax", 4), ("Sigmoid", 4), ("Sigmoid", 1), (None, 1)):
        model, picture, wanted = on_picture(case, network(case, end, outputs, metadata=PICTURES))
        case.sned("pack", model, "-o", "packed.sned", "-q")
        float_top, packed_top = top_of(case, model, picture), top_of(case, "packed.sned", picture)
        near([packed_top[c] for c in sorted(packed_top)], [float_top[c] for c in sorted(float_top)], 0.05)
        case.sned("export", "packed.sned", "-o", "exported.onnx", "-q")
        exported = top_of(case, "exported.onnx", picture)
        near([packed_top[c] for c in sorted(packed_top)], [exported[c] for c in sorted(exported)], 0.02)


def test_softmax_that_is_no_classification_is_refused_at_once(case):
    wide = {"v": case.weights(4, 1, 3, 3)}
    along_width = case.save(case.model(
        [("Conv", ["x", "v"], ["l"], {}), ("Softmax", ["l"], ["y"], {"axis": 1})], x=["N", 1, 8, 8], constants=wide,
        metadata=PICTURES))
    picture = case.picture(numpy.zeros((8, 8), "uint8"), "data/a/zero.png")
    case.picture(numpy.ones((8, 8), "uint8"), "data/b/one.png")
    commands = {"run": [picture], "eval": ["--data", "data"], "pack": ["--data", "data", "-o", "o.sned"],
                "compress": ["--data", "data", "-o", "o.sned"], "train": ["--data", "data", "-o", "o.onnx"]}
    for command, arguments in commands.items():
        case.sned_fails(r"softmax1' \(Softmax\): is over 4 of the 144 numbers", command, along_width, *arguments, "-q")
    single = case.save(network(case, "Softmax", outputs=1, metadata=PICTURES))
    case.sned_fails("over a single score, which always gives 1", "run", single, picture, "-q")


def test_what_is_made_of_probabilities_is_refused_at_once(case):
    """P(1) alone, and twice the probabilities: taken for logits, they would be other classes or probabilities."""
    picture = case.picture(numpy.zeros((8, 8), "uint8"), "data/a/zero.png")
    case.picture(numpy.ones((8, 8), "uint8"), "data/b/one.png")
    commands = {"run": [picture], "eval": ["--data", "data"], "pack": ["--data", "data", "-o", "o.sned"],
                "compress": ["--data", "data", "-o", "o.sned"], "train": ["--data", "data", "-o", "o.onnx"]}
    for tail in ([("Slice", ["p", "from", "to", "of"], ["y"], {})], [("Mul", ["p", "two"], ["y"], {})]):
        model = network(case, "Softmax", 2, tail=tail, metadata=PICTURES)
        constants = {"from": [1], "to": [2], "of": [1], "two": numpy.array([2], "float32")}
        model.graph.initializer.extend(numpy_helper.from_array(numpy.array(v), k) for k, v in constants.items())
        path = case.save(model)
        for command, arguments in commands.items():
            case.sned_fails(r"softmax5' \(Softmax\): what follows it makes neither", command, path, *arguments, "-q")


def test_raw_of_what_is_no_classification_names_no_classes(case):
    model = case.model([("Conv", ["x", "v"], ["l"], {}), ("Softmax", ["l"], ["y"], {"axis": 1})], x=["N", 1, 8, 8],
                       constants={"v": case.weights(4, 1, 3, 3)}, metadata=PICTURES)
    path, picture, wanted = on_picture(case, model)
    done = case.sned("run", path, picture, "--raw", "raw.npy", "--json")
    assert json.loads(done.stdout)["images"][0]["top"] == [] and "no classes are named" in done.stderr, done
    near(numpy.load(case.folder / "raw.npy"), wanted)


def test_sigmoid_in_the_middle_is_refused_by_name(case):
    for op in ("Sigmoid", "LogSoftmax"):
        model = case.model([(op, ["x"], ["s"], {}), ("Gemm", ["s", "w"], ["y"], {})], x=["N", 4],
                           constants={"w": case.weights(4, 3)})
        case.refused(model, rf"node '{op.lower()}0' \({op}\): is handled at the end of a network only")


def two_folders(case, train=24, test=12):
    """Dark pictures as class "dark" and bright ones as "light": what one number can tell apart."""
    for split, count in (("train", train), ("test", test)):
        for i in range(count):
            for name, low in (("dark", 0), ("light", 128)):
                pixels = (low + case.random.integers(0, 100, (8, 8))).astype("uint8")
                case.picture(pixels, f"data/{split}/{name}/{i}.png")
    return "data"


def trained_on_two(case, end):
    """A network of one number, trained until it tells the folders apart; its file, and what `sned train` says."""
    model = network(case, end, outputs=1, metadata=PICTURES)
    for constant in model.graph.initializer:  # what sees light from the start, so that no ReLU is dead
        if constant.name == "w":
            constant.CopyFrom(numpy_helper.from_array(numpy.abs(numpy_helper.to_array(constant)), "w"))
    start = case.save(model)
    said = case.sned_json("train", start, "--data", "data", "--epochs", 40, "--rate", 0.2, "--batch", 8, "-o",
                          "trained.onnx", "-q")
    return "trained.onnx", said


def test_one_number_is_trained_measured_and_packed(case):
    two_folders(case)
    for end in ("Sigmoid", None):
        model, said = trained_on_two(case, end)
        assert said["top1"] == 100, said
        measured = case.sned_json("eval", model, "--data", "data")
        assert (measured["top1"], measured["top5"], measured["images"]) == (100, 100, 24), measured
        packed = case.sned_json("pack", model, "--data", "data", "-o", "packed.sned", "-q")
        assert (packed["top1_before"], packed["top1_after"]) == (100, 100), packed
        bright = case.sned_json("run", "packed.sned", "data/test/light/0.png")["images"][0]["top"]
        assert [entry["class"] for entry in bright] == [1, 0] and bright[0]["label"] == "light", bright
        near(sum(entry["score"] for entry in bright), 1)


def test_one_number_is_compressed_with_labels_and_by_a_teacher(case):
    two_folders(case)
    model, _ = trained_on_two(case, "Sigmoid")
    recipe = ("method: paper\norder: reversed\npeak: false\nmax_drop: 5\nretrain:\n  epochs: 1\nsearch:\n  rounds: 1\n"
              "finish:\n  epochs: 1\nquantize:\n  epochs: 1\n")
    for name, text in (("labels.yaml", recipe), ("teacher.yaml", recipe + "distill:\n  weight: 1\n")):
        (case.folder / name).write_text(text)
        small = case.sned_json("compress", model, "--data", "data", "--recipe", name, "-o", "small.sned", "-q")
        assert small["top1_after"] >= 95, small


def test_a_third_class_does_not_fit_one_number(case):
    data = two_folders(case, 2, 2)
    for split in ("train", "test"):
        case.picture(numpy.zeros((8, 8), "uint8"), f"data/{split}/other/0.png")
    model = case.save(network(case, "Sigmoid", outputs=1, metadata=PICTURES))
    done = case.sned("eval", model, "--data", data, "-q", fails=True)
    assert re.search("class|label", done.stderr), done.stderr
