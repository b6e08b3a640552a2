#include "sentry/listener.h"

#include "sentry/capture.h"
#include "sentry/client_core.h"
#include "vitals/sentry/session.h"

namespace vitals::sentry::detail {
namespace {

SessionStatus status_of(WorkStatus status) noexcept {
  switch (status) {
    case WorkStatus::kOk:
      return SessionStatus::kExited;
    case WorkStatus::kErrored:
      return SessionStatus::kErrored;
    case WorkStatus::kAbandoned:
      return SessionStatus::kAbnormal;
    case WorkStatus::kCrashed:
      break;
  }
  return SessionStatus::kCrashed;
}

}  // namespace

EventId ClientListener::captured(const context::Capture& capture) noexcept {
  return detail::capture(client_, capture);
}

void ClientListener::finished(const context::SharedTransaction& transaction) noexcept {
  client_.push_transaction(transaction);
}

bool ClientListener::wants_logs() const noexcept {
  return client_.logs() != nullptr;
}

void ClientListener::logged(const context::LogLine& line) noexcept {
  client_.logs()->add(line.level, line.text, line.attributes.span(),
                      line.timestamp.time_since_epoch().count(), line.trace_id, line.span_id);
}

context::Listener::WorkEnded ClientListener::work_ended() noexcept {
  return [](WorkStatus status) noexcept { detail::record_session(status_of(status)); };
}

}  // namespace vitals::sentry::detail
