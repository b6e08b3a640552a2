#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "vitals/context/ids.h"
#include "vitals/lifetimebound.h"
#include "vitals/sentry/enabled.h"

#pragma GCC visibility push(default)

namespace vitals::sentry {

/// When a job is due. Made by crontab() or every().
class Schedule {
 public:
  /// What count() counts; kCrontab: see expression().
  enum class Unit : std::uint8_t { kCrontab, kMinute, kHour, kDay };

  /// The unit of count().
  [[nodiscard]] Unit unit() const noexcept { return unit_; }
  /// As crontab() was given it; empty of another unit.
  [[nodiscard]] std::string_view expression() const noexcept VITALS_LIFETIMEBOUND {
    return {expression_.data(), size_};
  }
  /// How many units lie between two runs.
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
  std::optional<Schedule> schedule{};   ///< when the job is due; unset: the server knows
  std::chrono::minutes margin{0};       ///< how late a start may be; 0: the server's default
  std::chrono::minutes max_runtime{0};  ///< after which it failed; 0: the server's default
  std::string_view timezone{};          ///< of the schedule, as `Europe/Berlin`; empty: UTC
  std::string_view owner{};             ///< `team:backend` or `user:jo@example.com`
  int failure_issue_threshold =
      0;                       ///< failures in a row that make an issue; 0: the server's default
  int recovery_threshold = 0;  ///< successes in a row that end it; 0: the server's default
};

/// How a run stands.
enum class CheckInStatus : std::uint8_t { kInProgress, kOk, kError };

/// What check_in() says beside the status. Views only, for the length of the call.
struct CheckInReport {
  context::EventId id{};  ///< that the run's first check-in gave back; zero: a run of its own
  std::optional<std::chrono::nanoseconds> duration{};  ///< of a run that is over; unset: left out
  CheckInOptions monitor{};                            ///< the slug
};

/// One step of a run, for a job whose beginning and end are in different places; where they are in
/// one, use CheckIn. The first step of a run gives back the id that the next ones bear.
///
///     const context::EventId run = check_in("nightly-report", CheckInStatus::kInProgress);
///     …
///     check_in("nightly-report", CheckInStatus::kOk, {.id = run, .duration = 90s});
///
/// A job that was never said to have begun may say how it ended alone. Returns zero when nothing is
/// sent: without a slug or a client. The slug is mended as CheckIn does.
/// Threads: any. Cost: some allocations. Never throws. Source: Sentry developer documentation,
/// "Check-Ins".
context::EventId check_in(std::string_view slug, CheckInStatus status,
                          const CheckInReport& report = {}) noexcept;

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
  /// Says that the job has begun.
  explicit CheckIn(std::string_view slug, const CheckInOptions& options = {}) noexcept {
    if (enabled()) begin(slug, options);
  }
  ~CheckIn() {
    end(CheckInStatus::kError);
  }
  CheckIn(const CheckIn&) = delete;
  CheckIn& operator=(const CheckIn&) = delete;

  /// The run is over and went well. Once; what comes after the first of these two does nothing.
  void succeed() noexcept {
    end(CheckInStatus::kOk);
  }
  /// The run is over and failed, without an exception.
  void fail() noexcept {
    end(CheckInStatus::kError);
  }

 private:
  static constexpr std::size_t kMaxSlug = 50;

  void begin(std::string_view slug, const CheckInOptions& options) noexcept;
  void end(CheckInStatus status) noexcept {
    if (running_) finish(status);
  }
  void finish(CheckInStatus status) noexcept;

  bool running_ = false;
  std::uint8_t slug_size_ = 0;
  std::array<char, kMaxSlug> slug_{};
  context::EventId id_{};
  context::TraceId trace_id_{};
  std::int64_t start_ = 0;  // by the steady clock, in nanoseconds
  std::string config_;      // JSON, sent again at the end
};

}  // namespace vitals::sentry

#pragma GCC visibility pop
