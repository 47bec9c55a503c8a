#!/usr/bin/env python3
"""A second decoder of .sned files, written from docs/format.md alone: decode_sned.py FILE prints what is in it.

It shares no code with libsned and needs only Python's standard library, so that a test which compares the two
(test_decoder.c) tests the document as well as the code. One JSON object a line: the network, then each node.
As a module it hands over the network whole: decode(), of which execute_sned.py runs what it returns.
"""
import functools
import itertools
import json
import pathlib
import struct
import sys
import zlib

import decode_mixed

MASK = (1 << 64) - 1
PRIMES = (11400714785074694791, 14029467366897019727, 1609587929392839161, 9650029242287828579, 2870177450012600261)


def rotate(value, count):
    return ((value << count) | (value >> (64 - count))) & MASK


def xxh64(data):
    """XXH64 with seed 0, as the xxHash specification describes it."""
    p1, p2, p3, p4, p5 = PRIMES

    def mix(lane, word):
        return rotate((lane + word * p2) & MASK, 31) * p1 & MASK

    at = 0
    if len(data) >= 32:
        lanes = [(p1 + p2) & MASK, p2, 0, -p1 & MASK]
        while len(data) - at >= 32:
            words = struct.unpack_from("<4Q", data, at)
            lanes = [mix(lane, word) for lane, word in zip(lanes, words)]
            at += 32
        total = sum(rotate(lane, count) for lane, count in zip(lanes, (1, 7, 12, 18))) & MASK
        for lane in lanes:
            total = ((total ^ mix(0, lane)) * p1 + p4) & MASK
    else:
        total = p5
    total = (total + len(data)) & MASK
    while len(data) - at >= 8:
        total = (rotate(total ^ mix(0, struct.unpack_from("<Q", data, at)[0]), 27) * p1 + p4) & MASK
        at += 8
    if len(data) - at >= 4:
        total = (rotate(total ^ (struct.unpack_from("<I", data, at)[0] * p1 & MASK), 23) * p2 + p3) & MASK
        at += 4
    for byte in data[at:]:
        total = rotate(total ^ (byte * p5 & MASK), 11) * p1 & MASK
    total = (total ^ (total >> 33)) * p2 & MASK
    total = (total ^ (total >> 29)) * p3 & MASK
    return total ^ (total >> 32)


def need(condition, what):
    if not condition:
        raise ValueError(what)


class Reader:
    """The fields of "Notation"."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def bytes(self, size):
        need(size <= len(self.data) - self.at, "truncated")
        self.at += size
        return self.data[self.at - size:self.at]

    def number(self, code):
        return struct.unpack("<" + code, self.bytes(struct.calcsize(code)))[0]

    def u8(self):
        return self.number("B")

    def varint(self):
        value = 0
        for i in range(10):
            byte = self.u8()
            value |= (byte & 127) << (7 * i)
            if byte < 128:
                need((byte or i == 0) and value <= MASK, "a varint in a longer form than needed")
                return value
        raise ValueError("a varint of more than ten bytes")

    def zigzag(self):
        value = self.varint()
        return -(value + 1) // 2 if value & 1 else value // 2

    def varints(self, count):
        return [self.varint() for _ in range(count)]

    def string(self):
        return self.bytes(self.varint()).decode("utf-8")

    def float_bits(self):
        """An f32 as the integer of its bits, which compares exactly."""
        return self.number("I")

    def scalings(self, count):
        if count == 0:
            return []
        base, width = self.u8(), self.u8()
        multiplier_bits = 16 if base & 64 else 15
        size = count * (multiplier_bits + width)
        bits = int.from_bytes(self.bytes((size + 7) // 8), "little")
        need(base < 128 and width <= 6 and bits >> size == 0, "scalings")
        result = []
        for _ in range(count):
            multiplier = bits & ((1 << multiplier_bits) - 1)
            bits >>= multiplier_bits
            shift = (base & 63) + (bits & ((1 << width) - 1))
            bits >>= width
            result.append((multiplier if base & 64 else multiplier + 32768, shift))
        return result

    def done(self):
        need(self.at == len(self.data), "bytes left over")


# ---- the file ----

def sections(data):
    reader = Reader(data)
    need(reader.bytes(6) == b"\x89SNED\n", "not a .sned file")
    need(reader.u8() == 1, "another major version")
    minor = reader.u8()
    table = [(reader.u8(), reader.varint(), reader.number("Q")) for _ in range(reader.u8())]
    head = data[:reader.at]
    need(reader.number("Q") == xxh64(head), "the table's checksum")
    kinds = [kind for kind, _, _ in table]
    need(kinds == sorted(set(kinds)), "the order of the sections")
    found = {}
    for kind, size, checksum in table:
        found[kind] = reader.bytes(size)
        need(xxh64(found[kind]) == checksum, "a section's checksum")
        need(kind in (1, 2, 3, 4, 5) or kind >= 128, "an unknown section that is required")
    reader.done()
    need(minor >= 1 or 130 not in found, "a section of 1.1 in a file of 1.0")
    need(minor >= 2 or not {3, 4} & set(found), "a section of 1.2 in an older file")
    need(minor >= 3 or 5 not in found, "a section of 1.3 in an older file")
    need(5 not in found or not {1, 3, 4, 128, 129, 130} & set(found), "a section besides MIXED")
    return found


# ---- GRAPH ----

OPERATORS = [None, "Conv", "Gemm", "Relu", "Clip", "LeakyRelu", "MaxPool", "AveragePool", "GlobalAveragePool", "LRN",
             "Add", "Mul", "Concat", "Slice", "Pad", "Flatten", "Reshape", "Transpose", "Softmax",
             "Sigmoid", "LogSoftmax", "Split", "DepthToSpace", "HardSwish"]
RANGES = [(0, 0), (0, 255), (-128, 127), (-32768, 32767)]
BIAS, CEIL_MODE, INCLUDE_PADS = 1, 4, 8


def window(reader):
    """[kernel h, w, stride, stride, dilation, dilation, top, left, bottom, right]"""
    bits = reader.u8()
    need(bits < 32 and bits & 24 != 24, "a window")
    kernel = reader.varints(2) if bits & 1 else reader.varints(1) * 2
    strides = reader.varints(2) if bits & 2 else [1, 1]
    dilations = reader.varints(2) if bits & 4 else [1, 1]
    pads = reader.varints(4) if bits & 8 else reader.varints(1) * 4 if bits & 16 else [0] * 4
    return kernel + strides + dilations + pads


def attributes(reader, op, outputs):
    if op == "Conv":
        return window(reader) + reader.varints(3)  # groups, K, C
    if op == "Gemm":
        return reader.varints(2)  # K, C
    if op in ("MaxPool", "AveragePool"):
        return window(reader)
    if op == "DepthToSpace":
        return reader.varints(2)  # block, mode
    if op == "LRN":
        return [reader.varint(), reader.float_bits(), reader.float_bits(), reader.float_bits()]
    if op in ("Concat", "Flatten", "Softmax", "LogSoftmax"):
        return [reader.zigzag()]
    if op == "Split":
        return [reader.zigzag()] + reader.varints(outputs)  # axis, sizes
    if op in ("Slice", "Pad", "Reshape", "Transpose"):
        return reader.varints(reader.u8() * {"Slice": 3, "Pad": 2}.get(op, 1))
    return []


def node(reader, quantizations):
    """The next node; `quantizations` has those of the activations before it, by number, and gets its own."""
    op = OPERATORS[reader.u8()]
    flags = reader.number("H")
    need(flags < 1 << 13, "flags")
    name = reader.string()
    count = reader.varint() if op == "Concat" else 2 if op in ("Add", "Mul") else 1
    inputs = [from_back(back, len(quantizations)) for back in reader.varints(count)]
    outputs = reader.varint() if op == "Split" else 1
    need(1 <= outputs <= 65536, "the number of outputs")
    made = {"name": name, "op": op, "inputs": inputs, "outputs": outputs, "attributes": attributes(reader, op, outputs)}
    fused = flags >> 5 & 3
    made["fused"] = [fused] + [reader.float_bits() for _ in range((0, 0, 2, 1)[fused])]
    code = flags & 7
    need(code <= 4, "a quantization")
    if code == 4:
        quantization = quantizations[inputs[0]]
    else:
        quantization = (code, reader.float_bits() if code else 0)
    quantizations += [quantization] * outputs
    made["quantization"] = list(quantization)
    low, high = RANGES[quantization[0]]
    clamp = flags >> 3 & 3
    need(clamp < 3, "a clamp")
    made["clamp"] = ([0 if fused == 1 else low, high], None, [0, 0])[clamp] or [reader.zigzag(), reader.zigzag()]
    made["slope"] = reader.number("H") if flags & 128 else 0
    made["scalings"] = reader.scalings(reader.varint()) if flags & 256 else []
    made["counts"] = list(itertools.accumulate(reader.varints(len(made["scalings"]) if flags & 1024 else 0)))
    made["bits"] = flags >> 9 & 13  # BIAS, CEIL_MODE, INCLUDE_PADS
    return made


def from_back(back, count):
    """The number of an activation, of `count` that there are."""
    need(back < count, "an activation before the first")
    return count - 1 - back


def activation(reader):
    """Name, shape and quantization of one that no node makes."""
    made = {"name": reader.string(), "shape": reader.varints(reader.u8() - 1)}
    code = reader.u8()
    need(code < 4, "a quantization")
    made["quantization"] = [code, reader.float_bits() if code else 0]
    return made


def graph(data, state_data):
    reader = Reader(data)
    made = {"name": reader.string()}
    given = activation(reader)
    made["input"] = given.pop("name")
    made.update(given)
    made["image"] = []
    if reader.u8():
        made["image"].append(reader.string())
        for _ in range(min(made["shape"][0], 4)):
            made["image"] += [reader.float_bits(), reader.float_bits(), reader.zigzag(), reader.zigzag(), reader.u8()]
    made["label offset"] = reader.zigzag()
    made["states"] = states(state_data) if state_data else []
    quantizations = [tuple(of["quantization"]) for of in [made] + made["states"]]
    made["output"] = reader.string()
    back, count = reader.varint(), reader.varint()
    nodes = [node(reader, quantizations) for _ in range(count)]
    reader.done()
    need(len({n["name"] for n in nodes} - {""}) == count, "the nodes' names")
    made["activations"] = len(quantizations)
    made["result"] = from_back(back, len(quantizations))
    for state in made["states"]:
        state["next"] = from_back(state["next"], len(quantizations))
    return made, nodes


# ---- STATES, OUTPUTS ----

def states(data):
    """Each with `next`, the activation that it becomes, as a distance back."""
    reader = Reader(data)
    found = []
    for _ in range(reader.varint()):
        found.append(activation(reader))
        found[-1]["next"] = reader.varint()
    reader.done()
    need(1 <= len(found) <= 64, "the number of states")
    return found


def outputs(data, made):
    """[name, activation] of each output, the first included."""
    reader = Reader(data)
    found = [[made["output"], made["result"]]]
    for _ in range(reader.varint()):
        found.append([reader.string(), from_back(reader.varint(), made["activations"])])
    reader.done()
    need(2 <= len(found) <= 64, "the number of outputs")
    need(all(len({output[i] for output in found}) == len(found) for i in (0, 1)), "an output that is there twice")
    need(all(number > len(made["states"]) for _, number in found), "an output that no node makes")
    return found


# ---- WEIGHTS ----

def dense8(stream, shape, weights):
    need(len(stream) == len(weights), "dense8")
    weights[:] = struct.unpack("%db" % len(stream), stream)


def ccoo16(stream, shape, weights):
    _, _, rows, columns = shape
    a_count, b_count, kernel = 16 // rows, 16 // columns, 0
    for low, value in struct.iter_unpack("<Bb", stream):
        if value == 0:
            kernel += low + 1
            continue
        a, row = divmod(low >> 4, rows)
        b, column = divmod(low & 15, columns)
        need(a < a_count and b < b_count, "ccoo16")
        kernel += a + a_count * b
        weights[(kernel * rows + row) * columns + column] = value


def gap16(stream, shape, weights):
    at = 0
    for gap, value in struct.iter_unpack("<Bb", stream):
        need(value or gap == 255, "gap16")
        weights[at + gap] = value
        at += gap + 1


def bit_fields(reader, count, limit):
    """`count` numbers below `limit`, each in as many bits as the largest needs."""
    bits = (limit - 1).bit_length()
    value = int.from_bytes(reader.bytes((count * bits + 7) // 8), "little")
    found = [value >> i * bits & (1 << bits) - 1 for i in range(count)]
    need(value >> count * bits == 0 and all(number < limit for number in found), "rans: classes")
    return found


def frequencies(reader, count):
    """`count` frequencies, and behind them what is left of 4096."""
    found = []
    while len(found) < count:
        found.append(reader.varint())
        if found[-1] == 0:
            found += [0] * reader.varint()
    need(len(found) == count and sum(found) <= 4096, "rans: frequencies")
    return found + [4096 - sum(found)]


def rans_table(reader):
    """None, or the symbol and the frequency and first slot of each of 4096 slots: of runs, of values."""
    kind = reader.u8()
    if kind == 0:
        return None
    runs = frequencies(reader, kind - 1) if kind > 1 else []
    largest = reader.u8()
    need(largest < 128, "rans: the largest value")
    values = [k // 2 + 1 if k % 2 == 0 else -(k // 2 + 1) for k in range(2 * largest)]
    values = values if kind > 1 else [0] + values
    slots = []
    for symbols, found in ((range(kind), runs), (values + [None], frequencies(reader, len(values)))):
        slots.append([])
        for symbol, frequency in zip(symbols, found):
            slots[-1] += [(symbol, frequency, len(slots[-1]))] * frequency
    return kind - 1, slots[0], slots[1]


class RansBlock:
    def __init__(self, data):
        self.states, self.words = list(struct.unpack("<8I", data[:32])), struct.iter_unpack("<H", data[32:])

    def take(self, lane, slots):
        state = self.states[lane]
        symbol, frequency, first = slots[state & 4095]
        state = frequency * (state >> 12) + (state & 4095) - first
        self.states[lane] = state if state >= 1 << 16 else state << 16 | next(self.words)[0]
        return symbol

    def value(self, lane, slots):
        value = self.take(lane, slots)
        if value is None:
            value = self.take(lane, RAW)
            need(value != -128, "rans: a weight of -128")
        return value

    def done(self):
        need(self.states == [1 << 16] * 8 and next(self.words, None) is None, "rans: the end of a block")


RAW = [((slot >> 4 ^ 128) - 128, 16, slot & ~15) for slot in range(4096)]


def rans_cell(block, table, places, width):
    """The weights of a cell, whose places are given row by row, `width` in each."""
    goes_on, runs, values = table
    found, at, pair = {}, 0, 0
    if goes_on == 0:
        return {place: block.value(i % width % 8, values) for i, place in enumerate(places)}
    while at < len(places):
        run = goes_on
        while run == goes_on:
            run = block.take(2 * pair, runs)
            at += run
        need(at <= len(places), "rans: a run past the end")
        if at < len(places):
            found[places[at]] = block.value(2 * pair + 1, values)
            need(found[places[at]] != 0, "rans: a zero that is no run")
            at += 1
        pair = (pair + 1) % 4
    return found


def rans(stream, shape, weights):
    reader = Reader(stream)
    columns = shape[1] * shape[2] * shape[3]
    rows = len(weights) // columns
    height = reader.varint()
    row_classes, column_classes, tables = reader.u8(), reader.u8(), reader.u8()
    need(1 <= height <= max(rows, 1), "rans: a block's rows")
    need(1 <= row_classes <= 16 and 1 <= column_classes <= 16 and 1 <= tables <= 64, "rans: classes")
    of_row, of_column = bit_fields(reader, rows, row_classes), bit_fields(reader, columns, column_classes)
    cells = [bit_fields(reader, column_classes, tables) for _ in range(row_classes)]
    tables = [rans_table(reader) for _ in range(tables)]
    words = reader.varints((rows + height - 1) // height)
    for number, count in enumerate(words):
        block = RansBlock(reader.bytes(32 + 2 * count))
        first, last = number * height, min((number + 1) * height, rows)
        for i, j in itertools.product(range(row_classes), range(column_classes)):
            inside = [c for c in range(columns) if of_column[c] == j]
            places = [r * columns + c for r in range(first, last) if of_row[r] == i for c in inside]
            if places and tables[cells[i][j]]:
                for place, value in rans_cell(block, tables[cells[i][j]], places, len(inside)).items():
                    weights[place] = value
        block.done()
    reader.done()


FORMATS = [dense8, ccoo16, gap16, None, rans]


def layer_shape(made):
    return made["attributes"][-2:] + (made["attributes"][:2] if made["op"] == "Conv" else [1, 1])


def stream(reader, shape):
    """Weights and the name of their format."""
    filters, size = shape[0], shape[1] * shape[2] * shape[3]
    form = reader.u8()
    need(form & 112 == 0 and form & 15 < len(FORMATS) and FORMATS[form & 15], "an unknown format")
    live = [True] * filters
    if form & 128:
        bitmap = int.from_bytes(reader.bytes((filters + 7) // 8), "little")
        live = [bool(bitmap >> k & 1) for k in range(filters)]
        need(bitmap >> filters == 0, "the map of filters")
    stored = [0] * (sum(live) * size)
    FORMATS[form & 15](reader.bytes(reader.varint()), shape, stored)
    need(-128 not in stored, "a weight of -128")
    rows = iter(range(0, len(stored), size))
    weights = []
    for k in range(filters):
        start = next(rows) if live[k] else 0
        weights += stored[start:start + size] if live[k] else [0] * size
    return weights, FORMATS[form & 15].__name__


def layer(reader, made):
    shape = layer_shape(made)
    weights, name = stream(reader, shape)
    biases = [reader.zigzag() for _ in range(shape[0] if made["bits"] & BIAS else 0)]
    made["scalings"] = reader.scalings(shape[0])
    made["layer"] = {"shape": shape, "format": name, "weights": weights, "biases": biases}


TABLES = {"LRN": 1024, "HardSwish": 256}


def table(reader, made):
    made["table"] = list(itertools.accumulate(reader.zigzag() for _ in range(TABLES[made["op"]])))


def layers(reader, nodes):
    for made in nodes:
        if made["op"] in ("Conv", "Gemm"):
            layer(reader, made)
        elif made["op"] in TABLES:
            table(reader, made)
    reader.done()


# ---- MIXED ----

@functools.lru_cache(maxsize=None)
def primed():
    """The model of bytes when it has read the primer, which the page prints."""
    page = (pathlib.Path(__file__).parent.parent / "docs" / "format.md").read_text(encoding="utf-8")
    text = page.split("**The primer**", 1)[1].split("```")[1]
    return decode_mixed.Bytes(bytes.fromhex("".join(text.split())))


def mixed_layers(decoder, reader, nodes):
    weights, constants, pictures, is_mixed = (decode_mixed.Weights(), decode_mixed.Constants(), decode_mixed.Numbers(),
                                              [decode_mixed.NEW])
    for made in nodes:
        if made["op"] in TABLES:
            made["table"] = constants.table(decoder, TABLES[made["op"]])
        if made["op"] not in ("Conv", "Gemm"):
            continue
        shape = layer_shape(made)
        if decoder.counted(is_mixed, 0):
            seen = shape if made["op"] == "Conv" else [shape[0]] + decode_mixed.picture(pictures, decoder, shape[1])
            values, name = weights.layer(decoder, seen), "mixed"
        else:
            values, name = stream(reader, shape)
        biases = constants.bias(decoder, shape[0]) if made["bits"] & BIAS else []
        made["scalings"] = constants.scalings(decoder, shape[0])
        made["layer"] = {"shape": shape, "format": name, "weights": values, "biases": biases}
    decoder.done()
    reader.done()


def labels(data):
    reader = Reader(data)
    names = [reader.string() for _ in range(reader.varint())]
    reader.done()
    return names


def resize(data, made):
    reader = Reader(data)
    way = reader.u8()
    need(way in (1, 2, 3) and made["image"], "a way of resizing")
    side = reader.varint() if way == 3 else 0
    need(way != 3 or max(made["shape"][1:]) <= side <= 65535, "a short side")
    reader.done()
    return [way, side]


def decode(data):
    """The network and its nodes, as dictionaries."""
    found = sections(data)
    if 5 in found:
        decoder = decode_mixed.Decoder(found[5])
        found.update(decode_mixed.small_sections(decoder, primed().copy()))
    network, nodes = graph(found[1], found.get(3))
    network["outputs"] = outputs(found[4], network) if 4 in found else [[network["output"], network["result"]]]
    if 5 in found:
        mixed_layers(decoder, Reader(found.get(2, b"")), nodes)
    else:
        layers(Reader(found[2]), nodes)
    network["labels"] = labels(found[128]) if 128 in found else []
    network["provenance"] = found[129].decode("utf-8") if 129 in found else ""
    network["resize"] = resize(found[130], network) if 130 in found else [0, 0]
    return network, nodes


# ---- printing ----

def crc(code, values):
    return zlib.crc32(struct.pack("<%d%s" % (len(values), code), *values))


def summary(made):
    """A node with checksums in place of its long lists."""
    short = dict(made)
    short["scalings"] = zlib.crc32(b"".join(struct.pack("<HB", m, s) for m, s in made["scalings"]))
    if "layer" in made:
        weights = made["layer"]["weights"]
        short["layer"] = {"shape": made["layer"]["shape"], "format": made["layer"]["format"],
                          "kept": len(weights) - weights.count(0), "sum": sum(weights),
                          "weights": crc("b", weights), "biases": crc("i", made["layer"]["biases"])}
    if "table" in made:
        short["table"] = crc("H", made["table"])
    return short


def main(path):
    with open(path, "rb") as file:
        network, nodes = decode(file.read())
    for line in [network] + [summary(made) for made in nodes]:
        print(json.dumps(line, separators=(",", ":")))


if __name__ == "__main__":
    main(sys.argv[1])
