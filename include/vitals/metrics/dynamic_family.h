#pragma once

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vitals/list_view.h"
#include "vitals/metrics/detail/family_core.h"

#pragma GCC visibility push(default)

namespace vitals::metrics {

/// Names of labels that are known at run time alone, as those of a configuration, a script or a
/// bridge from another library. Where they stand in the source, write them as part of the type:
/// `counter<"method">(…)`.
struct LabelNames {
  /// In the order in which values are given to DynamicFamily::with().
  explicit LabelNames(std::vector<std::string> label_names) : names(std::move(label_names)) {}
  /// The same.
  LabelNames(std::initializer_list<std::string> label_names) : names(label_names) {}

  std::vector<std::string> names;  ///< in the order of the values
};

/// As Family, for labels whose names are known at run time.
///
///     auto requests =
///         registry.counter(LabelNames{"method", "status"}, "requests_total", "Requests.");
///     requests.with({"GET", "200"}).inc();
///
/// A small value to copy and keep; when the registry is gone it does nothing, and so does a
/// default-constructed one.
template <class Metric>
class DynamicFamily {
 public:
  constexpr DynamicFamily() noexcept = default;

  /// As Family::with(), the values in the order of the names. Another number of values than there
  /// are names counts under `(other)`, and as an overflow of the family.
  Metric with(ListView<std::string_view> values) const noexcept {
    const detail::Series* const series =
        core_ != nullptr ? core_->find_checked(values.span()) : nullptr;
    if (series == nullptr) [[unlikely]]
      return Metric{};
    return detail::HandleMaker::make(*series, core_->layout(), static_cast<Metric*>(nullptr));
  }

  /// As those of Family.
  bool remove(ListView<std::string_view> values) const noexcept {
    return core_ != nullptr && values.size() == names().size() && core_->remove(values.span());
  }
  /// As Family::remove_where(), by the label's name. A name that is none of the family's removes
  /// nothing.
  std::size_t remove_where(std::string_view name, std::string_view value) const noexcept {
    return remove_where({{name, value}});
  }
  /// The same by several labels: `{{"tenant", "acme"}, {"status", "500"}}`. Removes nothing when
  /// there is no memory for the list.
  std::size_t remove_where(
      std::initializer_list<std::pair<std::string_view, std::string_view>> labels) const noexcept {
    if (core_ == nullptr) return 0;
    try {
      std::vector<detail::FamilyCore::Wanted> wanted;
      for (const auto& [name, value] : labels) {
        const auto place = std::find(names().begin(), names().end(), name);
        if (place == names().end()) return 0;
        wanted.push_back({static_cast<std::size_t>(place - names().begin()), value});
      }
      return core_->remove_where(wanted);
    } catch (const std::bad_alloc&) {
      return 0;
    }
  }
  /// As Family::clear().
  void clear() const noexcept {
    if (core_ != nullptr) core_->clear();
  }
  /// How many series there are.
  [[nodiscard]] std::size_t size() const noexcept { return core_ != nullptr ? core_->size() : 0; }

 private:
  friend class Registry;
  explicit DynamicFamily(detail::FamilyCore* core) noexcept : core_(core) {}

  [[nodiscard]] const std::vector<std::string>& names() const noexcept {
    return core_->spec().label_names;
  }

  detail::FamilyCore* core_ = nullptr;
};

}  // namespace vitals::metrics

#pragma GCC visibility pop
