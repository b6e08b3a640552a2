// Prints every metric that the code registers, as a scrape would show it. Each family has at least
// one sample, so that its labels can be read: everything that can happen happens once. What makes
// tables and checks of it is metrics.mjs.
#include <cstdio>

#include "vitals/exporting/scrape.h"
#include "vitals/metrics/registry.h"
#include "vitals/metrics/self_metrics.h"
#include "vitals/monitor/agent.h"
#include "vitals/monitor/bot.h"
#include "vitals/monitor/cache.h"
#include "vitals/monitor/db.h"
#include "vitals/monitor/http.h"
#include "vitals/monitor/journey.h"
#include "vitals/monitor/state.h"

namespace {

using namespace vitals::monitor;

void request() {
  RequestScope scope{{.method = Method::kGet, .route = "/"}};
  scope.fail("InternalError");
  scope.finish(500);
}

void query() {
  QueryScope scope{QueryType::kSelect, "users"};
  scope.fail("unavailable");
  observe_pool_wait(0.001);
  set_pool_source([] { return PoolCounts{.total = 1, .available = 1}; });
}

void agent_call() {
  const auto call = [](AgentUsage usage) {
    AgentCallScope scope{AgentType::kClaude, "model"};
    scope.first_token();
    scope.succeed(usage);
  };
  call({.input_tokens = 1, .output_tokens = 1, .cost_usd = 0.01});
  call({.input_tokens = 1, .output_tokens = 1});
  count_agent_fallback("model", "other");
}

void update() {
  UpdateScope scope{"message", "1"};
  scope.succeed();
}

}  // namespace

int main() {
  vitals::metrics::Registry& registry = vitals::metrics::default_registry();
  vitals::metrics::add_self_metrics(registry);
  const MetricsGuard metrics = enable_metrics(registry);
  vitals::exporting::ScrapeHandler scrapes{registry};

  request();
  query();
  agent_call();
  update();
  track_cache_operation("get", true);
  JourneyScope{"onboarding"}.reached("created", 0);

  const auto page = scrapes.handle({});
  std::fputs(page.body.c_str(), stdout);
  return page.status == 200 ? 0 : 1;
}
