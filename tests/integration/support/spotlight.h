#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "integration/support/http.h"
#include "integration/support/process.h"
#include "integration/support/wait.h"

namespace integration {

/// A Spotlight of the test's own: somebody else's reader of Sentry envelopes. What it cannot read
/// it leaves out, so that what comes back was understood.
class Spotlight {
 public:
  /// Starts it and waits until it answers. Throws with its output when it does not.
  Spotlight();

  /// What SENTRY_DSN must be to get here.
  [[nodiscard]] std::string dsn() const;
  /// What SENTRY_SPOTLIGHT must be to get here.
  [[nodiscard]] std::string stream_url() const;

  /// The payloads of all items of a type that it holds, as it read them.
  [[nodiscard]] std::vector<Json> items(const std::string& type);
  /// Waits until `good` says so of the items of a type; false at the deadline.
  [[nodiscard]] bool wait_for(const std::string& type,
                              const std::function<bool(const std::vector<Json>&)>& good,
                              Milliseconds deadline = 60s);
  [[nodiscard]] std::string errors() const { return process_.errors(); }

 private:
  std::uint16_t port_;
  Process process_;
  Http http_;
};

}  // namespace integration
