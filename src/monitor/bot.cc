#include "vitals/monitor/bot.h"

#include "monitor/clock.h"
#include "monitor/families.h"
#include "vitals/context/capture.h"

namespace vitals::monitor {

UpdateScope::UpdateScope(std::string_view kind, std::string_view user_id) noexcept
    : id_(RequestId::accept_or_make({})),
      kind_(kind),
      start_(std::chrono::steady_clock::now()),
      scope_(context::Scope::fork()),
      transaction_(
          context::start_transaction({.name = kind, .op = "queue.process", .source = "task"})),
      scope_active_(scope_.activate()),
      span_active_(transaction_.activate()) {
  if (scope_) trace_id_ = transaction_.trace_id().hex();
  before_ =
      detail::exchange_log_context({id_.view(), scope_ ? trace_id_.view() : std::string_view{}});
  scope_.set_tag("request_id", id_.view());
  scope_.set_tag("operation", kind);
  scope_.set_user_id(user_id);
}

UpdateScope::~UpdateScope() {
  if (detail::Families* families = detail::families()) {
    families->bot.updates.with(kind_.view(), succeeded_ ? "success" : "error").inc();
    families->bot.duration.with(kind_.view()).observe(detail::seconds_since(start_));
  }
  scope_.end_work(succeeded_ ? context::WorkStatus::kOk : context::WorkStatus::kErrored);
  transaction_.set_status(succeeded_ ? context::SpanStatus::kOk
                                     : context::SpanStatus::kInternalError);
  transaction_.finish();
  detail::exchange_log_context(before_);
}

void UpdateScope::fail_unhandled(const std::exception& error) noexcept {
  succeeded_ = false;
  context::capture_exception(error, {.handled = false, .mechanism = "bot"});
}

}  // namespace vitals::monitor
