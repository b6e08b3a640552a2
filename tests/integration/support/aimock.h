#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "integration/support/http.h"
#include "integration/support/process.h"
#include "integration/support/wait.h"

namespace integration {

/// Somebody else's mock of both vendors' model APIs, with streams, tool calls, usage and errors as
/// its fixtures say. What no fixture fits is answered 503.
class Aimock {
 public:
  /// Starts it with an array of fixtures and waits until it answers. Throws with its output when it
  /// does not.
  explicit Aimock(const Json& fixtures, const std::vector<std::string>& options = {});

  /// What ANTHROPIC_BASE_URL or OPENAI_BASE_URL must be to get here.
  [[nodiscard]] std::string url() const;

  /// Everything that it was asked so far, oldest first: {path, headers, body, response: {status}}.
  [[nodiscard]] std::vector<Json> asked();

 private:
  TempDir folder_;
  std::uint16_t port_;
  Process process_;
  Http http_;
};

}  // namespace integration
