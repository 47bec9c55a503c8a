// test_scale.cpp - sned_scale against docs/arithmetic.md's scale and clamp: bytes, and both bytes of wide numbers.
#include "Vsned_scale.h"
#include "rtl/bench.h"
#include "verilated.h"

#include <deque>

namespace {

constexpr int kBits = 27, kLatency = 7;

}  // namespace

int main(int argc, char **argv) {
  Verilated::commandArgs(argc, argv);
  std::mt19937_64 wide(5);
  Vsned_scale scale;
  std::deque<int> expected;
  const int64_t most = (int64_t(1) << (kBits - 1)) - 1;
  constexpr int kLow[] = {0, -128, 10, -32768, 0, -300}, kHigh[] = {255, 127, 90, 32767, 32767, 10000};
  for (int range = 0; range < 6; range++) {
    const int low = kLow[range], high = kHigh[range];
    SetField(scale.low_i, 0, 17, uint64_t(int64_t(low)));
    SetField(scale.high_i, 0, 17, uint64_t(int64_t(high)));
    expected.clear();
    for (long i = 0; i < 400000; i++) {
      // Totals of all sizes, the ends and halves among them; split into sum and bias.
      int64_t total = int64_t(wide() >> (64 - kBits)) - most - 1;
      total >>= wide() % kBits;
      if (i % 97 == 0) total = i % 2 ? most : -most - 1;
      int shift = int(wide() % 62) + 1;
      const uint64_t multiplier = i % 50 == 0 ? 0 : i % 7 == 0 ? 32768 : 32768 + wide() % 32768;
      if (i % 3 == 0) shift = int(wide() % 24) + 10;
      int64_t bias = int64_t(wide() >> (64 - kBits)) - most - 1;
      int64_t sum = total - bias;
      if (sum > most || sum < -most - 1) sum = total, bias = 0;
      SetField(scale.sum_i, 0, kBits, uint64_t(sum));
      SetField(scale.bias_i, 0, kBits, uint64_t(bias));
      scale.multiplier_i = uint16_t(multiplier);
      scale.shift_i = uint8_t(shift);
      scale.high_byte_i = wide() % 2;
      expected.push_back(int(std::clamp<int64_t>(Scale(total, int64_t(multiplier), shift), low, high)) >> 8 * scale.high_byte_i & 255);
      Clock(scale);
      if (expected.size() == kLatency) {
        if (scale.value_o != expected.front()) {
          std::printf("[  FAILED  ] 1 test(s): step %ld, %d and not %d\n", i, scale.value_o, expected.front());
          return 1;
        }
        expected.pop_front();
      }
    }
  }
  std::printf("[  PASSED  ] 1 test(s)\n");
  return 0;
}
