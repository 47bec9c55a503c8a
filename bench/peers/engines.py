"""engines.py - each engine that runs beside sned: how it makes its own files of a network, and how it runs one picture.

An engine is a class with a `name` and a `precision` ("float" or "int8"). `prepare` makes what it needs out of a network's folder
(network.py), once, by the engine's own tools. An object of it, made in a process of its own and held to some threads, takes a
picture by `set`, and `run` goes from that array of floats to scores in memory. What cannot be installed or cannot take a network
raises, and the table says why.
"""
import json
import os
import tempfile

import numpy

import network


class OnnxRuntime:
    """ONNX Runtime as it comes; its threads may spin while a run lasts and stop with it."""
    name, precision, file = "ONNX Runtime", "float", "float.onnx"

    @classmethod
    def version(cls):
        import onnxruntime
        return onnxruntime.__version__

    @classmethod
    def prepare(cls, folder):
        pass

    def __init__(self, folder, threads):
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.force_spinning_stop", "1")
        self.session = onnxruntime.InferenceSession(network.path(folder, self.file), options, providers=["CPUExecutionProvider"])
        self.input, self.output = self.session.get_inputs()[0].name, self.session.get_outputs()[0].name
        self.binding = self.session.io_binding()
        self.binding.bind_output(self.output)

    def set(self, picture):
        self.picture = numpy.array(picture)
        self.binding.bind_cpu_input(self.input, self.picture)

    def run(self):
        self.session.run_with_iobinding(self.binding)

    def scores(self):
        return self.binding.copy_outputs_to_cpu()[0]


class OnnxRuntimeInt8(OnnxRuntime):
    """Quantised by ONNX Runtime's own static quantisation: QDQ, weights signed and by channel, activations as the subclass says."""
    precision = "int8"

    @classmethod
    def prepare(cls, folder):
        from onnxruntime import quantization
        from onnxruntime.quantization.shape_inference import quant_pre_process
        out = network.path(folder, cls.file)
        if os.path.exists(out):
            return
        plain = network.path(folder, "ort-preprocessed.onnx")
        quant_pre_process(network.path(folder, "float.onnx"), plain)
        name = network.input_name(folder)

        class Reader(quantization.CalibrationDataReader):
            def __init__(self):
                self.pictures = iter(network.calibration(folder))

            def get_next(self):
                picture = next(self.pictures, None)
                return None if picture is None else {name: picture[None]}

        activations = quantization.QuantType.QUInt8 if cls.unsigned else quantization.QuantType.QInt8
        quantization.quantize_static(plain, out + ".new", Reader(), quant_format=quantization.QuantFormat.QDQ, per_channel=True,
                                     activation_type=activations, weight_type=quantization.QuantType.QInt8)
        os.remove(plain)
        os.rename(out + ".new", out)


class OnnxRuntimeU8S8(OnnxRuntimeInt8):
    name, file, unsigned = "ONNX Runtime u8s8", "ort-u8s8.onnx", True


class OnnxRuntimeS8S8(OnnxRuntimeInt8):
    name, file, unsigned = "ONNX Runtime s8s8", "ort-s8s8.onnx", False


class OpenVino:
    name, precision, file = "OpenVINO", "float", "float.onnx"

    @classmethod
    def version(cls):
        import openvino
        return openvino.__version__.split("-")[0]

    @classmethod
    def prepare(cls, folder):
        pass

    def __init__(self, folder, threads):
        import openvino
        compiled = openvino.Core().compile_model(network.path(folder, self.file), "CPU", {
            "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"})
        self.request = compiled.create_infer_request()
        self.openvino = openvino

    def set(self, picture):
        self.picture = numpy.array(picture)
        self.request.set_input_tensor(self.openvino.Tensor(self.picture, shared_memory=True))

    def run(self):
        self.request.infer()

    def scores(self):
        return self.request.get_output_tensor(0).data.copy()


class OpenVinoInt8(OpenVino):
    """Quantised by NNCF, OpenVINO's own."""
    precision, file = "int8", "openvino-int8.xml"

    @classmethod
    def prepare(cls, folder):
        import nncf
        import openvino
        out = network.path(folder, cls.file)
        if os.path.exists(out):
            return
        pictures = numpy.array(network.calibration(folder))
        quantized = nncf.quantize(openvino.convert_model(network.path(folder, "float.onnx")),
                                  nncf.Dataset([picture[None] for picture in pictures]), subset_size=len(pictures))
        openvino.save_model(quantized, out)


class Torch:
    """PyTorch as most take it to a CPU: traced, frozen and optimised for inference."""
    name, precision = "PyTorch", "float"

    @classmethod
    def version(cls):
        import torch
        return torch.__version__.split("+")[0]

    @classmethod
    def prepare(cls, folder):
        pass

    def __init__(self, folder, threads):
        import torch
        import torch_network
        torch.set_num_threads(threads)
        torch.set_grad_enabled(False)
        self.torch = torch
        module = torch_network.Network(network.path(folder, "float.onnx")).eval()
        traced = torch.jit.trace(module, torch.zeros(1, *network.input_shape(folder)), check_trace=False)
        self.module = torch.jit.optimize_for_inference(torch.jit.freeze(traced))

    def set(self, picture):
        self.picture = self.torch.from_numpy(numpy.array(picture))

    def run(self):
        self.answer = self.module(self.picture)

    def scores(self):
        return self.answer.numpy()


class Ncnn:
    """Converted by pnnx; weights in float32."""
    name, precision = "ncnn", "float"

    @classmethod
    def version(cls):
        import ncnn
        return ncnn.__version__

    @classmethod
    def prepare(cls, folder):
        import subprocess
        import sys
        if os.path.exists(network.path(folder, "ncnn.bin")):
            return
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            os.symlink(os.path.abspath(network.path(folder, "float.onnx")), os.path.join(scratch, "float.onnx"))
            shape = ",".join(str(size) for size in [1, *network.input_shape(folder)])
            subprocess.run([os.path.join(os.path.dirname(sys.executable), "pnnx"), "float.onnx", f"inputshape=[{shape}]f32", "fp16=0"],
                           cwd=scratch, check=True, stdout=2)
            for kind in ("param", "bin"):
                os.rename(os.path.join(scratch, "float.ncnn." + kind), network.path(folder, "ncnn." + kind))

    def __init__(self, folder, threads):
        import ncnn
        self.ncnn, self.net = ncnn, ncnn.Net()
        self.net.opt.num_threads = threads
        self.net.opt.use_vulkan_compute = False
        for kind in ("fp16_packed", "fp16_storage", "fp16_arithmetic", "bf16_storage"):
            setattr(self.net.opt, "use_" + kind, False)
        if self.net.load_param(network.path(folder, "ncnn.param")) or self.net.load_model(network.path(folder, "ncnn.bin")):
            raise RuntimeError("ncnn does not load what pnnx, its converter, made of it")

    def set(self, picture):
        self.picture = numpy.array(picture[0])
        self.mat = self.ncnn.Mat(self.picture)

    def run(self):
        extractor = self.net.create_extractor()
        extractor.input("in0", self.mat)
        status, self.answer = extractor.extract("out0")
        if status:
            raise RuntimeError("ncnn does not run what pnnx made")

    def scores(self):
        return numpy.array(self.answer)


class Mnn:
    """Converted by MNN's converter: called as the library function that it is, since the command around it reports to its maker
    over the network, and installs what it needs for that."""
    name, precision, file = "MNN", "float", "mnn.mnn"

    @classmethod
    def version(cls):
        import MNN
        return MNN.version()

    @classmethod
    def convert(cls, folder, out):
        import _tools
        _tools.mnnconvert(["mnnconvert", "-f", "ONNX", "--modelFile", network.path(folder, "float.onnx"), "--MNNModel", out,
                           "--bizCode", "bench"])
        if not os.path.exists(out):
            raise RuntimeError("MNN's converter wrote nothing")

    @classmethod
    def prepare(cls, folder):
        if not os.path.exists(network.path(folder, cls.file)):
            cls.convert(folder, network.path(folder, cls.file))

    def __init__(self, folder, threads):
        import MNN
        self.MNN, self.shape = MNN, (1, *network.input_shape(folder))
        self.interpreter = MNN.Interpreter(network.path(folder, self.file))
        self.session = self.interpreter.createSession({"numThread": threads, "backend": "CPU", "precision": "high"})
        self.input = self.interpreter.getSessionInput(self.session)
        self.output = self.interpreter.getSessionOutput(self.session)

    def set(self, picture):
        self.picture = numpy.array(picture)
        self.tensor = self.MNN.Tensor(self.shape, self.MNN.Halide_Type_Float, self.picture, self.MNN.Tensor_DimensionType_Caffe)

    def run(self):
        self.input.copyFrom(self.tensor)
        self.interpreter.runSession(self.session)

    def scores(self):
        shape = self.output.getShape()
        out = self.MNN.Tensor(shape, self.MNN.Halide_Type_Float, numpy.zeros(shape, numpy.float32),
                              self.MNN.Tensor_DimensionType_Caffe)
        self.output.copyToHostTensor(out)
        return numpy.array(out.getNumpyData())


class MnnInt8(Mnn):
    """Quantised by MNN's own tool from the same pictures; it takes them as text."""
    precision, file = "int8", "mnn-int8.mnn"
    PICTURES = 16

    @classmethod
    def prepare(cls, folder):
        import _tools
        out = network.path(folder, cls.file)
        if os.path.exists(out):
            return
        name = network.input_name(folder)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            plain, samples, settings = (os.path.join(scratch, entry) for entry in ("plain.mnn", "samples", "settings.json"))
            cls.convert(folder, plain)
            for i, picture in enumerate(network.calibration(folder)[:cls.PICTURES]):
                os.makedirs(os.path.join(samples, str(i)))
                picture.tofile(os.path.join(samples, str(i), name + ".txt"), sep=" ", format="%.6g")
                with open(os.path.join(samples, str(i), "input.json"), "w") as file:
                    json.dump({"inputs": [{"name": name, "shape": [1, *picture.shape]}], "outputs": []}, file)
            with open(settings, "w") as file:
                json.dump({"input_type": "sequence", "path": samples + "/", "used_sample_num": cls.PICTURES, "batch_size": 1,
                           "feature_quantize_method": "KL", "weight_quantize_method": "MAX_ABS", "quant_bits": 8}, file)
            _tools.mnnquant(["mnnquant", plain, out, settings])
        if not os.path.exists(out):
            raise RuntimeError("MNN's quantiser wrote nothing")


class LiteRt:
    """Converted by way of PyTorch; run by XNNPACK."""
    name, precision, file = "LiteRT", "float", "litert.tflite"

    @classmethod
    def version(cls):
        import importlib.metadata
        return importlib.metadata.version("ai-edge-litert")

    @classmethod
    def prepare(cls, folder):
        import litert_torch
        import torch
        import torch_network
        if not os.path.exists(network.path(folder, "litert.tflite")):
            module = torch_network.Network(network.path(folder, "float.onnx")).eval()
            litert_torch.convert(module, (torch.zeros(1, *network.input_shape(folder)),)).export(network.path(folder, "litert.tflite"))

    def __init__(self, folder, threads):
        from ai_edge_litert import interpreter
        self.interpreter = interpreter.Interpreter(network.path(folder, self.file), num_threads=threads)
        self.interpreter.allocate_tensors()
        self.input = self.interpreter.get_input_details()[0]["index"]
        self.output = self.interpreter.get_output_details()[0]["index"]

    def set(self, picture):
        self.picture = numpy.array(picture)

    def run(self):
        self.interpreter.set_tensor(self.input, self.picture)
        self.interpreter.invoke()

    def scores(self):
        return self.interpreter.get_tensor(self.output)


class LiteRtInt8(LiteRt):
    """Quantised by LiteRT's own quantiser, weights and activations; floats go in and come out, as with the others."""
    precision, file = "int8", "litert-int8.tflite"

    @classmethod
    def prepare(cls, folder):
        from ai_edge_litert import interpreter
        from ai_edge_quantizer import algorithm_manager, qtyping, quantizer, recipe, recipe_manager
        out = network.path(folder, cls.file)
        if os.path.exists(out):
            return
        super().prepare(folder)
        plain = network.path(folder, "litert.tflite")
        signature, tensors = next(iter(interpreter.Interpreter(plain).get_signature_list().items()))
        rules = recipe_manager.RecipeManager()
        rules.load_quantization_recipe(recipe.static_wi8_ai8())
        for end in (qtyping.TFLOperationName.INPUT, qtyping.TFLOperationName.OUTPUT):
            rules.add_quantization_config(regex=".*", operation_name=end, algorithm_key=algorithm_manager.AlgorithmName.NO_QUANTIZE)
        tool = quantizer.Quantizer(plain, rules.get_quantization_recipe())
        scales = tool.calibrate({signature: [{tensors["inputs"][0]: numpy.array(picture[None])} for picture in network.calibration(folder)]})
        tool.quantize(scales).export_model(out, overwrite=True)


ENGINES = {
    "ort": OnnxRuntime, "ort-u8s8": OnnxRuntimeU8S8, "ort-s8s8": OnnxRuntimeS8S8, "openvino": OpenVino,
    "openvino-int8": OpenVinoInt8, "ncnn": Ncnn, "mnn": Mnn, "mnn-int8": MnnInt8, "litert": LiteRt,
    "litert-int8": LiteRtInt8, "torch": Torch}

# What an engine has, but not for this benchmark, and why: said in the table.
NOT_REACHED = {
    "ncnn int8": "its tools that quantise (ncnn2table, ncnn2int8) are not in its packages on PyPI",
    "PyTorch int8": "its quantisation for x86 (torchao, through Inductor) compiles C++ at run time",
}
