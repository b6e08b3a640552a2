// What 200 chats that wait for a vendor cost everybody else: the time of a GET of
// /api/v1/users/{user_id} in two running services, one of which has them. Both are asked in turn,
// in interleaved rounds, and the one that is not asked stands still. Prints `name value unit goal
// verdict`.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <future>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/goals.h"
#include "integration/support/http_server.h"
#include "integration/support/ports.h"
#include "integration/support/raw_socket.h"
#include "integration/support/service.h"

namespace {

using Clock = std::chrono::steady_clock;
using integration::Service;

constexpr int kChats = 200;
constexpr int kRounds = 21;
constexpr int kClients = 4;
constexpr int kAsked = 250;  // by each of them in a round

double median(std::vector<double>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

std::string chat_of(int user) {
  const std::string body = R"({"user_id":"u)" + std::to_string(user) + R"(","message":"hello"})";
  return "POST /api/v1/chat HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n"
         "Content-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

/// A service with one user, and those who ask for it.
class Side {
 public:
  Side(const std::string& program, std::uint16_t vendor)
      : service_{{.program = program,
                  .settings = {{"LOG_LEVEL", "warning"},
                               {"ENABLE_SENTRY", "false"},
                               {"DATABASE_URL", "sqlite:bench.db"},
                               {"AGENT_MODEL", "anthropic:claude-opus-5-5"},
                               {"ANTHROPIC_BASE_URL", "http://127.0.0.1:" + std::to_string(vendor)},
                               {"AGENT_TIMEOUT_SECONDS", "300"}}}} {
    for (int i = 0; i < kClients; ++i)
      clients_.emplace_back(service_.api_port());
    integration::Http client = service_.http();
    if (client.post("/api/v1/users", {{"user_id", "bench-user"}}).status != 201)
      throw std::runtime_error("the user cannot be created");
  }

  Service& service() { return service_; }

  /// The microseconds of each request.
  std::vector<double> ask() {
    std::vector<std::future<std::vector<double>>> asking;
    for (integration::RawSocket& client : clients_)
      asking.push_back(std::async(std::launch::async, [&client] { return times_of(client); }));
    std::vector<double> times;
    for (auto& each : asking) {
      const std::vector<double> of_one = each.get();
      times.insert(times.end(), of_one.begin(), of_one.end());
    }
    return times;
  }

 private:
  static std::vector<double> times_of(integration::RawSocket& client) {
    std::vector<double> times;
    for (int i = 0; i < kAsked; ++i) {
      const auto start = Clock::now();
      client.send("GET /api/v1/users/bench-user HTTP/1.1\r\nHost: localhost\r\n\r\n");
      const auto answer = client.read_response();
      if (!answer || answer->status != 200) throw std::runtime_error("a request failed");
      times.push_back(std::chrono::duration<double, std::micro>(Clock::now() - start).count());
    }
    return times;
  }

  Service service_;
  std::vector<integration::RawSocket> clients_;
};

int run(const std::string& program) {
  std::atomic<int> asked{0};
  integration::HttpServer vendor{integration::free_port(), [&](const integration::ServerRequest&) {
                                   ++asked;
                                   return integration::ServerAnswer{0};
                                 }};
  Side quiet{program, vendor.port()};
  Side crowded{program, vendor.port()};
  std::vector<integration::RawSocket> chats;
  for (int i = 0; i < kChats; ++i) {
    chats.emplace_back(crowded.service().api_port());
    chats.back().send(chat_of(i));
  }
  constexpr int kAtOnce = 32;
  if (!integration::eventually([&] { return asked >= kAtOnce; }))
    throw std::runtime_error("the vendor was not asked");

  std::vector<double> times[2];
  std::vector<double> medians[2];
  for (int round = 0; round <= kRounds; ++round) {
    for (int turn = 0; turn < 2; ++turn) {
      const int side = (round + turn) % 2;
      Side& now = side == 0 ? quiet : crowded;
      Side& other = side == 0 ? crowded : quiet;
      other.service().process().send_signal(SIGSTOP);
      std::vector<double> one = now.ask();
      other.service().process().send_signal(SIGCONT);
      if (round == 0) continue;  // to warm up
      times[side].insert(times[side].end(), one.begin(), one.end());
      medians[side].push_back(median(one));
    }
  }
  if (asked > kAtOnce) throw std::runtime_error("a chat did not wait");
  std::vector<double> ratios;
  for (std::size_t i = 0; i < kRounds; ++i)
    ratios.push_back(medians[1][i] / medians[0][i]);
  using vitals::bench::print;
  print("user_alone", median(times[0]), "us", "-");
  print("user_beside_200_chats", median(times[1]), "us", "-");
  print("user_beside_200_chats_ratio", median(ratios), "times", "<=1.2");
  crowded.service().kill_at_once();
  return 0;
}

}  // namespace

int main() {
  try {
    const char* program = std::getenv("HEALTH_AGENT");
    // The service runs in a folder of its own.
    return run(
        std::filesystem::absolute(program == nullptr ? "build/bench/bin/health-agent" : program)
            .string());
  } catch (const std::exception& error) {
    std::cerr << "chats_bench: " << error.what() << "\n";
    return 1;
  }
}
