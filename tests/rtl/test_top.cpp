// test_top.cpp - the whole accelerator behind the driver: programs of random networks are exact under any latencies of memory; whatever is wrong with a
// program or its memory ends in an error or in an end, and after the reset that follows the next run is exact again.
#define SIM_READS (2 + FC_READS)
extern "C" {
#include "accel/driver/driver.h"
#include "accel/program/registers.h"
}
#include "../../sim/simulation.h"
#include "rtl/bench.h"
#include "rtl/program.h"

#include <cstring>
#include <string>

double sc_time_stamp() { return 0; }

namespace {

uint64_t current_seed;  // of the program that runs, for messages

constexpr size_t kMemory = 1 << 20;
constexpr uint64_t kLimit = 1 << 20;  // cycles that any run of these networks ends in, well or badly

#define CHECK(condition, ...)                    \
  do {                                           \
    if (!(condition)) {                          \
      std::printf("%s:%d: seed %d: ", __FILE__, __LINE__, int(current_seed)); \
      std::printf(__VA_ARGS__);                  \
      std::printf("\n");                         \
      std::exit(1);                              \
    }                                            \
  } while (0)

// The next seed's program, of those that fit.
class Programs {
 public:
  explicit Programs(uint64_t seed) : seed_(seed) {}
  ~Programs() { rtl_program_free(&program_); }

  rtl_program &Next() {
    rtl_program_free(&program_);
    while (!rtl_program_make(&program_, current_seed = seed_++, "ci", Between(1, 3), Between(1, 3))) {
    }
    return program_;
  }
  uint64_t seed() const { return seed_; }

 private:
  uint64_t seed_;
  rtl_program program_ = {};
};

struct Outcome {
  sned_status status;
  std::string message;
  bool exact;
};

size_t Pages(size_t bytes) { return (bytes + 4095) / 4096 * 4096; }
size_t OutputPlace(const rtl_program &p) { return Pages(p.program.image.size) + Pages(p.images * size_t(p.program.input.bytes)); }

// The elements of all results, without the bytes between them, which may be any.
std::vector<int16_t> Scores(const rtl_program &p, const uint8_t *blocks) {
  std::vector<int16_t> scores;
  for (size_t i = 0; i < p.images; i++)
    for (int k = 0; k < p.program.output_count; k++) {
      const program_output &output = p.program.outputs[k];
      std::vector<int16_t> elements(layout_element_count(&output.layout));
      layout_unpack(elements.data(), &output.layout, blocks + i * size_t(p.program.output_bytes) + output.offset);
      scores.insert(scores.end(), elements.begin(), elements.end());
    }
  return scores;
}

Outcome Run(Simulation &simulation, const rtl_program &p) {
  const accel_transport transport = simulation.Transport();
  std::vector<uint8_t> outputs(p.images * size_t(p.program.output_bytes), 0x5a);
  uint64_t cycles = 0;
  sned_error error = {};
  const sned_status status = driver_run(&transport, &p.program, p.inputs, p.images, outputs.data(), &cycles, &error);
  CHECK(!simulation.ddr().violation(), "broke a rule of AXI: %s", simulation.ddr().violation());
  if (status != SNED_OK) {
    CHECK(simulation.ReadRegister(REGISTER_CONTROL) == 0, "not reset after '%s'", error.message);
    CHECK(simulation.ddr().idle(), "bursts on their way after a reset ('%s')", error.message);
    CHECK(simulation.ReadRegister(REGISTER_ERROR) == 0 && simulation.ReadRegister(REGISTER_STATUS) == 0, "an error stays after a reset");
  }
  return {status, error.message, status == SNED_OK && Scores(p, outputs.data()) == Scores(p, p.golden)};
}

void MustBeExact(Simulation &simulation, const rtl_program &p, const char *when) {
  const Outcome outcome = Run(simulation, p);
  CHECK(outcome.exact, "%s: %s", when, outcome.status == SNED_OK ? "other bytes than the golden model's" : outcome.message.c_str());
}

void MustFail(Simulation &simulation, const rtl_program &p, int code, const char *what) {
  const Outcome outcome = Run(simulation, p);
  const std::string words = "stopped with error " + std::to_string(code) + ":";
  CHECK(outcome.status == SNED_ERROR_DATA && outcome.message.find(words) != std::string::npos, "%s: '%s', not error %d", what,
        outcome.status == SNED_OK ? "done" : outcome.message.c_str(), code);
}

uint64_t BytesRead(const Simulation &simulation) {
  uint64_t bytes = 0;
  for (int port = 0; port < SIM_READS; port++) bytes += simulation.ddr().BytesRead(port);
  return bytes;
}

// The counters of a run against what was seen from outside: events from `first` on, and bytes.
void CheckCounters(Simulation &simulation, const rtl_program &p, size_t first, uint64_t bytes) {
  const accel_transport transport = simulation.Transport();
  uint64_t words = 0;
  for (int l = 0; l < p.program.layer_count; l++) {
    const program_layer &layer = p.program.layers[l];
    accel_counters c;
    uint64_t seen[SIM_UNITS] = {};
    CHECK(driver_counters(&transport, l, &c, nullptr) == SNED_OK, "counters cannot be read");
    for (size_t e = first; e < simulation.events().size(); e++)
      if (const sim_event &event = simulation.events()[e]; event.layer == l) seen[event.unit] += event.end - event.begin;
    CHECK(c.conv == seen[CODE_CONV] && c.vector == seen[CODE_VECTOR] && c.fc == seen[CODE_FC], "layer %s: cycles %ld %ld %ld, not %ld %ld %ld",
          layer.name, long(c.conv), long(c.vector), long(c.fc), long(seen[CODE_CONV]), long(seen[CODE_VECTOR]), long(seen[CODE_FC]));
    CHECK(c.issued == uint64_t(layer.issued) * p.images, "layer %s: %ld entries issued, not %ld", layer.name, long(c.issued),
          long(layer.issued) * long(p.images));
    const uint64_t told = c.issued + c.weights + c.activations + c.drain + c.headers;
    CHECK(told <= LANES * c.conv, "layer %s: %ld lane-cycles of %ld", layer.name, long(told), long(LANES * c.conv));
    CHECK(!c.conv || (c.issued && c.headers && c.activations), "layer %s: nothing is counted", layer.name);
    words += c.words;
  }
  const uint64_t list = DESCRIPTOR_BYTES * uint64_t(p.program.descriptor_count) * (p.images / uint64_t(p.program.images));  // not counted
  const uint64_t read = BytesRead(simulation) - bytes - list;
  CHECK(16 * words == read, "%ld bytes counted of %ld", 16 * long(words), long(read));
}

void Exact() {
  Programs programs(1);
  for (int n = 0; n < NETWORKS; n++) {
    const rtl_program &p = programs.Next();
    Simulation simulation(kMemory, n % 4 ? Ddr::Stress(programs.seed(), n % 40) : Ddr::Settings{});
    std::vector<uint8_t> &memory = simulation.ddr().memory();
    for (size_t i = 0; i < kMemory; i++) memory[i] = uint8_t(i * 7 + i / 256);
    const std::vector<uint8_t> before = memory;
    for (int again = 0; again < 2; again++) {
      const size_t first = simulation.events().size();
      const uint64_t bytes = BytesRead(simulation);
      MustBeExact(simulation, p, again ? "a random network once more" : "a random network");
      CheckCounters(simulation, p, first, bytes);
    }
    const size_t input = Pages(p.program.image.size), output = OutputPlace(p);
    CHECK(std::memcmp(memory.data(), p.program.image.data, p.program.image.size) == 0, "the program was overwritten");
    CHECK(std::memcmp(&memory[input], p.inputs, p.images * size_t(p.program.input.bytes)) == 0, "the pictures were overwritten");
    const size_t end = output + p.images * size_t(p.program.output_bytes);
    CHECK(std::memcmp(&memory[end], &before[end], kMemory - end) == 0, "bytes behind the scores were written");
  }
}

// A word of the program that cannot be read, or a word of the scores that cannot be written.
void MemoryErrors() {
  Programs programs(1000);
  int failed = 0;
  for (int n = 0; n < 24; n++) {
    const rtl_program &p = programs.Next();
    Simulation simulation(kMemory, Ddr::Stress(programs.seed()));
    Ddr::Settings &settings = simulation.ddr().settings();
    const size_t word = 16 * size_t(Between(0, int(p.program.image.size / 16) - 1));
    settings.error_begin = Simulation::kBase + (n % 2 ? word : size_t(p.program.list));
    settings.error_end = settings.error_begin + 16;
    const Outcome outcome = Run(simulation, p);
    // Not every column of a Gemm is read.
    CHECK(outcome.exact || outcome.message.find("stopped with error 4:") != std::string::npos, "a read that fails: '%s'", outcome.message.c_str());
    failed += !outcome.exact;
    CHECK(n % 2 || !outcome.exact, "a list that cannot be read is done");
    settings.error_begin = settings.error_end = 0;
    MustBeExact(simulation, p, "after a read that failed");

    const size_t bytes = p.images * size_t(p.program.output_bytes);
    settings.error_begin = Simulation::kBase + OutputPlace(p) + 16 * size_t(Between(0, int(bytes / 16) - 1));
    settings.error_end = settings.error_begin + 16;
    MustFail(simulation, p, ACCEL_ERROR_WRITE, "a write that fails");
    settings.error_begin = settings.error_end = 0;
    MustBeExact(simulation, p, "after a write that failed");
  }
  CHECK(failed > 18, "only %d of 24 failed", failed);
}

// One byte of a descriptor is another.
void Damaged(Simulation &simulation, const rtl_program &p, size_t place, uint8_t value, int code, const char *what) {
  uint8_t &byte = p.program.image.data[place], old = byte;
  byte = value;
  MustFail(simulation, p, code, what);
  byte = old;
  MustBeExact(simulation, p, what);
}

void Descriptors() {
  Programs programs(2000);
  for (int n = 0; n < 6; n++) {
    const rtl_program &p = programs.Next();
    Simulation simulation(kMemory, Ddr::Stress(programs.seed()));
    const int count = p.program.descriptor_count;
    const size_t list = size_t(p.program.list), last = list + size_t(count - 1) * DESCRIPTOR_BYTES;
    const size_t any = list + size_t(Between(0, count - 2)) * DESCRIPTOR_BYTES;
    Damaged(simulation, p, any, 9, ACCEL_ERROR_DESCRIPTOR, "a descriptor of no unit");
    Damaged(simulation, p, any, CODE_END, ACCEL_ERROR_DESCRIPTOR, "a list that ends early");
    Damaged(simulation, p, last, CODE_LOAD, ACCEL_ERROR_DESCRIPTOR, "a list without an end");
    Damaged(simulation, p, list + 1, 1 << CODE_STORE, ACCEL_ERROR_STILL, "a token that nobody gives");
  }
}

// A list of loads of nothing that all tell the store something.
void Tokens() {
  Programs programs(3000);
  const rtl_program &good = programs.Next();
  rtl_program bad = good;
  std::vector<uint8_t> image(21 * DESCRIPTOR_BYTES);
  for (int d = 0; d < 20; d++) image[size_t(d) * DESCRIPTOR_BYTES + 2] = 1 << CODE_STORE;
  image[20 * DESCRIPTOR_BYTES] = CODE_END;
  bad.program.image.data = image.data();
  bad.program.image.size = image.size();
  bad.program.list = 0;
  bad.program.descriptor_count = 21;
  Simulation simulation(kMemory, Ddr::Stress(1));
  MustFail(simulation, bad, ACCEL_ERROR_TOKENS, "more tokens than there may be");
  MustBeExact(simulation, good, "after too many tokens");
  bad.program.descriptor_count = 0;
  MustFail(simulation, bad, ACCEL_ERROR_DESCRIPTOR, "a list of nothing");
  MustBeExact(simulation, good, "after a list of nothing");
}

// Any bits of data or descriptors may be wrong: the run ends, well or not, and nothing of it is left.
void Flips() {
  Programs programs(4000);
  int done = 0;
  for (int n = 0; n < FLIPS; n++) {
    const rtl_program &p = programs.Next();
    Simulation simulation(kMemory, Ddr::Stress(programs.seed(), 10));
    simulation.limit = kLimit;
    const std::vector<uint8_t> image(p.program.image.data, p.program.image.data + p.program.image.size);
    const bool in_list = n % 2 || p.program.list == 0;
    for (int bits = Between(1, 4); bits > 0; bits--) {
      const int place = in_list ? Between(int(p.program.list), int(image.size()) - 1) : Between(0, int(p.program.list) - 1);
      p.program.image.data[place] ^= uint8_t(1 << Between(0, 7));
    }
    const Outcome outcome = Run(simulation, p);
    CHECK(outcome.message.find("no interrupt") == std::string::npos, "it hangs");
    done += outcome.status == SNED_OK;
    std::memcpy(p.program.image.data, image.data(), image.size());
    MustBeExact(simulation, p, "after a damaged program");
  }
  std::printf("%d of %d damaged programs came to their end\n", done, FLIPS);
}

// Software gives up amid a run: the driver then resets.
void Resets() {
  Programs programs(5000);
  int left = 0;
  for (int n = 0; n < 12; n++) {
    const rtl_program &p = programs.Next();
    Simulation simulation(kMemory, Ddr::Stress(programs.seed(), n % 3 ? 30 : 0));
    for (int again = 0; again < 6; again++) {
      simulation.limit = uint64_t(Between(1, again % 2 ? 20000 : 2000));
      const Outcome outcome = Run(simulation, p);
      CHECK(outcome.exact || outcome.message.find("gives no interrupt") != std::string::npos, "a run that was left: '%s'", outcome.message.c_str());
      left += !outcome.exact;
    }
    simulation.limit = kLimit;
    MustBeExact(simulation, p, "after a run that was left");
  }
  CHECK(left > 24, "only %d runs were left", left);
}

}  // namespace

int main() {
  Exact();
  MemoryErrors();
  Descriptors();
  Tokens();
  Flips();
  Resets();
  return 0;
}
