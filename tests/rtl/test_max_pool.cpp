// test_max_pool.cpp - sned_max_pool against the definition: the largest element of each window, of those inside the image.
#include "Vsned_max_pool.h"
#include "rtl/bench.h"
#include "verilated.h"

#include <deque>
#include <vector>

namespace {

constexpr int kPixels = PIXELS, kOutputs = (kPixels - 3) / 3 + 1, kAddressBits = ADDRESS_BITS, kLatency = 5;

struct Layer {
  int channels, height, width, pitch, kernel[2], stride[2], pad[2], out_height, out_width, out_pitch, base, out_base;
  bool is_signed;
  std::vector<uint8_t> memory, expected;
};

int At(const Layer &l, int c, int y, int x) {
  const uint8_t byte = l.memory[size_t(l.base + (c * l.height + y) * l.pitch + x)];
  return l.is_signed ? int8_t(byte) : byte;
}

Layer RandomLayer() {
  Layer l;
  l.channels = Between(1, 5);
  l.height = Between(3, 20);
  l.width = Between(3, 40);
  l.pitch = l.width + Between(0, 3);
  l.is_signed = Between(0, 1);
  int out[2];
  for (int axis = 0; axis < 2; axis++) {
    const int size = axis ? l.width : l.height;
    l.kernel[axis] = Between(1, std::min(size, Between(0, 2) ? 3 : 9));
    l.stride[axis] = Between(1, axis ? 3 : 4);
    l.pad[axis] = Between(0, l.kernel[axis] / 2);
    out[axis] = (size + 2 * l.pad[axis] - l.kernel[axis]) / l.stride[axis] + 1;
    // Ceil mode: windows that hang over the end, but do not begin there.
    while (Between(0, 1) && out[axis] * l.stride[axis] - l.pad[axis] < size) out[axis]++;
  }
  l.out_height = out[0];
  l.out_width = out[1];
  l.out_pitch = l.out_width + Between(0, 3);
  l.base = Between(0, 100);
  l.out_base = l.base + l.channels * l.height * l.pitch + Between(0, 50);
  l.memory.resize(size_t(l.out_base + l.channels * l.out_height * l.out_pitch + 2 * kPixels));
  for (uint8_t &byte : l.memory) byte = uint8_t(generator());
  l.expected = l.memory;
  for (int c = 0; c < l.channels; c++)
    for (int y = 0; y < l.out_height; y++)
      for (int x = 0; x < l.out_width; x++) {
        int best = -1000;
        for (int r = 0; r < l.kernel[0]; r++)
          for (int s = 0; s < l.kernel[1]; s++) {
            const int from_y = y * l.stride[0] - l.pad[0] + r, from_x = x * l.stride[1] - l.pad[1] + s;
            if (from_y >= 0 && from_y < l.height && from_x >= 0 && from_x < l.width)
              best = std::max(best, At(l, c, from_y, from_x));
          }
        l.expected[size_t(l.out_base + (c * l.out_height + y) * l.out_pitch + x)] = uint8_t(best);
      }
  return l;
}

void SetNumbers(Vsned_max_pool &pool, const Layer &l) {
  pool.signed_i = l.is_signed;
  pool.stride_right_i = uint8_t(l.stride[1]);
  pool.width_i = uint16_t(l.width);
  SetField(pool.base_i, 0, kAddressBits, uint64_t(l.base));
  SetField(pool.plane_i, 0, kAddressBits, uint64_t(l.height * l.pitch));
  pool.pitch_i = uint16_t(l.pitch);
  pool.height_i = uint16_t(l.height);
  SetField(pool.row_step_i, 0, kAddressBits, uint64_t(l.stride[0] * l.pitch));
  pool.stride_i = uint8_t(l.stride[0]);
  pool.segment_step_i = uint16_t(kOutputs * l.stride[1]);
  pool.kernel_height_i = uint8_t(l.kernel[0]);
  pool.kernel_width_i = uint8_t(l.kernel[1]);
  pool.pad_top_i = uint8_t(l.pad[0]);
  pool.pad_left_i = uint8_t(l.pad[1]);
  pool.channels_i = uint16_t(l.channels);
  pool.out_height_i = uint16_t(l.out_height);
  pool.out_width_i = uint16_t(l.out_width);
  pool.out_pitch_i = uint16_t(l.out_pitch);
  SetField(pool.out_base_i, 0, kAddressBits, uint64_t(l.out_base));
  SetField(pool.out_plane_i, 0, kAddressBits, uint64_t(l.out_height * l.out_pitch));
}

// A memory of the banks' latency; others read now and then.
bool Run(Vsned_max_pool &pool, Layer &l, int busy) {
  const size_t mask = (size_t(1) << kAddressBits) - 1;
  std::deque<size_t> reads(kLatency, 0);
  SetNumbers(pool, l);
  pool.start_i = 1;
  for (long cycle = 0; cycle < 2 || pool.busy_o; cycle++) {
    if (cycle > 1000000) return false;
    pool.read_ready_i = Between(0, 99) >= busy;
    for (int p = 0; p < kPixels; p++) {
      const size_t at = (reads.front() + size_t(p)) & mask;
      SetField(pool.read_data_i, 8 * p, 8, at < l.memory.size() ? l.memory[at] : 0x55);
    }
    pool.eval();
    reads.pop_front();
    reads.push_back(size_t(pool.read_address_o) & mask);
    if (pool.write_o)
      for (int p = 0; p < kPixels; p++)
        if (GetField(pool.write_enable_o, p, 1))
          l.memory[size_t(pool.write_address_o) + size_t(p)] = uint8_t(GetField(pool.write_data_o, 8 * p, 8));
    Clock(pool);
    pool.start_i = 0;
  }
  return l.memory == l.expected;
}

}  // namespace

int main(int argc, char **argv) {
  Verilated::commandArgs(argc, argv);
  Vsned_max_pool pool;
  Reset(pool);
  for (int seed = 0; seed < LAYERS; seed++) {
    generator.seed(unsigned(seed));
    Layer layer = RandomLayer();
    if (!Run(pool, layer, seed % 2 ? Between(0, 80) : 0)) {
      std::printf("[  FAILED  ] 1 test(s): seed %d\n", seed);
      return 1;
    }
  }
  std::printf("[  PASSED  ] 1 test(s): %d layers\n", LAYERS);
  return 0;
}
