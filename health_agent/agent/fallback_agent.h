#pragma once

#include <memory>
#include <string>

#include "health_agent/agent/agent.h"

namespace health_agent::agent {

/// Two agents: the second is asked when the first has failed or refused, unless the first has
/// already said something to the listener or has logged something. That counts in
/// `agent_fallbacks_total`, and a failure is a handled event in Sentry. When the second fails, too,
/// its failure is the answer; a refusal of the first then stands. Both count their calls
/// themselves: give it monitored ones.
class FallbackAgent final : public Agent {
 public:
  FallbackAgent(std::unique_ptr<Agent> first, std::unique_ptr<Agent> second);

  [[nodiscard]] AgentReply reply(const AgentRequest& request, const OnText& on_text) override;
  [[nodiscard]] AgentType type() const noexcept override { return first_->type(); }
  [[nodiscard]] std::string model() const override { return first_->model(); }
  /// Whether the first one is: the service answers all the same, but not as it should.
  [[nodiscard]] bool healthy() const noexcept override { return first_->healthy(); }

 private:
  std::unique_ptr<Agent> first_;
  std::unique_ptr<Agent> second_;
};

}  // namespace health_agent::agent
