#include "context/tracestate.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "vitals/base/ascii.h"

namespace vitals::context::detail {
namespace {

constexpr std::size_t kMaxPart = 256;          // of a key and of a value
constexpr std::size_t kMaxUsefulMember = 128;  // the first to go

bool is_tracestate_key(std::string_view key) noexcept {
  const auto is_small = [](char c) { return base::is_digit(c) || (c >= 'a' && c <= 'z'); };
  if (key.empty() || key.size() > kMaxPart || !is_small(key.front())) return false;
  return std::ranges::all_of(key, [is_small](char c) {
    return is_small(c) || std::string_view{"_-*/@"}.find(c) != std::string_view::npos;
  });
}

/// Without the blanks behind it.
bool is_tracestate_value(std::string_view value) noexcept {
  if (value.empty() || value.size() > kMaxPart) return false;
  return std::ranges::all_of(value, [](char c) { return c >= 0x20 && c <= 0x7e && c != '='; });
}

bool is_tracestate_member(std::string_view member) noexcept {
  const std::size_t equals = member.find('=');
  return equals != std::string_view::npos && is_tracestate_key(member.substr(0, equals)) &&
         is_tracestate_value(member.substr(equals + 1));
}

struct Members {
  std::array<std::string_view, kMaxTracestateMembers> all;
  std::size_t count = 0;
  std::size_t size = 0;  // as text

  /// False: the whole list is not to be used.
  bool add(std::string_view member) noexcept {
    if (count == all.size() || !is_tracestate_member(member)) return false;
    size += member.size() + (count > 0 ? 1 : 0);
    all[count++] = member;
    return true;
  }
  /// From the end on, until the rest has room.
  void leave_out(std::size_t longer_than) noexcept {
    for (std::size_t i = count; i-- > 0 && size > kMaxTracestateSize;) {
      if (all[i].size() <= longer_than) continue;
      size -= std::min(all[i].size() + 1, size);
      std::move(all.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                all.begin() + static_cast<std::ptrdiff_t>(count),
                all.begin() + static_cast<std::ptrdiff_t>(i));
      --count;
    }
  }
};

}  // namespace

std::string read_tracestate(const HeaderLines& lines) {
  if (lines.empty()) return {};
  Members members;
  for (std::size_t line = 0; line < lines.size(); ++line) {
    for (std::string_view rest = lines[line]; !rest.empty();) {
      const std::size_t comma = rest.find(',');
      const std::string_view member = base::trim(rest.substr(0, comma));
      rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
      if (!member.empty() && !members.add(member)) return {};
    }
  }
  members.leave_out(kMaxUsefulMember);
  members.leave_out(0);
  std::string text;
  text.reserve(members.size);
  for (std::size_t i = 0; i < members.count; ++i) {
    if (i > 0) text += ',';
    text += members.all[i];
  }
  return text;
}

}  // namespace vitals::context::detail
