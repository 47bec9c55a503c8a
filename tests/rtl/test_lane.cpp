// test_lane.cpp - sned_lane against golden_lane: random streams, tiles that come late, a collector that stalls.
#include "Vsned_lane.h"
#include "rtl/bench.h"
#include "verilated.h"

#include <cstring>
#include <vector>

extern "C" {
#include "accel/golden/lane.h"
#include "accel/program/stream.h"
}

namespace {

constexpr int kPixels = PIXELS, kHalfRows = HALF_ROWS, kSlots = SLOTS, kGroup = GROUP;
constexpr int kGroups = (kPixels + kGroup - 1) / kGroup, kSumBits = 27;

// A lane's work on one tile: the rows, and the stream that reads them.
struct Work {
  int row_count = 0;
  std::vector<int16_t> rows;  // [row_count][kPixels]
  std::vector<uint32_t> items;
  std::vector<int32_t> sums;  // [pairs][2][kPixels]
};

void KeepSums(void *context, const int32_t *sums) {
  auto *kept = static_cast<std::vector<int32_t> *>(context);
  kept->insert(kept->end(), sums, sums + 2 * kPixels);
}

int8_t RandomWeight(int extreme) { return int8_t(extreme ? (Between(0, 1) ? 127 : -127) : Between(-127, 127)); }

void AddHalf(Work &work, int pairs, int rows, bool last, int density, int extreme, std::vector<bool> &begun) {
  size_t header = 0;
  bool any = false;
  for (int pair = 0; pair < pairs; pair++) {
    std::vector<uint32_t> entries;
    for (int row = 0; row < rows; row++)
      if (Between(0, 99) < density)
        entries.push_back(stream_entry_pack(row, RandomWeight(extreme), RandomWeight(extreme)));
    if (entries.empty() && last) entries.push_back(stream_entry_pack(0, 0, 0));
    if (entries.empty()) continue;
    header = work.items.size();
    any = true;
    stream_header words = {int(entries.size()), pair, !begun[pair], last, false};
    work.items.push_back(stream_header_pack(words));
    begun[pair] = true;
    work.items.insert(work.items.end(), entries.begin(), entries.end());
  }
  if (!any) {
    header = work.items.size();
    work.items.push_back(0);
  }
  stream_header leave = {0, 0, false, false, true};
  work.items[header] |= stream_header_pack(leave);
}

Work RandomWork(bool is_signed) {
  Work work;
  const int halves = Between(1, 4), pairs = Between(0, 9) ? Between(1, kSlots) : 0, extreme = !Between(0, 3);
  const int density = Between(0, 4) ? Between(5, 100) : 0;
  work.row_count = (halves - 1) * kHalfRows + Between(1, kHalfRows);
  for (int i = 0; i < work.row_count * kPixels; i++)
    work.rows.push_back(int16_t(extreme ? (is_signed ? -128 : 255) : is_signed ? Between(-128, 127) : Between(0, 255)));
  std::vector<bool> begun(size_t(pairs), false);
  for (int half = 0; half < halves; half++) {
    const int rows = half == halves - 1 ? work.row_count - half * kHalfRows : kHalfRows;
    AddHalf(work, pairs, rows, half == halves - 1, density, extreme, begun);
  }
  sned_error error;
  if (golden_lane_run(work.items.data(), work.items.size(), work.rows.data(), work.row_count, kHalfRows, kPixels,
                      KeepSums, &work.sums, &error) != SNED_OK) {
    std::fprintf(stderr, "golden: %s\n", error.message);
    std::exit(1);
  }
  return work;
}

class Bench {
 public:
  Bench() { Reset(lane_); }

  // Tiles one after the other. slow: in how many of a hundred cycles each side waits. Returns cycles, or -1.
  long Run(const std::vector<Work> &tiles, bool is_signed, int slow_stream, int slow_feeder, int slow_collector) {
    struct Half {
      const Work *work;
      int first, rows;
    };
    std::vector<Half> halves;
    std::vector<uint32_t> items;
    std::vector<int32_t> expected;
    for (const Work &work : tiles) {
      for (int first = 0; first < work.row_count; first += kHalfRows)
        halves.push_back({&work, first, std::min(kHalfRows, work.row_count - first)});
      items.insert(items.end(), work.items.begin(), work.items.end());
      expected.insert(expected.end(), work.sums.begin(), work.sums.end());
    }
    size_t item = 0, half = 0, word = 0;
    int row = 0;
    bool offered = false;  // valid stays once it is up
    const size_t words = expected.size() / (2 * kPixels) * kGroup;
    lane_.signed_i = is_signed;
    long cycle = 0;
    for (; item < items.size() || word < words; cycle++) {
      if (cycle > 4000000) return Fail("hangs", int(item), int(word));
      offered = item < items.size() && (offered || Between(0, 99) >= slow_stream);
      lane_.valid_i = offered;
      lane_.item_i = offered ? items[item] : uint32_t(generator()) & 0xffffff;
      lane_.ready_i = Between(0, 99) >= slow_collector;
      Feed(halves.size() > half && Between(0, 99) >= slow_feeder, half, row, halves.data());
      lane_.eval();
      if (lane_.valid_i && lane_.ready_o) {
        item++;
        offered = false;
      }
      if (lane_.valid_o && lane_.ready_i) {
        if (word >= words) return Fail("too many words", int(word), 0);
        for (int g = 0; g < kGroups; g++) {
          const int pixel = g * kGroup + int(word % kGroup);
          for (int upper = 0; upper < 2 && pixel < kPixels; upper++) {
            const int64_t got = GetField(lane_.sums_o, (2 * g + upper) * kSumBits, kSumBits);
            if (got != expected[(word / kGroup * 2 + size_t(upper)) * kPixels + size_t(pixel)])
              return Fail("wrong sum", int(word), pixel);
          }
        }
        word++;
      }
      Clock(lane_);
    }
    for (int i = 0; i < 40; i++) {  // nothing more may come
      lane_.valid_i = 0;
      lane_.ready_i = 1;
      lane_.write_i = 0;
      lane_.eval();
      if (lane_.valid_o) return Fail("a word too many", int(word), 0);
      Clock(lane_);
    }
    return cycle;
  }

 private:
  // The feeder: waits until the half-tile is its own, writes its rows, and turns the bit.
  template <typename HalfT>
  void Feed(bool goes, size_t &half, int &row, const HalfT *halves) {
    const unsigned bit = unsigned(half_count_ & 1);
    lane_.write_i = 0;
    if (!goes || ((lane_.filled_i ^ lane_.left_o) >> bit & 1)) return;
    if (row == halves[half].rows) {
      lane_.filled_i ^= uint8_t(1u << bit);
      row = 0;
      half++;
      half_count_++;
      return;
    }
    lane_.write_i = 1;
    lane_.write_row_i = bit * unsigned(kHalfRows) + unsigned(row);
    const int16_t *values = &halves[half].work->rows[size_t((halves[half].first + row) * kPixels)];
    for (int p = 0; p < kPixels; p++) {
      auto *bytes = reinterpret_cast<uint8_t *>(&lane_.write_data_i);
      bytes[p] = uint8_t(values[p]);
    }
    row++;
  }

  long Fail(const char *what, int a, int b) {
    std::printf("%s (%d, %d)\n", what, a, b);
    return -1;
  }

  Vsned_lane lane_;
  long half_count_ = 0;
};

// What the cycle model says of a tile whose halves are there: rounds of eight, and a header where there is no pause.
long ModelCycles(const Work &work) {
  long cycles = 0;
  for (size_t i = 0; i < work.items.size();) {
    const int count = stream_header_unpack(work.items[i]).count, spare = count % 8;
    if (spare == 0)
      cycles += count + 1;
    else
      cycles += count - spare + std::max(spare + 1, kGroup);
    i += size_t(count) + 1;
  }
  return cycles;
}

}  // namespace

int main(int argc, char **argv) {
  Verilated::commandArgs(argc, argv);
  int failed = 0, run = 0;
  Bench bench;
  for (; run < 200 && !failed; run++) {
    generator.seed(unsigned(run));
    const bool is_signed = Between(0, 1);
    std::vector<Work> tiles;
    for (int i = Between(1, 4); i > 0; i--) tiles.push_back(RandomWork(is_signed));
    const int stream = Between(0, 3) ? 0 : Between(1, 90), feeder = Between(0, 3) ? 0 : Between(1, 90),
              collector = Between(0, 2) ? 0 : Between(1, 95);
    if (bench.Run(tiles, is_signed, stream, feeder, collector) < 0) failed = 1;
  }
  if (failed) std::printf("[  FAILED  ] 1 test(s), seed %d\n", run - 1);
  // One tile of one half, undisturbed: the model's cycles, and those of filling and emptying.
  for (int i = 0; i < 50 && !failed; i++) {
    generator.seed(unsigned(1000 + i));
    std::vector<Work> one;
    do one = {RandomWork(false)};
    while (one[0].row_count > kHalfRows || one[0].sums.empty());
    const long cycles = bench.Run(one, false, 0, 0, 0), model = ModelCycles(one[0]) + one[0].row_count;
    if (cycles < model || cycles > model + 24) {
      std::printf("[  FAILED  ] 1 test(s): %ld cycles, the model says %ld\n", cycles, model);
      failed = 1;
    }
  }
  if (!failed) std::printf("[  PASSED  ] 2 test(s): 200 random lanes, 50 of them timed\n");
  return failed;
}
