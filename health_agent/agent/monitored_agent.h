#pragma once

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

 private:
  std::unique_ptr<Agent> inner_;
  std::string model_;
};

}  // namespace health_agent::agent
