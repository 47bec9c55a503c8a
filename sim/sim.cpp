// sim.cpp - the Verilated accelerator as a library: src/accel/driver/sim.h.
#include "simulation.h"

#include <new>

namespace {

#ifdef SIM_TRACE
constexpr bool kTraces = true;
#else
constexpr bool kTraces = false;
#endif

void *Open(const sim_options *options, accel_transport *transport) {
  Ddr::Settings settings;
  settings.latency = options->latency;
  settings.bytes_per_cycle = options->bytes_per_cycle;
  settings.stalls = options->stalls;
  settings.seed = options->seed;
  Simulation *simulation = new (std::nothrow) Simulation(options->memory, settings, options->trace);
  if (simulation) *transport = simulation->Transport();
  return simulation;
}

void Close(void *simulation) { delete static_cast<Simulation *>(simulation); }

const sim_event *Events(const void *simulation, size_t *count) {
  const std::vector<sim_event> &events = static_cast<const Simulation *>(simulation)->events();
  *count = events.size();
  return events.data();
}

uint64_t Bytes(const void *simulation) { return static_cast<const Simulation *>(simulation)->Bytes(); }

}  // namespace

extern "C" const sim_library sned_simulation = {SIM_INTERFACE, SIM_CONFIG, kTraces, Open, Close, Events, Bytes};
