// What the monitoring costs on the running service: seven ways of running it, loaded in turn in
// interleaved rounds, so that whatever else the machine does falls on all of them alike. See
// bench/README.md.
#include <algorithm>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iostream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "bench/overhead/report.h"
#include "integration/support/process.h"

namespace overhead {
namespace {

std::string text_setting(const char* name, const std::string& otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr || *value == '\0' ? otherwise : value;
}

int number_setting(const char* name, int otherwise) {
  const int number = std::atoi(text_setting(name, std::to_string(otherwise)).c_str());
  return number > 0 ? number : otherwise;
}

void add_sentry_events(const integration::Service& service, std::map<std::string, double>& sums) {
  const integration::Metrics metrics = service.metrics();
  for (const integration::Sample& sample : metrics.family("vitals_sentry_events_total").samples)
    sums[sample.labels.at("category") + "/" + sample.labels.at("outcome")] += sample.value;
}

/// Those of these letters, in their order: the first is what the others are compared with. No
/// letters: all.
std::vector<Variant> chosen(std::vector<Variant> all, const std::string& letters) {
  if (letters.empty()) return all;
  std::vector<Variant> found;
  for (const char letter : letters) {
    const auto one = std::find_if(all.begin(), all.end(), [letter](const Variant& variant) {
      return variant.letter == letter;
    });
    if (one == all.end())
      throw std::runtime_error(std::string{"VARIANTS: there is no variant "} + letter);
    found.push_back(*one);
  }
  return found;
}

void measure_rounds(Measured& measured, int rounds) {
  const std::size_t count = measured.variants.size();
  measured.slots.resize(count);
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t turn = 0; turn < count; ++turn) {
      const std::size_t i = (turn + static_cast<std::size_t>(round)) % count;
      const Variant& variant = measured.variants[i];
      integration::Service service{{.program = variant.program, .settings = variant.settings}};
      prepare(service);
      const Slot slot = measure(service, measured.load);
      measured.slots[i].push_back(slot);
      if (variant.letter == 'd') add_sentry_events(service, measured.sentry_events);
      std::cerr << "round " << round + 1 << "/" << rounds << " (" << variant.letter << ") "
                << static_cast<int>(slot.requests_per_second) << " requests/s, "
                << slot.cpu_us_per_request << " us CPU; at rate p99 " << slot.p99_us_at_rate / 1000
                << " ms, " << slot.cpu_us_at_rate << " us CPU\n";
    }
  }
}

int run() {
  const Programs programs{text_setting("HEALTH_AGENT", "build/bench/bin/health-agent"),
                          text_setting("HEALTH_AGENT_FLOOR", "build/floor/bin/health-agent"),
                          text_setting("ENVELOPE_SINK", "build/bench/bin/envelope_sink")};
  Programs absolute;
  absolute.service = std::filesystem::absolute(programs.service).string();
  absolute.floor = std::filesystem::absolute(programs.floor).string();
  absolute.sink = std::filesystem::absolute(programs.sink).string();
  Sink answering{absolute.sink, Sink::Mode::kAnswer};
  const Sink hanging{absolute.sink, Sink::Mode::kHang};

  Measured measured;
  measured.load = {.connections = number_setting("CONNECTIONS", 16),
                   .seconds = number_setting("SECONDS_PER_ROUND", 5),
                   .rate = number_setting("RATE", 2000)};
  measured.variants = chosen(variants(absolute, answering, hanging), text_setting("VARIANTS", ""));
  measure_rounds(measured, number_setting("ROUNDS", 7));
  measured.instructions =
      count_instructions(measured.variants, text_setting("INSTRUCTIONS", "auto"));
  measured.sink = answering.stop();
  std::cout << to_text(measured);
  const std::string output = text_setting("OUTPUT", "build/bench/overhead.json");
  integration::write_file(output, to_json(measured));
  const std::filesystem::path table = std::filesystem::path{output}.replace_extension("md");
  integration::write_file(table.string(), to_markdown(measured));
  std::cout << "\nAll numbers: " << output << "; the table to quote: " << table.string() << "\n";
  return 0;
}

}  // namespace
}  // namespace overhead

int main(int argc, char**) {
  if (argc > 1) {
    std::cerr << "overhead: takes no arguments; its settings are variables, see bench/README.md\n";
    return 64;
  }
  try {
    return overhead::run();
  } catch (const std::exception& fault) {
    std::cerr << "overhead: " << fault.what() << "\n";
    return 1;
  }
}
