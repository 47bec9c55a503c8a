// test_weigh.cpp - sned_weigh against docs/arithmetic.md's scaling of one product or of a sum of some, with pauses.
#include "Vsned_weigh.h"
#include "rtl/bench.h"
#include "verilated.h"

#include <deque>

namespace {

constexpr int kLanes = LANES, kMultipliers = MULTIPLIERS, kBits = 25, kLatency = 6;

struct Write {
  bool any;
  uint64_t address;
  int count, bytes[LANES];
};

// Of all sizes, the ends among them.
int64_t RandomNumber(int bits) {
  if (Between(0, 19) == 0) return Between(0, 1) ? (1 << (bits - 1)) - 1 : -(1 << (bits - 1));
  return int64_t(uint64_t(generator()) << 32) >> (64 - bits + int(generator() % unsigned(bits)));
}

int64_t RandomMultiplier() { return Between(0, 9) ? Between(0, 65535) : 65535; }

bool IsRight(const Vsned_weigh &weigh, const Write &write) {
  if (bool(weigh.write_o) != write.any) return false;
  if (!write.any) return true;
  bool right = weigh.write_address_o == write.address;
  for (int l = 0; l < kLanes; l++) {
    right &= (GetField(weigh.write_enable_o, l, 1) != 0) == (l < write.count);
    right &= l >= write.count || (GetField(weigh.write_data_o, 8 * l, 8) & 255) == write.bytes[l];
  }
  return right;
}

}  // namespace

int main(int argc, char **argv) {
  Verilated::commandArgs(argc, argv);
  Vsned_weigh weigh;
  weigh.valid_i = 0;
  Reset(weigh);
  constexpr int kLow[] = {0, -128, 10, -32768}, kHigh[] = {255, 127, 90, 32767};
  for (int round = 0; round < 600; round++) {
    generator.seed(unsigned(round));
    const int range = round % 4, shift = round % 3 ? Between(8, 40) : Between(1, 62);
    std::deque<Write> expected(kLatency, Write{});
    SetField(weigh.low_i, 0, 17, uint64_t(int64_t(kLow[range])));
    SetField(weigh.high_i, 0, 17, uint64_t(int64_t(kHigh[range])));
    weigh.shift_i = uint8_t(shift);
    for (int i = 0; i < 8; i++) Clock(weigh);
    for (int step = 0, left = 0, length = 0; step < 300; step++) {
      static int64_t sums[LANES];
      Write write = {};
      weigh.valid_i = Between(0, 3) != 0;
      if (weigh.valid_i && left == 0) left = length = Between(1, 3);
      weigh.begin_i = left == length;
      weigh.end_i = left == 1;
      weigh.high_byte_i = uint8_t(Between(0, 1));
      weigh.address_i = unsigned(Between(0, (1 << 20) - 1));
      weigh.count_i = uint8_t(Between(0, kLanes));
      const int64_t shared = RandomMultiplier();
      weigh.multiplier_i = uint16_t(shared);
      for (int l = 0; l < kLanes; l++) {
        const bool any = l < kMultipliers;
        const int64_t number = RandomNumber(any ? kBits : 9), multiplier = any ? RandomMultiplier() : shared;
        if (any) SetField(weigh.numbers_i, l * kBits, kBits, uint64_t(number));
        if (any) SetField(weigh.multipliers_i, l * 16, 16, uint64_t(multiplier));
        SetField(weigh.bytes_i, l * 9, 9, any ? generator() : uint64_t(number));
        if (!weigh.valid_i) continue;
        sums[l] = (weigh.begin_i ? 0 : sums[l]) + number * multiplier;
        write.bytes[l] = int(std::clamp<int64_t>(Scale(sums[l], 1, shift), kLow[range], kHigh[range])) >> 8 * weigh.high_byte_i & 255;
      }
      write.any = weigh.valid_i && weigh.end_i;
      write.address = weigh.address_i;
      write.count = weigh.count_i;
      left -= weigh.valid_i;
      expected.push_back(write);
      Clock(weigh);
      expected.pop_front();
      if (!IsRight(weigh, expected.front())) {
        std::printf("[  FAILED  ] 1 test(s): round %d, step %d\n", round, step);
        return 1;
      }
    }
    weigh.valid_i = 0;
    for (int i = 0; i < kLatency; i++) Clock(weigh);
  }
  std::printf("[  PASSED  ] 1 test(s)\n");
  return 0;
}
