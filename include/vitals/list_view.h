#pragma once

#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <span>
#include <type_traits>

#include "vitals/lifetimebound.h"

#pragma GCC visibility push(default)

namespace vitals {

/// Some things in a row, looked at for the length of one call: braces, an array, a vector or a span
/// of them. Nothing is copied, so never keep one, nor options that hold one: what braces hold is gone
/// when the call has returned, and clang warns (-Wdangling) of a variable that is made of them. Cost:
/// nothing.
template <class T>
class ListView {
 public:
  constexpr ListView() noexcept = default;
  /// What braces hold, for the length of the call.
  constexpr ListView(std::initializer_list<T> items VITALS_LIFETIMEBOUND) noexcept
      : items_(std::span<const T>{items.begin(), items.size()}) {}
  /// An array, a vector, a span or another contiguous range.
  template <class Range>
  requires(
      !std::same_as<std::remove_cvref_t<Range>, ListView> &&
      std::convertible_to<const Range&,
                          std::span<const T>>) constexpr ListView(const Range& items
                                                                      VITALS_LIFETIMEBOUND) noexcept
      : items_(items) {}

  /// The first item.
  [[nodiscard]] constexpr const T* begin() const noexcept { return items_.data(); }
  /// Behind the last item.
  [[nodiscard]] constexpr const T* end() const noexcept { return items_.data() + items_.size(); }
  /// How many items there are.
  [[nodiscard]] constexpr std::size_t size() const noexcept { return items_.size(); }
  /// Whether there is none.
  [[nodiscard]] constexpr bool empty() const noexcept { return items_.empty(); }
  /// The same as a span.
  [[nodiscard]] constexpr std::span<const T> span() const noexcept { return items_; }

 private:
  std::span<const T> items_;
};

}  // namespace vitals

#pragma GCC visibility pop
