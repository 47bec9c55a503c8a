// bench.h - what the harnesses of tests/rtl share: clock and reset, bits of ports of any width, random numbers, and
// docs/arithmetic.md's scaling in its own words.
#ifndef SNED_TESTS_RTL_BENCH_H
#define SNED_TESTS_RTL_BENCH_H

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>

inline std::mt19937 generator;

inline int Between(int low, int high) { return low + int(generator() % unsigned(high - low + 1)); }

template <typename Module>
void Clock(Module &module) {
  module.clk_i = 0;
  module.eval();
  module.clk_i = 1;
  module.eval();
}

template <typename Module>
void Reset(Module &module) {
  module.rst_ni = 0;
  for (int i = 0; i < 4; i++) Clock(module);
  module.rst_ni = 1;
}

// floor(value multiplier / 2^shift + 1/2), without a shift of a negative number.
inline int64_t Scale(int64_t value, int64_t multiplier, int shift) {
  const __int128 unit = __int128(1) << shift, sum = __int128(value) * multiplier + unit / 2;
  return int64_t(sum >= 0 ? sum / unit : -((-sum + unit - 1) / unit));
}

// Bits [low, low + count) of a port, as a signed number.
template <typename Port>
int64_t GetField(const Port &port, int low, int count) {
  const auto *bytes = reinterpret_cast<const uint8_t *>(&port);
  uint64_t value = 0;
  for (int i = 0; i < count; i++) value |= uint64_t(bytes[(low + i) / 8] >> ((low + i) % 8) & 1) << i;
  return int64_t(value << (64 - count)) >> (64 - count);
}

template <typename Port>
void SetField(Port &port, int low, int count, uint64_t value) {
  auto *bytes = reinterpret_cast<uint8_t *>(&port);
  for (int i = 0; i < count; i++) {
    const int at = low + i;
    bytes[at / 8] = uint8_t((bytes[at / 8] & ~(1u << at % 8)) | unsigned(value >> i & 1) << at % 8);
  }
}

#endif
