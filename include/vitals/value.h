#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "vitals/lifetimebound.h"

namespace vitals {

/// Wall-clock time in nanoseconds since 1970-01-01 UTC. A default-constructed one means "now".
using Timestamp = std::chrono::sys_time<std::chrono::nanoseconds>;

/// How grave an event or breadcrumb is. Source: Sentry developer documentation, "Event Payloads".
enum class Level : std::uint8_t { kDebug, kInfo, kWarning, kError, kFatal };

/// The protocol's word for a level: `debug`, `info`, `warning`, `error`, `fatal`.
[[nodiscard]] constexpr std::string_view level_name(Level level) noexcept {
  switch (level) {
    case Level::kDebug:
      return "debug";
    case Level::kInfo:
      return "info";
    case Level::kWarning:
      return "warning";
    case Level::kError:
      return "error";
    case Level::kFatal:
      return "fatal";
  }
  return "error";
}

/// A value that owns its text: what an Event carries and the hooks may change. To hand a value in,
/// there is ValueView, which copies nothing.
using Value = std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double, std::string>;

/// Named values in the order they were set; a name appears once.
using Fields = std::vector<std::pair<std::string, Value>>;

/// Named texts in the order they were set; a name appears once.
using Tags = std::vector<std::pair<std::string, std::string>>;

/// A value that is looked at for the length of one call: a text is not copied, so never keep one.
/// Cost: nothing.
class ValueView {
 public:
  enum class Type : std::uint8_t { kNull, kBool, kInt, kUint, kDouble, kString };

  constexpr ValueView() noexcept = default;
  constexpr ValueView(std::nullptr_t) noexcept {}
  constexpr ValueView(std::same_as<bool> auto value) noexcept : type_(Type::kBool) {
    number_.whole = value ? 1 : 0;
  }
  template <std::signed_integral T>
  constexpr ValueView(T value) noexcept : type_(Type::kInt) {
    number_.whole = static_cast<std::uint64_t>(static_cast<std::int64_t>(value));
  }
  template <std::unsigned_integral T>
  requires(!std::same_as<T, bool>) constexpr ValueView(T value) noexcept : type_(Type::kUint) {
    number_.whole = value;
  }
  constexpr ValueView(std::floating_point auto value) noexcept : type_(Type::kDouble) {
    number_.real = static_cast<double>(value);
  }
  constexpr ValueView(std::string_view value) noexcept : type_(Type::kString), text_(value) {}
  constexpr ValueView(const char* value) noexcept
      : type_(value == nullptr ? Type::kNull : Type::kString),
        text_(value == nullptr ? std::string_view{} : std::string_view{value}) {}
  ValueView(const std::string& value) noexcept : type_(Type::kString), text_(value) {}

  [[nodiscard]] constexpr Type type() const noexcept { return type_; }
  [[nodiscard]] constexpr bool as_bool() const noexcept { return number_.whole != 0; }
  [[nodiscard]] constexpr std::int64_t as_int() const noexcept {
    return static_cast<std::int64_t>(number_.whole);
  }
  [[nodiscard]] constexpr std::uint64_t as_uint() const noexcept { return number_.whole; }
  [[nodiscard]] constexpr double as_double() const noexcept { return number_.real; }
  [[nodiscard]] constexpr std::string_view as_string() const noexcept { return text_; }

 private:
  union Number {
    std::uint64_t whole;
    double real;
  };
  Type type_ = Type::kNull;
  Number number_{0};
  std::string_view text_;
};

/// A named value for the length of one call.
struct FieldView {
  std::string_view key;
  ValueView value;
};

/// A named text for the length of one call.
struct TagView {
  std::string_view key;
  std::string_view value;
};

/// Some things in a row, looked at for the length of one call: braces, an array, a vector or a span
/// of them. Nothing is copied, so never keep one, nor options that hold one: what braces hold is gone
/// when the call has returned, and clang warns (-Wdangling) of a variable that is made of them. Cost:
/// nothing.
template <class T>
class ListView {
 public:
  constexpr ListView() noexcept = default;
  constexpr ListView(std::initializer_list<T> items VITALS_LIFETIMEBOUND) noexcept
      : items_(std::span<const T>{items.begin(), items.size()}) {}
  template <class Range>
  requires(
      !std::same_as<std::remove_cvref_t<Range>, ListView> &&
      std::convertible_to<const Range&,
                          std::span<const T>>) constexpr ListView(const Range& items
                                                                      VITALS_LIFETIMEBOUND) noexcept
      : items_(items) {}

  [[nodiscard]] constexpr const T* begin() const noexcept { return items_.data(); }
  [[nodiscard]] constexpr const T* end() const noexcept { return items_.data() + items_.size(); }
  [[nodiscard]] constexpr std::size_t size() const noexcept { return items_.size(); }
  [[nodiscard]] constexpr bool empty() const noexcept { return items_.empty(); }
  [[nodiscard]] constexpr std::span<const T> span() const noexcept { return items_; }

 private:
  std::span<const T> items_;
};

}  // namespace vitals
