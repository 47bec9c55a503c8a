// test_conv.cpp - sned_conv: the memory after a random layer is what docs/arithmetic.md makes of it, byte for byte.
#include "Vsned_conv.h"
#include "Vsned_conv___024root.h"
#include "rtl/array_bench.h"
#include "verilated.h"

#include <vector>

namespace {

constexpr int kEach = LANES / COLUMNS, kTablePairs = TABLE_PAIRS, kSumBits = 27;

int BitsOf(int count) {
  int bits = 1;
  while (1 << bits < count) bits++;
  return bits;
}

void LoadTables(Vsned_conv &conv, const rtl_layer &layer) {
  for (int r = 0; r < layer.row_count; r++) {
    conv.row_write_i = 1;
    conv.row_address_i = unsigned(r);
    SetRow(conv.row_entry_i, layer.rows[r]);
    Clock(conv);
  }
  conv.row_write_i = 0;
  constexpr int filter_bits = kSumBits + 16 + 6 + 1;
  for (int lane = 0; lane < LANES; lane++) {
    int at = 0;
    for (int bin = lane; bin < layer.bins; bin += LANES)
      for (size_t i = 0; i < layer.sum_pairs[bin]; i++, at++) {
        const rtl_pair &pair = layer.pairs[bin][i];
        SetField(conv.pair_write_i, 0, COLUMNS, uint64_t(1) << lane / kEach);
        conv.pair_address_i = unsigned((lane % kEach) << BitsOf(kTablePairs) | at);
        for (int f = 0; f < 2; f++) {
          SetField(conv.pair_entry_i, f * filter_bits, kSumBits, uint64_t(int64_t(pair.bias[f])));
          SetField(conv.pair_entry_i, f * filter_bits + kSumBits, 16, uint64_t(pair.multiplier[f]));
          SetField(conv.pair_entry_i, f * filter_bits + kSumBits + 16, 6, uint64_t(pair.shift[f]));
          SetField(conv.pair_entry_i, f * filter_bits + kSumBits + 22, 1, uint64_t(pair.used[f]));
          SetField(conv.pair_entry_i, 2 * filter_bits + f * kAddressBits, kAddressBits, uint64_t(pair.channel[f]));
        }
        SetField(conv.pair_entry_i, 2 * filter_bits + 2 * kAddressBits, 1, uint64_t(pair.ends_bin));
        SetField(conv.pair_entry_i, 2 * filter_bits + 2 * kAddressBits + 1, 1, uint64_t(pair.ends_lane));
        Clock(conv);
      }
  }
  SetField(conv.pair_write_i, 0, COLUMNS, 0);
}

// A byte of the four banks, by the back door.
uint8_t Peek(const Vsned_conv &conv, size_t address) {
  const size_t line = address / LINE_BYTES, row = line / 4;
  const auto *root = conv.rootp;
  const void *banks[] = {
      &root->sned_conv__DOT__i_array__DOT__i_banks__DOT__gen_bank__BRA__0__KET____DOT__i_ram__DOT__memory[row],
      &root->sned_conv__DOT__i_array__DOT__i_banks__DOT__gen_bank__BRA__1__KET____DOT__i_ram__DOT__memory[row],
      &root->sned_conv__DOT__i_array__DOT__i_banks__DOT__gen_bank__BRA__2__KET____DOT__i_ram__DOT__memory[row],
      &root->sned_conv__DOT__i_array__DOT__i_banks__DOT__gen_bank__BRA__3__KET____DOT__i_ram__DOT__memory[row]};
  return static_cast<const uint8_t *>(banks[line % 4])[address % LINE_BYTES];
}

// Returns cycles, or -1.
long Run(Vsned_conv &conv, const rtl_layer &layer, int slow_stream) {
  LoadMemory(conv, layer);
  LoadTables(conv, layer);
  SetNumbers(conv, layer);
  SetField(conv.out_limit_i, 0, kAddressBits, uint64_t(layer.out_limit));
  SetField(conv.low_i, 0, 9, uint64_t(int64_t(layer.low)));
  SetField(conv.high_i, 0, 9, uint64_t(int64_t(layer.high)));
  std::vector<StreamReader> lanes(LANES);
  for (int l = 0; l < LANES; l++) {
    lanes[size_t(l)].bin = l;
    SetField(conv.active_i, l, 1, layer.sum_pairs[l] != 0);
  }
  conv.start_i = 1;
  long cycle = 0;
  for (; cycle < 4 || !conv.done_o; cycle++) {
    if (cycle > 100 * layer.model_cycles + 10000) {
      std::printf("hangs\n");
      return -1;
    }
    for (int l = 0; l < LANES; l++) {
      StreamReader &lane = lanes[size_t(l)];
      lane.offered = !lane.done(layer) && (lane.offered || Between(0, 99) >= slow_stream);
      SetField(conv.item_valid_i, l, 1, lane.offered);
      if (lane.offered) SetField(conv.item_i, l * 24, 24, lane.value(layer));
    }
    conv.eval();
    for (int l = 0; l < LANES; l++)
      if (lanes[size_t(l)].offered && GetField(conv.item_ready_o, l, 1)) lanes[size_t(l)].Next(layer);
    Clock(conv);
    conv.start_i = 0;
  }
  for (int i = 0; i < 4; i++) Clock(conv);  // the last rows are on their way through the banks
  for (size_t at = 0; at < layer.memory_size; at++)
    if (Peek(conv, at) != layer.expected[at]) {
      std::printf("byte %zu is %d, not %d\n", at, Peek(conv, at), layer.expected[at]);
      return -1;
    }
  return cycle;
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
    rtl_layer_make(&layer, uint64_t(seed) + 1000, &config);
    const bool timed = seed % 2 == 0;
    const long cycles = Run(conv, layer, timed ? 0 : Between(1, 80)), apart = std::labs(cycles - layer.model_cycles);
    if (cycles < 0 || (timed && apart > layer.model_cycles / 100 + 24)) {
      std::printf("[  FAILED  ] 1 test(s): seed %d, %ld cycles, the model says %ld\n", seed, cycles, layer.model_cycles);
      return 1;
    }
    if (timed) cycles_of_all += cycles, model_of_all += layer.model_cycles;
    rtl_layer_free(&layer);
  }
  std::printf("%d layers; cycles %ld, by the model %ld\n[  PASSED  ] 1 test(s)\n", LAYERS, cycles_of_all, model_of_all);
  return 0;
}
