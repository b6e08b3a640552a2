#include "health_agent/time.h"

#include <array>
#include <chrono>
#include <cstdio>

namespace health_agent {
namespace {

/// Takes exactly `digits` digits off the front of `text`; -1 when they are not there.
int take_number(std::string_view& text, std::size_t digits) noexcept {
  if (text.size() < digits) return -1;
  int value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool take_char(std::string_view& text, std::string_view accepted) noexcept {
  if (text.empty() || accepted.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<std::int64_t> take_date(std::string_view& text) noexcept {
  const int year = take_number(text, 4);
  if (year < 0 || !take_char(text, "-")) return std::nullopt;
  const int month = take_number(text, 2);
  if (month < 0 || !take_char(text, "-")) return std::nullopt;
  const int day = take_number(text, 2);
  if (day < 0) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{year},
                                         std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days{date}.time_since_epoch().count();
}

}  // namespace

std::int64_t unix_now() noexcept {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string format_date(std::int64_t day) {
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{day}}};
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02u", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return text.data();
}

std::string format_timestamp(std::int64_t unix_seconds) {
  const std::int64_t day = utc_day(unix_seconds);
  const int second = static_cast<int>(unix_seconds - day * kSecondsADay);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "T%02d:%02d:%02dZ", second / 3600, second / 60 % 60,
                second % 60);
  return format_date(day) + text.data();
}

std::optional<std::int64_t> parse_date(std::string_view text) noexcept {
  const auto day = take_date(text);
  return text.empty() ? day : std::nullopt;
}

std::optional<std::int64_t> parse_timestamp(std::string_view text) noexcept {
  const auto day = take_date(text);
  if (!day || !take_char(text, "Tt ")) return std::nullopt;
  const std::int64_t hour = take_number(text, 2);
  if (hour < 0 || hour > 23 || !take_char(text, ":")) return std::nullopt;
  const std::int64_t minute = take_number(text, 2);
  if (minute < 0 || minute > 59 || !take_char(text, ":")) return std::nullopt;
  const int second = take_number(text, 2);
  if (second < 0 || second > 60) return std::nullopt;
  if (take_char(text, ".")) {
    if (take_number(text, 1) < 0) return std::nullopt;
    while (take_number(text, 1) >= 0) {
    }
  }
  std::int64_t offset = 0;
  if (!take_char(text, "Zz")) {
    const bool west = text.starts_with('-');
    if (!take_char(text, "+-")) return std::nullopt;
    const std::int64_t hours = take_number(text, 2);
    if (hours < 0 || hours > 23 || !take_char(text, ":")) return std::nullopt;
    const std::int64_t minutes = take_number(text, 2);
    if (minutes < 0 || minutes > 59) return std::nullopt;
    offset = (west ? -1 : 1) * (hours * 3600 + minutes * 60);
  }
  if (!text.empty()) return std::nullopt;
  return *day * kSecondsADay + hour * 3600 + minute * 60 + second - offset;
}

}  // namespace health_agent
