#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "vitals/lifetimebound.h"

#pragma GCC visibility push(default)

namespace vitals::monitor {

/// The id that ties a request's answer, log lines, metrics' exemplars, events and trace together: 1
/// to 64 characters from `A-Za-z0-9._-`. Kept in place, so that it costs no allocation. Threads: as
/// a plain value.
class RequestId {
 public:
  static constexpr std::size_t kMaxSize = 64;  ///< bytes

  RequestId() noexcept = default;

  /// `incoming` (an `X-Request-ID` header) when it is valid, else a new UUIDv4. Cost: about 20 ns.
  [[nodiscard]] static RequestId accept_or_make(std::string_view incoming) noexcept;

  /// Whether a text is an id as they are accepted from callers.
  [[nodiscard]] static bool valid(std::string_view text) noexcept;

  /// The text, for as long as this object lives.
  [[nodiscard]] std::string_view view() const noexcept VITALS_LIFETIMEBOUND {
    return {text_.data(), size_};
  }

 private:
  std::array<char, kMaxSize> text_;
  unsigned char size_ = 0;
};

}  // namespace vitals::monitor

#pragma GCC visibility pop
