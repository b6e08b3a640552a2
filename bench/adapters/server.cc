// adapters_bench_server FRAMEWORK WIRING: one server of adapters_bench.
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <iostream>
#include <iterator>
#include <map>

#include "bench/adapters/wired.h"

namespace adapters_bench {

ByHand::ByHand()
    : requests_(prometheus::BuildCounter()
                    .Name("http_requests_total")
                    .Help("Requests.")
                    .Register(registry_)),
      duration_(
          prometheus::BuildHistogram()
              .Name("http_request_duration_seconds")
              .Help("Duration.")
              .Register(registry_)
              .Add({{"method", "GET"}, {"endpoint", "/eggs/{id}"}},
                   prometheus::Histogram::BucketBoundaries{.01, .05, .1, .25, .5, 1, 2.5, 5, 10})),
      in_progress_(prometheus::BuildGauge()
                       .Name("http_requests_in_progress")
                       .Help("Requests that are being answered.")
                       .Register(registry_)
                       .Add({})) {}

Wired::Wired(Wiring wiring) : wiring_(wiring) {
  if (wiring == Wiring::kByHand) by_hand_.emplace();
  if (wiring == Wiring::kMetrics) metrics_.emplace(vitals::monitor::enable_metrics(registry_));
  if (wiring == Wiring::kWhole) {
    vitals::console::MonitoringOptions options;
    options.registry = &registry_;
    options.console_token = "bench";
    monitoring_.emplace(std::move(options));
  }
}

void say_port(int port) {
  std::cout << "listening on " << port << std::endl;
}

void wait_to_be_killed() {
  for (;;)
    ::pause();
}

}  // namespace adapters_bench

int main(int argc, char** argv) {
  using namespace adapters_bench;
  const std::map<std::string_view, void (*)(Wired&)> servers{{"httplib", &serve_httplib},
                                                             {"beast", &serve_beast},
                                                             {"restinio", &serve_restinio},
                                                             {"pistache", &serve_pistache},
                                                             {"grpc", &serve_grpc}};
  const auto server = servers.find(argc == 3 ? argv[1] : "");
  const auto* wiring =
      std::find(std::begin(kWirings), std::end(kWirings), argc == 3 ? argv[2] : "");
  if (server == servers.end() || wiring == std::end(kWirings)) {
    std::cerr << "usage: adapters_bench_server httplib|beast|restinio|pistache|grpc "
                 "none|by_hand|metrics|whole\n";
    return 64;
  }
  Wired wired{static_cast<Wiring>(wiring - std::begin(kWirings))};
  server->second(wired);
}
