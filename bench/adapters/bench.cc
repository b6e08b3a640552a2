// What an adapter costs a server that does nothing else, with vitals, with prometheus-cpp by hand,
// and with nothing, in interleaved rounds: at a fixed rate, and as fast as it goes. Prints `name
// value unit goal verdict`.
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bench/adapters/wired.h"
#include "bench/cpu_time.h"
#include "bench/goals.h"
#include "bench/h2load.h"
#include "bench/overhead/statistics.h"
#include "bench/wrk.h"
#include "eggs.grpc.pb.h"
#include "integration/support/process.h"

namespace adapters_bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kConnections = 16;
constexpr int kSeconds = 1;
constexpr int kRate = 10'000;  // requests a second, where it is fixed
constexpr std::size_t kWays = std::size(kWirings);

/// What a load came to.
struct Answered {
  double requests = 0;
  double seconds = 0;
  std::vector<double> times{};  ///< of each, in microseconds; of a fixed rate alone
};

enum class Pace { kFixed, kAsFastAsItGoes };

/// The same load for gRPC, which neither wrk nor h2load speaks: blocking calls, a channel for each
/// thread.
Answered run_calls(int port, Pace pace) {
  std::vector<std::vector<double>> times(kConnections);
  std::atomic<bool> failed{false};
  const auto start = Clock::now();
  const auto end = start + std::chrono::seconds{kSeconds};
  const auto each = std::chrono::nanoseconds{std::chrono::seconds{kConnections}} / kRate;
  std::vector<std::jthread> threads;
  for (int i = 0; i < kConnections; ++i) {
    threads.emplace_back([&, i] {
      grpc::ChannelArguments own;  // or all would share a connection
      own.SetInt("bench.channel", i);
      const auto stub = farm::Eggs::NewStub(grpc::CreateCustomChannel(
          "127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials(), own));
      auto due = start + each * i / kConnections;
      while (due < end && Clock::now() < end && !failed) {
        if (pace == Pace::kFixed) std::this_thread::sleep_until(due);
        const auto sent = Clock::now();
        grpc::ClientContext context;
        farm::LayAnswer answer;
        if (!stub->Lay(&context, farm::LayRequest{}, &answer).ok()) failed = true;
        const std::chrono::duration<double, std::micro> took = Clock::now() - sent;
        times[static_cast<std::size_t>(i)].push_back(took.count());
        if (pace == Pace::kFixed) due += each;
      }
    });
  }
  threads.clear();
  if (failed) throw std::runtime_error("a call failed");
  Answered answered{.seconds = std::chrono::duration<double>{Clock::now() - start}.count()};
  for (const std::vector<double>& own : times)
    answered.times.insert(answered.times.end(), own.begin(), own.end());
  answered.requests = static_cast<double>(answered.times.size());
  return answered;
}

Answered run_requests(int port, Pace pace) {
  const std::string url = "http://127.0.0.1:" + std::to_string(port) + "/eggs/7";
  if (pace == Pace::kAsFastAsItGoes) {
    const vitals::bench::WrkResult result = vitals::bench::run_wrk(url, kConnections, kSeconds);
    return {.requests = result.requests, .seconds = result.microseconds / 1e6};
  }
  vitals::bench::H2loadResult result =
      vitals::bench::run_h2load(url, kConnections, kSeconds, kRate);
  return {.requests = static_cast<double>(result.times.size()),
          .seconds = result.microseconds / 1e6,
          .times = std::move(result.times)};
}

/// A server that runs until this goes.
class Server {
 public:
  Server(const std::string& program, const std::string& framework, const std::string& wiring)
      : process_{{.command = {program, framework, wiring}}}, grpc_(framework == "grpc") {
    constexpr std::string_view kWords = "listening on ";
    if (!integration::eventually([&] {
          const std::string said = process_.output();
          if (!said.starts_with(kWords) || said.back() != '\n') return false;
          std::from_chars(said.data() + kWords.size(), said.data() + said.size(), port_);
          return true;
        }))
      throw std::runtime_error(framework + " does not start: " + process_.errors());
  }

  struct Load {
    double per_second = 0;
    double cpu_us = 0;  ///< of a request
    double p99_us = 0;  ///< at a fixed rate
  };
  Load load(Pace pace) {
    const double before = vitals::bench::cpu_seconds_of(process_.pid());
    const Answered answered = grpc_ ? run_calls(port_, pace) : run_requests(port_, pace);
    const double cpu = vitals::bench::cpu_seconds_at_rest(process_.pid()) - before;
    return {.per_second = answered.requests / answered.seconds,
            .cpu_us = cpu * 1e6 / answered.requests,
            .p99_us = overhead::quantile(answered.times, 0.99)};
  }

 private:
  integration::Process process_;
  bool grpc_;
  int port_ = 0;
};

/// One load on all wirings, in interleaved rounds of which the first only warms up.
void measure(std::vector<std::unique_ptr<Server>>& servers, const std::string& framework, Pace pace,
             int rounds) {
  std::vector<double> rates[kWays];
  std::vector<double> cpu[kWays];
  std::vector<double> p99[kWays];
  for (int round = 0; round <= rounds; ++round) {
    for (std::size_t turn = 0; turn < kWays; ++turn) {
      const std::size_t way = (turn + static_cast<std::size_t>(round)) % kWays;
      const Server::Load load = servers[way]->load(pace);
      if (round == 0) continue;
      rates[way].push_back(load.per_second);
      cpu[way].push_back(load.cpu_us);
      p99[way].push_back(load.p99_us);
    }
  }
  using vitals::bench::print;
  const bool fixed = pace == Pace::kFixed;
  for (std::size_t way = 0; way < kWays; ++way) {
    const std::string name = framework + "_" + std::string{kWirings[way]} + (fixed ? "" : "_limit");
    print(name + "_rate", overhead::median(rates[way]), "requests/s", "-");
    print(name + "_cpu", overhead::median(cpu[way]), "us", "-");
    if (fixed) print(name + "_p99", overhead::median(p99[way]), "us", "-");
    if (way == 0) continue;
    const overhead::Ratio ratio = overhead::ratio(rates[way], rates[0]);
    const bool by_hand = way == static_cast<std::size_t>(Wiring::kByHand);
    print(name + "_ratio", ratio.of_medians, "of none", fixed && !by_hand ? ">=0.97" : "-");
    print(name + "_ratio_quartile_1", ratio.lower, "of none", "-");
    print(name + "_ratio_quartile_3", ratio.upper, "of none", "-");
  }
}

void measure(const std::string& program, const std::string& framework, int rounds) {
  std::vector<std::unique_ptr<Server>> servers;
  for (const std::string_view wiring : kWirings)
    servers.push_back(std::make_unique<Server>(program, framework, std::string{wiring}));
  measure(servers, framework, Pace::kFixed, rounds);
  measure(servers, framework, Pace::kAsFastAsItGoes, rounds);
}

int run() {
  const char* given = std::getenv("ROUNDS");
  const int rounds = given == nullptr ? 7 : std::max(1, std::atoi(given));
  const char* program = std::getenv("ADAPTERS_BENCH_SERVER");
  const std::string server = std::filesystem::absolute(
      program == nullptr ? "build/bench/bin/adapters_bench_server" : program);
  for (const char* framework : {"httplib", "beast", "restinio", "pistache", "grpc"})
    measure(server, framework, rounds);
  return 0;
}

}  // namespace
}  // namespace adapters_bench

int main() {
  try {
    return adapters_bench::run();
  } catch (const std::exception& error) {
    std::cerr << "adapters_bench: " << error.what() << "\n";
    return 1;
  }
}
