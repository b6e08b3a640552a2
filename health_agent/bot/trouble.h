#pragma once

#include <atomic>
#include <string>

#include "health_agent/log.h"
#include "vitals/metrics/counter.h"

namespace health_agent::bot {

/// What keeps a thread of the bot from its work: said once in the log and not at every try, counted
/// at every try, and said again when it is over. Threads: one says, any may ask whether it is on.
class Trouble {
 public:
  /// `failures` counts what is said; it may be empty.
  explicit Trouble(vitals::metrics::Counter failures) : failures_(failures) {}

  void say(LogLevel level, const std::string& words) {
    failures_.inc();
    on_ = true;
    if (words == last_) return;
    service_log.write(level, "the bot: {}", fmt::make_format_args(words));
    last_ = words;
  }
  void over() {
    if (!on_) return;
    service_log.info("the bot: all is well again");
    on_ = false;
    last_.clear();
  }
  [[nodiscard]] bool on() const noexcept { return on_; }

 private:
  vitals::metrics::Counter failures_;
  std::atomic<bool> on_{false};
  std::string last_;
};

}  // namespace health_agent::bot
