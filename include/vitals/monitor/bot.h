#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <string_view>

#include "vitals/lifetimebound.h"
#include "vitals/monitor/detail/kept_text.h"
#include "vitals/monitor/http.h"

namespace vitals::monitor {

/// One update that a chat bot handles, from taking it to having answered: `bot_updates_total`,
/// `bot_update_duration_seconds`, a Sentry scope of its own with `user.id`, and a transaction
/// `queue.process`. An error until succeed() is called. Active on the thread that made it until it
/// is destroyed.
///
/// Threads: the one that made it. Never throws. `kind` is a bounded word (`message`, `command`,
/// …), and is copied: up to 32 bytes cost no allocation.
class [[nodiscard("an UpdateScope measures until it is destroyed; give it a name")]] UpdateScope {
 public:
  UpdateScope(std::string_view kind, std::string_view user_id) noexcept;
  ~UpdateScope();
  UpdateScope(const UpdateScope&) = delete;
  UpdateScope& operator=(const UpdateScope&) = delete;

  /// To show to the user, so that they can report a failure.
  [[nodiscard]] std::string_view request_id() const noexcept VITALS_LIFETIMEBOUND {
    return id_.view();
  }

  void succeed() noexcept {
    succeeded_ = true;
  }

  /// The update failed with an exception that ends here: it becomes a Sentry event.
  void fail_unhandled(const std::exception& error) noexcept;

 private:
  RequestId id_;
  bool succeeded_ = false;
  detail::KeptText<32> kind_;
  std::chrono::steady_clock::time_point start_;
  context::Scope scope_;
  context::Span transaction_;
  context::HexText<32> trace_id_;
  context::Activation scope_active_;
  context::SpanActivation span_active_;
  LogContext before_;
};

}  // namespace vitals::monitor
