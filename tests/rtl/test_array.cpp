// test_array.cpp - sned_array against the golden lanes: random layers, and the cycle model.
#include "Vsned_array.h"
#define ROW_PORT(what) table_##what##_i
#include "rtl/array_bench.h"
#include "verilated.h"

#include <vector>

namespace {

constexpr int kLanes = LANES, kPixels = PIXELS, kHalfRows = HALF_ROWS, kGroup = GROUP;
constexpr int kGroups = (kPixels + kGroup - 1) / kGroup, kSumBits = 27;

class Bench {
 public:
  Bench() { Reset(array_); }

  // Returns cycles of all passes, or -1.
  long Run(const rtl_layer &layer, const accel_config &config, int slow_stream, int slow_collector) {
    TestMemory memory(layer);
    long cycles = 0;
    LoadRows(array_, layer);
    for (int pass = 0; pass < layer.passes; pass++) {
      Describe(array_, layer, pass, 0, layer.tiles, config);
      const long cycle = RunPass(layer, memory, pass, slow_stream, slow_collector);
      if (cycle < 0) return cycle;
      cycles += cycle;
    }
    return cycles;
  }

 private:
  long RunPass(const rtl_layer &layer, TestMemory &memory, int pass, int slow_stream, int slow_collector) {
    std::vector<StreamReader> lanes(kLanes);
    std::vector<SumReader> readers(kLanes);
    for (int l = 0; l < kLanes; l++) {
      lanes[size_t(l)].bin = readers[size_t(l)].bin = pass * kLanes + l;
      lanes[size_t(l)].tiles = layer.tiles;
    }
    array_.start_i = 1;
    long cycle = 0;
    for (bool done = false; !done; cycle++) {
      if (cycle > 8 * layer.model_cycles_alone * 100 / (100 - slow_stream) * 100 / (100 - slow_collector) + 10000)
        return Fail("hangs", int(cycle), 0);
      for (int l = 0; l < kLanes; l++) {
        StreamReader &lane = lanes[size_t(l)];
        lane.offered = !lane.done() && (lane.offered || Between(0, 99) >= slow_stream);
        SetField(array_.item_valid_i, l, 1, lane.offered);
        if (lane.offered) SetField(array_.item_i, l * 24, 24, lane.value(layer));
        SetField(array_.sums_ready_i, l, 1, Between(0, 99) >= slow_collector);
      }
      memory.Answer(array_);
      array_.eval();
      memory.Ask(array_);
      done = !array_.busy_o && cycle > 2;
      for (int l = 0; l < kLanes; l++) {
        StreamReader &lane = lanes[size_t(l)];
        if (lane.offered && GetField(array_.item_ready_o, l, 1)) lane.Next(layer);
        SumReader &reader = readers[size_t(l)];
        if (GetField(array_.sums_valid_o, l, 1) && GetField(array_.sums_ready_i, l, 1)) {
          if (Finished(layer, reader)) return Fail("a word too many, lane", l, 0);
          if (!Check(layer, reader, l)) return Fail("wrong sum, lane", l, reader.word);
          if (++reader.word == kGroup) {
            reader.word = 0;
            if (++reader.pair == layer.sum_pairs[reader.bin]) {
              reader.pair = 0;
              reader.tile++;
            }
          }
        }
        done = done && lane.done() && Finished(layer, reader);
      }
      Clock(array_);
      array_.start_i = 0;
    }
    return cycle;
  }

  // Whose sums a lane gives next.
  struct SumReader {
    int bin = 0, tile = 0, word = 0;
    size_t pair = 0;
  };

  // Bins without a pair have no sums.
  bool Finished(const rtl_layer &layer, const SumReader &reader) const {
    return layer.sum_pairs[reader.bin] == 0 || reader.tile >= layer.tiles;
  }

  bool Check(const rtl_layer &layer, const SumReader &reader, int lane) {
    const size_t pair = size_t(reader.tile) * layer.sum_pairs[reader.bin] + reader.pair;
    for (int g = 0; g < kGroups; g++)
      for (int upper = 0; upper < 2; upper++) {
        const int pixel = g * kGroup + reader.word;
        const int bit = ((lane * kGroups + g) * 2 + upper) * kSumBits;
        if (pixel < kPixels && GetField(array_.sums_o, bit, kSumBits) !=
                                   layer.sums[reader.bin][(pair * 2 + size_t(upper)) * kPixels + size_t(pixel)])
          return false;
      }
    return true;
  }

  long Fail(const char *what, int a, int b) {
    std::printf("%s (%d, %d)\n", what, a, b);
    return -1;
  }

  Vsned_array array_;
};

}  // namespace

int main(int argc, char **argv) {
  Verilated::commandArgs(argc, argv);
  const accel_config config = TestConfig(0);
  Bench bench;
  long worst = 0, cycles_of_all = 0, model_of_all = 0;
  for (int seed = 0; seed < LAYERS; seed++) {
    generator.seed(unsigned(seed));
    rtl_layer layer;
    rtl_layer_make(&layer, uint64_t(seed), &config);
    const bool timed = seed % 2 == 0;
    const long cycles =
        bench.Run(layer, config, timed || Between(0, 1) ? 0 : Between(1, 80), timed || Between(0, 1) ? 0 : Between(1, 90));
    const long apart = std::labs(cycles - layer.model_cycles_alone);
    if (cycles < 0 || (timed && apart > layer.model_cycles_alone / 100 + 24)) {
      std::printf("[  FAILED  ] 1 test(s): seed %d, %ld cycles, the model says %ld\n", seed, cycles, layer.model_cycles_alone);
      return 1;
    }
    if (timed) {
      worst = std::max(worst, 1000 * apart / layer.model_cycles_alone);
      cycles_of_all += cycles;
      model_of_all += layer.model_cycles_alone;
    }
    rtl_layer_free(&layer);
  }
  std::printf("%d layers; cycles %ld, by the model %ld; a layer is at most %ld.%ld %% apart\n", LAYERS, cycles_of_all, model_of_all,
              worst / 10, worst % 10);
  std::printf("[  PASSED  ] 1 test(s)\n");
  return 0;
}
