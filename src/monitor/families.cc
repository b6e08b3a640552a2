#include "monitor/families.h"

#include <memory>
#include <mutex>
#include <stdexcept>
#include <vector>

#include "monitor/clock.h"
#include "monitor/sentry_health.h"
#include "vitals/context/span.h"
#include "vitals/metrics/exemplar.h"

namespace vitals::monitor {
namespace {

/// Where the exemplars of all families come from.
bool sampled_trace(metrics::ActiveTrace& trace) noexcept {
  if (!context::is_sampled()) return false;
  const context::Span span = context::current_span();
  trace = {span.trace_id().hex().chars, span.span_id().hex().chars};
  return true;
}

}  // namespace

namespace detail {

std::atomic<Families*> g_families{nullptr};

HttpFamilies::HttpFamilies(metrics::Registry& registry)
    : requests(registry.counter<metrics::enum_label<Method>("method"), "endpoint", "status">(
          "http_requests_total", "HTTP requests answered, by method, route template and status.")),
      duration(registry.histogram<metrics::enum_label<Method>("method"), "endpoint">(
          "http_request_duration_seconds",
          "Time from a request's arrival to its answer, in seconds.",
          {.01, .05, .1, .5, 1, 2, 5, 10},
          {.exemplars = true, .native = metrics::NativeBuckets{}})),
      errors(registry.counter<metrics::enum_label<Method>("method"), "endpoint", "error_type">(
          "http_errors_total", "HTTP requests that ended in an error, by the error's class.")),
      in_progress(registry.gauge<metrics::enum_label<Method>("method")>(
          "http_requests_in_progress",
          "HTTP requests that have arrived and are not answered yet.")) {}

DbFamilies::DbFamilies(metrics::Registry& registry)
    : queries(registry.counter<metrics::enum_label<QueryType>("query_type"), "table">(
          "db_queries_total", "Database queries, failed ones included, by type and table.")),
      duration(registry.histogram<metrics::enum_label<QueryType>("query_type")>(
          "db_query_duration_seconds", "Time a database query took, in seconds.",
          {.001, .005, .01, .05, .1, .5, 1}, {.exemplars = true})),
      errors(registry.counter<metrics::enum_label<QueryType>("query_type"), "table", "error_type">(
          "db_query_errors_total", "Database queries that failed, by the kind of failure.")),
      pool_wait(
          registry.histogram<>("db_connection_pool_wait_seconds",
                               "Time a checkout waited for a free database connection, in seconds.",
                               {.0001, .001, .005, .01, .05, .1, .5, 1, 5})) {
  registry.gauge_callback("db_connection_pool_size", "Connections that the database pool holds.",
                          [] { return static_cast<double>(current_pool_counts().total); });
  registry.gauge_callback("db_connection_pool_available",
                          "Connections of the database pool that are free.",
                          [] { return static_cast<double>(current_pool_counts().available); });
}

AgentFamilies::AgentFamilies(metrics::Registry& registry)
    : calls(registry.counter<metrics::enum_label<AgentType>("agent_type"),
                             metrics::enum_label<AgentStatus>("status")>(
          "agent_calls_total", "Calls to AI agents, by agent and outcome.")),
      duration(registry.histogram<metrics::enum_label<AgentType>("agent_type")>(
          "agent_call_duration_seconds", "Time a call to an AI agent took, in seconds.",
          {.5, 1, 2, 5, 10, 20, 30}, {.exemplars = true, .native = metrics::NativeBuckets{}})),
      tokens(registry.counter<metrics::enum_label<AgentType>("agent_type"),
                              metrics::enum_label<TokenType>("token_type")>(
          "agent_tokens_used_total", "Tokens that AI agents read (input) and wrote (output).")),
      cost(registry.counter<metrics::enum_label<AgentType>("agent_type"), "model">(
          "agent_cost_usd_total", "Cost of AI agent calls in US dollars, by the price table.")),
      first_token(registry.histogram<metrics::enum_label<AgentType>("agent_type")>(
          "agent_time_to_first_token_seconds",
          "Time from a streamed agent call to its first piece of text, in seconds.",
          {.1, .25, .5, 1, 2, 5, 10, 20}, {.exemplars = true})),
      fallbacks(registry.counter<"from", "to">(
          "agent_fallbacks_total",
          "Agent calls that went on to the fallback model after the first one failed.")),
      unpriced(registry.counter<metrics::enum_label<AgentType>("agent_type")>(
          "agent_unpriced_calls_total", "Agent calls whose model is not in the price table.")) {}

CacheFamilies::CacheFamilies(metrics::Registry& registry)
    : operations(registry.counter<metrics::enum_label<CacheOperation>("operation"),
                                  metrics::enum_label<CacheResult>("result")>(
          "cache_operations_total", "Cache calls, by operation and result.")) {
  registry.gauge_callback("cache_hit_rate",
                          "Share of cache gets that found something, over the last five minutes.",
                          [hits = hits] { return hits->rate(seconds_of_this_process()); });
}

BotFamilies::BotFamilies(metrics::Registry& registry)
    : updates(registry.counter<"kind", "status">("bot_updates_total",
                                                 "Chat bot updates handled, by kind and outcome.")),
      duration(registry.histogram<"kind">("bot_update_duration_seconds",
                                          "Time a chat bot update took, in seconds.",
                                          {.05, .1, .5, 1, 2, 5, 10, 30})) {}

JourneyFamilies::JourneyFamilies(metrics::Registry& registry)
    : steps(registry.counter<"journey", "step">("user_journey_steps_total",
                                                "Users who reached a step of a journey.")),
      duration(registry.histogram<"journey", "step">(
          "user_journey_duration_seconds", "Time from a journey's beginning to a step, in seconds.",
          {1, 10, 60, 300, 3600, 21600, 86400, 172800, 604800})) {}

Families::Families(metrics::Registry& registry)
    : http(registry),
      db(registry),
      agent(registry),
      cache(registry),
      bot(registry),
      journey(registry) {
  add_sentry_health(registry);
}

}  // namespace detail

MetricsGuard enable_metrics(metrics::Registry& registry) {
  // Kept for good: a scope may end after its guard, or after main() has returned.
  static auto& all = *new std::vector<std::unique_ptr<detail::Families>>;
  static std::mutex mutex;
  const std::lock_guard lock{mutex};
  if (detail::g_families.load(std::memory_order_relaxed) != nullptr)
    throw std::logic_error("vitals::monitor::enable_metrics(): the metrics are on already");
  detail::Families* const families =
      all.emplace_back(std::make_unique<detail::Families>(registry)).get();
  metrics::set_trace_source(&sampled_trace);
  detail::g_families.store(
      families, std::memory_order_release);  // pairs with the acquire in metrics_enabled()
  return MetricsGuard{families};
}

void MetricsGuard::end() noexcept {
  detail::Families* mine = std::exchange(families_, nullptr);
  if (mine != nullptr) detail::g_families.compare_exchange_strong(mine, nullptr);
}

}  // namespace vitals::monitor
