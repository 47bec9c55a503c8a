// test_lrn_pixel.cpp - sned_lrn_pixel against docs/arithmetic.md's LRN, one pixel's channels after the other.
#include "Vsned_lrn_pixel.h"
#include "rtl/bench.h"
#include "verilated.h"

#include <deque>
#include <vector>

namespace {

constexpr int kLatency = 9;

int IndexOf(uint64_t sum) {
  if (sum < 64) return int(sum);
  int e = 0;
  while (sum >> (e + 1)) e++;
  return std::min(1023, int(64 * (e - 5) + int(sum >> (e - 6) & 63)));
}

}  // namespace

int main(int argc, char **argv) {
  Verilated::commandArgs(argc, argv);
  Vsned_lrn_pixel pixel;
  for (int seed = 0; seed < 40; seed++) {
    generator.seed(unsigned(seed));
    const bool is_signed = Between(0, 1);
    const int size = Between(1, 15), after = size / 2, before = (size - 1) / 2;
    const int shift = seed % 4 ? Between(14, 22) : Between(1, 62), low = is_signed ? -128 : 0, high = is_signed ? 127 : 255;
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
    pixel.shift_i = uint8_t(shift);
    SetField(pixel.low_i, 0, 9, uint64_t(int64_t(low)));
    SetField(pixel.high_i, 0, 9, uint64_t(int64_t(high)));
    std::deque<int> expected(kLatency, 1000);  // 1000: nobody looks
    for (int run = 0; run < 20; run++) {
      const int channels = Between(1, 40);
      std::vector<int> values;
      for (int c = 0; c < channels; c++) values.push_back(Between(0, 9) ? Between(low, high) : high);
      for (int step = 0; step < channels + after;) {
        const bool goes = Between(0, 3) || seed % 2;
        int result = 1000;
        if (goes && step >= after) {
          const int c = step - after;
          uint64_t sum = 0;
          for (int i = std::max(0, c - before); i <= std::min(channels - 1, c + after); i++)
            sum += uint64_t(values[size_t(i)] * values[size_t(i)]);
          result = int(std::clamp<int64_t>(Scale(values[size_t(c)], table[size_t(IndexOf(sum))], shift), low, high));
        }
        pixel.step_i = goes;
        pixel.begin_i = step == 0;
        SetField(pixel.value_i, 0, 9, uint64_t(int64_t(step < channels ? values[size_t(step)] : 0)));
        expected.push_back(result);
        Clock(pixel);
        expected.pop_front();
        const int got = is_signed ? int(int8_t(pixel.result_o)) : int(pixel.result_o);
        if (expected.front() != 1000 && got != expected.front()) {
          std::printf("[  FAILED  ] 1 test(s): seed %d, %d and not %d\n", seed, got, expected.front());
          return 1;
        }
        step += goes;
      }
    }
  }
  std::printf("[  PASSED  ] 1 test(s)\n");
  return 0;
}
