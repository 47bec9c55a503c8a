"""inputs.py - pictures for networks whose input is another shape, and which scale their pixels themselves."""
import numpy

from case import near

TO_FIRST = {"perm": [0, 3, 1, 2]}


def scores(case, model, picture, *options):
    """sned's scores of all classes, by class."""
    top = case.sned_json("run", model, picture, "--top", "1000", *options)["images"][0]["top"]
    return [entry["score"] for entry in sorted(top, key=lambda entry: entry["class"])]


def softmax(values):
    values = numpy.exp(values.astype("float64") - values.max())
    return (values / values.sum()).reshape(-1)


def convolution(case, scaling, constants, size=(8, 10, 3)):
    """x [N][H][W][C], scaled by the network itself, a convolution and four classes."""
    turn = ([("Reshape", ["s", "first"], ["t"], {})] if size[2] == 1 else [("Transpose", ["s"], ["t"], TO_FIRST)])
    nodes = scaling + turn + [("Conv", ["t", "w", "b"], ["c"], {"pads": [1, 1, 1, 1]}), ("Relu", ["c"], ["r"], {}),
                              ("GlobalAveragePool", ["r"], ["p"], {}), ("Flatten", ["p"], ["f"], {}),
                              ("MatMul", ["f", "v"], ["y"], {})]
    constants = {**constants, "w": case.weights(6, size[2], 3, 3), "b": case.weights(6), "v": case.weights(6, 4)}
    if size[2] == 1:
        constants["first"] = numpy.array([-1, 1, size[0], size[1]])
    return case.model(nodes, x=["N", *size], constants=constants)


def floats(*numbers):
    return numpy.array(numbers, "float32")


def check_scaled(case, model, pixels):
    """`run` without options is the network on pixels from 0 to 255, and packing does not change that by much."""
    path, picture = case.save(model), case.picture(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    wanted = softmax(case.reference(model, pixels[None].astype("float32")))
    near(scores(case, path, picture), wanted)
    packed = path.parent / "model.sned"
    case.sned("pack", path, "-o", packed)
    near(scores(case, packed, picture), wanted, 0.02)
    return packed


def test_rescaling_and_normalization(case):
    """Keras' layers before the turn, for colors and for gray."""
    for channels in (3, 1):
        pixels = case.random.integers(0, 256, (8, 10, channels), "uint8")
        mean, deviation = floats(*(110 + 10 * c for c in range(channels))), floats(*(50 + 5 * c for c in range(channels)))
        for scaling, constants in (
                ([("Mul", ["x", "k"], ["a"], {}), ("Add", ["a", "o"], ["s"], {})],
                 {"k": numpy.array(1 / 127.5, "float32"), "o": floats(-1)}),
                ([("Mul", ["k", "x"], ["s"], {})], {"k": numpy.array(1 / 255, "float32")}),
                ([("Sub", ["x", "m"], ["a"], {}), ("Div", ["a", "d"], ["s"], {})], {"m": mean, "d": deviation}),
                ([("Sub", ["x", "m"], ["a"], {}), ("Div", ["a", "d"], ["s"], {})],
                 {"m": mean.reshape(1, 1, 1, -1), "d": deviation.reshape(1, 1, 1, -1)})):
            check_scaled(case, convolution(case, scaling, constants, (8, 10, channels)), pixels)


def test_cropping_before_the_turn(case):
    """Keras' Rescaling and Cropping2D."""
    crop = {"from": [1, 2], "to": [-1, 9], "of": [1, 2], "k": numpy.array(1 / 255, "float32")}
    scaling = [("Mul", ["x", "k"], ["a"], {}), ("Slice", ["a", "from", "to", "of"], ["s"], {})]
    check_scaled(case, convolution(case, scaling, crop), case.random.integers(0, 256, (8, 10, 3), "uint8"))


def test_rule_of_the_file_and_scaling_of_the_network_follow_each_other(case):
    model = convolution(case, [("Div", ["x", "d"], ["s"], {})], {"d": floats(1, 2, 3)})
    for key, value in (("input.mean", "100"), ("input.scale", "0.02"), ("input.color", "BGR")):
        model.metadata_props.add(key=key, value=value)
    pixels = case.random.integers(0, 256, (8, 10, 3), "uint8")
    path, picture, packed = case.save(model), case.picture(pixels), case.folder / "m.sned"
    values = (pixels[:, :, ::-1].astype("float32") - 100) * numpy.float32(0.02)
    wanted = softmax(case.reference(model, values[None]))
    near(scores(case, path, picture), wanted)
    case.sned("pack", path, "-o", packed)
    near(scores(case, packed, picture), wanted, 0.02)
    near(scores(case, path, picture, "--mean", 0, "--scale", 1, "--color", "RGB"),
         softmax(case.reference(model, pixels[None].astype("float32"))))


def perceptron(case, shape, size):
    nodes = [("Flatten", ["x"], ["f"], {}), ("Gemm", ["f", "w", "b"], ["h"], {"transB": 1}), ("Relu", ["h"], ["r"], {}),
             ("MatMul", ["r", "v"], ["y"], {})]
    return case.model(nodes, x=["N", *shape], constants={"w": case.weights(8, size), "b": case.weights(8),
                                                         "v": case.weights(8, 4)})


def check_perceptron(case, shape, pixels, *options):
    """Values are the pixels over 255 in the order of `pixels`."""
    model = perceptron(case, shape, pixels.size)
    path = case.save(model)
    picture, packed = case.picture(pixels), path.parent / "m.sned"
    wanted = softmax(case.reference(model, (pixels.reshape(1, *shape).astype("float32") / 255)))
    near(scores(case, path, picture, "--scale", 1 / 255, *options), wanted)
    case.sned("pack", path, "--scale", 1 / 255, *options, "-o", packed)
    near(scores(case, packed, picture), wanted, 0.02)


def test_rows_and_columns_are_a_gray_picture(case):
    check_perceptron(case, (12, 16), case.random.integers(0, 256, (12, 16), "uint8"))


def test_list_is_the_picture_that_input_names(case):
    gray = case.random.integers(0, 256, (12, 16), "uint8")
    color = case.random.integers(0, 256, (8, 10, 3), "uint8")
    check_perceptron(case, (192,), gray, "--input", "1x12x16")
    check_perceptron(case, (192,), gray, "--input", "12x16")
    check_perceptron(case, (240,), color, "--input", "8x10x3")
    check_perceptron(case, (8, 10, 3), color)
    check_perceptron(case, (8, 10, 3), color, "--input", "3x8x10")
    model = perceptron(case, (240,), 240)
    planes = color.transpose(2, 0, 1).reshape(1, 240).astype("float32")
    near(scores(case, case.save(model), case.picture(color), "--input", "3x8x10"), softmax(case.reference(model, planes)))


def test_list_is_the_picture_that_metadata_names(case):
    model = perceptron(case, (240,), 240)
    for key, value in (("input.size", "8x10"), ("input.layout", "NHWC")):
        model.metadata_props.add(key=key, value=value)
    pixels = case.random.integers(0, 256, (8, 10, 3), "uint8")
    near(scores(case, case.save(model), case.picture(pixels)),
         softmax(case.reference(model, pixels.reshape(1, 240).astype("float32"))))


def test_an_input_that_is_turned_has_its_channels_where_metadata_says(case):
    """A Transpose that could come from [H][W][C], in a file that says [C][H][W], as what sned writes does."""
    model = case.model([("Transpose", ["x"], ["t"], TO_FIRST), ("Flatten", ["t"], ["f"], {}), ("MatMul", ["f", "w"], ["y"], {})],
                       x=["N", 3, 8, 10], constants={"w": case.weights(240, 5)}, metadata={"input.layout": "NCHW"})
    assert case.sned_json("inspect", case.save(model))["input"]["shape"] == [3, 8, 10]
    pixels = case.random.integers(0, 256, (8, 10, 3), "uint8")
    near(scores(case, case.save(model), case.picture(pixels)),
         softmax(case.reference(model, pixels.transpose(2, 0, 1)[None].astype("float32"))))


def test_open_sizes_are_those_that_input_names(case):
    model = convolution(case, [("Mul", ["x", "k"], ["s"], {})], {"k": numpy.array(1 / 255, "float32")}, (8, 10, 3))
    for axis, name in ((1, "h"), (2, "w")):
        model.graph.input[0].type.tensor_type.shape.dim[axis].dim_param = name
    path, pixels = case.save(model), case.random.integers(0, 256, (12, 9, 3), "uint8")
    case.sned_fails("leaves axis 1 open; .*--input", "run", path, case.picture(pixels))
    near(scores(case, path, case.picture(pixels), "--input", "3x12x9"),
         softmax(case.reference(model, pixels[None].astype("float32"))))


def test_inspect_says_what_to_give(case):
    """Text and JSON: a list that could be a picture, and what the network does to pixels itself."""
    path = case.save(perceptron(case, (784,), 784))
    assert "784 a sample; for gray pictures: --input 1x28x28" in case.sned("inspect", path).stdout
    case.picture(numpy.zeros([28, 28], "uint8"), "set/a/1.png")
    case.sned_fails(r"takes no pictures but values.*; for gray pictures: --input 1x28x28", "pack", path, "--data", "set",
                    "-o", "m.sned")
    path = case.save(perceptron(case, (192,), 192))
    assert "for pictures: --input 3x8x8, or 8x8x3" in case.sned("inspect", path).stdout
    assert "pictures, 3 x 8 x 8 RGB" in case.sned("inspect", path, "--input", "8x8x3").stdout
    path = case.save(convolution(case, [("Sub", ["x", "m"], ["a"], {}), ("Mul", ["a", "k"], ["s"], {})],
                                 {"m": floats(127.5), "k": floats(0.25, 0.5, 1)}))
    assert "the network itself scales: in all mean 127.5; scale 0.25,0.5,1" in case.sned("inspect", path).stdout
    near(case.sned_json("inspect", path)["input"]["mean_in_all"], [127.5] * 3)
    near(case.sned_json("inspect", path)["input"]["scale_in_all"], [0.25, 0.5, 1])


def test_scaling_that_does_not_go_with_pixels_is_told(case):
    pixels = case.random.integers(0, 256, (8, 10, 3), "uint8")
    picture = case.picture(pixels)
    unit = case.save(convolution(case, [("Sub", ["x", "m"], ["a"], {}), ("Div", ["a", "d"], ["s"], {})],
                                 {"m": floats(0.485, 0.456, 0.406), "d": floats(0.229, 0.224, 0.225)}))
    own = case.save(convolution(case, [("Mul", ["x", "k"], ["s"], {})], {"k": numpy.array(1 / 255, "float32")}))
    assert "made for pixels from 0 to 1, but pixels are 0 to 255 here: did you mean --scale 0.00392157?" in \
        case.sned("run", unit, picture).stderr
    assert "did you mean" not in case.sned("run", unit, picture, "--scale", 1 / 255).stderr
    assert "did you mean" not in case.sned("run", own, picture).stderr
    assert "scale pixels too, which are multiplied by 1.5" in case.sned("run", own, picture, "--scale", 1 / 255).stderr


def test_arrays_of_values_come_as_the_file_has_its_input(case):
    """[N][H][W][C], and the list that --input makes a picture of: every answer is the evaluator's."""
    color = case.random.standard_normal((40, 8, 10, 3)).astype("float32")
    for model, values, options in ((perceptron(case, (8, 10, 3), 240), color, ()),
                                   (perceptron(case, (240,), 240), color.reshape(40, 240), ("--input", "8x10x3"))):
        answers = case.reference(model, values).argmax(axis=1)
        assert len(set(answers)) > 2
        numpy.savez(case.folder / "set.npz", x=values, y=answers)
        assert case.sned_json("eval", case.save(model), "--data", "set.npz", *options)["top1"] == 100
