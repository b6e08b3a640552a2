#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace health_agent {

/// SHA-256 (FIPS 180-4). For names of secrets, not for speed. Threads: any. Cost: about 1 us for a
/// key.
[[nodiscard]] std::array<std::uint8_t, 32> sha256(std::string_view bytes);

/// The name of a secret in log lines: the first eight hex digits of its SHA-256, which
/// `printf %s "$KEY" | sha256sum` shows too. Not for a secret that is short enough to be guessed:
/// trying all of them against the name would find it.
[[nodiscard]] std::string fingerprint(std::string_view secret);

/// Whether a secret is too easy to guess: shorter than 16 characters, or made of fewer than six
/// different ones.
[[nodiscard]] bool is_weak(std::string_view secret) noexcept;

}  // namespace health_agent
