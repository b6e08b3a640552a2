#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "vitals/lifetimebound.h"

namespace vitals {

/// Why something could not be done, in words for the person who can mend it: the part at fault,
/// what was given (secrets masked) and what would be right.
struct Error {
  std::string message;
};

/// A value, or the Error that stands in its place. For parsing and I/O; the service's own failures
/// are exceptions. Threads: as the value's own. Accessing the side that is not there throws
/// std::bad_variant_access.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : content_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : content_(std::in_place_index<1>, std::move(error)) {}

  [[nodiscard]] explicit operator bool() const noexcept { return content_.index() == 0; }
  [[nodiscard]] bool has_value() const noexcept { return content_.index() == 0; }

  [[nodiscard]] T& value() & { return std::get<0>(content_); }
  [[nodiscard]] const T& value() const& { return std::get<0>(content_); }
  [[nodiscard]] T&& value() && { return std::get<0>(std::move(content_)); }
  [[nodiscard]] const Error& error() const VITALS_LIFETIMEBOUND { return std::get<1>(content_); }

  [[nodiscard]] T& operator*() & { return value(); }
  [[nodiscard]] const T& operator*() const& { return value(); }
  [[nodiscard]] T&& operator*() && { return std::move(*this).value(); }
  [[nodiscard]] T* operator->() { return &value(); }
  [[nodiscard]] const T* operator->() const { return &value(); }

 private:
  std::variant<T, Error> content_;
};

/// That something was done, or the Error that it was not.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() noexcept = default;
  Result(Error error) : error_(std::move(error)) {}

  [[nodiscard]] explicit operator bool() const noexcept { return !error_; }
  [[nodiscard]] bool has_value() const noexcept { return !error_; }
  /// Throws std::bad_optional_access when there is none.
  [[nodiscard]] const Error& error() const VITALS_LIFETIMEBOUND { return error_.value(); }

 private:
  std::optional<Error> error_;
};

}  // namespace vitals
