#include "vitals/monitor/cache.h"

#include <cstddef>
#include <memory>
#include <new>
#include <utility>

#include "monitor/clock.h"
#include "monitor/families.h"
#include "monitor/read_families.h"
#include "vitals/context/detail.h"
#include "vitals/context/scope.h"

namespace vitals::monitor {
namespace {

void count(detail::Families& families, CacheOperation operation, CacheResult result,
           std::string_view cache) noexcept {
  families.cache.operations.with(operation, result, cache).inc();
  if (operation != CacheOperation::kGet) return;
  if (result != CacheResult::kHit && result != CacheResult::kMiss) return;
  if (SlidingRate* const hits = detail::caches().find_or_make(cache))
    hits->record(result == CacheResult::kHit, detail::seconds_of_this_process());
}

class HitRates final : public detail::ReadFamilies {
 public:
  explicit HitRates(detail::Definer& define)
      : ReadFamilies(define),
        rate_(add(define, "cache_hit_rate",
                  "Share of cache gets that found something, over the last five minutes.",
                  metrics::MetricType::kGauge)) {}

  void collect(metrics::SampleSink& sink) override {
    const detail::Caches::Cache* cache = detail::caches().first();
    if (cache == nullptr || !begin(sink, rate_)) return;
    for (; cache != nullptr; cache = cache->next.load(std::memory_order_acquire))
      sink.gauge(labels({{"cache", cache->name}}),
                 cache->hits.rate(detail::seconds_of_this_process()));
  }

 private:
  const std::size_t rate_;
};

/// Sentry's names: a set is a put, a delete a remove. Source: Sentry, "Caches" module, span
/// operations.
constexpr std::string_view span_op(CacheOperation operation) noexcept {
  switch (operation) {
    case CacheOperation::kGet:
      return "cache.get";
    case CacheOperation::kSet:
      return "cache.put";
    case CacheOperation::kDelete:
      return "cache.remove";
  }
  return "cache";
}

}  // namespace

void CacheScope::begin(CacheOperation operation, std::string_view key,
                       std::string_view cache) noexcept {
  running_ = true;
  operation_ = operation;
  cache_.keep(cache);
  span_ = context::start_span(span_op(operation), key);
}

void CacheScope::end() noexcept {
  const auto result = static_cast<CacheResult>(result_);
  if (detail::Families* families = detail::families())
    count(*families, operation_, result, cache_.view());
  if (!context::enabled()) return;
  if (context::captures_breadcrumbs()) {
    context::add_breadcrumb(
        {.category = span_op(operation_),
         .message = metrics::to_string(result),
         .level = result == CacheResult::kError ? vitals::Level::kError : vitals::Level::kInfo});
  }
  if (!span_) return;
  if (operation_ == CacheOperation::kGet) span_.set_data("cache.hit", result == CacheResult::kHit);
  span_.set_status(result == CacheResult::kError ? context::SpanStatus::kInternalError
                                                 : context::SpanStatus::kOk);
  span_.finish();
}

void track_cache_operation(std::string_view operation, bool hit) noexcept {
  detail::Families* families = detail::families();
  if (families == nullptr) return;
  if (operation == "get") {
    count(*families, CacheOperation::kGet, hit ? CacheResult::kHit : CacheResult::kMiss, {});
  } else if (operation == "set") {
    count(*families, CacheOperation::kSet, hit ? CacheResult::kOk : CacheResult::kError, {});
  } else if (operation == "delete") {
    count(*families, CacheOperation::kDelete, hit ? CacheResult::kOk : CacheResult::kError, {});
  }
}

void expect_cache(std::string_view cache) noexcept {
  static_cast<void>(detail::caches().find_or_make(cache));
}

detail::Caches& detail::caches() noexcept {
  // Never destroyed, and not on the heap: nobody would be there for what that throws.
  alignas(Caches) static std::byte place[sizeof(Caches)];
  static Caches& made = *::new (place) Caches;
  return made;
}

void detail::add_caches(Definer& define) {
  auto rates = std::make_unique<HitRates>(define);
  if (!rates->all_off()) define.collector(std::move(rates));
}

}  // namespace vitals::monitor
