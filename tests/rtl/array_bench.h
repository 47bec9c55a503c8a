// array_bench.h - gives a layer to sned_array or sned_conv: what both have the same ports for.
#ifndef SNED_TESTS_RTL_ARRAY_BENCH_H
#define SNED_TESTS_RTL_ARRAY_BENCH_H

#include "rtl/bench.h"
#include "rtl/layer.h"

#include <cstring>
#include <deque>
#include <vector>

constexpr int kAddressBits = ADDRESS_BITS, kShiftBits = 6;

// The configuration that the module was built for.
inline accel_config TestConfig(int collectors) {
  accel_config config = {};
  config.name = "test";
  config.lanes = LANES;
  config.pixels = PIXELS;
  config.half_rows = HALF_ROWS;
  config.slots = SLOTS;
  config.drain = GROUP;
  config.waiting = 32 / GROUP;
  config.stream_words = 1 << 13;
  config.collectors = collectors;
  return config;
}

// The activations beside a module: reads have the latency of sned_banks.
class TestMemory {
 public:
  explicit TestMemory(const rtl_layer &layer) : bytes(layer.memory, layer.memory + layer.memory_size), reads_(5, 0) {}

  // Before a cycle's inputs are looked at, and behind them.
  template <typename Module>
  void Answer(Module &module) const {
    uint8_t data[PIXELS];
    for (size_t p = 0; p < PIXELS; p++) data[p] = At((reads_.front() + p) & kMask);
    std::memcpy(&module.read_data_i, data, PIXELS);
  }
  template <typename Module>
  void Ask(const Module &module) {
    reads_.pop_front();
    reads_.push_back(size_t(module.read_address_o) & kMask);
  }

  std::vector<uint8_t> bytes;

 private:
  static constexpr size_t kMask = (size_t(1) << kAddressBits) - 1;
  uint8_t At(size_t place) const { return place < bytes.size() ? bytes[place] : 0xee; }
  std::deque<size_t> reads_;
};

template <typename Port>
void SetRow(Port &port, const rtl_row &row) {
  SetField(port, 0, kAddressBits, uint64_t(row.channel));
  SetField(port, kAddressBits, kAddressBits + 1, uint64_t(int64_t(row.shift)));
  SetField(port, 2 * kAddressBits + 1, kShiftBits, uint64_t(int64_t(row.columns)));
}

template <typename Module>
void Describe(Module &module, const rtl_layer &layer, int pass, int first, int tiles, const accel_config &config) {
  uint8_t descriptor[DESCRIPTOR_BYTES];
  rtl_layer_describe(descriptor, &layer, pass, first, tiles, &config);
  std::memcpy(&module.conv_i, descriptor + 8, DESCRIPTOR_BYTES - 8);
}

// The row table, which all passes share.
template <typename Module>
void LoadRows(Module &module, const rtl_layer &layer) {
  for (int r = 0; r < layer.row_count; r++) {
    module.ROW_PORT(write) = 1;
    module.ROW_PORT(address) = unsigned(r);
    SetRow(module.ROW_PORT(entry), layer.rows[r]);
    Clock(module);
  }
  module.ROW_PORT(write) = 0;
}

// Where a lane is in its stream of a pass, once for every tile.
struct StreamReader {
  int bin = 0, tile = 0, tiles = 0;
  size_t item = 0;
  bool offered = false;

  bool done() const { return tile >= tiles; }
  uint32_t value(const rtl_layer &layer) const { return layer.items[bin][item]; }
  void Next(const rtl_layer &layer) {
    offered = false;
    if (++item < layer.counts[bin]) return;
    item = 0;
    tile++;
  }
};

#endif
