"""pictures.py - pictures of any size, number range and colour order on their way to a network's input.

The network here tells red (class 0) from green (class 1) by the mean of either over its whole input, so that its answer is
known for any picture from the mean of what the input shows of it: numpy's, over exact boxes of pixels.
"""
import json

import numpy

from case import near


def red_or_green(case, size=32, metadata=None):
    weights = numpy.array([[1, 0, 0], [0, 1, 0]], "float32").reshape(2, 3, 1, 1) / 64
    nodes = [("Conv", ["x", "w"], ["c"], {}), ("GlobalAveragePool", ["c"], ["p"], {}), ("Flatten", ["p"], ["y"], {})]
    return case.save(case.model(nodes, x=["N", 3, size, size], constants={"w": weights}, metadata=metadata))


def framed(case, height, width, frame_y, frame_x, name):
    """A red frame around a green middle."""
    pixels = numpy.zeros([height, width, 3], "uint8")
    pixels[:, :, 0] = 255
    pixels[frame_y:height - frame_y, frame_x:width - frame_x] = [0, 255, 0]
    return case.picture(pixels, name), pixels


def red_probability(pixels):
    red, green = (pixels[..., c].mean() / 64 for c in (0, 1))
    return 1 / (1 + numpy.exp(green - red))


def shown(case, model, picture, *options):
    """The probability of red."""
    top = case.sned_json("run", model, picture, "-q", *options)["images"][0]["top"]
    return {answer["class"]: answer["score"] for answer in top}[0]


def test_squash_shows_the_whole_picture(case):
    model = red_or_green(case)
    for height, width in ((36, 36), (37, 37), (20, 96), (96, 20), (64, 64), (7, 9)):
        picture, pixels = framed(case, height, width, height // 7, width // 7, "framed.png")
        near(shown(case, model, picture, "--resize", "squash"), red_probability(pixels), 0.03)


def test_cover_shows_the_centre_of_the_whole_height_or_width(case):
    model = red_or_green(case)
    for height, width in ((36, 36), (36, 72), (72, 36), (64, 96)):
        picture, pixels = framed(case, height, width, 6, 6, "framed.png")
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        near(shown(case, model, picture, "--resize", "cover"),
             red_probability(pixels[top:top + side, left:left + side]), 0.03)


def test_a_short_side_shows_the_centre_as_training_saw_it(case):
    """Of 72 x 144 pixels brought to 36 x 72, the middle 32 x 32 are 64 x 64 of the picture: rows 4 on, columns 40 on."""
    model = red_or_green(case)
    picture, pixels = framed(case, 72, 144, 12, 60, "framed.png")
    near(shown(case, model, picture, "--resize", "36"), red_probability(pixels[4:68, 40:104]), 0.01)


def test_the_way_of_resizing_is_kept_in_the_packed_file(case):
    picture, pixels = framed(case, 36, 36, 5, 5, "framed.png")
    for model, options in ((red_or_green(case, metadata={"input.resize": "squash"}), []),
                           (red_or_green(case), ["--resize", "Squash"])):
        case.sned("pack", model, "-o", "packed.sned", "-q", *options)
        assert case.sned_json("inspect", "packed.sned")["input"]["resize"] == "squash"
        near(shown(case, "packed.sned", picture), red_probability(pixels), 0.03)
        case.sned("export", "packed.sned", "-o", "exported.onnx", "-q")
        near(shown(case, "exported.onnx", picture), red_probability(pixels), 0.03)
    case.sned("pack", red_or_green(case), "-o", "usual.sned", "-q")
    assert case.sned_json("inspect", "usual.sned")["input"]["resize"] == "auto"


def test_a_packed_file_keeps_its_way_of_resizing_and_a_side_must_cover_the_input(case):
    picture, _ = framed(case, 36, 36, 5, 5, "framed.png")
    model = red_or_green(case)
    case.sned("pack", model, "-o", "packed.sned", "-q")
    for options, what in ((["packed.sned", picture, "--resize", "cover"], "part of it"),
                          ([model, picture, "--resize", "31"], "leaves no centre of 32 x 32"),
                          ([model, picture, "--resize", "stretch"], "'stretch' is not squash, cover")):
        done = case.sned("run", *options, "-q", fails=2)
        assert done.stderr.count("\n") == 1 and what in done.stderr, done.stderr


def test_the_colour_order_is_read_in_any_case(case):
    model, gray = red_or_green(case), case.save(case.model([("Flatten", ["x"], ["y"], {})], x=["N", 1, 1, 2]))
    picture, pixels = framed(case, 32, 32, 9, 9, "framed.png")
    near(shown(case, model, picture, "--color", "rgb"), red_probability(pixels), 1e-4)
    near(shown(case, model, picture, "--color", "bgr"), red_probability(pixels[:, :, ::-1]), 1e-4)
    for word in ("gray", "Grey", "GRAYSCALE", "l", "L"):
        case.sned("run", gray, picture, "--color", word)
    assert "does not fit 3 channels" in case.sned("run", model, picture, "--color", "L", fails=2).stderr


def test_numbers_for_pixels_from_0_to_1_are_said_with_those_for_0_to_255(case):
    model = red_or_green(case)
    picture, _ = framed(case, 32, 32, 9, 9, "framed.png")
    imagenet = "0.485,0.456,0.406"
    for mean, scale, right in ((imagenet, "4.366812,4.464286,4.444444",  # 1 / std
                                "--mean 123.675,116.28,103.53 --scale 0.0171248,0.017507,0.0174292"),
                               (imagenet, "0.229,0.224,0.225",  # std
                                "--mean 123.675,116.28,103.53 --scale 0.0171248,0.017507,0.0174292"),
                               (imagenet, None, "--mean 123.675,116.28,103.53 --scale 0.00392157"),
                               (imagenet, "0.00392157", "--mean 123.675,116.28,103.53 --scale 0.00392157"),
                               ("0.5", "0.5", "--mean 127.5 --scale 0.00784314"),
                               ("0.5", "2", "--mean 127.5 --scale 0.00784314"),
                               ("0", "3.2", "--mean 0 --scale 0.012549"),
                               ("123.675", "58.395", "--mean 123.675 --scale 0.0171248")):
        options = ["--mean", mean] + (["--scale", scale] if scale else [])
        said = case.sned("run", model, picture, *options).stderr
        assert said.count("\n") == 1 and f"did you mean {right}?" in said, said
        metadata = {"input.mean": mean} | ({"input.scale": scale} if scale else {})
        said = case.sned("run", red_or_green(case, metadata=metadata), picture).stderr
        assert said.count("\n") == 1 and f"did you mean {right}?" in said, said


def test_numbers_for_pixels_from_0_to_255_are_taken_without_a_word(case):
    model = red_or_green(case)
    picture, _ = framed(case, 32, 32, 9, 9, "framed.png")
    for mean, scale in (("0", "0.00392157"), ("0", "1"), ("127.5", "0.00784314"), ("128", "0.0078125"), ("127", "1"),
                        ("123.675,116.28,103.53", "0.0171248,0.017507,0.0174292"), ("103.94,116.78,123.68", "0.017"),
                        ("33.3", "0.0127"), ("0", "0.0127")):
        said = case.sned("run", model, picture, "--mean", mean, "--scale", scale).stderr
        assert said == "", said


def test_inspect_says_what_to_give(case):
    metadata = {"input.mean": "1,2,3", "input.scale": "0.5", "input.color": "bgr", "input.resize": "40",
                "labels": "red,green"}
    model = red_or_green(case, metadata=metadata)
    case.sned("pack", model, "-o", "packed.sned", "-q")
    for path in (model, "packed.sned"):
        told = case.sned_json("inspect", path)
        assert told["input"] == {"kind": "pictures", "shape": [3, 32, 32], "named": True, "layout": "NCHW", "color": "BGR",
                                 "resize": "40", "label_offset": 0, "mean": [1, 2, 3], "scale": [0.5, 0.5, 0.5]}, told
        assert told["labels"] == ["red", "green"], told
        text = case.sned("inspect", path).stdout
        for part in ("pictures, 3 x 32 x 32 BGR", "mean 1,2,3; scale 0.5\n", "of another size: 40: ", "labels: red, green\n"):
            assert part in text, text


def test_inspect_says_that_nothing_names_the_preprocessing(case):
    model = red_or_green(case)
    assert case.sned_json("inspect", model)["input"]["named"] is False
    assert "the model names none. --mean, --scale" in case.sned("inspect", model).stdout


def test_pictures_without_labels_still_have_the_names_beside_them(case):
    for i in range(3):
        case.picture(numpy.full([32, 32, 3], 80 * i, "uint8"), f"loose/{i}.png")
    (case.folder / "loose/synset_words.txt").write_text("n00000001 red\nn00000002 green\n")
    case.sned("pack", red_or_green(case), "--data", "loose", "-o", "packed.sned", "-q")
    assert case.sned_json("inspect", "packed.sned")["labels"] == ["red", "green"]


# ---- many pictures ----

def folder_of_pictures(case):
    """Three pictures in class folders, and what else lies there; their paths as sned names them, in its order."""
    for name, color in (("red/2.png", 0), ("red/10.PNG", 0), ("green/1.png", 1)):
        pixels = numpy.zeros([8, 8, 3], "uint8")
        pixels[:, :, color] = 200
        case.picture(pixels, f"set/{name}")
    (case.folder / "set/notes.txt").write_text("not a picture")
    return ["set/green/1.png", "set/red/10.PNG", "set/red/2.png"]


def test_run_takes_a_folder(case):
    model, paths = red_or_green(case, 8), folder_of_pictures(case)
    for folder in ("set", "set/"):
        done = case.sned("run", model, folder, "--json")
        assert "1 of 4 files are left out" in done.stderr, done.stderr
        images = json.loads(done.stdout)["images"]
        assert [image["file"] for image in images] == paths, images
        assert [image["top"][0]["class"] for image in images] == [1, 0, 0], images
    text = case.sned("run", model, "set/green", "set/red/2.png").stdout
    assert text.index("set/green/1.png") < text.index("set/red/2.png"), text


def test_run_goes_on_over_pictures_that_are_none(case):
    model, paths = red_or_green(case, 8), folder_of_pictures(case)
    (case.folder / "set/green/0.png").write_bytes(b"no picture")
    for arguments, bad in ((["set"], "set/green/0.png"), ([paths[0], "nowhere.png", *paths[1:]], "nowhere.png")):
        done = case.sned("run", model, *arguments, "--json", "-q", fails=True)
        told = json.loads(done.stdout)
        assert [image["file"] for image in told["images"]] == paths, told
        assert [failure["file"] for failure in told["failed"]] == [bad] and told["failed"][0]["error"], told
        lines = done.stderr.splitlines()
        assert len(lines) == 2 and bad in lines[0] and "1 of 4 inputs could not be classified" in lines[1], lines
        text = case.sned("run", model, *arguments, "-q", fails=True).stdout
        assert [line for line in text.splitlines() if line.startswith("set/")] == paths, text
    assert case.sned_json("run", model, "set/red")["failed"] == []


def test_a_folder_without_pictures_is_an_error(case):
    (case.folder / "nothing").mkdir()
    case.sned_fails("nothing: no pictures", "run", red_or_green(case, 8), "nothing", "-q")


def test_scores_that_are_not_finite_are_no_answer(case):
    """An infinity from sums above 3.4e38, a NaN from the difference of two."""
    folder_of_pictures(case)
    for weights in ([[3e38, 0, 0], [0, 0, 0]], [[3e38, -3e38, 3e38], [0, 0, 0]]):
        constants = {"w": numpy.array(weights, "float32").reshape(2, 3, 1, 1)}
        model = case.save(case.model([("Conv", ["x", "w"], ["c"], {}), ("GlobalAveragePool", ["c"], ["p"], {}),
                                      ("Flatten", ["p"], ["y"], {})], x=["N", 3, 8, 8], constants=constants))
        case.sned_fails("set/red/2.png: .*not finite", "run", model, "set/red/2.png", "-q")
        case.sned_fails("not finite", "eval", model, "--data", "set", "-q")
        assert len(json.loads(case.sned("run", model, "set", "--json", "-q", fails=True).stdout)["failed"]) >= 2
