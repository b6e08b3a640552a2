#include "vitals/monitor/job.h"

#include "monitor/clock.h"
#include "monitor/families.h"
#include "vitals/context/capture.h"
#include "vitals/context/scope.h"

namespace vitals::monitor {

JobScope::JobScope(std::string_view job) noexcept
    : OwnWork({}), start_(std::chrono::steady_clock::now()) {
  if (!active()) return;
  measured_ = true;
  job_.keep(job);
  families_ = detail::families();
  if (families_ != nullptr) families_->jobs.in_progress.with(job_.view()).inc();
  begin({.name = job, .op = "job", .source = "task"}, job);
  active_.emplace(*this);
}

JobScope::~JobScope() {
  if (!measured_) return;
  detail::Families* const families = detail::families();
  if (families != nullptr && families == families_) {
    families->jobs.runs.with(job_.view(), succeeded_ ? Outcome::kSuccess : Outcome::kError).inc();
    families->jobs.duration.with(job_.view()).observe(detail::seconds_since(start_));
    families->jobs.in_progress.with(job_.view()).dec();
    if (succeeded_) families->jobs.last_success.with(job_.view()).set_to_current_time();
  }
  end(succeeded_ ? context::SpanStatus::kOk : context::SpanStatus::kInternalError,
      succeeded_ ? context::WorkStatus::kOk : context::WorkStatus::kErrored);
}

void JobScope::fail_unhandled(const std::exception& error) noexcept {
  succeeded_ = false;
  context::capture_exception(error, {.handled = false, .mechanism = "job"});
}

void JobScope::fail_unhandled(const std::exception_ptr& error) noexcept {
  succeeded_ = false;
  context::capture_exception(error, {.handled = false, .mechanism = "job"});
}

void WorkScope::begin(std::string_view work) noexcept {
  running_ = true;
  work_.keep(work);
  start_ = std::chrono::steady_clock::now();
  families_ = detail::families();
  if (families_ != nullptr) families_->work.in_progress.with(work_.view()).inc();
  span_ = context::start_span("function", work);
  if (span_) span_active_.emplace(span_);
}

void WorkScope::end() noexcept {
  detail::Families* const families = detail::families();
  if (families != nullptr && families == families_) {
    families->work.done.with(work_.view(), succeeded_ ? Outcome::kSuccess : Outcome::kError).inc();
    families->work.duration.with(work_.view()).observe(detail::seconds_since(start_));
    families->work.in_progress.with(work_.view()).dec();
  }
  span_active_.reset();
  if (!span_) return;
  span_.set_status(succeeded_ ? context::SpanStatus::kOk : context::SpanStatus::kInternalError);
  span_.finish();
}

}  // namespace vitals::monitor
