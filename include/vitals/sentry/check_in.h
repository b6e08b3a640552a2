#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "vitals/lifetimebound.h"
#include "vitals/sentry/detail.h"
#include "vitals/sentry/ids.h"

namespace vitals::sentry {

/// When a job is due. Made by crontab() or every().
class Schedule {
 public:
  enum class Unit : std::uint8_t { kCrontab, kMinute, kHour, kDay };

  [[nodiscard]] Unit unit() const noexcept { return unit_; }
  [[nodiscard]] std::string_view expression() const noexcept VITALS_LIFETIMEBOUND {
    return {expression_.data(), size_};
  }
  [[nodiscard]] std::int64_t count() const noexcept { return count_; }

 private:
  friend Schedule crontab(std::string_view expression) noexcept;
  friend Schedule every(std::chrono::minutes interval) noexcept;
  Unit unit_ = Unit::kMinute;
  std::uint16_t size_ = 0;
  std::array<char, 512> expression_{};  // its first size_ characters
  std::int64_t count_ = 1;
};

/// `minute hour day month weekday`, as cron has it; the server judges it. The text is copied; one
/// of more than 512 characters is as an empty one, which the server refuses.
[[nodiscard]] inline Schedule crontab(std::string_view expression) noexcept {
  Schedule schedule;
  schedule.unit_ = Schedule::Unit::kCrontab;
  if (expression.size() <= schedule.expression_.size()) {
    schedule.size_ =
        static_cast<std::uint16_t>(expression.copy(schedule.expression_.data(), expression.size()));
  }
  return schedule;
}
/// Each time this much has passed; less than a minute is a minute.
[[nodiscard]] Schedule every(std::chrono::minutes interval) noexcept;

/// What the server should know of a job. Without a schedule it has to know the monitor already, and
/// the rest is not sent. Views only, for the length of the constructor.
struct CheckInOptions {
  std::optional<Schedule> schedule{};
  std::chrono::minutes margin{0};       ///< how late a start may be; 0: the server's default
  std::chrono::minutes max_runtime{0};  ///< after which it failed; 0: the server's default
  std::string_view timezone{};          ///< of the schedule, as `Europe/Berlin`; empty: UTC
  std::string_view owner{};             ///< `team:backend` or `user:jo@example.com`
  int failure_issue_threshold =
      0;                       ///< failures in a row that make an issue; 0: the server's default
  int recovery_threshold = 0;  ///< successes in a row that end it; 0: the server's default
};

/// One run of a job that is due at fixed times, so that the server can tell when it fails, takes
/// too long or does not start at all. An error until succeed() is called.
///
///     CheckIn check_in{"nightly-report", {.schedule = crontab("0 3 * * *")}};
///     write_report();        // a throw here ends the run as failed
///     check_in.succeed();
///
/// The slug names the monitor: up to 50 of `a-z`, `0-9`, `-` and `_`, not all digits. Another one
/// is mended, since a job without its monitor would fail unseen: large letters become small, other
/// characters `-`, what is too long is cut, and digits alone get a `_` before them. An empty one
/// sends nothing.
/// Threads: one at a time. Cost: some allocations at either end, nothing while Sentry is off. Never
/// throws. Source: Sentry developer documentation, "Check-Ins".
class [[nodiscard("a CheckIn is one run of a job until it is destroyed; give it a name")]] CheckIn {
 public:
  explicit CheckIn(std::string_view slug, const CheckInOptions& options = {}) noexcept {
    if (enabled()) begin(slug, options);
  }
  ~CheckIn() {
    end(Status::kError);
  }
  CheckIn(const CheckIn&) = delete;
  CheckIn& operator=(const CheckIn&) = delete;

  /// The run is over and went well. Once; what comes after the first of these two does nothing.
  void succeed() noexcept {
    end(Status::kOk);
  }
  /// The run is over and failed, without an exception.
  void fail() noexcept {
    end(Status::kError);
  }

 private:
  enum class Status : std::uint8_t { kInProgress, kOk, kError };
  static constexpr std::size_t kMaxSlug = 50;

  void begin(std::string_view slug, const CheckInOptions& options) noexcept;
  void end(Status status) noexcept {
    if (running_) finish(status);
  }
  void finish(Status status) noexcept;
  void send(Status status) noexcept;

  bool running_ = false;
  std::uint8_t slug_size_ = 0;
  std::array<char, kMaxSlug> slug_{};
  EventId id_{};
  TraceId trace_id_{};
  std::int64_t start_ = 0;  // by the steady clock, in nanoseconds
  std::string config_;      // JSON, sent again at the end
};

}  // namespace vitals::sentry
