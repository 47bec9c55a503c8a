"""values.py - NumPy's arrays as data and as inputs, and what a network gives, as it is, in a file of NumPy's.

The data of a case are random numbers, its labels the classes that the reference evaluator finds.
"""
import numpy
import onnx

from case import near


def vectors(case, size=8, classes=3, opset=13):
    return case.model([("Gemm", ["x", "a", "b"], ["h"], {"transB": 1}), ("Relu", ["h"], ["r"], {}),
                       ("Gemm", ["r", "c"], ["y"], {"transB": 1})], x=["N", size],
                      constants={"a": case.weights(16, size), "b": case.weights(16), "c": 2 * case.weights(classes, 16)})


def planes(case, channels=6, size=8, classes=3, metadata=None):
    return case.model([("Conv", ["x", "w"], ["c"], {"pads": [1, 1, 1, 1]}), ("Relu", ["c"], ["r"], {}),
                       ("Flatten", ["r"], ["f"], {}), ("Gemm", ["f", "g"], ["y"], {"transB": 1})],
                      x=["N", channels, size, size],
                      constants={"w": case.weights(4, channels, 3, 3), "g": 3 * case.weights(classes, 4 * size * size)},
                      metadata=metadata)


def series(case, channels=5, length=20, classes=3):
    return case.model([("Conv", ["x", "w"], ["c"], {"pads": [1, 1]}), ("Relu", ["c"], ["r"], {}),
                       ("Flatten", ["r"], ["f"], {}), ("Gemm", ["f", "g"], ["y"], {"transB": 1})],
                      x=["N", channels, length],
                      constants={"w": case.weights(4, channels, 3), "g": 3 * case.weights(classes, 4 * length)})


def put(case, name, array):
    numpy.save(case.folder / name, array)
    return name


def put_samples(case, model, count=200):
    """x.npy, y.npy and a.npz of them; samples and the scores of the reference evaluator."""
    x = case.values(model, count)
    scores = case.reference(model, x)
    labels = scores.argmax(1)
    put(case, "x.npy", x)
    put(case, "y.npy", labels)
    numpy.savez(case.folder / "a.npz", x=x, y=labels.astype("uint8"))
    return x, scores


def test_networks_of_values_run_pack_and_are_measured(case):
    for make in (vectors, planes, series, lambda c: vectors(c, size=3)):
        model = make(case)
        path = case.save(model)
        _, scores = put_samples(case, model)
        images = case.sned_json("run", path, "x.npy", "--raw", "raw.npz", "-q")["images"]
        assert [image["file"] for image in images] == [f"x.npy[{i}]" for i in range(200)]
        assert [image["top"][0]["class"] for image in images] == list(scores.argmax(1))
        raw = numpy.load(case.folder / "raw.npz")
        assert raw.files == ["y", "files"] and list(raw["files"][:2]) == ["x.npy[0]", "x.npy[1]"]
        near(raw["y"], scores, 1e-4)
        for data in ("x.npy:y.npy", "a.npz", "a.npz:x,y"):
            said = case.sned_json("eval", path, "--data", data, "-q")
            assert said["top1"] == 100 and said["images"] == 200, said
        packed = case.sned_json("pack", path, "--data", "a.npz", "-o", "net.sned", "-q")
        assert packed["top1_after"] > 95, packed
        assert case.sned_json("eval", "net.sned", "--data", "a.npz", "-q")["top1"] == packed["top1_after"]
        # Labelled, the answers stay; where nothing says that they are classes, the numbers do.
        case.sned("pack", path, "--data", "x.npy", "-o", "unlabelled.sned", "-q")
        case.sned("run", "unlabelled.sned", "a.npz:x", "--raw", "raw.npy", "-q")
        got = numpy.load(case.folder / "raw.npy")
        assert got.shape == scores.shape and abs(got - scores).max() < 0.05 * abs(scores).max()
        case.sned("pack", path, "-o", "noise.sned", "-q")
        case.sned("bench", "noise.sned", "--runs", "2", "-q")
        assert case.sned_json("eval", "noise.sned", "--data", "a.npz", "-q")["top1"] > 80


def test_a_network_is_trained_and_compressed_on_values(case):
    """Two rings in 8 dimensions, which no plane parts."""
    x = case.random.standard_normal([1200, 8]).astype("float32")
    labels = (numpy.linalg.norm(x, axis=1) > 2.7).astype("int64")
    x *= numpy.where(labels, 1.3, 0.7)[:, None].astype("float32")
    names = {"x_train": x[:1000], "y_train": labels[:1000], "x_test": x[1000:], "y_test": labels[1000:]}
    for name, array in names.items():
        put(case, name + ".npy", array)
    numpy.savez_compressed(case.folder / "a.npz", **names)
    path = case.save(vectors(case, classes=2))
    options = ("--epochs", "60", "--rate", "0.05", "--decay", "0", "-q")
    trained = case.sned_json("train", path, "--data", "a.npz", "-o", "trained.onnx", *options)
    assert trained["top1"] > 85, trained
    case.sned("train", path, "--data", ".", "-o", "again.onnx", *options)
    assert (case.folder / "trained.onnx").read_bytes() == (case.folder / "again.onnx").read_bytes()
    (case.folder / "r.yaml").write_text("method: paper\nmax_drop: 5\nretrain:\n  epochs: 1\nsearch:\n  rounds: 1\nfinish:\n  epochs: 1\n"
                                        "quantize:\n  epochs: 1\n")
    small = case.sned_json("compress", "trained.onnx", "--data", "a.npz", "--recipe", "r.yaml", "-o", "net.sned", "-q")
    assert small["top1_after"] > 75 and small["accuracy_on"] == "test", small
    said = case.sned("train", path, "--data", "a.npz", "-o", "t.onnx", "--flip", "-q", fails=2).stderr
    assert "flip and shift move pictures" in said, said


def test_values_are_not_normalised_again(case):
    model = planes(case, channels=3, metadata={"input.color": "RGB", "input.mean": "120", "input.scale": ".02"})
    path = case.save(model)
    _, scores = put_samples(case, model, 20)
    said = case.sned("run", path, "x.npy", "--raw", "raw.npz").stderr
    assert "mean and scale are for pixels" in said, said
    near(numpy.load(case.folder / "raw.npz")["y"], scores, 1e-4)
    assert case.sned_json("eval", path, "--data", "a.npz", "-q")["top1"] == 100
    put(case, "bytes.npy", 100 * case.values(model, 20))
    said = case.sned("run", path, "bytes.npy").stderr
    assert "by the network's mean and scale pixels become -2.4 to 2.7: were they made otherwise?" in said, said


def test_values_for_a_network_of_no_preprocessing_set_their_own_scale(case):
    """Its input is not taken to be pixels from 0 to 255, of which values near 1 would leave nothing."""
    model = planes(case, channels=3)
    path = case.save(model)
    put_samples(case, model)
    packed = case.sned_json("pack", path, "--data", "a.npz", "-o", "net.sned", "-q")
    assert packed["top1_after"] > 95, packed


def test_bytes_are_pictures_where_the_network_takes_them(case):
    """Any order of axes gives what the same picture in a file gives, and what the reference evaluator does."""
    mean, scale = numpy.array([120, 110, 100], "float32"), numpy.array([0.02, 0.03, 0.01], "float32")
    model = planes(case, channels=3, metadata={"input.color": "RGB", "input.mean": "120,110,100",
                                               "input.scale": ".02,.03,.01"})
    path = case.save(model)
    pixels = case.random.integers(0, 256, [5, 8, 8, 3], dtype="uint8")
    scores = case.reference(model, ((pixels - mean) * scale).transpose(0, 3, 1, 2).astype("float32"))
    files = [case.picture(picture, f"{i}.png").name for i, picture in enumerate(pixels)]
    put(case, "last.npy", pixels)
    put(case, "first.npy", numpy.ascontiguousarray(pixels.transpose(0, 3, 1, 2)))
    case.sned("run", path, *files, "--raw", "files.npz", "-q")
    assert list(numpy.load(case.folder / "files.npz")["files"]) == files
    for name in ("last.npy", "first.npy"):
        case.sned("run", path, name, "--raw", "arrays.npz", "-q")
        for raw in ("files.npz", "arrays.npz"):
            near(numpy.load(case.folder / raw)["y"], scores, 1e-4)


def test_raw_has_the_outputs_shape_and_the_same_bytes_each_time(case):
    model = case.model([("Conv", ["x", "w"], ["y"], {})], x=["N", 6, 4, 5], constants={"w": case.weights(2, 6, 1, 1)})
    path = case.save(model)
    x = case.values(model, 7)
    put(case, "x.npy", x)
    for name in ("one.npz", "two.npz"):
        case.sned("run", path, "x.npy", "--raw", name, "-q")
    got = numpy.load(case.folder / "one.npz")["y"]
    assert got.shape == (7, 2, 4, 5)
    near(got, case.reference(model, x), 1e-4)
    assert (case.folder / "one.npz").read_bytes() == (case.folder / "two.npz").read_bytes()


def test_raw_says_which_inputs_there_are_where_some_fail(case):
    model = planes(case, channels=3)
    path = case.save(model)
    case.picture(numpy.zeros([8, 8, 3], "uint8"), "good.png")
    (case.folder / "bad.png").write_bytes(b"no picture")
    case.sned("run", path, "bad.png", "good.png", "--raw", "raw.npz", "-q", fails=True)
    assert list(numpy.load(case.folder / "raw.npz")["files"]) == ["good.png"]
    said = case.sned("run", path, "bad.png", "good.png", "--raw", "raw.npy", "-q", fails=True).stderr
    assert "so without raw.npy" in said and not (case.folder / "raw.npy").exists(), said
    case.sned("run", path, "good.png", "--raw", "raw.txt", "-q", fails=2)
    put(case, "x.npy", numpy.zeros([1, 3, 8, 8], "float32"))
    said = case.sned("run", path, "x.npy", "--raw", "x.npy", "-q", fails=2).stderr
    assert "x.npy would be written over" in said, said


def test_what_does_not_fit_is_one_line(case):
    model = planes(case)
    path = case.save(model)
    x, _ = put_samples(case, model, 4)
    case.sned_fails(r"x\.npy: has no labels; name them behind it", "eval", path, "--data", "x.npy", "-q")
    case.sned_fails(r"x\.npy: has no labels", "train", path, "--data", "x.npy", "-o", "t.onnx", "-q")
    put(case, "turned.npy", numpy.ascontiguousarray(x.transpose(0, 2, 3, 1)))
    case.sned_fails(r"a sample is \[8\]\[8\]\[6\].*transpose\(0, 3, 1, 2\)", "run", path, "turned.npy", "-q")
    put(case, "fortran.npy", numpy.asfortranarray(x))
    case.sned_fails("ascontiguousarray", "run", path, "fortran.npy", "-q")
    put(case, "big.npy", x.astype(">f4"))
    case.sned_fails("big-endian.*ascontiguousarray", "run", path, "big.npy", "-q")
    numpy.save(case.folder / "objects.npy", numpy.array([{}], object), allow_pickle=True)
    case.sned_fails("Python objects", "run", path, "objects.npy", "-q")
    x[2, 0, 0, 1] = numpy.nan
    put(case, "nan.npy", x)
    case.sned_fails(r"nan\.npy\[2\]: value 1 of the sample is no number", "run", path, "nan.npy", "-q")
    case.sned_fails(r"nan\.npy\[2\]", "pack", path, "--data", "nan.npy", "-o", "net.sned", "-q")
    case.picture(numpy.zeros([8, 8, 3], "uint8"), "p.png")
    case.sned_fails("takes no pictures", "run", path, "p.png", "-q")
    case.sned("eval", path, "--data", "a.npz", "--mean", "3", "-q", fails=2)
    pictures = case.save(planes(case, channels=3))
    put(case, "x.npy", numpy.zeros([4, 3, 8, 8], "float32"))
    case.sned_fails("values, which are no pictures", "data", "pictures", pictures, "--data", "x.npy:y.npy", "-o", "out", "-q")


def test_nothing_is_written_over_weights_beside_the_model(case):
    """PyTorch's model.onnx.data, or a link to it, as --output or --raw."""
    model = case.model([("Gemm", ["x", "w"], ["y"], {})], x=["N", 6], constants={"w": case.weights(6, 4)})
    onnx.external_data_helper.convert_model_to_external_data(model, location="net.npz", size_threshold=0)
    onnx.save(model, str(case.folder / "net.onnx"))
    weights = (case.folder / "net.npz").read_bytes()
    (case.folder / "link.npz").symlink_to("net.npz")
    numpy.save(case.folder / "x.npy", numpy.zeros((3, 6), "float32"))
    for name in ("net.npz", "link.npz"):
        for arguments in (["pack", "net.onnx", "-o", name], ["run", "net.onnx", "x.npy", "--raw", name]):
            said = case.sned(*arguments, "-q", fails=2).stderr
            assert "its data lies in 'net.npz', which would be written over" in said and said.count("\n") == 1, said
    assert (case.folder / "net.npz").read_bytes() == weights
    case.sned("pack", "net.onnx", "-o", "net.sned", "-q")
