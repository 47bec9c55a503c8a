"""MIXED: the coded stream of a .sned file, decoded as docs/format.md ("MIXED") describes it; a part of decode_sned.py.

The order here is that of the page: the decoder of bits, counters and mixers, then what they decode: bytes, numbers,
weights.
"""
LOGIT_LIMIT, LEAST, MOST = 2047, 32, 65536 - 32


def need(condition, what):
    if not condition:
        raise ValueError(what)


# ---- bits ----

def make_squash():
    table, power = [0] * 4096, 1 << 30
    for x in range(2048):
        table[2048 + x] = min((1 << 46) // ((1 << 30) + power), MOST)
        table[2048 - x] = 65536 - table[2048 + x]
        power -= power * 16744491 >> 32
    return table


def make_stretch(squash):
    table, x = [], -LOGIT_LIMIT
    for i in range(4096):
        while x < LOGIT_LIMIT and squash[2048 + x] < 16 * i + 8:
            x += 1
        table.append(x)
    return table


SQUASH = make_squash()
STRETCH = make_stretch(SQUASH)
NEW = 1 << 31  # a counter


class Decoder:
    """Bits from a stream; of None it is an encoder to nowhere, which learns what it is told."""

    def __init__(self, data):
        self.data, self.at, self.range, self.code = data, 0, (1 << 32) - 1, 0
        for _ in range(4 if data is not None else 0):
            self.shift()

    def shift(self):
        need(self.at < len(self.data) + 3, "the stream ends too early")
        self.code = (self.code << 8 | (self.data[self.at] if self.at < len(self.data) else 0)) & 0xffffffff
        self.at += 1

    def bit(self, probability, told=0):
        if self.data is None:
            return told
        bound = (self.range >> 16) * probability
        if self.code < bound:
            bit, self.range = 1, bound
        else:
            bit, self.range, self.code = 0, self.range - bound, self.code - bound
        while self.range < 1 << 24:
            self.range <<= 8
            self.shift()
        return bit

    def counted(self, counters, index):
        """A bit by one counter."""
        counter = counters[index]
        bit = self.bit(min(max(counter >> 16, LEAST), MOST))
        counters[index] = counted(counter, bit)
        return bit

    def mixed(self, inputs, weights, told=0):
        """A bit by counters, (list, index) each, and the weights of a mixer."""
        logits = [STRETCH[counters[index] >> 20] for counters, index in inputs]
        logits.append(256)
        total = sum(map(int.__mul__, logits, weights)) >> 16
        probability = SQUASH[min(max(total, -LOGIT_LIMIT), LOGIT_LIMIT) + 2048]
        bit = self.bit(probability, told)
        error = ((bit << 16) - probability) * 16
        for i, logit in enumerate(logits):
            weights[i] = signed32(weights[i] + (logit * error >> 20))
        for counters, index in inputs:
            counters[index] = counted(counters[index], bit)
        return bit

    def bits(self, count):
        value = 0
        for _ in range(count):
            value = value << 1 | self.bit(1 << 15)
        return value

    def done(self):
        need(self.at == len(self.data) + 3 and self.code < 1 << 24, "bytes left over")


def signed32(value):
    return (value + (1 << 31) & 0xffffffff) - (1 << 31)


def counted(counter, bit):
    """The counter after a bit."""
    probability, seen = counter >> 10, counter & 1023
    way = ((1 << 22) - 1 if bit else 0) - probability
    return (probability + (way * (65536 // (seen + 2)) >> 16)) << 10 | min(seen + 1, 1023)


# ---- bytes ----

ORDERS = (0, 1, 2, 3, 5)


class Bytes:
    def __init__(self, learned):
        self.slots = [[NEW] * 65536 for _ in ORDERS]
        self.matches = [[NEW, NEW] for _ in range(16)]
        self.mixers = [[20000] * 6 + [0] for _ in range(3)]
        self.seen, self.history, self.match, self.length = {}, bytearray(), 0, 0
        nowhere = Decoder(None)
        for byte in learned:
            self.byte(nowhere, byte)

    def copy(self):
        made = Bytes(b"")
        made.slots, made.matches = [list(s) for s in self.slots], [list(m) for m in self.matches]
        made.mixers, made.seen, made.history = [list(m) for m in self.mixers], dict(self.seen), bytearray(self.history)
        made.match, made.length = self.match, self.length
        return made

    def hash(self, count):
        value = count
        for i in range(1, count + 1):
            byte = self.history[-i] if i <= len(self.history) else 0
            value = (value + byte + 1) * 0x2F0B4C47 & 0xffffffff
        return value ^ value >> 15

    def find_match(self):
        history, size = self.history, len(self.history)
        if self.length and history[self.match] == history[-1]:
            self.match += 1
            self.length += 1
        else:
            self.length = 0
        if size < 4:
            return
        key = self.hash(4) >> 18
        if not self.length and key in self.seen:
            self.match = self.seen[key]
            while (self.length < min(self.match, 16)
                   and history[self.match - 1 - self.length] == history[size - 1 - self.length]):
                self.length += 1
        self.seen[key] = size

    def byte(self, decoder, told=0):
        hashes = [self.hash(order) for order in ORDERS]
        node = 1
        for bit in range(7, -1, -1):
            inputs = [(self.slots[i], ((h + node * 0x9E3779B1) * 0x85EBCA6B & 0xffffffff) >> 16)
                      for i, h in enumerate(hashes)]
            expected = self.history[self.match] | 256 if self.length else 0
            known = min(self.length, 15) if expected >> bit + 1 == node else 0
            inputs.append((self.matches[known], expected >> bit & 1 if known else 0))
            node = 2 * node + decoder.mixed(inputs, self.mixers[0 if not known else 1 if known < 8 else 2], told >> bit & 1)
        self.history.append(node & 255)
        self.find_match()
        return node & 255

    def bytes(self, decoder, count):
        return bytes(self.byte(decoder) for _ in range(count))


def small_sections(decoder, model):
    """{kind: bytes}"""
    present, found, total = model.byte(decoder), {}, 1
    for i, kind in enumerate((1, 3, 4, 128, 129, 130)):
        if present >> i & 1:
            size, shift = 0, 0
            while True:
                byte = model.byte(decoder)
                size |= (byte & 127) << shift
                shift += 7
                total += 1
                if byte < 128 or shift == 63:
                    break
            need(total + size <= (1 << 20) + 64 * len(decoder.data), "the size of a section")
            found[kind] = model.bytes(decoder, size)
            total += size
    return found


# ---- numbers ----

class Numbers:
    def __init__(self):
        self.none, self.before = [NEW] * 33, [[NEW] * 33 for _ in range(8)]
        self.signs, self.tops = [NEW] * 3, [[NEW] * 4 for _ in range(33)]
        self.mixers = [[36000, 36000, 0] for _ in range(33)]
        self.length, self.sign = 0, 0

    def number(self, decoder):
        length, before = 0, self.before[min(self.length, 7)]
        while length < 32 and decoder.mixed([(self.none, length), (before, length)], self.mixers[length]):
            length += 1
        self.length = length
        if length == 0:
            return 0
        self.sign = 1 + decoder.counted(self.signs, self.sign)
        value = 1
        for bit in range(length - 2, -1, -1):
            value = 2 * value + (decoder.counted(self.tops[length], value) if bit >= length - 3 else decoder.bit(1 << 15))
        return -value if self.sign == 2 else value


class Constants:
    """Biases, scalings, tables."""

    def __init__(self):
        self.biases, self.bias_shifts, self.scaling_shifts, self.tables = (Numbers() for _ in range(4))
        self.equal, self.normal = [NEW], [NEW]
        self.bias_shift = self.scaling_shift = 0

    def bias(self, decoder, count):
        self.bias_shift += self.bias_shifts.number(decoder)
        need(0 <= self.bias_shift < 32, "a shift of biases")
        values = [self.biases.number(decoder) << self.bias_shift for _ in range(count)]
        need(all(-1 << 31 <= value < 1 << 31 for value in values), "a bias")
        return values

    def scaling(self, decoder):
        self.scaling_shift += self.scaling_shifts.number(decoder)
        need(1 <= self.scaling_shift <= 62, "a shift of a scaling")
        top = decoder.counted(self.normal, 0)
        return top << 15 | decoder.bits(15), self.scaling_shift

    def scalings(self, decoder, count):
        if decoder.counted(self.equal, 0):
            return [self.scaling(decoder)] * count
        return [self.scaling(decoder) for _ in range(count)]

    def table(self, decoder, count):
        values, before = [], 0
        for _ in range(count):
            before += self.tables.number(decoder)
            need(0 <= before < 65536, "a value of a table")
            values.append(before)
        return values


def picture(numbers, decoder, channels):
    """[C, H, W] that a Gemm's inputs are."""
    sides = []
    for _ in range(2):
        sides.append(1 + numbers.number(decoder))
        need(sides[-1] >= 1 and channels % sides[-1] == 0, "a picture that the inputs are not")
        channels //= sides[-1]
    return [channels] + sides


# ---- weights ----

def log8(n):
    whole = n.bit_length() - 1
    return whole * 8 + ((n >> whole - 3 if whole >= 3 else n << 3 - whole) & 7)


def clamp(value, low, high):
    return low if value < low else high if value > high else value


def ratio(a, b):
    return clamp(log8(a) - log8(b) + 58 >> 2, 0, 31)


def small(value):
    return min(abs(value), 3)


def sign(value):
    return 2 if value > 0 else 1 if value < 0 else 0


def signed_bits(value):
    bits = abs(value).bit_length()
    return 8 - bits if value < 0 else 8 + bits


SIZES = (1024, 1024, 256, 1024, 64, 32, 1024, 64, 1, 256, 256, 128)
KEPT = (2, 3, 7, 8, 11)
FIRST = {0: (10, 10, 8, 10, 8, 10, 10, 8, 4), 1: (18, 20, 28, 6, 4, 10, 10, 6, -6), 2: (11, 4, 8, 10, 10, 10),
         3: (28, 5, 20, 13, 20, 18), 4: (3, 12, 22, 10, 8, 12, 10, 0, -5), 5: (10, 8, 11, 10, 10, 10, 8, 4, 4),
         10: (3, 5, 18, 8, 4, 18, 3, 4, 3)}


class Weights:
    """What is kept from layer to layer, and the state of one."""

    def __init__(self):
        self.tables = [[NEW] * (16 * size) for size in SIZES]
        self.mixers = [[1000 * w for w in FIRST.get(m, (10,) * 9)] + [0] for m in range(16)]

    def layer(self, decoder, shape):
        rows, channels, height, width = shape
        places = height * width
        self.places, self.width, self.channels = places, width, channels
        for i, size in enumerate(SIZES):
            if i not in KEPT:
                self.tables[i] = [NEW] * (16 * size)
        columns = channels * places
        self.around, self.pairs, self.before = [NEW] * 81, [NEW] * 256, [NEW] * 75
        self.slopes, self.corners, self.columns = [NEW] * 128, [NEW] * 256, [NEW] * columns
        self.low_bits = [NEW] * 128
        self.column_sums, self.column_kept, self.channel_sums = [0] * columns, [0] * columns, [0] * channels
        self.sum = self.count = self.rows = 0
        live_rows, live_channels = [1] * rows, [1] * channels
        if not decoder.bit(1 << 15):
            live_rows, live_channels = self.live(decoder, rows), self.live(decoder, channels)
        weights, above, above2 = [], None, None
        for k in range(rows):
            row = [0] * columns
            if live_rows[k]:
                self.row(decoder, row, above, above2, live_channels)
                above, above2 = row, above
            weights += row
        return weights

    def live(self, decoder, count):
        counters, found = [NEW, NEW], [1]
        for _ in range(count):
            found.append(decoder.counted(counters, found[-1]))
        return found[1:]

    def row(self, decoder, row, above, above2, live_channels):
        self.row_sum = self.row_count = self.recent = 0
        last, last2 = -1, -1
        for channel in range(self.channels):
            if live_channels[channel]:
                self.kernel_sum = self.kernel_kept = 0
                for place in range(self.places):
                    near = self.neighbours(row, above, above2, channel, place, last, last2)
                    row[channel * self.places + place] = self.weight(decoder, channel, place, near)
                last, last2 = channel, last
        self.rows += 1

    def neighbours(self, row, above, above2, channel, place, last, last2):
        """left, up, up left, up right, above, above2, beside"""
        i, width, x = channel * self.places + place, self.width, place % self.width
        over = (above[i] if above else 0, above2[i] if above2 else 0)
        beside = row[last * self.places + place] if last >= 0 else 0
        if self.places == 1:
            return (beside, row[last2] if last2 >= 0 else 0, 0, 0) + over + (0,)
        up = place >= width
        return (row[i - 1] if x else 0, row[i - width] if up else 0, row[i - width - 1] if up and x else 0,
                row[i - width + 1] if up and x < width - 1 else 0) + over + (beside,)

    def kept_around(self, channel, place):
        x, y, total = place % self.width, place // self.width, 0
        for dy in (-1, 0, 1):
            for dx in (-1, 0, 1):
                if 0 <= x + dx < self.width and 0 <= (y + dy) * self.width + x + dx < self.places:
                    total += self.column_kept[channel * self.places + place + dy * self.width + dx]
        return total

    def contexts(self, channel, place, near):
        left, up, up_left, up_right, above, above2, beside = near
        column = channel * self.places + place
        row_sum, here, rows, column_sum = self.row_sum, self.row_count + 1, self.rows, self.column_sums[column]
        mean = log8(2 * self.sum + 1) - log8(self.count + 1)
        around = 0
        if self.places > 1:
            around = ratio(2 * self.kept_around(channel, place) + 1, 9 * rows + 1) * 32 + place * 32 // self.places
        active = 2 * abs(left) + 2 * abs(up) + abs(up_left) + abs(up_right) + abs(above) + abs(above2) + abs(beside)
        if self.channels > 1:
            log = (log8(2 * (row_sum + self.kernel_sum) + 1) - log8(self.row_count + place + 1)
                   + log8(2 * (self.channel_sums[channel] + self.kernel_sum) + 1)
                   - log8(rows * self.places + place + 1) - mean)
            kernel = clamp(log + 80 >> 1, 0, 63) * 8 + min(self.kernel_kept, 7)
        else:
            kernel = place if self.places <= 1024 else place * 1024 // self.places
        product = log8(2 * row_sum + 1) - log8(here) + log8(2 * column_sum + 1) - log8(rows + 1) - mean
        return [ratio(2 * row_sum + 1, here) * 32 + ratio(2 * column_sum + 1, rows + 1),
                around,
                small(left) + 4 * small(up) + 16 * small(up_left) + 64 * small(up_right),
                ratio(8 * (row_sum + column_sum) + 1, self.row_count + rows + 1) * 32 + ratio(self.recent + 1, 16),
                small(above) + 4 * small(above2) + 16 * small(beside),
                ratio(2 * active + 1, 2),
                kernel,
                clamp(product + 80 >> 1, 0, 63),
                0]

    def weight(self, decoder, channel, place, near):
        inputs = [(table, 16 * context) for table, context in zip(self.tables, self.contexts(channel, place, near))]
        column, is_kernel = channel * self.places + place, int(self.places > 1)
        magnitude, value = 0, 0
        if decoder.mixed(inputs, self.mixers[is_kernel]):
            negative = self.sign(decoder, near, column, is_kernel)
            magnitude = self.magnitude(decoder, inputs, near, -1 if negative else 1)
            value = -magnitude if negative else magnitude
        self.row_count += 1
        self.count += 1
        self.recent += 16 * magnitude - self.recent // 8
        if magnitude:
            self.row_sum += magnitude
            self.sum += magnitude
            self.column_sums[column] = self.column_sums[column] + magnitude & 0xffffffff
            self.column_kept[column] += 1
            self.channel_sums[channel] = self.channel_sums[channel] + magnitude & 0xffffffff
            self.kernel_sum += magnitude
            self.kernel_kept += 1
        return value

    def sign(self, decoder, near, column, is_kernel):
        left, up, up_left, up_right, above, above2, beside = near
        return decoder.mixed(
            [(self.around, sign(left) + 3 * sign(up) + 9 * sign(up_left) + 27 * sign(up_right)),
             (self.columns, column),
             (self.pairs, signed_bits(left) * 16 + signed_bits(up)),
             (self.before, clamp(above + above2 + beside, -12, 12) + 12 + 25 * sign(left)),
             (self.slopes, clamp(left + up - up_left, -63, 63) + 63),
             (self.corners, signed_bits(up_left) * 16 + signed_bits(up_right))], self.mixers[2 + is_kernel])

    def magnitude(self, decoder, inputs, near, s):
        left, up, up_left, _, above, above2, _ = near
        relative = {2: signed_bits(s * left) * 16 + signed_bits(s * up),
                    4: signed_bits(s * above) * 16 + signed_bits(s * above2),
                    5: clamp(s * (left + up - up_left), -63, 63) + 63}
        for table, i in zip((9, 10, 11), (2, 4, 5)):
            inputs[i] = (self.tables[table], 16 * relative[i])
        exponent = 0
        while exponent < 6 and decoder.mixed([(t, at + 1 + exponent) for t, at in inputs], self.mixers[4 + exponent]):
            exponent += 1
        value = 1
        if exponent:
            value = 2 + decoder.mixed([(t, at + 9 + exponent) for t, at in inputs], self.mixers[9 + exponent])
        for _ in range(exponent - 1):
            value = 2 * value + decoder.counted(self.low_bits, (1 << exponent) + value)
        return value
