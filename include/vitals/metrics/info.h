#pragma once

#include <array>
#include <string_view>

#include "vitals/metrics/detail/family_core.h"
#include "vitals/metrics/label.h"

#pragma GCC visibility push(default)

namespace vitals::metrics {

/// Texts that describe the process and seldom change: a version, a revision. Exposed as one series
/// whose value is 1. Made by Registry::info. A default-constructed one does nothing.
///
///     registry.info<"version", "revision">("app_build_info", "What runs here.").set("1.2", "abc");
template <Label... L>
class Info {
 public:
  constexpr Info() noexcept = default;

  /// Replaces what was set before. Threads: any. Cost: a lock; not for the hot path. Without memory
  /// it leaves the former texts.
  void set(typename detail::LabelArgumentOf<L>::Type... values) const noexcept {
    if (core_ == nullptr) return;
    const std::array<std::string_view, sizeof...(L)> texts{
        detail::LabelArgumentOf<L>::text(values)...};
    core_->set_only(texts);
  }

 private:
  friend class Registry;
  constexpr explicit Info(detail::FamilyCore* core) noexcept : core_(core) {}

  detail::FamilyCore* core_ = nullptr;
};

}  // namespace vitals::metrics

#pragma GCC visibility pop
