// simulation.h - the Verilated sned_top with the DDR model at its ports, as a transport of the driver: for sim.cpp and tests/rtl/test_top.cpp.
//
// SIM_READS says how many read ports sned_top has. What is given as `trace` counts where SIM_TRACE is defined.
#ifndef SNED_SIM_SIMULATION_H
#define SNED_SIM_SIMULATION_H

#include "accel/driver/sim.h"

#include "Vsned_top.h"
#include "ddr.h"
#include "verilated.h"
#ifdef SIM_TRACE
#include "verilated_fst_c.h"
#endif

#include <array>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

class Simulation {
 public:
  static constexpr int kReads = SIM_READS;
  static constexpr uint64_t kBase = 0x10000000;

  Simulation(size_t memory, Ddr::Settings settings, const char *trace = nullptr) : ddr_(memory, AtBase(settings)) {
    for (int p = 0; p < kReads; p++) {
      ReadPort &r = reads_[size_t(p)];
      ddr_.Add(Ddr::ReadSignals{&r.araddr, &r.arlen, &r.arvalid, &r.arready, r.rdata, &r.rresp, &r.rlast, &r.rvalid, &r.rready});
    }
    ddr_.Add(DDR_WRITE_PORT(top_, m_axi));
    (void)trace;
    top_.s_axi_wstrb_i = 15;
    top_.s_axi_bready_i = top_.s_axi_rready_i = 1;
#ifdef SIM_TRACE
    if (trace) {
      Verilated::traceEverOn(true);
      trace_ = std::make_unique<VerilatedFstC>();
      top_.trace(trace_.get(), 99);
      trace_->open(trace);
    }
#endif
    top_.rst_ni = 0;
    for (int i = 0; i < 8; i++) Cycle();
    top_.rst_ni = 1;
    for (int i = 0; i < 8; i++) Cycle();
  }

  ~Simulation() {
#ifdef SIM_TRACE
    if (trace_) trace_->close();
#endif
    top_.final();
  }

  void Cycle() {
    ddr_.Drive();
    uint64_t arready = 0, rlast = 0, rvalid = 0, rresp = 0;
    for (int p = 0; p < kReads; p++) {
      const ReadPort &r = reads_[size_t(p)];
      arready |= uint64_t(r.arready) << p;
      rlast |= uint64_t(r.rlast) << p;
      rvalid |= uint64_t(r.rvalid) << p;
      rresp |= uint64_t(r.rresp) << 2 * p;
      if (r.rvalid) std::memcpy(&top_.m_axi_rdata_i[4 * p], r.rdata, 16);
    }
    top_.m_axi_arready_i = uint8_t(arready);
    top_.m_axi_rlast_i = uint8_t(rlast);
    top_.m_axi_rvalid_i = uint8_t(rvalid);
    top_.m_axi_rresp_i = uint16_t(rresp);
    top_.clk_i = 0;
    top_.eval();
    Dump(0);
    for (int p = 0; p < kReads; p++) {
      ReadPort &r = reads_[size_t(p)];
      std::memcpy(&r.araddr, &top_.m_axi_araddr_o[2 * p], 8);
      r.arlen = uint8_t(reinterpret_cast<const uint8_t *>(&top_.m_axi_arlen_o)[p]);
      r.arvalid = top_.m_axi_arvalid_o >> p & 1;
      r.rready = top_.m_axi_rready_o >> p & 1;
    }
    ddr_.Sample();
    top_.clk_i = 1;
    top_.eval();
    Dump(1);
    Record();
  }

  uint32_t ReadRegister(int offset) {
    top_.s_axi_araddr_i = uint16_t(offset);
    top_.s_axi_arvalid_i = 1;
    while (!top_.s_axi_arready_o) Cycle();
    Cycle();
    top_.s_axi_arvalid_i = 0;
    while (!top_.s_axi_rvalid_o) Cycle();
    const uint32_t value = top_.s_axi_rdata_o;
    Cycle();
    return value;
  }

  void WriteRegister(int offset, uint32_t value) {
    top_.s_axi_awaddr_i = uint16_t(offset);
    top_.s_axi_wdata_i = value;
    top_.s_axi_awvalid_i = top_.s_axi_wvalid_i = 1;
    while (top_.s_axi_awvalid_i || top_.s_axi_wvalid_i) {
      const bool address = top_.s_axi_awvalid_i && top_.s_axi_awready_o, data = top_.s_axi_wvalid_i && top_.s_axi_wready_o;
      Cycle();
      if (address) top_.s_axi_awvalid_i = 0;
      if (data) top_.s_axi_wvalid_i = 0;
    }
    while (!top_.s_axi_bvalid_o) Cycle();
    Cycle();
  }

  // False where there is no interrupt within `limit` cycles, or a rule of AXI is broken.
  bool Wait() {
    const uint64_t begin = ddr_.cycle();
    while (!top_.interrupt_o && ddr_.cycle() - begin < limit && !ddr_.violation()) Cycle();
    return top_.interrupt_o;
  }

  uint64_t Bytes() const {
    uint64_t bytes = ddr_.BytesWritten(0);
    for (int p = 0; p < kReads; p++) bytes += ddr_.BytesRead(p);
    return bytes;
  }

  accel_transport Transport();

  uint64_t limit = uint64_t(1) << 32;  // the hardware's own comes long before

  Ddr &ddr() { return ddr_; }
  const Ddr &ddr() const { return ddr_; }
  const std::vector<sim_event> &events() const { return events_; }

 private:
  // Verilator packs a vector of ports into one word: copied out for the DDR model, which takes a port each.
  struct ReadPort {
    uint64_t araddr;
    uint8_t arlen, arvalid, arready, rresp, rlast, rvalid, rready;
    uint32_t rdata[4];
  };

  static Ddr::Settings AtBase(Ddr::Settings settings) {
    settings.base = kBase;
    return settings;
  }

  void Dump(int half) {
    (void)half;
#ifdef SIM_TRACE
    if (trace_) trace_->dump(2 * ddr_.cycle() + uint64_t(half));
#endif
  }

  void Record() {
    const uint8_t active = top_.active_o;
    if (active == active_) return;
    for (int u = 0; u < SIM_UNITS; u++) {
      if (active >> u & ~(active_ >> u) & 1) begins_[size_t(u)] = ddr_.cycle();
      if (active_ >> u & ~(active >> u) & 1) events_.push_back({u, Layer(u), begins_[size_t(u)], ddr_.cycle()});
    }
    active_ = active;
  }

  int Layer(int unit) const {
    uint16_t layer;
    std::memcpy(&layer, reinterpret_cast<const uint8_t *>(&top_.layer_o) + 2 * unit, 2);
    return layer;
  }

  Vsned_top top_;
  Ddr ddr_;
  std::array<ReadPort, kReads> reads_{};
  std::array<uint64_t, SIM_UNITS> begins_{};
  std::vector<sim_event> events_;
  uint8_t active_ = 0;
#ifdef SIM_TRACE
  std::unique_ptr<VerilatedFstC> trace_;
#endif
};

namespace sim {

inline Simulation &Of(void *context) { return *static_cast<Simulation *>(context); }

inline sned_status ReadRegister(void *context, int offset, uint32_t *value, sned_error *) {
  *value = Of(context).ReadRegister(offset);
  return SNED_OK;
}

inline sned_status WriteRegister(void *context, int offset, uint32_t value, sned_error *) {
  Of(context).WriteRegister(offset, value);
  return SNED_OK;
}

// The library stands alone: it has no sned_fail.
inline sned_status Fail(sned_error *error, sned_status status, const char *what, const char *which = "") {
  if (error) {
    error->status = status;
    std::snprintf(error->message, sizeof error->message, "the simulated accelerator %s%s", what, which);
  }
  return status;
}

inline sned_status Outside(sned_error *error) { return Fail(error, SNED_ERROR_ARGUMENT, "has no memory there"); }

inline sned_status ReadMemory(void *context, size_t offset, void *data, size_t size, sned_error *error) {
  const std::vector<uint8_t> &memory = Of(context).ddr().memory();
  if (offset > memory.size() || size > memory.size() - offset) return Outside(error);
  std::memcpy(data, memory.data() + offset, size);
  return SNED_OK;
}

inline sned_status WriteMemory(void *context, size_t offset, const void *data, size_t size, sned_error *error) {
  std::vector<uint8_t> &memory = Of(context).ddr().memory();
  if (offset > memory.size() || size > memory.size() - offset) return Outside(error);
  std::memcpy(memory.data() + offset, data, size);
  return SNED_OK;
}

inline sned_status Wait(void *context, sned_error *error) {
  Simulation &simulation = Of(context);
  if (simulation.Wait()) return SNED_OK;
  const char *rule = simulation.ddr().violation();
  return rule ? Fail(error, SNED_ERROR_DATA, "breaks a rule of AXI: ", rule) : Fail(error, SNED_ERROR_DATA, "gives no interrupt");
}

}  // namespace sim

inline accel_transport Simulation::Transport() {
  return {this, kBase, ddr_.memory().size(), sim::ReadRegister, sim::WriteRegister, sim::ReadMemory, sim::WriteMemory, sim::Wait};
}

#endif
