#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "vitals/context/span.h"
#include "vitals/metrics/label.h"
#include "vitals/monitor/detail/kept_text.h"
#include "vitals/monitor/state.h"

#pragma GCC visibility push(default)

namespace vitals::monitor {

/// What a cache is asked to do, as `operation` counts it.
enum class CacheOperation : std::uint8_t { kGet, kSet, kDelete };

/// One call to a cache: `cache_operations_total`, the sliding `cache_hit_rate`, a span `cache.get`
/// (or `.set`, …) and a breadcrumb. Counts as `error` until hit(), miss() or ok() is called. For a
/// get say hit() or miss(), for a set or delete ok().
///
/// Threads: the one that made it. Cost: about 50 ns with metrics; two loads when all is off. Never
/// throws. `key` is only for the span, which copies it.
class [[nodiscard("a CacheScope measures until it is destroyed; give it a name")]] CacheScope {
 public:
  /// `cache` is its name where a process has several, as the label `cache`; up to 32 bytes cost no
  /// allocation.
  explicit CacheScope(CacheOperation operation, std::string_view key = {},
                      std::string_view cache = {}) noexcept {
    if (active()) begin(operation, key, cache);
  }
  ~CacheScope() {
    if (running_) end();
  }
  CacheScope(const CacheScope&) = delete;
  CacheScope& operator=(const CacheScope&) = delete;

  /// The get found something.
  void hit() noexcept {
    result_ = Result::kHit;
  }
  /// The get found nothing.
  void miss() noexcept {
    result_ = Result::kMiss;
  }
  /// The set or delete worked.
  void ok() noexcept {
    result_ = Result::kOk;
  }

 private:
  enum class Result : std::uint8_t { kError, kHit, kMiss, kOk };

  void begin(CacheOperation operation, std::string_view key, std::string_view cache) noexcept;
  void end() noexcept;

  bool running_ = false;
  CacheOperation operation_ = CacheOperation::kGet;
  Result result_ = Result::kError;
  detail::KeptText<32> cache_;
  context::Span span_;
};

/// From now on `cache_hit_rate` is exported, NaN before the first get: for a service whose dashboards
/// look at it from the start. Else a cache is there from its first get on. At most 64 have a rate.
/// Threads: any.
void expect_cache(std::string_view cache = {}) noexcept;

/// Counts a finished cache call in the seed's own words: operation `get`, `set` or `delete`; `hit`
/// says whether a get found something, and whether a set or delete worked. An unknown operation is
/// not counted.
void track_cache_operation(std::string_view operation, bool hit) noexcept;

}  // namespace vitals::monitor

/// For labels of families of your own: `enum_label<CacheOperation>("operation")`.
template <>
struct vitals::metrics::LabelValues<vitals::monitor::CacheOperation> {
  /// In the order of the enum.
  static constexpr std::array<std::string_view, 3> kValues{"get", "set", "delete"};
};

#pragma GCC visibility pop
