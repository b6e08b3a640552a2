#include "monitor/families.h"

#include <memory>
#include <mutex>
#include <stdexcept>
#include <vector>

#include "monitor/definer.h"
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

HttpFamilies::HttpFamilies(Definer& define)
    : requests(define.counter<metrics::enum_label<Method>("method"), "endpoint", "status">(
          "http_requests_total", "HTTP requests answered, by method, route template and status.")),
      duration(define.histogram<metrics::enum_label<Method>("method"), "endpoint">(
          "http_request_duration_seconds",
          "Time from a request's arrival to its answer, in seconds.",
          {.01, .05, .1, .5, 1, 2, 5, 10},
          {.exemplars = true, .native = metrics::NativeBuckets{}})),
      errors(define.counter<metrics::enum_label<Method>("method"), "endpoint", "error_type">(
          "http_errors_total", "HTTP requests that ended in an error, by the error's class.")),
      in_progress(define.gauge<metrics::enum_label<Method>("method")>(
          "http_requests_in_progress",
          "HTTP requests that have arrived and are not answered yet.")) {}

HttpClientFamilies::HttpClientFamilies(Definer& define)
    : requests(define.counter<metrics::enum_label<Method>("method"), "host", "status">(
          "http_client_requests_total",
          "HTTP requests made, by method, host and status; 000 where no answer came.")),
      duration(define.histogram<metrics::enum_label<Method>("method"), "host">(
          "http_client_request_duration_seconds",
          "Time from an outgoing request to its whole answer, in seconds.",
          {.005, .01, .05, .1, .5, 1, 2, 5, 10, 30}, {.exemplars = true})),
      errors(define.counter<metrics::enum_label<Method>("method"), "host", "error_type">(
          "http_client_errors_total",
          "HTTP requests made that had no answer, or one of 400 and above, by the kind.")) {}

DbFamilies::DbFamilies(Definer& define)
    : queries(define.counter<metrics::enum_label<QueryType>("query_type"), "table">(
          "db_queries_total", "Database queries, failed ones included, by type and table.")),
      duration(define.histogram<metrics::enum_label<QueryType>("query_type")>(
          "db_query_duration_seconds", "Time a database query took, in seconds.",
          {.001, .005, .01, .05, .1, .5, 1}, {.exemplars = true})),
      errors(define.counter<metrics::enum_label<QueryType>("query_type"), "table", "error_type">(
          "db_query_errors_total", "Database queries that failed, by the kind of failure.")),
      pool_wait(define.histogram<"pool">(
          "db_connection_pool_wait_seconds",
          "Time a checkout waited for a free database connection, in seconds.",
          {.0001, .001, .005, .01, .05, .1, .5, 1, 5}, {.omit_empty_labels = true})) {
  if (has_unnamed_pool()) static_cast<void>(pool_wait.with(""));
  add_pools(define);
}

AgentFamilies::AgentFamilies(Definer& define)
    : calls(define.counter<"agent_type", metrics::enum_label<Outcome>("status")>(
          "agent_calls_total", "Calls to AI agents, by agent and outcome.")),
      duration(define.histogram<"agent_type">(
          "agent_call_duration_seconds", "Time a call to an AI agent took, in seconds.",
          {.5, 1, 2, 5, 10, 20, 30}, {.exemplars = true, .native = metrics::NativeBuckets{}})),
      tokens(define.counter<"agent_type", metrics::enum_label<TokenType>("token_type")>(
          "agent_tokens_used_total", "Tokens that AI agents read (input) and wrote (output).")),
      cost(define.counter<"agent_type", "model">(
          "agent_cost_usd_total", "Cost of AI agent calls in US dollars, by the price table.")),
      first_token(define.histogram<"agent_type">(
          "agent_time_to_first_token_seconds",
          "Time from a streamed agent call to its first piece of text, in seconds.",
          {.1, .25, .5, 1, 2, 5, 10, 20}, {.exemplars = true})),
      fallbacks(define.counter<"from", "to">(
          "agent_fallbacks_total",
          "Agent calls that went on to the fallback model after the first one failed.")),
      unpriced(define.counter<"agent_type">(
          "agent_unpriced_calls_total", "Agent calls whose model is not in the price table.")) {}

CacheFamilies::CacheFamilies(Definer& define)
    : operations(define.counter<metrics::enum_label<CacheOperation>("operation"),
                                metrics::enum_label<CacheResult>("result"), "cache">(
          "cache_operations_total", "Cache calls, by operation and result.",
          {.omit_empty_labels = true})) {
  add_caches(define);
}

RpcFamilies::RpcFamilies(Definer& define, bool server)
    : calls(define.counter<"service", "method", "code">(
          server ? "rpc_server_calls_total" : "rpc_client_calls_total",
          server ? "RPC calls answered, by service, method and status code."
                 : "RPC calls made, by service, method and status code.")),
      duration(define.histogram<"service", "method">(
          server ? "rpc_server_call_duration_seconds" : "rpc_client_call_duration_seconds",
          server ? "Time from an RPC call's arrival to its end, in seconds."
                 : "Time that an RPC call took its caller, in seconds.",
          {.001, .005, .01, .05, .1, .5, 1, 2, 5, 10}, {.exemplars = true})),
      in_progress(server ? define.gauge<"service">("rpc_server_calls_in_progress",
                                                   "RPC calls that are under way.")
                         : metrics::Family<metrics::Gauge, "service">{}) {}

MessageFamilies::MessageFamilies(Definer& define)
    : published(define.counter<"system", "destination", metrics::enum_label<Outcome>("status")>(
          "messages_published_total", "Messages given to a broker, by topic or queue.")),
      publish_duration(define.histogram<"system", "destination">(
          "message_publish_duration_seconds", "Time that giving a message away took, in seconds.",
          {.0005, .001, .005, .01, .05, .1, .5, 1, 5})),
      processed(define.counter<"system", "destination", metrics::enum_label<Outcome>("status")>(
          "messages_processed_total", "Messages that were handled, by topic or queue.")),
      process_duration(define.histogram<"system", "destination">(
          "message_process_duration_seconds", "Time that handling a message took, in seconds.",
          {.001, .005, .01, .05, .1, .5, 1, 5, 10, 30}, {.exemplars = true})),
      age(define.histogram<"system", "destination">(
          "message_age_seconds", "Time from a message's publication to its handling, in seconds.",
          {.01, .1, 1, 5, 10, 60, 300, 1800, 3600, 21600, 86400})) {}

JobFamilies::JobFamilies(Definer& define)
    : runs(define.counter<"job", metrics::enum_label<Outcome>("status")>(
          "job_runs_total", "Runs of a job, by outcome.")),
      duration(define.histogram<"job">("job_duration_seconds", "Time a job took, in seconds.",
                                       {.1, .5, 1, 5, 10, 30, 60, 300, 900, 3600, 14400},
                                       {.exemplars = true})),
      in_progress(define.gauge<"job">("jobs_in_progress", "Jobs that are under way.")),
      last_success(
          define.gauge<"job">("job_last_success_timestamp_seconds",
                              "When a job last ended well, in seconds since 1970-01-01 UTC.")) {}

WorkFamilies::WorkFamilies(Definer& define)
    : done(define.counter<"work", metrics::enum_label<Outcome>("status")>(
          "work_done_total", "Units of work, by kind and outcome.")),
      duration(define.histogram<"work">(
          "work_duration_seconds", "Time a unit of work took, in seconds.",
          {.0001, .0005, .001, .005, .01, .05, .1, .5, 1, 5, 10}, {.exemplars = true})),
      in_progress(define.gauge<"work">("work_in_progress", "Units of work that are under way.")) {}

BotFamilies::BotFamilies(Definer& define)
    : updates(define.counter<"kind", "status">("bot_updates_total",
                                               "Chat bot updates handled, by kind and outcome.")),
      duration(define.histogram<"kind">("bot_update_duration_seconds",
                                        "Time a chat bot update took, in seconds.",
                                        {.05, .1, .5, 1, 2, 5, 10, 30})) {}

JourneyFamilies::JourneyFamilies(Definer& define)
    : steps(define.counter<"journey", "step">("user_journey_steps_total",
                                              "Users who reached a step of a journey.")),
      duration(define.histogram<"journey", "step">(
          "user_journey_duration_seconds", "Time from a journey's beginning to a step, in seconds.",
          {1, 10, 60, 300, 3600, 21600, 86400, 172800, 604800})) {}

Families::Families(Definer& define)
    : http(define),
      db(define),
      agent(define),
      cache(define),
      bot(define),
      journey(define),
      http_client(define),
      rpc_server(define, true),
      rpc_client(define, false),
      messages(define),
      jobs(define),
      work(define),
      registry(&define.registry()) {
  add_sentry_health(define);
  definitions = define.keep();
}

}  // namespace detail

MetricsGuard enable_metrics(metrics::Registry& registry, const MetricsOptions& options) {
  // Kept for good: a scope may end after its guard, or after main() has returned.
  static auto& all = *new std::vector<std::unique_ptr<detail::Families>>;
  static std::mutex mutex;
  const std::lock_guard lock{mutex};
  if (detail::g_families.load(std::memory_order_relaxed) != nullptr)
    throw std::logic_error("vitals::monitor::enable_metrics(): the metrics are on already");
  // What stands still there from an earlier guard makes room. A registry of the past at the same
  // address has none of them any more.
  for (const auto& former : all) {
    if (former->registry != &registry) continue;
    for (const metrics::Definition& definition : former->definitions)
      definition.remove();
  }
  detail::Definer define{registry, options};
  detail::Families* const families =
      all.emplace_back(std::make_unique<detail::Families>(define)).get();
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
