#pragma once

#include <chrono>
#include <exception>
#include <optional>
#include <string_view>
#include <utility>

#include "vitals/context/span.h"
#include "vitals/monitor/detail/kept_text.h"
#include "vitals/monitor/detail/measured_call.h"
#include "vitals/monitor/own_work.h"
#include "vitals/monitor/state.h"

#pragma GCC visibility push(default)

namespace vitals::monitor {

/// One run of a job that comes by a clock or a queue of the process's own (a nightly report, a
/// clean-up): `job_runs_total`, `job_duration_seconds`, `jobs_in_progress`,
/// `job_last_success_timestamp_seconds`, a Sentry scope of its own and a transaction. An error until
/// succeed() is called. Active on the thread that made it until it is destroyed. That a job did not
/// run at all is what sentry::CheckIn tells.
///
/// Threads: the one that made it. Never throws. `job` is a bounded word, and copied.
class [[nodiscard("it measures until it is destroyed; give it a name")]] JobScope : public OwnWork {
 public:
  /// Begins now.
  explicit JobScope(std::string_view job) noexcept;
  ~JobScope();

  /// The job did what it should.
  void succeed() noexcept {
    succeeded_ = true;
  }
  /// It failed with an exception that ends here: it becomes a Sentry event.
  void fail_unhandled(const std::exception& error) noexcept;
  /// The same of an exception of any type.
  void fail_unhandled(const std::exception_ptr& error) noexcept;

 private:
  bool measured_ = false;
  bool succeeded_ = false;
  detail::Families* families_ = nullptr;  // where it counts; null while metrics are off
  detail::KeptText<64> job_;
  std::chrono::steady_clock::time_point start_;
  std::optional<RequestActivation> active_;
};

/// Runs `work` as one job and gives back what it gives back. An exception is captured and goes on.
template <class F>
decltype(auto) track_job(std::string_view job, F&& work) {
  JobScope scope{job};
  return detail::measured_call(
      std::forward<F>(work), [&] { scope.succeed(); },
      [&] { scope.fail_unhandled(std::current_exception()); });
}

/// Any unit of work inside of something greater (a step, a batch, a rendering): `work_done_total`,
/// `work_duration_seconds`, `work_in_progress` and a span. An error until succeed() is called.
///
/// Threads: the one that made it. Cost: about 0.2 us with metrics; two loads when all is off. Never
/// throws. `work` is a bounded word, and copied.
class [[nodiscard("it measures until it is destroyed; give it a name")]] WorkScope {
 public:
  /// Begins now.
  explicit WorkScope(std::string_view work) noexcept {
    if (active()) begin(work);
  }
  ~WorkScope() {
    if (running_) end();
  }
  WorkScope(const WorkScope&) = delete;
  WorkScope& operator=(const WorkScope&) = delete;

  /// The work was done.
  void succeed() noexcept {
    succeeded_ = true;
  }
  /// Its own span; empty where it is not recorded.
  [[nodiscard]] const context::Span& span() const noexcept VITALS_LIFETIMEBOUND {
    return span_;
  }

 private:
  void begin(std::string_view work) noexcept;
  void end() noexcept;

  bool running_ = false;
  bool succeeded_ = false;
  detail::Families* families_ = nullptr;  // where it counts; null while metrics are off
  detail::KeptText<64> work_;
  std::chrono::steady_clock::time_point start_;
  context::Span span_;
  std::optional<context::SpanActivation> span_active_;
};

/// Runs `call` as one unit of work and gives back what it gives back; an exception goes on.
template <class F>
decltype(auto) track_work(std::string_view work, F&& call) {
  WorkScope scope{work};
  return detail::measured_call(
      std::forward<F>(call), [&] { scope.succeed(); }, [] {});
}

}  // namespace vitals::monitor

#pragma GCC visibility pop
