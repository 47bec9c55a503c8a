// test_fc.cpp - sned_fc against its golden model: the memory after a random Gemm, byte for byte; how many of its cycles the ports are busy.
#include "Vsned_fc.h"
#include "rtl/bench.h"
#include "verilated.h"

#include <deque>
#include <vector>

extern "C" {
#include "accel/cycles/fc_cycles.h"
#include "accel/golden/fc.h"
}

namespace {

constexpr int kPorts = PORTS, kLanes = LANES, kRows = ROWS, kPixels = PIXELS, kAddressBits = ADDRESS_BITS, kLatency = 5;
constexpr fc_shape kShape = {kPorts, kLanes, kRows};
constexpr int kImage = 64;  // beats before the image in DDR

struct Layer {
  int inputs, outputs, channels, height, width, pitch, plane, base, out_base, second;
  bool is_signed, wide, lies;
  std::vector<int8_t> weights;
  std::vector<int32_t> bias;
  std::vector<scaling> scalings;
  std::vector<uint8_t> values, memory, expected;
  fc_stream stream;
  uint64_t ddr_base;
};

void PlaceInputs(Layer &l) {
  l.pitch = l.width + Between(0, 3);
  l.plane = l.height * l.pitch + Between(0, 20);
  l.base = Between(0, 100);
  l.out_base = l.base + l.channels * l.plane + Between(0, 50);
  l.second = l.out_base + l.outputs + Between(0, 50);
  l.memory.resize(size_t(l.second + l.outputs + 2 * kPixels));
  for (uint8_t &byte : l.memory) byte = uint8_t(generator());
  for (int i = 0; i < l.inputs; i++) {
    const int x = i % l.width, y = i / l.width % l.height, c = i / l.width / l.height;
    l.memory[size_t(l.base + c * l.plane + y * l.pitch + x)] = l.values[size_t(i)];
  }
}

// Makes stream and expectation of a layer whose sizes, types and densities are set.
void Finish(Layer &l, double density, double input_density) {
  const auto chance = [](double p) { return generator() < p * 4294967296.0; };
  l.inputs = l.channels * l.height * l.width;
  l.weights.assign(size_t(l.inputs) * size_t(l.outputs), 0);
  for (int8_t &weight : l.weights)
    if (chance(density)) weight = int8_t(Between(-127, 127));
  l.values.assign(size_t(l.inputs), 0);
  for (uint8_t &value : l.values)
    if (chance(input_density)) value = uint8_t(Between(0, 255));
  for (int k = 0; k < l.outputs; k++) {
    l.bias.push_back(Between(-100000, 100000));
    l.scalings.push_back({uint16_t(Between(1 << 15, (1 << 16) - 1)), uint8_t(Between(l.wide ? 16 : 22, 30))});
  }
  PlaceInputs(l);
  const fc_gemm gemm = {l.inputs, l.outputs, l.weights.data(), l.bias.data(), l.scalings.data(),
                        l.wide ? -32768 : l.is_signed ? -128 : 0, l.wide ? 32767 : l.is_signed ? 127 : 255, l.is_signed, l.wide};
  sned_error error;
  if (fc_stream_make(&l.stream, &gemm, &kShape, &error) != SNED_OK) std::printf("%s\n", error.message), std::exit(1);
  l.ddr_base = (uint64_t(generator()) << 32 | generator()) & 0x7ffffffffffffff0u;
  std::vector<int32_t> results(size_t(l.outputs));
  if (golden_fc_run(&l.stream, l.values.data(), results.data(), &error) != SNED_OK) std::printf("%s\n", error.message), std::exit(1);
  l.expected = l.memory;
  for (int k = 0; k < l.outputs; k++) {
    l.expected[size_t(l.out_base + k)] = uint8_t(results[size_t(k)]);
    if (l.wide) l.expected[size_t(l.second + k)] = uint8_t(results[size_t(k)] >> 8);
  }
}

Layer RandomLayer() {
  Layer l = {};
  l.channels = Between(1, 5);
  l.height = Between(1, 6);
  l.width = Between(0, 1) ? Between(1, 9) : Between(10, 40);
  l.outputs = Between(1, std::min(kPorts * kLanes * kRows, Between(0, 3) ? 300 : 5 * kPorts));
  l.is_signed = Between(0, 1);
  l.wide = Between(0, 3) == 0;
  const double densities[] = {0, 1, Between(1, 100) / 100.0, Between(1, 20) / 100.0, Between(1, 20) / 100.0};
  Finish(l, densities[Between(0, 4)], Between(0, 4) ? Between(0, 100) / 100.0 : 1);
  return l;
}

// A port's memory: requests wait in order, each answered `latency` cycles after it came.
struct Port {
  struct Request {
    uint64_t beat;
    int beats, tag;
    long time;
  };
  std::deque<Request> requests;
  long beats = 0;
  bool offered = false, ready = false, stalled = false;
  uint64_t waiting[2] = {};  // the request that is stalled
};

struct Stalls {
  int read, write, request, data, latency, requests;
};

void SetDescriptor(Vsned_fc &fc, const Layer &l) {
  auto &d = fc.descriptor_i;
  int at = 0;
  const auto add = [&](int bits, int64_t value) { SetField(d, at, bits, uint64_t(value)), at += bits; };
  add(1, l.is_signed);
  for (int place : {l.base, l.plane, l.out_base, l.second}) add(24, place);
  for (int size : {l.pitch, l.width, l.height}) add(12, size);
  add(16, l.inputs);
  add(16, l.outputs);
  add(17, l.stream.low);
  add(17, l.stream.high);
  add(1, l.wide);
  for (int p = 0; p < FC_PORTS; p++) add(32, kImage + int64_t(p < kPorts ? l.stream.start[p] : 0));
  add(120, 0);
  SetField(fc.ddr_base_i, 0, 64, l.ddr_base);
}

// Data of a port for this cycle.
void Offer(Vsned_fc &fc, const Layer &l, int p, Port &port, long cycle, const Stalls &stalls) {
  port.ready = int(port.requests.size()) < stalls.requests && Between(0, 99) >= stalls.request;
  SetField(fc.req_ready_i, p, 1, port.ready);
  const bool there = !port.requests.empty() && cycle >= port.requests.front().time;
  port.offered = there && (port.offered || Between(0, 99) >= stalls.data);
  SetField(fc.data_valid_i, p, 1, port.offered);
  if (!port.offered) {
    SetField(fc.data_tag_i, 8 * p, 8, generator());
    return;
  }
  const Port::Request &r = port.requests.front();
  for (int word = 0; word < 2; word++) {
    uint64_t value = 0;
    for (int i = 0; i < 8; i++) value |= uint64_t(l.stream.bytes[r.beat * 16 + size_t(8 * word + i)]) << 8 * i;
    SetField(fc.data_i, 128 * p + 64 * word, 64, value);
  }
  SetField(fc.data_last_i, p, 1, r.beats == 1);
  SetField(fc.data_tag_i, 8 * p, 8, unsigned(r.tag));
}

// What the port took and asks for in this cycle; false: a request for what is not there.
bool Take(Vsned_fc &fc, const Layer &l, int p, Port &port, long cycle, const Stalls &stalls) {
  if (port.offered && GetField(fc.data_ready_o, p, 1)) {
    Port::Request &r = port.requests.front();
    port.beats++;
    port.offered = false;
    r.beat++;
    if (--r.beats == 0) port.requests.pop_front();
  }
  const bool valid = GetField(fc.req_valid_o, p, 1);
  const uint64_t request[2] = {uint64_t(GetField(fc.req_address_o, 64 * p, 64)),
                               uint64_t(GetField(fc.req_beats_o, 24 * p, 24)) << 8 ^ uint64_t(GetField(fc.req_tag_o, 8 * p, 8))};
  if (port.stalled && !(valid && std::equal(request, request + 2, port.waiting))) return std::printf("a request changes\n"), false;
  port.stalled = valid && !port.ready;
  std::copy(request, request + 2, port.waiting);
  if (port.ready && valid) {
    const uint64_t address = request[0] - l.ddr_base - 16 * kImage;
    const int beats = int(GetField(fc.req_beats_o, 24 * p, 24));
    if (address % 16 || beats < 1 || address / 16 + unsigned(beats) > l.stream.beats) {
      std::printf("port %d asks for %d beats from %llu of %zu\n", p, beats, (unsigned long long)address / 16, l.stream.beats);
      return false;
    }
    port.requests.push_back({address / 16, beats, int(GetField(fc.req_tag_o, 8 * p, 8) & 255), cycle + stalls.latency});
  }
  return true;
}

// Returns cycles, or -1; *beats: of all ports.
long Run(Vsned_fc &fc, Layer &l, const Stalls &stalls, long *beats) {
  const size_t mask = (size_t(1) << kAddressBits) - 1;
  std::deque<size_t> reads(kLatency, 0);
  std::vector<Port> ports(kPorts);
  SetDescriptor(fc, l);
  fc.start_i = 1;
  long cycle = 0;
  bool write_stalled = false;
  size_t write_address = 0;
  for (; cycle < 2 || fc.busy_o; cycle++) {
    if (cycle > 3000000) return std::printf("hangs\n"), -1;
    fc.read_ready_i = Between(0, 99) >= stalls.read;
    fc.write_ready_i = Between(0, 99) >= stalls.write;
    for (int i = 0; i < kPixels; i++) {
      const size_t at = (reads.front() + size_t(i)) & mask;
      SetField(fc.read_data_i, 8 * i, 8, at < l.memory.size() ? l.memory[at] : 0x55);
    }
    for (int p = 0; p < kPorts; p++) Offer(fc, l, p, ports[size_t(p)], cycle, stalls);
    fc.eval();
    reads.pop_front();
    reads.push_back(fc.read_o && fc.read_ready_i ? size_t(fc.read_address_o) & mask : generator() & mask);
    for (int p = 0; p < kPorts; p++)
      if (!Take(fc, l, p, ports[size_t(p)], cycle, stalls)) return -1;
    if (write_stalled && !(fc.write_o && fc.write_address_o == write_address)) return std::printf("a write changes\n"), -1;
    write_stalled = fc.write_o && !fc.write_ready_i;
    write_address = fc.write_address_o;
    for (int i = 0; fc.write_o && fc.write_ready_i && i < kPixels; i++)
      if (GetField(fc.write_enable_o, i, 1)) {
        const size_t at = size_t(fc.write_address_o) + size_t(i);
        if (at >= l.memory.size()) return std::printf("writes to %zu\n", at), -1;
        l.memory[at] = uint8_t(GetField(fc.write_data_o, 8 * i, 8));
      }
    Clock(fc);
    fc.start_i = 0;
  }
  *beats = 0;
  for (const Port &port : ports) {
    *beats += port.beats;
    if (!port.requests.empty()) return std::printf("leaves data\n"), -1;
  }
  return cycle;
}

bool Check(const Layer &l, bool error_o) {
  if (error_o != l.lies) return std::printf("error_o is %d\n", error_o), false;
  for (size_t at = 0; at < l.memory.size(); at++) {
    const bool output = at >= size_t(l.out_base) && at < size_t(l.out_base + l.outputs);
    const bool upper = l.wide && at >= size_t(l.second) && at < size_t(l.second + l.outputs);
    if (l.memory[at] != l.expected[at] && !(l.lies && (output || upper)))
      return std::printf("byte %zu is %d, not %d\n", at, l.memory[at], l.expected[at]), false;
  }
  return true;
}

// Columns full of anything: the engine must come to an end, say so, and write nothing but its outputs. False where the golden
// model sees nothing wrong.
bool Lie(Layer &l) {
  std::vector<int32_t> results(size_t(l.outputs));
  for (int p = 0; p < kPorts && fc_stream_rows(&l.stream, p); p++) {
    const size_t end = p + 1 < kPorts ? l.stream.start[p + 1] : l.stream.beats;
    const size_t begin = l.stream.start[p] + size_t(l.inputs + 15) / 16 + size_t(fc_stream_rows(&l.stream, p) + 1) / 2;
    for (size_t i = begin * 16; i < end * 16; i++) l.stream.bytes[i] = uint8_t(generator());
  }
  l.lies = golden_fc_run(&l.stream, l.values.data(), results.data(), nullptr) != SNED_OK;
  for (int k = 0; !l.lies && k < l.outputs; k++) {
    l.expected[size_t(l.out_base + k)] = uint8_t(results[size_t(k)]);
    if (l.wide) l.expected[size_t(l.second + k)] = uint8_t(results[size_t(k)] >> 8);
  }
  return l.lies;
}

// Steps over more rows than a row's number has bits for must not lead back into the block.
bool StaysBeyond(Vsned_fc &fc) {
  Layer l = {};
  l.channels = l.height = 1;
  l.width = 16;
  l.outputs = 24 * kPorts;  // columns of three beats
  Finish(l, 1, 1);
  for (size_t beat = l.stream.start[0] + 1 + 12; beat < (kPorts > 1 ? l.stream.start[1] : l.stream.beats); beat++)
    for (size_t i = 0; i < 16; i++) {
      const uint8_t steps[3] = {0x00, 0x0f, 0xf0};  // two entries: no weight, a gap of 15
      const bool first = (beat - l.stream.start[0] - 13) % 3 == 0, second = (beat - l.stream.start[0] - 13) % 3 == 1;
      l.stream.bytes[beat * 16 + i] = first ? (i == 15 ? 0xff : steps[i % 3]) : second && i == 0;
    }
  l.lies = true;
  long beats;
  const bool stays = Run(fc, l, {0, 0, 0, 0, 40, 16}, &beats) >= 0 && Check(l, fc.error_o);
  fc_stream_free(&l.stream);
  return stays;
}

// A descriptor of more rows than there are: nothing is done.
bool Refuses(Vsned_fc &fc) {
  Layer l = RandomLayer();
  const int outputs = l.outputs;
  l.expected = l.memory;
  l.outputs = kPorts * kLanes * kRows + 1;
  long beats;
  const bool refused = Run(fc, l, {0, 0, 0, 0, 40, 16}, &beats) >= 0 && beats == 0 && fc.error_o && l.memory == l.expected;
  l.outputs = outputs;
  fc_stream_free(&l.stream);
  return refused;
}

bool Fail(int seed, long cycles, long model) {
  std::printf("[  FAILED  ] 1 test(s): seed %d, %ld cycles, the model says %ld\n", seed, cycles, model);
  return false;
}

long Model(const Layer &l, const Stalls &stalls) {
  fc_count count;
  const fc_memory memory = {stalls.latency, stalls.requests};
  return fc_cycles(&count, &l.stream, &kShape, &memory, l.values.data(), nullptr) == SNED_OK ? long(count.cycles) : -1;
}

bool RandomLayers(Vsned_fc &fc) {
  long cycles_of_all = 0, model_of_all = 0, beats;
  int lies = 0;
  for (int seed = 0; seed < LAYERS; seed++) {
    generator.seed(unsigned(seed));
    Layer l = RandomLayer();
    const bool timed = seed % 2 == 0;
    const auto stall = [] { return Between(0, 1) ? Between(1, 80) : 0; };
    const Stalls stalls =
        timed ? Stalls{0, 0, 0, 0, 40, 16} : Stalls{stall(), stall(), stall(), stall(), Between(1, 200), Between(1, 24)};
    if (seed % 5 == 1) lies += Lie(l);
    const long cycles = Run(fc, l, stalls, &beats), model = Model(l, stalls);
    if (cycles < 0 || !Check(l, fc.error_o) || (timed && std::labs(cycles - model) > model * 2 / 100 + 15))
      return Fail(seed, cycles, model);
    if (timed) cycles_of_all += cycles, model_of_all += model;
    fc_stream_free(&l.stream);
  }
  std::printf("%d layers, %d malformed; cycles %ld, by the model %ld\n", LAYERS, lies, cycles_of_all, model_of_all);
  if (lies > LAYERS / 20 && StaysBeyond(fc) && Refuses(fc)) return true;
  std::printf("[  FAILED  ] 1 test(s): what is malformed\n");
  return false;
}

// TIMED channels of 6 x 6, blocks as large as AlexNet's fc6 has them: its density, and 37 % of the inputs not 0.
bool LargeLayer(Vsned_fc &fc) {
  Layer l = {};
  const Stalls stalls = {0, 0, 0, 0, 40, 16};
  long beats;
  generator.seed(1);
  l.channels = TIMED;
  l.height = l.width = 6;
  l.outputs = kPorts * std::min(1024, kLanes * kRows);
  Finish(l, .09, .37);
  const long cycles = Run(fc, l, stalls, &beats), model = Model(l, stalls);
  const double busy = double(beats) / double(cycles) / kPorts;
  std::printf("%d x %d: %ld cycles, by the model %ld; ports busy %.3f of them\n", l.inputs, l.outputs, cycles, model, busy);
  if (cycles < 0 || !Check(l, fc.error_o) || std::labs(cycles - model) > model * 2 / 100 || busy < (kLanes >= 16 ? .9 : 0))
    return Fail(-1, cycles, model);
  fc_stream_free(&l.stream);
  return true;
}

}  // namespace

int main(int argc, char **argv) {
  Verilated::commandArgs(argc, argv);
  Vsned_fc fc;
  Reset(fc);
  if (!RandomLayers(fc) || !LargeLayer(fc)) return 1;
  std::printf("[  PASSED  ] 1 test(s)\n");
  return 0;
}
