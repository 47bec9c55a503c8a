// test_memory.cpp - sned_memory against an array of bytes: reads and writes anywhere, of all readers and writers at once; who is taken.
#include "Vsned_memory.h"
#include "rtl/bench.h"
#include "verilated.h"

#include <cstring>
#include <deque>
#include <vector>

namespace {

constexpr int kReaders = 4, kWriters = 4, kBytes = LINES * LINE_BYTES, kReadLatency = 5, kWriteLatency = 3;
constexpr int kAddressBits = __builtin_ctz(kBytes);

struct Write {
  int address;
  std::vector<uint8_t> data;
  std::vector<bool> enabled;
};

// What was asked for in a cycle: the address of a read or -1, and a write.
struct Cycle {
  int read;
  Write write;
};

// A read's bytes are defined where no write to them is on its way.
bool Overlaps(const std::deque<Cycle> &cycles, int read) {
  for (const Cycle &cycle : cycles)
    if (!cycle.write.data.empty() && std::abs(cycle.write.address - read) < PIXELS) return true;
  return false;
}

int Fail(const char *what, long step) {
  std::printf("[  FAILED  ] 1 test(s): step %ld, %s\n", step, what);
  return 1;
}

}  // namespace

int main(int argc, char **argv) {
  Verilated::commandArgs(argc, argv);
  Vsned_memory memory;
  std::vector<uint8_t> twin(kBytes);
  std::deque<Cycle> cycles;  // the last kReadLatency; the newest in front
  long compared = 0;
  for (long step = 0; step < 60000; step++) {
    Cycle now = {-1, {}};
    // First every byte is written, for what is read later to be defined.
    const bool fills = step * PIXELS < kBytes;
    const int readers = fills ? 0 : Between(0, (1 << kReaders) - 1), writers = fills ? 1 : Between(0, (1 << kWriters) - 1);
    memory.read_i = uint8_t(readers);
    memory.write_i = uint8_t(writers);
    bool taken = false;
    for (int r = 0; r < kReaders; r++) {
      const int address = Between(0, kBytes - PIXELS);
      SetField(memory.read_address_i, r * kAddressBits, kAddressBits, uint64_t(address));
      if ((readers >> r & 1) && !taken) now.read = address;
      taken |= readers >> r & 1;
    }
    taken = false;
    for (int w = 0; w < kWriters; w++) {
      Write write = {fills ? std::min(int(step) * PIXELS, kBytes - PIXELS) : Between(0, kBytes - PIXELS), {}, {}};
      for (int i = 0; i < PIXELS; i++) {
        write.data.push_back(uint8_t(generator()));
        write.enabled.push_back(fills || generator() % 3);
        SetField(memory.write_data_i, (w * PIXELS + i) * 8, 8, write.data.back());
        SetField(memory.write_enable_i, w * PIXELS + i, 1, write.enabled.back());
      }
      SetField(memory.write_address_i, w * kAddressBits, kAddressBits, uint64_t(write.address));
      if ((writers >> w & 1) && !taken) now.write = write;
      taken |= writers >> w & 1;
    }
    memory.eval();
    for (int p = 0; p < kReaders; p++) {
      if (bool(memory.read_ready_o >> p & 1) != ((readers & ((1 << p) - 1)) == 0)) return Fail("a reader's ready", step);
      if (bool(memory.write_ready_o >> p & 1) != ((writers & ((1 << p) - 1)) == 0)) return Fail("a writer's ready", step);
    }
    if (now.read >= 0 && Overlaps(cycles, now.read)) now.read = -1;
    if (now.read >= 0 && !now.write.data.empty() && std::abs(now.write.address - now.read) < PIXELS) now.read = -1;
    cycles.push_front(now);
    Clock(memory);
    if (cycles.size() == kReadLatency) {
      const Cycle &then = cycles.back();
      if (then.read >= 0) {
        compared++;
        for (int i = 0; i < PIXELS; i++)
          if (uint8_t(GetField(memory.read_data_o, 8 * i, 8)) != twin[size_t(then.read + i)]) return Fail("a byte that was read", step);
      }
      for (int i = 0; i < int(then.write.data.size()); i++)
        if (then.write.enabled[size_t(i)]) twin[size_t(then.write.address + i)] = then.write.data[size_t(i)];
      cycles.pop_back();
    }
  }
  if (compared < 10000) return Fail("too few reads", compared);
  std::printf("[  PASSED  ] 1 test(s)\n");
  return 0;
}
