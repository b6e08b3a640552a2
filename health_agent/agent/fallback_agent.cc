#include "health_agent/agent/fallback_agent.h"

#include <optional>
#include <utility>

#include "health_agent/errors.h"
#include "vitals/context/capture.h"
#include "vitals/sentry/client.h"

namespace health_agent::agent {

FallbackAgent::FallbackAgent(std::unique_ptr<Agent> first, std::unique_ptr<Agent> second)
    : first_(std::move(first)), second_(std::move(second)) {}

AgentReply FallbackAgent::reply(const AgentRequest& request, const OnText& on_text) {
  bool told = false;
  OnText noting;
  if (on_text) {
    noting = [&](std::string_view piece) {
      told = told || !piece.empty();
      return on_text(piece);
    };
  }
  const std::string from = first_->model();
  std::optional<AgentReply> refusal;
  try {
    AgentReply reply = first_->reply(request, noting);
    if (!reply.refused || told || !reply.food_entries.empty() || !reply.changes.empty() ||
        !reply.preferences.empty())
      return reply;
    refusal = std::move(reply);
  } catch (const AgentError& error) {
    if (told) throw;
    vitals::context::capture_exception(
        error,
        {.tags = {{"model", from}, {"agent_type", vitals::monitor::to_string(first_->type())}},
         .level = vitals::Level::kWarning,
         .mechanism = "agent"});
  }
  vitals::monitor::count_agent_fallback(from, second_->model());
  if (!refusal) return second_->reply(request, on_text);
  told = false;
  try {
    return second_->reply(request, noting);
  } catch (const AgentError&) {
    if (told) throw;
    return *std::move(refusal);  // the second has counted its failure
  }
}

}  // namespace health_agent::agent
