#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "health_agent/api/route_table.h"
#include "health_agent/api/server.h"
#include "integration/support/http.h"
#include "integration/support/ports.h"
#include "integration/support/wait.h"
#include "vitals/metrics/registry.h"
#include "vitals/monitor/state.h"
#include "vitals/testing/snapshot.h"

namespace integration {
namespace {

using health_agent::api::Access;
using health_agent::api::Request;
using health_agent::api::Response;
using vitals::monitor::Method;
using vitals::testing::Snapshot;

// One worker is busy, so that the second request waits; then the server ends.
TEST(Unserved, ARequestThatNoWorkerTookIsInProgressAndThenUnfinished) {
  vitals::metrics::Registry registry;
  const auto metrics = vitals::monitor::enable_metrics(registry);
  std::promise<void> release;
  const std::shared_future<void> released = release.get_future().share();
  health_agent::api::RouteTable routes;
  routes.add({{Method::kGet, "/slow", "slow"},
              [released](Request&) {
                released.wait();
                return Response{};
              },
              Access::kKeyHolders});
  health_agent::api::ServerOptions options;
  options.port = free_port();
  options.workers = 1;
  health_agent::api::Server server{options, std::move(routes)};
  server.start();
  std::vector<std::thread> clients;
  for (int i = 0; i < 2; ++i)
    clients.emplace_back([&] { static_cast<void>(Http{options.port}.get("/slow")); });
  const auto in_progress = [&] {
    return Snapshot{registry}.value("http_requests_in_progress", {{"method", "GET"}}).value_or(0);
  };
  EXPECT_TRUE(eventually([&] { return in_progress() == 2; })) << "the one that waits counts too";

  std::thread end{[&] { server.stop(); }};
  std::this_thread::sleep_for(200ms);  // until nothing is taken from the queue any more
  release.set_value();
  end.join();
  for (std::thread& client : clients)
    client.join();
  const Snapshot after{registry};
  const auto total = [&](const std::string& status) {
    return after
        .value("http_requests_total",
               {{"method", "GET"}, {"endpoint", "/slow"}, {"status", status}})
        .value_or(0);
  };
  EXPECT_EQ(total("200"), 1);
  EXPECT_EQ(total("500"), 1);
  EXPECT_EQ(after.value("http_errors_total",
                        {{"method", "GET"}, {"endpoint", "/slow"}, {"error_type", "unfinished"}}),
            1);
  EXPECT_EQ(in_progress(), 0);
}

}  // namespace
}  // namespace integration
