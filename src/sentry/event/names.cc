#include "sentry/event/names.h"

#include <algorithm>

#include "vitals/base/ascii.h"

namespace vitals::sentry::detail {
namespace {

bool has_control(std::string_view text) noexcept {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return (c >= 0 && c < ' ') || c == 127; });
}

}  // namespace

std::string_view without_space_around(std::string_view text) noexcept {
  constexpr std::string_view kSpace = " \t\r\n\v\f";
  text.remove_prefix(std::min(text.find_first_not_of(kSpace), text.size()));
  return text.substr(0, text.find_last_not_of(kSpace) + 1);
}

std::string_view fault_in_release(std::string_view name) noexcept {
  constexpr std::size_t kMaxRelease = 200;
  if (name.size() > kMaxRelease) return "it is longer than 200 bytes";
  if (has_control(name)) return "it holds a newline or another control character";
  if (name.find_first_of("/\\") != std::string_view::npos) return "it holds a slash or a backslash";
  if (name == "." || name == "..") return "it is a dot or two";
  if (base::equal_ignoring_case(name, "latest")) return "'latest' names no release";
  return {};
}

std::string_view fault_in_environment(std::string_view name) noexcept {
  constexpr std::size_t kMaxEnvironment = 64;
  if (name.size() > kMaxEnvironment) return "it is longer than 64 bytes";
  if (has_control(name)) return "it holds a newline or another control character";
  if (name.find_first_of(" \t/") != std::string_view::npos) return "it holds a space or a slash";
  if (base::equal_ignoring_case(name, "none")) return "'none' names no environment";
  return {};
}

std::string_view fault_in_dist(std::string_view name) noexcept {
  constexpr std::size_t kMaxDist = 64;
  const bool odd = std::any_of(name.begin(), name.end(), [](char c) {
    return !base::is_letter(c) && !base::is_digit(c) && c != '.' && c != '_' && c != '-' &&
           c != '+';
  });
  if (name.size() > kMaxDist) return "it is longer than 64 bytes";
  if (odd) return "it holds other characters than letters, digits and ._-+";
  return {};
}

}  // namespace vitals::sentry::detail
