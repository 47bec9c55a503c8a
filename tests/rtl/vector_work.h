// vector_work.h - random work for sned_vector, and what it makes of a memory by docs/arithmetic.md: every operation in its own words.
#ifndef SNED_TESTS_RTL_VECTOR_WORK_H
#define SNED_TESTS_RTL_VECTOR_WORK_H

#include "accel/program/descriptor.h"
#include "rtl/bench.h"

#include <vector>

using Memory = std::vector<uint8_t>;

struct Table {
  uint16_t entry[1024];
};

// Into the bits that rtl/sned_pkg.sv's vector_t has for them.
template <typename Port>
void SetVector(Port &port, const vector_work &work) {
  int at = 0;
#define SET_FIELD(name, bits, is_signed) SetField(port, at, bits, uint64_t(work.name)), at += bits;
  VECTOR_FIELDS(SET_FIELD)
#undef SET_FIELD
  SetField(port, at, DESCRIPTOR_BODY_BITS - at, 0);
}

inline int64_t ByteOf(const Memory &memory, int64_t at, int64_t is_signed) {
  return is_signed ? int64_t(int8_t(memory[size_t(at)])) : int64_t(memory[size_t(at)]);
}

inline int IndexOf(uint64_t sum) {
  if (sum < 64) return int(sum);
  int e = 0;
  while (sum >> (e + 1)) e++;
  return std::min(1023, int(64 * (e - 5) + int(sum >> (e - 6) & 63)));
}

// ---- the definitions ----

inline void ExpectPool(Memory &expected, const Memory &memory, const vector_work &w) {
  for (int64_t c = 0; c < w.channels; c++)
    for (int64_t y = 0; y < w.out_height; y++)
      for (int64_t x = 0; x < w.out_width; x++) {
        int64_t best = -256, sum = 0;
        for (int64_t r = 0; r < w.kernel_height; r++)
          for (int64_t s = 0; s < w.kernel_width; s++) {
            const int64_t from_y = y * w.stride_down - w.pad_top + r, from_x = x * w.stride_right - w.pad_left + s;
            if (from_y < 0 || from_y >= w.height || from_x < 0 || from_x >= w.width) continue;
            const int64_t value = ByteOf(memory, w.base + c * w.plane + from_y * w.pitch + from_x, w.is_signed);
            best = std::max(best, value);
            sum += value;
          }
        const int64_t place = c * w.out_plane + y * w.out_pitch + x;
        const int64_t average = std::clamp(Scale(sum, w.multiplier, int(w.shift)), w.low, w.high);
        expected[size_t(w.out_base + place)] = uint8_t(w.operation == VECTOR_MAX ? best : average);
        if (w.wide) expected[size_t(w.second + place)] = uint8_t(average >> 8);
      }
}

inline void ExpectReduce(Memory &expected, const Memory &memory, const vector_work &w) {
  for (int64_t c = 0; c < w.channels; c++) {
    int64_t sum = 0;
    for (int64_t y = 0; y < w.height; y++)
      for (int64_t x = 0; x < w.width; x++) sum += ByteOf(memory, w.base + c * w.plane + y * w.pitch + x, w.is_signed);
    const int64_t average = std::clamp(Scale(sum, w.multiplier, int(w.shift)), w.low, w.high);
    expected[size_t(w.out_base + c * w.out_plane)] = uint8_t(average);
    if (w.wide) expected[size_t(w.second + c * w.out_plane)] = uint8_t(average >> 8);
  }
}

inline void ExpectAdd(Memory &expected, const Memory &memory, const vector_work &w) {
  for (int64_t i = 0; i < w.length; i++) {
    const int64_t sum = ByteOf(memory, w.base + i, w.is_signed) * w.multiplier +
                        ByteOf(memory, w.second + i, w.second_signed) * w.second_multiplier;
    expected[size_t(w.out_base + i)] = uint8_t(std::clamp(Scale(sum, 1, int(w.shift)), w.low, w.high));
  }
}

inline void ExpectLrn(Memory &expected, const Memory &memory, const vector_work &w, const Table &table) {
  for (int64_t c = 0; c < w.channels; c++)
    for (int64_t i = 0; i < w.length; i++) {
      uint64_t sum = 0;
      const int64_t first = c - (w.lrn_size - 1) / 2, last = c + w.lrn_size / 2;
      for (int64_t other = std::max<int64_t>(0, first); other <= std::min(w.channels - 1, last); other++) {
        const int64_t value = ByteOf(memory, w.base + other * w.plane + i, w.is_signed);
        sum += uint64_t(value * value);
      }
      const int64_t value = ByteOf(memory, w.base + c * w.plane + i, w.is_signed);
      const int64_t scaled = Scale(value, table.entry[IndexOf(sum)], int(w.shift));
      expected[size_t(w.out_base + c * w.out_plane + i)] = uint8_t(std::clamp(scaled, w.low, w.high));
    }
}

// ---- random work ----

inline void SetRange(vector_work &work, bool wide) {
  work.low = Between(0, 1) ? (wide ? -32768 : -128) : 0;
  work.high = work.low ? -1 - work.low : (wide ? 32767 : 255);
  if (Between(0, 3) == 0) {
    work.low += Between(0, 60);
    work.high -= Between(0, 60);
  }
}

// `places` shares out the memory: each call takes so many bytes of it, somewhere behind the last.
inline int64_t Take(int64_t &places, int64_t bytes) {
  const int64_t at = places + Between(0, 40);
  places = at + bytes;
  return at;
}

// The scaling of sums of `count` bytes.
inline void SetAverage(vector_work &w, int64_t count, int64_t &places) {
  w.wide = Between(0, 2) == 0;
  if (w.wide) w.second = Take(places, w.channels * w.out_plane);
  SetRange(w, w.wide);
  w.multiplier = Between(0, 9) ? Between(1 << 15, (1 << 16) - 1) : Between(0, 1) ? 0 : (1 << 16) - 1;
  w.shift = 15;
  for (int64_t n = count; n > 1; n /= 2) w.shift++;
  w.shift = Between(0, 3) ? w.shift + Between(-1, 2) - (w.wide ? 8 : 0) : Between(1, 62);
}

inline vector_work RandomPool(bool average, int outputs, bool large) {
  vector_work w = {};
  int64_t out[2], size[2], kernel[2], stride[2], pad[2], places = 0;
  w.operation = average ? VECTOR_AVERAGE : VECTOR_MAX;
  w.is_signed = Between(0, 1);
  w.channels = large ? 1 : Between(1, 5);
  for (int axis = 0; axis < 2; axis++) {
    size[axis] = large ? Between(200, 255) : Between(1, axis ? 40 : 20);
    kernel[axis] = large ? size[axis] : Between(1, std::min(int(size[axis]), Between(0, 2) ? 3 : 9));
    stride[axis] = Between(1, axis ? 3 : 4);
    pad[axis] = large ? 0 : Between(0, int(kernel[axis]) / 2);
    out[axis] = (size[axis] + 2 * pad[axis] - kernel[axis]) / stride[axis] + 1;
    // Ceil mode: windows that hang over the end, but do not begin there.
    while (!large && Between(0, 1) && out[axis] * stride[axis] - pad[axis] < size[axis]) out[axis]++;
  }
  w.height = size[0], w.width = size[1];
  w.kernel_height = kernel[0], w.kernel_width = kernel[1];
  w.stride_down = stride[0], w.stride_right = stride[1];
  w.pad_top = pad[0], w.pad_left = pad[1];
  w.out_height = out[0], w.out_width = out[1];
  w.pitch = w.width + Between(0, 3);
  w.plane = w.height * w.pitch + Between(0, 30);
  w.row_step = w.stride_down * w.pitch;
  w.segment_step = outputs * w.stride_right;
  w.out_pitch = w.out_width + Between(0, 3);
  w.out_plane = w.out_height * w.out_pitch + Between(0, 30);
  w.base = Take(places, w.channels * w.plane);
  w.out_base = Take(places, w.channels * w.out_plane);
  if (average) SetAverage(w, w.kernel_height * w.kernel_width, places);
  return w;
}

// Rows of up to three pieces, often of one; many planes of one piece.
inline vector_work RandomReduce(int pixels, bool large) {
  vector_work w = {};
  int64_t places = 0;
  w.operation = VECTOR_REDUCE;
  w.is_signed = !large && Between(0, 1);
  w.channels = large ? 1 : Between(1, 12);
  w.height = large ? Between(200, 255) : Between(0, 2) ? Between(1, 20) : 1;
  w.width = large ? Between(200, 255) : Between(1, Between(0, 1) ? pixels : 3 * pixels);
  w.pitch = w.width + (Between(0, 1) ? 0 : Between(1, 2 * pixels));
  w.plane = w.height * w.pitch + Between(0, 30);
  w.out_plane = Between(1, 20);
  w.base = Take(places, w.channels * w.plane);
  w.out_base = Take(places, w.channels * w.out_plane);
  SetAverage(w, w.height * w.width, places);
  return w;
}

inline vector_work RandomAdd() {
  vector_work w = {};
  int64_t places = 0;
  w.operation = VECTOR_ADD;
  w.is_signed = Between(0, 1);
  w.second_signed = Between(0, 1);
  w.length = Between(1, Between(0, 1) ? 50 : 1000);
  w.base = Take(places, w.length);
  w.second = Take(places, w.length);
  const int to = Between(0, 5);
  w.out_base = to == 0 ? w.base : to == 1 ? w.second : Take(places, w.length);
  w.multiplier = Between(0, (1 << 16) - 1);
  w.second_multiplier = Between(1 << 15, (1 << 16) - 1);
  if (Between(0, 1)) std::swap(w.multiplier, w.second_multiplier);
  w.shift = Between(0, 3) ? Between(14, 18) : Between(1, 62);
  SetRange(w, false);
  return w;
}

inline vector_work RandomLrn() {
  vector_work w = {};
  int64_t places = 0;
  w.operation = VECTOR_LRN;
  w.is_signed = Between(0, 1);
  w.channels = Between(1, 30);
  w.length = Between(1, 70);
  w.plane = w.length + Between(0, 20);
  w.out_plane = w.length + Between(0, 20);
  w.base = Take(places, w.channels * w.plane);
  w.out_base = Take(places, w.channels * w.out_plane);
  w.lrn_size = Between(1, 15);
  w.lrn_after = w.lrn_size / 2;
  w.shift = Between(0, 3) ? Between(14, 22) : Between(1, 62);
  SetRange(w, false);
  return w;
}

#endif
