#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "vitals/list_view.h"

#pragma GCC visibility push(default)

namespace vitals {

/// Wall-clock time in nanoseconds since 1970-01-01 UTC. A default-constructed one means "now".
using Timestamp = std::chrono::sys_time<std::chrono::nanoseconds>;

/// How grave an event or breadcrumb is. Source: Sentry developer documentation, "Event Payloads".
enum class Level : std::uint8_t { kDebug, kInfo, kWarning, kError, kFatal };

/// The protocol's word for a level: `debug`, `info`, `warning`, `error`, `fatal`.
[[nodiscard]] constexpr std::string_view to_string(Level level) noexcept {
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

/// An object or an array, as a JSON text.
struct JsonText {
  std::string text{};  ///< malformed, it is sent as a text

  friend bool operator==(const JsonText&, const JsonText&) = default;
};

/// A value that owns its text: what an Event carries and the hooks may change. To hand a value in,
/// there is ValueView, which copies nothing.
using Value =
    std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double, std::string, JsonText>;

/// Named values in the order they were set; a name appears once.
using Fields = std::vector<std::pair<std::string, Value>>;

/// Named texts in the order they were set; a name appears once.
using Tags = std::vector<std::pair<std::string, std::string>>;

struct FieldView;

/// A value that is looked at for the length of one call: neither a text nor what braces hold is
/// copied, so never keep one. Braces of fields are an object: `{{"width", 3}, {"unit", "cm"}}`. In an
/// array an object has its own braces: `ValueView::array({1, {{"width", 3}}})`. Fields that are kept
/// in a variable go by object() and array() of that variable. Cost: nothing.
class ValueView {
 public:
  /// Which of the values it is.
  enum class Type : std::uint8_t {
    kNull,
    kBool,
    kInt,
    kUint,
    kDouble,
    kString,
    kJson,    ///< an object or array as a JSON text
    kObject,  ///< of fields
    kArray,   ///< of values
  };

  constexpr ValueView() noexcept = default;
  /// Null.
  constexpr ValueView(std::nullptr_t) noexcept {}
  /// True or false.
  constexpr ValueView(std::same_as<bool> auto value) noexcept : type_(Type::kBool) {
    number_.whole = value ? 1 : 0;
  }
  /// A whole number.
  template <std::signed_integral T>
  constexpr ValueView(T value) noexcept : type_(Type::kInt) {
    number_.whole = static_cast<std::uint64_t>(static_cast<std::int64_t>(value));
  }
  /// A whole number without a sign.
  template <std::unsigned_integral T>
  requires(!std::same_as<T, bool>) constexpr ValueView(T value) noexcept : type_(Type::kUint) {
    number_.whole = value;
  }
  /// A number that need not be whole.
  constexpr ValueView(std::floating_point auto value) noexcept : type_(Type::kDouble) {
    number_.real = static_cast<double>(value);
  }
  /// A text.
  constexpr ValueView(std::string_view value) noexcept : type_(Type::kString), text_(value) {}
  /// The same; a null pointer is null.
  constexpr ValueView(const char* value) noexcept
      : type_(value == nullptr ? Type::kNull : Type::kString),
        text_(value == nullptr ? std::string_view{} : std::string_view{value}) {}
  /// The same.
  ValueView(const std::string& value) noexcept : type_(Type::kString), text_(value) {}
  /// What is JSON already.
  ValueView(const JsonText& value) noexcept : type_(Type::kJson), text_(value.text) {}
  /// An object of these fields.
  ValueView(std::initializer_list<FieldView> fields VITALS_LIFETIMEBOUND) noexcept;

  /// An array of these values, which may differ in type.
  [[nodiscard]] static ValueView array(
      std::initializer_list<ValueView> values VITALS_LIFETIMEBOUND) noexcept;
  /// Of an array, vector or span of fields or values.
  template <class Range>
  [[nodiscard]] static ValueView object(const Range& fields VITALS_LIFETIMEBOUND) noexcept {
    return of(std::span<const FieldView>{fields});
  }
  /// The same of a contiguous range.
  template <class Range>
  [[nodiscard]] static ValueView array(const Range& values VITALS_LIFETIMEBOUND) noexcept {
    return of(std::span<const ValueView>{values});
  }
  /// A JSON text as it is. One that is malformed is sent as a text.
  [[nodiscard]] static ValueView json(std::string_view text VITALS_LIFETIMEBOUND) noexcept {
    ValueView made;
    made.type_ = Type::kJson;
    made.text_ = text;
    return made;
  }

  /// What it is; the accessor of another type gives nothing.
  [[nodiscard]] constexpr Type type() const noexcept { return type_; }
  /// Of kBool.
  [[nodiscard]] constexpr bool as_bool() const noexcept { return number_.whole != 0; }
  /// Of kInt.
  [[nodiscard]] constexpr std::int64_t as_int() const noexcept {
    return static_cast<std::int64_t>(number_.whole);
  }
  /// Of kUint.
  [[nodiscard]] constexpr std::uint64_t as_uint() const noexcept { return number_.whole; }
  /// Of kDouble.
  [[nodiscard]] constexpr double as_double() const noexcept { return number_.real; }
  /// Of a string, and of a JSON text.
  [[nodiscard]] constexpr std::string_view as_string() const noexcept { return text_; }
  /// Of kObject.
  [[nodiscard]] std::span<const FieldView> as_object() const noexcept;
  /// Of kArray.
  [[nodiscard]] std::span<const ValueView> as_array() const noexcept;

 private:
  union Number {
    std::uint64_t whole;
    double real;
    const FieldView* fields;
    const ValueView* values;
  };
  [[nodiscard]] static ValueView of(std::span<const FieldView> fields) noexcept;
  [[nodiscard]] static ValueView of(std::span<const ValueView> values) noexcept;

  Type type_ = Type::kNull;
  Number number_{0};
  std::string_view text_;
  std::size_t count_ = 0;  // of fields or values
};

/// A named value for the length of one call.
struct FieldView {
  // With these a brace too many is the same field, and no text of 3 bytes in `{{"width", 3}}`.
  constexpr FieldView() noexcept = default;
  /// A name and its value.
  constexpr FieldView(std::string_view name, ValueView held) noexcept : key(name), value(held) {}

  std::string_view key;  ///< its name
  ValueView value;       ///< its value
};

inline ValueView ValueView::of(std::span<const FieldView> fields) noexcept {
  ValueView made;
  made.type_ = Type::kObject;
  made.number_.fields = fields.data();
  made.count_ = fields.size();
  return made;
}
inline ValueView ValueView::of(std::span<const ValueView> values) noexcept {
  ValueView made;
  made.type_ = Type::kArray;
  made.number_.values = values.data();
  made.count_ = values.size();
  return made;
}
inline ValueView ValueView::array(std::initializer_list<ValueView> values) noexcept {
  return of(std::span<const ValueView>{values.begin(), values.size()});
}
inline ValueView::ValueView(std::initializer_list<FieldView> fields) noexcept
    : ValueView(of(std::span<const FieldView>{fields.begin(), fields.size()})) {}
inline std::span<const FieldView> ValueView::as_object() const noexcept {
  return {number_.fields, count_};
}
inline std::span<const ValueView> ValueView::as_array() const noexcept {
  return {number_.values, count_};
}

/// A named text for the length of one call.
struct TagView {
  constexpr TagView() noexcept = default;
  /// A name and its text.
  constexpr TagView(std::string_view name, std::string_view text) noexcept
      : key(name), value(text) {}

  std::string_view key;    ///< its name
  std::string_view value;  ///< its text
};

}  // namespace vitals

#pragma GCC visibility pop
