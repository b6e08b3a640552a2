#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "vitals/metrics/detail/family_core.h"
#include "vitals/metrics/label.h"

namespace vitals::metrics {

/// What may be chosen of a family beside its name and help.
struct FamilyOptions {
  /// Label sets, after which everything new counts under `(other)` in every label.
  std::size_t max_series = 1000;
  /// `seconds`, `bytes`, …: must be the end of the name (before `_total`). Empty is none.
  std::string unit = {};
  /// Of counters and histograms: keep for each bucket the latest example of what fell into it, from
  /// the active trace (see set_trace_source) or given by hand. Exposed by OpenMetrics and protobuf.
  /// Memory: 216 bytes for each bucket that has had one.
  bool exemplars = false;
  /// Of a histogram: native buckets beside the classic ones, for the time in which not every
  /// scraper knows them.
  std::optional<NativeBuckets> native{};
  /// A label set whose value has not changed for this long is removed by the next scrape, as by
  /// remove(). 0 is never. Use it for label sets that come and go, and look them up by with() each
  /// time: what a handle kept from before counts is not seen.
  std::chrono::seconds expire_after{0};
};

/// Metrics of one name that differ by the values of their labels. Made by Registry; the label names
/// are part of the type, so a wrong number of values does not compile.
///
///     auto requests = registry.counter<"method", "status">("http_requests_total", "Requests.");
///     requests.with("GET", "200").inc();
///
/// A small value to copy and keep; when the registry is gone it does nothing, and so does a
/// default-constructed one.
template <class Metric, Label... L>
class Family {
  static constexpr std::size_t kLabels = sizeof...(L);
  static constexpr std::array<std::string_view, kLabels> kNames{L.name()...};
  static_assert(kLabels > 0, "without labels there is no family but the metric itself");
  static_assert(detail::all_distinct(kNames), "the names of a family's labels must differ");
  static constexpr std::size_t kIndexed = [] {
    std::size_t product = 1;
    ((product *= detail::LabelArgumentOf<L>::kCount), ...);
    return product <= 4096 ? product : 0;  // beyond, a table by need is smaller than an array
  }();

 public:
  constexpr Family() noexcept = default;

  /// The metric of these label values, made at 0 when it is new. Past the family's limit it is that
  /// of `(other)`. Bytes that are not UTF-8 are replaced. Keep it where the values are known
  /// beforehand. Threads: any. Cost: an array index when all labels are enums; else a hash and a
  /// look-up, without a lock or an allocation when it is there already.
  Metric with(typename detail::LabelArgumentOf<L>::Type... values) const noexcept {
    if (core_ == nullptr) return Metric{};
    return handle(find(values...));
  }

  /// Takes a series out of the exposition; true when it was there. A handle that is still held goes
  /// on counting where nobody sees it; `with` makes a new one, from 0. Threads: any.
  /// Cost: for label sets that come and go without end it is the wrong tool, since the memory of a
  /// removed series (200 bytes, with native buckets 2 KB) is kept: a handle might still use it.
  bool remove(typename detail::LabelArgumentOf<L>::Type... values) const noexcept {
    if (core_ == nullptr) return false;
    const std::array<std::string_view, kLabels> texts{detail::LabelArgumentOf<L>::text(values)...};
    return core_->remove(texts);
  }

  /// Removes every series, as remove() does. Threads: any.
  void clear() const noexcept {
    if (core_ != nullptr) core_->clear();
  }

  /// Series that are exposed, `(other)` included. Threads: any.
  [[nodiscard]] std::size_t size() const noexcept { return core_ != nullptr ? core_->size() : 0; }

 private:
  friend class Registry;
  explicit Family(detail::FamilyCore* core) noexcept : core_(core) {}

  [[nodiscard]] const detail::Series* find(
      typename detail::LabelArgumentOf<L>::Type... values) const noexcept {
    if constexpr (kIndexed > 0) {
      std::size_t index = 0;
      bool known = true;
      ((known =
            known && detail::LabelArgumentOf<L>::index(values) < detail::LabelArgumentOf<L>::kCount,
        index =
            index * detail::LabelArgumentOf<L>::kCount + detail::LabelArgumentOf<L>::index(values)),
       ...);
      if (!known) [[unlikely]]
        return core_->other();
      if (const detail::Series* series = core_->at(index)) [[likely]]
        return series;
      const std::array<std::string_view, kLabels> texts{
          detail::LabelArgumentOf<L>::text(values)...};
      return core_->make_at(index, texts);
    } else {
      return core_->find_or_make(
          std::array<std::string_view, kLabels>{detail::LabelArgumentOf<L>::text(values)...});
    }
  }

  [[nodiscard]] Metric handle(const detail::Series* series) const noexcept {
    if (series == nullptr) [[unlikely]]
      return Metric{};
    return detail::HandleMaker::make(*series, core_->layout(), static_cast<Metric*>(nullptr));
  }

  detail::FamilyCore* core_ = nullptr;
};

namespace detail {

template <class Metric, Label... L>
struct MetricOrFamily {
  using Type = Family<Metric, L...>;
};
template <class Metric>
struct MetricOrFamily<Metric> {
  using Type = Metric;
};

}  // namespace detail
}  // namespace vitals::metrics
