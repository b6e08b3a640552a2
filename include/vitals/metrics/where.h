#pragma once

#pragma GCC visibility push(default)

namespace vitals::metrics {

/// Where in the source a call stands. As std::source_location, which clang has only since its 15th
/// version.
struct Where {
  const char* file = "";  ///< of the source; static storage
  unsigned line = 0;      ///< from 1 on

  /// As a default argument it gives the place of the call.
  [[nodiscard]] static constexpr Where current(const char* file = __builtin_FILE(),
                                               unsigned line = __builtin_LINE()) noexcept {
    return {file, line};
  }
};

}  // namespace vitals::metrics

#pragma GCC visibility pop
