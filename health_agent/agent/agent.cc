#include "health_agent/agent/agent.h"

#include <string_view>
#include <utility>

#include "health_agent/agent/fallback_agent.h"
#include "health_agent/agent/local/local_agent.h"
#include "health_agent/agent/monitored_agent.h"
#include "health_agent/agent/remote/prices.h"
#include "health_agent/agent/remote/remote_agent.h"
#include "health_agent/errors.h"

namespace health_agent::agent {
namespace {

constexpr std::string_view kAnthropic = "anthropic:";
constexpr std::string_view kOpenAi = "openai:";

Endpoint endpoint_of(const AgentOptions& options, std::string_view model) {
  const auto need = [&](const std::string& key, const std::string& base_url, const char* name) {
    if (key.empty() && !may_lack_key(base_url))
      throw ConfigurationError("agent model '" + std::string{model} + "' needs " + name);
  };
  if (model.starts_with(kAnthropic) && model.size() > kAnthropic.size()) {
    need(options.anthropic_api_key, options.anthropic_base_url, "ANTHROPIC_API_KEY");
    return anthropic_endpoint(std::string{model.substr(kAnthropic.size())},
                              options.anthropic_base_url, options.anthropic_api_key);
  }
  if (model.starts_with(kOpenAi) && model.size() > kOpenAi.size()) {
    need(options.openai_api_key, options.openai_base_url, "OPENAI_API_KEY");
    return openai_endpoint(std::string{model.substr(kOpenAi.size())}, options.openai_base_url,
                           options.openai_api_key);
  }
  throw ConfigurationError("agent model '" + std::string{model} +
                           "': local, anthropic:MODEL or openai:MODEL is wanted");
}

std::unique_ptr<Agent> make_one(const AgentOptions& options, std::string_view model,
                                const std::shared_ptr<Prices>& prices) {
  std::unique_ptr<Agent> agent;
  if (model == "local") {
    agent = std::make_unique<LocalAgent>();
  } else {
    agent = std::make_unique<RemoteAgent>(endpoint_of(options, model), options.timeout, prices,
                                          World::real(options.stop));
  }
  return std::make_unique<MonitoredAgent>(std::move(agent));
}

}  // namespace

std::unique_ptr<Agent> make_agent(const AgentOptions& options) {
  const auto prices = options.prices ? options.prices : std::make_shared<Prices>();
  std::unique_ptr<Agent> agent = make_one(options, options.model, prices);
  if (options.fallback_model.empty()) return agent;
  return std::make_unique<FallbackAgent>(std::move(agent),
                                         make_one(options, options.fallback_model, prices));
}

std::vector<std::string> probe(const AgentOptions& options) {
  if (options.model == "local") return {};
  return RemoteAgent{endpoint_of(options, options.model), options.timeout,
                     std::make_shared<Prices>()}
      .probe();
}

}  // namespace health_agent::agent
