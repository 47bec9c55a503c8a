// test_axi_lite.cpp - sned_axi_lite: random writes and reads, AW and W in any order, all channels stalled at random. Each write reaches the
// registers once, in order, or answers SLVERR; each read brings what they had READ_LATENCY cycles after read_o.
#include "Vsned_axi_lite.h"
#include "rtl/bench.h"
#include "verilated.h"

#include <deque>
#include <vector>

namespace {

struct Write {
  unsigned address, data, strobes;
  bool whole() const { return strobes == 15 && address % 4 == 0; }
};

// Offers a list of items on a channel, each from a random cycle on.
struct Offer {
  int stalls;
  size_t next = 0;
  bool valid = false;
  void Begin(size_t items) {
    if (!valid && next < items) valid = Between(0, 99) >= stalls;
  }
  void End(bool ready) {
    if (!valid || !ready) return;
    valid = false;
    next++;
  }
};

const char *Run(Vsned_axi_lite &top) {
  std::vector<Write> writes(size_t(Between(1, 60)));
  std::vector<unsigned> reads(size_t(Between(1, 60)));
  for (Write &w : writes)
    w = {unsigned(Between(0, 1023)) * 4 + (Between(0, 9) ? 0 : unsigned(Between(0, 3))), unsigned(generator()),
         Between(0, 3) ? 15 : unsigned(Between(0, 15))};
  for (unsigned &address : reads) address = unsigned(Between(0, 1023)) * 4 + (Between(0, 9) ? 0 : unsigned(Between(0, 3)));
  const int range = Between(0, 1) ? 90 : 0;
  Offer aw = {Between(0, range)}, w = {Between(0, range)}, ar = {Between(0, range)};
  const int b_stalls = Between(0, range), r_stalls = Between(0, range);
  std::deque<unsigned> values;            // of reads that reached the registers
  std::deque<int> due(READ_LATENCY, 0);  // which cycles have a value
  std::deque<unsigned> late;
  size_t write = 0, read = 0, answered = 0, brought = 0;

  for (int cycle = 0; answered < writes.size() || brought < reads.size(); cycle++) {
    if (cycle > 100000) return "it hangs";
    aw.Begin(writes.size());
    w.Begin(writes.size());
    ar.Begin(reads.size());
    top.s_axi_awvalid_i = aw.valid;
    top.s_axi_awaddr_i = aw.valid ? uint16_t(writes[aw.next].address) : uint16_t(Between(0, 4095));
    top.s_axi_wvalid_i = w.valid;
    top.s_axi_wdata_i = w.valid ? writes[w.next].data : unsigned(generator());
    top.s_axi_wstrb_i = w.valid ? uint8_t(writes[w.next].strobes) : uint8_t(Between(0, 15));
    top.s_axi_arvalid_i = ar.valid;
    top.s_axi_araddr_i = ar.valid ? uint16_t(reads[ar.next]) : uint16_t(Between(0, 4095));
    top.s_axi_bready_i = Between(0, 99) >= b_stalls;
    top.s_axi_rready_i = Between(0, 99) >= r_stalls;
    top.read_data_i = unsigned(generator());  // of nobody
    if (due.front()) {
      top.read_data_i = late.front();
      late.pop_front();
    }
    due.pop_front();
    top.clk_i = 0;
    top.eval();

    if (top.write_o && top.read_o) return "write_o and read_o at once";
    if (top.write_o) {
      while (write < writes.size() && !writes[write].whole()) write++;
      if (write == writes.size()) return "a write too many";
      if (write >= aw.next || write >= w.next) return "a write before its address and data";
      if (top.address_o != writes[write].address || top.data_o != writes[write].data) return "another write than asked for";
      write++;
    }
    due.push_back(top.read_o);
    if (top.read_o) {
      while (read < reads.size() && reads[read] % 4) read++;
      if (read >= ar.next || top.address_o != reads[read]) return "another read than asked for";
      read++;
      late.push_back(unsigned(generator()));
      values.push_back(late.back());
    }
    if (top.s_axi_bvalid_o && top.s_axi_bready_i) {
      if (answered == writes.size()) return "an answer too many";
      if (top.s_axi_bresp_o != (writes[answered].whole() ? 0 : 2)) return "a wrong answer to a write";
      if (writes[answered].whole() && write <= answered) return "an answer before its write";
      answered++;
    }
    if (top.s_axi_rvalid_o && top.s_axi_rready_i) {
      if (brought == reads.size()) return "a value too many";
      const bool aligned = reads[brought++] % 4 == 0;
      if (top.s_axi_rresp_o != (aligned ? 0 : 2)) return "a wrong answer to a read";
      if (aligned && (values.empty() || top.s_axi_rdata_o != values.front())) return "a wrong value";
      if (aligned) values.pop_front();
    }
    aw.End(top.s_axi_awready_o);
    w.End(top.s_axi_wready_o);
    ar.End(top.s_axi_arready_o);
    top.clk_i = 1;
    top.eval();
  }
  while (write < writes.size() && !writes[write].whole()) write++;
  return write == writes.size() && values.empty() ? nullptr : "a write or a read is missing";
}

}  // namespace

int main(int argc, char **argv) {
  Verilated::commandArgs(argc, argv);
  Vsned_axi_lite top;
  Reset(top);
  for (int seed = 0; seed < SEEDS; seed++) {
    generator.seed(unsigned(seed));
    if (const char *fault = Run(top)) {
      std::printf("[  FAILED  ] 1 test(s): seed %d: %s\n", seed, fault);
      return 1;
    }
  }
  std::printf("[  PASSED  ] 1 test(s): %d runs\n", SEEDS);
  return 0;
}
