#include "bench/overhead/instructions.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "bench/overhead/load.h"
#include "integration/support/proc.h"
#include "integration/support/process.h"

namespace overhead {
namespace {

using integration::Http;
using integration::Service;

constexpr int kWarmUp = 300;
constexpr int kCounted = 2000;

void ask(Http& client, int times) {
  for (int i = 0; i < times; ++i) {
    if (client.get(kPath).status != 200) throw std::runtime_error("a counted request failed");
  }
}

bool works(const std::vector<std::string>& command, const std::string& sign) {
  const integration::Finished end = integration::run({.command = command});
  return end.status && end.status->code == 0 &&
         (end.output + end.errors).find(sign) != std::string::npos;
}

bool perf_counts() {
  const integration::Finished end =
      integration::run({.command = {"perf", "stat", "-x,", "-e", "instructions:u", "true"}});
  return end.status && end.status->code == 0 && end.errors.find("not ") == std::string::npos &&
         end.errors.find("instructions") != std::string::npos;
}

// The number in front of the first comma of perf's line for the event.
InstructionCount by_perf(const Variant& variant) {
  const Service service{{.program = variant.program, .settings = variant.settings}};
  prepare(service);
  Http client = service.http();
  ask(client, kWarmUp);
  integration::Process perf{{.command = {"perf", "stat", "-x,", "-e", "instructions:u", "-p",
                                         std::to_string(service.pid())}}};
  static_cast<void>(perf.wait(std::chrono::milliseconds{300}));  // until it is attached
  ask(client, 10 * kCounted);
  perf.send_signal(SIGINT);
  static_cast<void>(perf.wait(std::chrono::seconds{5}));
  return {std::stod(perf.errors()) / (10 * kCounted), 0};
}

double total_in(const std::string& file) {
  std::ifstream lines{file};
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("totals: ")) return std::stod(line.substr(8));
  }
  throw std::runtime_error("no total in " + file);
}

/// Valgrind's numbers of the threads, with their names. A number that a thread has given back is the
/// next one's, so the order of the threads does not tell it.
std::vector<std::pair<std::string, std::string>> threads_in_valgrind(pid_t pid) {
  const std::string of = "--pid=" + std::to_string(pid);
  static_cast<void>(integration::run({.command = {"vgdb", of, "v.set", "gdb_output"}}));
  const integration::Finished end =
      integration::run({.command = {"vgdb", of, "v.info", "scheduler"}});
  std::vector<std::pair<std::string, std::string>> threads;
  std::istringstream lines{end.output};
  for (std::string line; std::getline(lines, line);) {
    const std::size_t thread = line.find("(lwpid ");
    if (!line.starts_with("Thread ") || thread == std::string::npos) continue;
    const std::string lwp = line.substr(thread + 7, line.find(')', thread) - thread - 7);
    std::ifstream file{"/proc/" + std::to_string(pid) + "/task/" + lwp + "/comm"};
    std::string name;
    std::getline(file, name);
    threads.emplace_back(line.substr(7, line.find(':') - 7), name);
  }
  if (threads.empty()) throw std::runtime_error("vgdb tells of no threads: " + end.errors);
  return threads;
}

// Two dumps of one run: the first sets the counts to zero, the second holds what the requests
// between them took. There is a file for each thread.
InstructionCount by_callgrind(const Variant& variant) {
  const integration::TempDir folder;
  const std::string out = folder.file("counts");
  integration::ServiceOptions options{.program = "valgrind", .settings = variant.settings};
  options.ready_within = std::chrono::seconds{180};
  options.arguments = {"--tool=callgrind", "--separate-threads=yes", "--callgrind-out-file=" + out,
                       "--quiet", variant.program};
  const Service service{options};
  prepare(service);
  Http client = service.http();
  const auto dump = [&service] {
    const integration::Finished end =
        integration::run({.command = {"vgdb", "--pid=" + std::to_string(service.pid()), "dump"}});
    if (!end.status || end.status->code != 0) throw std::runtime_error("vgdb: " + end.errors);
  };
  ask(client, kWarmUp);
  dump();
  ask(client, kCounted);
  dump();
  InstructionCount count;
  for (const auto& [number, name] : threads_in_valgrind(service.pid())) {
    const double total = total_in(out + ".2-" + (number.size() < 2 ? "0" : "") + number);
    (name.starts_with("vitals-") ? count.background : count.serving) += total / kCounted;
  }
  return count;
}

}  // namespace

Instructions count_instructions(const std::vector<Variant>& variants, const std::string& wanted) {
  Instructions result;
  result.per_request.resize(variants.size());
  InstructionCount (*count)(const Variant&) = nullptr;
  if (wanted == "off") {
    result.how = "not asked for";
  } else if (wanted != "callgrind" && perf_counts()) {
    result.how = "by the processor (perf stat, user space)";
    count = by_perf;
  } else if (works({"valgrind", "--version"}, "valgrind")) {
    result.how = "by callgrind (user space), " + std::to_string(kCounted) +
                 " requests on one connection, the middle one of three runs";
    count = by_callgrind;
  } else {
    result.how =
        "not counted: the processor's counter is not to be had here, and valgrind is not installed";
  }
  if (count == nullptr) return result;
  for (std::size_t i = 0; i < variants.size(); ++i) {
    std::cerr << "instructions of (" << variants[i].letter << ") " << variants[i].name << "\n";
    try {
      // The heap falls out a little differently each time, so the middle one of three.
      std::array<InstructionCount, 3> counts;
      for (InstructionCount& one : counts)
        one = count(variants[i]);
      std::ranges::sort(counts, {}, &InstructionCount::serving);
      result.per_request[i] = counts[1];
    } catch (const std::exception& fault) {
      result.how += std::string{"; ("} + variants[i].letter + ") failed: " + fault.what();
    }
  }
  return result;
}

}  // namespace overhead
