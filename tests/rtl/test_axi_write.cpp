// test_axi_write.cpp - sned_axi_write against the DDR model: the whole memory after random requests, each done only when its bytes are
// there; errors give their code and no hang.
#include "../../sim/ddr.h"
#include "Vsned_axi_write.h"
#include "rtl/bench.h"
#include "verilated.h"

#include <deque>

namespace {

constexpr size_t kBytes = 1 << 16;

struct Request {
  uint64_t address;
  int beats;
};

struct Bench {
  Vsned_axi_write &top;
  Ddr ddr;
  std::vector<uint8_t> memory;  // as it is to be
  std::deque<Request> requests;
  std::deque<std::vector<uint8_t>> data;
  int ask_stalls = 0, data_stalls = 0;
  bool asks = false, gives = false, ahead = false, running = false;
  long done = 0, accepted_beats = 0, given_beats = 0;
  const char *fault = nullptr;

  Bench(Vsned_axi_write &module, const Ddr::Settings &settings) : top(module), ddr(kBytes, settings) {
    ddr.Add(DDR_WRITE_PORT(top, m_axi));
    for (uint8_t &byte : ddr.memory()) byte = uint8_t(generator());
    memory = ddr.memory();
  }

  void Ask(const Request &request) {
    requests.push_back(request);
    for (int b = 0; b < request.beats; b++) {
      std::vector<uint8_t> beat(16);
      for (uint8_t &byte : beat) byte = uint8_t(generator());
      data.push_back(beat);
    }
  }

  // A request's beats, as far as they lie in the memory and outside of the range of errors.
  void Expect(const Request &request) {
    const Ddr::Settings &s = ddr.settings();
    for (int b = 0; b < request.beats; b++) {
      const uint64_t address = request.address + 16 * uint64_t(b);
      if (address - s.base + 16 <= kBytes && address >= s.base && !(address >= s.error_begin && address < s.error_end))
        std::copy(written[size_t(b)].begin(), written[size_t(b)].end(), memory.begin() + long(address - s.base));
    }
    written.erase(written.begin(), written.begin() + request.beats);
  }
  std::deque<std::vector<uint8_t>> written;  // given to the module, of requests that are not done
  Request current = {};

  void Cycle() {
    ddr.Drive();
    if (!asks && !requests.empty()) asks = Between(0, 99) >= ask_stalls;
    if (!gives && !data.empty() && (ahead || given_beats < accepted_beats)) gives = Between(0, 99) >= data_stalls;
    top.req_valid_i = asks;
    if (asks) {
      top.req_address_i = requests.front().address;
      top.req_beats_i = unsigned(requests.front().beats);
    }
    top.data_valid_i = gives;
    if (gives) std::memcpy(&top.data_i[0], data.front().data(), 16);
    top.clk_i = 0;
    top.eval();
    ddr.Sample();
    if (top.done_o) {
      if (!running) fault = "done without a request";
      else Expect(current);
      if (ddr.memory() != memory) fault = "done, and the memory is not as it is to be";
      running = false;
      done++;
    }
    if (asks && top.req_ready_o) {
      if (running) fault = "two requests at a time";
      current = requests.front();
      accepted_beats += current.beats;
      requests.pop_front();
      asks = false;
      running = true;
    }
    if (gives && top.data_ready_o) {
      written.push_back(data.front());
      data.pop_front();
      given_beats++;
      gives = false;
    }
    if (top.m_axi_awlen_o >= BURST_BEATS && top.m_axi_awvalid_o) fault = "a burst that is too long";
    top.clk_i = 1;
    top.eval();
    if (ddr.violation()) fault = ddr.violation();
  }

  bool Run(int error) {
    const long all = long(requests.size());
    for (long cycle = 0; done < all; cycle++) {
      if (cycle > 2000000) fault = "it hangs";
      if (fault) return false;
      Cycle();
    }
    for (int i = 0; i < 300; i++) Cycle();
    if (!top.idle_o || !ddr.idle() || done != all) fault = "not idle at the end";
    if (ddr.memory() != memory) fault = "the memory changed after the end";
    if (top.error_o != error) fault = "another error than expected";
    top.clear_i = 1;
    Cycle();
    top.clear_i = 0;
    Cycle();
    if (top.error_o) fault = "the error stays after clear_i";
    return !fault;
  }
};

bool Random(Vsned_axi_write &top, int seed, const char **fault) {
  Ddr::Settings s;
  if (seed % 3) s = Ddr::Stress(uint64_t(seed), Between(0, 80));
  if (seed % 3 == 2) s.extra_latency = Between(0, 20);
  s.base = (uint64_t(generator()) << 32) - (Between(0, 1) ? kBytes / 2 : 0);
  int error = 0;
  if (seed % 5 == 3) {
    s.error_begin = s.base + 16 * uint64_t(Between(0, 2000));
    s.error_end = s.error_begin + 16 * uint64_t(Between(1, 200));
  }
  Bench bench(top, s);
  bench.ask_stalls = Between(0, 1) ? Between(0, 95) : 0;
  bench.data_stalls = Between(0, 1) ? Between(0, 90) : 0;
  bench.ahead = Between(0, 1);
  const int longest = Between(0, 1) ? 9 : 400;
  for (int r = Between(1, 30); r > 0; r--) {
    const int beats = Between(1, longest);
    bench.Ask({s.base + 16 * uint64_t(Between(0, int(kBytes) / 16 - beats)), beats});
  }
  if (seed % 5 == 3) {
    error = 1;
    bench.Ask({s.error_begin, Between(1, 40)});
    bench.Ask({s.base, 3});
  }
  if (seed % 5 == 4) {
    error = 1;
    bench.Ask({s.base + kBytes - 32, Between(3, 40)});
    bench.Ask({0x10, 7});
    bench.Ask({s.base, 3});
  }
  const bool good = bench.Run(error);
  *fault = bench.fault;
  return good;
}

int Fail(const char *what, int seed) {
  std::printf("[  FAILED  ] 1 test(s): seed %d: %s\n", seed, what);
  return 1;
}

}  // namespace

int main(int argc, char **argv) {
  Verilated::commandArgs(argc, argv);
  Vsned_axi_write top;
  Reset(top);
  const char *fault = nullptr;
  for (int seed = 0; seed < SEEDS; seed++) {
    generator.seed(unsigned(seed));
    if (!Random(top, seed, &fault)) return Fail(fault, seed);
  }
  Bench bench(top, Ddr::Settings());
  bench.Ask({0, int(kBytes) / 16});
  while (!bench.done && !bench.fault) bench.Cycle();
  const double rate = double(kBytes) / 16 / double(bench.ddr.cycle());
  if (bench.fault) return Fail(bench.fault, -1);
  if (100 * rate < RATE) return Fail("too slow", -1);
  // An answer that nobody waits for.
  top.m_axi_bvalid_i = 1;
  top.m_axi_bresp_i = 0;
  Clock(top);
  if (top.error_o != 2) return Fail("an answer that nobody waits for is no error", -1);
  std::printf("[  PASSED  ] 1 test(s): %d runs; %.3f beats a cycle\n", SEEDS, rate);
  return 0;
}
