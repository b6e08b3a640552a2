#pragma once

#include <array>
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

/// The text of an enum's label value. Static storage.
template <class Enum>
constexpr std::string_view label_of(Enum value) noexcept {
  return metrics::LabelValues<Enum>::kValues[static_cast<std::size_t>(value)];
}

/// Every family of the scopes, by the names of the specification's section 2. Made once by
/// enable_metrics(), never destroyed.
struct Families {
  explicit Families(metrics::Registry& registry);

  using Counter = metrics::Counter;
  using Gauge = metrics::Gauge;
  using Histogram = metrics::Histogram;

  metrics::Family<Counter, metrics::enum_label<Method>("method"), "endpoint", "status">
      http_requests;
  metrics::Family<Histogram, metrics::enum_label<Method>("method"), "endpoint"> http_duration;
  metrics::Family<Counter, metrics::enum_label<Method>("method"), "endpoint", "error_type">
      http_errors;
  metrics::Family<Gauge, metrics::enum_label<Method>("method")> http_in_progress;

  metrics::Family<Counter, metrics::enum_label<QueryType>("query_type"), "table"> db_queries;
  metrics::Family<Histogram, metrics::enum_label<QueryType>("query_type")> db_duration;
  metrics::Family<Counter, metrics::enum_label<QueryType>("query_type"), "table", "error_type">
      db_errors;
  Histogram pool_wait;

  metrics::Family<Counter, metrics::enum_label<AgentType>("agent_type"),
                  metrics::enum_label<AgentStatus>("status")>
      agent_calls;
  metrics::Family<Histogram, metrics::enum_label<AgentType>("agent_type")> agent_duration;
  metrics::Family<Counter, metrics::enum_label<AgentType>("agent_type"),
                  metrics::enum_label<TokenType>("token_type")>
      agent_tokens;
  metrics::Family<Counter, metrics::enum_label<AgentType>("agent_type"), "model"> agent_cost;
  metrics::Family<Histogram, metrics::enum_label<AgentType>("agent_type")> agent_first_token;
  metrics::Family<Counter, "from", "to"> agent_fallbacks;
  metrics::Family<Counter, metrics::enum_label<AgentType>("agent_type")> agent_unpriced;

  metrics::Family<Counter, metrics::enum_label<CacheOperation>("operation"),
                  metrics::enum_label<CacheResult>("result")>
      cache_operations;
  SlidingRate cache_hits;

  metrics::Family<Counter, "kind", "status"> bot_updates;
  metrics::Family<Histogram, "kind"> bot_duration;

  metrics::Family<Counter, "journey", "step"> journey_steps;
  metrics::Family<Histogram, "journey", "step"> journey_duration;
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
