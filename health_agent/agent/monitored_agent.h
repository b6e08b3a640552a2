#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "health_agent/agent/agent.h"

namespace health_agent::agent {

/// An agent whose every call is an AgentCallScope: counted, timed, priced, a span of the request.
/// An exception of the inner agent, or one that FAULTS asks for, counts as an error and goes on to
/// the caller. Every agent of the service is in one; two of them around one agent count twice.
class MonitoredAgent final : public Agent {
 public:
  explicit MonitoredAgent(std::unique_ptr<Agent> inner);

  [[nodiscard]] AgentReply reply(const AgentRequest& request, const OnText& on_text) override;
  [[nodiscard]] AgentType type() const noexcept override { return inner_->type(); }
  [[nodiscard]] std::string model() const override { return model_; }

  /// False after three failures in a row, until a call succeeds or the last failure is five minutes
  /// old.
  [[nodiscard]] bool healthy() const noexcept override;

 private:
  AgentReply measured_reply(const AgentRequest& request, const OnText& on_text);

  std::unique_ptr<Agent> inner_;
  std::string model_;
  std::atomic<int> failures_in_a_row_{0};
  std::atomic<std::int64_t> last_failure_{0};  // seconds of the steady clock
};

}  // namespace health_agent::agent
