#pragma once

#include <cstdint>
#include <exception>
#include <string_view>
#include <utility>

#include "vitals/context/capture.h"
#include "vitals/monitor/agent.h"
#include "vitals/monitor/cache.h"
#include "vitals/monitor/db.h"
#include "vitals/monitor/detail/measured_call.h"
#include "vitals/monitor/http.h"
#include "vitals/sentry/client.h"

#pragma GCC visibility push(default)

/// The monitoring by the names that the Python system's authors know, each a thin call on a scope.
/// In new code prefer the scopes themselves. `track_request`, `track_query`,
/// `track_cache_operation` and `update_pool_metrics` stand beside their scopes.
namespace vitals::monitor {

/// Starts the Sentry client; see sentry::init(). Keep the guard until the end of main.
[[nodiscard]] inline Result<sentry::Guard> init_sentry(sentry::Options options) {
  return sentry::init(std::move(options));
}

/// `user.id` of what is captured on this thread from here on. Threads: any.
inline void set_user_context(std::string_view user_id) noexcept {
  context::set_user_id(user_id);
}

/// The tags `request_id` and `operation` of what is captured on this thread from here on. Threads:
/// any.
inline void set_request_context(std::string_view request_id, std::string_view operation) noexcept {
  context::set_tag("request_id", request_id);
  context::set_tag("operation", operation);
}

/// See context::capture_exception() and capture_message().
inline context::EventId capture_exception(const std::exception& error,
                                          vitals::ListView<vitals::TagView> tags = {}) noexcept {
  return context::capture_exception(error, {.tags = tags});
}
/// Captures a message as an event of that level. Does nothing while Sentry is off.
inline context::EventId capture_message(std::string_view text,
                                        vitals::Level level = vitals::Level::kInfo,
                                        vitals::ListView<vitals::TagView> tags = {}) noexcept {
  return context::capture_message(text, level, {.tags = tags});
}

/// Runs `call` inside an AgentCallScope and gives back what it gives back. Tokens are counted
/// apart, by track_agent_tokens(), as the call's own usage is not known here. An exception is
/// captured with the tags `model` and `agent_type`, and goes on.
template <class F>
decltype(auto) track_agent_call(AgentName agent, std::string_view model, F&& call) {
  AgentCallScope scope{agent, model};
  return detail::measured_call(
      std::forward<F>(call), [&] { scope.succeed(); },
      [&] { detail::fail_with_current_exception(scope); });
}

/// The same for a call whose model is named as its agent is.
template <class F>
decltype(auto) track_agent_call(AgentName agent, F&& call) {
  return track_agent_call(agent, agent.type, std::forward<F>(call));
}

/// Counts `agent_tokens_used_total`. Threads: any. Never throws.
void track_agent_tokens(AgentName agent, std::uint64_t input, std::uint64_t output) noexcept;

}  // namespace vitals::monitor

#pragma GCC visibility pop
