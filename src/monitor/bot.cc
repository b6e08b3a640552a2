#include "vitals/monitor/bot.h"

#include "monitor/clock.h"
#include "monitor/families.h"
#include "vitals/context/capture.h"

namespace vitals::monitor {

UpdateScope::UpdateScope(std::string_view kind, std::string_view user_id) noexcept
    : OwnWork({}), kind_(kind), start_(std::chrono::steady_clock::now()) {
  begin({.name = kind, .op = "queue.process", .source = "task"}, kind);
  set_user(user_id);
  active_.emplace(*this);
}

UpdateScope::~UpdateScope() {
  if (detail::Families* families = detail::families()) {
    families->bot.updates.with(kind_.view(), succeeded_ ? "success" : "error").inc();
    families->bot.duration.with(kind_.view()).observe(detail::seconds_since(start_));
  }
  end(succeeded_ ? context::SpanStatus::kOk : context::SpanStatus::kInternalError,
      succeeded_ ? context::WorkStatus::kOk : context::WorkStatus::kErrored);
}

void UpdateScope::fail_unhandled(const std::exception& error) noexcept {
  succeeded_ = false;
  context::capture_exception(error, {.handled = false, .mechanism = "bot"});
}

}  // namespace vitals::monitor
