#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "vitals/lifetimebound.h"

#pragma GCC visibility push(default)

namespace vitals {

/// Why something could not be done, in words for the person who can mend it: the part at fault,
/// what was given (secrets masked) and what would be right.
struct Error {
  std::string message;  ///< for people
};

/// A value, or the Error that stands in its place. For parsing and I/O; the service's own failures
/// are exceptions. Threads: as the value's own. Accessing the side that is not there throws
/// std::bad_variant_access.
template <class T>
class [[nodiscard]] Result {
 public:
  /// The value is there.
  Result(T value) : content_(std::in_place_index<0>, std::move(value)) {}
  /// The value is not there.
  Result(Error error) : content_(std::in_place_index<1>, std::move(error)) {}

  /// Whether the value is there.
  [[nodiscard]] explicit operator bool() const noexcept { return content_.index() == 0; }
  /// The same.
  [[nodiscard]] bool has_value() const noexcept { return content_.index() == 0; }

  /// The value.
  [[nodiscard]] T& value() & { return std::get<0>(content_); }
  /// The value.
  [[nodiscard]] const T& value() const& { return std::get<0>(content_); }
  /// The value, moved out.
  [[nodiscard]] T&& value() && { return std::get<0>(std::move(content_)); }
  /// Why it is not there.
  [[nodiscard]] const Error& error() const VITALS_LIFETIMEBOUND { return std::get<1>(content_); }

  /// As value().
  [[nodiscard]] T& operator*() & { return value(); }
  /// As value().
  [[nodiscard]] const T& operator*() const& { return value(); }
  /// As value().
  [[nodiscard]] T&& operator*() && { return std::move(*this).value(); }
  /// As value().
  [[nodiscard]] T* operator->() { return &value(); }
  /// As value().
  [[nodiscard]] const T* operator->() const { return &value(); }

 private:
  std::variant<T, Error> content_;
};

/// That something was done, or the Error that it was not.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() noexcept = default;
  /// It was not done.
  Result(Error error) : error_(std::move(error)) {}

  /// Whether it was done.
  [[nodiscard]] explicit operator bool() const noexcept { return !error_; }
  /// The same.
  [[nodiscard]] bool has_value() const noexcept { return !error_; }
  /// Throws std::bad_optional_access when there is none.
  [[nodiscard]] const Error& error() const VITALS_LIFETIMEBOUND { return error_.value(); }

 private:
  std::optional<Error> error_;
};

}  // namespace vitals

#pragma GCC visibility pop
