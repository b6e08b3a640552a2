// How fast the Sentry client delivers, and what it holds while it cannot. A server of its own, in a
// child process, takes what comes on kept-alive connections and counts it, as cheaply as it can.
// Prints `name value unit goal verdict`.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>

#include "bench/goals.h"
#include "bench/local_sink.h"
#include "vitals/context/capture.h"
#include "vitals/context/scope.h"
#include "vitals/sentry/client.h"

namespace {

namespace context = vitals::context;
namespace sentry = vitals::sentry;
using Clock = std::chrono::steady_clock;
using vitals::bench::LocalSink;
using vitals::bench::print;

/// Bytes of memory that this process holds, less the pages of files, which the kernel takes back
/// when it needs them: the debug information is mapped.
std::uint64_t resident() {
  std::ifstream file{"/proc/self/statm"};
  std::uint64_t size = 0;
  std::uint64_t pages = 0;
  std::uint64_t of_files = 0;
  file >> size >> pages >> of_files;
  return (pages - of_files) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

std::string dsn_of(const LocalSink& server) {
  return "http://key@" + server.address() + "/1";
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// A request's scope with 50 breadcrumbs, and an error with a cause.
class Failure {
 public:
  Failure() : active_(scope_.activate()) {
    scope_.set_user_id("user-4711");
    scope_.set_tag("request_id", "0b9d7a52-6e1f-4a55-9d3e-0b6a4c7c1d42");
    for (int i = 0; i < 50; ++i) {
      scope_.add_breadcrumb(
          {.category = "query", .message = "SELECT profile FROM users WHERE id = ?"});
    }
  }
  /// Throws anew each time: an error that was captured before is no second event.
  void capture() {
    try {
      fall(kDepth);
    } catch (...) {
      const auto begin = Clock::now();
      static_cast<void>(context::capture_exception(std::current_exception()));
      captured_ += Clock::now() - begin;
    }
  }
  /// The time within captures, without that of the throws.
  [[nodiscard]] double seconds() const { return std::chrono::duration<double>(captured_).count(); }

 private:
  static constexpr int kDepth = 25;  // calls, and so frames
  [[gnu::noinline]] static void fall(int depth) {
    if (depth > 0) {
      fall(depth - 1);
      asm volatile("" ::: "memory");  // else the calls become a loop
      return;
    }
    try {
      throw std::runtime_error{"connection reset by peer"};
    } catch (...) {
      std::throw_with_nested(std::logic_error{"the profile could not be read"});
    }
  }

  context::Scope scope_ = context::Scope::fork();
  context::Activation active_;
  Clock::duration captured_{};
};

sentry::Stats operator-(const sentry::Stats& later, const sentry::Stats& earlier) {
  sentry::Stats difference = later;
  for (std::size_t c = 0; c < sentry::kCategories; ++c) {
    for (std::size_t o = 0; o < sentry::kOutcomes; ++o)
      difference.counts[c][o] -= earlier.counts[c][o];
  }
  return difference;
}

double errors(const sentry::Stats& stats, sentry::Outcome outcome) {
  return static_cast<double>(stats.count(sentry::Category::kError, outcome));
}

/// Captures as fast as the queue takes, so that delivery is what is measured.
void measure_throughput(std::size_t in_flight) {
  constexpr int kEvents = 60'000;
  const LocalSink server{LocalSink::Manner::kAnswers};
  sentry::Options options;
  options.dsn = dsn_of(server);
  options.requests_in_flight = in_flight;
  options.error_queue = 4096;
  options.queue_bytes = 64'000'000;
  auto guard = sentry::init(std::move(options));
  if (!guard) throw std::runtime_error{guard.error().message};
  Failure failure;
  const sentry::Stats before = sentry::stats();
  const double cpu = cpu_seconds();
  const auto begin = Clock::now();
  for (int i = 0; i < kEvents; ++i) {
    while (i % 64 == 0 && sentry::stats().queue_depth > 2000)
      std::this_thread::sleep_for(std::chrono::microseconds{200});
    failure.capture();
  }
  static_cast<void>(sentry::flush(std::chrono::seconds{60}));
  const double seconds = since(begin);
  const double used = cpu_seconds() - cpu;
  const std::uint64_t arrived = server.got().requests.load();
  const auto bytes = static_cast<double>(server.got().bytes.load());
  static_cast<void>(guard->end(std::chrono::seconds{10}));
  const std::string name = "in_flight_" + std::to_string(in_flight);
  print(name + "_events", static_cast<double>(arrived) / seconds, "per_s", ">=15000");
  print(name + "_lost", kEvents - errors(sentry::stats() - before, sentry::Outcome::kSent),
        "events", "0");
  print(name + "_cpu", used / kEvents * 1e6, "us/event", "-");
  print(name + "_request", bytes / static_cast<double>(arrived), "bytes", "-");
}

/// 100,000 errors at full speed at a server that does not take them.
void measure_away(std::string_view name, const std::string& dsn, const std::string& cache_dir) {
  constexpr int kEvents = 100'000;
  constexpr std::chrono::milliseconds kDeadline{2000};
  sentry::Options options;
  options.dsn = dsn;
  options.cache_dir = cache_dir;
  auto guard = sentry::init(std::move(options));
  if (!guard) throw std::runtime_error{guard.error().message};
  Failure failure;
  const sentry::Stats before = sentry::stats();
  const std::uint64_t memory = resident();
  std::uint64_t most = memory;
  for (int i = 0; i < kEvents; ++i) {
    failure.capture();
    if (i % 1000 == 0) most = std::max(most, resident());
  }
  const double capture = failure.seconds();
  most = std::max(most, resident());
  const auto end = Clock::now();
  static_cast<void>(guard->end(kDeadline));
  const double ending = since(end);
  const sentry::Stats after = sentry::stats() - before;
  double counted = 0;
  for (std::size_t o = 0; o < sentry::kOutcomes; ++o)
    counted += errors(after, static_cast<sentry::Outcome>(o));
  const std::string prefix{name};
  print(prefix + "_memory", static_cast<double>(most - memory) / 1e6, "MB", "<=16");
  print(prefix + "_capture", capture / kEvents * 1e6, "us/event", "-");
  // With a folder the rest is on disk: those are neither sent nor lost.
  if (cache_dir.empty()) print(prefix + "_uncounted", kEvents - counted, "events", "0");
  print(prefix + "_end", ending * 1e3, "ms", "<=2500");
}

/// Each measurement in a process of its own: what an earlier one has left in memory would hide
/// growth.
template <class Measure>
void in_child(const Measure& measure) {
  const pid_t child = fork();
  if (child == 0) {
    int result = 1;
    try {
      measure();
      result = 0;
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s\n", error.what());
    }
    std::exit(result);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (status != 0) throw std::runtime_error{"a measurement failed"};
}

constexpr const char* kNobody = "http://key@127.0.0.1:1/1";

void measure_away_with_disk() {
  std::array<char, 32> folder{"/tmp/vitals_bench_XXXXXX"};
  if (mkdtemp(folder.data()) == nullptr) throw std::runtime_error{"no folder in /tmp"};
  measure_away("away_with_disk", kNobody, folder.data());
  std::filesystem::remove_all(folder.data());
}

}  // namespace

int main(int argc, char** argv) {
  const std::string only = argc > 1 ? argv[1] : "";
  try {
    for (const std::size_t in_flight : {1U, 2U, 4U, 8U}) {
      if (!only.empty() && only != std::to_string(in_flight)) continue;
      in_child([&] { measure_throughput(in_flight); });
    }
    if (!only.empty() && only != "away") return 0;
    in_child([] {
      const LocalSink server{LocalSink::Manner::kHangs};
      measure_away("hanging", dsn_of(server), {});
    });
    in_child([] { measure_away("away", kNobody, {}); });
    in_child(&measure_away_with_disk);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
