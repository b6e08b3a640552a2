#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "vitals/base/ascii.h"
#include "vitals/context/headers.h"

/// The header `baggage`: what services tell each other beside the ids of a trace. Source: W3C
/// Baggage, whose least limits are the limits here.
namespace vitals::context::detail {

inline constexpr std::size_t kMaxBaggageSize = 8192;
inline constexpr std::size_t kMaxBaggageMembers = 64;
/// Sentry's members begin with it.
inline constexpr std::string_view kSentryPrefix = "sentry-";

/// Whether all of it may stand in a header.
[[nodiscard]] bool is_printable(std::string_view text) noexcept;

/// Calls `each(member)` for the members of a header that may be sent on at all, without the blanks
/// around them.
template <class Each>
void for_each_member(std::string_view baggage, Each each) {
  while (!baggage.empty()) {
    const std::size_t comma = baggage.find(',');
    const std::string_view member = base::trim(baggage.substr(0, comma));
    baggage = comma == std::string_view::npos ? std::string_view{} : baggage.substr(comma + 1);
    const std::size_t equals = member.find('=');
    if (equals == std::string_view::npos || equals == 0 || !is_printable(member)) continue;
    each(member);
  }
}

/// Members that are gathered within limits, divided by commas. What has no room is left out.
class MemberList {
 public:
  explicit MemberList(std::size_t max_size = kMaxBaggageSize,
                      std::size_t max_members = kMaxBaggageMembers) noexcept
      : max_size_(max_size), max_members_(max_members) {}

  void add(std::string_view member);
  [[nodiscard]] std::string take() && { return std::move(text_); }

 private:
  std::size_t max_size_;
  std::size_t max_members_;
  std::size_t members_ = 0;
  std::string text_;
};

/// How many members there are.
[[nodiscard]] std::size_t count_members(std::string_view baggage) noexcept;

/// What of a member is its key.
[[nodiscard]] std::string_view key_of(std::string_view member) noexcept;

/// What of a caller's baggage goes on as it came, properties and all, within the limits.
enum class SentrysMembers { kLeaveOut, kKeep };
[[nodiscard]] std::string members_to_pass_on(const HeaderLines& baggage, SentrysMembers sentrys);

/// `existing` and behind it the members of `came` whose keys it has not, within the limits.
[[nodiscard]] std::string with_passed_on(std::string_view existing, std::string_view came);

/// The first member of that key: its value, decoded, without properties.
[[nodiscard]] std::optional<std::string> value_in_baggage(std::string_view baggage,
                                                          std::string_view key);

}  // namespace vitals::context::detail
