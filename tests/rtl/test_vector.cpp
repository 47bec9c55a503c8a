// test_vector.cpp - sned_vector: work of all kinds, one behind the other without reset. Afterwards the whole memory is what the
// definition makes of it, and where no read had to wait the cycles are those that the module's header names.
#include "Vsned_vector.h"
#include "rtl/vector_work.h"
#include "verilated.h"

#include <deque>

namespace {

constexpr int kPixels = PIXELS, kOutputs = (kPixels - 3) / 3 + 1, kAddressBits = ADDRESS_BITS, kMemoryLatency = 5;
constexpr int kWritesBehind = 24;  // after the last read, at most: sned_write_queue has room for so many
constexpr size_t kMemory = 140000;
constexpr char kKinds[] = "mar+l";

int64_t Divide(int64_t value, int64_t by) { return (value + by - 1) / by; }

long CyclesOf(const vector_work &w) {
  if (w.operation == VECTOR_ADD) return long(12 + 2 * Divide(w.length, ADD_LANES));
  if (w.operation == VECTOR_LRN) return long(18 + Divide(w.length, LRN_LANES) * (w.channels + w.lrn_after));
  if (w.operation == VECTOR_REDUCE) {
    const int64_t reads = w.height * Divide(w.width, kPixels);
    long stages = 0;
    for (int sums = kPixels; sums > 1; sums = (sums + 3) / 4) stages++;
    return long(14 + w.wide + stages + (w.channels - 1) * std::max(reads, 1 + w.wide) + reads);
  }
  const int64_t reads = w.kernel_height * Divide(w.kernel_width, 3);
  int64_t cycles = 0, groups = 0;  // of the segment before
  for (int64_t row = 0; row < w.channels * w.out_height; row++)
    for (int64_t x = 0; x < w.out_width; x += kOutputs) {
      cycles += std::max(reads, groups);
      if (w.operation == VECTOR_AVERAGE) groups = Divide(std::min<int64_t>(kOutputs, w.out_width - x), MULTIPLIERS) * (w.wide ? 2 : 1);
    }
  return long(w.operation == VECTOR_AVERAGE ? 18 + groups + cycles : 12 + cycles);
}

// The memory has the banks' latency; others read now and then.
class Bench {
 public:
  Memory memory = Memory(kMemory);

  Bench() {
    module_.start_i = 0;
    module_.table_write_i = 0;
    Reset(module_);
  }

  void Load(const Table &table) {
    for (int i = 0; i < 1024; i++) {
      module_.table_write_i = 1;
      module_.table_address_i = uint16_t(i);
      module_.table_entry_i = table.entry[i];
      Step(0);
    }
    module_.table_write_i = 0;
  }

  // Cycles, or -1 where it hangs.
  long Run(const vector_work &work, int stalls) {
    SetVector(module_.vector_i, work);
    module_.start_i = 1;
    Step(stalls);
    module_.start_i = 0;
    long cycles = 1;
    for (; module_.busy_o; cycles++) {
      if (cycles > 1000000 || writes_ > kWritesBehind) return -1;
      Step(stalls);
    }
    return cycles;
  }

 private:
  void Step(int stalls) {
    constexpr size_t mask = (size_t(1) << kAddressBits) - 1;
    module_.read_ready_i = Between(0, 99) >= stalls;
    for (int p = 0; p < kPixels; p++) {
      const size_t at = (reads_.front() + size_t(p)) & mask;
      SetField(module_.read_data_i, 8 * p, 8, at < kMemory ? memory[at] : 0x55);
    }
    module_.eval();
    reads_.pop_front();
    // Data of cycles without a read is anything.
    reads_.push_back((module_.read_o && module_.read_ready_i ? size_t(module_.read_address_o) : generator()) & mask);
    writes_ = module_.read_o && module_.read_ready_i ? 0 : writes_ + int(module_.write_o);
    if (module_.write_o)
      for (int p = 0; p < kPixels; p++)
        if (GetField(module_.write_enable_o, p, 1))
          memory.at(size_t(module_.write_address_o) + size_t(p)) = uint8_t(GetField(module_.write_data_o, 8 * p, 8));
    Clock(module_);
  }

  Vsned_vector module_;
  int writes_ = 0;  // since the last read
  std::deque<size_t> reads_ = std::deque<size_t>(kMemoryLatency, 0);
};

vector_work RandomWork(char kind, bool large) {
  switch (kind) {
    case 'm': return RandomPool(false, kOutputs, false);
    case 'a': return RandomPool(true, kOutputs, large);
    case '+': return RandomAdd();
    case 'r': return RandomReduce(kPixels, large);
    default: return RandomLrn();
  }
}

}  // namespace

int main(int argc, char **argv) {
  Verilated::commandArgs(argc, argv);
  Bench bench;
  Table table = {};
  for (int seed = 0; seed < LAYERS; seed++) {
    generator.seed(unsigned(seed));
    const char kind = kKinds[generator() % 5];
    const bool large = seed % 50 == 7;
    const vector_work work = RandomWork(kind, large);
    for (uint8_t &byte : bench.memory) byte = uint8_t(large && seed % 100 == 7 ? 255 : generator());
    if (work.operation == VECTOR_LRN && Between(0, 1)) {
      for (uint16_t &entry : table.entry) entry = uint16_t(generator());
      bench.Load(table);
    }
    Memory expected = bench.memory;
    if (work.operation == VECTOR_ADD) ExpectAdd(expected, bench.memory, work);
    else if (work.operation == VECTOR_LRN) ExpectLrn(expected, bench.memory, work, table);
    else if (work.operation == VECTOR_REDUCE) ExpectReduce(expected, bench.memory, work);
    else ExpectPool(expected, bench.memory, work);
    const int stalls = seed % 2 ? Between(0, 80) : 0;
    const long cycles = bench.Run(work, stalls);
    const size_t wrong = size_t(std::mismatch(expected.begin(), expected.end(), bench.memory.begin()).first - expected.begin());
    if (cycles < 0 || wrong < kMemory || (stalls == 0 && cycles != CyclesOf(work))) {
      std::printf("[  FAILED  ] 1 test(s): seed %d, kind %c, first wrong byte %zu, %ld cycles and not %ld\n", seed, kind, wrong, cycles,
                  CyclesOf(work));
      return 1;
    }
  }
  std::printf("[  PASSED  ] 1 test(s): %d layers\n", LAYERS);
  return 0;
}
