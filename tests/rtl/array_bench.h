// array_bench.h - loads a layer into sned_array or sned_conv: what both have the same ports for.
#ifndef RTL_ARRAY_BENCH_H
#define RTL_ARRAY_BENCH_H

#include "rtl/bench.h"
#include "rtl/layer.h"

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
  config.entries = 1 << 14;
  config.collectors = collectors;
  return config;
}

// The activations, in writes of all lengths.
template <typename Module>
void LoadMemory(Module &module, const rtl_layer &layer) {
  for (size_t at = 0; at < layer.memory_size;) {
    const size_t count = std::min(size_t(1 + generator() % PIXELS), layer.memory_size - at);
    module.write_i = 1;
    SetField(module.write_address_i, 0, kAddressBits, at);
    for (int p = 0; p < PIXELS; p++) {
      SetField(module.write_enable_i, p, 1, size_t(p) < count);
      SetField(module.write_data_i, 8 * p, 8, size_t(p) < count ? layer.memory[at + size_t(p)] : 0xee);
    }
    at += count;
    Clock(module);
  }
  module.write_i = 0;
  for (int i = 0; i < 4; i++) Clock(module);
}

template <typename Port>
void SetRow(Port &port, const rtl_row &row) {
  SetField(port, 0, kAddressBits, uint64_t(row.channel));
  SetField(port, kAddressBits, kAddressBits + 1, uint64_t(int64_t(row.shift)));
  SetField(port, 2 * kAddressBits + 1, kShiftBits, uint64_t(int64_t(row.columns)));
}

template <typename Module>
void SetNumbers(Module &module, const rtl_layer &layer) {
  module.signed_i = layer.is_signed;
  SetField(module.base_i, 0, kAddressBits, uint64_t(layer.base));
  SetField(module.limit_i, 0, kAddressBits, uint64_t(layer.limit));
  module.pitch_i = unsigned(layer.pitch);
  module.width_i = unsigned(layer.width);
  module.step_i = unsigned(PIXELS % layer.pitch);
  module.passes_i = unsigned(layer.passes);
  module.tiles_i = unsigned(layer.tiles);
  module.halves_i = unsigned(layer.halves);
  module.last_rows_i = unsigned(layer.last_rows);
}

// Where a lane is in its streams: bin after bin, each once for every tile.
struct StreamReader {
  int bin = 0, tile = 0;
  size_t item = 0;
  bool offered = false;

  bool done(const rtl_layer &layer) const { return bin >= layer.bins; }
  uint32_t value(const rtl_layer &layer) const { return layer.items[bin][item]; }
  void Next(const rtl_layer &layer) {
    offered = false;
    if (++item < layer.counts[bin]) return;
    item = 0;
    if (++tile < layer.tiles) return;
    tile = 0;
    bin += LANES;
  }
};

#endif
