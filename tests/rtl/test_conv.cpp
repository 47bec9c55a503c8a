// test_conv.cpp - sned_conv: the memory after a random layer is what docs/arithmetic.md makes of it, byte for byte.
#include "Vsned_conv.h"
#define ROW_PORT(what) row_##what##_i
#include "rtl/array_bench.h"
#include "verilated.h"

#include <algorithm>
#include <vector>

namespace {

#ifndef FIRST
#define FIRST 0  // layer
#endif
#ifndef APART
#define APART 1  // percent at most, and 24 cycles, from the cycle model's count
#endif

constexpr int kEach = LANES / COLUMNS, kTablePairs = TABLE_PAIRS, kSumBits = 27;

int BitsOf(int count) {
  int bits = 1;
  while (1 << bits < count) bits++;
  return bits;
}

void LoadPairs(Vsned_conv &conv, const rtl_layer &layer, int pass) {
  constexpr int filter_bits = kSumBits + 16 + 6 + 2;
  for (int lane = 0; lane < LANES; lane++) {
    const int bin = pass * LANES + lane;
      for (size_t i = 0; i < layer.sum_pairs[bin]; i++) {
        const rtl_pair &pair = layer.pairs[bin][i];
        SetField(conv.pair_write_i, 0, COLUMNS, uint64_t(1) << lane / kEach);
        conv.pair_address_i = unsigned((lane % kEach) << BitsOf(kTablePairs) | i);
        for (int f = 0; f < 2; f++) {
          SetField(conv.pair_entry_i, f * filter_bits, kSumBits, uint64_t(int64_t(pair.bias[f])));
          SetField(conv.pair_entry_i, f * filter_bits + kSumBits, 16, uint64_t(pair.multiplier[f]));
          SetField(conv.pair_entry_i, f * filter_bits + kSumBits + 16, 6, uint64_t(pair.shift[f]));
          SetField(conv.pair_entry_i, f * filter_bits + kSumBits + 22, 1, uint64_t(pair.used[f]));
          SetField(conv.pair_entry_i, f * filter_bits + kSumBits + 23, 1, uint64_t(pair.upper[f]));
          SetField(conv.pair_entry_i, 2 * filter_bits + f * kAddressBits, kAddressBits, uint64_t(pair.channel[f]));
        }
        SetField(conv.pair_entry_i, 2 * filter_bits + 2 * kAddressBits, 1, uint64_t(pair.ends));
        Clock(conv);
      }
  }
  SetField(conv.pair_write_i, 0, COLUMNS, 0);
}

void Write(const Vsned_conv &conv, TestMemory &memory) {
  for (int p = 0; p < PIXELS; p++)
    if (GetField(conv.write_enable_o, p, 1))
      memory.bytes.at(size_t(conv.write_address_o) + size_t(p)) = uint8_t(GetField(conv.write_data_o, 8 * p, 8));
}

// Tiles [first, first + tiles). Returns cycles, or -1.
long RunPass(Vsned_conv &conv, const rtl_layer &layer, const accel_config &config, TestMemory &memory, int pass, int first, int tiles,
             int slow_stream, bool shared) {
  Describe(conv, layer, pass, first, tiles, config);
  std::vector<StreamReader> lanes(LANES);
  for (int l = 0; l < LANES; l++) {
    lanes[size_t(l)].bin = pass * LANES + l;
    lanes[size_t(l)].tiles = tiles;
  }
  conv.start_i = 1;
  long cycle = 0;
  for (; cycle < 4 || conv.busy_o; cycle++) {
    if (cycle > 100 * layer.model_cycles + 10000) {
      std::printf("hangs\n");
      return -1;
    }
    for (int l = 0; l < LANES; l++) {
      StreamReader &lane = lanes[size_t(l)];
      lane.offered = !lane.done() && (lane.offered || Between(0, 99) >= slow_stream);
      SetField(conv.item_valid_i, l, 1, lane.offered);
      if (lane.offered) SetField(conv.item_i, l * 24, 24, lane.value(layer));
    }
    conv.write_ready_i = !shared || cycle % 2;  // the vector unit writes in every other cycle at most
    memory.Answer(conv);
    conv.eval();
    memory.Ask(conv);
    if (conv.write_o && conv.write_ready_i) Write(conv, memory);
    for (int l = 0; l < LANES; l++)
      if (lanes[size_t(l)].offered && GetField(conv.item_ready_o, l, 1)) lanes[size_t(l)].Next(layer);
    Clock(conv);
    conv.start_i = 0;
  }
  return cycle;
}

// Returns cycles of all passes, or -1.
long Run(Vsned_conv &conv, const rtl_layer &layer, const accel_config &config, int slow_stream, bool shared, int parts) {
  TestMemory memory(layer);
  long cycles = 0;
  LoadRows(conv, layer);
  for (int pass = 0; pass < layer.passes; pass++) {
    LoadPairs(conv, layer, pass);
    for (int part = 0; part < parts; part++) {
      const int first = part * layer.tiles / parts, tiles = (part + 1) * layer.tiles / parts - first;
      const long cycle = RunPass(conv, layer, config, memory, pass, first, tiles, slow_stream, shared);
      if (cycle < 0) return cycle;
      cycles += cycle;
    }
  }
  for (size_t at = 0; at < layer.memory_size; at++)
    if (memory.bytes[at] != layer.expected[at]) {
      std::printf("byte %zu is %d, not %d\n", at, memory.bytes[at], layer.expected[at]);
      return -1;
    }
  return cycles;
}

}  // namespace

int main(int argc, char **argv) {
  Verilated::commandArgs(argc, argv);
  const accel_config config = TestConfig(COLUMNS);
  Vsned_conv conv;
  Reset(conv);
  long cycles_of_all = 0, model_of_all = 0;
  for (int seed = 0; seed < LAYERS; seed++) {
    generator.seed(unsigned(seed));
    rtl_layer layer;
    rtl_layer_make(&layer, uint64_t(seed) + 1000 + FIRST, &config);
    const bool timed = seed % 2 == 0;
    const long cycles = Run(conv, layer, config, timed ? 0 : Between(1, 80), !timed && 4 * COLUMNS <= GROUP,
                            timed ? 1 : Between(1, std::min(4, layer.tiles))), apart = std::labs(cycles - layer.model_cycles);
    if (cycles < 0 || (timed && apart > layer.model_cycles * APART / 100 + 24)) {
      std::printf("[  FAILED  ] 1 test(s): seed %d, %ld cycles, the model says %ld\n", seed, cycles, layer.model_cycles);
      return 1;
    }
    if (timed) cycles_of_all += cycles, model_of_all += layer.model_cycles;
    rtl_layer_free(&layer);
  }
  std::printf("%d layers; cycles %ld, by the model %ld\n[  PASSED  ] 1 test(s)\n", LAYERS, cycles_of_all, model_of_all);
  return 0;
}
