// ddr.h - a model of DDR memory behind AXI4 ports of 128 bits, for any Verilated top.
//
// One cycle:
//     ddr.Drive();                          // sets the model's outputs: arready, rvalid, rdata, awready, wready, bvalid ...
//     top.clk_i = 0; top.eval();            // what hangs on them settles
//     ddr.Sample();                         // takes the handshakes as they stand before the rising edge
//     top.clk_i = 1; top.eval();
//
// Drive() looks at no input, so no ready of the model waits for a valid, and nothing it offers is taken back. A port answers in order;
// ports do not wait for each other, but share the bandwidth. A beat is read from the memory when it is offered, and written when the answer
// to its burst (B) is: who reads before the answer gets the old bytes. Addresses outside the memory answer DECERR, those of
// [error_begin, error_end) SLVERR; nothing is written there, and zeros are read. The same seed gives the same cycles.
#ifndef SNED_SIM_DDR_H
#define SNED_SIM_DDR_H

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <deque>
#include <vector>

// Ports of a top whose signals are called PREFIX_arvalid_o, PREFIX_arready_i and so on: ddr.Add(DDR_READ_PORT(top, m_axi)).
#define DDR_READ_PORT(top, prefix)                                                                                                  \
  Ddr::ReadSignals {                                                                                                                \
    &(top).prefix##_araddr_o, &(top).prefix##_arlen_o, &(top).prefix##_arvalid_o, &(top).prefix##_arready_i,                        \
        &(top).prefix##_rdata_i[0], &(top).prefix##_rresp_i, &(top).prefix##_rlast_i, &(top).prefix##_rvalid_i,                     \
        &(top).prefix##_rready_o                                                                                                    \
  }
#define DDR_WRITE_PORT(top, prefix)                                                                                                 \
  Ddr::WriteSignals {                                                                                                               \
    &(top).prefix##_awaddr_o, &(top).prefix##_awlen_o, &(top).prefix##_awvalid_o, &(top).prefix##_awready_i,                        \
        &(top).prefix##_wdata_o[0], &(top).prefix##_wstrb_o, &(top).prefix##_wlast_o, &(top).prefix##_wvalid_o,                     \
        &(top).prefix##_wready_i, &(top).prefix##_bresp_i, &(top).prefix##_bvalid_i, &(top).prefix##_bready_o                       \
  }

class Ddr {
 public:
  struct Settings {
    uint64_t base = 0;              // address of the memory's first byte, a multiple of 16
    int latency = 40;               // cycles from a read burst's address to its first beat; 1 or more
    int write_latency = 20;         // from a written burst's last beat to its answer
    int extra_latency = 0;          // up to so many more, at random
    double bytes_per_cycle = 76.8;  // of all ports together
    int stalls = 0;                 // percent of the cycles in which a channel holds back
    int queue = 32;                 // bursts that a port takes before it answers
    uint64_t error_begin = 0, error_end = 0;
    uint64_t seed = 1;
  };

  // Latencies of 1 to 200 cycles and stalls.
  static Settings Stress(uint64_t seed, int stalls = 30) {
    Settings settings;
    settings.latency = settings.write_latency = 1;
    settings.extra_latency = 199;
    settings.stalls = stalls;
    settings.seed = seed;
    return settings;
  }

  // Signals as Verilator has them. A top with packed vectors of ports copies to and from variables of its own.
  struct ReadSignals {
    const uint64_t *araddr;
    const uint8_t *arlen, *arvalid;
    uint8_t *arready;
    uint32_t *rdata;  // 4 words
    uint8_t *rresp, *rlast, *rvalid;
    const uint8_t *rready;
  };
  struct WriteSignals {
    const uint64_t *awaddr;
    const uint8_t *awlen, *awvalid;
    uint8_t *awready;
    const uint32_t *wdata;  // 4 words
    const uint16_t *wstrb;
    const uint8_t *wlast, *wvalid;
    uint8_t *wready, *bresp, *bvalid;
    const uint8_t *bready;
  };

  Ddr(size_t bytes, const Settings &settings)
      : settings_(settings), memory_(bytes), random_(settings.seed * 0x9e3779b97f4a7c15u | 1),
        most_tokens_(4 * settings.bytes_per_cycle + 64) {}

  // Each gives the port's number, for Bytes...().
  int Add(const ReadSignals &signals) {
    reads_.push_back({signals, {}, 0, false, 0, {}});
    return int(reads_.size()) - 1;
  }
  int Add(const WriteSignals &signals) {
    writes_.push_back({signals, {}, {}, {}, 0, false, 0, {}, {}});
    return int(writes_.size()) - 1;
  }

  void Drive() {
    tokens_ = std::min(tokens_ + settings_.bytes_per_cycle, most_tokens_);
    // The port that begins changes, so that none is starved.
    const size_t ports = reads_.size() + writes_.size();
    if (ports && ++first_ >= ports) first_ = 0;
    for (size_t i = 0; i < ports; i++) {
      const size_t port = first_ + i < ports ? first_ + i : first_ + i - ports;
      if (port < reads_.size())
        Drive(reads_[port]);
      else
        Drive(writes_[port - reads_.size()]);
    }
  }

  void Sample() {
    for (Read &port : reads_) Sample(port);
    for (Write &port : writes_) Sample(port);
    cycle_++;
  }

  std::vector<uint8_t> &memory() { return memory_; }
  Settings &settings() { return settings_; }
  uint64_t cycle() const { return cycle_; }
  uint64_t BytesRead(int port) const { return reads_[size_t(port)].bytes; }
  uint64_t BytesWritten(int port) const { return writes_[size_t(port)].bytes; }
  bool idle() const {
    for (const Read &port : reads_)
      if (!port.bursts.empty()) return false;
    for (const Write &port : writes_)
      if (!port.asked.empty() || !port.answers.empty() || !port.beats.empty()) return false;
    return true;
  }
  // The first rule that a master broke, or nullptr.
  const char *violation() const { return violation_; }

 private:
  struct Burst {
    uint64_t address, ready;  // ready: the cycle of its first beat, or of its answer
    int beats;
  };
  struct Beat {
    uint8_t data[16];
    uint16_t strobes;
    bool last;
  };
  // What a master offered and the model did not take: it must stay.
  struct Offer {
    bool waits;
    uint64_t first, second;
  };
  struct Read {
    ReadSignals signals;
    std::deque<Burst> bursts;
    int beat;      // of the first of them
    bool offered;  // it stands at R
    uint64_t bytes;
    Offer address;
  };
  struct Write {
    WriteSignals signals;
    std::deque<Burst> asked, answers;  // some beats are missing; none is
    std::deque<Beat> beats;            // of answers, then of asked
    size_t answered_beats;             // those of answers
    bool offered;
    uint64_t bytes;
    Offer address, data;
  };

  Settings settings_;
  std::vector<uint8_t> memory_;
  std::vector<Read> reads_;
  std::vector<Write> writes_;
  uint64_t random_, cycle_ = 0;
  double tokens_ = 0, most_tokens_;
  size_t first_ = 0;
  const char *violation_ = nullptr;

  // 0 to below - 1.
  unsigned Random(unsigned below) {
    random_ ^= random_ << 13;
    random_ ^= random_ >> 7;
    random_ ^= random_ << 17;
    return unsigned((random_ >> 32) * below >> 32);
  }
  bool Stalls() { return settings_.stalls && int(Random(100)) < settings_.stalls; }
  uint64_t After(int latency) {
    const unsigned extra = settings_.extra_latency ? Random(unsigned(settings_.extra_latency) + 1) : 0;
    return cycle_ + uint64_t(latency) + extra;
  }
  void Break(const char *rule) {
    if (!violation_) violation_ = rule;
  }
  void Stays(Offer &offer, bool valid, bool ready, uint64_t first, uint64_t second, const char *rule) {
    if (offer.waits && (!valid || first != offer.first || second != offer.second)) Break(rule);
    offer = {valid && !ready, first, second};
  }
  Burst Asked(uint64_t address, int beats) {
    if (address % 16) Break("an address is no multiple of 16");
    if (address % 4096 + 16 * uint64_t(beats) > 4096) Break("a burst crosses 4 KB");
    return {address, After(settings_.latency), beats};
  }
  uint8_t Response(uint64_t address) const {
    if (address < settings_.base || address - settings_.base + 16 > memory_.size()) return 3;
    return address + 16 > settings_.error_begin && address < settings_.error_end ? 2 : 0;
  }

  void Drive(Read &port) {
    const ReadSignals &s = port.signals;
    if (!port.offered && !port.bursts.empty() && port.bursts.front().ready <= cycle_ && tokens_ > 0 && !Stalls()) {
      const Burst &burst = port.bursts.front();
      const uint64_t address = burst.address + 16 * uint64_t(port.beat);
      *s.rresp = Response(address);
      *s.rlast = port.beat == burst.beats - 1;
      if (*s.rresp)
        std::memset(s.rdata, 0, 16);
      else
        std::memcpy(s.rdata, &memory_[address - settings_.base], 16);
      port.offered = true;
      tokens_ -= 16;
      port.bytes += 16;
    }
    if (*s.rvalid && !port.offered) std::memset(s.rdata, 0xa5, 16);  // nobody is to look
    *s.rvalid = port.offered;
    *s.arready = int(port.bursts.size()) < settings_.queue && !Stalls();
  }

  void Sample(Read &port) {
    const ReadSignals &s = port.signals;
    if (port.offered && *s.rready) {
      port.offered = false;
      if (++port.beat == port.bursts.front().beats) {
        port.bursts.pop_front();
        port.beat = 0;
      }
    }
    Stays(port.address, *s.arvalid, *s.arready, *s.araddr, *s.arlen, "AR changes while it waits");
    if (*s.arready && *s.arvalid) port.bursts.push_back(Asked(*s.araddr, *s.arlen + 1));
  }

  void Drive(Write &port) {
    const WriteSignals &s = port.signals;
    if (!port.offered && !port.answers.empty() && port.answers.front().ready <= cycle_ && !Stalls()) {
      *s.bresp = Land(port);
      port.offered = true;
    }
    *s.bvalid = port.offered;
    *s.awready = int(port.asked.size() + port.answers.size()) < settings_.queue && !Stalls();
    *s.wready = port.beats.size() < 16 * size_t(settings_.queue) + 256 && tokens_ > 0 && !Stalls();
    if (*s.wready) tokens_ -= 16;  // comes back where nothing is written
  }

  void Sample(Write &port) {
    const WriteSignals &s = port.signals;
    if (port.offered && *s.bready) port.offered = false;
    Stays(port.address, *s.awvalid, *s.awready, *s.awaddr, *s.awlen, "AW changes while it waits");
    Stays(port.data, *s.wvalid, *s.wready, s.wdata[0] | uint64_t(s.wdata[3]) << 32, *s.wstrb | uint64_t(*s.wlast) << 16, "W changes while it waits");
    if (*s.awready && *s.awvalid) port.asked.push_back(Asked(*s.awaddr, *s.awlen + 1));
    if (*s.wready && *s.wvalid) {
      Beat beat;
      std::memcpy(beat.data, s.wdata, 16);
      beat.strobes = *s.wstrb;
      beat.last = *s.wlast;
      port.beats.push_back(beat);
      port.bytes += 16;
    } else if (*s.wready) {
      tokens_ += 16;
    }
    while (!port.asked.empty() && port.beats.size() >= port.answered_beats + size_t(port.asked.front().beats)) {
      Burst burst = port.asked.front();
      burst.ready = After(settings_.write_latency);
      port.answered_beats += size_t(burst.beats);
      port.answers.push_back(burst);
      port.asked.pop_front();
    }
  }

  // The first burst whose beats are all there goes to the memory; its answer, the worst of its beats'.
  uint8_t Land(Write &port) {
    const Burst burst = port.answers.front();
    uint8_t worst = 0;
    for (int b = 0; b < burst.beats; b++) {
      const Beat &beat = port.beats[size_t(b)];
      const uint64_t address = burst.address + 16 * uint64_t(b);
      const uint8_t response = Response(address);
      if (beat.last != (b == burst.beats - 1)) Break("WLAST at the wrong beat");
      worst = std::max(worst, response);
      if (response) continue;
      for (int i = 0; i < 16; i++)
        if (beat.strobes >> i & 1) memory_[address - settings_.base + uint64_t(i)] = beat.data[i];
    }
    port.beats.erase(port.beats.begin(), port.beats.begin() + burst.beats);
    port.answered_beats -= size_t(burst.beats);
    port.answers.pop_front();
    return worst;
  }
};

#endif
