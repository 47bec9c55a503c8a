// test_axi_read.cpp - sned_axi_read against the DDR model: every beat of random requests, with its tag and its last, under stalls and
// latencies of any kind; errors give their code and no hang; short requests run at RATE percent of a beat a cycle.
#include "../../sim/ddr.h"
#include "Vsned_axi_read.h"
#include "rtl/bench.h"
#include "verilated.h"

#include <deque>

namespace {

constexpr size_t kBytes = 1 << 17;

struct Request {
  uint64_t address;
  int beats, tag;
};

struct Expected {
  uint8_t data[16];
  int tag;
  bool last;
};

struct Bench {
  Vsned_axi_read &top;
  Ddr ddr;
  int ask_stalls = 0, take_stalls = 0;  // percent
  bool wrong_last = false, asks = false;
  std::deque<Request> requests;
  std::deque<Expected> expected;
  long beats = 0;
  const char *fault = nullptr;

  Bench(Vsned_axi_read &module, const Ddr::Settings &settings) : top(module), ddr(kBytes, settings) {
    ddr.Add(DDR_READ_PORT(top, m_axi));
    for (uint8_t &byte : ddr.memory()) byte = uint8_t(generator());
  }

  // Zeros where an error answers.
  void Ask(const Request &request) {
    const Ddr::Settings &s = ddr.settings();
    requests.push_back(request);
    for (int b = 0; b < request.beats; b++) {
      const uint64_t address = request.address + 16 * uint64_t(b);
      Expected e = {{}, request.tag, b == request.beats - 1};
      if (address - s.base + 16 <= kBytes && address >= s.base && !(address >= s.error_begin && address < s.error_end))
        std::copy_n(&ddr.memory()[address - s.base], 16, e.data);
      expected.push_back(e);
    }
  }

  // Asks for beats that lie within the memory.
  void Ask(int beats) {
    const int at = Between(0, int(kBytes) / 16 - beats);
    Ask({ddr.settings().base + 16 * uint64_t(at), beats, Between(0, (1 << TAG_BITS) - 1)});
  }

  void Cycle() {
    ddr.Drive();
    if (wrong_last) top.m_axi_rlast_i ^= 1;
    if (!asks && !requests.empty()) asks = Between(0, 99) >= ask_stalls;
    top.req_valid_i = asks;
    if (asks) {
      top.req_address_i = requests.front().address;
      top.req_beats_i = unsigned(requests.front().beats);
      top.req_tag_i = uint8_t(requests.front().tag);
    }
    top.data_ready_i = Between(0, 99) >= take_stalls;
    top.clk_i = 0;
    top.eval();
    ddr.Sample();
    if (asks && top.req_ready_o) {
      requests.pop_front();
      asks = false;
    }
    if (top.data_valid_o && top.data_ready_i) {
      beats++;
      if (expected.empty()) {
        fault = "a beat too many";
      } else {
        const Expected &e = expected.front();
        if (std::memcmp(&top.data_o[0], e.data, 16)) fault = "wrong data";
        if (top.data_last_o != e.last || top.data_tag_o != e.tag) fault = "wrong last or tag";
        expected.pop_front();
      }
    }
    if (top.m_axi_arlen_o >= BURST_BEATS && top.m_axi_arvalid_o) fault = "a burst that is too long";
    top.clk_i = 1;
    top.eval();
    if (ddr.violation()) fault = ddr.violation();
  }

  // All requests to their end, and some cycles more.
  bool Run(int error) {
    for (long cycle = 0; !expected.empty(); cycle++) {
      if (cycle > 2000000) fault = "it hangs";
      if (fault) return false;
      Cycle();
    }
    for (int i = 0; i < 20; i++) Cycle();
    if (!top.idle_o || !ddr.idle()) fault = "not idle at the end";
    if (top.error_o != error) fault = "another error than expected";
    top.clear_i = 1;
    Cycle();
    top.clear_i = 0;
    Cycle();
    if (top.error_o) fault = "the error stays after clear_i";
    return !fault;
  }
};

Ddr::Settings RandomSettings(int seed) {
  Ddr::Settings s;
  if (seed % 3) s = Ddr::Stress(uint64_t(seed), Between(0, 80));
  if (seed % 3 == 2) s.extra_latency = Between(0, 20);
  s.base = (uint64_t(generator()) << 32) - (Between(0, 1) ? kBytes / 2 : 0);  // also across 4 GB
  s.base &= ~uint64_t(15);
  return s;
}

bool Random(Vsned_axi_read &top, int seed, const char **fault) {
  Ddr::Settings s = RandomSettings(seed);
  int error = 0;
  if (seed % 5 == 3) {
    s.error_begin = s.base + 16 * uint64_t(Between(0, 4000));
    s.error_end = s.error_begin + 16 * uint64_t(Between(1, 200));
  }
  Bench bench(top, s);
  bench.ask_stalls = Between(0, 1) ? Between(0, 95) : 0;
  bench.take_stalls = Between(0, 1) ? Between(0, 90) : 0;
  const int longest = Between(0, 1) ? 9 : 600;
  for (int r = Between(1, 100); r > 0; r--) bench.Ask(Between(1, longest));
  if (seed % 5 == 3) {
    error = 1;
    bench.Ask({s.error_begin, Between(1, 40), 1});
    bench.Ask(3);
  }
  if (seed % 5 == 4) {
    error = 1;
    bench.Ask({s.base + kBytes - 32, Between(3, 40), 2});  // over the memory's end
    bench.Ask({0x10, 7, 2});                               // and far from it
    bench.Ask(3);
  }
  bench.wrong_last = seed % 10 == 6;
  const bool good = bench.Run(bench.wrong_last ? 2 : error);
  *fault = bench.fault;
  return good;
}

// Cycles that a number of beats take in requests of low to high beats, nothing stalled; an answer 40 cycles after its address.
double Rate(Vsned_axi_read &top, int requests, int low, int high, double bytes_per_cycle, const char **fault) {
  Ddr::Settings s;
  s.bytes_per_cycle = bytes_per_cycle;
  Bench bench(top, s);
  for (int r = 0; r < requests; r++) bench.Ask(Between(low, high));
  while (!bench.expected.empty() && !bench.fault) bench.Cycle();
  *fault = bench.fault;
  return double(bench.beats) / double(bench.ddr.cycle());
}

int Fail(const char *what, int seed) {
  std::printf("[  FAILED  ] 1 test(s): seed %d: %s\n", seed, what);
  return 1;
}

}  // namespace

int main(int argc, char **argv) {
  Verilated::commandArgs(argc, argv);
  Vsned_axi_read top;
  Reset(top);
  const char *fault = nullptr;
  for (int seed = 0; seed < SEEDS; seed++) {
    generator.seed(unsigned(seed));
    if (!Random(top, seed, &fault)) return Fail(fault, seed);
  }
  const double shorts = Rate(top, 5000, 2, 9, 76.8, &fault);
  const double longs = Rate(top, 20, 1000, 3000, 76.8, &fault);
  const double capped = Rate(top, 20, 1000, 3000, 5, &fault);
  if (fault) return Fail(fault, -1);
  if (100 * shorts < RATE || 100 * longs < RATE) return Fail("too slow", -1);
  if (capped > 1.01 * 5 / 16 || (RATE && capped < 0.99 * 5 / 16)) return Fail("the model's bandwidth is not kept", -1);
  std::printf("[  PASSED  ] 1 test(s): %d runs; beats a cycle: %.3f short, %.3f long, %.3f of %.3f capped\n", SEEDS, shorts, longs, capped,
              5. / 16);
  return 0;
}
