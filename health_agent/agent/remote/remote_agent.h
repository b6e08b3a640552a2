#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "health_agent/agent/agent.h"
#include "health_agent/agent/remote/dialogue.h"
#include "health_agent/agent/remote/prices.h"
#include "health_agent/http_client.h"

namespace health_agent::agent {

/// What a RemoteAgent takes from the world around it; a test gives its own.
struct World {
  using Time = std::chrono::steady_clock::time_point;

  /// One HTTP request, as HttpClient::send.
  std::function<HttpAnswer(const HttpRequest&, const OnBody&)> send;
  std::function<Time()> now;
  std::function<void(std::chrono::milliseconds)> sleep;
  std::function<double()> random;  ///< [0, 1)
  std::stop_token stop{};          ///< Ends a call between two attempts.

  /// The real one, with a client of its own. `stop` ends a request under way, too.
  [[nodiscard]] static World real(std::stop_token stop = {});
};

/// A model of somebody else's, by its vendor's API: asked again when that may help, all within the
/// timeout; its tool calls checked and answered (see ToolDesk); tokens and cost as the vendor
/// reports them, summed over the rounds of one answer. Text that came is told at once, and what was
/// told is never asked for again. Cost is priced for the model that answered, else for the one that
/// was asked.
class RemoteAgent final : public Agent {
 public:
  RemoteAgent(Endpoint endpoint, std::chrono::milliseconds timeout, std::shared_ptr<Prices> prices,
              World world = World::real());

  [[nodiscard]] AgentReply reply(const AgentRequest& request, const OnText& on_text) override;
  [[nodiscard]] AgentType type() const noexcept override { return endpoint_.type; }
  [[nodiscard]] std::string model() const override { return endpoint_.model; }

  /// Asks the smallest question once, again only where the server wants to be asked differently.
  /// What was learnt of that, in words. Throws AgentError with the cause.
  std::vector<std::string> probe() const;

 private:
  class Call;

  Endpoint endpoint_;
  std::chrono::milliseconds timeout_;
  std::shared_ptr<Prices> prices_;
  World world_;
};

}  // namespace health_agent::agent
