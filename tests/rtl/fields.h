// fields.h - bits of Verilator's ports, which are words of several widths.
#ifndef RTL_FIELDS_H
#define RTL_FIELDS_H

#include <cstdint>

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
