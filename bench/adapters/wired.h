#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "vitals/console/monitoring.h"
#include "vitals/metrics/registry.h"
#include "vitals/monitor/state.h"

namespace adapters_bench {

/// How a server is monitored.
enum class Wiring {
  kNone,
  kByHand,   ///< prometheus-cpp in each handler: the same counter, histogram and gauge
  kMetrics,  ///< the adapter, with metrics
  kWhole     ///< the adapter, with metrics, errors, a tenth of the traces, and the console
};
inline constexpr std::string_view kWirings[] = {"none", "by_hand", "metrics", "whole"};

/// What a careful user of prometheus-cpp writes in each handler: the gauge and the histogram are
/// looked up once, the counter's series when the status is known.
class ByHand {
 public:
  ByHand();

  template <class Handler>
  auto measure(const Handler& handler) {
    in_progress_.Increment();
    const auto start = std::chrono::steady_clock::now();
    auto answer = handler();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    duration_.Observe(took.count());
    requests_.Add({{"method", "GET"}, {"endpoint", "/eggs/{id}"}, {"status", "200"}}).Increment();
    in_progress_.Decrement();
    return answer;
  }

 private:
  prometheus::Registry registry_;
  prometheus::Family<prometheus::Counter>& requests_;
  prometheus::Histogram& duration_;
  prometheus::Gauge& in_progress_;
};

/// What the wiring of this process needs as long as it serves.
class Wired {
 public:
  explicit Wired(Wiring wiring);

  [[nodiscard]] bool by_adapter() const noexcept { return wiring_ >= Wiring::kMetrics; }
  /// Runs a handler that no adapter is around.
  template <class Handler>
  auto call(const Handler& handler) {
    return by_hand_ ? by_hand_->measure(handler) : handler();
  }

 private:
  Wiring wiring_;
  std::optional<ByHand> by_hand_;
  vitals::metrics::Registry registry_;
  std::optional<vitals::monitor::MetricsGuard> metrics_;
  std::optional<vitals::console::Monitoring> monitoring_;
};

/// The servers: GET /eggs/7 is answered `an egg`, by gRPC the call Lay. They say `listening on PORT`
/// and serve until the process is killed.
void serve_httplib(Wired& wired);
void serve_beast(Wired& wired);
void serve_restinio(Wired& wired);
void serve_pistache(Wired& wired);
void serve_grpc(Wired& wired);

void say_port(int port);
/// For as long as the process lives.
[[noreturn]] void wait_to_be_killed();

inline constexpr const char* kBody = "an egg\n";

}  // namespace adapters_bench
