#pragma once

#include <array>
#include <memory>
#include <string_view>
#include <vector>

#include "monitor/caches.h"
#include "vitals/metrics/counter.h"
#include "vitals/metrics/family.h"
#include "vitals/metrics/gauge.h"
#include "vitals/metrics/histogram.h"
#include "vitals/metrics/scoped_definition.h"
#include "vitals/monitor/agent.h"
#include "vitals/monitor/cache.h"
#include "vitals/monitor/db.h"
#include "vitals/monitor/http.h"
#include "vitals/monitor/outcome.h"

namespace vitals::monitor {

enum class TokenType : std::uint8_t { kInput, kOutput };
enum class CacheResult : std::uint8_t { kError, kHit, kMiss, kOk };

}  // namespace vitals::monitor

template <>
struct vitals::metrics::LabelValues<vitals::monitor::TokenType> {
  static constexpr std::array<std::string_view, 2> kValues{"input", "output"};
};

template <>
struct vitals::metrics::LabelValues<vitals::monitor::CacheResult> {
  static constexpr std::array<std::string_view, 4> kValues{"error", "hit", "miss", "ok"};
};

namespace vitals::monitor::detail {

class Definer;

// The families of the scopes. Their names and buckets are the specification's and our own, unless
// MetricsOptions says otherwise.

struct HttpFamilies {
  explicit HttpFamilies(Definer& define);

  metrics::Family<metrics::Counter, metrics::enum_label<Method>("method"), "endpoint", "status">
      requests;
  metrics::Family<metrics::Histogram, metrics::enum_label<Method>("method"), "endpoint"> duration;
  metrics::Family<metrics::Counter, metrics::enum_label<Method>("method"), "endpoint", "error_type">
      errors;
  metrics::Family<metrics::Gauge, metrics::enum_label<Method>("method")> in_progress;
};
struct HttpClientFamilies {
  explicit HttpClientFamilies(Definer& define);

  metrics::Family<metrics::Counter, metrics::enum_label<Method>("method"), "host", "status">
      requests;
  metrics::Family<metrics::Histogram, metrics::enum_label<Method>("method"), "host"> duration;
  metrics::Family<metrics::Counter, metrics::enum_label<Method>("method"), "host", "error_type">
      errors;
};
struct DbFamilies {
  explicit DbFamilies(Definer& define);

  metrics::Family<metrics::Counter, metrics::enum_label<QueryType>("query_type"), "table"> queries;
  metrics::Family<metrics::Histogram, metrics::enum_label<QueryType>("query_type")> duration;
  metrics::Family<metrics::Counter, metrics::enum_label<QueryType>("query_type"), "table",
                  "error_type">
      errors;
  metrics::Family<metrics::Histogram, "pool"> pool_wait;
};
struct AgentFamilies {
  explicit AgentFamilies(Definer& define);

  metrics::Family<metrics::Counter, "agent_type", metrics::enum_label<Outcome>("status")> calls;
  metrics::Family<metrics::Histogram, "agent_type"> duration;
  metrics::Family<metrics::Counter, "agent_type", metrics::enum_label<TokenType>("token_type")>
      tokens;
  metrics::Family<metrics::Counter, "agent_type", "model"> cost;
  metrics::Family<metrics::Histogram, "agent_type"> first_token;
  metrics::Family<metrics::Counter, "from", "to"> fallbacks;
  metrics::Family<metrics::Counter, "agent_type"> unpriced;
};
struct CacheFamilies {
  explicit CacheFamilies(Definer& define);

  metrics::Family<metrics::Counter, metrics::enum_label<CacheOperation>("operation"),
                  metrics::enum_label<CacheResult>("result"), "cache">
      operations;
};
struct RpcFamilies {
  RpcFamilies(Definer& define, bool server);

  metrics::Family<metrics::Counter, "service", "method", "code"> calls;
  metrics::Family<metrics::Histogram, "service", "method"> duration;
  metrics::Family<metrics::Gauge, "service"> in_progress;  // of a server
};
struct MessageFamilies {
  explicit MessageFamilies(Definer& define);

  metrics::Family<metrics::Counter, "system", "destination", metrics::enum_label<Outcome>("status")>
      published;
  metrics::Family<metrics::Histogram, "system", "destination"> publish_duration;
  metrics::Family<metrics::Counter, "system", "destination", metrics::enum_label<Outcome>("status")>
      processed;
  metrics::Family<metrics::Histogram, "system", "destination"> process_duration;
  metrics::Family<metrics::Histogram, "system", "destination"> age;
};
struct JobFamilies {
  explicit JobFamilies(Definer& define);

  metrics::Family<metrics::Counter, "job", metrics::enum_label<Outcome>("status")> runs;
  metrics::Family<metrics::Histogram, "job"> duration;
  metrics::Family<metrics::Gauge, "job"> in_progress;
  metrics::Family<metrics::Gauge, "job"> last_success;
};
struct WorkFamilies {
  explicit WorkFamilies(Definer& define);

  metrics::Family<metrics::Counter, "work", metrics::enum_label<Outcome>("status")> done;
  metrics::Family<metrics::Histogram, "work"> duration;
  metrics::Family<metrics::Gauge, "work"> in_progress;
};
struct BotFamilies {
  explicit BotFamilies(Definer& define);

  metrics::Family<metrics::Counter, "kind", "status"> updates;
  metrics::Family<metrics::Histogram, "kind"> duration;
};
struct JourneyFamilies {
  explicit JourneyFamilies(Definer& define);

  metrics::Family<metrics::Counter, "journey", "step"> steps;
  metrics::Family<metrics::Histogram, "journey", "step"> duration;
};

/// All of them. Made by enable_metrics(), never destroyed.
struct Families {
  explicit Families(Definer& define);

  HttpFamilies http;
  DbFamilies db;
  AgentFamilies agent;
  CacheFamilies cache;
  BotFamilies bot;
  JourneyFamilies journey;
  HttpClientFamilies http_client;
  RpcFamilies rpc_server;
  RpcFamilies rpc_client;
  MessageFamilies messages;
  JobFamilies jobs;
  WorkFamilies work;

  metrics::Registry* registry;
  std::vector<metrics::Definition> definitions;  // there until they are defined anew
};

/// The families, or null while metrics are off.
inline Families* families() noexcept {
#ifdef VITALS_NO_MONITOR
  return nullptr;
#else
  return g_families.load(std::memory_order_acquire);  // pairs with the release in enable_metrics()
#endif
}

/// What is read at the scrape; see set_pool_source() and expect_cache().
void add_pools(Definer& define);
void add_caches(Definer& define);
/// Whether a pool is observed that has no name.
[[nodiscard]] bool has_unnamed_pool() noexcept;
/// Of all caches of the process.
[[nodiscard]] Caches& caches() noexcept;

}  // namespace vitals::monitor::detail
