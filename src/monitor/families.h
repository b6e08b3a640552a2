#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <string_view>

#include "monitor/sliding_rate.h"
#include "vitals/metrics/counter.h"
#include "vitals/metrics/family.h"
#include "vitals/metrics/gauge.h"
#include "vitals/metrics/histogram.h"
#include "vitals/metrics/registry.h"
#include "vitals/monitor/agent.h"
#include "vitals/monitor/cache.h"
#include "vitals/monitor/db.h"
#include "vitals/monitor/http.h"

namespace vitals::monitor {

enum class AgentStatus : std::uint8_t { kSuccess, kError };
enum class TokenType : std::uint8_t { kInput, kOutput };
enum class CacheResult : std::uint8_t { kError, kHit, kMiss, kOk };

}  // namespace vitals::monitor

template <>
struct vitals::metrics::LabelValues<vitals::monitor::AgentStatus> {
  static constexpr std::array<std::string_view, 2> kValues{"success", "error"};
};

template <>
struct vitals::metrics::LabelValues<vitals::monitor::TokenType> {
  static constexpr std::array<std::string_view, 2> kValues{"input", "output"};
};

template <>
struct vitals::metrics::LabelValues<vitals::monitor::CacheResult> {
  static constexpr std::array<std::string_view, 4> kValues{"error", "hit", "miss", "ok"};
};

namespace vitals::monitor::detail {

// The families of the scopes, by the names of the specification's section 2.

struct HttpFamilies {
  explicit HttpFamilies(metrics::Registry& registry);

  metrics::Family<metrics::Counter, metrics::enum_label<Method>("method"), "endpoint", "status">
      requests;
  metrics::Family<metrics::Histogram, metrics::enum_label<Method>("method"), "endpoint"> duration;
  metrics::Family<metrics::Counter, metrics::enum_label<Method>("method"), "endpoint", "error_type">
      errors;
  metrics::Family<metrics::Gauge, metrics::enum_label<Method>("method")> in_progress;
};
struct DbFamilies {
  explicit DbFamilies(metrics::Registry& registry);

  metrics::Family<metrics::Counter, metrics::enum_label<QueryType>("query_type"), "table"> queries;
  metrics::Family<metrics::Histogram, metrics::enum_label<QueryType>("query_type")> duration;
  metrics::Family<metrics::Counter, metrics::enum_label<QueryType>("query_type"), "table",
                  "error_type">
      errors;
  metrics::Histogram pool_wait;
};
struct AgentFamilies {
  explicit AgentFamilies(metrics::Registry& registry);

  metrics::Family<metrics::Counter, metrics::enum_label<AgentType>("agent_type"),
                  metrics::enum_label<AgentStatus>("status")>
      calls;
  metrics::Family<metrics::Histogram, metrics::enum_label<AgentType>("agent_type")> duration;
  metrics::Family<metrics::Counter, metrics::enum_label<AgentType>("agent_type"),
                  metrics::enum_label<TokenType>("token_type")>
      tokens;
  metrics::Family<metrics::Counter, metrics::enum_label<AgentType>("agent_type"), "model"> cost;
  metrics::Family<metrics::Histogram, metrics::enum_label<AgentType>("agent_type")> first_token;
  metrics::Family<metrics::Counter, "from", "to"> fallbacks;
  metrics::Family<metrics::Counter, metrics::enum_label<AgentType>("agent_type")> unpriced;
};
struct CacheFamilies {
  explicit CacheFamilies(metrics::Registry& registry);

  metrics::Family<metrics::Counter, metrics::enum_label<CacheOperation>("operation"),
                  metrics::enum_label<CacheResult>("result")>
      operations;
  std::shared_ptr<SlidingRate> hits = std::make_shared<SlidingRate>();  // the callback's too
};
struct BotFamilies {
  explicit BotFamilies(metrics::Registry& registry);

  metrics::Family<metrics::Counter, "kind", "status"> updates;
  metrics::Family<metrics::Histogram, "kind"> duration;
};
struct JourneyFamilies {
  explicit JourneyFamilies(metrics::Registry& registry);

  metrics::Family<metrics::Counter, "journey", "step"> steps;
  metrics::Family<metrics::Histogram, "journey", "step"> duration;
};

/// All of them. Made by enable_metrics(), never destroyed.
struct Families {
  explicit Families(metrics::Registry& registry);

  HttpFamilies http;
  DbFamilies db;
  AgentFamilies agent;
  CacheFamilies cache;
  BotFamilies bot;
  JourneyFamilies journey;
};

/// The families, or null while metrics are off.
inline Families* families() noexcept {
#ifdef VITALS_NO_MONITOR
  return nullptr;
#else
  return g_families.load(std::memory_order_acquire);  // pairs with the release in enable_metrics()
#endif
}

/// What the pool gauges show; see set_pool_source().
PoolCounts current_pool_counts();

}  // namespace vitals::monitor::detail
