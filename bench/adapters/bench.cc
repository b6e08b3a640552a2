// What an adapter costs a server that does nothing else: how many requests it takes with vitals, with
// prometheus-cpp by hand, and with nothing, in interleaved rounds. Prints `name value unit goal
// verdict`.
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <charconv>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "bench/adapters/wired.h"
#include "bench/cpu_time.h"
#include "bench/goals.h"
#include "bench/overhead/statistics.h"
#include "bench/wrk.h"
#include "eggs.grpc.pb.h"
#include "integration/support/process.h"

namespace adapters_bench {
namespace {

using vitals::bench::WrkResult;

constexpr int kConnections = 16;
constexpr int kSeconds = 1;
constexpr std::size_t kWays = std::size(kWirings);

/// The same load for gRPC, which wrk does not speak: blocking calls, a channel for each thread.
WrkResult run_calls(int port) {
  using Clock = std::chrono::steady_clock;
  std::atomic<long> calls{0};
  std::atomic<bool> failed{false};
  const auto start = Clock::now();
  const auto end = start + std::chrono::seconds{kSeconds};
  std::vector<std::jthread> threads;
  for (int i = 0; i < kConnections; ++i) {
    threads.emplace_back([&, i] {
      grpc::ChannelArguments own;  // or all would share a connection
      own.SetInt("bench.channel", i);
      const auto stub = farm::Eggs::NewStub(grpc::CreateCustomChannel(
          "127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials(), own));
      while (Clock::now() < end && !failed) {
        grpc::ClientContext context;
        farm::LayAnswer answer;
        if (!stub->Lay(&context, farm::LayRequest{}, &answer).ok()) failed = true;
        calls.fetch_add(1, std::memory_order_relaxed);
      }
    });
  }
  threads.clear();
  if (failed) throw std::runtime_error("a call failed");
  const std::chrono::duration<double, std::micro> took = Clock::now() - start;
  return {static_cast<double>(calls.load()), took.count()};
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
  };
  Load load() {
    const double before = vitals::bench::cpu_seconds_of(process_.pid());
    const WrkResult result =
        grpc_ ? run_calls(port_)
              : vitals::bench::run_wrk("http://127.0.0.1:" + std::to_string(port_) + "/eggs/7",
                                       kConnections, kSeconds);
    const double cpu = vitals::bench::cpu_seconds_at_rest(process_.pid()) - before;
    return {result.per_second(), cpu * 1e6 / result.requests};
  }

 private:
  integration::Process process_;
  bool grpc_;
  int port_ = 0;
};

void measure(const std::string& program, const std::string& framework, int rounds) {
  std::vector<std::unique_ptr<Server>> servers;
  for (const std::string_view wiring : kWirings)
    servers.push_back(std::make_unique<Server>(program, framework, std::string{wiring}));
  std::vector<double> rates[kWays];
  std::vector<double> cpu[kWays];
  for (int round = 0; round <= rounds; ++round) {
    for (std::size_t turn = 0; turn < kWays; ++turn) {
      const std::size_t way = (turn + static_cast<std::size_t>(round)) % kWays;
      const Server::Load load = servers[way]->load();
      if (round == 0) continue;  // to warm up
      rates[way].push_back(load.per_second);
      cpu[way].push_back(load.cpu_us);
    }
  }
  using vitals::bench::print;
  for (std::size_t way = 0; way < kWays; ++way) {
    const std::string name = framework + "_" + std::string{kWirings[way]};
    print(name + "_rate", overhead::median(rates[way]), "requests/s", "-");
    print(name + "_cpu", overhead::median(cpu[way]), "us", "-");
    if (way == 0) continue;
    const overhead::Ratio ratio = overhead::ratio(rates[way], rates[0]);
    const bool ours = way != static_cast<std::size_t>(Wiring::kByHand);
    print(name + "_ratio", ratio.of_medians, "of none", ours ? ">=0.97" : "-");
    print(name + "_ratio_quartile_1", ratio.lower, "of none", "-");
    print(name + "_ratio_quartile_3", ratio.upper, "of none", "-");
  }
}

int run() {
  const char* given = std::getenv("ROUNDS");
  const int rounds = given == nullptr ? 9 : std::max(1, std::atoi(given));
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
