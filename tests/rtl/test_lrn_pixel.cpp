// test_lrn_pixel.cpp - sned_lrn_pixel against docs/arithmetic.md's LRN, one pixel's channels after the other: numbers, and what they are
// multiplied by.
#include "Vsned_lrn_pixel.h"
#include "rtl/vector_work.h"
#include "verilated.h"

#include <deque>

namespace {

constexpr int kLatency = 6;

struct Result {
  bool counts;
  int value, entry;
};

}  // namespace

int main(int argc, char **argv) {
  Verilated::commandArgs(argc, argv);
  Vsned_lrn_pixel pixel;
  Reset(pixel);
  for (int seed = 0; seed < 40; seed++) {
    generator.seed(unsigned(seed));
    const bool is_signed = Between(0, 1);
    const int size = Between(1, 15), after = size / 2, before = (size - 1) / 2;
    const int low = is_signed ? -128 : 0, high = is_signed ? 127 : 255;
    std::vector<uint16_t> table(1024);
    for (size_t i = 0; i < table.size(); i++) {
      table[i] = uint16_t(Between(0, 65535));
      pixel.table_write_i = 1;
      pixel.table_address_i = uint16_t(i);
      pixel.table_entry_i = table[i];
      Clock(pixel);
    }
    pixel.table_write_i = 0;
    pixel.size_i = uint8_t(size);
    pixel.after_i = uint8_t(after);
    std::deque<Result> expected(kLatency, Result{});
    for (int run = 0; run < 20; run++) {
      const int channels = Between(1, 40);
      std::vector<int> values;
      for (int c = 0; c < channels; c++) values.push_back(Between(0, 9) ? Between(low, high) : high);
      for (int step = 0; step < channels + after;) {
        const bool goes = Between(0, 3) || seed % 2;
        Result result = {};
        if (goes && step >= after) {
          const int c = step - after;
          uint64_t sum = 0;
          for (int i = std::max(0, c - before); i <= std::min(channels - 1, c + after); i++)
            sum += uint64_t(values[size_t(i)] * values[size_t(i)]);
          result = {true, values[size_t(c)], table[size_t(IndexOf(sum))]};
        }
        pixel.step_i = goes;
        pixel.begin_i = step == 0;
        pixel.leaves_i = step >= size;
        SetField(pixel.value_i, 0, 9, uint64_t(int64_t(step < channels ? values[size_t(step)] : 0)));
        expected.push_back(result);
        Clock(pixel);
        expected.pop_front();
        const int value = int(GetField(pixel.value_o, 0, 9)), entry = int(pixel.entry_o);
        if (expected.front().counts && (value != expected.front().value || entry != expected.front().entry)) {
          std::printf("[  FAILED  ] 1 test(s): seed %d, %d x %d and not %d x %d\n", seed, value, entry, expected.front().value,
                      expected.front().entry);
          return 1;
        }
        step += goes;
      }
    }
  }
  std::printf("[  PASSED  ] 1 test(s)\n");
  return 0;
}
