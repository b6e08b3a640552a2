#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace health_agent {

/// A place's clock, by its IANA name. The data are the machine's own (Debian package tzdata), read
/// when the first zone is looked for.
///
/// A value; copies are cheap. Threads: any. Cost: below a microsecond, find() a millisecond once.
class TimeZone {
 public:
  /// UTC.
  TimeZone() noexcept = default;

  /// `Europe/Berlin`, in the case of the data. Nothing for a name that this machine does not know.
  [[nodiscard]] static std::optional<TimeZone> find(std::string_view name);

  /// As find() wants it; `UTC` for the default.
  [[nodiscard]] std::string name() const;

  /// The date there, as days since 1970-01-01.
  [[nodiscard]] std::int64_t day_of(std::int64_t unix_seconds) const noexcept;

  /// The time there, in seconds since midnight by the clock on the wall: 0 to 86,399.
  [[nodiscard]] int second_of_day(std::int64_t unix_seconds) const noexcept;

  /// When the clock there shows this time of this day, in Unix seconds. The first of two such
  /// moments; where the clock leaps over the time, the moment of the leap.
  [[nodiscard]] std::int64_t at(std::int64_t day, int second_of_day) const noexcept;

  /// When the day begins: at(day, 0).
  [[nodiscard]] std::int64_t start_of(std::int64_t day) const noexcept { return at(day, 0); }

 private:
  explicit TimeZone(const void* zone) noexcept : zone_(zone) {}

  std::int64_t local(std::int64_t unix_seconds) const noexcept;

  const void* zone_ = nullptr;  // a date::time_zone, which lives as long as the program
};

}  // namespace health_agent
