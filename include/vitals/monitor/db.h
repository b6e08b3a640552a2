#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>

#include "vitals/context/span.h"
#include "vitals/lifetimebound.h"
#include "vitals/metrics/label.h"
#include "vitals/monitor/detail/kept_text.h"
#include "vitals/monitor/detail/measured_call.h"
#include "vitals/monitor/error_type.h"
#include "vitals/monitor/state.h"

#pragma GCC visibility push(default)

namespace vitals::monitor {

/// What a statement does, as `query_type` counts it.
enum class QueryType : std::uint8_t { kSelect, kInsert, kUpdate, kDelete, kOther };

/// The type a statement has by its first word: `SELECT`, `insert` … kOther for anything else. Skips
/// white space and comments in front. Threads: any. Cost: a few comparisons.
[[nodiscard]] QueryType query_type_of(std::string_view statement) noexcept;

/// One database query, from its start to its end: `db_queries_total`, `db_query_duration_seconds`,
/// `db_query_errors_total`, a `db` span and a breadcrumb. It counts as an error until succeed() is
/// called.
///
///     QueryScope query{QueryType::kSelect, "users"};
///     auto row = session.fetch(...);   // a throw here is counted as an error
///     query.succeed();
///
/// Threads: the one that made it. Cost: about 0.1 us with metrics, 0.3 us with a sampled trace; two
/// loads when all is off. Never throws. `table` is copied: up to 64 bytes cost no allocation.
class [[nodiscard("a QueryScope measures until it is destroyed; give it a name")]] QueryScope {
 public:
  /// Begins now.
  QueryScope(QueryType type, std::string_view table) noexcept {
    if (active()) begin(type, table);
  }
  ~QueryScope() {
    if (running_) end();
  }
  QueryScope(const QueryScope&) = delete;
  QueryScope& operator=(const QueryScope&) = delete;

  /// The query did what it should.
  void succeed() noexcept {
    succeeded_ = true;
  }

  /// The query failed for a reason that is known by a bounded word: `unavailable`, `timeout`,
  /// `constraint`, `other`.
  void fail(std::string_view error_type) noexcept {
    succeeded_ = false;
    error_type_ = error_type;
  }

  /// The query's own span, to carry its trace on to the database; empty where it is not recorded.
  [[nodiscard]] const context::Span& span() const noexcept VITALS_LIFETIMEBOUND {
    return span_;
  }

 private:
  void begin(QueryType type, std::string_view table) noexcept;
  void end() noexcept;

  bool running_ = false;
  bool succeeded_ = false;
  QueryType type_ = QueryType::kOther;
  detail::KeptText<64> table_;
  ErrorType error_type_;
  std::chrono::steady_clock::time_point start_;
  context::Span span_;
};

/// Runs `query` inside a QueryScope and gives back what it gives back: the seed's decorator. An
/// exception is counted under its class name and goes on to the caller.
template <class F>
decltype(auto) track_query(QueryType type, std::string_view table, F&& query) {
  QueryScope scope{type, table};
  return detail::measured_call(
      std::forward<F>(query), [&] { scope.succeed(); },
      [&] { scope.fail(ErrorType::of_current_exception().view()); });
}

/// How many connections a pool has, and how many of them are free now.
struct PoolCounts {
  int total = 0;      ///< open ones
  int available = 0;  ///< of these, those that nobody uses
};

/// Has `db_connection_pool_size` and `db_connection_pool_available` read at each scrape, for one pool
/// of several by its name as the label `pool`; keep it beside the pool. Another observation of the
/// same name takes its place. Threads: any; `read` is called on the scraping threads, and not any
/// more when end() or the destructor has returned, which wait for a call that is under way, except
/// from within `read` itself. When it throws, the pool is left out of that scrape.
class [[nodiscard("dropping the guard ends the observation")]] PoolObservation {
 public:
  PoolObservation() noexcept = default;
  /// An empty name is that of a process's only pool, which has no label.
  PoolObservation(std::string_view name, std::function<PoolCounts()> read);
  PoolObservation(PoolObservation &&) noexcept = default;
  /// Ends its own observation and takes the other's over.
  PoolObservation& operator=(PoolObservation&& other) noexcept {
    end();
    pool_ = std::move(other.pool_);
    return *this;
  }
  ~PoolObservation() {
    end();
  }
  /// Ends the observation.
  void end() noexcept;
  /// It stays as long as the process, or until another one of its name.
  void keep() noexcept {
    pool_ = nullptr;
  }

 private:
  std::shared_ptr<void> pool_;
};

/// The same for a process that has one pool, until the next call; after one with an empty function
/// the gauges are 0.
void set_pool_source(std::function<PoolCounts()> source);

/// Sets the two pool gauges by hand, for a pool that cannot be asked. Replaces a source.
void update_pool_metrics(int total, int available);

/// Observes `db_connection_pool_wait_seconds`: how long a checkout waited, in seconds. Threads:
/// any. Cost: one histogram.
void observe_pool_wait(double seconds, std::string_view pool = {}) noexcept;

}  // namespace vitals::monitor

/// For labels of families of your own: `enum_label<QueryType>("query_type")`.
template <>
struct vitals::metrics::LabelValues<vitals::monitor::QueryType> {
  /// In the order of the enum.
  static constexpr std::array<std::string_view, 5> kValues{"SELECT", "INSERT", "UPDATE", "DELETE",
                                                           "OTHER"};
};

#pragma GCC visibility pop
