#pragma once

#include <string_view>

namespace vitals::sentry::detail {

/// `text` without white space at its ends: from a file or an environment it often comes with a
/// newline.
[[nodiscard]] std::string_view without_space_around(std::string_view text) noexcept;

/// What is wrong with a name, in words for people, or empty: Sentry would refuse it. An empty name
/// is none, and so not wrong. Source: Sentry documentation, "Releases" and "Environments".
[[nodiscard]] std::string_view fault_in_release(std::string_view name) noexcept;
[[nodiscard]] std::string_view fault_in_environment(std::string_view name) noexcept;
[[nodiscard]] std::string_view fault_in_dist(std::string_view name) noexcept;

}  // namespace vitals::sentry::detail
