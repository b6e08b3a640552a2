#pragma once

namespace vitals::metrics {

/// Where in the source a call stands. As std::source_location, which clang has only since its 15th
/// version.
struct Where {
  const char* file = "";
  unsigned line = 0;

  /// As a default argument it gives the place of the call.
  [[nodiscard]] static constexpr Where current(const char* file = __builtin_FILE(),
                                               unsigned line = __builtin_LINE()) noexcept {
    return {file, line};
  }
};

}  // namespace vitals::metrics
