#pragma once

#include <cstddef>
#include <string_view>

#pragma GCC visibility push(default)

namespace vitals::base {

/// Whether what was given is the secret. Takes a time that depends on the length of `given` alone,
/// so that nobody can find out a secret letter by letter. Threads: any.
[[nodiscard]] inline bool equal_in_constant_time(std::string_view given,
                                                 std::string_view secret) noexcept {
  std::size_t difference = given.size() ^ secret.size();
  for (std::size_t i = 0; i < given.size(); ++i) {
    const char other = secret.empty() ? '\0' : secret[i % secret.size()];
    difference |= static_cast<unsigned char>(given[i] ^ other);
  }
  return difference == 0;
}

}  // namespace vitals::base

#pragma GCC visibility pop
