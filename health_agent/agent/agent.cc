#include "health_agent/agent/agent.h"

#include "health_agent/agent/local_agent.h"
#include "health_agent/agent/monitored_agent.h"
#include "health_agent/errors.h"

namespace health_agent::agent {

std::unique_ptr<Agent> make_agent(const AgentOptions& options) {
  if (options.model != "local")
    throw ConfigurationError("AGENT_MODEL '" + options.model +
                             "': the agent models of this build are: local");
  return std::make_unique<MonitoredAgent>(std::make_unique<LocalAgent>());
}

}  // namespace health_agent::agent
