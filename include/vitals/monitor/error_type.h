#pragma once

#include <array>
#include <cstddef>
#include <exception>
#include <string_view>

#include "vitals/lifetimebound.h"

#pragma GCC visibility push(default)

namespace vitals::monitor {

/// The word an error is counted under: an exception's demangled, unqualified class name, or a word
/// of the caller's. Kept in place (63 bytes, cut beyond), so that it outlives what it was made
/// from. Never an exception's text. Threads: as a plain value. Cost of of(): one demangling, so for
/// failures only.
class ErrorType {
 public:
  ErrorType() noexcept = default;
  /// Of a word of the caller's.
  ErrorType(std::string_view word) noexcept;

  /// Of an exception: its class.
  [[nodiscard]] static ErrorType of(const std::exception& error) noexcept;
  /// Inside a catch block: the type of what was caught. `unknown` outside of one.
  [[nodiscard]] static ErrorType of_current_exception() noexcept;

  /// The word, for as long as this object lives.
  [[nodiscard]] std::string_view view() const noexcept VITALS_LIFETIMEBOUND {
    return {text_.data(), size_};
  }
  /// Whether there is none.
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

 private:
  unsigned char size_ = 0;
  std::array<char, 63> text_;
};

}  // namespace vitals::monitor

#pragma GCC visibility pop
