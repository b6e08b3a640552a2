#include "health_agent/agent/monitored_agent.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "health_agent/faults.h"

namespace health_agent::agent {
namespace {

std::uint64_t count(std::int64_t tokens) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(tokens, 0));
}

constexpr int kFailuresOfTheUnwell = 3;
constexpr std::int64_t kFailureIsOldAfter = 300;

std::int64_t steady_seconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

MonitoredAgent::MonitoredAgent(std::unique_ptr<Agent> inner)
    : inner_(std::move(inner)), model_(inner_->model()) {}

AgentReply MonitoredAgent::reply(const AgentRequest& request, const OnText& on_text) {
  try {
    AgentReply reply = measured_reply(request, on_text);
    failures_in_a_row_.store(0, std::memory_order_relaxed);
    return reply;
  } catch (...) {
    last_failure_.store(steady_seconds(), std::memory_order_relaxed);
    failures_in_a_row_.fetch_add(1, std::memory_order_relaxed);
    throw;
  }
}

bool MonitoredAgent::healthy() const noexcept {
  return failures_in_a_row_.load(std::memory_order_relaxed) < kFailuresOfTheUnwell ||
         steady_seconds() - last_failure_.load(std::memory_order_relaxed) > kFailureIsOldAfter;
}

AgentReply MonitoredAgent::measured_reply(const AgentRequest& request, const OnText& on_text) {
  vitals::monitor::AgentCallScope call{inner_->type(), model_};
  faults::maybe_fail(faults::Fault::kAgent);
  OnText timed;
  if (on_text) {
    timed = [&](std::string_view piece) {
      if (!piece.empty()) call.first_token();
      return on_text(piece);
    };
  }
  AgentReply reply = inner_->reply(request, timed);
  // A listener who left is no failure of the agent's: what it used was used.
  call.succeed({.input_tokens = count(reply.usage.input_tokens),
                .cached_input_tokens = count(reply.usage.cached_input_tokens),
                .cache_write_tokens = count(reply.usage.cache_write_tokens),
                .output_tokens = count(reply.usage.output_tokens),
                .reasoning_tokens = count(reply.usage.reasoning_tokens),
                .cost_usd = reply.cost_usd,
                .response_model = reply.model});
  return reply;
}

}  // namespace health_agent::agent
