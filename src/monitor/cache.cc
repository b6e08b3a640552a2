#include "vitals/monitor/cache.h"

#include "monitor/clock.h"
#include "monitor/families.h"
#include "vitals/context/detail.h"
#include "vitals/context/scope.h"

namespace vitals::monitor {
namespace {

void count(detail::Families& families, CacheOperation operation, CacheResult result) noexcept {
  families.cache.operations.with(operation, result).inc();
  if (operation == CacheOperation::kGet &&
      (result == CacheResult::kHit || result == CacheResult::kMiss)) {
    families.cache.hits->record(result == CacheResult::kHit, detail::seconds_of_this_process());
  }
}

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

void CacheScope::begin(CacheOperation operation, std::string_view key) noexcept {
  running_ = true;
  operation_ = operation;
  span_ = context::start_span(span_op(operation), key);
}

void CacheScope::end() noexcept {
  const auto result = static_cast<CacheResult>(result_);
  if (detail::Families* families = detail::families()) count(*families, operation_, result);
  if (!context::enabled()) return;
  context::add_breadcrumb(
      {.category = span_op(operation_),
       .message = metrics::to_string(result),
       .level = result == CacheResult::kError ? vitals::Level::kError : vitals::Level::kInfo});
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
    count(*families, CacheOperation::kGet, hit ? CacheResult::kHit : CacheResult::kMiss);
  } else if (operation == "set") {
    count(*families, CacheOperation::kSet, hit ? CacheResult::kOk : CacheResult::kError);
  } else if (operation == "delete") {
    count(*families, CacheOperation::kDelete, hit ? CacheResult::kOk : CacheResult::kError);
  }
}

}  // namespace vitals::monitor
