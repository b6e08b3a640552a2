#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "vitals/context/ids.h"
#include "vitals/value.h"

#pragma GCC visibility push(default)

// Sentry's own metrics, which are tied to a trace: from a number one comes to the requests that it
// was counted in. Each call is sent by itself, so they are for what is rare or of interest one by
// one; for what happens a thousand times a second, and for alerts, use vitals::metrics.
// Source: Sentry developer documentation, "Metrics".
namespace vitals::sentry {

/// What a metric's values mean.
enum class MetricType : std::uint8_t {
  kCounter,       ///< how many more there are
  kGauge,         ///< how much there is now
  kDistribution,  ///< one measured value of many, for percentiles
};

/// The protocol's word for a type: `counter`, `gauge`, `distribution`.
[[nodiscard]] std::string_view to_string(MetricType type) noexcept;

/// A value of a metric that is about to be sent, for Options::before_send_metric to look at, change
/// or refuse. What is the same for all (release, environment, server, sdk) is added after it.
struct MetricRecord {
  Timestamp timestamp{};                   ///< when it was counted
  MetricType type = MetricType::kCounter;  ///< what the value means
  std::string name{};                      ///< `orders.placed`
  double value = 0;                        ///< in the unit
  std::string unit{};                      ///< `millisecond`, `byte`, …; empty: none
  Fields attributes{};                     ///< the call's own, then the scope's
  context::TraceId trace_id{};             ///< of the active span, or of the scope
  context::SpanId span_id{};               ///< zero: no span was active
};

/// Nothing in this namespace is for users.
namespace detail {

// One for all shared objects of the process, hence not inline: clang would give each its own.
extern constinit std::atomic<bool> metrics_wanted;

void add_metric(MetricType type, std::string_view name, double value, std::string_view unit,
                ListView<FieldView> attributes) noexcept;

}  // namespace detail

/// Whether metrics are taken: a client is active that was started with Options::enable_metrics. To
/// be asked before a costly value is made.
/// Threads: any. Cost: one load.
[[nodiscard]] inline bool takes_metrics() noexcept {
  return detail::metrics_wanted.load(std::memory_order_acquire);  // pairs with init()
}

/// Counts `value` more of something. The metric bears the trace and the span that are active, and
/// the user and the attributes of the scope and of the global scope (see Scope::set_attribute()).
///
///     sentry::count("orders.placed", 1, {{"till", 4}});
///     sentry::distribution("order.total", 12.5, "euro", {{"till", 4}});
///
/// The client sends metrics in batches: 100 of them, or what came within 5 s. A metric holds 1.5 KiB
/// of name, unit and attributes, since Sentry refuses one of more than 2 KiB; where room is short its
/// own attributes stand before the scope's. 1,000 metrics and 4 MB may wait, what is past that is
/// counted as `queue_full`. What is a secret by its name or its look is masked. A value that is no
/// number or not finite, and an empty name, are left out, counted as `before_send`.
///
/// What the client's own threads count, in a hook of the user's say, is left out: it would come back
/// to them.
/// Threads: any. Cost: as context::log(), one allocation, no lock but the scope's own short one; one
/// load where metrics are not taken. Never blocks, never throws. Not for signal handlers: one that
/// interrupts malloc() may wait for ever.
inline void count(std::string_view name, double value = 1,
                  ListView<FieldView> attributes = {}) noexcept {
  if (takes_metrics()) detail::add_metric(MetricType::kCounter, name, value, {}, attributes);
}

/// Says how much there is of something now, as count() otherwise. Units as Sentry names them
/// (`millisecond`, `byte`, `ratio`, …) or any other; empty: none.
inline void gauge(std::string_view name, double value, std::string_view unit = {},
                  ListView<FieldView> attributes = {}) noexcept {
  if (takes_metrics()) detail::add_metric(MetricType::kGauge, name, value, unit, attributes);
}

/// Adds one measured value to many, as gauge() otherwise.
inline void distribution(std::string_view name, double value, std::string_view unit = {},
                         ListView<FieldView> attributes = {}) noexcept {
  if (takes_metrics()) detail::add_metric(MetricType::kDistribution, name, value, unit, attributes);
}

}  // namespace vitals::sentry

#pragma GCC visibility pop
