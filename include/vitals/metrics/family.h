#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "vitals/metrics/detail/family_core.h"
#include "vitals/metrics/label.h"

#pragma GCC visibility push(default)

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
  /// Gives the metric that is there already, where it is the same in type, help, unit, labels and
  /// all that is chosen here: for code that runs more than once, and for libraries that share a
  /// metric. What differs is a DefinitionError that says what it is.
  bool get_or_create = false;
  /// The name is another system's and stands as it is; see FamilyInfo::any_name.
  bool any_name = false;
  /// Labels of every series of this family, behind those of the registry and before its own.
  std::vector<std::pair<std::string, std::string>> constant_labels = {};
  /// A label whose value is empty is not written, which is the same to Prometheus: for labels that
  /// most users have no need of.
  bool omit_empty_labels = false;
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

  /// Removes every series whose labels of these names have these values, as remove() does, and gives
  /// how many there were: all that a user, a tenant or a connection has left behind.
  ///
  ///     requests.remove_where<"tenant">("acme");
  ///     requests.remove_where<"tenant", "status">("acme", "500");
  ///
  /// Threads: any. Cost: a look at every series, while those who need a new one wait.
  template <Label... Names, class... Values>
  requires(sizeof...(Names) == sizeof...(Values) && sizeof...(Names) > 0) std::size_t
      remove_where(Values... values)
  const noexcept {
    static_assert(((place_of(Names.name()) < kLabels) && ...),
                  "the family has no label of this name");
    if (core_ == nullptr) return 0;
    const std::array wanted{detail::FamilyCore::Wanted{place_of(Names.name()), text_of(values)}...};
    return core_->remove_where(wanted);
  }

  /// Removes every series, as remove() does. Threads: any.
  void clear() const noexcept {
    if (core_ != nullptr) core_->clear();
  }

  /// Series that are exposed, `(other)` included. Threads: any.
  [[nodiscard]] std::size_t size() const noexcept { return core_ != nullptr ? core_->size() : 0; }

 private:
  friend class Registry;

  static constexpr std::size_t place_of(std::string_view name) {
    std::size_t place = 0;
    while (place < kLabels && kNames[place] != name)
      ++place;
    return place;
  }

  template <class Value>
  static std::string_view text_of(const Value& value) noexcept {
    if constexpr (std::is_enum_v<Value>) {
      return metrics::to_string(value);
    } else {
      return value;
    }
  }

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

#pragma GCC visibility pop
