#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <optional>
#include <string_view>

#include "vitals/monitor/detail/kept_text.h"
#include "vitals/monitor/own_work.h"

#pragma GCC visibility push(default)

namespace vitals::monitor {

/// One update that a chat bot handles, from taking it to having answered: `bot_updates_total`,
/// `bot_update_duration_seconds`, a Sentry scope of its own with `user.id`, and a transaction
/// `queue.process`. An error until succeed() is called. Active on the thread that made it until it
/// is destroyed.
///
/// Threads: the one that made it. Never throws. `kind` is a bounded word (`message`, `command`,
/// …), and is copied: up to 32 bytes cost no allocation.
class [[nodiscard("an UpdateScope measures until it is destroyed; give it a name")]] UpdateScope
    : public OwnWork {
 public:
  /// Begins now. `kind` is a bounded word: `message`, `command`, `callback`.
  UpdateScope(std::string_view kind, std::string_view user_id) noexcept;
  ~UpdateScope();

  /// The update was dealt with.
  void succeed() noexcept {
    succeeded_ = true;
  }

  /// The update failed with an exception that ends here: it becomes a Sentry event.
  void fail_unhandled(const std::exception& error) noexcept;

 private:
  bool succeeded_ = false;
  detail::KeptText<32> kind_;
  std::chrono::steady_clock::time_point start_;
  std::optional<RequestActivation> active_;
};

}  // namespace vitals::monitor

#pragma GCC visibility pop
